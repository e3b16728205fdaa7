"""Problems that put together what is done with the items of a list and which of the items count.

Each pair of the two occurs once in all splits together. Expected values are computed by Python functions of our own,
apart from the solutions' text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

from .problem import Problem

SPLITS = {**dict.fromkeys(range(4), "train"), 4: "validation", 5: "test", 6: "test"}
"""Which pairs a split has, by the remainder of their number; the others are left out."""
PERIOD = 12


class Deed(NamedTuple):
    """What is done with the items that count.

    Attributes:
        name: for the function's name.
        texts: two wordings; {items} is the noun, {which} the condition.
        returns: the type of the result.
        code: the body; {x} is an item, {xs} the list, {test} the condition.
        unfiltered: a body that forgets the condition, or takes it the wrong way round.
        value: computes the result from all items and those that count.
    """

    name: str
    texts: tuple[str, str]
    returns: str
    code: str
    unfiltered: str
    value: Callable[[Sequence[Any], Sequence[Any]], Any]


class Condition(NamedTuple):
    """Which items count.

    Attributes:
        name: for the function's name.
        texts: two wordings, as the verb of the items.
        parameter: the second parameter's name and type; "" for none.
        code: the condition; {x} is an item.
        near: a condition that is easily taken for it.
        holds: whether an item counts.
    """

    name: str
    texts: tuple[str, str]
    parameter: str
    code: str
    near: str
    holds: Callable[[Any, Any], bool]


_COUNT = Deed(
    "count",
    ("Count the {items} that {which}.", "Return how many {items} {which}."),
    "int",
    "return sum(1 for {x} in {xs} if {test})",
    "return len({xs})",
    lambda every, some: len(some),
)
_KEEP = Deed(
    "keep",
    ("Return the {items} that {which}, in their order.", "Keep only those {items} that {which}."),
    "list[{item}]",
    "return [{x} for {x} in {xs} if {test}]",
    "return {xs}",
    lambda every, some: list(some),
)
_DROP = Deed(
    "drop",
    ("Remove the {items} that {which}.", "Return the {items} without those that {which}."),
    "list[{item}]",
    "return [{x} for {x} in {xs} if not ({test})]",
    "return [{x} for {x} in {xs} if {test}]",
    lambda every, some: [item for item in every if item not in some],
)
_ALL = Deed(
    "all",
    ("Tell whether all {items} {which}.", "Return True if all {items} {which}, else False."),
    "bool",
    "return all({test} for {x} in {xs})",
    "return any({test} for {x} in {xs})",
    lambda every, some: len(every) == len(some),
)
_ANY = Deed(
    "any",
    ("Tell whether there are {items} that {which}.", "Return True if some of the {items} {which}, else False."),
    "bool",
    "return any({test} for {x} in {xs})",
    "return all({test} for {x} in {xs})",
    lambda every, some: bool(some),
)
NUMBER_DEEDS = (
    Deed(
        "sum",
        ("Return the sum of the {items} that {which}.", "Add up all {items} that {which}."),
        "int",
        "return sum({x} for {x} in {xs} if {test})",
        "return sum({xs})",
        lambda every, some: sum(some),
    ),
    _COUNT,
    _KEEP,
    Deed(
        "largest",
        (
            "Return the largest of the {items} that {which}, or None if there is none.",
            "Find the maximum of those {items} that {which}; None without any.",
        ),
        "int | None",
        "return max(({x} for {x} in {xs} if {test}), default=None)",
        "return max({xs}, default=None)",
        lambda every, some: max(some, default=None),
    ),
    _DROP,
    Deed(
        "product",
        ("Return the product of the {items} that {which}; 1 if there are none.", "Multiply all {items} that {which}."),
        "int",
        "import math\nreturn math.prod({x} for {x} in {xs} if {test})",
        "import math\nreturn math.prod({xs})",
        lambda every, some: prod(some),
    ),
    _ALL,
    Deed(
        "smallest",
        (
            "Return the smallest of the {items} that {which}, or None if there is none.",
            "Find the minimum of those {items} that {which}; None without any.",
        ),
        "int | None",
        "return min(({x} for {x} in {xs} if {test}), default=None)",
        "return min({xs}, default=None)",
        lambda every, some: min(some, default=None),
    ),
    _ANY,
    Deed(
        "squares",
        (
            "Return the squares of the {items} that {which}.",
            "Square each of the {items} that {which}; leave out the others.",
        ),
        "list[int]",
        "return [{x} ** 2 for {x} in {xs} if {test}]",
        "return [{x} ** 2 for {x} in {xs}]",
        lambda every, some: [item * item for item in some],
    ),
    Deed(
        "doubles",
        (
            "Return the doubles of the {items} that {which}.",
            "Double each of the {items} that {which}; leave out the others.",
        ),
        "list[int]",
        "return [2 * {x} for {x} in {xs} if {test}]",
        "return [2 * {x} for {x} in {xs}]",
        lambda every, some: [2 * item for item in some],
    ),
)
NUMBER_CONDITIONS = (
    Condition("even", ("are even", "are even numbers"), "", "{x} % 2 == 0", "{x} % 4 == 0", lambda x, _: x % 2 == 0),
    Condition(
        "above",
        ("are greater than the limit", "lie above the limit"),
        "limit: int",
        "{x} > limit",
        "{x} >= limit",
        lambda x, limit: x > limit,
    ),
    Condition("negative", ("are negative", "are below zero"), "", "{x} < 0", "{x} < -1", lambda x, _: x < 0),
    Condition(
        "multiple",
        ("are multiples of the factor", "are divisible by factor"),
        "factor: int",
        "{x} % factor == 0",
        "{x} > factor and {x} % factor == 0",
        lambda x, factor: x % factor == 0,
    ),
    Condition(
        "below",
        ("are less than the limit", "lie below the limit"),
        "limit: int",
        "{x} < limit",
        "{x} <= limit",
        lambda x, limit: x < limit,
    ),
    Condition(
        "odd", ("are odd", "are odd numbers"), "", "{x} % 2 == 1", "{x} > 0 and {x} % 2 == 1", lambda x, _: x % 2 != 0
    ),
    Condition(
        "from",
        ("are at least the bound", "are not smaller than the bound"),
        "bound: int",
        "{x} >= bound",
        "{x} > bound",
        lambda x, bound: x >= bound,
    ),
    Condition("positive", ("are positive", "are above zero"), "", "{x} > 0", "{x} > 1", lambda x, _: x > 0),
)
WORD_DEEDS = (
    _COUNT,
    _KEEP,
    Deed(
        "letters",
        ("Return the total length of the {items} that {which}.", "Add up the lengths of all {items} that {which}."),
        "int",
        "return sum(len({x}) for {x} in {xs} if {test})",
        "return sum(len({x}) for {x} in {xs})",
        lambda every, some: sum(map(len, some)),
    ),
    _ANY,
    Deed(
        "join",
        (
            "Join the {items} that {which} with a space.",
            "Return one text with spaces between the {items} that {which}.",
        ),
        "str",
        "return ' '.join({x} for {x} in {xs} if {test})",
        "return ' '.join({xs})",
        lambda every, some: " ".join(some),
    ),
    _ALL,
    Deed(
        "upper",
        (
            "Return the {items} that {which} in upper case.",
            "Write the {items} that {which} in capitals; leave out the others.",
        ),
        "list[str]",
        "return [{x}.upper() for {x} in {xs} if {test}]",
        "return [{x}.upper() for {x} in {xs}]",
        lambda every, some: [item.upper() for item in some],
    ),
    _DROP,
)
WORD_CONDITIONS = (
    Condition(
        "prefix",
        ("start with the prefix", "begin with the prefix"),
        "prefix: str",
        "{x}.startswith(prefix)",
        "prefix in {x}",
        lambda x, prefix: x[: len(prefix)] == prefix,
    ),
    Condition(
        "long",
        ("are longer than the size", "have more than size letters"),
        "size: int",
        "len({x}) > size",
        "len({x}) >= size",
        lambda x, size: len(x) > size,
    ),
    Condition(
        "ending",
        ("end with the ending", "have the ending"),
        "ending: str",
        "{x}.endswith(ending)",
        "ending in {x}",
        lambda x, ending: x[len(x) - len(ending) :] == ending and len(x) >= len(ending),
    ),
    Condition(
        "part",
        ("contain the part", "have the part somewhere in them"),
        "part: str",
        "part in {x}",
        "{x}.startswith(part)",
        lambda x, part: x.find(part) >= 0,
    ),
    Condition(
        "capital",
        ("are written in capitals only", "are all in upper case"),
        "",
        "{x}.isupper()",
        "{x}[:1].isupper()",
        lambda x, _: x.upper() == x != x.lower(),
    ),
)

_NUMBERS: tuple[list[int], ...] = (
    *([3, 8, 10, 1], [7, 12]),  # the first two are the examples
    *(
        [],
        [0],
        [4, 7, -2, 9],
        [5, 5, 6],
        [-3, -8, 12],
        [1, 2, 3, 4, 5, 6],
        [1, -4],
        [-1, 6],
        [-5, 3],
        [2, 6],
        [8],
        [-1],
    ),
)
_LIMITS = (5, 12, 5, 0, 4, 5, -3, 3, 1, -1, 3, 2, 8, 1)
_FACTORS = (2, 4, 2, 3, 7, 5, 4, 3, 4, 3, 5, 2, 8, 1)
_WORDS: tuple[list[str], ...] = (
    *(["tea", "ox", "TENT"], ["at", "It"]),
    *([], ["tree"], ["Sun", "tent", "STAR", "at"], ["to", "toe", "otto"], ["UP", "DOWN", "x"], ["test", "Test", "ant"]),
    *(["ut", "tt"], ["ott"], ["TT", "Tt"], ["ot", "to"]),
)
_PARTS = ("t", "t", "a", "t", "t", "to", "x", "te", "t", "t", "T", "ot")
_SIZES = (2, 2, 0, 4, 3, 2, 1, 3, 2, 2, 1, 2)
_NUMBER_NOUNS = "marks prices steps weights levels scores ages amounts".split()
_WORD_NOUNS = "names labels cities tags titles".split()


def problems(split: str) -> Iterator[Problem]:
    """The problems of a split."""
    for item, deeds, conditions, nouns, lists in (
        ("int", NUMBER_DEEDS, NUMBER_CONDITIONS, _NUMBER_NOUNS, _NUMBERS),
        ("str", WORD_DEEDS, WORD_CONDITIONS, _WORD_NOUNS, _WORDS),
    ):
        for i, deed in enumerate(deeds):
            for j, condition in enumerate(conditions):
                if SPLITS.get((3 * i + j) % PERIOD) == split:
                    yield _problem(deed, condition, item, nouns[(2 * i + j) % len(nouns)], lists, (i + j) % 2)


def _problem(
    deed: Deed, condition: Condition, item: str, noun: str, lists: Sequence[Sequence[Any]], wording: int
) -> Problem:
    name, _, kind = condition.parameter.partition(": ")
    seconds = {"": (None,) * len(lists), "factor": _FACTORS, "size": _SIZES}.get(
        name, _PARTS if kind == "str" else _LIMITS
    )
    lines = []
    for every, second in zip(lists, seconds, strict=True):
        some = [one for one in every if condition.holds(one, second)]
        arguments = repr(every) if second is None else f"{every!r}, {second!r}"
        lines.append(f"{arguments} -> {deed.value(every, some)!r}")
    x = noun.removesuffix("ies") + "y" if noun.endswith("ies") else noun.removesuffix("s")
    words = {"x": x, "xs": noun, "items": noun, "item": item, "which": condition.texts[wording]}

    def code(body: str, test: str) -> str:
        return body.format(test=test.format(x=x), **words)

    parameters = ", ".join(filter(None, (f"{noun}: list[{item}]", condition.parameter)))
    return Problem(
        f"{deed.name}_{condition.name}_{noun}({parameters}) -> {deed.returns.format(**words)}",
        deed.texts[wording].format(**words),
        "\n".join(lines[:2]),
        "\n".join(lines[2:]),
        code(deed.code, condition.code),
        (code(deed.code, condition.near), code(deed.unfiltered, condition.code)),
    )
