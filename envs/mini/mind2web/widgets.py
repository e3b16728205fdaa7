"""Form controls and lists as the mini sites use them; every control has a label, and keeps what the query says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlencode

from .markup import Html, element, join

Query = Mapping[str, str]
"""The parameters of an address."""


def slug(text: str) -> str:
    """``text`` as the name of a control."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def address(path: str, **parameters: str) -> str:
    """A local address."""
    return f"{path}?{urlencode(parameters)}" if parameters else path


def form(action: str, *children: str, keep: Query | None = None) -> Html:
    """A form that leads to ``action``; ``keep`` goes along unseen."""
    hidden = [element("input", type="hidden", name=name, value=value) for name, value in (keep or {}).items()]
    return element("form", *hidden, *children, action=action, method="get")


def text(label: str, hint: str = "", kind: str = "text") -> Html:
    """A field of one line."""
    name = slug(label)
    control = element("input", type=kind, id=name, name=name, placeholder=hint)
    return element("p", element("label", label, for_=name), control)


def area(label: str, hint: str = "") -> Html:
    """A field of several lines."""
    name = slug(label)
    return element("p", element("label", label, for_=name), element("textarea", id=name, name=name, placeholder=hint))


def select(label: str, options: Iterable[str], query: Query | None = None) -> Html:
    """A list of which one option holds; the first, unless ``query`` names another."""
    name = slug(label)
    chosen = (query or {}).get(name, "")
    items = [element("option", option, value=option, selected=option == chosen) for option in options]
    return element("p", element("label", label, for_=name), element("select", *items, id=name, name=name))


def radios(legend: str, options: Iterable[str]) -> Html:
    """Options of which one may hold."""
    return _boxes("radio", legend, [(slug(legend), option) for option in options], {})


def checks(legend: str, options: Iterable[str], query: Query | None = None) -> Html:
    """Options that hold each on its own."""
    return _boxes("checkbox", legend, [(slug(option), option) for option in options], query or {})


def _boxes(kind: str, legend: str, named: Sequence[tuple[str, str]], query: Query) -> Html:
    boxes = [
        element("label", element("input", type=kind, name=name, value=option, checked=name in query), f" {option}")
        for name, option in named
    ]
    return element("fieldset", element("legend", legend), *boxes)


def button(label: str) -> Html:
    """A button that sends its form."""
    return element("button", label, type="submit")


def link(label: str, path: str, **parameters: str) -> Html:
    """A link to a local address."""
    return element("a", label, href=address(path, **parameters))


def cards(items: Iterable[tuple[Html, str]]) -> Html:
    """A list of links, each with a line about what it leads to."""
    rows = [element("li", element("h3", head), element("p", line)) for head, line in items]
    return element("ul", *rows, class_="cards") if rows else element("p", "Nothing was found.")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """A table."""
    body = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    return element("table", element("tbody", element("tr", *(element("th", head) for head in heads)), *body))


def titled(title: str, *children: str) -> Html:
    """The content of a page under its title."""
    return join(element("h1", title), *children)
