"""Which skills of a large library a task sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from skillflow_gym.skills.library import SkillLibrary
from skillflow_gym.tools.search import BM25Retriever, Passage


def retrieve(library: SkillLibrary, task: str, k: int = 8) -> SkillLibrary:
    """The ``k`` skills whose name, description and body match ``task`` best; ``library`` itself if it has no more.

    Ranked by BM25 over stems; equal scores, and skills that share no word with the task, come in the order of names.
    The result is a library of its own, with a version of its own. The index of a version is built once.

    Raises:
        ValueError: ``k`` is less than 1.

    >>> from skillflow_gym import Skill
    >>> names = ("open-drawers", "read-recipes", "count-coins")
    >>> retrieve(SkillLibrary(Skill(name, name, "") for name in names), "Put the coin into a drawer.", 2).names
    ('count-coins', 'open-drawers')
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if len(library) <= k:
        return library
    ranked = [passage.title for passage in _index(_Snapshot(library.version, library)).search(task, k)]
    names = list(dict.fromkeys([*ranked, *library.names]))[:k]
    return SkillLibrary(library[name] for name in names)


@dataclass(frozen=True)
class _Snapshot:
    """A library that equals any other of its version: an index depends on nothing else."""

    version: str
    library: SkillLibrary = field(compare=False)


@lru_cache(maxsize=32)
def _index(snapshot: _Snapshot) -> BM25Retriever:
    return BM25Retriever(Passage(s.name, f"{s.description} {s.body}") for s in snapshot.library.values())
