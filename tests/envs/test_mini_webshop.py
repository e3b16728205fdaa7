"""The mini shop: its size, its departments, and that its goals can be met and told apart."""

from __future__ import annotations

from collections import Counter

from skillflow_gym.envs.mini import webshop as mini
from skillflow_gym.envs.mini.webshop_words import ATTRIBUTES, DEPARTMENTS, KINDS, VALUES
from skillflow_gym.envs.webshop import engine
from skillflow_gym.envs.webshop.goals import HumanGoals, SyntheticGoals
from skillflow_gym.scoring.webshop import reward
from tests.envs.webshop_files import PRODUCTS, REAL, needs_real


def test_enough_of_everything() -> None:
    products = mini.products()
    assert len(products) == len({record["asin"] for record in products}) == 1200
    assert set(Counter(record["category"] for record in products)) == set(DEPARTMENTS) and len(DEPARTMENTS) == 6
    assert min(Counter(record["category"] for record in products).values()) >= 100
    assert all(record["full_description"] and len(record["small_description"]) == 4 for record in products)
    assert sum(bool(record["customization_options"]) for record in products) > 1000
    priced = [record["pricing"].count("$") for record in products]
    assert min(priced.count(kind) for kind in (0, 1, 2)) > 30, "no price, one price and a range"


def test_the_words_fit_each_other() -> None:
    assert {kind.path[0] for kind in KINDS} == set(DEPARTMENTS) == set(ATTRIBUTES)
    assert {name for kind in KINDS for name in kind.options} == set(VALUES)
    assert len({kind.query for kind in KINDS}) == len(KINDS) == 60


def test_every_attribute_can_be_read_in_the_shop_or_is_the_products() -> None:
    catalogue = engine.open_catalogue(engine.resolve("mini"))
    for number in range(len(catalogue)):
        product = catalogue.product(number)
        text = " ".join((product.title, product.description, *product.features)).lower()
        hidden = [attribute for attribute in product.attributes if attribute not in text]
        assert len(hidden) <= 2, product.title


def test_goals_can_be_met_and_no_two_ask_the_same() -> None:
    catalogue = engine.open_catalogue(engine.resolve("mini"))
    assert catalogue.human is not None
    for goals in (SyntheticGoals(catalogue, 0), HumanGoals(catalogue, catalogue.human, 0)):
        assert len({goal.instruction.casefold() for goal in goals}) == len(goals)
        for goal in goals:
            number = catalogue.number(goal.asin)
            values = goal.options.values() if isinstance(goal.options, dict) else goal.options
            chosen = {str(place): value for place, value in enumerate(values)}
            price = float(goals.prices[number])
            assert reward(catalogue.product(number), goal, price, chosen)["reward"] == 1.0, goal


def test_other_products_come_near() -> None:
    """Many products earn something for a goal, few the whole: it takes reading to tell them apart."""
    catalogue = engine.open_catalogue(engine.resolve("mini"))
    goals = SyntheticGoals(catalogue, 0)
    for goal in goals[:40]:
        like = [catalogue.product(int(number)) for number in catalogue.tagged("<q>", goal.query)]
        earned = [reward(product, goal, 0.0, {})["r_att"] for product in like]
        assert len(like) == 20 and 1 <= earned.count(1.0) <= 10 and earned.count(0.0) >= 1


def test_every_process_makes_the_same_shop() -> None:
    assert mini.products()[7]["asin"].startswith("M0007") and mini.EDITION == 1
    assert mini.products() == mini.products()


@needs_real
def test_no_text_of_the_real_catalogue() -> None:
    real = (REAL / PRODUCTS).read_text(encoding="utf-8").lower()
    for record in mini.products():
        for text in (record["name"], record["full_description"], *record["small_description"]):
            assert text.lower() not in real
