"""Mini ALFWorld: 720 tasks of the six kinds, made from the scene layouts in the ``alfworld`` package.

As in ALFWorld, train and validation share their scenes, and the test split plays in scenes that neither knows. No task
stands in two splits.
"""

from __future__ import annotations

from functools import cache
from random import Random

from .alfworld_wheel import constants, holds, layout, thing_types
from .alfworld_world import CHANGES, KINDS, LIGHT, ImpossibleTask, Spec, check

SIZES = {"train": 100, "validation": 10, "test": 10}
"""Tasks of each kind."""
UNSEEN = frozenset((3, 10, 17, 26, 204, 211, 219, 227, 301, 308, 314, 325, 402, 413, 421, 424))
"""Scenes of the test split: the four of ALFWorld's own, and three more of each sort of room."""


@cache
def specs(split: str) -> tuple[Spec, ...]:
    """The tasks of train, validation or test; kinds in turn."""
    seen = [scene for scene in _scenes() if scene not in UNSEEN]
    if split == "test":
        return _draw("test", sorted(UNSEEN), SIZES["test"])
    both = _draw("seen", seen, SIZES["train"] + SIZES["validation"])
    cut = SIZES["train"] * len(KINDS)
    return both[:cut] if split == "train" else both[cut:]


def _draw(seed: str, scenes: list[int], size: int) -> tuple[Spec, ...]:
    """``size`` tasks of each kind, scenes and things as evenly as they come."""
    drawn: dict[str, list[Spec]] = {}
    for kind in KINDS:
        rng = Random(f"{seed} {kind}")
        chosen: dict[Spec, None] = {}
        fitting = {scene: options for scene in scenes if (options := _options(kind, scene))}
        while len(chosen) < size:
            for scene in rng.sample(list(fitting), len(fitting)):
                spec = rng.choice(fitting[scene])
                if len(chosen) < size and spec not in chosen and _possible(spec):
                    chosen[spec] = None
        drawn[kind] = list(chosen)
    return tuple(drawn[kind][i] for i in range(size) for kind in KINDS)


@cache
def _scenes() -> tuple[int, ...]:
    return tuple(scene for scene in range(1, 500) if layout(scene) is not None)


@cache
def _options(kind: str, scene: int) -> tuple[Spec, ...]:
    """The tasks of a kind with what is in the scene."""
    found = layout(scene)
    assert found is not None
    present = sorted(found[0])
    things = [sort for sort in present if sort in thing_types()]
    if kind in CHANGES:
        things = [sort for sort in things if sort in constants().VAL_ACTION_OBJECTS[CHANGES[kind][2]]]
    if kind == LIGHT:
        return tuple(
            Spec(kind, thing, lamp, scene) for lamp in ("DeskLamp", "FloorLamp") if lamp in present for thing in things
        )
    return tuple(Spec(kind, thing, place, scene) for thing in things for place in present if holds(place, thing))


def _possible(spec: Spec) -> bool:
    try:
        check(spec)
    except ImpossibleTask:
        return False
    return True
