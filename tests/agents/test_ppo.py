"""PPO through Stable-Baselines3: it learns, keeps the shared network and panel, and is what a run's folder says."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from skillflow_gym import Action, InfrastructureError
from skillflow_gym.agents.args import restore
from skillflow_gym.cli import main
from skillflow_gym.cli.common import console
from tests.agents.runs import start
from tests.contract.outsider import VaultEnv, registered

pytest.importorskip("stable_baselines3")
pytest.importorskip("sb3_contrib")

from sb3_contrib import MaskablePPO
from stable_baselines3.common.env_checker import check_env

from skillflow_gym.agents import ppo
from skillflow_gym.agents.load import load_agent
from skillflow_gym.agents.policies.sb3 import SB3Policy, SlotFeatures, observe
from skillflow_gym.agents.policies.scorer import FEATURES
from skillflow_gym.agents.ppo_budget import Budget, checkpoints
from skillflow_gym.agents.runs import RunError, RunFolder
from skillflow_gym.episode import Episode
from skillflow_gym.wrappers import DiscreteAction

SMALL: dict[str, Any] = {
    "env": "Vaults",
    "source": "mini",
    "steps": 4,
    "tasks_per_step": 4,
    "rollouts": 8,
    "envs": 4,
    "n_steps": 16,
    "batch_size": 32,
    "eval_tasks": 4,
    "eval_rollouts": 2,
}


@pytest.fixture(autouse=True)
def vaults() -> Iterator[None]:
    with registered():
        yield


def trained(folder: Path, **changes: Any) -> SB3Policy:
    return ppo.train(ppo.Args(**{**SMALL, "run": str(folder), **changes}), console())


def contexts(count: int = 3) -> list[Any]:
    env = gym.make("SkillFlow/Vaults-v0", source="mini")
    return [Episode(env, seed=seed).context for seed in range(count)]


@pytest.mark.parametrize("algo", ["ppo", "maskable"])
def test_it_learns_the_vaults(tmp_path: Path, algo: str) -> None:
    trained(tmp_path / "run", algo=algo, steps=10, envs=8, n_steps=16, batch_size=64, learning_rate=5e-3)
    run = RunFolder(tmp_path / "run")
    rows = run.rows("metrics.jsonl")
    assert np.mean([row["charts/success"] for row in rows[-3:]]) > rows[0]["charts/success"] + 0.2
    before, after = run.evaluation("before"), run.evaluation("after")
    assert before is not None and after is not None
    assert after["summary"]["success"][0] > before["summary"]["success"][0]


def test_the_budget_is_counted_in_episodes(tmp_path: Path) -> None:
    trained(tmp_path / "run")
    rows = RunFolder(tmp_path / "run").rows("metrics.jsonl")
    assert 4 * 4 * 8 <= rows[-1]["episodes"] < 4 * 4 * 8 + 4, "those that end with the last step count too"
    assert [row["step"] for row in rows[:-1]] == [64 * (i + 1) for i in range(len(rows) - 1)]
    rates = [row["losses/learning_rate"] for row in rows if "losses/learning_rate" in row]
    assert rates == sorted(rates, reverse=True) and 1e-4 < rates[-1] < rates[0] <= 1e-3


def test_the_same_seed_is_the_same_run(tmp_path: Path) -> None:
    one, same, other = (trained(tmp_path / n, seed=s) for n, s in (("a", 0), ("b", 0), ("c", 1)))
    assert np.array_equal(one.log_probs(contexts()), same.log_probs(contexts()))
    assert not np.array_equal(one.log_probs(contexts()), other.log_probs(contexts()))
    files = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in "abc"]
    assert files[0] == files[1] != files[2]


def test_a_loaded_policy_is_the_one_that_was_trained(tmp_path: Path, capsys: Any) -> None:
    policy, loaded = trained(tmp_path / "run"), load_agent(str(tmp_path / "run"))
    assert isinstance(loaded, SB3Policy) and loaded.version == policy.version and policy.updates > 0
    assert np.array_equal(loaded.log_probs(contexts()), policy.log_probs(contexts()))
    began = load_agent(str(tmp_path / "run"), trained=False)
    assert isinstance(began, SB3Policy) and began.updates == 0
    assert not np.array_equal(began.log_probs(contexts()), policy.log_probs(contexts()))
    capsys.readouterr()
    words = ["--env", "Vaults", "--source", "mini", "--policy", str(tmp_path / "run"), "--tasks", "4"]
    out = tmp_path / "eval.json"
    assert main(["eval", *words, "--rollouts", "2", "--out", str(out)]) == 0
    after = RunFolder(tmp_path / "run").evaluation("after")
    assert after is not None and json.loads(out.read_text())["results"] == after["summary"]


def test_a_checkpoint_is_one_of_stable_baselines3s_own(tmp_path: Path) -> None:
    policy = trained(tmp_path / "run")
    model = MaskablePPO.load(checkpoints(RunFolder(tmp_path / "run"))[-1])
    env = SlotFeatures(DiscreteAction(gym.make("SkillFlow/Vaults-v0", source="mini"), slots=64), "commands")
    for seed in range(3):
        seen, _ = env.reset(seed=seed)
        chosen, _ = model.predict(seen, action_masks=env.get_wrapper_attr("action_masks")(), deterministic=True)
        (log_p,) = policy.log_probs([env.get_wrapper_attr("context")])
        assert int(chosen) == log_p.argmax()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with registered():
        ppo.train(ppo.Args(**{**SMALL, "run": str(folder)}), console())
    return folder


def resumed(folder: Path, whole: Path) -> None:
    """Resume a run; it must come to what ``whole`` came to."""
    policy = ppo.train(restore(ppo.Args, str(folder)), console())
    expected = ppo.load_policy(str(whole))
    for one, other in zip(policy.model.policy.parameters(), expected.model.policy.parameters(), strict=True):
        assert torch.equal(one, other), "bit by bit"
    for name in ("metrics.jsonl", *(f"evaluations/{n}.json" for n in ("random", "first", "before", "after", "greedy"))):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    steps = [row["step"] for row in RunFolder(folder).rows("timing.jsonl")]
    assert steps == [row["step"] for row in RunFolder(whole).rows("timing.jsonl")] and len(steps) > 4
    assert [file.name for file in checkpoints(RunFolder(folder))] == [f.name for f in checkpoints(RunFolder(whole))]


def test_a_killed_run_resumes_to_the_same_numbers(tmp_path: Path, whole: Path) -> None:
    folder = tmp_path / "run"
    options = {**SMALL, "env": "tests.agents.registered_vaults:Vaults", "run": folder}
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    process = start([sys.executable, "-m", "agents.ppo", *words])
    end = time.monotonic() + 120
    while not (found := checkpoints(RunFolder(folder))) and time.monotonic() < end:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert found and not (folder / "evaluations" / "after.json").exists(), "it was killed half way"
    resumed(folder, whole)


@pytest.mark.parametrize("at", [0, 3], ids=lambda at: f"after {at} rows")
def test_a_run_ended_between_row_and_checkpoint_resumes_to_the_same_numbers(
    tmp_path: Path, whole: Path, at: int
) -> None:
    class Killed(BaseException):
        """The process is gone."""

    real = Budget._save
    with pytest.MonkeyPatch.context() as patch:

        def save(self: Budget) -> None:
            if len(self._run.rows("metrics.jsonl")) > at:
                raise Killed
            real(self)

        patch.setattr(Budget, "_save", save)
        with pytest.raises(Killed):
            trained(tmp_path / "run")
    rows = (tmp_path / "run" / "metrics.jsonl").read_text()
    (tmp_path / "run" / "metrics.jsonl").write_text(rows + rows[:20])  # and half a row
    resumed(tmp_path / "run", whole)


def test_a_finished_run_that_is_resumed_stays_as_it_is(whole: Path) -> None:
    before = {file: file.read_bytes() for file in whole.rglob("*.json*")}
    ppo.train(restore(ppo.Args, str(whole)), console())
    assert {file: file.read_bytes() for file in whole.rglob("*.json*")} == before


def test_a_run_is_not_resumed_on_other_tasks(tmp_path: Path) -> None:
    trained(tmp_path / "run", steps=1)
    config = (tmp_path / "run" / "config.yaml").read_text()
    (tmp_path / "run" / "config.yaml").write_text(config.replace("tasks: 20", "tasks: 21"))
    with pytest.raises(RunError, match="its tasks have changed"):
        ppo.train(restore(ppo.Args, str(tmp_path / "run")), console())


def test_decisions_are_sampled_from_the_distribution_and_never_empty_under_the_mask(tmp_path: Path) -> None:
    policy = trained(tmp_path / "run", steps=1)
    (context,) = contexts(1)
    (log_p,) = policy.log_probs([context])
    assert np.exp(log_p).sum() == pytest.approx(1) and (np.exp(log_p[len(context.proposals) :]) == 0).all()
    rng = np.random.default_rng(0)
    decisions = [policy.act([context], [rng])[0] for _ in range(300)]
    for decision in decisions:
        assert context.proposals[decision.chosen] == decision.action
        assert decision.log_pf == pytest.approx(log_p[decision.chosen])
        assert decision.log_ref == pytest.approx(-np.log(len(context.proposals)))
    counts = np.bincount([d.chosen for d in decisions], minlength=len(context.proposals)) / 300
    assert np.abs(counts - np.exp(log_p[: len(context.proposals)])).max() < 0.1
    greedy = policy.as_greedy().act([context] * 3, [rng] * 3)
    assert {d.chosen for d in greedy} == {int(log_p.argmax())}


def test_without_the_mask_an_empty_slot_is_an_error_of_the_episode(tmp_path: Path) -> None:
    policy = trained(tmp_path / "run", steps=1, algo="ppo")
    env = gym.make("SkillFlow/Vaults-v0", source="mini")
    episode, rng, errors = Episode(env, seed=0), np.random.default_rng(0), 0
    while not episode.done:
        (decision,) = policy.act([episode.context], [rng])
        episode.step(decision)
        if decision.chosen < 0:
            errors += 1
            assert "is empty" in episode.trajectory().turns[-1].error
    assert errors, "of 64 slots about 7 are full"


def test_the_untrained_policy_is_uniform_like_the_scorer() -> None:
    args = ppo.Args(**SMALL)
    policy = SB3Policy(ppo.make_model(args, 64), "commands", masks=True)
    uniform = SB3Policy(ppo.make_model(ppo.Args(**{**SMALL, "algo": "ppo"}), 64), "commands", masks=False)
    for context, masked, plain in zip(
        contexts(), policy.log_probs(contexts()), uniform.log_probs(contexts()), strict=True
    ):
        prior = FEATURES["commands"][1].prior
        numbers = FEATURES["commands"][0](context).numbers
        logits = sum(worth * numbers[:, i] for i, worth in prior.items()) + np.zeros(len(context.proposals))
        expected = logits - np.log(np.exp(logits).sum())
        assert masked[: len(expected)] == pytest.approx(expected, abs=1e-5)
        assert plain[len(expected) :] == pytest.approx(plain[-1]), "empty slots are alike"


@pytest.mark.parametrize("kind", ["passages", "commands"])
def test_what_the_network_sees_passes_the_checker(kind: str) -> None:
    env = SlotFeatures(DiscreteAction(gym.make("SkillFlow/Vaults-v0", source="mini"), slots=8), kind)
    with pytest.warns(UserWarning, match="unconventional shape"):  # tables, which our own network reads
        check_env(env)
    context = env.get_wrapper_attr("context")
    found = FEATURES[kind][0](context)
    seen = observe(context, kind, 8)
    count = len(context.proposals)
    np.testing.assert_array_equal(seen["numbers"][:count], found.numbers)
    np.testing.assert_array_equal(seen["words"][:count].astype(int), found.words)
    assert seen["real"].tolist() == [1] * count + [0] * (8 - count)


def test_the_step_limit_is_an_end() -> None:
    env = SlotFeatures(
        DiscreteAction(gym.make("SkillFlow/Vaults-v0", source="mini", step_limit=2), slots=8), "commands"
    )
    env.reset(seed=0, options={"index": 0})
    empty = 7
    assert env.step(empty)[2:4] == (False, False)
    assert env.step(empty)[2:4] == (True, False), "nothing follows, so no value of a next state"


def test_slots_are_enough_for_what_is_proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> Any:
        return gym.make("SkillFlow/Vaults-v0", source="mini")

    assert ppo.enough_slots(make) == 64
    many = tuple(Action.act(f"turn {i}") for i in range(100))
    monkeypatch.setattr(VaultEnv, "proposals", lambda self, context: many)
    assert ppo.enough_slots(make) == 128


def test_no_more_environments_are_open_than_the_benchmark_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VaultEnv, "parallel", 2)
    model = trained(tmp_path / "run", steps=1, rollouts=32).model
    assert (model.n_envs, model.n_steps) == (2, 32), "4 x 16 in all, as without the limit"


def test_unscored_episodes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = VaultEnv.act

    def act(self: VaultEnv, text: str) -> Any:
        if self.split == "train" and text.removeprefix("turn ")[:1] in "abc":
            raise InfrastructureError("the vault is stuck")
        return real(self, text)

    monkeypatch.setattr(VaultEnv, "act", act)
    trained(tmp_path / "run")
    assert any(0 < row["charts/unscored"] < 1 for row in RunFolder(tmp_path / "run").rows("metrics.jsonl"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 48}, "--batch-size must divide --envs x --n-steps, 64"),
        ({"n_epochs": 0}, "--n-epochs must be at least 1"),
        ({"eval_rollouts": 0}, "--eval-rollouts must be at least 1"),
    ],
)
def test_wrong_numbers_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ppo.Args(**{**SMALL, **changes})


def test_a_run_without_a_checkpoint_is_not_loaded(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", {"agent": "ppo", "args": {}, "data": {}})
    with pytest.raises(RunError, match="no checkpoint yet"):
        load_agent(str(tmp_path / "run"))


def test_only_a_run_of_ppo_is_loaded(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", {"agent": "ttb", "args": {}, "data": {}})
    run.save_checkpoint(1, {"policy": torch.zeros(1)})
    with pytest.raises(RunError, match="no run of ppo"):
        ppo.load_policy(str(tmp_path / "run"))
