"""Features of a candidate command, for engines, pages and workspaces: numbers for any of them, no word list of any.

A candidate is a verb and its parts (``verb: rest``, ``verb[rest]``, ``VERB [n] rest`` or plain words, cut at the first
preposition); the parts of an edit are the tokens that it adds and those that it takes away. What a candidate leads to
is read where it is named: in the cells of the last observation that follow its label, else in what was shown when it
was last done. Both are compared with the task and with what was done before.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from math import log

import numpy as np

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.agents.policies.features import Features, table
from skillflow_gym.agents.policies.layout import Layout
from skillflow_gym.agents.policies.vocabulary import bucket, word_ids
from skillflow_gym.text import STOP_WORDS, stem, words
from skillflow_gym.trajectory import Context

ARGUMENT, SECOND, LINKED, NEAR = 5, 4, 8, 8
"""How many word ids describe a candidate's first part, its second, what it leads to, and where the task names it."""
TASK, LAST, OFFERED, DONE, SHOWN = 16, 5, 10, 8, 16
"""How many describe the task, the last command, the verbs on offer, those done (the latest first), the last reply."""

NAMES = (
    *("is_skill", "is_act", "is_accept", "has_value", "has_digit"),
    *("share_in_task", "all_in_task", "verbatim", "first_in_task", "second_in_task", "has_second"),
    *("linked", "remembered", "cover", "cover_of_best", "is_best", "precision", "price_fits", "price_exceeds"),
    *("times_done", "just_done", "argument_seen", "same_verb", "in_done", "value_in_done", "linked_in_done"),
    *("lines_now", "lines_before", "place", "is_first"),
    *("progress", "last_step", "first_step", "no_change", "short_reply", "choices", "named_and_open"),
)

_BRACKET = re.compile(r"^(\w+)\s*\[(.*)\]$", re.DOTALL)
_LABEL = re.compile(r"^(\w+) (\[\d+\])\s*(.*)$", re.DOTALL)
_NAMED = re.compile(r"^(\w+):\s*(.*)$", re.DOTALL)
_SPLIT = re.compile(r"\s(?:to|from|with|in|on|into|onto|using|at)\s", re.IGNORECASE)
_MARKUP = re.compile(r"\[/?(?:button|clicked button)_?\]")
_NUMBERED = re.compile(r"^(\[\d+\])\s")
_PRICE = re.compile(r"\$\s?(\d+(?:\.\d+)?)")
_AMOUNT = re.compile(r"\d+(?:\.\d+)?")
_EDIT = re.compile(r"^<<<<<<< SEARCH\n(.*?)\n?=======\n(.*?)\n?>>>>>>> REPLACE", re.DOTALL | re.MULTILINE)
_TOKEN = re.compile(r"\w+|[^\w\s]+")
_BEFORE = re.compile(r"^Previous actions:\n(.*?)(?:\n\n|\Z)", re.DOTALL | re.MULTILINE)

_VERBATIM = NAMES.index("verbatim")
_NOTHING = (0,) * LINKED
LAYOUT = Layout(
    len(NAMES),
    (1, LINKED, ARGUMENT, SECOND, NEAR),
    1,
    TASK,
    (LAST, OFFERED, DONE, SHOWN),
    # Who repeats himself sees nothing new, and what the task names is worth a try. In ALFWorld's mini games 2 of 200
    # uniform episodes win, 27 with a prior like this.
    {NAMES.index("times_done"): -2.0, NAMES.index("first_in_task"): 2.0, NAMES.index("second_in_task"): 2.0},
)


@dataclass(frozen=True, slots=True)
class _Command:
    """A candidate taken apart; ``label`` is what names it in an observation, ``value`` what it fills in there."""

    verb: str
    label: str
    value: str
    argument: str
    first: str
    second: str


@lru_cache(maxsize=65536)
def _parse(action: Action) -> _Command:
    text = action.argument
    if action.kind is not ActionKind.ACT:
        return _Command(action.kind.name, text.lower(), "", text, text, "")
    if found := _LABEL.match(text):
        return _Command(found[1], found[2], found[3], found[3], found[3], "")
    found = _BRACKET.match(text) or _NAMED.match(text)
    verb, argument = (found[1], found[2]) if found else (text.partition(" ")[0], text.partition(" ")[2])
    first, _, second = argument.partition(" ")
    if edit := _EDIT.search(argument):
        return _Command(verb, argument.strip().lower(), "", argument, *_changed(edit[1], edit[2]))
    pieces = _SPLIT.split(f" {argument}", maxsplit=1)
    first, second = pieces[0].strip(), pieces[1].strip() if len(pieces) > 1 else ""
    return _Command(verb, argument.strip().lower(), "", argument, first or second, second if first else "")


