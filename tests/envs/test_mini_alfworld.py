"""Mini ALFWorld: sizes, splits by scene, the same games in every process, and tasks that cannot be."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import pytest

from skillflow_gym.envs.mini.alfworld import SIZES, UNSEEN, specs
from skillflow_gym.envs.mini.alfworld_game import author, wording
from skillflow_gym.envs.mini.alfworld_world import (
    CLEAN,
    COOL,
    HEAT,
    KINDS,
    LIGHT,
    PLACE,
    TWO,
    ImpossibleTask,
    Spec,
    furnish,
)
from tests.envs.alfworld_games import listed_games, needs_lists

pytestmark = pytest.mark.skipif(find_spec("alfworld") is None, reason="needs the extra alfworld")
ROOT = Path(__file__).parents[2]
SPLITS = tuple(SIZES)
DIGEST = """
import hashlib
from skillflow_gym.envs.mini import alfworld, alfworld_game
games = [alfworld_game.author(spec) for split in alfworld.SIZES for spec in alfworld.specs(split)[::20]]
text = repr([(game.data["pddl_problem"], game.data["grammar"], game.walkthrough) for game in games])
print(hashlib.sha256(text.encode()).hexdigest())
"""


def room(scene: int) -> int:
    """0 kitchen, 2 living room, 3 bedroom, 4 bathroom."""
    return scene // 100


@pytest.mark.parametrize("split", SPLITS)
def test_as_many_of_each_kind(split: str) -> None:
    assert Counter(spec.kind for spec in specs(split)) == dict.fromkeys(KINDS, SIZES[split])
    assert len({spec.id for spec in specs(split)}) == len(specs(split)) >= 60
    assert len(specs("train")) >= 600


def test_no_task_is_in_two_splits() -> None:
    for one, other in combinations(SPLITS, 2):
        assert set(specs(one)).isdisjoint(specs(other))


def test_the_test_split_plays_elsewhere() -> None:
    seen = {spec.scene for split in ("train", "validation") for spec in specs(split)}
    unseen = {spec.scene for spec in specs("test")}
    assert unseen == UNSEEN and seen.isdisjoint(unseen)
    assert len(seen) > 90 and {spec.scene for spec in specs("validation")} <= {spec.scene for spec in specs("train")}
    assert Counter(map(room, UNSEEN)) == {0: 4, 2: 4, 3: 4, 4: 4}


def test_goals_and_things_are_many() -> None:
    train = specs("train")
    assert len({wording(spec) for spec in train}) > 300
    assert len({spec.thing for spec in train}) >= 40 and len({spec.place for spec in train}) >= 20


def test_every_process_makes_the_same_games() -> None:
    digests = set()
    for hash_seed in ("0", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    games = [author(spec) for split in SPLITS for spec in specs(split)[::20]]
    here = repr([(g.data["pddl_problem"], g.data["grammar"], g.walkthrough) for g in games])
    assert digests == {hashlib.sha256(here.encode()).hexdigest() + "\n"}


def test_trials_of_a_task_are_furnished_differently() -> None:
    one, other = (author(Spec(PLACE, "Mug", "Desk", 302, trial)) for trial in (0, 1))
    assert one.data["pddl_problem"] != other.data["pddl_problem"]


@pytest.mark.parametrize("split", SPLITS)
def test_nothing_that_is_wanted_is_where_it_should_be(split: str) -> None:
    for spec in specs(split)[::7]:
        world = furnish(spec)
        wanted = [id for id, sort in world.things.items() if sort == spec.thing]
        assert len(wanted) >= (2 if spec.kind == TWO else 1)
        assert all(world.receptacles[world.inside[id]] != spec.place for id in wanted)
        assert set(world.inside) == set(world.things) and set(world.inside.values()) <= set(world.receptacles)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (Spec("pick_and_throw", "Mug", "Desk", 302), "kind 'pick_and_throw' is none of pick_and_place_simple"),
        (Spec(PLACE, "Mug", "Desk", 31), "there is no scene 31"),
        (Spec(PLACE, "Piano", "Desk", 302), "a Piano cannot be carried"),
        (Spec(PLACE, "Mug", "Fridge", 302), "scene 302 has no Fridge"),
        (Spec(PLACE, "Mug", "Bed", 302), "a Bed cannot hold a Mug"),
        (Spec(HEAT, "Mug", "Desk", 302), "scene 302 has no Microwave"),
        (Spec(HEAT, "Spoon", "Drawer", 1), "a Spoon is not heatable"),
        (Spec(COOL, "Spoon", "Drawer", 1), "a Spoon is not coolable"),
        (Spec(CLEAN, "Book", "Drawer", 1), "a Book is not cleanable"),
        (Spec(LIGHT, "Book", "Candle", 301), "a Candle is no lamp"),
        (Spec(PLACE, "Towel", "TowelHolder", 401), "has nothing but the goal that could hold a Towel"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(spec: Spec, reason: str) -> None:
    with pytest.raises(ImpossibleTask, match=reason):
        author(spec)


@needs_lists
def test_every_task_of_alfworld_that_is_known_can_be_made() -> None:
    names = {name for _, name, _ in listed_games()}
    assert len(names) > 1500
    for name in names:
        kind, thing, movable, place, scene = name.split("-")
        assert movable == "None"
        assert author(Spec(kind, thing, place, int(scene))).walkthrough[-1].split()[0] in ("move", "use"), name
