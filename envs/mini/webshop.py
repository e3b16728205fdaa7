"""The mini shop: a catalogue in the original's file format, made from our own words; goals follow from it as there."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any, NamedTuple

from skillflow_gym.envs.mini.webshop_words import (
    ASKED,
    ATTRIBUTES,
    CLOSINGS,
    DEPARTMENTS,
    ENDINGS,
    KINDS,
    NAMES,
    ONSETS,
    OPENINGS,
    POINTS,
    VALUES,
    VOWELS,
    Kind,
)

EDITION = 1
"""Seeds the shop: a new edition has other products and goals."""
COPIES = 20
"""Products of each kind: 1,200 in all."""
ASKED_FOR, ASKED_BY_HUMANS = 0.4, 0.2
"""Share of products with an instruction, and share of those that people ask for in their own words."""


class Item(NamedTuple):
    """A product and what may be asked of it: its attributes before the noun, after "with" and after "for"."""

    kind: Kind
    record: dict[str, Any]
    material: str
    before: tuple[str, ...]
    having: tuple[str, ...]
    use: tuple[str, ...]

    @property
    def attributes(self) -> list[str]:
        """All of them."""
        return [*self.before, *self.having, *self.use]


def products() -> list[dict[str, Any]]:
    """The records of ``items_shuffle.json``."""
    return [item.record for item in _shop()]


def attributes() -> dict[str, dict[str, Any]]:
    """The entries of ``items_ins_v2.json``: attributes by asin, with an instruction for some."""
    entries: dict[str, dict[str, Any]] = {}
    taken: set[tuple[str, frozenset[str]]] = set()
    for item in _shop():
        asin = item.record["asin"]
        entries[asin] = {"attributes": item.attributes}
        rng = Random(f"{EDITION}/{asin}/instruction")
        wanted = _wanted(item, rng)
        # No two instructions are equal, so that no goal of one split is a goal of another.
        if rng.random() < ASKED_FOR and (key := (item.kind.query, frozenset(wanted))) not in taken:
            taken.add(key)
            entries[asin] |= {"instruction": _instruction(item, wanted), "instruction_attributes": wanted}
    return entries


def human_instructions() -> dict[str, list[dict[str, Any]]]:
    """The entries of ``items_human_ins.json``: instructions in other words, with some of the options, by asin."""
    entries: dict[str, list[dict[str, Any]]] = {}
    taken: set[str] = set()
    for item in _shop():
        asin = item.record["asin"]
        rng = Random(f"{EDITION}/{asin}/human")
        if rng.random() >= ASKED_BY_HUMANS:
            continue
        wanted = rng.sample(item.before, 2)
        article = "an" if item.kind.noun[0] in "aeiou" else "a"
        text = rng.choice(ASKED).format(
            article=article, noun=item.kind.noun, material=item.material, first=wanted[0], second=wanted[1]
        )
        options = [
            (name, rng.choice(values)["value"])
            for name, values in item.record["customization_options"].items()
            if values
        ]
        if options:
            text += f", and i want the {' and '.join(f'{name.lower()} {value}' for name, value in options)}"
        if text not in taken:
            taken.add(text)
            values = [value for _, value in options]
            entries[asin] = [
                {
                    "asin": asin,
                    "instruction": f"{text}.",
                    "instruction_attributes": wanted,
                    "instruction_options": values,
                }
            ]
    return entries


@cache
def _shop() -> tuple[Item, ...]:
    rng = Random(f"{EDITION}/shop")
    kinds = [kind for kind in KINDS for _ in range(COPIES)]
    rng.shuffle(kinds)
    return tuple(_item(kind, number, Random(f"{EDITION}/{number}")) for number, kind in enumerate(kinds))


def _item(kind: Kind, number: int, rng: Random) -> Item:
    pool = ATTRIBUTES[kind.path[0]]
    before = tuple(rng.sample(pool.before, 3))
    having, use = (rng.choice(pool.having),), (rng.choice(pool.use),)
    material, brand = rng.choice(kind.materials), _brand(rng)
    words = {"brand": brand, "noun": kind.noun, "material": material, "use": use[0]}
    title = f"{brand} {before[0].title()} {kind.noun.title()} of {material.title()}"
    title += rng.choice((f" with {having[0].title()}", f" for {use[0].title()}", f", {before[1].title()}"))
    named = rng.sample([*before, *having], 4)
    points = [rng.choice(POINTS).format(attribute=attribute, **words) for attribute in named]
    record = {
        "asin": f"M{number:04d}{''.join(rng.choices('ABCDEFGHJKLMNPQRSTUVWXYZ', k=5))}",
        "name": title,
        "full_description": " ".join(
            [
                rng.choice(OPENINGS).format(**words),
                f"It is {before[1]}, and {before[2]}.",
                rng.choice(CLOSINGS).format(**words),
            ]
        ),
        "small_description": points,
        "product_category": " › ".join((DEPARTMENTS[kind.path[0]], *kind.path[1:])),
        "category": kind.path[0],
        "query": kind.query,
        "pricing": _pricing(kind, rng),
        "customization_options": _options(kind, rng),
    }
    return Item(kind, record, material, before, having, use)


def _brand(rng: Random) -> str:
    return (rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(ENDINGS)).capitalize()


def _pricing(kind: Kind, rng: Random) -> str:
    """One price, now and then a range, rarely none."""
    low, high = kind.prices
    price = round(rng.uniform(low, high), 2)
    drawn = rng.random()
    if drawn < 0.05:
        return ""
    return f"${price}" if drawn < 0.75 else f"${price}${round(price + rng.uniform(1, 0.3 * (high - low)), 2)}"


def _options(kind: Kind, rng: Random) -> dict[str, list[dict[str, str]]]:
    """Up to four values for each option that the product comes in."""
    options: dict[str, list[dict[str, str]]] = {}
    for key in kind.options:
        if rng.random() < 0.75:
            values = VALUES[key].split("|")
            chosen = sorted(rng.sample(range(len(values)), rng.randint(2, min(4, len(values)))))
            options[NAMES.get(key, key).title()] = [{"value": values[place]} for place in chosen]
    return options


def _wanted(item: Item, rng: Random) -> list[str]:
    """Two to four of the attributes."""
    wanted = rng.sample(item.before, rng.randint(1, 2))
    wanted += [attribute for attribute in (*item.having, *item.use) if rng.random() < 0.6]
    return wanted if len(wanted) > 1 else [*wanted, item.having[0]]


def _instruction(item: Item, wanted: list[str]) -> str:
    parts = [f"Find me {', '.join(a for a in wanted if a in item.before)} {item.kind.query}"]
    parts += [f"with {attribute}" for attribute in wanted if attribute in item.having]
    parts += [f"for {attribute}" for attribute in wanted if attribute in item.use]
    return " ".join(parts)
