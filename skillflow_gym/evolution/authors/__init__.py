"""Who writes skills: the Author protocol, the evidence that an author gets, and the drafts that it returns."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any, Protocol

from skillflow_gym.actions import ActionKind
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.pattern import PREPOSITIONS
from skillflow_gym.text import STOP_WORDS, fold, raw_words, sentences, words
from skillflow_gym.tools.search import read_passages
from skillflow_gym.trajectory import Trajectory

logger = logging.getLogger(__name__)

KEPT_FROM = 3
"""A word of the evidence may stand in a skill if at least this many tasks hold it."""

FIELDS = ("name", "description", "body")
MAX_NAME, MAX_DESCRIPTION, MIN_BODY_WORDS, MAX_BODY_WORDS = 64, 300, 20, 200
"""The limits of a skill that comes from outside: characters, and words of the body."""

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SLOT = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True)
class Pair:
    """A success and a failure of the same task; where the success earned it.

    Attributes:
        success: the trajectory that solved the task.
        failure: one that did not.
        triggers: the turns of the success whose log I(t) >= zeta, oldest first; never empty.

    Raises:
        ValueError: ``triggers`` are empty, out of order, or no turns of the success; or two tasks.
    """

    success: Trajectory
    failure: Trajectory
    triggers: tuple[int, ...]

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in pairwise(self.triggers))
        if not self.triggers or not rising or self.triggers[0] < 0 or self.triggers[-1] >= len(self.success):
            raise ValueError(
                f"triggers must be turns of the success, 0 to {len(self.success) - 1}, rising; got {self.triggers}"
            )
        if (self.success.task_id, self.success.task) != (self.failure.task_id, self.failure.task):
            raise ValueError(f"a pair has one task; got {self.success.task_id!r} and {self.failure.task_id!r}")

    @property
    def task(self) -> str:
        """What tells this pair's task from others: its id, or the prompt where there is none."""
        return self.success.task_id or self.success.task


@dataclass(frozen=True)
class Draft:
    """A skill that was written, and the evidence it was written from."""

    skill: Skill
    pairs: tuple[Pair, ...]


class Author(Protocol):
    """Writes skills from pairs of a success and a failure.

    Attributes:
        name: says which author it is, in logs and reports.
    """

    name: str

    def create(self, pairs: Sequence[Pair], library: SkillLibrary, limit: int) -> list[Draft]:
        """At most ``limit`` new skills, the best supported first; their names are not in ``library``, no two alike."""

    def refine(self, skill: Skill, pairs: Sequence[Pair]) -> Draft | None:
        """``skill`` with another description or body under the same name; None if there is nothing better to say."""

    @property
    def usage(self) -> dict[str, int]:
        """``calls``, ``prompt_tokens`` and ``completion_tokens`` so far; zeros without a language model."""


def reads(trajectory: Trajectory, name: str) -> bool:
    """Whether the skill ``name`` was read in ``trajectory``."""
    return any(turn.action.kind is ActionKind.SKILL and turn.action.argument == name for turn in trajectory.turns)


