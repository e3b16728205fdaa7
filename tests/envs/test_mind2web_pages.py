"""Pruning: MindAct's own three-shot prompts are reproduced, and every rule of it on small pages."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from skillflow_gym.envs.mind2web_pages import ID, PageError, view
from skillflow_gym.envs.mind2web_ranking import rank

PROMPTS = ("llm_prompt.json", "llm_prompt_cot.json")
needs_data = pytest.mark.skipif("SKILLFLOW_DATA" not in os.environ, reason="set SKILLFLOW_DATA to the benchmarks' data")


def page(body: str) -> str:
    """XML as records have it, from a short form: every element gets an id, every text its own element."""
    root = etree.fromstring(f"<html>{body}</html>")
    for number, node in enumerate(list(root.iter())):
        if ID not in node.attrib:
            node.set(ID, f"n{number}")
        for position, text in enumerate([node.text, *(child.tail for child in node)]):
            if text and node.tag != "text":
                wrapped = etree.Element("text", {ID: f"t{number}-{position}"})
                wrapped.text = text
                node.insert(position + sum(child.tag == "text" for child in node), wrapped)
        node.text = None if node.tag != "text" else node.text
        for child in node:
            child.tail = None
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


# --- the real prompts


def shots() -> Iterator[tuple[str, list[str]]]:
    """The pages and choices of the prompts' questions."""
    for name in PROMPTS:
        path = Path(os.environ["SKILLFLOW_DATA"]) / "mind2web" / name
        for message in json.loads(path.read_text(encoding="utf-8")):
            if message["role"] == "user" and "<html>" in message["content"]:
                _, shown, question = message["content"].split("'''")
                yield shown.strip(), re.findall(r"^[B-Z]\. (.*)$", question, re.MULTILINE)


def from_notation(shown: str) -> tuple[str, list[str]]:
    """A page that is shown as ``shown``, and its candidates: the words of a tag become attributes of five words."""
    root: etree._Element | None = None
    open_nodes: list[etree._Element] = []
    candidates = []
    for count, (tag, text) in enumerate(re.findall(r"<([^<>]+)>|([^<>]+)", shown)):
        if text.strip():
            words = etree.SubElement(open_nodes[-1], "text", {ID: str(count)})
            words.text, words.tail = text.strip(), "\n"
            continue
        if not tag:
            continue
        if tag.startswith("/"):
            open_nodes.pop()
            continue
        name, *meaning = tag.rstrip("/").split()
        node = etree.Element(name, {ID: str(count)})
        if meaning and meaning[0].startswith("id="):
            candidates.append((int(meaning.pop(0)[3:]), str(count)))
        for start, attribute in zip(range(0, len(meaning), 5), ("role", "type", "alt", "title"), strict=False):
            node.set(attribute, " ".join(meaning[start : start + 5]))
        node.tail = "\n"
        if open_nodes:
            open_nodes[-1].append(node)
        else:
            root = node
        if not tag.endswith("/"):
            node.text = "\n"
            open_nodes.append(node)
    assert root is not None and not open_nodes
    return etree.tostring(root, encoding="unicode"), [name for _, name in sorted(candidates)]


@needs_data
def test_the_real_prompts_are_reproduced() -> None:
    count = 0
    for shown, choices in shots():
        text, candidates = from_notation(shown)
        seen = view(text, reversed(candidates))
        assert seen.html == shown
        assert list(seen.choices) == choices
        assert list(seen.candidates) == candidates
        count += 1
    assert count == 6


@needs_data
def test_what_surrounds_the_real_pages_is_pruned_away() -> None:
    for shown, choices in shots():
        text, candidates = from_notation(shown)
        root = etree.fromstring(text)
        body, wrapper = (etree.Element(name, {ID: name}) for name in ("body", "div"))
        wrapper.extend(root)
        body.extend([section("before"), wrapper, section("after")])
        root.append(body)
        etree.indent(body)
        seen = view(etree.tostring(root, encoding="unicode"), candidates)
        assert seen.html == shown
        assert list(seen.choices) == choices


def section(name: str) -> etree._Element:
    """Something that no candidate is near to."""
    made = etree.Element("section", {ID: name, "title": name})
    etree.SubElement(made, "text", {ID: f"{name}-text"}).text = "far away"
    return made


# --- the rules


def shown(body: str, *candidates: str) -> str:
    return view(page(body), candidates).html


def test_numbers_follow_the_page_and_not_the_candidates() -> None:
    body = f'<a {ID}="30">x</a><b {ID}="4">y</b><i {ID}="9">z</i>'
    seen = view(page(body), ["9", "30", "4", "77"])
    assert seen.candidates == ("30", "4", "9"), "a candidate that is not on the page has no number"
    assert seen.html == "<html> <a id=0> x </a> <b id=1> y </b> <i id=2> z </i> </html>"
    assert seen.choices == ("<a id=0> x </a>", "<b id=1> y </b>", "<i id=2> z </i>")


def test_three_siblings_on_either_side_are_kept() -> None:
    body = "".join(f'<li {ID}="l{i}">{i}</li>' for i in range(9))
    assert re.findall(r"<li[^>]*> (\d)", shown(f"<ul>{body}</ul>", "l4")) == list("1234567")
    assert re.findall(r"<li[^>]*> (\d)", shown(f"<ul>{body}</ul>", "l0")) == list("0123")


