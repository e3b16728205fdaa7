"""The spaces: what belongs to them, what they sample, and that shared memory is refused."""

from __future__ import annotations

import pickle
from copy import deepcopy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import CustomSpaceError
from gymnasium.vector.utils import batch_space, create_shared_memory
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action
from skillflow_gym.spaces import MAX_TEXT, Unicode, action_space, observation_space, skill_id_space


@settings(deadline=None, derandomize=True)
@given(st.text(st.characters()))
def test_any_text_belongs_to_unicode(text: str) -> None:
    assert text in Unicode()
    for make in (Action.act, Action.accept):
        assert make(text) in action_space()
    assert observation_space().contains({"task": text, "observation": text, "skills": text})


@pytest.mark.parametrize("other", [None, 7, b"text", ["text"], np.array("text"), "x" * (MAX_TEXT + 1)])
def test_nothing_else_does(other: object) -> None:
    assert other not in Unicode()
    assert (1, other) not in action_space()


def test_the_longest_text() -> None:
    assert "🦉" * MAX_TEXT in Unicode()


@pytest.mark.parametrize(
    ("name", "belongs"),
    [
        ("search-twice", True),
        ("a", True),
        ("7", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("Upper", False),
        ("with space", False),
        ("é", False),
        ("under_score", False),
    ],
)
def test_names_of_skills(name: str, belongs: bool) -> None:
    assert (name in skill_id_space()) is belongs
    assert (Action.skill(name) in action_space()) is belongs


@pytest.mark.parametrize("kind", [3, -1, "act"])
def test_there_are_three_kinds(kind: object) -> None:
    assert (kind, "x") not in action_space()


def test_samples_belong_and_are_actions() -> None:
    space = action_space()
    space.seed(0)
    samples = [space.sample() for _ in range(200)]
    assert all(sample in space for sample in samples)
    assert {int(Action.parse(sample).kind) for sample in samples} == {0, 1, 2}
    assert all(text.isprintable() and len(text) <= 64 for _, text in samples)
    again = action_space()
    again.seed(0)
    assert [again.sample() for _ in range(200)] == samples


def test_unicode_samples_vary_in_length_and_follow_the_seed() -> None:
    space = Unicode(seed=3)
    samples = [space.sample() for _ in range(300)]
    assert {len(text) for text in samples} == set(range(33))
    assert [Unicode(seed=3).sample() for _ in range(2)] == samples[:1] * 2
    length = 5
    assert len(space.sample(mask=(length, None))) == length


@pytest.mark.parametrize("space", [Unicode(), action_space(), observation_space()], ids=repr)
def test_copies_are_equal(space: gym.Space) -> None:  # type: ignore[type-arg]
    assert deepcopy(space) == space
    assert pickle.loads(pickle.dumps(space)) == space
    assert space != gym.spaces.Text(10)
    assert space.is_np_flattenable is False


def test_they_batch_to_tuples_of_text() -> None:
    assert ("one", "two \ud800") in batch_space(Unicode(), 2)
    assert (Action.act("x"), Action.accept("y")) in batch_space(action_space(), 2)


@pytest.mark.parametrize("space", [Unicode(), observation_space()], ids=repr)
def test_shared_memory_is_refused_with_the_way_out(space: gym.Space) -> None:  # type: ignore[type-arg]
    with pytest.raises(CustomSpaceError, match=r"pass shared_memory=False .* or use the default gym\.make_vec"):
        create_shared_memory(space, n=2)


def test_repr() -> None:
    assert repr(Unicode()) == "Unicode()"
