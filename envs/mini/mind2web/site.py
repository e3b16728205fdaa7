"""A mini site: what every page of it shares, its pages as functions of their address, and the tasks that it is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from .markup import Html, element
from .widgets import Query, link

STYLE = """
body { margin: 0; font: 16px/1.5 'DejaVu Sans', Verdana, sans-serif; color: #222; background: #f4f4f1 }
header, footer { background: COLOUR; color: #fff; padding: 12px 24px }
header a, footer a { color: #fff; margin-right: 18px } header strong { margin-right: 32px; font-size: 20px }
main { max-width: 860px; margin: 24px auto; padding: 8px 32px 24px; background: #fff; border-radius: 6px }
h1 { color: COLOUR; font-size: 26px } h3 { margin: 0 } label { display: inline-block; min-width: 180px }
input[type=text], input[type=email], select, textarea { width: 300px; padding: 6px; font: inherit }
fieldset { border: 1px solid #ccc; margin: 12px 0 } fieldset label { margin-right: 24px; min-width: 0 }
button { background: COLOUR; color: #fff; border: 0; padding: 9px 20px; border-radius: 4px; font: inherit }
.cards { list-style: none; padding: 0 } .cards li { border-top: 1px solid #ddd; padding: 8px 0 }
.cards p { margin: 2px 0; color: #555 } table { border-collapse: collapse } td, th { padding: 4px 18px 4px 0 }
"""


class Step(NamedTuple):
    """One action of a task: CLICK, TYPE or SELECT, on the control that is called ``target``."""

    op: str
    target: str
    value: str = ""


Draft = tuple[str, tuple[Step, ...]]
"""A task in words, and the steps that carry it out."""


def click(target: str) -> Step:
    """Follow a link, press a button, or tick a box."""
    return Step("CLICK", target)


def enter(target: str, value: str) -> Step:
    """Type into a field."""
    return Step("TYPE", target, value)


def choose(target: str, value: str) -> Step:
    """Choose from a list."""
    return Step("SELECT", target, value)


@dataclass(frozen=True, eq=False)
class Site:
    """A site.

    Attributes:
        name, domain, subdomain: as in the benchmark's records.
        title: what its pages call it.
        colour: of its pages.
        menu: the links of its header: what they are called, and where they lead.
        pages: path -> the content of the page there, given the address's parameters; "/" is the first one.
        templates: draw a task each.
    """

    name: str
    domain: str
    subdomain: str
    title: str
    colour: str
    menu: Mapping[str, str]
    pages: Mapping[str, Callable[[Query], Html]]
    templates: tuple[Callable[[Random], Draft], ...]

    def render(self, url: str) -> str:
        """The whole page at a local address.

        Raises:
            KeyError: there is no such page.
        """
        parts = urlsplit(url)
        content = self.pages[parts.path](dict(parse_qsl(parts.query)))
        head = element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width"),
            element("title", self.title),
            element("style", Html(STYLE.replace("COLOUR", self.colour))),
        )
        menu = element("nav", *(link(label, path) for label, path in self.menu.items()), aria_label="Main")
        header = element("header", element("strong", self.title), menu)
        footer = element("footer", link("Privacy", "/"), link("Terms", "/"))
        body = element("body", header, element("main", content), footer)
        return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}"
