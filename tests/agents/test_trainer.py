"""The training loop: what a run writes, that it repeats itself, that every option trains, what is never trained on."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from skillflow_gym import InfrastructureError
from skillflow_gym.agents import reinforce, ttb
from skillflow_gym.agents.policies.load import load_run
from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.agents.trainer import Batch, Loss, train
from skillflow_gym.agents.ttb import PAPER, TTB, Args
from skillflow_gym.cli import main as skillflow
from skillflow_gym.cli.common import UsageError
from skillflow_gym.trajectory import read_trajectories
from tests.agents.runs import SMALL, kept, same_state, vaults
from tests.contract.outsider import VaultEnv, registered


@pytest.fixture(autouse=True)
def benchmark() -> Iterator[None]:
    with registered():
        yield


def state(folder: Path) -> dict[str, Any]:
    found = RunFolder(folder).load_checkpoint()
    assert found is not None
    return found[1]


def test_a_run_keeps_all_that_it_promises(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    trainer = vaults(folder)
    folders = {"evaluations", "trajectories", "checkpoints", "tensorboard"}
    assert {path.name for path in folder.iterdir()} == {"config.yaml", "metrics.jsonl", "timing.jsonl", *folders}
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["agent"] == "ttb" and config["args"]["source"] == "mini" and config["args"]["steps"] == 5
    assert config["data"]["train"] == {"tasks": 20, "sha256": trainer.train_tasks.sha256}
    assert config["versions"]["torch"] == torch.__version__
    run = RunFolder(folder)
    metrics, timing = run.rows("metrics.jsonl"), run.rows("timing.jsonl")
    assert [row["step"] for row in metrics] == [row["step"] for row in timing] == [1, 2, 3, 4, 5]
    for row in metrics:
        assert all(isinstance(value, int | float) and np.isfinite(value) for value in row.values())
        assert {name.partition("/")[0] for name in row} == {"step", "charts", "losses", "flow"}
        assert ("flow/distinct_paths" in row) == (row["step"] in (1, 2, 4))
    assert all(set(row) == {"step", "collect", "update", "env_steps_per_second"} for row in timing)
    assert {path.name for path in (folder / "trajectories").iterdir()} == {"step-000002.jsonl", "step-000004.jsonl"}
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {"step-000004.pt", "step-000005.pt"}
    evaluations = {path.stem: json.loads(path.read_text()) for path in (folder / "evaluations").iterdir()}
    assert set(evaluations) == {"random", "first", "before", "after", "greedy"}
    for name, content in evaluations.items():
        assert content["summary"]["rollouts_per_task"] == (1 if name in ("first", "greedy") else 2)
        assert content["task_ids"] == [f"test-{i}" for i in range(4)]
        mean = np.mean(content["per_task"]["success"])
        assert content["summary"]["success"][0] == pytest.approx(mean, abs=1e-5)


def test_the_rows_agree_with_the_trajectories(tmp_path: Path) -> None:
    vaults(tmp_path / "run", trajectories_every=1)
    for row in RunFolder(tmp_path / "run").rows("metrics.jsonl"):
        trajectories = read_trajectories(tmp_path / "run" / "trajectories" / f"step-{row['step']:06d}.jsonl")
        assert len(trajectories) == 8 and len({t.group for t in trajectories}) == 2
        assert len({t.task_id for t in trajectories}) == 2, "a group is one task"
        assert {t.policy_version for t in trajectories} == {f"scorer-{row['step'] - 1}"}
        assert {(t.split, t.source) for t in trajectories} == {("train", "mini")}
        assert row["charts/reward"] == pytest.approx(np.mean([t.reward for t in trajectories]))
        assert row["charts/success"] == pytest.approx(np.mean([t.success for t in trajectories]))
        assert row["charts/length"] == pytest.approx(np.mean([len(t) for t in trajectories]))
        log_pf = [sum(turn.log_pf or 0.0 for turn in t.turns) for t in trajectories]
        assert row["flow/entropy"] == pytest.approx(-np.mean(log_pf), rel=1e-4)


def test_tasks_take_turns(tmp_path: Path) -> None:
    vaults(tmp_path / "run", steps=10, trajectories_every=1, eval_rollouts=1)
    files = sorted((tmp_path / "run" / "trajectories").iterdir())
    played = [t.task_id for file in files for t in read_trajectories(file)[::4]]
    assert sorted(played) == sorted(f"train-{i}" for i in range(20)), "each of the 20 tasks once in 10 updates of 2"


def test_tensorboard_gets_every_row(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    trainer = vaults(tmp_path / "run")
    trainer._writer.close()
    events = accumulator.EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    for name in ("charts/success", "flow/residual", "losses/loss"):
        rows = RunFolder(tmp_path / "run").rows("metrics.jsonl")
        assert [event.step for event in events.Scalars(name)] == [1, 2, 3, 4, 5]
        assert [event.value for event in events.Scalars(name)] == pytest.approx([row[name] for row in rows], rel=1e-6)


def test_the_same_seed_is_the_same_run_and_another_is_not(tmp_path: Path) -> None:
    for name in ("a", "b"):
        vaults(tmp_path / name)
    vaults(tmp_path / "c", seed=1)
    assert kept(tmp_path / "a") == kept(tmp_path / "b")
    assert same_state(state(tmp_path / "a"), state(tmp_path / "b"))
    other = kept(tmp_path / "c")
    # What is likeliest is what the network's prior says, so soon after the start, whatever the seed.
    drawn = {name: c for name, c in kept(tmp_path / "a").items() if "first" not in name and "greedy" not in name}
    assert len(drawn) > 3 and all(other[name] != content for name, content in drawn.items())
    assert not same_state(state(tmp_path / "a"), state(tmp_path / "c"))


def test_threads_that_step_the_environments_change_nothing(tmp_path: Path) -> None:
    vaults(tmp_path / "a")
    vaults(tmp_path / "b", threads=3)
    assert kept(tmp_path / "a") == kept(tmp_path / "b")


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    paths = [vaults(tmp_path / "run", steps=1).run.path for _ in range(3)]
    assert paths == [tmp_path / "run", tmp_path / "run-2", tmp_path / "run-3"]


def test_training_learns_the_vaults(tmp_path: Path) -> None:
    """Two dials of six open a vault, and one lever does: success is a matter of not giving up at once."""
    vaults(tmp_path / "run", steps=40, rollouts=8, learning_rate=0.01, checkpoint_every=40)
    results = {n: json.loads((tmp_path / "run" / "evaluations" / f"{n}.json").read_text()) for n in ("before", "after")}
    rows = RunFolder(tmp_path / "run").rows("metrics.jsonl")
    success = [row["charts/success"] for row in rows]
    assert np.mean(success[-10:]) > np.mean(success[:5]) + 0.1
    assert results["after"]["summary"]["success"][0] >= results["before"]["summary"]["success"][0]


VARIANTS: dict[str, dict[str, Any]] = {
    "tree": {"anchor": "tree"},
    "hindsight": {"anchor": "hindsight"},
    "head": {"log_z": "head"},
    "head and hindsight": {"log_z": "head", "anchor": "hindsight"},
    "rising beta": {"beta_start": 1.0, "beta": 8.0},
    "on-policy": {"replay_groups": 0, "gradient_steps": 1},
    "per token": {"edge": "per_token"},
    "paper": PAPER,
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains(tmp_path: Path, name: str) -> None:
    trainer = vaults(tmp_path / "run", **{**VARIANTS[name], "steps": 2})
    rows = trainer.run.rows("metrics.jsonl")
    assert len(rows) == 2 and all(row["losses/grad_norm"] > 0 for row in rows)
    fresh = Scorer(seed=0, hindsight=trainer.objective.needs_hindsight)
    saved = state(tmp_path / "run")
    assert not same_state(saved["policy"]["network"], fresh.network.state_dict())
    assert (saved["policy"]["phi"] is not None) == (VARIANTS[name].get("anchor") == "hindsight")
    if fresh.phi is not None:
        assert not same_state(saved["policy"]["phi"], fresh.phi.state_dict()), "P_phi learns as well"
    if VARIANTS[name].get("log_z") == "head":
        assert float(saved["modules"]["log_z"]["bias"]) != 0.0
    else:
        assert saved["modules"] == {}
    if name == "rising beta":
        assert rows[0]["flow/beta"] == 1.0 and rows[1]["flow/beta"] == 8.0
    assert load_run(str(tmp_path / "run")).updates == 2


def test_reinforce_trains(tmp_path: Path) -> None:
    on_policy = {"replay_groups": 0, "gradient_steps": 1, "steps": 2}
    args = reinforce.Args(**{**SMALL, **on_policy, "env": "Vaults", "run": str(tmp_path / "run")})
    trainer = train(args, lambda: reinforce.Reinforce(args))
    assert trainer.run.config()["agent"] == "reinforce"
    assert [row["losses/grad_norm"] > 0 for row in trainer.run.rows("metrics.jsonl")] == [True, True]


def test_learning_rates_are_those_of_the_parts(tmp_path: Path) -> None:
    trainer = vaults(tmp_path / "run", steps=1, **{**VARIANTS["head and hindsight"], "learning_rate": 0.01})
    assert [group["lr"] for group in trainer.optimizer.param_groups] == pytest.approx([0.01, 0.005, 0.1])


def test_the_printed_command_repeats_the_evaluation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a run"
    vaults(folder, seed=3, eval_tasks=5, eval_rollouts=3, step_limit=5)
    printed = capsys.readouterr().out
    (line,) = re.findall(r"^again: skillflow (.*)$", printed, flags=re.MULTILINE)
    assert skillflow([*shlex.split(line), "--out", str(tmp_path / "again.json")]) == 0
    again = json.loads((tmp_path / "again.json").read_text())["results"]
    assert again == json.loads((folder / "evaluations" / "after.json").read_text())["summary"]


def test_what_is_printed_names_the_data_and_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trainer = vaults(tmp_path / "run")
    printed = capsys.readouterr().out
    before, after = trainer.run.evaluation("before"), trainer.run.evaluation("after")
    assert before is not None and after is not None
    assert "ttb on SkillFlow/Vaults-v0, source mini, seed 0" in printed and "trained on 20 tasks of train" in printed
    assert str(tmp_path / "run") in printed
    assert f"panel: 4 tasks of test, sha256 {after['summary']['panel_sha256']}" in printed
    gained = np.mean(after["per_task"]["success"]) - np.mean(before["per_task"]["success"])
    assert f"success gained over untrained: {gained:.3f} [" in printed


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turning a dial that begins with a, b or c breaks the infrastructure, in every split."""
    real = VaultEnv.act

    def act(self: VaultEnv, text: str) -> Any:
        if text.removeprefix("turn ")[:1] in "abc":
            raise InfrastructureError("the vault is stuck")
        return real(self, text)

    monkeypatch.setattr(VaultEnv, "act", act)


