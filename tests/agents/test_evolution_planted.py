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
from tests.evolution.test_planted import tasks

Fate = list[dict[str, dict[str, Any]]]
SEEDS = range(1, 9)


@cache
def planted(folder: Path, seed: int, named: bool) -> Fate:
    """What became of planted skills while the scorer was trained on mini questions: by phase, kind and skill.

    See ``tests.evolution.test_planted`` for the skills. The questions can be answered in two of the three actions that
    are allowed: all of them name their answer (``named``), or half of them. The policy learns to answer most of them,
    and only such a policy can tell what a skill is worth. Each group of eight rollouts is of another question.
    """
    names = (*(("name-one", "say-a-name") if named else ("name-or-deny",)), "think-first", "stray-first")
    SkillLibrary(planted_skills[name] for name in names).save(folder / "skills")
    args = Args(
        env="HotpotQA-v0",
        source=f"file:{questions(folder, named)}",
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


def questions(folder: Path, named: bool) -> Path:
    """A source: the questions to train on, and all that are tested."""
    others = () if named else tasks(named=False, most=1_000)
    ids = {*others, *tasks(named=True, most=len(others) or 1_000)}
    for split in ("train", "validation"):
        records = mini.records("HotpotQA", split)
        kept = [r for r in records if split != "train" or r["id"] in ids]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in kept))
    return folder


def kinds(skill: str, phases: Fate) -> list[str | None]:
    """What became of a skill in each phase; None once it is gone."""
    return [phase.get(skill, {}).get("kind") for phase in phases]


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


def but(known: dict[Any, str]) -> list[Any]:
    """All runs; those of ``known`` fail, for the reason beside them."""
    runs = [*((seed, True) for seed in (1, 2, 3)), *((seed, False) for seed in SEEDS)]
    marks = {run: [pytest.mark.xfail(reason=why, strict=True)] for run, why in known.items()}
    return [pytest.param(*run, marks=marks.get(run, [])) for run in runs]


NO_HARM = "who is asked for a name in the question needs no search: its readers succeed as often as the others"
CHANCE = "the readers of think-first happened to succeed more often in the first two phases"
CHOSEN = "by then it is read where it does no harm, and the author is asked for a better one"


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "named"), but({}))
def test_a_trained_policy_prunes_what_leads_astray_within_three_phases(
    folder: Callable[[int, bool], Path], seed: int, named: bool
) -> None:
    assert "prune" in kinds("stray-first", planted(folder(seed, named), seed, named))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "named"), but({(1, True): NO_HARM, (2, True): NO_HARM, (1, False): CHANCE, (8, False): CHOSEN})
)
def test_a_trained_policy_prunes_what_wastes_a_step_within_three_phases(
    folder: Callable[[int, bool], Path], seed: int, named: bool
) -> None:
    """The step of think-first is missed only by those who need a search and another look: its harm is small."""
    assert "prune" in kinds("think-first", planted(folder(seed, named), seed, named))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_trained_policy_shows_that_a_skill_is_unstable(folder: Callable[[int, bool], Path], seed: int) -> None:
    """``name-or-deny`` makes every question fail whose answer is no name in it; it is not left as it is."""
    phases = planted(folder(seed, False), seed, False)
    assert kinds("name-or-deny", phases)[-1] not in ("retain", "prune", None)
    row = phases[-1]["name-or-deny"]
    assert row["gap"] <= 1.0, "the visits look even"
    assert row["helps"]["excess"][1] > 0 > row["hurts"]["excess"][2]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_trained_policy_has_an_uneven_skill_refined_within_three_phases(
    folder: Callable[[int, bool], Path], seed: int
) -> None:
    """``name-or-deny`` makes every question fail whose answer is no name in it: the author is asked for another."""
    phases = planted(folder(seed, False), seed, False)
    rows = [phase["name-or-deny"] for phase in phases if "name-or-deny" in phase]
    assert "the author had nothing better to say" in [row.get("reason") for row in rows]
