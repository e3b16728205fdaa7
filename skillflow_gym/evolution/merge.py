"""Near-duplicates: two skills that say the same."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from skillflow_gym.flow.skill_flow import SkillFlow
from skillflow_gym.skills.library import SkillLibrary
from skillflow_gym.skills.skill import Skill
from skillflow_gym.text import stems


class Merge(NamedTuple):
    """A skill that goes because another says the same: their names, and how alike they are, in [0, 1]."""

    kept: str
    dropped: str
    similarity: float


def similarity(a: Skill, b: Skill) -> float:
    """Shared pairs of neighbouring stems in description and body, as a share of all that either has (Jaccard)."""
    first, second = _neighbours(a), _neighbours(b)
    return len(first & second) / len(first | second) if first | second else 1.0


def duplicates(library: SkillLibrary, flows: Mapping[str, SkillFlow], threshold: float = 0.8) -> list[Merge]:
    """Skills to drop so that no two of ``library`` are alike by ``threshold`` or more.

    Of two the one with the larger G stays; without both, the one that was read more; then the first by name. A merge
    changes no text: both say the same.
    """
    ranked = sorted(library.values(), key=lambda skill: (*_worth(flows.get(skill.name)), skill.name))
    kept: list[Skill] = []
    merges = []
    for skill in ranked:
        alike = [(similarity(other, skill), other.name) for other in kept]
        best = max(alike, default=(0.0, ""))
        if best[0] >= threshold:
            merges.append(Merge(best[1], skill.name, best[0]))
        else:
            kept.append(skill)
    return merges


def _worth(flow: SkillFlow | None) -> tuple[bool, float, int]:
    """Sorts the better skill first."""
    if flow is None or flow.g is None:
        return (True, 0.0, 0)
    return (False, -flow.g, -flow.visits)


def _neighbours(skill: Skill) -> frozenset[tuple[str, str]]:
    some = ("", *stems(f"{skill.description}\n{skill.body}"), "")
    return frozenset(pairwise(some))
