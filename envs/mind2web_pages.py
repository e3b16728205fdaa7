"""A recorded page as an agent sees it: pruned around its candidates and numbered, as MindAct does it.

Source: Deng et al. 2023 (arXiv 2306.06070), appendix, and MindAct's pruning as its users run it. A page is the XML of a
record's ``cleaned_html``: elements with ``backend_node_id`` attributes, every text in a ``text`` element of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lxml import etree

DEPTH, DESCENDANTS, SIBLINGS = 5, 50, 3
"""Of a candidate are kept: descendants to this depth below its children, this many; siblings on either side."""
TAG_WORDS, VALUE_WORDS, CHOICE_WORDS = 20, 5, 10
"""Words kept of a tag's attributes (and of a text), of one attribute, and of a candidate's line."""
WORD_LENGTH = 15
"""Attribute words of this length and longer are dropped: they are seldom language."""

ID = "backend_node_id"
_SHOWN = (
    "role aria_role type alt aria_description aria_label label title name text_value value placeholder input_checked "
    "input_value option_selected class"
).split()
_MEANINGLESS = frozenset(("hidden", "none", "presentation", "null", "undefined"))
# In this order: "&amp;lt;" ends as "<", as in the original.
_ENTITIES = (
    *(("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&ndash;", "-")),
    *(("&rsquo;", "'"), ("&lsquo;", "'"), ("&ldquo;", '"'), ("&rdquo;", '"'), ("&#39;", "'"), ("&#40;", "(")),
    ("&#41;", ")"),
)
_PARSER_OPTIONS = {"remove_comments": True, "remove_pis": True, "resolve_entities": False, "huge_tree": True}


class PageError(ValueError):
    """A page that is no XML. The message says where."""


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of a page.

    Attributes:
        html: the pruned page in MindAct's notation: ``<tag id=NUMBER words>``; candidates only have an id.
        candidates: the candidates' ``backend_node_id``; the number of each is its position.
        choices: the beginning of each candidate in the same notation.
    """

    html: str
    candidates: tuple[str, ...]
    choices: tuple[str, ...]


def parse_page(page: str) -> etree._Element:
    """The root of a page.

    Raises:
        PageError: it is not well-formed.
    """
    try:
        return etree.fromstring(page.encode("utf-8"), etree.XMLParser(encoding="utf-8", **_PARSER_OPTIONS))
    except (etree.XMLSyntaxError, UnicodeEncodeError) as error:
        raise PageError(f"not well-formed XML ({error})") from error


def view(page: str, candidates: Collection[str]) -> View:
    """Prune ``page`` around ``candidates``, number those in the order of the page, and write it out.

    Candidates that are not on the page are left out.

    Raises:
        PageError: the page is not well-formed.
    """
    root = parse_page(page)
    chosen = frozenset(candidates)
    _prune(root, _neighbourhood(root, chosen), chosen)
    shown = [node for node in root.iter("*") if ID in node.attrib]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(node.attrib[ID] for node in shown))}
    for node in root.iter("*"):
        _shorten(node, numbers)
    choices = {node.attrib["id"]: " ".join(_write(node).split()[:CHOICE_WORDS]) for node in reversed(shown)}
    return View(_write(root), tuple(numbers), tuple(choices[str(number)] for number in numbers.values()))


def _neighbourhood(root: etree._Element, chosen: frozenset[str]) -> set[str]:
    """Ids of the candidates, their ancestors, their nearest descendants and their neighbours."""
    keep: set[str] = set()
    for candidate in [node for node in root.iter("*") if node.get(ID) in chosen and node.tag != "text"]:
        near = [candidate, *candidate.iterancestors(), *list(_descendants(candidate, DEPTH))[:DESCENDANTS]]
        if (parent := candidate.getparent()) is not None:
            siblings = [child for child in parent if child.tag != "text"]
            place = siblings.index(candidate)
            near += siblings[max(0, place - SIBLINGS) : place + SIBLINGS + 1]
        keep.update(node.get(ID, "") for node in near)
    return keep


def _descendants(node: etree._Element, depth: int) -> Iterator[etree._Element]:
    """The descendants in the order of the page, ``depth`` levels below the children."""
    for child in node:
        yield child
        if depth:
            yield from _descendants(child, depth - 1)


def _prune(root: etree._Element, keep: set[str], chosen: frozenset[str]) -> None:
    """Drop what is not kept, and replace wrappers that say nothing by what they wrap; innermost first."""
    for node in reversed(list(root.iter("*"))):
        parent = node.getparent()
        if node.tag == "text":
            # A text stands and falls with its element, and its own id is never shown.
            node.attrib.pop(ID, None)
            if parent is not None and parent.get(ID, "") not in keep:
                parent.remove(node)
            continue
        if node.get(ID, "") not in keep and parent is not None:
            parent.remove(node)
            continue
        if node.get(ID, "") not in chosen:
            node.attrib.pop(ID, None)
        silent = not node.attrib and len(node) <= 1 and all(child.tag != "text" for child in node)
        if silent and parent is not None:
            if len(node):
                parent.replace(node, node[0])
            else:
                parent.remove(node)


def _shorten(node: etree._Element, numbers: dict[str, int]) -> None:
    """Leave of a text its first words, and of the attributes a number and the words that mean something."""
    if node.tag == "text":
        node.text = " ".join((node.text or "").split()[:TAG_WORDS])
        return
    said: dict[str, None] = {}
    for name in _SHOWN:
        value = node.get(name, "").lower()
        if value not in _MEANINGLESS and not value.startswith("http"):
            said[" ".join([word for word in value.split() if len(word) < WORD_LENGTH][:VALUE_WORDS])] = None
    meaning = " ".join(" ".join(said).split()[:TAG_WORDS])
    number = numbers.get(node.get(ID, ""))
    node.attrib.clear()
    if number is not None:
        node.set("id", str(number))
    if meaning:
        node.set("meta", meaning)


def _write(node: etree._Element) -> str:
    """``node`` in MindAct's notation: XML without quotes, ``meta=`` and ``text`` tags, on one line."""
    text = etree.tostring(node, encoding="unicode", with_tail=False).replace('"', " ")
    text = text.replace("meta= ", "").replace("id= ", "id=").replace(" >", ">")
    text = re.sub(r"<text>(.*?)</text>", r"\1", text)
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return " ".join(text.split())
