"""Candidate actions for repairing a repository, from the shown text alone; one code for mini and real issues.

One change at a time: while an edit is in the workspace, tests, the diff, taking the edit back and accepting are
proposed; else searches, views, tests and edits of the lines that were seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.core import unread_skills
from skillflow_gym.envs.swebench.history import Edit, History, is_test, read_history
from skillflow_gym.envs.swebench.mutations import Mutation, mutations
from skillflow_gym.text import STOP_WORDS
from skillflow_gym.trajectory import Context

MAX_SEARCHES, MAX_VIEWS, MAX_RUNS, MAX_EDITS = 8, 12, 6, 40
BEFORE, AFTER = 12, 24
"""Lines around a hit that are viewed."""
_INSERTS = 12
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_CODE = re.compile(r"```(?:\w*\n)?(.*?)```|`([^`\n]+)`", re.DOTALL)
_COMMON = STOP_WORDS | set(
    "import from print python def class return true false none self assert result expected value values list str "
    "int float main branch example error raises range len sum sorted for if else not get run see found smallest could "
    "steps reproduce using short result wrong raise lambda instead".split()
)


def swebench_proposals(context: Context) -> tuple[Action, ...]:
    """At most about 70 candidate actions and the unread skills, none twice."""
    turns = tuple(
        (turn.action.argument, turn.observation) for turn in context.turns if turn.action.kind is ActionKind.ACT
    )
    acts = _proposed(context.task, turns)
    accept = (Action.accept(""),) if context.step else ()
    return (*acts, *unread_skills(context), *accept)


@lru_cache(maxsize=4096)
def _proposed(task: str, turns: tuple[tuple[str, str], ...]) -> tuple[Action, ...]:
    history = read_history(turns)
    if history.edits:
        return tuple(map(_act, dict.fromkeys(_after_an_edit(history))))
    fresh = [
        *islice(_fresh(history, searches(task)), MAX_SEARCHES),
        *_fresh(history, ["list: "] if not history.paths else []),
        *islice(_fresh(history, runs(history)), MAX_RUNS),
        *islice(_fresh(history, views(history)), MAX_VIEWS),
        *islice(_fresh(history, edits(task, history)), MAX_EDITS),
    ]
    return tuple(map(_act, dict.fromkeys(fresh)))


def _fresh(history: History, texts: Iterable[str]) -> Iterator[str]:
    """Those that were not done since the files last changed; of edits, those that were never done."""
    return (text for text in texts if text not in history.done)


def _after_an_edit(history: History) -> Iterator[str]:
    yield from islice(_fresh(history, runs(history)), MAX_RUNS)
    yield from _fresh(history, ["diff: "])
    yield history.edits[-1].inverse().text()


@lru_cache(maxsize=1024)
def searches(task: str) -> tuple[str, ...]:
    """Definitions and uses of what the issue names in its code, then in its words."""
    code = [first or second for first, second in _CODE.findall(task)]
    names = [name for text in code for name in _IDENTIFIER.findall(text)]
    title = _IDENTIFIER.findall(task.partition("\n")[0])
    known = [name for name in dict.fromkeys([*title, *names]) if len(name) > 2 and name.lower() not in _COMMON]
    # What is called or reached by a dot is more likely in the repository than a variable of the example.
    called = [n for n in known if re.search(rf"(?:\.{n}\b|\b{n}\()", task)]
    ranked = list(dict.fromkeys([*called, *known]))
    return tuple([f"search: def {name}" if name in called else f"search: {name}" for name in ranked])


def runs(history: History) -> Iterator[str]:
    """Failing tests that were shown, test files, and all tests."""
    for test in history.failing:
        yield f"run: {test}"
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
    words = _issue_words(task)
    for path, lines in history.seen.items():
        if is_test(path):
            continue
        inside = 0.0
        for number in sorted(lines):
            text = lines[number]
            if (head := re.match(r"\s*(?:def|class) (\w+)", text)) is not None:
                inside = 1.0 if head[1].lower().strip("_") in words else _share(head[1], words)
            cue = inside + 0.5 * _share(text, words) + history.weight(path, number)
            for rank, (new, kind) in enumerate((*mutations(text), *_raised(task, text), *_filled(lines, number))):
                edit = _edit(path, lines, number, new)
                if edit is not None:
                    ranked.append((-cue - _PRIOR.get(kind, 0.0) + 0.01 * rank, len(ranked), edit.text()))
    ranked += [(-cue, len(ranked) + n, text) for n, (cue, text) in enumerate(_insertions(words, history))]
    ranked.sort()
    return (text for _, _, text in ranked)


@lru_cache(maxsize=16384)
def _raised(task: str, line: str) -> tuple[Mutation, ...]:
    """The line with the exceptions that the issue names."""
    match = re.match(r"(\s*raise )(\w+)(.*)", line)
    names = dict.fromkeys(re.findall(r"`([A-Z]\w+)`", task)) if match else {}
    return tuple((f"{match[1]}{name}{match[3]}", "exception") for name in names if match and name != match[2])


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


_PRIOR = {
    "operator": 0.3,
    "negation": 0.25,
    "number": 0.25,
    "exception": 0.2,
    "name": 0.2,
    "default": 0.2,
    "index": 0.2,
}
_PRIOR |= {"arguments": 0.15, "choice": 0.1, "off by one": -0.1}


def _insertions(words: frozenset[str], history: History) -> list[tuple[float, str]]:
    """Statements seen elsewhere in the file, repeated after a line of a function that the issue names."""
    found: list[tuple[float, str]] = []
    for path, lines in history.seen.items():
        if is_test(path):
            continue
        statements = {t.strip() for t in lines.values() if re.match(r"\s+self\.[\w.]+ [-+]?= |\s+self\.[\w.]+\(\)$", t)}
        name, numbers = "", sorted(lines)
        for number in numbers:
            text = lines[number]
            if (head := re.match(r"\s*def (\w+)", text)) is not None:
                name = head[1].lower()
            elif name in words and text.strip() and number + 1 in lines and not text.rstrip().endswith((":", ",", "(")):
                indent = text[: len(text) - len(text.lstrip())]
                for statement in sorted(statements):
                    edit = _edit(path, lines, number, f"{text}\n{indent}{statement}")
                    if edit is not None and statement not in text:
                        found.append((1.0, edit.text()))
    return found[:_INSERTS]


def _edit(path: str, lines: dict[int, str], number: int, new: str) -> Edit | None:
    """The change of a line, with as many lines before it as it takes to be found once in what was seen."""
    everything = list(lines.values())
    block = [lines[number]]
    first = number
    while _count(everything, lines, block, first) > 1:
        if first - 1 not in lines or len(block) > 4:
            return None
        first -= 1
        block.insert(0, lines[first])
    return Edit(path, "\n".join(block), "\n".join([*block[:-1], new]))


def _count(everything: Sequence[str], lines: dict[int, str], block: list[str], first: int) -> int:
    if everything.count(block[0]) == 1:
        return 1
    size = range(len(block))
    return sum(all(lines.get(number + i) == block[i] for i in size) for number in lines)


@lru_cache(maxsize=1024)
def _issue_words(task: str) -> frozenset[str]:
    """The words of the issue and of the identifiers in it."""
    names = {name.lower().strip("_") for name in _IDENTIFIER.findall(task)}
    parts = {part for name in names for part in name.split("_") if len(part) > 2}
    return frozenset((names | parts) - _COMMON)


@lru_cache(maxsize=65536)
def _share(text: str, words: frozenset[str]) -> float:
    """Which part of the words in a line are words of the issue."""
    here = {part for name in _IDENTIFIER.findall(text) for part in name.lower().split("_") if len(part) > 2} - _COMMON
    return len(here & words) / len(here) if here else 0.0


# One object per action: it is made, hashed and kept by rollouts many thousand times.
_act = lru_cache(maxsize=65536)(Action.act)
