"""The shop's pages as the original's two text observations show them.

A page is a list of nodes in reading order: (kind, text), as they stand in the original's HTML. The observation ``text``
joins their stripped texts, ``text_rich`` gives each a line and marks what can be clicked.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from skillflow_gym.envs.webshop.records import Product

SEPARATOR = " [SEP] "
SEARCH, BACK, PREVIOUS, NEXT, BUY = "Search", "Back to Search", "< Prev", "Next >", "Buy Now"
SUB_PAGES = ("Description", "Features", "Reviews")
_HTML_SPACE = " \n\t\f\r"
_HTML_SAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"})


class Node(NamedTuple):
    """A piece of a page: ``kind`` is text, button, link (to a product) or the name of the option it is a value of."""

    text: str
    kind: str = "text"
    option: str = ""


def search_page(instruction: str) -> list[Node]:
    """Where an episode begins."""
    return [Node("WebShop"), Node("Instruction: "), Node(instruction), Node(SEARCH, "button")]


def results_page(instruction: str, products: Iterable[Product], page: int, total: int) -> list[Node]:
    """Ten products of ``total``; the next page can always be asked for, the previous from the second on."""
    nodes = [*_head(instruction), Node(f"Page {page} (Total results: {total})")]
    if page > 1:
        nodes.append(Node(PREVIOUS, "button"))
    nodes.append(Node(NEXT, "button"))
    for product in products:
        nodes += (Node(product.asin, "link"), Node(product.title), Node(product.price_tag))
    return nodes


def item_page(instruction: str, product: Product) -> list[Node]:
    """A product with its options."""
    nodes = [*_head(instruction), Node(PREVIOUS, "button")]
    for name, values in product.options.items():
        nodes.append(Node(name))
        nodes += [Node(value, "option", name) for value in values]
    nodes += (Node(product.title), Node(f"Price: {product.price_tag}"), Node("Rating: N.A."))
    nodes += [Node(name, "button") for name in (*SUB_PAGES, BUY)]
    return nodes


def sub_page(instruction: str, product: Product, name: str) -> list[Node]:
    """The description, features, reviews (there are none) or attributes of a product."""
    nodes = [*_head(instruction), Node(PREVIOUS, "button")]
    if name == "Description":
        nodes.append(Node(product.description))
    elif name == "Features":
        nodes += [Node(f" {feature}") for feature in product.features]
    elif name == "Attributes":  # no button leads here, but an option of that name does
        nodes += [Node(f" {attribute}") for attribute in product.attributes]
        nodes += [Node(product.category), Node(product.query), Node(product.product_category)]
    return nodes


def done_page(asin: str, options: Mapping[str, str], reward: float) -> list[Node]:
    """What is shown after the purchase; most of its fields are empty in the original too."""
    bought = json.dumps(options, sort_keys=True).translate(_HTML_SAFE)
    texts = ["Thank you for shopping with us!", "Your code: ", "None", " (Paste it in your MTurk interface.)"]
    texts += ["Purchased", "asin", asin, "options", bought, "attrs", "None", "category", "None", "query", "None"]
    texts += ["product category", "None", "Target", "asin", "options", "attrs", "price upper", "instuction text"]
    texts += ["category", "product category", "query", "Goal ", "None", "Reward", "Your score (min 0.0, max 1.0)"]
    return list(map(Node, [*texts, str(reward), "Reward Details ", "None"]))


def clickables(nodes: Sequence[Node]) -> dict[str, Node]:
    """What can be clicked, by the text that names it; of equal names the last counts, options after all others."""
    found = {node.text.lower(): node for kind in ("button", "link") for node in nodes if node.kind == kind}
    found.update((node.text, node) for node in nodes if node.kind == "option")
    return found


def as_text(nodes: Iterable[Node]) -> str:
    """The observation ``text``."""
    return SEPARATOR.join(node.text.strip() for node in _visible(nodes))


def as_rich_text(nodes: Iterable[Node], url: str, visited: Collection[str]) -> str:
    """The observation ``text_rich``.

    Args:
        nodes: the page.
        url: its address: an option value counts as clicked if it stands there in double quotes.
        visited: asins of the products seen since the last search page.
    """
    shown = ""
    lines: list[str] = []
    for text, kind, _ in _visible(nodes):
        if kind == "button":
            lines.append(f"[button] {text} [button_]\n")
        elif kind == "link":
            mark = "clicked button" if text in visited else "button"
            lines.append(f"\n[{mark}] {text} [{mark}_]\n")
        elif kind == "option" and f'"{text}"' in url:
            lines.append(f"  [clicked button] {text} [clicked button_]\n")
            shown = f"You have clicked {text}.\n{shown}"
        elif kind == "option":
            lines.append(f"  [button] {text} [button_]\n")
        else:
            lines.append(f"{text}\n")
    return shown + "".join(lines)


def _head(instruction: str) -> tuple[Node, ...]:
    return Node("Instruction:"), Node(instruction), Node(BACK, "button")


def _visible(nodes: Iterable[Node]) -> Iterable[Node]:
    """As the original's HTML parser leaves them: of white space alone a line break is nothing, the rest one space."""
    for node in nodes:
        if node.text.strip(_HTML_SPACE):
            yield node
        elif node.text and "\n" not in node.text:
            yield node._replace(text=" ")