def _changed(old: str, new: str) -> tuple[str, str]:
    """The tokens that an edit adds and those that it takes away; operators are made words."""
    before, after = ([*map(_as_word, _TOKEN.findall(text))] for text in (old, new))
    added, removed = [], []
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            removed += before[i:j]
            added += after[k:m]
    return " ".join(added), " ".join(removed)


def _as_word(token: str) -> str:
    """An operator as one word of letters: ``<=`` is ``less_than_sign_equals_sign``."""
    if token[0].isalnum() or token[0] == "_":
        return token
    return re.sub(r"\W", "_", " ".join(unicodedata.name(character, "sign") for character in token).lower())


@lru_cache(maxsize=65536)
def _stems(text: str) -> frozenset[str]:
    """The stems of the content words of ``text``; numbers alone tell which one it is, not what."""
    return frozenset(stem(word) for word in words(text) if word not in STOP_WORDS and not word[:1].isdigit()) - {""}


@lru_cache(maxsize=65536)
def _ids(text: str, size: int) -> tuple[int, ...]:
    return (word_ids(text)[:size] + (0,) * size)[:size]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What of a candidate depends on the task alone.

    Attributes:
        command: its parts.
        phrase: what an observation may mention, in lower case.
        stems: of its argument.
        numbers: from ``is_skill`` to ``has_second``.
        verb, ids: the first of its word ids, and those after what it leads to.
        offered: the verb's id among those on offer.
    """

    command: _Command
    phrase: str
    stems: frozenset[str]
    numbers: tuple[float, ...]
    verb: int
    ids: tuple[int, ...]
    offered: int


@lru_cache(maxsize=65536)
def _candidate(task: str, action: Action) -> _Candidate:
    command, asked = _parse(action), _stems(task)
    phrase = command.value or command.argument
    numbers = (
        *(float(action.kind == kind) for kind in ActionKind),
        float(bool(command.value)),
        float(any(c.isdigit() for c in command.argument)),
        _share(_stems(command.argument), asked),
        float(bool(_stems(command.argument)) and _stems(command.argument) <= asked),
        float(bool(command.argument) and command.argument.lower() in task.lower()),
        _share(_stems(command.first), asked),
        _share(_stems(command.second), asked),
        float(bool(command.second)),
    )
    named = command.value or command.first
    return _Candidate(
        command,
        phrase.lower(),
        _stems(command.argument),
        numbers,
        bucket(f"{action.kind.name} {command.verb}".lower()),
        (*_ids(named, ARGUMENT), *_ids(command.second, SECOND), *_near(task, named)),
        bucket(command.verb.lower()),
    )


@lru_cache(maxsize=65536)
def _near(task: str, phrase: str) -> tuple[int, ...]:
    """The ids of the words before and after ``phrase`` in the task; none where the task does not hold it."""
    there, wanted = words(task), words(phrase)
    ids, half, size = word_ids(task), NEAR // 2, len(wanted)
    for start in range(len(there) - size + 1) if wanted else ():
        if there[start : start + size] == wanted:
            around = ids[max(0, start - half) : start] + ids[start + size : start + size + half]
            return (around + (0,) * NEAR)[:NEAR]
    return (0,) * NEAR


def _share(some: frozenset[str], of: frozenset[str]) -> float:
    return len(some & of) / len(some) if some else 0.0


@lru_cache(maxsize=2048)
def _cells(observation: str) -> tuple[str, ...]:
    """The pieces of an observation that stand by themselves: its lines, or what [SEP] divides."""
    return tuple(
        cell
        for part in observation.split("\n")
        for piece in part.split("[SEP]")
        if (cell := _MARKUP.sub("", piece).strip())
    )


@lru_cache(maxsize=2048)
def _links(observation: str, labels: frozenset[str]) -> Mapping[str, str]:
    """Label -> the text that belongs to it: the rest of its line, or the cells up to the next label."""
    found: dict[str, str] = {}
    open_label = ""
    for cell in _cells(observation):
        if (numbered := _NUMBERED.match(cell)) and numbered[1] in labels:
            found[numbered[1]], open_label = cell[numbered.end() :], ""
        elif cell.lower() in labels:
            open_label = cell.lower()
            found.setdefault(open_label, "")
        elif open_label and len(found[open_label]) < 400:
            found[open_label] = f"{found[open_label]} {cell}".strip()
    return found


class _Past:
    """What was done and shown before the present choice."""

    def __init__(self, context: Context) -> None:
        self.acts = [turn.action for turn in context.turns if turn.action.kind is ActionKind.ACT]
        self.times = Counter(self.acts)
        self.commands = [_parse(act) for act in self.acts]
        self.arguments = {command.argument.lower() for command in self.commands}
        self.after = {turn.action: turn.observation for turn in context.turns if turn.action.kind is ActionKind.ACT}
        before = _BEFORE.search(context.observation)
        self.recorded = before[1] if before else ""
        done = frozenset().union(*(_stems(act.argument) for act in self.acts[-12:]))
        self.done = done | _stems(self.recorded)
        earlier = context.turns[-2].observation if len(context.turns) > 1 else context.first if context.turns else ""
        self.no_change = bool(context.turns) and context.observation == earlier
        self.lines_now = _lines(context.observation)
        self.lines_before = _lines(context.first) if context.turns else ()

    def ids(self) -> tuple[int, ...]:
        """The ids of the last command and of the verbs done, the latest first."""
        last = _ids(self.acts[-1].argument, LAST) if self.acts else (0,) * LAST
        verbs = dict.fromkeys([command.verb for command in reversed(self.commands)])
        ids = dict.fromkeys([bucket(verb.lower()) for verb in verbs])
        return last + (*ids, *(0,) * DONE)[:DONE]


@lru_cache(maxsize=2048)
def _lines(observation: str) -> tuple[str, ...]:
    return tuple(line.lower() for line in observation.split("\n") if line)


@lru_cache(maxsize=65536)
def _mentions(lines: tuple[str, ...], phrase: str) -> float:
    return log(1 + sum(phrase in line for line in lines)) / 3 if phrase else 0.0


def command_features(context: Context) -> Features:
    """Describe every proposal of ``context``; a pure function of what it shows."""
    past, task = _Past(context), context.task
    asked, bound = _stems(task), max(map(float, _AMOUNT.findall(task)), default=0.0)
    actions, candidates = context.proposals, [_candidate(task, action) for action in context.proposals]
    links = _links(context.observation, frozenset(c.command.label for c in candidates if c.command.label))
    leads = [links.get(c.command.label) or past.after.get(a, "") for a, c in zip(actions, candidates, strict=True)]
    about = [_stems(lead) & asked for lead in leads]
    rare = Counter(word for words_ in set(about) for word in words_)
    worth = {word: 1.0 / (1.0 + log(count)) for word, count in rare.items()}
    whole = sum(worth.get(word, 1.0) for word in asked) or 1.0
    covers = [sum([worth[word] for word in sorted(shared)]) / whole for shared in about]
    best = max(covers, default=0.0)
    size, seen = Counter([c.command.verb for c in candidates]), Counter[str]()
    last_act, last_verb = (past.acts[-1], past.commands[-1].verb) if past.acts else (None, None)
    recorded = past.recorded.lower()
    open_names, rows, ids = 0, [], []
    for action, candidate, lead, cover in zip(actions, candidates, leads, covers, strict=True):
        command, phrase, times = candidate.command, candidate.phrase, past.times.get(action, 0)
        linked = command.label in links
        place = seen[command.verb] / size[command.verb]
        seen[command.verb] += 1
        open_names += candidate.numbers[_VERBATIM] > 0 and not times
        prices = [float(price) for price in _PRICE.findall(lead)] if bound and lead else []
        rows.append(
            (
                float(linked),
                float(not linked and bool(lead)),
                cover,
                cover / best if best else 0.0,
                float(best > 0 and cover == best),
                _share(_stems(lead), asked) if lead else 0.0,
                float(bool(prices) and min(prices) <= bound),
                float(bool(prices) and min(prices) > bound),
                log(1 + times),
                float(times > 0 and action == last_act),
                float(bool(phrase) and phrase in past.arguments),
                float(command.verb == last_verb),
                _share(candidate.stems, past.done),
                float(bool(command.value) and command.value.lower() in recorded),
                _share(_stems(lead), past.done) if lead else 0.0,
                _mentions(past.lines_now, phrase),
                _mentions(past.lines_before, phrase),
                place,
                float(place == 0.0),
            )
        )
        ids.append((candidate.verb, *(_ids(lead, LINKED) if lead else _NOTHING), *candidate.ids))
    numbers = np.empty((len(actions), len(NAMES)), np.float32)
    fixed, varying = len(candidates[0].numbers), len(rows[0])
    numbers[:, :fixed] = table([candidate.numbers for candidate in candidates], fixed, np.float32)
    numbers[:, fixed : fixed + varying] = table(rows, varying, np.float32)
    numbers[:, fixed + varying :] = (
        context.step / max(context.step_limit, 1),
        float(context.step + 1 >= context.step_limit),
        float(not context.turns),
        float(past.no_change),
        float(len(context.observation) < 60),
        log(1 + len(actions)) / 7,
        # What the task names word for word, is on offer, and was not done: is there reason to go on?
        min(open_names, 4) / 4,
    )
    offered = tuple(dict.fromkeys(candidate.offered for candidate in candidates))
    shown = tuple(
        [*_ids(task, TASK), *past.ids()[:LAST], *(offered + (0,) * OFFERED)[:OFFERED], *past.ids()[LAST:]]
    ) + _ids(context.observation, SHOWN)
    return Features(numbers, table(ids, sum(LAYOUT.groups), np.int32), np.array(shown, np.int32))