class Watched(TTB):
    """TTB that keeps the batches it was trained on."""

    def __init__(self, args: Args) -> None:
        super().__init__(args)
        self.batches: list[Batch] = []

    def loss(self, policy: Any, batch: Batch) -> Loss:
        self.batches.append(batch)
        return super().loss(policy, batch)


def watched(folder: Path, **changes: Any) -> tuple[list[Batch], Sequence[dict[str, Any]]]:
    small = {**SMALL, "gradient_steps": 1, "steps": 6, "trajectories_every": 1}
    args = Args(**{**small, "env": "Vaults", "run": str(folder), **changes})
    objective = Watched(args)
    trainer = train(args, lambda: objective)
    return objective.batches, trainer.run.rows("metrics.jsonl")


def test_an_unscored_rollout_is_counted_and_never_trained_on(failing: None, tmp_path: Path) -> None:
    batches, rows = watched(tmp_path / "run")
    trained = {t.id: t for batch in batches for t in batch.trajectories}
    assert trained and not any(t.unscored for t in trained.values())
    shares, lonely = [], 0
    for row in rows:
        trajectories = read_trajectories(tmp_path / "run" / "trajectories" / f"step-{row['step']:06d}.jsonl")
        assert len(trajectories) == 8, "the unscored ones are kept for inspection"
        assert row["charts/unscored"] == pytest.approx(np.mean([t.unscored for t in trajectories]))
        scored = [t for t in trajectories if not t.unscored]
        assert row["charts/reward"] == pytest.approx(np.mean([t.reward for t in scored]) if scored else 0.0)
        shares.append(row["charts/unscored"])
        for t in scored:
            alone = sum(other.group == t.group for other in scored) == 1
            lonely += alone
            assert (t.id in trained) != alone, "a rollout alone in its group has nothing to be compared with"
    assert lonely and 0 < np.mean(shares) < 1, "all three cases occurred"
    for batch in batches:
        assert batch.reward.tolist() == pytest.approx([t.reward for t in batch.trajectories])
        assert len(batch.groups) == len(batch.trajectories)
        names = [t.group for t in batch.trajectories]
        same = [[a == b for b in names] for a in names]
        assert (batch.groups[:, None] == batch.groups[None, :]).tolist() == same
    after = json.loads((tmp_path / "run" / "evaluations" / "after.json").read_text())["summary"]
    assert 0 < after["unscored"] < 1, "the panel says so too"


