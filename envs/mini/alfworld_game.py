"""Games of ALFWorld in its own format, made from a furnished scene, with the commands that win them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from .alfworld_wheel import constants, goals, holds, text
from .alfworld_world import CHANGES, LIGHT, TWO, Spec, World, furnish, mangled

# The rules name these types, so every game must have them.
_NEEDED = {"otype": {"Knife", "ButterKnife"}, "rtype": {"SinkBasin", "Microwave", "Fridge"}}
_ABILITIES = ("Cleanable", "Heatable", "Coolable", "Toggleable", "Sliceable")


@dataclass(frozen=True)
class Game:
    """A game.

    Attributes:
        data: ``pddl_domain``, ``pddl_problem`` and ``grammar``, as in a ``game.tw-pddl`` file.
        walkthrough: commands that win it.
    """

    data: dict[str, str]
    walkthrough: tuple[str, ...]


def author(spec: Spec) -> Game:
    """The game of ``spec``; the same for the same ``spec``.

    Raises:
        ImpossibleTask: there is none.
    """
    world = furnish(spec)
    data = {
        "pddl_domain": text("alfred.pddl"),
        "pddl_problem": problem(spec, world),
        "grammar": text("alfred.twl2").replace("UNKNOWN GOAL", wording(spec)),
    }
    return Game(data, tuple(walkthrough(spec, world)))


def wording(spec: Spec) -> str:
    """The goal as the player reads it: one of ALFWorld's two wordings for the kind."""
    words = {"obj": spec.thing.lower(), "recep": spec.place.lower(), "toggle": spec.place.lower(), "mrecep": ""}
    return str(Random(f"wording {spec.id}").choice(goals()[spec.kind]["templates"]).format(**words))


def problem(spec: Spec, world: World) -> str:
    """The PDDL problem. The parser wants its parts in this order."""
    start = next(pose for x in range(99) if (pose := f"loc|{x}|0|0|30") not in world.poses.values())
    declared = [
        "agent1 - agent",
        *(f"{sort}Type - otype" for sort in sorted({*world.things.values(), *_NEEDED["otype"]})),
        *(f"{sort}Type - rtype" for sort in sorted({*world.receptacles.values(), *_NEEDED["rtype"]})),
        *(f"{mangled(id)} - object" for id in world.things),
        *(f"{mangled(id)} - receptacle" for id in world.receptacles),
        *(f"{mangled(pose)} - location" for pose in sorted({*world.poses.values(), start})),
    ]
    facts = ["= (total-cost) 0", *_facts(world), f"atLocation agent1 {mangled(start)}"]
    return "\n".join(
        (
            f"(define (problem scene_{spec.scene})",
            "(:domain alfred)",
            *("(:objects", *declared, ")"),
            *("(:init", *(f"({fact})" for fact in facts), ")"),
            _goal(spec),
            "(:metric minimize (total-cost))",
            ")",
        )
    )


def _facts(world: World) -> Iterator[str]:
    for id, sort in world.receptacles.items():
        yield f"receptacleType {mangled(id)} {sort}Type"
        yield f"receptacleAtLocation {mangled(id)} {mangled(world.poses[id])}"
        if sort in constants().OPENABLE_CLASS_SET:
            yield f"openable {mangled(id)}"
    for receptacle in sorted(set(world.receptacles.values())):
        for thing in sorted(set(world.things.values())):
            if holds(receptacle, thing):
                yield f"canContain {receptacle}Type {thing}Type"
    for id, sort in world.things.items():
        yield f"objectType {mangled(id)} {sort}Type"
        yield f"inReceptacle {mangled(id)} {mangled(world.inside[id])}"
        yield f"objectAtLocation {mangled(id)} {mangled(world.poses[world.inside[id]])}"
        if sort in constants().MOVABLE_RECEPTACLES_SET:
            yield f"isReceptacleObject {mangled(id)}"
        can = [ability for ability in _ABILITIES if sort in constants().VAL_ACTION_OBJECTS[ability]]
        if "Toggleable" not in can:  # lamps stay where they are
            can.append("Pickupable")
        for ability in can:
            yield f"{ability.lower()} {mangled(id)}"


def _goal(spec: Spec) -> str:
    goal = str(goals()[spec.kind]["pddl"]).replace("#", "-")
    goal = goal.format(obj=spec.thing, recep=spec.place, toggle=spec.place, mrecep="")
    return goal.strip()[:-1]  # the library's text also closes what stands around it


def walkthrough(spec: Spec, world: World) -> Iterator[str]:
    """The commands of someone who knows where everything is."""
    name, poses = world.names, world.poses
    opened: set[str] = set()
    here = ""

    def go(receptacle: str) -> Iterator[str]:
        nonlocal here
        if poses[receptacle] != here:  # the engine takes no way to where one stands
            here = poses[receptacle]
            yield f"go to {name[receptacle]}"

    def reach_into(receptacle: str) -> Iterator[str]:
        yield from go(receptacle)
        if world.receptacles[receptacle] in constants().OPENABLE_CLASS_SET and receptacle not in opened:
            opened.add(receptacle)
            yield f"open {name[receptacle]}"

    def first(sort: str) -> str:
        return next(id for id, other in world.receptacles.items() if other == sort)

    wanted = [id for id, sort in world.things.items() if sort == spec.thing]
    for thing in wanted[: 1 + (spec.kind == TWO)]:
        yield from reach_into(world.inside[thing])
        yield f"take {name[thing]} from {name[world.inside[thing]]}"
        if spec.kind == LIGHT:
            lamp = next(id for id, sort in world.things.items() if sort == spec.place)
            yield from go(world.inside[lamp])
            yield f"use {name[lamp]}"
            return
        if spec.kind in CHANGES:
            verb, station, _ = CHANGES[spec.kind]
            yield from go(first(station))
            yield f"{verb} {name[thing]} with {name[first(station)]}"
        yield from reach_into(first(spec.place))
        yield f"move {name[thing]} to {name[first(spec.place)]}"
