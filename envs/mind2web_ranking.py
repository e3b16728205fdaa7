"""Which candidates of a page are worth showing, for records that come without a ranker's scores.

The published set has no ranks: MindAct computes them with a trained cross-encoder. This is no substitute for it, only a
fixed rule that needs no model: candidates whose words the task uses come first, controls before containers.
"""

from __future__ import annotations

from collections.abc import Collection

from lxml import etree

from skillflow_gym.envs.mind2web_pages import ID, parse_page
from skillflow_gym.text import content_stems

CONTROLS = frozenset(("a", "button", "input", "select", "textarea", "option", "label", "summary"))
ROLES = frozenset(
    "button link textbox searchbox combobox option checkbox radio tab menuitem switch spinbutton slider".split()
)
_OWN_WORDS = 40
"""Words of a candidate that count: what comes later is about something inside it."""


def rank(page: str, candidates: Collection[str], task: str) -> tuple[str, ...]:
    """The candidates that are on ``page``, best first; equals stay in the order of the page.

    The worth of a candidate is the share of its words that the task uses plus the share of the task's words that it
    uses, and 1 more for a control.
    """
    wanted = frozenset(content_stems(task))
    chosen = frozenset(candidates)
    worth: dict[str, float] = {}
    for node in parse_page(page).iter("*"):
        if (name := node.get(ID, "")) in chosen and node.tag != "text":
            own = frozenset(content_stems(" ".join(_words(node)[:_OWN_WORDS])))
            shared = len(own & wanted)
            control = node.tag in CONTROLS or node.get("role") in ROLES
            worth[name] = control + shared / max(len(own), 1) + shared / max(len(wanted), 1)
    return tuple(sorted(worth, key=lambda name: -worth[name]))


def _words(node: etree._Element) -> list[str]:
    attributes = [value for inner in node.iter("*") for name, value in inner.items() if name != ID]
    return " ".join([*node.itertext(), *attributes]).split()
