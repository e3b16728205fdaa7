"""The rollouts of the gate count: a run with evolution makes as many as one without, but for its last phase."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.agents import evolution
from skillflow_gym.agents.trainer import Batch, Loss, Trainer, train
from skillflow_gym.agents.ttb import TTB, Args
from skillflow_gym.rollout import Collector
from skillflow_gym.skills import SkillLibrary
from skillflow_gym.skills.store import SkillStore
from tests.agents.runs import SMALL, resume
from tests.contract.outsider import registered
from tests.evolution.making import COUNT, DRAWERS, LOOK, Writer

STEPS, EACH = 6, 16
"""Updates that are paid for, and rollouts of each."""


class Next(Writer):
    """Writes a skill a phase."""

    def create(self, pairs: Any, library: SkillLibrary, limit: int) -> Any:
        self.creates = [[skill for skill in (LOOK, DRAWERS, COUNT) if skill.name not in library][:1]]
        return super().create(pairs, library, limit)


class Watched(TTB):
    """Keeps the progress that its schedules see."""

    def __init__(self, args: Args) -> None:
        super().__init__(args)
        self.progress: list[float] = []

    def loss(self, policy: Any, batch: Batch) -> Loss:
        self.progress.append(batch.progress)
        return super().loss(policy, batch)


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The kinds of all rollouts on train tasks: of the gate, or of which update."""
    kinds: list[str] = []
    real = Collector.collect

    def collect(self: Collector, *arguments: Any, **named: Any) -> Any:
        collection = real(self, *arguments, **named)
        kinds.extend(t.id.partition("/")[0] for t in collection.trajectories if t.split == "train")
        return collection

    monkeypatch.setattr(Collector, "collect", collect)
    monkeypatch.setattr(evolution, "_author", lambda args: Next())
    with registered():
        yield kinds


def run(folder: Path, gate_tasks: int, on: bool = True) -> tuple[Trainer, Watched]:
    """A run of TTB on the vaults with a phase every second update."""
    settings = {"on": on, "when": "periodic", "period": 2, "window": 4, "zeta": -20.0, "min_visits": 1}
    settings |= {"gate_tasks": gate_tasks, "gate_rollouts": 2}
    changes = {"env": "Vaults", "steps": STEPS, "tasks_per_step": 4, "run": str(folder), "evolve": settings}
    args = Args(**{**SMALL, **changes})
    watched = Watched(args)
    return train(args, lambda: watched), watched


@pytest.mark.parametrize("gate_tasks", [2, 3, 8])
def test_the_budget_holds_but_for_the_last_phase(made: list[str], tmp_path: Path, gate_tasks: int) -> None:
    trainer, watched = run(tmp_path / "run", gate_tasks)
    rows = trainer.run.rows("metrics.jsonl")
    gate = made.count("gate")
    assert gate == rows[-1]["evolution/rollouts"] > 0 and len(made) - gate == EACH * len(rows), "all are counted"
    spent = [row["step"] + row["evolution/rollouts"] / EACH for row in rows]
    assert all(each < STEPS for each in spent[:-1]) and spent[-1] >= STEPS, "it stops as soon as it is spent"
    last = max(entry.event["cost"]["rollouts"] for entry in SkillStore(tmp_path / "run" / "skills").entries())
    assert EACH * STEPS <= len(made) < EACH * STEPS + EACH + last and len(rows) < STEPS
    # What is spent before an update decides where its schedules are.
    before = [0.0, *(each / STEPS for each in spent[:-1])]
    assert watched.progress == pytest.approx([each for each in before for _ in range(SMALL["gradient_steps"])])
    assert all(0 <= each < 1 for each in watched.progress)


@pytest.mark.parametrize("on", [True, False])
def test_without_a_gate_all_updates_are_made(made: list[str], tmp_path: Path, on: bool) -> None:
    trainer, watched = run(tmp_path / "run", gate_tasks=0, on=on)
    assert trainer.done == STEPS and len(made) == EACH * STEPS
    assert watched.progress == pytest.approx([n // 2 / STEPS for n in range(2 * STEPS)])


def test_a_run_that_spent_its_budget_is_over(made: list[str], tmp_path: Path) -> None:
    trainer, _ = run(tmp_path / "run", gate_tasks=3)
    rows, count = trainer.run.rows("metrics.jsonl"), len(made)
    again = resume(tmp_path / "run")
    assert again.run.rows("metrics.jsonl") == rows and len(made) == count, "there is nothing left to do"