def test_a_siblings_inside_is_not_kept() -> None:
    assert shown(f'<p {ID}="p">x</p><div title="menu"><a>y</a></div>', "p") == (
        "<html> <p id=0> x </p> <div menu> </div> </html>"
    )


def test_descendants_are_kept_to_a_depth_and_a_number() -> None:
    deep = "".join(f'<div title="d{i}">' for i in range(9)) + "</div>" * 9
    assert re.findall(r"d\d", shown(f'<main {ID}="m">{deep}</main>', "m")) == [f"d{i}" for i in range(6)]
    many = "".join(f'<b title="b{i}"/>' for i in range(60))
    assert len(re.findall(r"<b ", shown(f'<main {ID}="m">{many}</main>', "m"))) == 50


def test_wrappers_that_say_nothing_are_replaced_by_what_they_wrap() -> None:
    wrapped = f'<div><div title="kept"><span><a {ID}="a">x</a></span></div></div>'
    assert shown(wrapped, "a") == "<html> <div kept> <a id=0> x </a> </div> </html>"
    assert (
        shown(f'<div><a {ID}="a">x</a><b>y</b></div>', "a") == "<html> <div> <a id=0> x </a> <b> y </b> </div> </html>"
    )
    assert shown(f'<div><p/><a {ID}="a">x</a></div>', "a") == "<html> <a id=0> x </a> </html>", "an empty one goes"


def test_attributes_become_words() -> None:
    body = (
        f'<input {ID}="i" placeholder="City" type="Text" name="city" value="none" title="http://x.y" '
        'class="big red" aria_label="a b c d e f" alt="extraordinarily long-winded-words ok" role="presentation" '
        'data="x" label="City"/>'
    )
    assert shown(body, "i") == "<html> <input id=0 text ok a b c d e city big red /> </html>"


def test_twenty_words_of_a_tag_and_of_a_text() -> None:
    attributes = " ".join(
        f'{name}="{name}1 {name}2 {name}3 {name}4 {name}5"' for name in "alt title role name type".split()
    )
    (line,) = view(page(f"<p {ID}='p' {attributes}>{' '.join(map(str, range(30)))}</p>"), ["p"]).choices
    assert line.split()[:3] == ["<p", "id=0", "role1"]
    html = shown(f"<p {ID}='p' {attributes}>{' '.join(map(str, range(30)))}</p>", "p")
    assert html.split(">")[1].split()[2:] == [f"{n}{i}" for n in ("role", "type", "alt", "title") for i in range(1, 6)]
    assert html.split("> ")[2].split()[:-1] == [str(i) for i in range(20)]


def test_entities_and_quotes() -> None:
    assert shown(f'<p {ID}="p">a &amp;lt; "b" &amp; c &gt; d</p>', "p") == "<html> <p id=0> a < b & c > d </p> </html>"


def test_no_candidate_leaves_an_empty_page() -> None:
    assert view(page("<p>x</p>"), []) == view(page("<p>x</p>"), ["none"])
    assert view(page("<p>x</p>"), []).html == "<html> </html>"


@pytest.mark.parametrize("text", ["", "<p>", "no page", "<a></b>", "<p a=b/>", "<p>\ud800</p>", "&x;"])
def test_what_is_no_page_is_refused(text: str) -> None:
    with pytest.raises(PageError, match="not well-formed XML"):
        view(text, ["1"])


def test_no_entity_is_looked_up(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret words")
    entity = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{tmp_path}/secret">]>'
    text = f'{entity}<html {ID}="1"><p {ID}="2"><text>&x;</text></p></html>'
    assert "secret words" not in view(text, ["2"]).html


names = st.sampled_from(["div", "a", "p", "ul", "input"])
trees = st.recursive(
    st.builds(lambda n, t: f'<{n} title="{t}"/>', names, st.sampled_from(["", "x", "long words here"])),
    lambda inner: st.builds(lambda n, cs: f"<{n}>{''.join(cs)}</{n}>", names, st.lists(inner, max_size=5)),
    max_leaves=30,
)


@settings(deadline=None, max_examples=200)
@given(trees, st.data())
def test_every_candidate_is_shown_once_whatever_the_page(body: str, data: st.DataObject) -> None:
    text = page(body)
    ids = [node.get(ID) for node in etree.fromstring(text).iter("*") if node.tag != "text"]
    chosen = data.draw(st.lists(st.sampled_from(ids), unique=True, max_size=6))
    seen = view(text, chosen)
    assert sorted(seen.candidates) == sorted(chosen)
    assert re.findall(r" id=(\d+)", seen.html) == [str(i) for i in range(len(chosen))]
    assert [line.split("id=")[1].split()[0].rstrip("/>") for line in seen.choices] == [
        str(i) for i in range(len(chosen))
    ]


# --- ranks for records without them


def test_controls_that_the_task_speaks_of_come_first() -> None:
    body = (
        f'<p {ID}="text">Travel news</p><a {ID}="other">Help</a><button {ID}="right">Search flights</button>'
        f'<div {ID}="box"><p>Search flights to Boston</p></div>'
    )
    assert rank(page(body), ["box", "other", "right", "text", "gone"], "Search for flights to Boston") == (
        *("right", "box"),
        *("other", "text"),
    )
    assert rank(page(body), ["text"], "Search") == ("text",)
