"""What speaks for a line as the place of a bug: the issue's words, calls from what it names, errors and tracebacks.

The weights are those of a conditional logit of the repairs of the mini set's train split, rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from skillflow_gym.envs.swebench.history import History, is_test
from skillflow_gym.text import STOP_WORDS

IDENTIFIER = re.compile(r"[^\W\d]\w*")
COMMON = STOP_WORDS | set(
    "import from print python def class return true false none self assert result expected value values list str "
    "int float main branch example error raises range len sum sorted for if else not get run see found smallest could "
    "steps reproduce using short result wrong raise lambda instead".split()
)
DISTANCE = (2.8, 1.0, 0.5)
"""For a function that the title names, for one that the rest names or that is used in such a one, for the next."""
SHARE = 1.4
"""For words of the issue."""
TRACED, TRACED_FUNCTION, LATEST = 1.0, 1.0, 0.4
"""For a line and for a function that tracebacks name, and for lines viewed last."""
RAISES_NAMED, RAISES_OTHER, GUARDS_NAMED, GUARDS_OTHER, GUARDED_SHARE = 1.4, -0.9, 0.9, -1.0, 0.6
"""For a line that raises an error that the issue names, or another one, and for the line before such a line."""
HEAD = 0.3
"""For a condition."""

_DEFINITION = re.compile(r"\s*(?:async )?(?:def|class) (\w+)")
_ERROR = re.compile(r"\b([A-Z]\w*(?:Error|Exception))\b|`([A-Z]\w+)`")
_HEADS = ("if ", "elif ", "while ")


class Cues:
    """Of an issue, and of what was seen and run so far."""

    def __init__(self, task: str, history: History) -> None:
        self._history, self._words = history, issue_words(task)
        self._errors = {name or other for name, other in _ERROR.findall(task)}
        self._functions = {path: functions(lines) for path, lines in history.seen.items() if not is_test(path)}
        self._distances = self._reached(task)
        self._traced = {self._functions.get(path, {}).get(number) for path, number in history.traced}

    def weight(self, path: str, number: int) -> float:
        """How much speaks for a line that was seen; the unit is a nat."""
        lines = self._history.seen[path]
        text, following = lines[number].strip(), lines.get(number + 1, "").strip()
        function = self._functions[path].get(number)
        shown, first, last = self._history.latest
        distance = self._distances.get(function, len(DISTANCE)) if function else len(DISTANCE)
        total = DISTANCE[distance] if distance < len(DISTANCE) else 0.0
        total += SHARE * _share(text, self._words) + HEAD * text.startswith(_HEADS)
        total += TRACED * ((path, number) in self._history.traced) + LATEST * (
            path == shown and first <= number <= last
        )
        if function:
            total += TRACED_FUNCTION * (function in self._traced)
        if text.startswith("raise "):
            total += RAISES_NAMED if self._raises_named(text) else RAISES_OTHER
        if following.startswith("raise "):
            total += GUARDS_NAMED if self._raises_named(following) else GUARDS_OTHER
            total += GUARDED_SHARE * _share(following, self._words)
        return total

    def names(self, function: str) -> bool:
        """Whether the issue names a function."""
        return function.lower().strip("_") in self._words

    def _raises_named(self, statement: str) -> bool:
        return not self._errors.isdisjoint(IDENTIFIER.findall(statement))

    def _reached(self, task: str) -> dict[str, int]:
        """Function -> how far it is from what the issue names: its place in DISTANCE."""
        uses: dict[str, set[str]] = {}
        for path, named in self._functions.items():
            for number, name in named.items():
                uses.setdefault(name, set()).update(IDENTIFIER.findall(self._history.seen[path][number]))
        title, everything = set(IDENTIFIER.findall(task.partition("\n")[0])), set(IDENTIFIER.findall(task))
        found = {name: 1 - (name in title) for name in uses if name in everything}
        for step in range(1, len(DISTANCE)):
            for name in [name for name, distance in found.items() if distance == step - 1]:
                for other in uses[name] & uses.keys():
                    found[other] = min(found.get(other, step), step)
        return found


def functions(lines: Mapping[int, str]) -> dict[int, str]:
    """Line -> the function or class around it, by indentation; special methods count as their class."""
    around: list[tuple[int, str]] = []
    found: dict[int, str] = {}
    for number in sorted(lines):
        text = lines[number].strip()
        if not text:
            continue
        indent = len(lines[number]) - len(lines[number].lstrip())
        while around and around[-1][0] >= indent and text[0] not in ")]}":
            around.pop()
        if (match := _DEFINITION.match(lines[number])) is not None:
            special = match[1].startswith("__") and around
            around.append((indent, around[-1][1] if special else match[1]))
        if around:
            found[number] = around[-1][1]
    return found


@lru_cache(maxsize=1024)
def issue_words(task: str) -> frozenset[str]:
    """The words of the issue and of the identifiers in it."""
    names = {name.lower().strip("_") for name in IDENTIFIER.findall(task)}
    parts = {part for name in names for part in name.split("_") if len(part) > 2}
    return frozenset((names | parts) - COMMON)


@lru_cache(maxsize=65536)
def _share(text: str, words: frozenset[str]) -> float:
    """Which part of the words in a line are words of the issue."""
    here = {part for name in IDENTIFIER.findall(text) for part in name.lower().split("_") if len(part) > 2} - COMMON
    return len(here & words) / len(here) if here else 0.0
