"""What training a language model comes to: the target of trajectory balance, additive credit, a solved task, files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers.models.auto.modeling_auto import AutoModelForCausalLM
from transformers.models.auto.tokenization_auto import AutoTokenizer

from skillflow_gym import Action, Gold, Outcome, Score, SkillEnv, Task, TaskSet, register_benchmark, registration
from skillflow_gym.agents import objectives as o
from skillflow_gym.agents import ttb
from skillflow_gym.agents.args import restore
from skillflow_gym.agents.policies.lm import LanguageModel
from skillflow_gym.agents.policies.lm_args import LMArgs
from skillflow_gym.agents.policies.load import load_run
from skillflow_gym.agents.runs import RunError, RunFolder
from skillflow_gym.agents.trainer import Trainer, train
from skillflow_gym.agents.ttb import TTB, Args
from skillflow_gym.cli import main as skillflow
from skillflow_gym.flow.credit import Credit
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.sources import load_records
from skillflow_gym.tasks import from_records
from skillflow_gym.trajectory import Context, Trajectory, Turn, read_trajectories
from tests.agents import tiny_models
from tests.agents.runs import SMALL, kept, same_state
from tests.agents.tabular import EPS, total_variation, tree
from tests.contract.outsider import registered


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    with tiny_models.one_thread():
        yield


LOOK_UPS = {
    "search-twice": "Who wrote it",
    "work-backwards": "How many are left",
    "check-dates": "When was it",
    "read-the-map": "Where is it",
    "compare-prices": "What does it cost",
    "open-drawers": "Find the key",
}


class RoutingEnv(SkillEnv):
    """Each question needs one of six skills, and naming it is all that is to be done."""

    metrics: ClassVar[tuple[str, ...]] = ()
    default_executor: ClassVar[str] = "direct"

    def tasks(self) -> TaskSet:
        records = load_records(self.stanza, self.source, self.split, mini_records)

        def parse(record: Mapping[str, Any], index: int) -> tuple[Task, Gold]:
            return Task(record["id"], record["question"]), Gold((record["skill"],))

        return from_records(records, parse, self.split, str(self.source))

    def begin(self, task: Task) -> str:
        return ""

    def proposals(self, context: Context) -> tuple[Action, ...]:
        return tuple(Action.act(skill) for skill in LOOK_UPS)

    def act(self, text: str) -> Outcome:
        return Outcome("", Score(float(text == self.gold.answers[0]), text == self.gold.answers[0]))

    def score(self, answer: str) -> Score:
        return Score(0.0, False)


def mini_records(split: str) -> list[dict[str, Any]]:
    """A question for each skill; each split asks about another thing."""
    thing = {"train": "book", "validation": "song", "test": "film"}[split]
    return [
        {"id": f"{split}-{skill}", "question": f"{asked}: a {thing}?", "skill": skill}
        for skill, asked in LOOK_UPS.items()
    ]


@contextmanager
def routing() -> Iterator[None]:
    stanza = register_benchmark(
        {
            "name": "Routing",
            "entry_point": "tests.agents.test_lm_training:RoutingEnv",
            "family": "interactive",
            "distribution": "iid",
            "step_limit": 1,
            "splits": {"train": "train", "validation": "validation", "test": "test"},
            "data": "routing",
            "metric": "success",
            "reward": "1 for the right skill",
            "success": "the right skill",
            "licence": "Apache-2.0",
        }
    )
    try:
        yield
    finally:
        registration._stanzas.pop(stanza.name)
        gym.registry.pop(stanza.env_id)


def short_prompts(folder: Path, architecture: str = "qwen3") -> Path:
    """A model directory without a chat template, as base models have none: its prompts are short."""
    tiny_models.save(architecture, folder)
    (folder / "chat_template.jinja").unlink()
    assert AutoTokenizer.from_pretrained(folder).chat_template is None
    return folder


# Exactness ---------------------------------------------------------------------------------------------------------


class Steered:
    """Stands for a generator: its one number falls into the share of a given proposal of a uniform policy."""

    def __init__(self, index: int, among: int) -> None:
        self._number = (index + 0.5) / among

    def random(self) -> float:
        return self._number


def every_path(policy: LanguageModel, depth: int, branching: int) -> list[Trajectory]:
    """All paths of ``tabular.tree`` in its order, taken by an untrained policy."""
    env, actions = tree(depth, branching), tuple(Action.act(f"go {'abcdef'[i]}") for i in range(branching))
    trajectories = []
    for path, reward in zip(env.actions.tolist(), env.rewards.tolist(), strict=True):
        turns: tuple[Turn, ...] = ()
        for index in path:
            context = Context("Go.", "", "", turns, (), actions, len(turns), depth)
            (decision,) = policy.act([context], [Steered(index, branching)])  # type: ignore[list-item]
            assert decision.chosen == index and isinstance(decision.action, Action)
            segment = (decision.token_ids, decision.action_mask, decision.token_log_probs)
            turn = Turn(
                decision.action, f"went {index}", (), actions, index, *segment, decision.log_pf, decision.log_ref
            )
            turns = (*turns, turn)
        trajectories.append(Trajectory(str(path), "Go.", turns, step_limit=depth, reward=reward))
    return trajectories


def test_ttb_reaches_the_enumerated_target_and_its_credit_adds_up() -> None:
    env = tree(depth=2, branching=3)
    tokenizer = tiny_models.tokenizer("qwen3")
    tokenizer.chat_template = None
    policy = LanguageModel(tiny_models.model("qwen3"), tokenizer, LMArgs(decide="choose", rank=8))
    paths = every_path(policy, depth=2, branching=3)
    beta, log_r = 2.0, o.log_reward(env.rewards.float(), EPS)
    groups = torch.zeros(len(paths), dtype=torch.long)
    log_ref, mask = policy.log_prob(paths, "reference")
    target, log_z = env.target(log_ref.double(), beta)
    start = policy.log_prob(paths)[0].detach().sum(dim=1).exp()
    assert total_variation(start, target.float()) > 0.2, "it begins elsewhere"
    optimiser = torch.optim.Adam(policy.parameters(), lr=1e-2)
    for _ in range(150):
        log_pf, _ = policy.log_prob(paths)
        estimate = o.vargrad_log_z(o.path_log_ratio(log_pf, log_ref, mask), log_r, groups, beta)
        residual = o.ttb_residual(log_pf, log_ref, mask, log_r, estimate, beta)
        loss = o.ttb_loss(residual, o.path_lengths(mask), torch.ones(len(paths)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if float(residual.detach().abs().max()) < 0.01:
            break
    with torch.no_grad():
        log_pf, _ = policy.log_prob(paths)
    assert float(log_pf.sum(dim=1).exp().sum()) == pytest.approx(1, abs=1e-5), "a distribution over the paths"
    assert total_variation(log_pf.sum(dim=1).exp(), target.float()) < 0.02
    for row, reference, value in zip(log_pf.tolist(), log_ref.tolist(), log_r.tolist(), strict=True):
        assert Credit(row, reference).total == pytest.approx(beta * value - float(log_z), abs=0.05)


def test_a_full_context_costs_the_remaining_turns() -> None:
    with registered():
        policy = tiny_models.policy("qwen3", context_tokens=1500, max_new_tokens=200)
        policy.chat.ends = frozenset({1})  # a random model hardly ever writes it
        played = policy.with_reference(tiny_models.rollouts(policy, groups=1, steps=4))
    for trajectory in played:
        sizes = [len(turn.token_ids) for turn in trajectory.turns]
        assert len(sizes) == 4 and sizes[0] > 0 and sizes[-1] == 0 and sum(sizes) <= 1500
        empty = [turn for turn in trajectory.turns if not turn.token_ids]
        assert all(turn.error and turn.log_pf == turn.log_ref == 0.0 for turn in empty)
    log_pf, mask = policy.log_prob(played)
    assert mask.all() and bool((log_pf[:, -1] == 0).all()) and bool((log_pf[:, 0] < 0).all())


# Runs --------------------------------------------------------------------------------------------------------------


def run(folder: Path, model: Path, **changes: Any) -> Trainer:
    """A small run of TTB on the vaults with a language model."""
    few = {"steps": 3, "eval_tasks": 1, "eval_rollouts": 1, "rollouts": 2, "step_limit": 2}
    options = {**SMALL, **few, "env": "Vaults"}
    lm = {"decide": "choose", "rank": 2, "hindsight_rank": 2, "max_new_tokens": 8, **changes.pop("lm", {})}
    args = Args(**{**options, "policy": f"hf:{model}", "lm": LMArgs(**lm), "run": str(folder), **changes})
    return train(args, lambda: TTB(args))


def test_a_tiny_model_learns_to_route_questions_to_skills(tmp_path: Path) -> None:
    """From rollouts of the untrained policy alone: trajectory balance holds whoever sampled them."""
    layers = "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"
    args = LMArgs(decide="choose", targets=layers)
    policy = LanguageModel.load(str(short_prompts(tmp_path / "model")), args)
    with routing():
        collector = Collector(lambda: gym.make("SkillFlow/Routing-v0", source="mini"))
        tasks = [record["id"] for record in mini_records("train")]
        jobs = [Job(f"{task}/{k}", task, task, (0, k)) for task in tasks for k in range(24)]
        before = collector.collect(policy, jobs).trajectories
        reward, groups = torch.tensor([t.reward for t in before]), torch.arange(len(before)) // 24
        assert float(reward.mean()) < 0.3, "untrained it is uniform"
        log_r, (log_ref, mask) = o.log_reward(reward), policy.log_prob(before, "reference")
        optimiser = torch.optim.Adam(policy.parameters(), lr=3e-3)
        for _ in range(200):
            log_pf, _ = policy.log_prob(before)
            log_z = o.vargrad_log_z(o.path_log_ratio(log_pf, log_ref, mask), log_r, groups, beta=3.0)
            residual = o.ttb_residual(log_pf, log_ref, mask, log_r, log_z, beta=3.0)
            optimiser.zero_grad()
            o.ttb_loss(residual, o.path_lengths(mask), torch.ones(len(before))).backward()
            optimiser.step()
            if float(residual.detach().abs().mean()) < 0.3:
                break
        policy.bump()
        after = collector.collect(policy, jobs).trajectories
        collector.close()
    assert np.mean([t.success for t in after]) > 0.95
    assert {t.policy_version.rpartition("-")[2] for t in after} == {"1"}


@pytest.mark.parametrize("decide", ["generate", "choose"])
def test_a_resumed_run_comes_to_the_same_numbers(decide: str, tmp_path: Path) -> None:
    model = short_prompts(tmp_path / "model")
    anchor = "hindsight" if decide == "generate" else "reference"
    options: dict[str, Any] = {"anchor": anchor, "lm": {"decide": decide}}
    with registered():
        run(tmp_path / "whole", model, **options)
        save = RunFolder.save_checkpoint

        def die(folder: RunFolder, step: int, state: Any) -> None:
            save(folder, step, state)
            if step == 2:
                raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(RunFolder, "save_checkpoint", die)
            run(tmp_path / "run", model, **options)
        args = restore(Args, str(tmp_path / "run"))
        assert isinstance(args.lm, LMArgs) and args.lm.decide == decide
        train(args, lambda: TTB(args))
    assert kept(tmp_path / "run") == kept(tmp_path / "whole")
    found = [RunFolder(tmp_path / name).load_checkpoint() for name in ("run", "whole")]
    assert found[0] is not None and found[1] is not None and same_state(found[0][1], found[1][1])
    assert all(row["losses/grad_norm"] > 0 for row in RunFolder(tmp_path / "run").rows("metrics.jsonl"))


def test_every_turn_knows_its_reference(tmp_path: Path) -> None:
    with registered():
        run(tmp_path / "run", short_prompts(tmp_path / "model"), steps=2, lm={"decide": "generate"})
    played = read_trajectories(tmp_path / "run" / "trajectories" / "step-000002.jsonl")
    turns = [turn for t in played for turn in t.turns]
    assert turns and all(turn.log_pf is not None and turn.log_ref is not None and turn.token_ids for turn in turns)
    assert all(Credit.of(t).log_i.any() for t in played), "after an update the policy is not its reference"


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's own use of transformers
def test_what_is_exported_loads_without_this_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = short_prompts(tmp_path / "model")
    with registered():
        run(tmp_path / "run", model, steps=2, learning_rate=0.05)
    policy = load_run(str(tmp_path / "run"))
    assert isinstance(policy, LanguageModel) and policy.updates == 2
    ids = torch.arange(10, 60)[None]
    base = AutoModelForCausalLM.from_pretrained(model)
    with torch.no_grad(), policy.adapted.using("policy"):
        expected = policy.adapted.model(input_ids=ids).logits
        assert not torch.allclose(expected, base(input_ids=ids).logits, atol=1e-3)
    for name, more in (("adapters", []), ("merged", ["--merged"])):
        assert skillflow(["export", str(tmp_path / "run"), "--out", str(tmp_path / name), *more]) == 0
        assert skillflow(["export", str(tmp_path / "run"), "--out", str(tmp_path / name), *more]) == 2
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    AutoTokenizer.from_pretrained(tmp_path / "merged")
    loaded = [merged]
    for folder in (tmp_path / "adapters", tmp_path / "run" / "adapters"):
        assert [path.suffix for path in (folder / "theta").glob("adapter_model*")] == [".safetensors"]
        loaded.append(PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(model), str(folder / "theta")))
    for other in loaded:
        with torch.no_grad():
            torch.testing.assert_close(other(input_ids=ids).logits, expected, atol=1e-4, rtol=1e-4)


def test_adapters_of_other_weights_are_refused(tmp_path: Path) -> None:
    with registered():
        run(tmp_path / "run", short_prompts(tmp_path / "model"), steps=1)
    tiny_models.save("qwen3", tmp_path / "model", seed=1)
    with pytest.raises(ValueError, match="trained on other weights"):
        load_run(str(tmp_path / "run"))


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("nothing", "expected scorer, or hf:"),
        ("hf:/nowhere/at/all", "is no language model that transformers loads"),
    ],
)
def test_a_policy_that_cannot_be_made_is_one_line(
    policy: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ttb", "--env", "HotpotQA-v0", "--source", "mini", "--policy", policy])
    with pytest.raises(SystemExit) as ended:
        ttb.main()
    error = capsys.readouterr().err
    assert ended.value.code == 2 and message in error and error.count("\n") == 1


def test_a_policy_of_broken_weights_is_told(tmp_path: Path) -> None:
    folder = tiny_models.save("qwen3", tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"half a file")
    with pytest.raises(ValueError, match="is no language model that transformers loads here"):
        LanguageModel.load(str(folder), LMArgs())


def test_the_command_of_the_readme_trains_a_model_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"--env HotpotQA-v0 --source mini --policy hf:{tiny_models.save('qwen3_5', tmp_path / 'model')}"
    small = "--steps 2 --tasks-per-step 1 --rollouts 2 --step-limit 2 --eval-tasks 1 --eval-rollouts 1"
    more = f"--lm.max-new-tokens 8 --gradient-steps 1 --replay-groups 0 --run {tmp_path / 'run'}"
    monkeypatch.setattr(sys, "argv", ["ttb", *words.split(), *small.split(), *more.split()])
    ttb.main()
    assert f"run folder: {tmp_path / 'run'}" in capsys.readouterr().out
    rows = RunFolder(tmp_path / "run").rows("metrics.jsonl")
    assert [row["step"] for row in rows] == [1, 2] and all(np.isfinite(row["losses/loss"]) for row in rows)
    after = json.loads((tmp_path / "run" / "evaluations" / "after.json").read_text())
    assert after["summary"]["unscored"] == 0
    with pytest.raises(RunError, match="no run"):
        load_run(str(tmp_path))
