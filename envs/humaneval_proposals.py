"""Candidate actions for HumanEval, from the shown text alone; one code for mini and real problems.

A small policy cannot write programs, so it chooses: function bodies put together by type from the tables of
``humaneval_grammar``, those first of which the docstring speaks. A body begins with a comment that says in words what
it does, which is what a policy that reads words can go by. Nothing is run here, and no example is compared: what a body
gives is seen after ``test`` only.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from heapq import nlargest, nsmallest
from itertools import chain, islice, permutations
from typing import NamedTuple

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.core import unread_skills
from skillflow_gym.envs.humaneval_grammar import COLLECTIONS, CONDITIONS, MAPS, SOURCES, WHOLE, Rule, stems
from skillflow_gym.envs.humaneval_signature import Signature, read_signature
from skillflow_gym.trajectory import Context

MAX_BODIES, MAX_ANSWERS = 72, 4
"""Most bodies that are proposed, and most written ones that are proposed as the answer."""
SPARE = 40
"""Bodies that take the places of those that were written."""
MAX_CONDITIONS, MAX_MAPS = 16, 8
"""Most conditions, and most maps, that are tried for a source."""
UNSAID, UNUSED = 0.7, 0.5
"""What a part costs that the docstring does not speak of, and a parameter that a body does not use."""


class Piece(NamedTuple):
    """A rule with its arguments filled in.

    Attributes:
        code: what it stands for in Python.
        kind: the type of that.
        names: words for what it does.
        worth: how far the docstring speaks of it.
        used: the parameters in it, as bits.
    """

    code: str
    kind: str = ""
    names: tuple[str, ...] = ()
    worth: float = 0.0
    used: int = 0


_ITEM, _NO_CONDITION = "x", Piece("")


def humaneval_proposals(context: Context) -> tuple[Action, ...]:
    """Bodies to write that were not written yet, ``test`` after something was written, the unread skills, and answers.

    Answers are the bodies that were written, the last ones first; before that, the empty one.
    """
    acts = [turn.action.argument for turn in context.turns if turn.action.kind is ActionKind.ACT]
    written = [act.partition(":")[2].strip() for act in acts if act.startswith("write:")]
    fresh = (body for body in bodies(context.task) if body not in written)
    writes = [_write(body) for body in islice(fresh, MAX_BODIES)]
    tests = [Action.act("test")] if acts and acts[-1].startswith("write:") else []
    answers = list(dict.fromkeys(reversed(written)))[:MAX_ANSWERS] or [""]
    return (*writes, *tests, *unread_skills(context), *map(Action.accept, answers))


@lru_cache(maxsize=16384)
def _write(body: str) -> Action:
    return Action.act(f"write: {body}")


@lru_cache(maxsize=2048)
def bodies(prompt: str) -> tuple[str, ...]:
    """Function bodies for a prompt, those that its words speak for first; some more than are proposed at a time."""
    wanted = read_signature(prompt)
    every = (1 << len(wanted.parameters)) - 1

    def cost(pieces: tuple[Piece, ...]) -> tuple[float, int]:
        used = 0
        for piece in pieces:
            used |= piece.used
        return UNUSED * (every & ~used).bit_count() - sum([piece.worth for piece in pieces]), len(pieces)

    best = nsmallest(MAX_BODIES + SPARE, chain(_whole(wanted), _comprehensions(wanted)), key=cost)
    return tuple(dict.fromkeys(map(_body, best)))


def _body(pieces: tuple[Piece, ...]) -> str:
    """The pieces' names as a comment, then their code."""
    code, *inner = (piece.code for piece in pieces)
    if inner:
        item, source, test = inner
        clause = f"{item} for {_ITEM} in {source}" + (f" if {test}" if test else "")
        code = _fill(code, {"i": clause, "s": source})
    statements, _, expression = code.rpartition("; ")
    names = dict.fromkeys(name for piece in pieces for name in piece.names)
    return f"# {' '.join(names)}\n" + (f"{statements}\n" if statements else "") + f"return {expression}"


