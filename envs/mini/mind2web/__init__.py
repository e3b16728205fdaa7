"""Mini Mind2Web: eight small web sites, tasks on them, and their recorded pages in the benchmark's own format.

The sites are real HTML with real form controls and no script: everything that a page is lies in its address, so a
browser that carries out the recorded actions sees exactly the recorded pages.

As in the benchmark, ``test_task`` has new tasks on the sites of ``train``, ``test_website`` has sites that ``train``
has not but whose domains it has, and ``test_domain`` a domain of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from itertools import islice
from random import Random
from typing import Any

from . import bank, booking, clinic, forum, jobs, library, maps, shop
from .browser import Browser, represent
from .site import Draft, Site

__all__ = ["SITES", "drafts", "records"]

KNOWN, NEW_SITES, NEW_DOMAIN = (
    (booking.SITE, shop.SITE, bank.SITE, jobs.SITE),
    (maps.SITE, clinic.SITE),
    (forum.SITE, library.SITE),
)
SITES = (*KNOWN, *NEW_SITES, *NEW_DOMAIN)
TRAIN, TEST = 8, 3
"""Tasks that a template gives to ``train`` and to each test split."""

_SPLITS = {"train": KNOWN, "test_task": KNOWN, "test_website": NEW_SITES, "test_domain": NEW_DOMAIN}


def records(split: str) -> list[dict[str, Any]]:
    """The annotated tasks of a split, new objects at every call.

    Args:
        split: train, test_task, test_website or test_domain.

    Raises:
        ValueError: there is no such split.
    """
    made: list[dict[str, Any]] = json.loads(_recorded(split))
    return made


@cache
def _recorded(split: str) -> str:
    """The records as JSON: visiting all pages takes seconds, reading this a moment."""
    named = ((f"{site.name}-{split}-{number}", site, draft) for number, (site, draft) in enumerate(drafts(split)))
    return json.dumps([_record(*task) for task in named])


@cache
def drafts(split: str) -> tuple[tuple[Site, Draft], ...]:
    """The tasks of a split before they are recorded.

    Raises:
        ValueError: there is no such split.
    """
    if split not in _SPLITS:
        raise ValueError(f"mini Mind2Web has no split {split!r}: choose one of {', '.join(_SPLITS)}")
    part = slice(TRAIN, TRAIN + TEST) if split == "test_task" else slice(TRAIN if split == "train" else TEST)
    return tuple(
        (site, draft) for site in _SPLITS[split] for make in site.templates for draft in _drawn(site, make)[part]
    )


@cache
def _drawn(site: Site, make: Callable[[Random], Draft]) -> tuple[Draft, ...]:
    """The different tasks of a template, as many as all splits need."""
    rng = Random(f"mind2web/{site.name}/{make.__name__}")
    different = {draft[0]: draft for draft in (make(rng) for _ in range(40 * (TRAIN + TEST)))}
    return tuple(islice(different.values(), TRAIN + TEST))


def _record(name: str, site: Site, draft: Draft) -> dict[str, Any]:
    text, steps = draft
    browser = Browser(site)
    actions, reprs = [], []
    for number, step in enumerate(steps):
        actions.append(browser.record(step, f"{name}-{number}"))
        reprs.append(represent(browser.find(step), step))
        browser.perform(step)
    return {
        "website": site.name,
        "domain": site.domain,
        "subdomain": site.subdomain,
        "annotation_id": name,
        "confirmed_task": text,
        "action_reprs": reprs,
        "actions": actions,
    }
