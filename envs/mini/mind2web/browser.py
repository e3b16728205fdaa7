"""A browser without a screen: fills in forms, follows links, and keeps each page as the benchmark records it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from lxml import etree, html

from .site import Site, Step

CONTROLS = frozenset(("a", "button", "input", "select", "textarea"))
_CANDIDATES = CONTROLS | frozenset(("label", "h1", "h3", "p", "li", "td", "nav", "fieldset", "form"))
# The names that the benchmark's cleaned pages have for them; everything else is dropped there.
_SALIENT = ("alt", "aria-label", "name", "placeholder", "role", "title", "type", "value")
_ID = "backend_node_id"


class Browser:
    """One visit to a site.

    Attributes:
        document: the page as it stands, with what was typed, chosen and ticked.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._open("/")

    def _open(self, url: str) -> None:
        self.document = html.document_fromstring(self._site.render(url))
        for number, node in enumerate(self.document.iter("*"), 1):
            node.set(_ID, str(number))

    def find(self, step: Step) -> html.HtmlElement:
        """The one control that the step can mean.

        Raises:
            LookupError: there is none, or there are several.
        """
        tags = {"TYPE": ("input", "textarea"), "SELECT": ("select",), "CLICK": ("a", "button", "input")}[step.op]
        found = [node for node in self.document.iter(*tags) if name_of(node) == step.target]
        if len(found) != 1:
            raise LookupError(f"{self._site.name}: {len(found)} controls for {step}")
        return found[0]

    def perform(self, step: Step) -> None:
        """Carry out a step.

        Raises:
            LookupError: no control, no option or several fit.
        """
        node = self.find(step)
        if step.op == "SELECT":
            if step.value not in node.value_options:
                raise LookupError(f"{self._site.name}: no option for {step}")
            node.value = step.value
        elif step.op == "TYPE":
            node.value = step.value
        elif node.tag == "a":
            self._open(node.get("href"))
        elif node.tag == "button":
            (form,) = node.iterancestors("form")
            self._open(f"{form.get('action')}?{urlencode(form.form_values())}")
        elif node.get("type") == "radio":
            (form,) = node.iterancestors("form")
            form.inputs[node.get("name")].value = node.get("value")
        else:
            node.checked = not node.checked

    def source(self) -> str:
        """The page as it stands, as HTML."""
        return str(html.tostring(self.document, encoding="unicode", doctype="<!DOCTYPE html>"))

    def record(self, step: Step, uid: str) -> dict[str, Any]:
        """The page before ``step``, as an action of the benchmark.

        Without measured boxes: the candidates' attributes hold those of the page only.
        """
        target = self.find(step)
        right = {target.get(_ID)}
        if target.get("type") in ("radio", "checkbox"):
            right.add(target.getparent().get(_ID))  # its label ticks it as well
        candidates = [node for node in self.document.body.iter(*_CANDIDATES) if node.get("type") != "hidden"]
        positive = [
            {
                **_candidate(node),
                "is_original_target": node is target,
                "is_top_level_target": node is target,
            }
            for node in candidates
            if node.get(_ID) in right
        ]
        return {
            "action_uid": uid,
            "raw_html": self.source(),
            "cleaned_html": _clean(self.document, {node.get(_ID) for node in candidates}),
            "operation": {"op": step.op, "original_op": step.op, "value": step.value},
            "pos_candidates": positive,
            "neg_candidates": [_candidate(node) for node in candidates if node.get(_ID) not in right],
        }


def name_of(node: html.HtmlElement) -> str:
    """What a control is called: by its label, or by its text."""
    if node.tag in ("a", "button"):
        return " ".join(node.text_content().split())
    label = node.label if node.get("id") else node.getparent()
    return " ".join(label.text_content().split()) if label is not None and label.tag == "label" else ""


def represent(node: html.HtmlElement, step: Step) -> str:
    """A step in the benchmark's short form: ``[tag]  name -> OP: value``."""
    kind = node.get("type") if node.tag == "input" and node.get("type") in ("radio", "checkbox") else node.tag
    return f"[{kind}]  {name_of(node)} -> {step.op}" + (f": {step.value}" if step.value else "")


def _candidate(node: html.HtmlElement) -> dict[str, Any]:
    return {"tag": node.tag, "attributes": json.dumps(dict(node.attrib)), "backend_node_id": node.get(_ID)}


def _clean(document: html.HtmlElement, candidates: set[str]) -> str:
    """The page as the benchmark cleans it: salient attributes, a ``text`` element for every text, no idle wrappers."""
    root = etree.Element("html", {_ID: document.get(_ID)})
    _clean_into(root, document.body, candidates)
    etree.indent(root, space="")
    return str(etree.tostring(root, encoding="unicode"))


def _clean_into(parent: etree._Element, node: html.HtmlElement, candidates: set[str]) -> None:
    if node.get("type") == "hidden":
        return
    kept = etree.SubElement(parent, node.tag, {_ID: node.get(_ID)})
    for name in _SALIENT:
        if value := node.get(name, ""):
            kept.set(name.replace("-", "_"), value)
    if node.tag in ("input", "textarea") and node.get("type") not in ("radio", "checkbox") and node.value:
        kept.attrib.pop("value", None)
        kept.set("input_value", node.value)
    if "checked" in node.attrib:
        kept.set("input_checked", "true")
    if "selected" in node.attrib:
        kept.set("option_selected", "true")
    number = 0
    for piece in (node.text if node.tag != "textarea" else "", *node):
        if isinstance(piece, str):
            number += _add_text(kept, piece, number)
        elif piece is not None:
            _clean_into(kept, piece, candidates)
            number += _add_text(kept, piece.tail, number)
    idle = len(kept.attrib) == 1 and len(kept) <= 1 and kept.get(_ID) not in candidates
    if idle and all(child.tag != "text" for child in kept):
        for child in kept:
            kept.addprevious(child)
        parent.remove(kept)


def _add_text(kept: etree._Element, piece: str | None, number: int) -> bool:
    if not (words := " ".join((piece or "").split())):
        return False
    etree.SubElement(kept, "text", {_ID: f"{kept.get(_ID)}{number:03d}"}).text = words
    return True
