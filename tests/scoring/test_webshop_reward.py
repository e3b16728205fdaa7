"""WebShop's reward: the original's on every recorded purchase, and its rules one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from skillflow_gym.envs.webshop import engine
from skillflow_gym.envs.webshop.goals import SyntheticGoals
from skillflow_gym.scoring.webshop import matches, reward
from tests.envs.webshop_files import REAL, golden, needs_real

PARTS = (
    "reward r_type query_match category_match title_score r_att w_att r_option w_option r_price w_price".split()
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """A product, or a goal made from it."""

    title: str = "Blue Cotton Shirt"
    description: str = "Wash it warm."
    features: tuple[str, ...] = ("Soft", "Hand Made")
    attributes: tuple[str, ...] = ("machine wash",)
    query: str = "shirts"
    product_category: str = "Clothing › Men › Shirts"
    options: Any = ()
    price_upper: float = 50.0


SHIRT = Item()


@needs_real
def test_every_recorded_purchase_with_every_part() -> None:
    compared = compare(golden("name_nouns_spacy.json"))
    assert len(compared) == 600
    for mine, theirs in compared:
        assert mine == {name: theirs[name] for name in PARTS if name in theirs}


@needs_real
def test_our_noun_rules_reach_nearly_every_reward() -> None:
    same = [mine["reward"] == pytest.approx(theirs["reward"], abs=1e-9) for mine, theirs in compare({})]
    assert sum(same) / len(same) >= 0.97


def compare(table: dict[str, list[str]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Our parts and the recorded ones of every purchase; nouns are found by rule where the table lacks them."""
    catalogue = engine.open_catalogue(engine.resolve(f"file:{REAL}"))
    goals = SyntheticGoals(catalogue, seed=0)
    compared = []
    for record in golden("rewards.jsonl"):
        number, goal = catalogue.number(record["asin"]), goals[record["goal_index"]]
        nouns = table.get(record["asin"]), table.get(goal.asin)
        price = float(goals.prices[number])
        assert (goal.asin, price, goal.price_upper) == (record["goal_asin"], record["price"], record["price_upper"])
        compared.append((reward(catalogue.product(number), goal, price, record["options"], *nouns), record))
    return compared


def test_the_exact_purchase() -> None:
    goal = Item(options={"size": "medium", "color": "navy blue"})
    parts = reward(SHIRT, goal, 20.0, {"size": "medium", "color": "navy blue"})
    assert parts == {
        "reward": 1.0,
        "r_type": 1.0,
        "query_match": True,
        "category_match": True,
        "title_score": 1.0,
        "r_att": 1.0,
        "w_att": 0.25,
        "r_option": 1.0,
        "w_option": 0.5,
        "r_price": True,
        "w_price": 0.25,
    }


def test_without_options_their_parts_are_left_out() -> None:
    assert set(PARTS) - set(reward(SHIRT, SHIRT, 20.0, {})) == {"r_option", "w_option"}


@pytest.mark.parametrize(("price", "expected"), [(50.0, 1.0), (50.01, 0.5)])
def test_the_price_may_equal_its_bound(price: float, expected: float) -> None:
    assert reward(SHIRT, SHIRT, price, {})["reward"] == expected


@pytest.mark.parametrize(
    ("attribute", "found"),
    [
        ("machine wash", True),  # an attribute of the product
        ("machine washable", True),  # nearly one: the ratio is above 85
        ("cotton shirt", True),  # in the title
        ("soft hand made", True),  # in the features, joined by a space
        ("it warm", True),  # in the description
        ("dry clean", False),
    ],
)
def test_where_an_attribute_may_stand(attribute: str, found: bool) -> None:
    assert reward(SHIRT, replace(SHIRT, attributes=(attribute,)), 20.0, {})["r_att"] == float(found)


@pytest.mark.parametrize(
    ("goal_nouns", "r_type", "title_score"),
    [
        (["shirt"], 1.0, 1.0),
        (["shirt", "shirt"], 1.0, 0.5),  # repeats count below the line only
        ([], 0.5, 0.2),
        (["shirt", "a", "b", "c", "d"], 0.5, 0.2),
        (["shirt", *"abcdefghij"], 0.1, 1 / 11),
        (["hat"], 0.0, 0.0),
    ],
)
def test_the_type_of_another_product(goal_nouns: list[str], r_type: float, title_score: float) -> None:
    goal = replace(SHIRT, query="hats", product_category="Hats")
    parts = reward(SHIRT, goal, 20.0, {}, ["shirt"], goal_nouns)
    assert (parts["r_type"], parts["title_score"]) == (r_type, title_score)
    assert (parts["query_match"], parts["category_match"]) == (False, False)


def test_a_query_or_two_common_shelves_match_but_no_common_noun_overrides() -> None:
    near = replace(SHIRT, query="blouses", product_category="Women › Clothing ›  Shirts")
    parts = reward(SHIRT, near, 20.0, {}, ["shirt"], ["shirt", *"abcdef"])
    assert (parts["r_type"], parts["category_match"]) == (1.0, True)
    assert reward(SHIRT, near, 20.0, {}, ["shirt"], ["blouse"])["r_type"] == 0.0


@pytest.mark.parametrize(
    ("value", "as_pair", "as_value"),
    [("medium", 1.0, 1.0), ("navy blue", 1.0, 1.0), ("black", 1.0, 1.0), ("r.brown2070", 0.0, 1.0)],
)
def test_the_originals_flaw_and_its_repair(value: str, as_pair: float, as_value: float) -> None:
    goal = Item(options={"color": value})
    assert reward(SHIRT, goal, 20.0, {"color": value})["r_option"] == as_pair
    assert reward(SHIRT, goal, 20.0, {"color": value}, fixed_options=True)["r_option"] == as_value
    assert reward(SHIRT, Item(options=(value,)), 20.0, {"color": value})["r_option"] == 1.0, "as humans ask"


def test_matches_compares_base_colours() -> None:
    assert matches("black1901", "black") and matches("navy blue", "blue") and not matches("small", "large")
