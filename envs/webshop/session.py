"""One shopper's session: which page is shown, and where a command leads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from skillflow_gym.envs.webshop import pages
from skillflow_gym.envs.webshop.catalogue import Catalogue
from skillflow_gym.envs.webshop.pages import Node
from skillflow_gym.envs.webshop.records import Product

RESULTS, WINDOW = 50, 10
"""How many products a search finds, and how many of them a page shows."""
_BASE = "http://127.0.0.1:3000"
_PLAIN = re.compile(r"[^\[\]\n]*\Z").match
_SUB_PAGES = {name.lower(): name for name in (*pages.SUB_PAGES, "Attributes")}


class Session:
    """The state of the site for one shopper.

    Attributes:
        url: the address of the present page, which decides where ``< prev`` leads.
        nodes: the present page.
        clickables: what can be clicked there.
        asin: the product that is looked at; "" before one was opened.
        options: the options chosen, name to value.
    """

    def __init__(self, catalogue: Catalogue, instruction: str, name: str, rng: np.random.Generator) -> None:
        """Open the search page. ``name`` stands in the addresses; ``rng`` draws what ``search[<r>]`` shows."""
        self._catalogue, self._instruction, self._name, self._rng = catalogue, instruction, name, rng
        self._start()

    def act(self, command: str, value: Callable[[str, Mapping[str, str]], float]) -> float | None:
        """Carry out ``search[...]`` or ``click[...]``; anything else changes nothing.

        Args:
            command: the command.
            value: the reward for buying an asin with options.

        Returns:
            The reward if the command bought something, else None.
        """
        name, argument = parse(command)
        argument = argument.lower()
        if name == "search" and argument:
            self._search(argument.split(" "), 1)
        elif name == "click" and argument in self.clickables and argument != pages.SEARCH.lower():
            return self._click(argument, value)
        return None

    def text(self) -> str:
        """The observation ``text``."""
        return pages.as_text(self.nodes)

    def rich_text(self) -> str:
        """The observation ``text_rich``."""
        return pages.as_rich_text(self.nodes, self.url, self._visited)

    def commands(self) -> tuple[str, ...]:
        """Every ``click[...]`` that leads somewhere; one whose name holds brackets or lines may be read otherwise."""
        commands = ((name, f"click[{name}]") for name in self.clickables if name != pages.SEARCH.lower())
        read = ((command, name if _PLAIN(name) else parse(command)[1]) for name, command in commands)
        return tuple(command for command, argument in read if argument.lower() in self.clickables)

    def _click(self, name: str, value: Callable[[str, Mapping[str, str]], float]) -> float | None:
        shown = self._page_name()
        if name == pages.BUY.lower():
            return self._buy(value)
        if name == pages.BACK.lower():
            self._start()
        elif name == pages.NEXT.lower() and shown == "search_results":
            self._search(self._keywords, self._page + 1)
        elif name == pages.PREVIOUS.lower() and shown == "search_results":
            self._search(self._keywords, self._page - 1)
        elif name == pages.PREVIOUS.lower() and shown == "item_page":
            self._search(self._keywords, self._page)
        elif name in _SUB_PAGES:
            self._show_sub_page(_SUB_PAGES[name])
        else:
            self._show_item(self.clickables[name])
        return None

    def _page_name(self) -> str:
        names = ("search_results", "item_page", "item_sub_page")
        return next((name for name in names if name in self.url), "")

    def _start(self) -> None:
        self._keywords: Sequence[str] = ()
        self._page, self._visited = 1, set[str]()
        self.asin, self.options = "", dict[str, str]()
        self._show(pages.search_page(self._instruction), self._name)

    def _search(self, keywords: Sequence[str], page: int) -> None:
        self._keywords, self._page, self.asin, self.options = keywords, page, "", {}
        found = find(self._catalogue, keywords, self._rng)
        products = map(self._catalogue.product, found[(page - 1) * WINDOW : page * WINDOW].tolist())
        nodes = pages.results_page(self._instruction, products, page, len(found))
        self._show(nodes, f"search_results/{self._name}/{'+'.join(keywords)}/{page}")

    def _show_item(self, clicked: Node) -> None:
        if clicked.kind == "link":
            self.asin = clicked.text
            self._visited.add(self.asin)
        elif clicked.kind == "option":
            self.options[clicked.option] = clicked.text
        place = f"{self._name}/{self.asin}/{'+'.join(self._keywords)}/{self._page}"
        nodes = pages.item_page(self._instruction, self._product)
        self._show(nodes, f"item_page/{place}/{json.dumps(self.options)}")

    def _show_sub_page(self, name: str) -> None:
        place = f"{self._name}/{self.asin}/{'+'.join(self._keywords)}/{self._page}"
        nodes = pages.sub_page(self._instruction, self._product, name)
        self._show(nodes, f"item_sub_page/{place}/{name}/{self.options}")

    def _buy(self, value: Callable[[str, Mapping[str, str]], float]) -> float:
        reward = value(self.asin, self.options)
        self._show(pages.done_page(self.asin, self.options, reward), f"done/{self._name}/{self.asin}/{self.options}")
        return reward

    @property
    def _product(self) -> Product:
        return self._catalogue.product(self._catalogue.number(self.asin))

    def _show(self, nodes: list[Node], path: str) -> None:
        self.nodes, self.url = nodes, f"{_BASE}/{path}"
        self.clickables = pages.clickables(nodes)


def parse(command: str) -> tuple[str, str]:
    r"""The name and argument of ``name[argument]``: the last ``[`` opens and the last ``]`` closes it.

    What follows on the line and all other lines are ignored; ("", "") if the first line is no such command. As the
    original's expression ``(.+)\[(.+)\]``, without its cost.
    """
    line = command.partition("\n")[0]
    end = line.rfind("]")
    start = line.rfind("[", 1, max(end - 1, 0))
    return (line[:start], line[start + 1 : end]) if start > 0 else ("", "")


def find(catalogue: Catalogue, keywords: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """The positions of the products that a search shows, best first.

    The first word may pass the ranking by: ``<r>`` draws products at random, ``<a>``, ``<c>`` and ``<q>`` give all
    that have an attribute, category or query. (In the original ``<a>`` fails with an error.)
    """
    first, rest = keywords[0], keywords[1:]
    if first == "<r>":
        return rng.choice(len(catalogue), min(RESULTS, len(catalogue)), replace=False)
    if first == "<c>":
        return catalogue.tagged(first, "".join(rest[:1]).strip())
    if first in ("<a>", "<q>"):
        return catalogue.tagged(first, " ".join(rest).strip())
    return catalogue.search(" ".join(keywords), RESULTS)
