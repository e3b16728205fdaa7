"""The shop's goals, in the original's order and with its random prices: made from a catalogue when they are asked for.

Source: the goal generator of princeton-nlp/WebShop. Prices of products with a price range, then the price bounds of the
goals, are drawn from one generator seeded before construction; the order is a shuffle with a seed of its own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.envs.webshop.catalogue import Catalogue, fingerprint, shuffled
from skillflow_gym.envs.webshop.records import Product

NO_BOUND = 1_000_000
HIGHEST = 99
"""Price bounds are 10, 20, ... ten times this."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a shopper is asked to buy.

    Attributes:
        instruction: the text that the shopper sees.
        asin, title, category, query, product_category: those of the product that the goal was made from.
        attributes: what the product must have.
        options: name to value for a synthetic goal, the values alone for a human one.
        price_upper: the bound on the price; a million where there is none.
        weight: its weight where the original draws a goal by chance.
    """

    instruction: str
    asin: str
    title: str
    category: str
    query: str
    product_category: str
    attributes: tuple[str, ...]
    options: Mapping[str, str] | tuple[str, ...]
    price_upper: float
    weight: float


class Goals(Sequence[Goal]):
    """Goals in the original's order; ``goals[i]`` is that of its session i.

    Attributes:
        prices: the price of each product of the catalogue, in dollars.
        instructions: for each goal, the fingerprint of its instruction without options and price.
    """

    prices: NDArray[np.float64]
    instructions: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.instructions)

    @overload
    def __getitem__(self, index: int) -> Goal: ...
    @overload
    def __getitem__(self, index: slice) -> list[Goal]: ...
    def __getitem__(self, index: int | slice) -> Goal | list[Goal]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"goal {index} of {len(self)}")
        return self._make(index % len(self))

    @abstractmethod
    def _make(self, index: int) -> Goal:
        """The goal at ``index``, which is in range."""


class SyntheticGoals(Goals):
    """A goal for each combination of the options of each product that has an instruction."""

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        self._catalogue = catalogue
        rng = Random(seed)
        self.prices = draw_prices(catalogue, rng)
        asked = np.flatnonzero(catalogue.combinations)
        # Drawn even for a product that has an instruction but an option without values, and so no goal.
        self._bounds = {int(n): _bound(float(self.prices[n]), rng) for n in np.flatnonzero(catalogue.asked)}
        self._ends = np.cumsum(catalogue.combinations[asked])
        self._asked = asked
        positions = np.asarray(catalogue.order, np.int64)
        self._products = asked[np.searchsorted(self._ends, positions, side="right")] if len(asked) else positions
        self.instructions = catalogue.instructions[self._products]

    def _make(self, index: int) -> Goal:
        number = int(self._products[index])
        product, bound = self._catalogue.product(number), self._bounds[number]
        first = int(self._ends[np.searchsorted(self._asked, number)]) - int(self._catalogue.combinations[number])
        options = _combination(product, int(self._catalogue.order[index]) - first)
        wanted = ", and ".join(f"{name}: {value}" for name, value in options.items())
        text = f"{product.instruction}{f' with {wanted}' if wanted else ''}{_price_text(bound)}"
        goal = _goal(product, text, product.instruction_attributes, options, bound)
        return replace(goal, weight=float(self._catalogue.weights[number]))


class HumanGoals(Goals):
    """A goal for each human instruction that names an attribute."""

    def __init__(self, catalogue: Catalogue, human: Sequence[tuple[int, Mapping[str, Any]]], seed: int) -> None:
        self._catalogue = catalogue
        rng = Random(seed)
        self.prices = draw_prices(catalogue, rng)
        asked = [(number, one, _bound(float(self.prices[number]), rng)) for number, one in human]
        self._asked = [asked[i] for i in shuffled(len(asked))]
        prints = [fingerprint(one["instruction"]) for _, one, _ in self._asked]
        self.instructions = np.array(prints, np.uint64)

    def _make(self, index: int) -> Goal:
        number, one, bound = self._asked[index]
        text = one["instruction"].strip(".") + _price_text(bound)
        product, attributes = self._catalogue.product(number), tuple(one["instruction_attributes"])
        return _goal(product, text, attributes, tuple(one["instruction_options"]), bound)


def draw_prices(catalogue: Catalogue, rng: Random) -> NDArray[np.float64]:
    """The price of each product: drawn where the catalogue has a range."""
    prices = np.array(catalogue.low)
    ranged = np.flatnonzero(~np.isnan(catalogue.high))
    low, high = prices[ranged].tolist(), catalogue.high[ranged].tolist()
    prices[ranged] = [rng.uniform(a, b) for a, b in zip(low, high, strict=True)]
    return prices


def _bound(price: float, rng: Random) -> float:
    """The larger of two of the next four bounds above ``price``; a million if there are fewer than two."""
    first = int(price // 10) + 1
    above = [10.0 * step for step in range(first, min(first + 4, HIGHEST + 1))]
    return max(rng.sample(above, 2)) if len(above) >= 2 else NO_BOUND


def _price_text(bound: float) -> str:
    return "" if bound == NO_BOUND else f", and price lower than {bound:.2f} dollars"


def _combination(product: Product, position: int) -> dict[str, str]:
    """The options at ``position`` in the product of all values, names sorted, the last name varying fastest."""
    options = {}
    for name in sorted(product.options, reverse=True):
        position, value = divmod(position, len(product.options[name]))
        options[name] = product.options[name][value]
    return dict(reversed(options.items()))


def _goal(
    product: Product,
    text: str,
    attributes: tuple[str, ...],
    options: Mapping[str, str] | tuple[str, ...],
    bound: float,
) -> Goal:
    places = (product.asin, product.title, product.category, product.query, product.product_category)
    return Goal(text, *places, attributes, options, bound, 1.0)
