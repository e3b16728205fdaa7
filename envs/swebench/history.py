"""What an agent has seen of a repository: read back from the actions and observations of its episode."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from skillflow_gym.envs.swebench.hygiene import about_tests

_HIT = re.compile(r"^([\w./+-]+\.\w+):(\d+): (.*)$", re.MULTILINE)
_HEAD = re.compile(r"^(?:Edited )?([\w./+-]+), lines (\d+) to (\d+) of (\d+):$", re.MULTILINE)
_LINE = re.compile(r"^ {0,4}(\d+) (.*)$")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_TRACE = re.compile(r"^(?:E +)?(?:File \")?([\w./+-]+\.py)\"?(?::|, line )(\d+)", re.MULTILINE)
_BLOCK = re.compile(r"([^\n]+)\n<<<<<<< SEARCH\n(.*)\n=======\n(.*)\n>>>>>>> REPLACE", re.DOTALL)
FAILING, PATHS, PLACES = 6, 60, 40


def is_test(path: str) -> bool:
    """Whether a file is one of the tests, which nobody is graded for changing."""
    return about_tests(path)


@dataclass(frozen=True)
class Edit:
    """Lines of a file and what replaces them."""

    path: str
    old: str
    new: str

    def text(self) -> str:
        """As an instruction."""
        return f"edit: {self.path}\n<<<<<<< SEARCH\n{self.old}\n=======\n{self.new}\n>>>>>>> REPLACE"

    def inverse(self) -> Edit:
        """What takes it back."""
        return Edit(self.path, self.new, self.old)


@dataclass
class History:
    """What is known.

    Attributes:
        paths: files that were shown, in that order.
        places: (path, line) that searches and tracebacks showed, the newest first.
        traced: those of tracebacks.
        seen: path -> line number -> text, as it is now.
        lengths: how many lines each of those files has.
        failing: tests that failed in the last run that showed any.
        edits: those that are in the workspace.
        done: instructions that would show nothing new.
        latest: the files and lines viewed last.
    """

    paths: list[str] = field(default_factory=list)
    places: list[tuple[str, int]] = field(default_factory=list)
    traced: set[tuple[str, int]] = field(default_factory=set)
    seen: dict[str, dict[int, str]] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    failing: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    latest: tuple[str, int, int] = ("", 0, 0)


def read_history(turns: Sequence[tuple[str, str]]) -> History:
    """Read (instruction, observation) pairs."""
    history = History()
    for instruction, observation in turns:
        tool, _, argument = instruction.partition(":")
        argument = argument.strip()
        if tool == "edit" and observation.startswith("Edited "):
            _edited(history, argument)
            # The tests say something new now; a change that was tried is not tried again.
            history.done = {text for text in history.done if not text.startswith(("run:", "diff:", "view:"))}
        history.done.add(instruction)
        if tool == "list":
            _add(history.paths, [line for line in observation.split("\n") if "/" in line or "." in line], PATHS)
        elif tool == "search":
            hits = [(path, int(number)) for path, number, _ in _HIT.findall(observation)]
            _add(history.paths, [path for path, _ in hits], PATHS)
            history.places = list(dict.fromkeys([*hits, *history.places]))[:PLACES]
        elif tool == "run":
            _read_run(history, observation)
        _read_lines(history, observation)
    return history


def _add(known: list[str], more: Sequence[str], most: int) -> None:
    known += [text for text in dict.fromkeys(more) if text not in known][: max(0, most - len(known))]


def _edited(history: History, argument: str) -> None:
    match = _BLOCK.fullmatch(argument)
    if match is None:
        return
    edit = Edit(match[1].strip(), match[2], match[3])
    if history.edits and history.edits[-1] == edit.inverse():
        history.edits.pop()
    else:
        history.edits.append(edit)


def _read_run(history: History, output: str) -> None:
    failing = [test for test in dict.fromkeys(_FAILED.findall(output)) if "/" in test or ".py" in test]
    if failing:
        history.failing = failing[:FAILING]
        _add(history.paths, [test.partition("::")[0] for test in failing], PATHS)
    traced = [(path, int(number)) for path, number in _TRACE.findall(output) if not path.startswith("/")]
    if traced:
        history.traced = set(traced)
        history.places = list(dict.fromkeys([*reversed(traced), *history.places]))[:PLACES]


def _read_lines(history: History, observation: str) -> None:
    """Take numbered lines over; a file whose length has changed is forgotten first."""
    lines = observation.split("\n")
    for start, line in enumerate(lines):
        head = _HEAD.match(line)
        if head is None:
            continue
        path, first, last, length = head[1], int(head[2]), int(head[3]), int(head[4])
        known = history.seen.setdefault(path, {})
        if history.lengths.get(path) != length:
            known.clear()
        for text in lines[start + 1 : start + 2 + last - first]:
            if (numbered := _LINE.match(text)) is not None:
                known[int(numbered[1])] = numbered[2]
        history.lengths[path] = length
        history.latest = (path, first, last)
