"""``skillflow skills rollback | history``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym import SkillLibrary
from skillflow_gym.skills.store import SkillStore
from tests.cli.skill_places import PHASE, damage, entries, failure


@pytest.mark.parametrize("wanted", [lambda s: s.versions[0][:5], lambda s: "1", lambda s: "@1"])
def test_rollback(skillflow: Any, run: Path, store: SkillStore, wanted: Callable[[SkillStore], str]) -> None:
    done = skillflow("skills", "rollback", run, wanted(store))
    first = store.versions[0]
    assert (done.code, done.out) == (
        0,
        f"back to version {first}, 2 skills, as entry 3\n+one-fact ~two-facts\n",
    )
    assert SkillStore(run / "skills").head == first
    done = skillflow("skills", "rollback", run, wanted(store))
    assert (done.code, done.out) == (0, f"nothing to do: {first} is the present version\n")
    assert len(entries(SkillStore(run / "skills"))) == 3


def test_rollback_from_a_damaged_head(skillflow: Any, store: SkillStore) -> None:
    damage(store, 2)
    done = skillflow("skills", "rollback", store.folder, store.versions[0][:6])
    assert done.code == 0 and "is damaged and cannot be compared" in done.out
    assert "2 skills" in skillflow("skills", "list", store.folder).out


def test_rollback_needs_a_store_and_a_version(skillflow: Any, folder: Path, store: SkillStore) -> None:
    assert "holds no entry of a store" in failure(skillflow("skills", "rollback", folder, "1"))
    assert "holds no version '7'" in failure(skillflow("skills", "rollback", store.folder, "7"))
    assert len(entries(store)) == 2


def test_history(skillflow: Any, run: Path, store: SkillStore) -> None:
    skillflow("skills", "rollback", run, "1")
    done = skillflow("skills", "history", run)
    first, second = (version[:8] for version in store.versions)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"@1  step 0   {first}  start     -          +one-fact +two-facts",
        f"@2  step 30  {second}  refine    two-facts  g -0.23 [-0.50, 0.10], gap 1.41, visits 61"
        "  (plateau, phase 1, 96 rollouts, 12.35 seconds, 1200 tokens)",
        f"@2  step 30  {second}  prune     one-fact   share -0.80, 3 trajectories",
        f"@2  step 30  {second}  reject    bad        gold answer: Namor Peak",
        f"@3  step -   {first}  rollback  -          +one-fact ~two-facts  (version {store.versions[0]})",
    ]


def test_history_of_one_skill(skillflow: Any, store: SkillStore) -> None:
    lines = skillflow("skills", "history", store.folder, "--skill", "one-fact").out.splitlines()
    assert [line.split()[4] for line in lines] == ["start", "prune"]
    assert "96 rollouts" in lines[1], "the first line that is shown tells what the phase cost"
    assert "no entry changes a skill 'x'" in failure(skillflow("skills", "history", store.folder, "--skill", "x"))


def test_the_whole_evidence_is_json(skillflow: Any, store: SkillStore) -> None:
    lines = skillflow("skills", "history", store.folder, "--full").out.splitlines()
    decoder = json.JSONDecoder()
    for line, change in zip(lines[1:], PHASE["changes"], strict=True):
        evidence, end = decoder.raw_decode(line, line.index("{"))
        assert evidence == change["evidence"]
        if change is PHASE["changes"][0]:
            about = decoder.raw_decode(line, line.index("{", end))[0]
            assert about == {name: PHASE[name] for name in ("phase", "reason", "signal", "cost")}
        else:
            assert end == len(line)


def test_history_before_a_damaged_entry_is_shown(skillflow: Any, store: SkillStore) -> None:
    damage(store, 2)
    done = skillflow("skills", "history", store.folder)
    assert done.code == 2 and "is damaged" in done.err and done.err.count("\n") == 1
    assert done.out.startswith("@1  step 0") and done.out.count("\n") == 1


def test_history_needs_a_store(skillflow: Any, folder: Path, tmp_path: Path) -> None:
    assert "holds no entry of a store" in failure(skillflow("skills", "history", folder))
    assert "is no folder" in failure(skillflow("skills", "history", tmp_path / "nothing"))


STRANGE: list[Any] = [
    None,
    True,
    3,
    10**400,
    1e300,
    "text",
    "a line\nand another \u2028 \ud800",
    [],
    {},
    [1, 2],
    [0, -1, 1],
    [0.5, 0.25, 10**400],
    [True, False, True],
    [[]],
    [None],
    ["a", 1, {}],
    {"a": {"b": {"c": [1]}}},
    {"skill": "x", "findings": [["rule"], "text", None, ["a", "b", "c"]], "g": None},
    {"": "", "findings": {}, "skill": {}, "\n": 0},
    "long " * 100,
]


@pytest.mark.parametrize("full", [(), ("--full",)])
def test_events_of_unknown_shape_are_shown(skillflow: Any, tmp_path: Path, full: tuple[str, ...]) -> None:
    store, expected = SkillStore(tmp_path / "store"), 0
    for value in STRANGE:
        events: list[dict[str, Any]] = [
            {name: value} for name in ("kind", "step", "phase", "reason", "signal", "cost", "changes", "other")
        ]
        events += [{"changes": [value]}, {"changes": [{"kind": value, "skill": value, "evidence": value}]}]
        events += [{"changes": [{"skill": "a", "evidence": {"x": value}}], "cost": {"seconds": value}, "y": value}]
        for event in events:
            store.append(SkillLibrary(), event)
            changes = event.get("changes")
            expected += len(changes) if isinstance(changes, list) and changes else 1
    done = skillflow("skills", "history", store.folder, *full)
    assert (done.code, done.err) == (0, "")
    assert done.out.count("\n") == expected
