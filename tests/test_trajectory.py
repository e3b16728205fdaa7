"""Trajectories: their JSON form, files of them, and the contexts that they hold."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, ActionKind, Context, Trajectory, Turn
from skillflow_gym.trajectory import SCHEMA_VERSION, TrajectoryError, read_trajectories, write_trajectories

quick = settings(deadline=None, derandomize=True, max_examples=60)
text = st.text(st.characters(), max_size=12)
texts = st.lists(text, max_size=3).map(tuple)
number = st.floats(allow_nan=False)
action = st.builds(Action, st.sampled_from(ActionKind), text)
turn = st.builds(
    Turn,
    action=action,
    observation=text,
    admissible=texts,
    candidates=st.lists(action, max_size=3).map(tuple),
    chosen=st.integers(-1, 3),
    token_ids=st.lists(st.integers(0, 200_000), max_size=3).map(tuple),
    action_mask=st.lists(st.integers(0, 1), max_size=3).map(tuple),
    token_log_probs=st.lists(number, max_size=3).map(tuple),
    log_pf=st.none() | number,
    log_ref=st.none() | number,
    error=text,
    usage=st.dictionaries(text, st.integers(0), max_size=2),
)
trajectory = st.builds(
    Trajectory,
    id=text,
    task=text,
    turns=st.lists(turn, max_size=3).map(tuple),
    catalogue=text,
    first=text,
    first_admissible=texts,
    step_limit=st.integers(0, 100),
    env_spec=text,
    source=text,
    split=text,
    task_id=text,
    fingerprint=text,
    seed=st.none() | st.integers(0, 2**63),
    group=text,
    library_version=text,
    policy_version=text,
    reward=st.floats(0, 1),
    score=st.dictionaries(text, number, max_size=2),
    success=st.booleans(),
    terminated=st.booleans(),
    truncated=st.booleans(),
    unscored=st.booleans(),
)
SMALL = Trajectory("t", "task", (Turn(Action.act("x"), "seen"), Turn(Action.accept("y"), "")), task_id="q")


@quick
@given(trajectory)
def test_json_restores_it(original: Trajectory) -> None:
    line = original.to_json()
    assert "\n" not in line and line.isascii()
    restored = Trajectory.from_json(line)
    assert restored == original
    assert restored.to_json() == line
    for turn in restored.turns:
        assert type(turn.action) is Action and type(turn.action.kind) is ActionKind
        assert all(type(candidate) is Action for candidate in turn.candidates)
        assert all(type(getattr(turn, f.name)) is tuple for f in fields(Turn) if "tuple" in str(f.type))


@quick
@given(st.lists(trajectory, max_size=4))
def test_files_restore_them(originals: list[Trajectory]) -> None:

    with TemporaryDirectory() as folder:
        path = Path(folder) / "deep" / "t.jsonl"
        write_trajectories(path, originals)
        assert read_trajectories(path) == originals
        assert [p.name for p in path.parent.iterdir()] == ["t.jsonl"], "nothing half-written stays"


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write_trajectories(path, [SMALL])

    def broken() -> Any:
        yield SMALL
        raise RuntimeError("the policy died")

    with pytest.raises(RuntimeError, match="the policy died"):
        write_trajectories(path, broken())
    assert read_trajectories(path) == [SMALL], "the older file is untouched"


def changed(**changes: Any) -> str:
    content = {**json.loads(SMALL.to_json()), **changes}
    return json.dumps({key: value for key, value in content.items() if value is not ...})


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"text"',
        "{}",
        "[" * 100_000,
        changed(schema_version=SCHEMA_VERSION + 1),
        changed(schema_version=...),
        changed(turns=...),
        changed(turns=None),
        changed(turns=[7]),
        changed(turns=[{}]),
        changed(id=...),
        changed(colour="red"),
        changed(first_admissible=None),
        changed(turns=[{**json.loads(SMALL.to_json())["turns"][0], "action": [7, "x"]}]),
        changed(turns=[{**json.loads(SMALL.to_json())["turns"][0], "candidates": ["x"]}]),
        changed(turns=[{**json.loads(SMALL.to_json())["turns"][0], "colour": "red"}]),
    ],
    ids=lambda line: line[-40:],
)
def test_what_is_no_trajectory_is_refused(line: str, tmp_path: Path) -> None:
    with pytest.raises(TrajectoryError):
        Trajectory.from_json(line)
    path = tmp_path / "t.jsonl"
    path.write_text(f"{SMALL.to_json()}\n{line}\n", encoding="utf-8")
    with pytest.raises(TrajectoryError, match=rf"{path}: line 2: "):
        read_trajectories(path)


def test_a_later_version_says_so() -> None:
    with pytest.raises(TrajectoryError, match=f"schema version 99; this release reads {SCHEMA_VERSION}"):
        Trajectory.from_json(changed(schema_version=99))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_trajectories(tmp_path / "none.jsonl")


def test_the_form_is_stable() -> None:
    """A change of these names breaks files that users keep: raise SCHEMA_VERSION with it."""
    assert SCHEMA_VERSION == 1
    assert [f.name for f in fields(Turn)] == (
        "action observation admissible candidates chosen token_ids action_mask token_log_probs "
        "log_pf log_ref error usage"
    ).split()
    assert [f.name for f in fields(Trajectory)] == (
        "id task turns catalogue first first_admissible step_limit env_spec source split task_id fingerprint seed "
        "group library_version policy_version reward score success terminated truncated unscored "
        "confidential withheld schema_version"
    ).split()


def test_the_contexts_are_those_that_the_policy_saw() -> None:
    one, two = (Action.act("x"), Action.accept("a")), (Action.accept("b"),)
    turns = (
        Turn(one[0], "o1", admissible=("m1",), candidates=one, chosen=0),
        Turn(two[0], "o2", admissible=("m2",), candidates=two, chosen=0),
    )
    trajectory = replace(SMALL, turns=turns, catalogue="c", first="o0", first_admissible=("m0",), step_limit=5)
    contexts = list(trajectory.contexts())
    assert contexts == [
        Context("task", "c", "o0", (), ("m0",), one, 0, 5),
        Context("task", "c", "o0", turns[:1], ("m1",), two, 1, 5),
    ]
    assert [context.observation for context in contexts] == ["o0", "o1"]
    assert len(trajectory) == 2
