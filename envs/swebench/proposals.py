"""Candidate actions for repairing a repository, from the shown text alone; one code for mini and real issues.

One change at a time: while an edit is in the workspace, the tests that failed (all, if none did), taking the edit
back and accepting are proposed; else searches, views, tests and edits of the lines that were seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.core import unread_skills
from skillflow_gym.envs.swebench.cues import COMMON, IDENTIFIER, Cues
from skillflow_gym.envs.swebench.history import Edit, History, is_test, read_history
from skillflow_gym.envs.swebench.mutations import Mutation, mutations
from skillflow_gym.trajectory import Context

MAX_SEARCHES, MAX_VIEWS, MAX_RUNS, MAX_EDITS = 4, 4, 4, 8
BEFORE, AFTER = 12, 24
"""Lines around a hit that are viewed."""
_INSERTS = 12
_CODE = re.compile(r"```(?:\w*\n)?(.*?)```|`([^`\n]+)`", re.DOTALL)


def swebench_proposals(context: Context) -> tuple[Action, ...]:
    """At most about 20 candidate actions and the unread skills, none twice."""
    turns = tuple(
        (turn.action.argument, turn.observation) for turn in context.turns if turn.action.kind is ActionKind.ACT
    )
    acts, edited = _proposed(context.task, turns)
    return (*acts, *unread_skills(context), *([Action.accept("")] if edited or not acts else []))


@lru_cache(maxsize=4096)
def _proposed(task: str, turns: tuple[tuple[str, str], ...]) -> tuple[tuple[Action, ...], bool]:
    """The instructions, and whether an edit is in the workspace: without one there is nothing to submit."""
    history = read_history(turns)
    if history.edits:
        return tuple(map(_act, dict.fromkeys(_after_an_edit(history)))), True
    fresh = [
        *islice(_fresh(history, searches(task)), MAX_SEARCHES),
        *_fresh(history, ["list: "] if not history.paths else []),
        *islice(_fresh(history, runs(history)), MAX_RUNS),
        *islice(_fresh(history, views(history)), MAX_VIEWS),
        *islice(_fresh(history, edits(task, history)), MAX_EDITS),
    ]
    return tuple(map(_act, dict.fromkeys(fresh))), False


def _fresh(history: History, texts: Iterable[str]) -> Iterator[str]:
    """Those that were not done since the files last changed; of edits, those that were never done."""
    return (text for text in texts if text not in history.done)


def _after_an_edit(history: History) -> Iterator[str]:
    yield from _fresh(history, islice(runs(history), 1))
    yield history.edits[-1].inverse().text()


@lru_cache(maxsize=1024)
def searches(task: str) -> tuple[str, ...]:
    """Definitions and uses of what the issue names in its code, then in its words."""
    code = [first or second for first, second in _CODE.findall(task)]
    names = [name for text in code for name in IDENTIFIER.findall(text)]
    title = IDENTIFIER.findall(task.partition("\n")[0])
    known = [name for name in dict.fromkeys([*title, *names]) if len(name) > 2 and name.lower() not in COMMON]
    # What is called or reached by a dot is more likely in the repository than a variable of the example.
    called = [n for n in known if re.search(rf"(?:\.{n}\b|\b{n}\()", task)]
    ranked = list(dict.fromkeys([*called, *known]))
    return tuple([f"search: def {name}" if name in called else f"search: {name}" for name in ranked])


def runs(history: History) -> Iterator[str]:
    """The failing tests that were shown, all tests, and test files."""
    if history.failing:
        yield f"run: {' '.join(history.failing)}"
    yield "run: "
    for path in history.paths:
        if is_test(path):
            yield f"run: {path}"


def views(history: History) -> Iterator[str]:
    """The surroundings of what was found, newest first, then whole files."""
    for path, number in history.places:
        if not is_test(path):
            yield f"view: {path}:{max(1, number - BEFORE)}-{number + AFTER}"
    for path in history.paths:
        if path.endswith(".py") and not is_test(path) and not path.endswith(("__init__.py", "setup.py")):
            yield f"view: {path}"


def edits(task: str, history: History) -> Iterator[str]:
    """Small changes of the lines that were seen, likely places first."""
    ranked: list[tuple[float, int, str]] = []
    cues = Cues(task, history)
    for path, lines in history.seen.items():
        blocks = _Blocks(lines)
        for number in sorted(lines) if not is_test(path) else ():
            text = lines[number]
            changes = (*mutations(text), *_raised(task, text), *_filled(lines, number))
            block = blocks.up_to(number) if changes else ()
            cue = cues.weight(path, number) if block else 0.0
            for rank, (new, kind) in enumerate(changes if block else ()):
                ranked.append((0.04 * rank - cue - _PRIOR[kind], len(ranked), _edit(path, block, new).text()))
    ranked += [(-cue, len(ranked) + n, text) for n, (cue, text) in enumerate(_insertions(cues, history))]
    ranked.sort()
    return (text for _, _, text in ranked)


@lru_cache(maxsize=16384)
def _raised(task: str, line: str) -> tuple[Mutation, ...]:
    """The line with the exceptions that the issue names."""
    match = re.match(r"(\s*raise )(\w+)(.*)", line)
    names = dict.fromkeys(re.findall(r"`([A-Z]\w+)`", task)) if match else {}
    return tuple((f"{match[1]}{name}{match[3]}", "named exception") for name in names if match and name != match[2])


def _filled(lines: dict[int, str], number: int) -> Iterator[Mutation]:
    """For a line that does nothing: changes of the variables that were assigned right before it."""
    if lines[number].strip() != "pass":
        return
    indent = lines[number].partition("p")[0]
    for before in range(number - 1, number - 6, -1):
        match = re.match(r"\s*([\w.]+) [-+*/]?= ", lines.get(before, ""))
        if match:
            yield f"{indent}{match[1]} += 1", "default"
            yield f"{indent}{match[1]} -= 1", "default"


_PRIOR = {"operator": 0.2, "negation": -0.2, "number": -0.4, "off by one": -3.0, "index": 0.8, "name": 0.7}
_PRIOR |= {"exception": -0.2, "named exception": 1.1, "default": 0.1, "arguments": 0.8, "choice": 0.1}
"""What speaks for a kind of change, as in ``cues``."""
_INSERTED = 3.0


def _insertions(cues: Cues, history: History) -> list[tuple[float, str]]:
    """Statements seen elsewhere in the file, repeated after a line of a function that the issue names."""
    found: list[tuple[float, str]] = []
    for path, lines in history.seen.items():
        if is_test(path):
            continue
        statements = {t.strip() for t in lines.values() if re.match(r"\s+self\.[\w.]+ [-+]?= |\s+self\.[\w.]+\(\)$", t)}
        name, blocks = "", _Blocks(lines)
        for number in sorted(lines):
            text = lines[number]
            if (head := re.match(r"\s*def (\w+)", text)) is not None:
                name = head[1]
            elif text.strip() and cues.names(name) and number + 1 in lines and text.rstrip()[-1] not in ":,(":
                indent = text[: len(text) - len(text.lstrip())]
                block = blocks.up_to(number)
                for statement in sorted(statements) if block else ():
                    if statement not in text:
                        found.append((_INSERTED, _edit(path, block, f"{text}\n{indent}{statement}").text()))
    return found[:_INSERTS]


class _Blocks:
    """Of the lines of a file that were seen, those that end with a given one and are found there once."""

    def __init__(self, lines: dict[int, str]) -> None:
        self._lines = lines
        self._ends: dict[str, list[int]] = {}
        for number, text in lines.items():
            self._ends.setdefault(text, []).append(number)

    def up_to(self, number: int) -> tuple[str, ...]:
        """The line with as many before it as that takes, five at most; none if those are not enough, or not seen."""
        block, ends = [self._lines[number]], self._ends[self._lines[number]]
        while len(ends) > 1:
            before = self._lines.get(number - len(block))
            if before is None or len(block) > 4:
                return ()
            ends = [end for end in ends if self._lines.get(end - len(block)) == before]
            block.append(before)
        return tuple(reversed(block))


def _edit(path: str, block: Sequence[str], new: str) -> Edit:
    """The change of the last line of a block."""
    return Edit(path, "\n".join(block), "\n".join([*block[:-1], new]))


# One object per action: it is made, hashed and kept by rollouts many thousand times.
_act = lru_cache(maxsize=65536)(Action.act)
