"""The site: its command grammar, where clicks lead, options, and both observations, on the mini catalogue."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skillflow_gym.envs.webshop import engine, pages
from skillflow_gym.envs.webshop.pages import Node
from skillflow_gym.envs.webshop.records import Product
from skillflow_gym.envs.webshop.session import Session, parse

ORIGINAL = re.compile(r"(.+)\[(.+)\]")


@given(st.text("ab[]\n\x0b \u2028", max_size=12))
@example("search[a [b] c] d]")
@example("click[]]")
def test_commands_are_read_as_the_originals_expression_reads_them(text: str) -> None:
    match = ORIGINAL.match(text)
    assert parse(text) == (match.groups() if match else ("", ""))


def shop() -> Session:
    catalogue = engine.open_catalogue(engine.resolve("mini"))
    return Session(catalogue, "find a pan", "0", np.random.default_rng(0))


def value(asin: str, options: Any) -> float:
    return 0.25


def go(session: Session, *commands: str) -> Session:
    for command in commands:
        assert session.act(command, value) is None
    return session


def an_asin(session: Session) -> str:
    """The first product of a page of results."""
    return next(node.text for node in session.nodes if node.kind == "link")


def with_options(session: Session) -> str:
    """A product with two options, found."""
    catalogue = engine.open_catalogue(engine.resolve("mini"))
    product = next(p for p in map(catalogue.product, range(200)) if len(p.options) == 2)
    go(session, f"search[{product.title}]", f"click[{product.asin}]")
    return product.asin


def test_the_search_page() -> None:
    session = shop()
    assert session.text() == "WebShop [SEP] Instruction: [SEP] find a pan [SEP] Search"
    assert session.rich_text() == "WebShop\nInstruction: \nfind a pan\n[button] Search [button_]\n"
    assert list(session.clickables) == ["search"] and session.commands() == ()


@pytest.mark.parametrize(
    "command",
    "|dance|click[search]|click[buy now]|search[]|Search[pan]| search[pan]|click[Back to Search|search"
    "|act[search[pan]]|search[pan\n]|\nsearch[pan]|\ud800[x]|search(pan)".split("|"),
)
def test_what_changes_nothing(command: str) -> None:
    session = go(shop(), command)
    assert session.text() == shop().text() and session.url == shop().url


def test_results_and_their_pages() -> None:
    session = go(shop(), "search[Cotton STEEL glass]")
    texts = session.text().split(" [SEP] ")
    assert texts[:5] == ["Instruction:", "find a pan", "Back to Search", "Page 1 (Total results: 50)", "Next >"]
    assert list(session.clickables)[:2] == ["back to search", "next >"] and len(session.clickables) == 12
    assert session.commands() == tuple(f"click[{name}]" for name in session.clickables)
    first = an_asin(session)
    for page in (2, 3, 4, 5, 6):
        go(session, "click[Next >]")
        assert f"Page {page} (Total results: 50)" in session.text() and "< prev" in session.clickables
    assert len(session.clickables) == 3, "past the end the list is empty"
    go(session, *["click[< prev]"] * 5)
    assert an_asin(session) == first and "< prev" not in session.clickables


def test_search_works_on_every_page() -> None:
    session = shop()
    with_options(session)
    go(session, "click[description]", "search[tea]")
    assert session.url.endswith("/search_results/0/tea/1") and (session.asin, session.options) == ("", {})


def test_ways_back() -> None:
    session = shop()
    asin = with_options(session)
    option = next(node for node in session.nodes if node.kind == "option")
    go(session, f"click[{option.text}]")
    assert session.options == {option.option: option.text}
    for name in ("description", "features", "reviews"):
        go(session, f"click[{name}]")
        assert list(session.clickables) == ["back to search", "< prev"]
        go(session, "click[< prev]")
        assert session.asin == asin and session.options == {option.option: option.text}, "options are kept"
    go(session, "click[< prev]")
    assert "search_results" in session.url and (session.asin, session.options) == ("", {})
    assert f"[clicked button] {asin} [clicked button_]" in session.rich_text()
    go(session, "click[back to search]")
    assert session.text() == shop().text() and session.commands() == ()
    with_options(session)
    go(session, "click[< prev]")
    assert session.rich_text().count("[clicked button]") == 1, "going back to the search page forgot what was visited"


def test_options_the_last_one_counts() -> None:
    session = shop()
    with_options(session)
    plain = session.text()
    values = [node for node in session.nodes if node.kind == "option"]
    same = [node for node in values if node.option == values[0].option]
    go(session, *(f"click[{node.text.upper()}]" for node in (*same, values[-1])))
    assert session.options == {same[-1].option: same[-1].text, values[-1].option: values[-1].text}
    assert session.text() == plain, "the plain text does not show it"
    last, first, *_ = session.rich_text().split("\n")
    assert (last, first) == (f"You have clicked {values[-1].text}.", f"You have clicked {same[-1].text}.")


def test_buying() -> None:
    session = shop()
    asin = with_options(session)
    assert session.act("click[buy now]", value) == 0.25
    assert session.text().startswith("Thank you for shopping with us! [SEP] Your code: [SEP] None [SEP] (Paste it in")
    assert f"asin [SEP] {asin} [SEP] options [SEP] {{}} [SEP]" in session.text()
    assert session.text().endswith("Your score (min 0.0, max 1.0) [SEP] 0.25 [SEP] Reward Details [SEP] None")
    assert session.commands() == ()


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [("<c> pantry", 200), ("<q> frying pans", 20), ("<q> nothing", 0), ("<a> hand made", 86), ("<r>", 50), ("<c>", 0)],
)
def test_keywords_that_pass_the_ranking_by(keywords: str, expected: int) -> None:
    session = go(shop(), f"search[{keywords}]")
    total = re.search(r"Total results: (\d+)", session.text())
    assert total is not None
    if keywords == "<a> hand made":
        catalogue = engine.open_catalogue(engine.resolve("mini"))
        expected = sum("hand made" in catalogue.product(i).attributes for i in range(len(catalogue)))
    assert int(total[1]) == expected


def item(**fields: Any) -> Product:
    base = dict(asin="A1", title="T", description="D", features=("F",), price_tag="$1.0", prices=(1.0,))
    base |= dict(options={}, attributes=(), category="c", query="q", product_category="p")
    return Product(**{**base, **fields})


def test_awkward_options() -> None:
    product = item(options={"size": ["s", 'a "quoted" one', "é", "k [x]", ""], "style": ["s", "Color"]})
    nodes = pages.item_page("do", product)
    found = pages.clickables(nodes)
    assert found["s"].option == "style", "of equal values the last counts"
    url = 'http://x/item_page/0/A1/w/1/{"size": "a \\"quoted\\" one", "style": "s"}'
    rich = pages.as_rich_text(nodes, url, ())
    assert rich.count("  [clicked button] s [clicked button_]") == 2 and "[clicked button] a " not in rich
    assert rich.startswith("You have clicked s.\nYou have clicked s.\nInstruction:\n")
    assert "" in found, "a value of no text can be clicked by no command"


def test_white_space_alone() -> None:
    nodes = [Node("a "), Node(""), Node(" \t"), Node(" \n "), Node("\xa0"), Node(" b")]
    assert pages.as_text(nodes) == "a [SEP]  [SEP]  [SEP] b"
    assert pages.as_rich_text(nodes, "", ()) == "a \n \n\xa0\n b\n"


def test_sub_pages() -> None:
    product = item(features=("one", "two"), attributes=("soft",))
    assert pages.as_text(pages.sub_page("i", product, "Features")).endswith("< Prev [SEP] one [SEP] two")
    assert pages.as_rich_text(pages.sub_page("i", product, "Features"), "", ()).endswith("[button_]\n one\n two\n")
    assert pages.as_text(pages.sub_page("i", product, "Description")).endswith("< Prev [SEP] D")
    assert pages.as_text(pages.sub_page("i", product, "Reviews")).endswith("< Prev")
    assert pages.as_text(pages.sub_page("i", product, "Attributes")).endswith("soft [SEP] c [SEP] q [SEP] p")


def test_the_bought_options_are_shown_as_html_safe_json() -> None:
    shown = pages.as_text(pages.done_page("A1", {"z": "<a&b>", "b": "it's é"}, 0.5))
    assert '{"b": "it\\u0027s \\u00e9", "z": "\\u003ca\\u0026b\\u003e"}' in shown
