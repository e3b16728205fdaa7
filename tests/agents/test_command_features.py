"""Features of commands: pure, finite, and equal to what can be read off the observation by hand."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, Context
from skillflow_gym.agents.policies.command_features import LAYOUT, NAMES, command_features
from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.agents.policies.vocabulary import BUCKETS
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.trajectory import Trajectory, Turn

SHOP = (
    "Instruction: [SEP] find me red mugs, and price lower than 20.00 dollars [SEP] Back to Search [SEP] M01 [SEP] "
    "Plain Red Mug [SEP] $12.50 [SEP] M02 [SEP] Red Bowl [SEP] $31.00 to $35.00 [SEP] red [SEP] blue"
)
WISH = "find me red mugs, and price lower than 20.00 dollars"


def context(task: str, first: str, *commands: str, turns: tuple[Turn, ...] = ()) -> Context:
    proposals = (*map(Action.act, commands), Action.accept(""))
    return Context(task, "", first, turns, (), proposals, len(turns), 10)


def named(shown: Context) -> dict[str, dict[str, float]]:
    """Command -> feature -> value."""
    rows = command_features(shown).numbers
    return {
        a.argument: dict(zip(NAMES, map(float, row), strict=True)) for a, row in zip(shown.proposals, rows, strict=True)
    }


def check(shown: Context) -> None:
    found, again = command_features(shown), command_features(shown)
    assert found.numbers.shape == (len(shown.proposals), LAYOUT.numbers) and found.numbers.dtype == np.float32
    assert found.words.shape == (len(shown.proposals), sum(LAYOUT.groups)) and found.words.dtype == np.int32
    assert found.task.shape == (LAYOUT.task + sum(LAYOUT.context),) and found.task.dtype == np.int32
    assert np.isfinite(found.numbers).all()
    assert min(found.words.min(), found.task.min()) >= 0 and max(found.words.max(), found.task.max()) < BUCKETS
    assert all(np.array_equal(getattr(found, name), getattr(again, name)) for name in ("numbers", "words", "task"))


def test_names_are_columns() -> None:
    assert len(set(NAMES)) == len(NAMES) == LAYOUT.numbers


def test_a_label_stands_for_the_cells_that_follow_it() -> None:
    found = named(context(WISH, SHOP, "click[m01]", "click[m02]", "click[red]", "click[back to search]"))
    mug, bowl, back = found["click[m01]"], found["click[m02]"], found["click[back to search]"]
    assert mug["linked"] == bowl["linked"] == 1.0
    assert mug["cover"] > bowl["cover"] > back["cover"] == 0.0
    assert (mug["is_best"], bowl["is_best"]) == (1.0, 0.0)
    assert mug["precision"] == pytest.approx(2 / 3) and bowl["precision"] == 0.5
    assert (mug["price_fits"], mug["price_exceeds"]) == (1.0, 0.0)
    assert (bowl["price_fits"], bowl["price_exceeds"]) == (0.0, 1.0)


def test_an_option_that_the_task_names_is_open_until_it_was_clicked() -> None:
    offered = ("click[red]", "click[blue]", "click[buy now]")
    before = named(context(WISH, SHOP, *offered))
    clicked = (Turn(Action.act("click[red]"), SHOP),)
    after = named(context(WISH, SHOP, *offered, turns=clicked))
    assert (before["click[red]"]["verbatim"], before["click[blue]"]["verbatim"]) == (1.0, 0.0)
    assert {row["named_and_open"] for row in before.values()} == {0.25}
    assert {row["named_and_open"] for row in after.values()} == {0.0}
    assert after["click[red]"]["times_done"] == pytest.approx(log(2)) and after["click[blue]"]["times_done"] == 0.0
    assert after["click[red]"]["just_done"] == 1.0
    assert {row["no_change"] for row in after.values()} == {1.0}, "the page is the same as before"


def test_a_numbered_candidate_is_read_on_its_line() -> None:
    page = (
        "page\n\nPrevious actions:\n[input] City -> TYPE: Turku\n\nCandidates:\n[0] <a> Hotels </a>\n[1] <input city />"
    )
    found = named(context("Compare hotels in Turku", page, "CLICK [0]", "TYPE [1] Turku", "TYPE [1] Oslo"))
    assert found["CLICK [0]"]["cover"] > 0.0 == found["TYPE [1] Turku"]["cover"]
    assert (found["TYPE [1] Turku"]["verbatim"], found["TYPE [1] Oslo"]["verbatim"]) == (1.0, 0.0)
    assert (found["TYPE [1] Turku"]["value_in_done"], found["TYPE [1] Oslo"]["value_in_done"]) == (1.0, 0.0)


def test_the_parts_of_a_command_are_compared_apart() -> None:
    found = named(context("put a clean mug in cabinet", "room", "move mug 1 to desk 2", "move pan 1 to cabinet 3"))
    mug, pan = found["move mug 1 to desk 2"], found["move pan 1 to cabinet 3"]
    assert (mug["first_in_task"], mug["second_in_task"]) == (1.0, 0.0)
    assert (pan["first_in_task"], pan["second_in_task"]) == (0.0, 1.0)


def test_the_parts_of_an_edit_are_what_it_changes() -> None:
    block = (
        "edit: shop/cart.py\n<<<<<<< SEARCH\n    if count {} limit:\n=======\n    if count {} limit:\n>>>>>>> REPLACE"
    )
    shown = context("the limit is off by one", "", block.format("<", "<="), block.format("<=", "<"))
    found = command_features(shown)
    start = LAYOUT.groups[0] + LAYOUT.groups[1]
    argument, second = found.words[:2, start : start + 5], found.words[:2, start + 5 : start + 9]
    assert (argument[:, 1:] == 0).all() and (second[:, 1:] == 0).all()  # one token each
    assert argument[0, 0] == second[1, 0] != argument[1, 0] == second[0, 0] != 0


def test_what_was_seen_somewhere_is_remembered() -> None:
    went = (Turn(Action.act("go to desk 1"), "You see a mug 1."), Turn(Action.act("go to bed 1"), "You see nothing."))
    found = named(context("find a mug", "room", "go to desk 1", "go to bed 1", "go to shelf 1", turns=went))
    assert [found[f"go to {place}"]["remembered"] for place in ("desk 1", "bed 1", "shelf 1")] == [1.0, 1.0, 0.0]
    assert found["go to desk 1"]["is_best"] == 1.0 and found["go to bed 1"]["cover"] == 0.0


TEXTS = st.text(alphabet=st.sampled_from("ab 1[]:$.\n\ud800é<>/"), max_size=40)


@example(task="\N{HALFWIDTH KATAKANA VOICED SOUND MARK}", first="", commands=["go"], replies=[])  # folds to nothing
@given(task=TEXTS, first=TEXTS, commands=st.lists(TEXTS, max_size=6), replies=st.lists(TEXTS, max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_text_has_features(task: str, first: str, commands: list[str], replies: list[str]) -> None:
    turns = tuple(Turn(Action.act(command), reply) for command, reply in zip(commands, replies, strict=False))
    check(context(task, first, *commands, turns=turns))


@pytest.fixture(scope="module", params=["WebShop", "Mind2Web"])
def sampled(request: pytest.FixtureRequest) -> Iterator[list[Trajectory]]:
    """Two rollouts of an untrained scorer on each of four tasks."""
    collector = Collector(lambda: gym.make(f"SkillFlow/{request.param}-v0", source="mini"))
    env = gym.make(f"SkillFlow/{request.param}-v0", source="mini")
    ids = [task.id for task in env.unwrapped.taskset[:4]]  # type: ignore[attr-defined]
    jobs = [Job(f"{id}-{k}", id, id, (k,)) for id in ids for k in range(2)]
    yield collector.collect(Scorer(features="commands"), jobs).trajectories
    collector.close()


def test_real_contexts_have_features(sampled: list[Trajectory]) -> None:
    for trajectory in sampled:
        for shown in trajectory.contexts():
            check(shown)


def test_what_was_sampled_is_scored_alike(sampled: list[Trajectory]) -> None:
    log_probs, mask = Scorer(features="commands").log_prob(sampled)
    for row, kept, trajectory in zip(log_probs, mask, sampled, strict=True):
        assert [turn.log_pf for turn in trajectory.turns] == pytest.approx(row[kept].tolist(), abs=1e-5)
