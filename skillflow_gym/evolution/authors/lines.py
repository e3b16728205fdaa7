"""Decision lists: for which words in the task which texts are worth choosing, learned by counting."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

from skillflow_gym.evolution.authors import Vocabulary
from skillflow_gym.evolution.authors.cases import Case, Moment
from skillflow_gym.skills.following import Step
from skillflow_gym.text import stem

MAX_LINES, MAX_NEAR, MAX_PATTERNS = 24, 3, 3
LEAST_TASKS, LEAST_CHANCE, LEAST_LIFT = 2, 0.5, 2.0
"""Of a line: tasks behind it, mean chance of choosing what the successes chose, and how much commoner its words are
around that than around the rivals."""
LEAST_OTHERWISE = 0.25
"""The mean chance of the line for all other tasks."""


@dataclass(frozen=True)
class Line:
    """If the task says one of ``says``, do one of ``patterns`` near one of ``near``; all of them words, not stems.

    Attributes:
        says: none in the line for all other tasks.
        patterns: of the actions.
        near: none if it does not matter, or ``asks``.
        asks: near a word of the task itself.
        chance: the mean chance of choosing what the successes chose, over the tasks that say its first word; over
            all tasks for the last line.
    """

    says: tuple[str, ...]
    patterns: tuple[str, ...]
    near: tuple[str, ...] = ()
    asks: bool = False
    chance: float = 0.0

    @property
    def step(self) -> Step:
        """As it is followed."""
        near, says = frozenset(map(stem, self.near)), frozenset(map(stem, self.says))
        return Step(self.patterns, near, says, self.asks, not self.says)


def learn(cases: Sequence[Case], i: int, known: Vocabulary, min_support: int) -> list[Line]:
    """The lines for moment ``i`` of ``cases``, which have one shape; the surest first. Only ``known`` words are used.

    The last line is for all tasks, if one is sure enough: it may look near the task's own words. The others are for
    what it misses. Greedy covering: each time the line is taken that raises the chance of the successes' choice most,
    summed over the tasks that say its word; then the tasks that say the word are left out.
    """
    last = _otherwise([case.moments[i] for case in cases])
    shown = Counter(word for word, _ in {(word, c.task) for c in cases for word in c.moments[i].chosen.near})
    usual = {word for word, tasks in shown.items() if tasks >= min_support and known.allows(word)}
    clean = {p for p in {c.moments[i].chosen.pattern for c in cases} if known.clean(p, min_support)}
    left, lines = list(cases), list[Line]()
    while len(lines) < MAX_LINES:
        tasks_of = Counter(word for word, _ in {(word, c.task) for c in left for word in c.says})
        found = []
        for word in sorted(w for w, tasks in tasks_of.items() if tasks >= LEAST_TASKS and known.allows(w)):
            found.append(_best([c.moments[i] for c in left if stem(word) in c.stems], word, usual, clean, last))
        gain, line = max((some for some in found if some), key=lambda some: some[0], default=(0.0, None))
        if line is None or gain <= 0:
            break
        lines.append(replace(line, chance=_chance(line, cases, i, line.says[0])))
        left = [c for c in left if stem(line.says[0]) not in c.stems]
    lines.sort(key=lambda line: -line.chance)  # the first that fits is followed: the surest, over all that say its word
    return [*_merged(_widened(lines, cases, i, known)), *([last] if last else [])]


def _otherwise(moments: Sequence[Moment]) -> Line | None:
    """The line for tasks of any kind; None if whoever follows it still has to guess."""
    patterns = tuple(p for p, _ in Counter(m.chosen.pattern for m in moments).most_common(MAX_PATTERNS))
    lines = [Line((), patterns, asks=asks) for asks in (True, False)]
    sure = [replace(ln, chance=sum(m.chance(ln.step) for m in moments) / len(moments)) for ln in lines]
    best = max(sure, key=lambda line: line.chance)
    return best if best.chance >= LEAST_OTHERWISE else None


def _best(
    moments: Sequence[Moment], word: str, usual: set[str], clean: set[str], otherwise: Line | None
) -> tuple[float, Line] | None:
    """The best line for tasks that all say ``word``, and what it gains; None if none is sure enough.

    Its words are ``usual`` ones, its patterns ``clean``.
    """
    chosen = Counter(near for m in moments for near in m.chosen.near & usual)
    rivals: defaultdict[str, float] = defaultdict(float)
    for moment in moments:
        for near, count in Counter(n for rival in moment.rivals for n in rival.near & usual).items():
            rivals[near] += count / len(moment.rivals)
    lifts = {near: (count + 0.5) / (rivals[near] + 0.5) for near, count in chosen.items() if count >= LEAST_TASKS}
    telling = [near for near, lift in lifts.items() if lift >= LEAST_LIFT]
    telling.sort(key=lambda near: (-chosen[near] * log(lifts[near]), near))
    made = Counter(m.chosen.pattern for m in moments if m.chosen.pattern in clean)
    patterns = tuple(p for p, _ in made.most_common(MAX_PATTERNS - 1))
    before = sum(moment.chance(otherwise.step if otherwise else None) for moment in moments)
    best = None
    for size in range(min(len(telling), MAX_NEAR) + 1):
        line = Line((word,), patterns, tuple(sorted(telling[:size])))
        after = sum(moment.chance(line.step) for moment in moments)
        if after >= LEAST_CHANCE * len(moments) and (best is None or after - before > best[0]):
            best = after - before, line
    return best


def _widened(lines: Sequence[Line], cases: Sequence[Case], i: int, known: Vocabulary) -> list[Line]:
    """Each line with the other words that tell the same: tasks that say one are as sure by this line as by no other."""
    taken = {stem(line.says[0]) for line in lines}
    words = Counter(word for word, _ in {(word, c.task) for c in cases for word in c.says})
    more: dict[Line, list[str]] = {line: [] for line in lines}
    for word in sorted(w for w, tasks in words.items() if tasks >= LEAST_TASKS and known.allows(w)):
        if stem(word) in taken:
            continue
        taken.add(stem(word))
        chances = [_chance(line, cases, i, word) for line in lines]
        best = max(range(len(lines)), key=lambda n: chances[n], default=-1)
        if best >= 0 and chances[best] >= max(LEAST_CHANCE, lines[best].chance):
            more[lines[best]].append(word)
    return [replace(line, says=(*line.says, *more[line])) for line in lines]


def _chance(line: Line, cases: Sequence[Case], i: int, word: str) -> float:
    """The mean chance of the successes' choices by ``line``, over all ``cases`` that say ``word``."""
    moments = [case.moments[i] for case in cases if stem(word) in case.stems]
    return sum(moment.chance(line.step) for moment in moments) / len(moments)


def _merged(lines: Sequence[Line]) -> list[Line]:
    """Lines that ask for the same as one, at the place of the first."""
    merged: dict[tuple[tuple[str, ...], tuple[str, ...]], Line] = {}
    for line in lines:
        asks = (line.patterns, line.near)
        first = merged.get(asks)
        merged[asks] = line if first is None else replace(first, says=(*first.says, *line.says))
    return list(merged.values())
