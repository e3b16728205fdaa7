"""ScienceWorld's proposals: all that is admissible while it is few, what suits the task when it is many, quickly."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, Context
from skillflow_gym.envs.scienceworld_proposals import MAX_ACTS, scienceworld_proposals

THINGS = [f"{colour} {thing}" for colour in ("red", "blue", "green") for thing in ("cup", "box", "wire", "pot", "seed")]
ONE = [f"{verb} {thing}" for verb in ("open", "focus on", "look at", "pick up", "use") for thing in THINGS]
TWO = [f"{verb} {a} {to} {b}" for verb, to in (("move", "to"), ("connect", "to"), ("use", "on")) for a in THINGS
       for b in THINGS if a != b]  # fmt: skip
TASK = "Your task is to find a(n) seed. First, focus on the thing. Then, move it to the green box."


def context(acts: list[str], task: str = TASK) -> Context:
    return Context(task, "- pouring: How to pour.", "", (), tuple(acts), (), 0, 100)


def test_few_are_proposed_as_they_are() -> None:
    proposals = scienceworld_proposals(context(ONE))
    assert proposals == (*map(Action.act, ONE), Action.skill("pouring"), Action.accept(""))


def test_of_many_those_that_suit() -> None:
    acts = TWO[:100] + ONE + TWO[100:]
    assert len(acts) > MAX_ACTS
    proposals = scienceworld_proposals(context(acts))
    kept = [action.argument for action in proposals[:-2]]
    assert len(kept) == MAX_ACTS and kept == [act for act in acts if act in set(kept)], "in the simulator's order"
    assert set(ONE) <= set(kept), "what is about one thing stays"
    named = [act for act in TWO if "seed" in act or "green" in act or "box" in act]
    left_out = [act for act in named if act not in kept]
    assert not left_out or not [act for act in kept if act in TWO and act not in named]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.text(max_size=30), max_size=600, unique=True), st.text(max_size=60))
def test_any_text(acts: list[str], task: str) -> None:
    proposals = scienceworld_proposals(context(acts, task))
    assert len(set(proposals)) == len(proposals) == min(len(acts), MAX_ACTS) + 2
    assert {action.argument for action in proposals[:-2]} <= set(acts)


@pytest.mark.parametrize("rounds", [20])
def test_long_lists_are_quick(rounds: int) -> None:
    long = context([f"{act} {i}" for i in range(3) for act in ONE + TWO])
    assert len(long.admissible) > 2000
    scienceworld_proposals(long)  # the first time it meets the words
    start = time.process_time()
    for _ in range(rounds):
        scienceworld_proposals(long)
    assert (time.process_time() - start) / rounds < 0.02
