"""A record of Mind2Web as a task, its gold, and its pages."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from skillflow_gym.envs.mind2web_pages import PageError, View, parse_page, view
from skillflow_gym.envs.mind2web_ranking import rank
from skillflow_gym.tasks import Gold, RecordError, Task, check_record

OPERATIONS = ("CLICK", "TYPE", "SELECT")

_CANDIDATE = {"backend_node_id": str}
SCHEMA: Mapping[str, Any] = {
    "annotation_id": str,
    "website": str,
    "domain": str,
    "subdomain": str,
    "confirmed_task": str,
    "action_reprs": [str],
    "actions": [
        {
            "action_uid": str,
            "cleaned_html": str,
            "operation": {"op": str, "original_op": str, "value": str},
            "pos_candidates": [_CANDIDATE],
            "neg_candidates": [_CANDIDATE],
        }
    ],
}
"""What is read of a record; ``raw_html`` and the candidates' attributes are not."""


class PageStore:
    """The pages of many tasks, compressed, each once; shared by all environments that play them."""

    def __init__(self) -> None:
        self._pages: dict[str, bytes] = {}
        self.view = lru_cache(maxsize=2048)(self._view)

    def add(self, page: str) -> str:
        """Keep ``page`` and return its name, the SHA-256 (hex) of its text.

        Raises:
            PageError: it is not well-formed.
        """
        parse_page(page)
        content = page.encode("utf-8")
        name = sha256(content).hexdigest()
        self._pages.setdefault(name, zlib.compress(content, 1))
        return name

    def _view(self, name: str, candidates: tuple[str, ...], top_k: int, task: str) -> View:
        """The page pruned around the ``top_k`` of ``candidates`` that our own ranking puts first; 0 for all."""
        page = zlib.decompress(self._pages[name]).decode("utf-8")
        if top_k and len(candidates) > top_k:
            candidates = rank(page, candidates, task)[:top_k]
        return view(page, candidates)

    def step_view(self, task: Task, step: int, top_k: int) -> View:
        """Step ``step`` of ``task`` with the candidates whose rank is below ``top_k``; 0 for all of them.

        The ranks are the record's. Where it has none, they are those of ``mind2web_ranking.rank``.
        """
        public = task.record["steps"][step]
        candidates, ranks = public["candidates"], public["ranks"]
        if not ranks:
            return self.view(public["page"], tuple(candidates), top_k, task.prompt)
        best = tuple(name for name, place in zip(candidates, ranks, strict=True) if not top_k or place < top_k)
        return self.view(public["page"], best, 0, "")


def parse_record(record: Mapping[str, Any], index: int, pages: PageStore) -> tuple[Task, Gold]:
    """The task and the gold of a record; its pages go to ``pages``.

    Public are the pages and their candidates, in an order that does not tell which are right. Gold are the operations,
    the right elements, and the representations of the actions, which an episode shows one by one as its history.

    Raises:
        RecordError: a field is missing or wrong; the message names it.
    """
    check_record(record, index, SCHEMA)
    actions, reprs = record["actions"], record["action_reprs"]
    if not actions:
        raise RecordError(f"record {index}: field actions: expected at least one action, got none")
    if len(actions) != len(reprs):
        raise RecordError(f"record {index}: field action_reprs: {len(reprs)} representations of {len(actions)} actions")
    steps = [_public(action, f"record {index}: field actions[{i}]", pages) for i, action in enumerate(actions)]
    public = {name: record[name] for name in ("website", "domain", "subdomain")}
    gold = {
        "reprs": tuple(reprs),
        "steps": tuple(_gold(action, f"record {index}: field actions[{i}]") for i, action in enumerate(actions)),
    }
    return Task(record["annotation_id"], record["confirmed_task"], {**public, "steps": steps}), Gold((), gold)


def _public(action: Mapping[str, Any], where: str, pages: PageStore) -> dict[str, Any]:
    try:
        page = pages.add(action["cleaned_html"])
    except PageError as error:
        raise RecordError(f"{where}.cleaned_html: {error}") from error
    candidates = sorted(
        [*action["pos_candidates"], *action["neg_candidates"]],
        key=lambda c: (len(c["backend_node_id"]), c["backend_node_id"]),
    )
    return {
        "page": page,
        "candidates": [candidate["backend_node_id"] for candidate in candidates],
        "ranks": _ranks(candidates, where),
    }


def _ranks(candidates: Sequence[Mapping[str, Any]], where: str) -> list[int]:
    """The ranker's places, 0 for the first; [] if no candidate has one."""
    ranks = [candidate.get("rank") for candidate in candidates]
    if all(place is None for place in ranks):
        return []
    for candidate, place in zip(candidates, ranks, strict=True):
        if not isinstance(place, int) or isinstance(place, bool) or place < 0:
            name = candidate["backend_node_id"]
            raise RecordError(f"{where}: rank of candidate {name}: expected an int of at least 0, got {place!r}")
    return [int(place) for place in ranks if place is not None]


def _gold(action: Mapping[str, Any], where: str) -> dict[str, Any]:
    operation = action["operation"]
    if operation["op"] not in OPERATIONS:
        raise RecordError(f"{where}.operation.op: expected one of {', '.join(OPERATIONS)}, got {operation['op']!r}")
    return {
        "action_uid": action["action_uid"],
        "elements": [candidate["backend_node_id"] for candidate in action["pos_candidates"]],
        "op": operation["op"],
        "original_op": operation["original_op"],
        "value": operation["value"],
    }
