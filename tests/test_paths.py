"""PathFinder on vaults, whose ways in are known: the pair of dials, the lever alone, or the hidden master code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gymnasium as gym
import pytest

from skillflow_gym import Action, Task, Trajectory
from skillflow_gym.episode import Episode
from skillflow_gym.flow.paths import PathFinder
from skillflow_gym.policy import Decision
from tests.contract.outsider import VaultEnv, registered

LAST = Action.accept("")


@pytest.fixture
def finder() -> Iterator[PathFinder]:
    with registered():
        made = PathFinder(lambda: gym.make("SkillFlow/Vaults-v0", source="mini"))
        yield made
        made.close()
        made.close()


@pytest.fixture
def task(finder: PathFinder) -> Task:
    return vault().taskset[0]


@pytest.fixture
def dials(task: Task) -> dict[str, Action]:
    """The dials of the first vault by their part in it."""
    gold = vault().taskset.gold(task.id)
    left, right = gold.record["pair"]
    dead = next(dial for dial in task.record["dials"] if dial not in (left, right, gold.answers[0]))
    names = {"left": left, "right": right, "lever": gold.answers[0], "dead": dead, "master": "master"}
    return {part: Action.act(f"turn {dial}") for part, dial in names.items()}


def vault() -> VaultEnv:
    env = gym.make("SkillFlow/Vaults-v0", source="mini").unwrapped
    assert isinstance(env, VaultEnv)
    return env


def rollout(task: Task, *actions: Any, proposed: bool = True) -> Trajectory:
    """A trajectory of ``actions``; with ``proposed`` that of a policy that chooses from proposals."""
    episode = Episode(vault(), seed=0, task_id=task.id, proposals=proposed)
    for action in actions:
        episode.step(Decision(action, 0.0, 0.0, 0 if proposed else -1))
    return episode.trajectory()


def test_a_shortest_way_is_its_own_path(finder: PathFinder, task: Task, dials: dict[str, Action]) -> None:
    assert finder.path(rollout(task, dials["left"], dials["right"])) == frozenset({dials["left"], dials["right"]})
    assert finder.path(rollout(task, dials["lever"])) == frozenset({dials["lever"]})


def test_needless_steps_repeats_and_errors_are_deleted(
    finder: PathFinder, task: Task, dials: dict[str, Action]
) -> None:
    dead, left, right = dials["dead"], dials["left"], dials["right"]
    for actions in (
        (dead, left, right),
        (left, dead, dead, right),
        (left, left, left, right),
        (left, "no action at all", right),
        (Action.skill("none"), left, Action.skill("none"), right),
        (Action.act("dance"), left, right),
    ):
        assert finder.path(rollout(task, *actions, proposed=False)) == frozenset({left, right}), actions
    assert finder.path(rollout(task, dead, left, dead, right)) == frozenset({left, right})


def test_order_does_not_matter(finder: PathFinder, task: Task, dials: dict[str, Action]) -> None:
    one, other = (dials["left"], dials["right"]), (dials["right"], dials["left"])
    assert finder.path(rollout(task, *one)) == finder.path(rollout(task, *other))


def test_of_two_ways_in_one_is_left(finder: PathFinder, task: Task, dials: dict[str, Action]) -> None:
    both = rollout(task, dials["left"], dials["lever"])
    assert both.success and finder.path(both) == frozenset({dials["lever"]})


def test_a_failure_has_no_path(finder: PathFinder, task: Task, dials: dict[str, Action]) -> None:
    failed = rollout(task, dials["left"], LAST)
    assert not failed.success and failed.reward == 0.5
    assert finder.path(failed) is None


def test_what_was_not_proposed_is_a_guess(finder: PathFinder, task: Task, dials: dict[str, Action]) -> None:
    assert finder.path(rollout(task, dials["master"], proposed=False)) == frozenset({dials["master"]})
    other = PathFinder(lambda: gym.make("SkillFlow/Vaults-v0", source="mini"))
    assert other.path(rollout(task, dials["master"], proposed=True)) is None


def test_a_success_that_cannot_be_replayed_has_no_path(
    finder: PathFinder, task: Task, dials: dict[str, Action]
) -> None:
    lucky = replace(rollout(task, dials["dead"], LAST), success=True)
    assert finder.path(lucky) is None


def test_distinct_paths_are_counted_per_task(finder: PathFinder, task: Task, dials: dict[str, Action]) -> None:
    other = vault().taskset[1]
    lever = Action.act(f"turn {vault().taskset.gold(other.id).answers[0]}")
    third = vault().taskset[2]
    trajectories = [
        rollout(task, dials["left"], dials["right"]),
        rollout(task, dials["right"], dials["dead"], dials["left"]),
        rollout(task, dials["lever"]),
        rollout(task, dials["left"], LAST),
        rollout(other, lever),
        rollout(other, LAST),
        rollout(third, LAST),
    ]
    assert finder.count(trajectories) == {task.id: 2, other.id: 1, third.id: 0}
    assert finder.count([]) == {}


def test_results_are_kept(task: Task, dials: dict[str, Action]) -> None:
    made: list[Any] = []
    resets: list[int] = []

    class Counting(VaultEnv):
        def begin(self, task: Task) -> str:
            resets.append(1)
            return super().begin(task)

    finder = PathFinder(lambda: made.append(1) or Counting("Vaults", source="mini"))  # type: ignore[func-returns-value]
    trajectory = rollout(task, dials["left"], dials["dead"], dials["right"])
    first = finder.path(trajectory)
    replays = len(resets)
    assert replays > 2
    assert finder.path(replace(trajectory, id="another")) == first and len(resets) == replays
    assert len(made) == 1
    finder.close()
    assert finder.path(rollout(task, dials["lever"])) == frozenset({dials["lever"]}), (
        "after close it makes a new environment"
    )
    finder.close()
