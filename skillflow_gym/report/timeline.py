"""How a library came to be: every change of a run's store with its text before and after, and the numbers behind it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skillflow_gym.skills.library import SkillLibrary
from skillflow_gym.skills.store import Entry

MAX_EVIDENCE = 6000
"""Characters of a change's evidence that are shown."""


@dataclass(frozen=True)
class Change:
    """One change of one skill.

    Attributes:
        step: the update after which it was made; -1 if the event does not say.
        kind: create, refine, merge, prune, reject, retain ...
        skill: its name.
        diff: lines, each with the sign that a diff gives it (" ", "+" or "-").
        evidence: the event's own, as JSON.
    """

    step: int
    kind: str
    skill: str
    diff: Sequence[tuple[str, str]]
    evidence: str


def changes(history: Sequence[Entry]) -> Iterator[Change]:
    """Every change of ``history``, oldest first; one that retains a skill is left out."""
    before = SkillLibrary()
    for entry in history:
        step = entry.event.get("step")
        listed = entry.event.get("changes")
        for change in listed if isinstance(listed, list) else ():
            if not isinstance(change, Mapping) or change.get("kind") == "retain":
                continue
            names = change.get("skill", "")
            name = ", ".join(map(str, names)) if isinstance(names, list) else str(names)
            evidence = change.get("evidence")
            old, new = _text(before, name, evidence, "before"), _text(entry.library, name, evidence, "after")
            told = json.dumps(_without_texts(evidence), indent=1, ensure_ascii=False)[:MAX_EVIDENCE]
            at = step if isinstance(step, int) else -1
            yield Change(at, str(change.get("kind", "change")), name, _diff(old, new), told)
        before = entry.library


def _text(library: SkillLibrary, name: str, evidence: Any, side: str) -> str:
    """Description and body of a skill, from the library, or from the evidence where it never entered it."""
    skill = library.get(name)
    if skill is not None:
        return f"{skill.description}\n\n{skill.body}"
    kept = evidence.get(side) if isinstance(evidence, Mapping) else None
    return f"{kept.get('description', '')}\n\n{kept.get('body', '')}" if isinstance(kept, Mapping) else ""


def _without_texts(evidence: Any) -> Any:
    if not isinstance(evidence, Mapping):
        return evidence
    return {name: value for name, value in evidence.items() if name not in ("before", "after")}


def _diff(old: str, new: str) -> list[tuple[str, str]]:
    lines = difflib.ndiff(old.split("\n") if old else [], new.split("\n") if new else [])
    return [(line[:1], line[2:]) for line in lines if line[:1] in (" ", "+", "-")]
