"""WebShop's reward for a purchase, with all its components and with the original's quirks.

Source: Yao et al. 2022 (arXiv 2207.01206), section 3.3, and the reward of princeton-nlp/WebShop:

reward = r_type * (matched attributes + matched options + r_price) / (attributes + options + 1)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from skillflow_gym.scoring.token_set import token_set_ratio
from skillflow_gym.scoring.webshop_nouns import nouns

__all__ = ["Goal", "Product", "matches", "reward"]

ALIKE = 85
"""Two texts match if their ``token_set_ratio`` is above this."""

COLOURS = tuple(
    "alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown burgundy camel "
    "camo caramel champagne charcoal cheetah chestnut chocolate christmas coffee cognac copper coral cranberry "
    "cream crystal dark denim eggplant elephant espresso fuchsia gold granite grape graphite grass gray green grey "
    "heather indigo ivory ivy khaki lavender lemon leopard light lilac lime magenta maroon mauve merlot midnight "
    "mint mocha multicolor mushroom mustard natural navy nude olive orange peach pewter pink plum purple rainbow "
    "red rose royal rust sand sapphire seashell silver skull slate steel stone stonewash sunflower tan taupe teal "
    "tiger turquoise violet walnut wheat white wine yellow".split()
)
"""Base colours: an option value that contains one counts as the first of them."""


class Product(Protocol):
    """What the reward looks at in the product that was bought."""

    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def features(self) -> Sequence[str]: ...
    @property
    def attributes(self) -> Sequence[str]: ...
    @property
    def query(self) -> str: ...
    @property
    def product_category(self) -> str: ...


class Goal(Protocol):
    """What the reward looks at in the goal; ``title`` is that of the product the goal was made from.

    ``options`` is a mapping of names to values for a synthetic goal, a sequence of values for a human one.
    """

    @property
    def title(self) -> str: ...
    @property
    def query(self) -> str: ...
    @property
    def product_category(self) -> str: ...
    @property
    def attributes(self) -> Sequence[str]: ...
    @property
    def options(self) -> Mapping[str, str] | Sequence[str]: ...
    @property
    def price_upper(self) -> float: ...


def reward(
    product: Product,
    goal: Goal,
    price: float,
    options: Mapping[str, str],
    product_nouns: Sequence[str] | None = None,
    goal_nouns: Sequence[str] | None = None,
    fixed_options: bool = False,
) -> dict[str, float | bool]:
    """Value a purchase.

    Args:
        product: what was bought.
        goal: what was asked for.
        price: the product's price, in dollars.
        options: the options chosen, name to value.
        product_nouns: the lower-case nouns of the product's title, with repeats; None to find them by rule.
        goal_nouns: those of the goal's title.
        fixed_options: compare a synthetic goal's option values, as is done for human goals. The original compares
            (name, value) pairs, whose colours it cannot reduce to base colours, so that buying exactly what was asked
            for may earn less than 1.

    Returns:
        ``reward`` in [0, 1]; ``r_type`` (0, 0.1, 0.5 or 1) with ``query_match``, ``category_match`` (bool) and
        ``title_score`` (share of the goal's nouns) behind it; the shares ``r_att`` and ``r_option``, ``r_price``
        (bool), and their weights ``w_att``, ``w_option``, ``w_price``. The two of options are left out where the goal
        asks for none.
    """
    kind = _type(
        product,
        goal,
        nouns(product.title) if product_nouns is None else product_nouns,
        nouns(goal.title) if goal_nouns is None else goal_nouns,
    )
    attributes = sum(_has(product, attribute) for attribute in goal.attributes)
    matched = _matched_options(options.values(), goal.options, fixed_options)
    cheap = bool(price <= goal.price_upper)
    parts = len(goal.attributes) + len(goal.options) + 1
    result: dict[str, float | bool] = {
        "reward": (attributes + matched + cheap) / parts * kind["r_type"],
        **kind,
        "r_att": attributes / len(goal.attributes),
        "w_att": len(goal.attributes) / parts,
        "r_price": cheap,
        "w_price": 1 / parts,
    }
    if goal.options:
        result |= {"r_option": matched / len(goal.options), "w_option": len(goal.options) / parts}
    return result


def _type(product: Product, goal: Goal, bought: Sequence[str], wanted: Sequence[str]) -> dict[str, float | bool]:
    query_match = product.query == goal.query
    category_match = len(_categories(product.product_category) & _categories(goal.product_category)) >= 2
    # Repeats count in the denominator only: as the original has it.
    title_score = len(set(bought) & set(wanted)) / len(wanted) if wanted else 0.2
    r_type = 1.0 if query_match or category_match or title_score > 0.2 else 0.5
    if title_score < 0.1:
        r_type = 0.1 if title_score else 0.0
    return {
        "r_type": r_type,
        "query_match": query_match,
        "category_match": category_match,
        "title_score": title_score,
    }


def _categories(path: str) -> set[str]:
    return {part.strip() for part in path.split("›")}


def _has(product: Product, attribute: str) -> bool:
    """Whether the product has the attribute, or says so in its texts."""
    return (
        any(token_set_ratio(own, attribute) > ALIKE for own in product.attributes)
        or attribute in product.title.lower()
        or attribute in " ".join(product.features).lower()
        or attribute in product.description.lower()
    )


def _matched_options(chosen: Iterable[str], wanted: Mapping[str, str] | Sequence[str], fixed: bool) -> int:
    """How many of the wanted options match a chosen one."""
    if not isinstance(wanted, Mapping):
        texts = [_colour(value) for value in wanted]
    elif fixed:
        texts = [_colour(value) for value in wanted.values()]
    else:
        # A pair is compared as it is printed; a base colour could only be one of its two members, never within one.
        texts = [next((c for c in COLOURS if c in pair), str(pair)) for pair in wanted.items()]
    had = [_colour(value) for value in chosen]
    return sum(any(token_set_ratio(own, text) > ALIKE for own in had) for text in texts)


def matches(value: str, words: str) -> bool:
    """Whether an option value is what a human's words ask for."""
    return token_set_ratio(_colour(value), _colour(words)) > ALIKE


def _colour(value: str) -> str:
    """The first base colour that the value contains; the value itself if it contains none."""
    return next((colour for colour in COLOURS if colour in value), value)