def _whole(wanted: Signature) -> Iterator[tuple[Piece, ...]]:
    for rule in WHOLE:
        if _fits(rule.result, wanted.result):
            yield from ((piece,) for piece in _pieces(rule, rule.types, wanted, most=3))


def _comprehensions(wanted: Signature) -> Iterator[tuple[Piece, ...]]:
    """(collection, map, source, condition) for every source, with the likeliest maps and conditions."""
    collections = [_piece(rule, wanted) for rule in COLLECTIONS if _fits(rule.result, wanted.result)]
    takes = {rule.code: rule.types[0] for rule in COLLECTIONS}
    for source in (piece for rule in SOURCES for piece in _pieces(rule, rule.types, wanted)):
        conditions = list(_over(CONDITIONS, source.kind, wanted))
        tests = [_NO_CONDITION, *_likeliest(conditions + [_negated(c, wanted) for c in conditions], MAX_CONDITIONS)]
        maps = [Piece(_ITEM, source.kind), *_likeliest([*_over(MAPS, source.kind, wanted)], MAX_MAPS)]
        for collection in collections:
            kind = takes[collection.code]
            items = conditions if kind == "bool" else [item for item in maps if kind in ("any", item.kind)]
            for item in items:
                for test in tests[:1] if kind == "bool" else tests:
                    pieces = (collection, item, source, test)
                    if any([piece.names for piece in pieces]):
                        yield pieces


def _likeliest(pieces: list[Piece], count: int) -> list[Piece]:
    return nlargest(count, pieces, key=lambda piece: piece.worth)


def _negated(condition: Piece, wanted: Signature) -> Piece:
    drop = _piece(_DROP, wanted)
    return condition._replace(
        code=f"not ({condition.code})", names=drop.names + condition.names, worth=drop.worth + condition.worth
    )


def _over(rules: tuple[Rule, ...], kind: str, wanted: Signature) -> Iterator[Piece]:
    """The conditions or maps for an item of a type, with every way to fill in their other arguments."""
    for rule in rules:
        if rule.types[0] in ("any", kind):
            yield from _pieces(rule, ("", *rule.types[1:]), wanted)


def _pieces(rule: Rule, types: tuple[str, ...], wanted: Signature, most: int = 1) -> Iterator[Piece]:
    """``rule`` with every way to give arguments of ``types``; "" takes none.

    A number may also be one that the docstring names.
    """
    piece = _piece(rule, wanted, most)
    letters = [letter for letter, kind in zip("abcd", types, strict=False) if kind]
    kinds = [kind for kind in types if kind]
    given = [*wanted.parameters, *((number, "num") for number in wanted.numbers)]
    for places in permutations(range(len(given)), len(kinds)):
        constants = [place >= len(wanted.parameters) for place in places]
        if constants[:1] == [True] and letters[0] == "a":
            continue
        if all(_is(given[place][1], kind) for place, kind in zip(places, kinds, strict=True)):
            names = {letter: given[place][0] for letter, place in zip(letters, places, strict=True)}
            used = sum(1 << place for place, constant in zip(places, constants, strict=True) if not constant)
            yield piece._replace(code=_fill(rule.code, {"x": _ITEM, **names}), used=used)


def _piece(rule: Rule, wanted: Signature, most: int = 1) -> Piece:
    """``rule`` as it is, with its worth: how many of its cues the docstring has, ``most`` of them at most."""
    if not rule.cues:
        return Piece(rule.code, rule.result)
    said = len(rule.cues & wanted.stems)
    return Piece(rule.code, rule.result, (rule.name,), min(said, most) if said else -UNSAID)


def _fill(code: str, names: dict[str, str]) -> str:
    for letter, name in names.items():
        code = code.replace(f"{{{letter}}}", name)
    return code


_DROP = Rule((), "", "drop", stems("remove without leave drop not except"), "")


def _is(given: str, kind: str) -> bool:
    return given == kind or given.startswith(f"{kind}:") or (given == "list" and kind.startswith("list:"))


def _fits(result: str, wanted: str) -> bool:
    return not wanted or result == wanted.partition(":")[0]