class Vocabulary:
    """Which words of the evidence may stand in a skill."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._tasks: dict[str, set[str]] = defaultdict(set)
        lower: dict[str, set[str]] = defaultdict(set)
        mixed: dict[str, set[str]] = defaultdict(set)
        names, openings, answers = set[str](), set[str](), set[str]()
        for pair in pairs:
            last = pair.success.turns[-1].action
            if last.kind is ActionKind.ACCEPT:
                answers.update(words(last.argument))
            for text in chain(_texts(pair.success), _texts(pair.failure)):
                here = _spelling(text)
                names.update(here[0])
                openings.update(here[1])
                for word in here[2]:
                    lower[word].add(pair.task)
                    if not text.islower():
                        mixed[word].add(pair.task)
                for word in chain.from_iterable(here):
                    self._tasks[word].add(pair.task)
        # What several tasks write in lower case is a word, even if it also opens a sentence or stands in a title. Of a
        # name that counts only beside capital letters: some questions and queries have none at all.
        self._never = answers | {word for word in names if len(mixed[word]) < KEPT_FROM}
        self._never |= {word for word in openings if len(lower[word]) < KEPT_FROM}

    def allows(self, word: str) -> bool:
        """Whether ``word`` may tell the kind of a task, or what stands around an answer."""
        plain = word.isascii() and word.isalpha() and 2 < len(word) <= 20
        return plain and word not in STOP_WORDS and word not in PREPOSITIONS and self._general(word)

    def clean(self, step: str, tools_from: int = KEPT_FROM) -> bool:
        """Whether all that the pattern ``step`` says outside its slots may stand in a skill.

        The name of a tool is not the task's, however it is written elsewhere: it must be said in ``tools_from`` tasks.
        """
        tool, colon, rest = step.partition(": ")
        if colon and tool != "accept" and any(len(self._tasks.get(w, ())) < tools_from for w in words(tool)):
            return False
        literal = words(_SLOT.sub(" ", rest if colon else step))
        return all(word in STOP_WORDS or word in PREPOSITIONS or self._general(word) for word in literal)

    def _general(self, word: str) -> bool:
        """Whether ``word`` is said in enough tasks, and is no name, number or answer."""
        return len(self._tasks.get(word, ())) >= KEPT_FROM and word not in self._never


def _texts(trajectory: Trajectory) -> Iterator[str]:
    yield trajectory.task
    yield trajectory.first
    for turn in trajectory.turns:
        if turn.action.kind is not ActionKind.SKILL:
            yield turn.action.argument
            yield turn.observation


@lru_cache(maxsize=4096)
def _spelling(text: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The words of ``text`` that are names or numbers, that may be names since they open a sentence, and the others."""
    never, maybe, lower = set[str](), set[str](), set[str]()
    for title in (passage.title for passage in read_passages(text)):
        never.update(fold(w) for w in raw_words(title) if not w.islower())
    for sentence in chain.from_iterable(map(sentences, text.split("\n"))):
        raw = raw_words(sentence)
        for i, word in enumerate(raw):
            if any(c.isdigit() for c in word) or (word[0].isupper() and (i or (raw[1:2] and raw[1][0].isupper()))):
                never.add(fold(word))
            else:
                (maybe if word[0].isupper() else lower).add(fold(word))
    return frozenset(never), frozenset(maybe), frozenset(lower)


def checked_skills(found: Iterable[Any], taken: Container[str]) -> list[Skill]:
    """The skills among ``found``, data from outside, that keep the rules; the others are logged and dropped.

    No two have a name, and none has one of ``taken``.
    """
    skills: dict[str, Skill] = {}
    for item in found:
        problem = _problem(item)
        if not problem and (item["name"] in taken or item["name"] in skills):
            problem = "the name is taken"
        if problem:
            name = item.get("name") if isinstance(item, dict) else None
            logger.warning("skill %.80r dropped: %s", name, problem)
        else:
            skills[item["name"]] = Skill(item["name"], " ".join(item["description"].split()), item["body"])
    return list(skills.values())


def _problem(item: Any) -> str:
    """Why ``item`` is no skill; "" if it is one."""
    if not isinstance(item, dict) or not all(isinstance(item.get(field), str) for field in FIELDS):
        return "it is no object with the texts name, description and body"
    if not _NAME.fullmatch(item["name"]) or len(item["name"]) > MAX_NAME:
        return f"the name is not 1 to {MAX_NAME} of a-z, 0-9 and single hyphens"
    if not 0 < len(" ".join(item["description"].split())) <= MAX_DESCRIPTION:
        return f"the description has not 1 to {MAX_DESCRIPTION} characters"
    if not MIN_BODY_WORDS <= len(item["body"].split()) <= MAX_BODY_WORDS:
        return f"the body has not {MIN_BODY_WORDS} to {MAX_BODY_WORDS} words"
    if any("\ud800" <= c <= "\udfff" for field in FIELDS for c in item[field]):
        return "it holds a lone surrogate, which is no character"
    return ""


__all__ = ["Author", "Draft", "Pair", "Vocabulary", "checked_skills", "reads"]
