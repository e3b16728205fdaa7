"""A furnished scene of ALFWorld: its receptacles, and things placed in them so that a task can be solved."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from random import Random
from typing import NamedTuple

from .alfworld_wheel import constants, holds, layout, receptacle_types, thing_types

PLACE, LIGHT = "pick_and_place_simple", "look_at_obj_in_light"
CLEAN, HEAT, COOL = (f"pick_{verb}_then_place_in_recep" for verb in ("clean", "heat", "cool"))
TWO = "pick_two_obj_and_place"
KINDS = (PLACE, LIGHT, CLEAN, HEAT, COOL, TWO)
"""ALFWorld's six kinds of tasks."""

# What changes a thing, where, and the list of the things that it works for.
CHANGES = {
    CLEAN: ("clean", "SinkBasin", "Cleanable"),
    HEAT: ("heat", "Microwave", "Heatable"),
    COOL: ("cool", "Fridge", "Coolable"),
}
_LAMPS = ("DeskLamp", "FloorLamp")
_UNDER_LAMPS = ("Desk", "SideTable", "Dresser", "CoffeeTable", "DiningTable", "Shelf", "TVStand", "Sofa", "ArmChair")


class ImpossibleTask(ValueError):
    """A task that its scene, or ALFWorld, does not allow; the message says why."""


class Spec(NamedTuple):
    """What makes a task.

    Attributes:
        kind: one of KINDS.
        thing: type of what is to be moved or looked at.
        place: type of the receptacle it goes to; of the lamp, to look at it.
        scene: number of the floor plan.
        trial: tells furnishings of the same task apart.
    """

    kind: str
    thing: str
    place: str
    scene: int
    trial: int = 0

    @property
    def id(self) -> str:
        """The path that ALFWorld would give the game."""
        return f"{self.kind}-{self.thing}-None-{self.place}-{self.scene}/trial_S{self.trial:08d}"


@dataclass
class World:
    """A scene with everything in it.

    Attributes:
        receptacles: id -> type.
        poses: id of a receptacle -> the location to reach it from.
        things: id -> type.
        inside: id of a thing -> id of its receptacle.
    """

    receptacles: dict[str, str]
    poses: dict[str, str]
    things: dict[str, str]
    inside: dict[str, str]

    @cached_property
    def names(self) -> dict[str, str]:
        """What the engine calls things and receptacles: ``shelf 2``; of each sort the last id is number 1."""
        sorts = {id: id.lower().split("|")[0] + "basin" * ("basin" in id.lower()) for id in self._ids}
        counts = Counter(sorts.values())
        names = {}
        for id in sorted(self._ids, key=lambda id: mangled(id).lower()):
            names[id] = f"{sorts[id]} {counts[sorts[id]]}"
            counts[sorts[id]] -= 1
        return names

    @property
    def _ids(self) -> list[str]:
        return [*self.receptacles, *self.things]


def mangled(id: str) -> str:
    """An id of THOR as ALFWorld writes it in PDDL."""
    for sign, word in zip("-|+.,", ("minus", "bar", "plus", "dot", "comma"), strict=True):
        id = id.replace(sign, f"_{word}_")
    return id


def check(spec: Spec) -> None:
    """Raise ``ImpossibleTask`` if no world lets ``spec`` be solved without it being solved from the start."""
    if spec.kind not in KINDS:
        raise ImpossibleTask(f"kind {spec.kind!r} is none of {', '.join(KINDS)}")
    if not (sorts := sorts_of_receptacles(spec.scene)):
        raise ImpossibleTask(f"there is no scene {spec.scene}")
    if spec.thing not in thing_types():
        raise ImpossibleTask(f"a {spec.thing} cannot be carried")
    if spec.kind in CHANGES:
        _, station, changed = CHANGES[spec.kind]
        if station not in sorts:
            raise ImpossibleTask(f"scene {spec.scene} has no {station}")
        if spec.thing not in constants().VAL_ACTION_OBJECTS[changed]:
            raise ImpossibleTask(f"a {spec.thing} is not {changed.lower()}")
    if spec.kind == LIGHT:
        if spec.place not in _LAMPS:
            raise ImpossibleTask(f"a {spec.place} is no lamp")
        if sorts.isdisjoint(_UNDER_LAMPS):
            raise ImpossibleTask(f"scene {spec.scene} has nothing to put a lamp on")
    elif spec.place not in sorts:
        raise ImpossibleTask(f"scene {spec.scene} has no {spec.place}")
    elif not holds(spec.place, spec.thing):
        raise ImpossibleTask(f"a {spec.place} cannot hold a {spec.thing}")
    if not any(holds(sort, spec.thing) for sort in sorts - {spec.place}):
        raise ImpossibleTask(f"scene {spec.scene} has nothing but the goal that could hold a {spec.thing}")


