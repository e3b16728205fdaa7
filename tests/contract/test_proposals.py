"""Proposals: enough of them, none twice, the same for the same history, and more than one way to succeed."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, ActionKind, Context, Turn
from skillflow_gym.envs.qa_proposals import qa_proposals
from skillflow_gym.envs.swebench.history import read_history
from skillflow_gym.flow.paths import PathFinder
from skillflow_gym.tools.search import Passage, show_passages
from tests.contract.harness import Choose, busy, core, few, make, play, short, taskset, uniform
from tests.contract.pathsearch import successes

SPLITS = ("train", "validation", "test")
SAMPLE = 20


def random_contexts(
    name: str, split: str, episodes: int = 15, choose: Choose = uniform, **kwargs: Any
) -> list[Context]:
    """What a policy meets that draws from the proposals."""
    met: list[Context] = []

    def watch(context: Context, rng: np.random.Generator) -> Action | str:
        met.append(context)
        return choose(context, rng)

    env = short(name, split=split, **kwargs)
    for seed in range(few(name, episodes)):
        play(env, seed, watch)
    return met


def ends_by_itself(name: str, split: str) -> bool:
    """Whether a solved task ends without ``accept``, which before that pays nothing: then nobody needs it."""
    inner = core(make(name, split=split))
    _, info = inner.reset(options={"index": 0})
    gold = inner.gold_actions(inner.task)
    if not info["admissible_actions"] or any(action.kind is not ActionKind.ACT for action in gold):
        return False
    for action in gold:
        if inner.score("").reward:
            return False
        _, reward, terminated, *_ = inner.step(action)
    return terminated and reward == 1.0


def nothing_to_submit(name: str, context: Context) -> bool:
    """Whether a repository is as it was: submitting that resolves no issue."""
    return name == "SWEBench" and not read_history([(t.action.argument, t.observation) for t in context.turns]).edits


@pytest.mark.parametrize("split", SPLITS)
def test_members_of_the_space_and_none_twice(name: str, split: str) -> None:
    env = make(name)
    ends = ends_by_itself(name, split)
    for context in random_contexts(name, split, choose=busy):
        assert len(set(context.proposals)) == len(context.proposals) > 0
        assert all(type(action) is Action and action in env.action_space for action in context.proposals)
        # Before anything was tried, there may be nothing that speaks for an answer.
        accepts = any(action.kind is ActionKind.ACCEPT for action in context.proposals)
        assert not context.step or ends or accepts or nothing_to_submit(name, context)


def test_a_pure_function_of_the_context(name: str) -> None:
    inner, other = core(make(name, split="test")), core(make(name, split="train"))
    other.reset(seed=9)
    for context in random_contexts(name, "test", 5):
        assert inner.proposals(context) == other.proposals(context) == context.proposals


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("retrieval", ["pooled", "own"])
@pytest.mark.parametrize("choose", [uniform, busy])
def test_there_is_something_to_choose_from(qa_name: str, split: str, retrieval: str, choose: Choose) -> None:
    if retrieval == "own" and not taskset(qa_name, split)[0].record["passages"]:
        pytest.skip(f"the records of {qa_name} hold no passages")
    contexts = random_contexts(qa_name, split, choose=choose, retrieval=retrieval)
    assert median(len(context.proposals) for context in contexts) >= 15
    begun = [c for c in contexts if any(turn.action.kind is ActionKind.ACT for turn in c.turns)]
    for context in begun:
        taken = {turn.action for turn in context.turns if turn.action.kind is ActionKind.ACT}
        assert taken.isdisjoint(context.proposals), "no act is proposed again"


any_line = st.text(st.characters(), max_size=60)
any_passages = st.lists(st.builds(Passage, any_line, any_line), max_size=3).map(show_passages)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(any_line, st.lists(any_passages | any_line, max_size=3))
def test_any_text_gives_proposals(task: str, shown: list[str]) -> None:
    turns = tuple(Turn(Action.act("search: x"), text) for text in shown)
    proposals = qa_proposals(Context(task, "", "", turns, (), (), len(turns), 8))
    assert len(set(proposals)) == len(proposals) >= 1
    answers = [action.argument for action in proposals if action.kind is ActionKind.ACCEPT]
    assert {"yes", "no"} <= set(answers) if shown else not answers


@pytest.mark.parametrize(
    "passage",
    [
        Passage("", "A text without a title."),
        Passage("yes", "He said no. It is a no."),
        Passage("Tarvo", "Tarvo is a town. Tarvo, of Tarvo."),
        Passage("7", "7 of 7"),
    ],
)
def test_awkward_passages(passage: Passage) -> None:
    turn = Turn(Action.act("search: x"), show_passages([passage]))
    proposals = qa_proposals(Context("Is Tarvo in the town of Tarvo?", "", "", (turn,), (), (), 1, 8))
    assert len(set(proposals)) == len(proposals)
    assert {Action.accept("yes"), Action.accept("no")} <= set(proposals)
    assert all(action.argument.strip() and not action.argument.endswith(": ") for action in proposals)


def ways(name: str, split: str, count: int) -> dict[str, int]:
    """Distinct ways to succeed in evenly spaced tasks; the search stops at two.

    A way is a path without its answer: the same answer in other words is no other way.
    """
    tasks = taskset(name, split)
    env = core(make(name, split=split))
    finder = PathFinder(lambda: make(name, split=split))
    found: dict[str, set[frozenset[Action]]] = {}
    for task in tasks[:: max(1, len(tasks) // count)][:count]:
        found[task.id] = set()
        for trajectory in successes(env, task.id):
            if (path := finder.path(trajectory)) is not None:
                found[task.id].add(frozenset(action for action in path if action.kind is not ActionKind.ACCEPT))
            if len(found[task.id]) == 2:
                break
    finder.close()
    return {task_id: len(different) for task_id, different in found.items()}


@pytest.mark.parametrize("split", SPLITS)
def test_half_of_the_tasks_have_two_ways_to_succeed(qa_name: str, split: str) -> None:
    found = ways(qa_name, split, SAMPLE)
    assert len(found) == SAMPLE
    assert sum(number >= 2 for number in found.values()) >= SAMPLE / 2, found


@pytest.mark.slow
@pytest.mark.parametrize("split", SPLITS)
def test_half_of_all_tasks_have_two_ways_to_succeed(qa_name: str, split: str) -> None:
    found = ways(qa_name, split, len(taskset(qa_name, split)))
    assert sum(number >= 2 for number in found.values()) >= len(found) / 2
