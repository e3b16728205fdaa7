"""Skills that were planted in a library, while a policy is trained that reads them: what evolution makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.agents import evolution
from skillflow_gym.agents.evolution import EvolveArgs
from skillflow_gym.agents.trainer import train
from skillflow_gym.agents.ttb import TTB, Args
from skillflow_gym.envs import mini
from skillflow_gym.skills import SkillLibrary
from skillflow_gym.skills.store import SkillStore
from tests.evolution.making import Writer
from tests.evolution.test_planted import SKILLS as planted_skills

Fate = list[dict[str, dict[str, Any]]]


@cache
def planted(folder: Path, seed: int, named: bool) -> Fate:
    """What became of planted skills while the scorer was trained on mini questions: by phase, kind and skill.

    See ``tests.evolution.test_planted`` for the skills; with three actions, reading leaves no time for a mistake. Each
    group of eight rollouts is of another question: of those that name their answer (``named``), or of all kinds.
    """
    names = (*(("name-one", "say-a-name") if named else ("name-or-deny",)), "think-first", "stray-first")
    SkillLibrary(planted_skills[name] for name in names).save(folder / "skills")
    args = Args(
        env="HotpotQA-v0",
        source=f"file:{named_questions(folder)}" if named else "mini",
        seed=seed,
        step_limit=3,
        library=str(folder / "skills"),
        run=str(folder / "run"),
        steps=45,
        tasks_per_step=8,
        rollouts=8,
        gradient_steps=4,
        replay_groups=100,
        learning_rate=5e-3,
        eval_tasks=2,
        eval_rollouts=1,
        trajectories_every=0,
        paths_every=0,
        evolve=EvolveArgs(on=True, when="periodic", period=15, gate_tasks=0, new_skills=0),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evolution, "_author", lambda args: Writer())  # with nothing to say: the skills stay as planted
        train(args, lambda: TTB(args))
    events = [entry.event for entry in SkillStore(folder / "run" / "skills").entries()]
    phases = [event["changes"] for event in events if event["kind"] == "phase"]
    return [{c["skill"]: {"kind": c["kind"], **c["evidence"]} for c in changes} for changes in phases]


def named_questions(folder: Path) -> Path:
    """A source: the mini questions that name their answer, to train on, and all that are tested."""
    for split in ("train", "validation"):
        records = mini.records("HotpotQA", split)
        kept = [r for r in records if split != "train" or (r["answer"] in r["question"] and len(r["answer"]) > 3)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in kept))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, bool], Path]:
    base = tmp_path_factory.mktemp("planted")

    def of(seed: int, named: bool) -> Path:
        (base / f"{seed}-{named}").mkdir(exist_ok=True)
        return base / f"{seed}-{named}"

    return of


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_trained_policy_shows_which_skill_is_useful(folder: Callable[[int, bool], Path], seed: int) -> None:
    """Of the useful one and its double one is merged, and the other stays. All questions are of the kind it is for."""
    first, *later = planted(folder(seed, True), seed, True)
    kinds = {name: first[name]["kind"] for name in ("name-one", "say-a-name")}
    assert sorted(kinds.values()) == ["merge", "retain"]
    (useful,) = (name for name, kind in kinds.items() if kind == "retain")
    assert all(phase[useful]["kind"] == "retain" and phase[useful]["g_interval"][1] > 0.5 for phase in later)


BY_HABIT = pytest.mark.xfail(reason="the policy has come to solve questions by reading think-first", strict=True)
RUNS = [
    (1, True),
    (2, True),
    (3, True),
    pytest.param(1, False, marks=BY_HABIT),
    (2, False),
    (3, False),
]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "named"), RUNS)
def test_a_trained_policy_prunes_what_is_harmful_within_three_phases(
    folder: Callable[[int, bool], Path], seed: int, named: bool
) -> None:
    """Reading think-first costs the spare step, so that it hurts whoever would need it.

    A policy that goes straight to the answer after it does not: with seed 1, on all kinds of questions, those that
    read it succeed four times as often as the others. Neither its flow nor any outcome speaks against the skill then.
    """
    phases = planted(folder(seed, named), seed, named)
    for harmful in ("think-first", "stray-first"):
        assert "prune" in [phase.get(harmful, {}).get("kind") for phase in phases]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_trained_policy_shows_that_a_skill_is_unstable(folder: Callable[[int, bool], Path], seed: int) -> None:
    """``name-or-deny`` makes every question fail whose answer is no name in it; it is not left as it is."""
    rows = [phase["name-or-deny"] for phase in planted(folder(seed, False), seed, False)]
    assert rows[-1]["kind"] not in ("retain", "prune") and rows[-1]["gap"] <= 1.0, "the visits look even"
    assert rows[-1]["helps"]["excess"][1] > 0 > rows[-1]["hurts"]["excess"][2]