def furnish(spec: Spec) -> World:
    """A world in which ``spec`` can be solved and is not solved yet; the same for the same ``spec``.

    Raises:
        ImpossibleTask: there is none.
    """
    check(spec)
    rng = Random(spec.id)
    world = _receptacles(spec.scene, rng)
    sorts = sorts_of_receptacles(spec.scene)
    for thing in sorted(_present(spec.scene) & thing_types() | {spec.thing}):
        count = rng.choice((1, 1, 2, 3))
        if thing == spec.thing:
            _put(world, thing, max(count, 1 + (spec.kind == TWO)), _holding(sorts - {spec.place}, thing), rng)
        elif holding := _holding(sorts, thing):
            _put(world, thing, count, holding, rng)
    if spec.kind == LIGHT:
        _put(world, spec.place, 1, sorts.intersection(_UNDER_LAMPS), rng)
    return world


@cache
def sorts_of_receptacles(scene: int) -> frozenset[str]:
    """The types of receptacles in a scene; none if there is no such scene."""
    found = layout(scene)
    if found is None:
        return frozenset()
    placed = (_sort(id) for id in found[1])
    return (found[0] | frozenset(placed)) & receptacle_types()


def _present(scene: int) -> frozenset[str]:
    found = layout(scene)
    return found[0] if found is not None else frozenset()


def _holding(sorts: frozenset[str], thing: str) -> frozenset[str]:
    return frozenset(sort for sort in sorts if holds(sort, thing))


def _sort(id: str) -> str:
    """The type of a receptacle in a layout: basins of sinks and bathtubs say it last."""
    first, *_, last = id.split("|")
    return last if last.endswith("Basin") else first


def _receptacles(scene: int, rng: Random) -> World:
    """Those of the layout; a type that it names without a pose gets one, a stove four burners."""
    found = layout(scene)
    assert found is not None
    world = World({}, {}, {}, {})
    for id, (x, z, turn, tilt) in sorted(found[1].items()):
        if (sort := _sort(id)) in receptacle_types():
            id = _id(sort, "|".join(id.split("|")[1:4]))
            world.receptacles[id], world.poses[id] = sort, f"loc|{x * 4:.0f}|{z * 4:.0f}|{turn:.0f}|{tilt:.0f}"
    for sort in sorted(sorts_of_receptacles(scene) - set(world.receptacles.values())):
        for _ in range(4 if sort == "StoveBurner" else 1):
            id = _id(sort, _position(rng))
            x, z, turn = rng.randint(-12, 12), rng.randint(-12, 12), rng.choice((0, 90, 180, 270))
            world.receptacles[id], world.poses[id] = sort, f"loc|{x}|{z}|{turn}|30"
    return world


def _id(sort: str, position: str) -> str:
    basin = sort.endswith("Basin")
    return f"{sort.removesuffix('Basin')}|{position}|{sort}" if basin else f"{sort}|{position}"


def _position(rng: Random) -> str:
    return "|".join(f"{rng.uniform(-3, 3):+06.2f}" for _ in range(3))


def _put(world: World, thing: str, count: int, sorts: frozenset[str], rng: Random) -> None:
    places = [id for id, sort in world.receptacles.items() if sort in sorts]
    for _ in range(count):
        id = f"{thing}|{_position(rng)}"
        world.things[id], world.inside[id] = thing, rng.choice(places)