def test_more_gradient_steps_take_kept_groups(tmp_path: Path) -> None:
    batches, _ = watched(tmp_path / "run", gradient_steps=3, replay_groups=4, steps=4)
    assert len(batches) == 12
    for number, batch in enumerate(batches):
        update = number // 3 + 1
        collected = {int(t.group.partition("/")[0]) for t in batch.trajectories}
        assert max(collected) <= update and (number % 3 or collected == {update}), "the first step is on-policy"
        groups = dict.fromkeys(t.group for t in batch.trajectories)
        assert all(sum(t.group == group for t in batch.trajectories) == 4 for group in groups), "groups stay whole"
        assert min(collected) >= update - 3, "4 groups are kept, at most 2 an update"
    assert any(len({t.group.partition("/")[0] for t in batch.trajectories}) > 1 for batch in batches)


def test_a_step_without_any_score_trains_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(self: VaultEnv, task: Any) -> str:
        if self.split == "train":
            raise InfrastructureError("away")
        self._turned = set()
        return "Dials"

    monkeypatch.setattr(VaultEnv, "begin", begin)
    batches, rows = watched(tmp_path / "run", steps=2)
    assert batches == [] and [row["charts/unscored"] for row in rows] == [1.0, 1.0]
    saved = state(tmp_path / "run")["policy"]
    untrained = Scorer(seed=0, features="commands").network.state_dict()
    assert saved["updates"] == 0 and same_state(saved["network"], untrained)


def test_a_panel_without_any_score_is_no_gain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def begin(self: VaultEnv, task: Any) -> str:
        raise InfrastructureError("away")

    monkeypatch.setattr(VaultEnv, "begin", begin)
    vaults(tmp_path / "run", steps=1)
    assert "success gained over untrained: unknown" in capsys.readouterr().out


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the loss is (inf|nan) in update \d+: lower --learning-rate"):
        vaults(tmp_path / "run", beta=1e30, beta_start=1e30)


def test_an_unknown_benchmark_is_an_error_that_helps(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean Vaults"):
        vaults(tmp_path / "run", env="Vault-v0")
    assert not (tmp_path / "run").exists()


def test_the_paper_preset_is_the_papers() -> None:
    args = ttb.Args(**PAPER)
    assert (args.anchor, args.log_z, args.edge) == ("hindsight", "head", "per_token")
    assert (args.beta, args.eps, args.tasks_per_step, args.rollouts) == (1.0, 0.1, 7, 4)
    assert (args.learning_rate, args.hindsight_lr, args.log_z_lr, args.max_grad_norm) == (1e-4, 0.5, 1.5, 3.0)
