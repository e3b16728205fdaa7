"""GRPO, FlowSteer and REINFORCE on the shared trainer: what they learn from, their presets, and what they refuse."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
import torch

from skillflow_gym import Action, Trajectory, Turn
from skillflow_gym.agents import flowsteer, grpo, reinforce, ttb
from skillflow_gym.agents import objectives as o
from skillflow_gym.agents.args import parse, restore
from skillflow_gym.agents.flowsteer import RELEASED, FlowSteer, structure
from skillflow_gym.agents.grpo import GRPO
from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.agents.reinforce import Reinforce
from skillflow_gym.agents.trainer import Batch, Loss, Trainer, train
from tests.agents.runs import SMALL, kept, same_state
from tests.contract.outsider import registered

ON_POLICY: dict[str, Any] = {**SMALL, "replay_groups": 0, "env": "Vaults", "steps": 3}
VARIANTS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "reinforce with KL": (reinforce, Reinforce, {"kl": 0.1, "gradient_steps": 1}),
    "grpo": (grpo, GRPO, {}),
    "dr grpo": (grpo, GRPO, {"std": False, "kl": 0.0}),
    "flowsteer": (flowsteer, FlowSteer, {}),
    "flowsteer terminal": (flowsteer, FlowSteer, {"reward": "terminal"}),
    "flowsteer released": (flowsteer, FlowSteer, {**RELEASED, "tasks_per_step": 8}),
    "flowsteer released terminal": (flowsteer, FlowSteer, {**RELEASED, "tasks_per_step": 8, "reward": "terminal"}),
}


@pytest.fixture(autouse=True)
def vaults() -> Iterator[None]:
    with registered():
        yield


def trained(name: str, folder: Path, **changes: Any) -> Trainer:
    module, objective, settings = VARIANTS[name]
    args = module.Args(**{**ON_POLICY, **settings, "run": str(folder), **changes})
    return train(args, lambda: objective(args))


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains(tmp_path: Path, name: str) -> None:
    trainer = trained(name, tmp_path / "run")
    rows = trainer.run.rows("metrics.jsonl")
    assert len(rows) == 3 and all(row["losses/grad_norm"] > 0 for row in rows)
    assert trainer.policy.updates == 3
    kind = {"skills": trainer.policy.skills, "features": trainer.policy.features}
    assert not same_state(trainer.policy.network.state_dict(), Scorer(seed=0, **kind).network.state_dict())


def test_the_same_seed_is_the_same_run(tmp_path: Path) -> None:
    for name in ("a", "b"):
        trained("grpo", tmp_path / name)
    assert kept(tmp_path / "a") == kept(tmp_path / "b")


def test_a_run_resumes_to_the_same_numbers(tmp_path: Path) -> None:
    trained("flowsteer", tmp_path / "whole", steps=4)
    trained("flowsteer", tmp_path / "part", steps=4)
    (tmp_path / "part" / "checkpoints" / "step-000004.pt").unlink()
    for file in (tmp_path / "part" / "evaluations").glob("*e*.json"):
        if file.stem in ("after", "greedy"):
            file.unlink()
    args = restore(flowsteer.Args, str(tmp_path / "part"))
    assert train(args, lambda: FlowSteer(args)).done == 4
    assert kept(tmp_path / "part") == kept(tmp_path / "whole")


class Watched(GRPO):
    """GRPO that keeps its batches and what it made of them."""

    def __init__(self, args: grpo.Args) -> None:
        super().__init__(args)
        self.seen: list[tuple[Batch, Loss, float]] = []

    def loss(self, policy: Any, batch: Batch) -> Loss:
        found = super().loss(policy, batch)
        log_pf, mask = policy.log_prob(batch.trajectories)
        self.seen.append((batch, found, float((log_pf.detach() - batch.log_then)[mask].abs().max())))
        return found


def test_epochs_go_over_the_same_rollouts_and_leave_the_sampling_policy(tmp_path: Path) -> None:
    args = grpo.Args(**{**ON_POLICY, "gradient_steps": 3, "learning_rate": 0.05, "run": str(tmp_path / "run")})
    objective = Watched(args)
    train(args, lambda: objective)
    assert len(objective.seen) == 9
    for number, (batch, found, moved) in enumerate(objective.seen):
        first = objective.seen[number - number % 3][0]
        assert [t.id for t in batch.trajectories] == [t.id for t in first.trajectories]
        expected = [[turn.log_pf for turn in t.turns] for t in batch.trajectories]
        assert [row[: len(t)] for row, t in zip(batch.log_then.tolist(), expected, strict=True)] == [
            pytest.approx(t) for t in expected
        ]
        if number % 3 == 0:
            assert moved < 1e-5, "the ratio is 1 before the first step: no dropout blurs it"
            assert found.figures["losses/clipped"] == 0
        else:
            assert moved > 1e-3
    assert any(found.figures["losses/clipped"] > 0 for _, found, _ in objective.seen)
    assert [batch.progress for batch, _, _ in objective.seen[::3]] == pytest.approx([0, 1 / 3, 2 / 3])


class Weighed(Reinforce):
    """REINFORCE that keeps its batches, its losses, and these with every rollout counting fully."""

    def __init__(self, args: reinforce.Args) -> None:
        super().__init__(args)
        self.seen: list[tuple[Batch, float, float, float]] = []

    def loss(self, policy: Any, batch: Batch) -> Loss:
        found = super().loss(policy, batch)
        log_pf, mask = policy.log_prob(batch.trajectories)
        log_pf = log_pf.detach()
        weights = (log_pf - batch.log_then).sum(dim=1).clamp(max=0).exp()
        given = (log_pf, mask, batch.reward, batch.groups)
        values = [float(o.reinforce_loss(*given, w)) for w in (weights, torch.ones_like(weights))]
        self.seen.append((batch, float(found.value.detach()), *values))
        return found


def test_reinforce_weighs_what_its_earlier_parameters_sampled_and_nothing_else(tmp_path: Path) -> None:
    changes = {"gradient_steps": 3, "replay_groups": 4, "learning_rate": 0.05, "steps": 4}
    args = reinforce.Args(**{**ON_POLICY, **changes, "run": str(tmp_path / "run")})
    objective = Weighed(args)
    trainer = train(args, lambda: objective)
    assert len(objective.seen) == 12
    for number, (batch, found, weighed, plain) in enumerate(objective.seen):
        if number % 3 == 0:
            assert not batch.stale and found == plain, "bit by bit"
        else:
            assert batch.stale and found == pytest.approx(weighed, abs=1e-6)
    assert any(abs(weighed - plain) > 1e-3 for _, _, weighed, plain in objective.seen)
    for update, row in enumerate(trainer.run.rows("metrics.jsonl"), start=1):
        taken = [t for batch, *_ in objective.seen[3 * update - 3 : 3 * update] for t in batch.trajectories]
        played = [int(t.group.partition("/")[0]) for t in taken]
        assert row["charts/staleness"] == pytest.approx(update - sum(played) / len(played))
    assert row["charts/staleness"] > 0


def test_grpo_takes_replayed_rollouts_with_their_ratio(tmp_path: Path) -> None:
    changes = {"gradient_steps": 3, "replay_groups": 4, "learning_rate": 0.05, "steps": 4}
    args = grpo.Args(**{**ON_POLICY, **changes, "run": str(tmp_path / "run")})
    objective = Watched(args)
    train(args, lambda: objective)
    last = [batch for batch, _, _ in objective.seen[-2:]]
    assert any(t.policy_version != "scorer-3" for batch in last for t in batch.trajectories)
    for batch in last:
        for row, t in zip(batch.log_then.tolist(), batch.trajectories, strict=True):
            assert row[: len(t)] == pytest.approx([turn.log_pf for turn in t.turns]), "as it was sampled"


def test_a_rollout_without_its_group_counts_where_nothing_is_compared_in_the_task(tmp_path: Path) -> None:
    args = flowsteer.Args(**{**ON_POLICY, **RELEASED, "tasks_per_step": 6, "run": str(tmp_path / "run")})
    batches: list[Batch] = []

    class Kept(FlowSteer):
        def loss(self, policy: Any, batch: Batch) -> Loss:
            batches.append(batch)
            return super().loss(policy, batch)

    train(args, lambda: Kept(args))
    assert [len(batch.trajectories) for batch in batches] == [6, 6, 6]
    assert all(len(set(batch.groups.tolist())) == 6 for batch in batches), "one rollout per task"


# ------------------------------------------------------------------------------------------------------- the structure

SEARCH, OTHER, CHECK = Action.act("search: Remen"), Action.act("search: river"), Action.act("search: 282 km")
ACCEPT = Action.accept("282")


def trajectory(*actions: Action, limit: int = 8, error: str = "", terminated: bool = True) -> Trajectory:
    turns = tuple(
        Turn(action, "shown", error=error if i == len(actions) - 2 else "") for i, action in enumerate(actions)
    )
    return Trajectory("t", "How long is Remen?", turns, step_limit=limit, terminated=terminated)


STRUCTURES: dict[str, tuple[Trajectory, float]] = {
    "an answer at once": (trajectory(ACCEPT), 0.0),
    "an answer after a search": (trajectory(SEARCH, ACCEPT), 0.2),
    "after an act that failed": (trajectory(SEARCH, ACCEPT, error="no such tool"), 0.0),
    "after reading a skill": (trajectory(SEARCH, Action.skill("a"), ACCEPT), 0.0),
    "the answer was looked at": (trajectory(CHECK, ACCEPT), 0.4),
    "a word that checks": (trajectory(Action.act("examine desk 1"), Action.act("go to desk 2"), limit=50), 0.4),
    "the step limit": (trajectory(SEARCH, OTHER, terminated=False, limit=2), 0.2),
    "enough actions": (trajectory(*[Action.act(f"search: {i}") for i in range(3)], ACCEPT), 0.4),
    "few for a long episode": (trajectory(*[Action.act(f"search: {i}") for i in range(3)], ACCEPT, limit=50), 0.2),
    "the same again at once": (trajectory(SEARCH, SEARCH, ACCEPT, limit=50), 0.2),
    "back after another": (trajectory(SEARCH, OTHER, SEARCH, ACCEPT, limit=50), 0.6),
    "one skill twice": (trajectory(Action.skill("a"), Action.skill("a"), SEARCH, ACCEPT, limit=50), 0.2),
    "two skills": (trajectory(Action.skill("a"), Action.skill("b"), SEARCH, ACCEPT, limit=50), 0.6),
    "everything": (trajectory(SEARCH, OTHER, SEARCH, CHECK, ACCEPT), 1.0),
    "nothing done": (trajectory(), 0.0),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structure(name: str) -> None:
    made, expected = STRUCTURES[name]
    assert structure(made) == pytest.approx(expected)


def test_the_outcome_counts_once_the_gate_is_open() -> None:
    from skillflow_gym.agents.objectives import gated_reward

    whole, part = STRUCTURES["everything"][0], STRUCTURES["an answer after a search"][0]
    found = torch.tensor([structure(whole), structure(part)] * 2)
    assert gated_reward(torch.tensor([0.0, 0.0, 1.0, 1.0]), found).tolist() == pytest.approx([0, -0.8, 1, -0.8])


# ---------------------------------------------------------------------------------------------- arguments and presets


def test_the_presets_of_flowsteer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["flowsteer"])
    paper = parse(flowsteer.Args, {"released": RELEASED})
    assert (paper.preset, paper.compare, paper.clip, paper.kl, paper.entropy) == ("paper", "task", 0.2, 0.005, 0.005)
    assert (paper.reward, paper.schedule) == ("gated", "cosine")
    monkeypatch.setattr(sys, "argv", ["flowsteer", "--preset", "released", "--reward", "terminal"])
    args = parse(flowsteer.Args, {"released": RELEASED})
    assert asdict(args) == {**asdict(flowsteer.Args()), **RELEASED, "reward": "terminal"}
    assert set(RELEASED) <= {field.name for field in fields(flowsteer.Args)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rollouts": 1}, "--rollouts must be at least 2"),
        ({"rollouts": 0, "compare": "source"}, "--rollouts must be at least 1"),
        ({"clip": 0.0}, "--clip 0 is on-policy"),
    ],
)
def test_what_flowsteer_cannot_compare_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        flowsteer.Args(**changes)


@pytest.mark.parametrize("name", [name for name in VARIANTS if "released" in name])
def test_what_has_no_ratio_is_refused_replay_before_there_is_a_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"is on-policy: leave --replay-groups and --stale at 0"):
        trained(name, tmp_path / "run", replay_groups=4)
    assert not (tmp_path / "run").exists()


def test_the_cosine_schedule_rises_over_ten_updates_and_ends_near_zero(tmp_path: Path) -> None:
    trainer = trained("flowsteer", tmp_path / "run", steps=1)
    group, rates = trainer.optimizer.param_groups[0], []
    trainer.args.steps = 40
    for done in range(40):
        trainer.done = done
        trainer._schedule_learning_rate()
        rates.append(group["lr"] / group["initial_lr"])
    assert rates[0] == pytest.approx(0.1) and rates[4] == pytest.approx(0.5, abs=0.02)
    assert max(rates) == rates[9] and rates == [*sorted(rates[:10]), *sorted(rates[10:], reverse=True)]
    assert rates[20] == pytest.approx(0.5) and 0 < rates[-1] < 0.002


def test_every_agent_has_the_suites_learning_rate_and_evaluation() -> None:
    shared = [field.name for field in fields(grpo.Args) if field.name.startswith(("eval", "weight", "max_grad"))]
    for name in [*shared, "learning_rate"]:
        assert {getattr(module.Args(), name) for module in (reinforce, grpo, flowsteer)} == {
            getattr(reinforce.Args(), name)
        }
    assert ttb.Args().eval_tasks == reinforce.Args().eval_tasks
