"""Features of candidates: pure, finite, the same everywhere, and equal to what can be counted by hand."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from math import log
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, Context
from skillflow_gym.agents.policies.features import ARGUMENT_WORDS, NAMES, SIZE, TASK_WORDS, features
from skillflow_gym.agents.policies.pairs import value
from skillflow_gym.agents.policies.places import WINDOW_WORDS
from skillflow_gym.agents.policies.vocabulary import BUCKETS, NAME, NUMBER, bucket, word_ids
from skillflow_gym.envs.qa_proposals import spans
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision, UniformPolicy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.text import words
from skillflow_gym.trajectory import Turn

ROOT = Path(__file__).resolve().parents[2]


def context(task: str, first: str, *arguments: str, turns: tuple[Turn, ...] = (), step_limit: int = 10) -> Context:
    """A context whose proposals accept ``arguments``; one with a colon is an act."""
    proposals = tuple(Action.act(a) if ": " in a else Action.accept(a) for a in arguments)
    return Context(task, "", first, turns, (), proposals, len(turns), step_limit)


def named(shown: Context) -> dict[str, dict[str, float]]:
    """argument -> feature -> value."""
    numbers = features(shown).numbers
    return {
        action.argument: dict(zip(NAMES, map(float, row), strict=True))
        for action, row in zip(shown.proposals, numbers, strict=True)
    }


def check(shown: Context) -> None:
    """Shapes, types and ranges that hold for every context."""
    found = features(shown)
    count = len(shown.proposals)
    assert found.numbers.shape == (count, SIZE) and found.numbers.dtype == np.float32
    assert found.words.shape == (count, 1 + WINDOW_WORDS + ARGUMENT_WORDS) and found.words.dtype == np.int32
    assert found.task.shape == (TASK_WORDS,) and found.task.dtype == np.int32
    assert np.isfinite(found.numbers).all()
    for ids in (found.words, found.task):
        assert ids.min() >= 0 and ids.max() < BUCKETS
    again = features(shown)
    assert all(np.array_equal(getattr(found, name), getattr(again, name)) for name in ("numbers", "words", "task"))


def test_names_are_columns() -> None:
    assert len(set(NAMES)) == len(NAMES) == SIZE


LABEL = "Do Copper Teapot and The Anchors record for the same label?"
SAME = (
    "[1] Copper Teapot\nThe band signed with Ironworks Records in 1998.\n"
    "[2] The Anchors\nThe group joined Ironworks Records in 2003."
)
OTHER = SAME.replace("joined Ironworks Records", "joined Foxglove Music")


@pytest.mark.parametrize(
    ("shown", "agrees", "shares", "overlap"),
    [
        (SAME, 1.0, -1.0, 1.0),
        (OTHER, -1.0, -1.0, -1.0),
        (OTHER.replace("joined", "signed with"), -1.0, 1.0, -1.0),
        (f"{OTHER}\n", -1.0, -1.0, -1.0),
        (f"{OTHER} It is from Ironworks.", -1.0, -1.0, 0.0),
    ],
)
def test_what_two_passages_share_speaks_for_yes_and_against_no(
    shown: str, agrees: float, shares: float, overlap: float
) -> None:
    found = named(context(LABEL, shown, "Copper Teapot", "yes", "no"))
    assert all(row["pair_found"] == 1.0 for row in found.values())
    signs = {"yes": 1.0, "no": -1.0, "Copper Teapot": 0.0}
    for name, told in {"agrees": agrees, "shares": shares, "overlap": overlap}.items():
        assert {a: found[a][f"{name}_if_yes"] for a in signs} == {a: sign * told for a, sign in signs.items()}, name


def test_the_title_with_the_larger_value_has_the_higher_rank() -> None:
    found = named(context(LABEL, SAME, "Copper Teapot", "The Anchors", "Ironworks Records"))
    assert [found[a]["value_rank"] for a in found] == [-1.0, 1.0, 0.0]
    assert [found[a]["has_value"] for a in found] == [1.0, 1.0, 0.0]


def test_one_thing_is_no_pair() -> None:
    row = named(context(LABEL, SAME.split("\n[2]")[0], "yes"))["yes"]
    for name in (*(name for name in NAMES if name.endswith("_if_yes") or "pair" in name), "has_value", "value_rank"):
        assert row[name] == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It opened in 1998.", 1998.0),
        ("It opened on 12 March 1998 or in 2003.", 1998 + 2 / 12 + 12 / 372),
        ("It opened on March 12, 1998.", 1998 + 2 / 12 + 12 / 372),
        ("It opened in March 1998.", 1998 + 2 / 12 + 1 / 372),
        ("It seats 12,500 people.", 12500.0),
        ("It is 3.5 metres wide.", 3.5),
        ("It is old, as they may say.", None),
    ],
)
def test_the_value_of_a_sentence_is_its_first_date_or_number(text: str, expected: float | None) -> None:
    assert value(words(text)) == (None if expected is None else pytest.approx(expected))


def test_dates_are_in_the_order_of_the_calendar() -> None:
    months = "January February March April May June July August September October November December".split()
    days = [f"{day} {month} {year}" for year in (1998, 1999) for month in months for day in (1, 15, 28, 31)]
    values = [value(words(day)) for day in days]
    assert all(v is not None for v in values) and values == sorted(values, key=lambda v: v or 0)
    assert len(set(values)) == len(values)


def test_what_an_argument_is_made_of() -> None:
    found = named(
        context(LABEL, SAME, "Copper Teapot", "yes", "no", "1998", "12 May 1998", "label", "search: Foxglove")
    )
    columns = {
        "is_act": [0, 0, 0, 0, 0, 0, 1],
        "is_accept": [1, 1, 1, 1, 1, 1, 0],
        "is_skill": [0, 0, 0, 0, 0, 0, 0],
        "in_task": [1, 0, 0, 0, 0, 1, 0],
        "yes_no": [0, 1, -1, 0, 0, 0, 0],
        "has_digit": [0, 0, 0, 1, 1, 0, 0],
        "is_year": [0, 0, 0, 1, 0, 0, 0],
        "is_capital": [1, 0, 0, 0, 0, 0, 1],
        "length": [0.2, 0.1, 0.1, 0.1, 0.3, 0.1, 0.1],
        "share_in_task": [1, 0, 0, 0, 0, 1, 0],
    }
    for name, expected in columns.items():
        assert [row[name] for row in found.values()] == pytest.approx(expected), name


def test_where_an_argument_is_mentioned() -> None:
    found = named(context(LABEL, SAME, "Copper Teapot", "Ironworks Records", "1998", "Foxglove"))
    assert [row["mentions"] for row in found.values()] == pytest.approx([log(2) / 3, log(3) / 3, log(2) / 3, 0])
    assert [row["unmentioned"] for row in found.values()] == [0, 0, 0, 1]
    assert [row["is_title"] for row in found.values()] == [1, 0, 0, 0]


def test_the_course_of_the_episode() -> None:
    turns = (
        Turn(Action.act("search: Copper Teapot"), SAME.split("\n[2]")[0]),
        Turn(Action.act("search: nonsense"), "Nothing found."),
    )
    arguments = ("Copper Teapot", "Ironworks Records", "search: Copper Teapot", "The Anchors")
    begun = named(context(LABEL, "Tools: search", *arguments, step_limit=3))["Copper Teapot"]
    assert (begun["progress"], begun["first_step"], begun["last_step"], begun["found_nothing"]) == (0, 1, 0, 0)
    found = named(context(LABEL, "Tools: search", *arguments, turns=turns, step_limit=3))
    row = found["Ironworks Records"]
    assert row["progress"] == pytest.approx(2 / 3)
    assert (row["first_step"], row["last_step"], row["found_nothing"]) == (0, 1, 1)
    assert (row["in_last"], row["age"]) == (0, 1 / 8), "mentioned one turn ago"
    assert [row["asked_before"] for row in found.values()] == [1, 0, 1, 0]
    assert row["title_asked"] == 1, "it stands under a title that was searched for"
    earlier = named(context(LABEL, "Tools: search", *arguments, turns=turns[:1], step_limit=3))["Ironworks Records"]
    assert (earlier["in_last"], earlier["age"]) == (1, 0)


FESTIVAL = "Where is the harvest festival?"
HARVESTS = "The harvest festival is in Marbury. Dunwick held no harvest for years."
HARVEST, FESTIVE = log(4 / 3) + 0.2, log(4 / 2) + 0.2
"""Weights of the two words that the task asks about: one stands in two of two sentences, the other in one."""


def test_cover_counts_rare_words_more() -> None:
    found = named(context(FESTIVAL, HARVESTS, "Marbury", "Dunwick", "Elsewhere"))
    share = HARVEST / (HARVEST + FESTIVE)
    assert 0 < share < 0.5
    for name in ("near_cover", "body_cover", "best_cover", "mean_cover", "chain_cover"):
        expected = [1.0, share, 0.0]
        assert [row[name] for row in found.values()] == pytest.approx(expected, abs=1e-6), name
    assert all(row["task_seen"] == pytest.approx(1.0) for row in found.values())


def test_near_is_within_four_words() -> None:
    padding = "one two three four"
    found = named(context(FESTIVAL, f"Harvest festival {padding} Marbury.", "Marbury"))["Marbury"]
    assert found["near_cover"] == 0.0 and found["body_cover"] == pytest.approx(1.0)
    found = named(context(FESTIVAL, f"Harvest festival {padding[:13]} Marbury.", "Marbury"))["Marbury"]
    assert found["near_cover"] == pytest.approx(0.5), "the festival is the fourth word before it"


LAMP = "Who founded the company that makes the Zephyr Lamp?"
FIRST_HOP = "[1] Zephyr Lamp\nA product that the company Orlo Works makes."
SECOND_HOP = "[2] Orlo Works\nIt was founded by Mina Dahl."
"""Five segments share three asked words, each in one of them, and two names."""


def test_a_chain_covers_what_its_passages_cover_together() -> None:
    row = named(context(LAMP, f"{FIRST_HOP}\n{SECOND_HOP}", "Mina Dahl"))["Mina Dahl"]
    assert row["body_cover"] == pytest.approx(1 / 3, abs=1e-6)
    assert (row["chain_cover"], row["long_chain_cover"], row["chain_less_own"]) == pytest.approx((1.0, 1.0, 1.0))
    assert (row["place_named"], row["chain_named"]) == pytest.approx((0.0, 1.0))
    alone = named(context(LAMP, SECOND_HOP, "Mina Dahl"))["Mina Dahl"]
    assert alone["chain_cover"] == alone["body_cover"] < 1.0 and alone["chain_named"] == 0.0


def test_a_chain_goes_over_titles_that_are_mentioned_and_no_others() -> None:
    strange = FIRST_HOP.replace("Orlo Works", "Someone Else")
    row = named(context(LAMP, f"{strange}\n{SECOND_HOP}", "Mina Dahl"))["Mina Dahl"]
    assert row["chain_cover"] == row["body_cover"] and row["chain_named"] == 0.0


def test_two_hops_need_the_long_chain() -> None:
    third = "[3] Mina Dahl\nShe lives in Port Sable."
    row = named(context(LAMP, f"{FIRST_HOP}\n{SECOND_HOP}\n{third}", "Port Sable"))["Port Sable"]
    assert row["body_cover"] == 0.0 and row["chain_cover"] == pytest.approx(1 / 3, abs=1e-6)
    assert row["long_chain_cover"] == pytest.approx(1.0) and row["chain_named"] == pytest.approx(1.0)


def test_words_of_the_command_and_around_the_mention() -> None:
    found = features(context(FESTIVAL, HARVESTS, "Dunwick", "search: Dunwick", "lookup: Dunwick", "Elsewhere"))
    verbs = found.words[:, 0].tolist()
    assert len(set(verbs)) == 3 and verbs[0] == verbs[3], "accept, search, lookup"
    near = [i for i in found.words[0, 1 : 1 + WINDOW_WORDS].tolist() if i]
    assert near == [bucket(word) for word in ("held", "no", "harvest", "for")]
    assert (found.words[3, 1 : 1 + WINDOW_WORDS] == 0).all() and found.words[3, 1 + WINDOW_WORDS] == NAME
    assert found.task.tolist()[:5] == list(word_ids(FESTIVAL)) and (found.task[5:] == 0).all()


def test_names_and_numbers_share_their_buckets() -> None:
    assert bucket("Marbury") == bucket("Évora") == NAME and bucket("1998") == bucket("4th") == NUMBER
    assert bucket("published") == bucket("publishing") not in (0, NAME, NUMBER, bucket("lamp"))
    assert bucket("The") == bucket("the"), "a stop word is no name, wherever it stands"


digits = st.sampled_from(["may", "12", "1998", "²", "①", "፩፩፩፩", "٣", "1,2.3", "9" * 400, "𐩀𐩀𐩀𐩀", "0.5.1"])
pieces = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(categories=["N", "P", "Z", "Cs", "M"]), max_size=6),
    digits,
    st.sampled_from(
        ["[1] Copper Teapot\n", "[2] The Anchors\n", "\n", ". ", "] ", "[", " Copper Teapot ", "’s", "Nothing"]
    ),
)
texts = st.lists(pieces, max_size=12).map("".join)
actions = st.one_of(
    st.builds(Action.act, texts), st.builds(Action.accept, texts), st.builds(Action.skill, st.just("a-b"))
)
turn = st.builds(Turn, actions, texts)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    st.one_of(texts, st.just(LABEL)),
    texts,
    st.lists(turn, max_size=3),
    st.lists(actions, min_size=1, max_size=6),
    st.integers(0, 5),
)
def test_no_text_breaks_them(
    task: str, first: str, turns: list[Turn], proposals: list[Action], step_limit: int
) -> None:
    shown = Context(task, "", first, tuple(turns), (), tuple(proposals), len(turns), step_limit)
    check(shown)
    turned = replace(shown, proposals=shown.proposals[::-1])
    for name in ("numbers", "words"):
        rows, other = getattr(features(shown), name), getattr(features(turned), name)
        assert np.array_equal(rows, other[::-1]), "a row is of its proposal, whatever stands beside it"


@pytest.mark.parametrize("odd", ["May ፩፩፩፩", "May 𐩀𐩀𐩀𐩀", "9" * 400, "²", "1٫5", "1" * 5000])
def test_odd_numbers_keep_them_finite(odd: str) -> None:
    shown = f"[1] Copper Teapot\nThe band had {odd} members.\n[2] The Anchors\nThe group joined in 2003."
    one = context(LABEL, shown, "Copper Teapot", "The Anchors", odd)
    check(one)
    ranks = {argument: row["value_rank"] for argument, row in named(one).items()}
    assert set(ranks.values()) <= {-1.0, 0.0, 1.0} and ranks["Copper Teapot"] == -ranks["The Anchors"]


def played() -> list[Context]:
    """Contexts of the mini tasks: of random play, and of play that looks up what the question names."""
    collector = Collector(lambda: gym.make("SkillFlow/HotpotQA-v0", source="mini"))
    env = collector.make_env()
    tasks = env.unwrapped.taskset[:30]  # type: ignore[attr-defined]
    trajectories = collector.collect(UniformPolicy(), [Job(t.id, t.id, t.id, (0,)) for t in tasks[:6] * 2]).trajectories
    contexts = [context for t in trajectories for context in t.contexts()]
    for task in tasks:
        episode = Episode(env, seed=0, task_id=task.id)
        for name in spans(task.prompt)[:2]:
            episode.step(Decision(Action.act(f"search: {name}"), 0.0, 0.0))
        contexts.append(episode.context)
    collector.close()
    return contexts


def digest() -> str:
    """A hash of the features of ``played()``."""
    total = hashlib.sha256()
    for shown in played():
        found = features(shown)
        total.update(found.numbers.tobytes() + found.words.tobytes() + found.task.tobytes())
    return total.hexdigest()


def test_they_do_not_depend_on_the_order_of_sets() -> None:
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", "from tests.agents.test_features import digest; print(digest())"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.stdout.strip() == digest(), done.stderr


def test_played_contexts_are_well_described() -> None:
    shown = played()
    assert len(shown) > 12
    for one in shown:
        check(one)
    numbers = np.concatenate([features(one).numbers for one in shown])
    assert np.abs(numbers).max() <= 3.0, "all of them small"
    constant = {name for name, column in zip(NAMES, numbers.T, strict=True) if np.ptp(column) == 0}
    assert constant <= {"is_skill", "is_year", "last_step", "shares_if_yes", "found_nothing"}, (
        "the others tell contexts apart"
    )
