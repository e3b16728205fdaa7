"""Candidate actions for multiple choice, from the shown text alone; one code for mini and real questions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations, islice

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.core import unread_skills
from skillflow_gym.envs.formulas import numbers, statements
from skillflow_gym.envs.qa_proposals import spans
from skillflow_gym.scoring.choice import folded
from skillflow_gym.text import STOP_WORDS, sentences, words
from skillflow_gym.tools.search import read_passages
from skillflow_gym.trajectory import Context

MAX_SEARCHES, MAX_FOLLOW_UPS, MAX_LOOKUPS, MAX_FORMULAS, MAX_PAIRS = 12, 5, 3, 8, 6

_OPTION = re.compile(r"([A-Z])\. (.+)")
_TOOL = re.compile(r"^([a-z_]+): ", re.MULTILINE)
_ALONE = re.compile(r"[^\w%+-]*(-?\d+(?:\.(\d+))?)[^\d]*")


def choice_proposals(context: Context) -> tuple[Action, ...]:
    """Candidate actions, none twice and no ``act`` that was taken before; only tools that the first text lists.

    Searches: the question, its sentences and runs of words, the options, and the titles and names in what was found.
    Lookups: the options and the last sentence's words, once something was found. Calculations, where the options are
    numbers: the formulas that the question states, with its numbers; products and quotients of two numbers that it or
    the last observation shows. Answers: the text of every option; from the second turn on, since before it there is
    nothing that could speak for one, unless there is nothing else to do.
    """
    shown = (context.first, *(turn.observation for turn in context.turns))
    acts = frozenset(turn.action for turn in context.turns if turn.action.kind is ActionKind.ACT)
    tools = _suggested(context.task, shown, acts)
    answers = _answers(context.task) if context.step or not tools else ()
    return (*tools, *unread_skills(context), *answers)


@lru_cache(maxsize=4096)
def read_question(prompt: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The question of a prompt, and its options as (letter, text): the lines A. to the last at its end."""
    lines = prompt.split("\n")
    for first in range(len(lines) - 1, -1, -1):
        match = _OPTION.fullmatch(lines[first])
        if match is None:
            break
        if match[1] == "A":
            found = [m for line in lines[first:] if (m := _OPTION.fullmatch(line))]
            return "\n".join(lines[:first]), tuple((m[1], m[2]) for m in found)
    return prompt, ()


@lru_cache(maxsize=4096)
def _answers(prompt: str) -> tuple[Action, ...]:
    """``accept`` of each option's text, with its letter where the text alone would not tell it."""
    _, options = read_question(prompt)
    texts = [folded(text) for _, text in options]
    letters = {folded(letter) for letter, _ in options}
    plain = [texts.count(text) == 1 and text.strip("().") not in letters for text in texts]
    answers = [text if alone else f"{letter}. {text}" for (letter, text), alone in zip(options, plain, strict=True)]
    return tuple(map(Action.accept, dict.fromkeys(answers or [""])))


@lru_cache(maxsize=1024)
def _suggested(prompt: str, shown: tuple[str, ...], taken: frozenset[Action]) -> tuple[Action, ...]:
    """Tool calls; rollouts of one task ask for the same ones again and again."""
    tools = set(_TOOL.findall(shown[0]))
    question, options = read_question(prompt)
    calls: list[Action] = []
    if "search" in tools:
        calls += _searches(question, options, shown, taken, lookup="lookup" in tools)
    if "calculate" in tools:
        calls += _calculations(question, tuple(text for _, text in options), shown, taken)
    return tuple(calls)


def _searches(
    question: str, options: tuple[tuple[str, str], ...], shown: tuple[str, ...], taken: frozenset[Action], lookup: bool
) -> list[Action]:
    passages = [passage for text in reversed(shown) for passage in read_passages(text)]
    texts = [text for _, text in options]
    queries = dict.fromkeys([question, *texts, *_parts(question)])
    found = dict.fromkeys(
        span for p in passages for span in (p.title, *spans(p.text)) if span and not span[0].isdigit()
    )
    follow_ups = [span for span in found if span not in queries]
    calls = [*_fresh("search", follow_ups, taken, MAX_FOLLOW_UPS), *_fresh("search", queries, taken, MAX_SEARCHES)]
    if lookup and passages:
        asked = _runs(sentences(question)[-1]) if sentences(question) else ()
        calls += _fresh("lookup", dict.fromkeys([*asked, *texts]), taken, MAX_LOOKUPS)
    return calls


@lru_cache(maxsize=4096)
def _parts(question: str) -> tuple[str, ...]:
    """The sentences of a question, and the runs of words in its last ones."""
    told = sentences(question)
    return tuple(dict.fromkeys([*told[::-1], *(run for sentence in told for run in _runs(sentence))]))


def _runs(sentence: str) -> tuple[str, ...]:
    """The runs of two content words or more."""
    runs: list[list[str]] = [[]]
    for word in words(sentence):
        if word in STOP_WORDS:
            runs.append([])
        else:
            runs[-1].append(word)
    return tuple(" ".join(run) for run in runs if len(run) > 1)


def _calculations(
    question: str, options: tuple[str, ...], shown: tuple[str, ...], taken: frozenset[Action]
) -> list[Action]:
    decimals = _decimals(options)
    if decimals is None:
        return []
    formulas = islice(statements(question).expressions(), MAX_FORMULAS)
    calls = list(_fresh("calculate", (_rounded(text, decimals) for text in formulas), taken, MAX_FORMULAS))
    pairs = (_rounded(text, decimals) for text in _pairs(_newest(shown), numbers(question)[::-1]))
    return [*calls, *_fresh("calculate", pairs, taken.union(calls), MAX_PAIRS)]


def _rounded(expression: str, decimals: int) -> str:
    """To as many decimals as the options have, so that the result can be found among them."""
    return f"round({expression}, {decimals})" if decimals else f"round({expression})"


def _newest(shown: tuple[str, ...]) -> tuple[str, ...]:
    """The first numbers of the last observation, the numbering of passages left out."""
    passages = read_passages(shown[-1])
    text = " ".join(passage.text for passage in passages) if passages else shown[-1]
    return numbers(text)[:3] if len(shown) > 1 else ()


def _pairs(newest: tuple[str, ...], asked: tuple[str, ...]) -> Iterator[str]:
    """Products and quotients of what was found and what the question says, then of what it says alone."""
    for number in asked:
        yield from (f"{found} * {number}" for found in newest)
        yield from (f"{found} / {number}" for found in newest)
    for number, other in combinations(asked, 2):
        yield from (f"{number} * {other}", f"{number} / {other}", f"{other} / {number}")


@lru_cache(maxsize=4096)
def _decimals(options: tuple[str, ...]) -> int | None:
    """To how many decimals the options are given; None if some option is no number."""
    matches = [_ALONE.fullmatch(text) for text in options]
    if not matches or not all(matches):
        return None
    return max(len(match[2] or "") for match in matches if match)


def _fresh(tool: str, arguments: Iterable[str], taken: frozenset[Action], limit: int) -> Iterator[Action]:
    calls = (Action.act(f"{tool}: {argument}") for argument in arguments)
    return islice((call for call in dict.fromkeys(calls) if call not in taken), limit)
