"""Candidate actions for question answering, from the shown text alone; one code for mini and real questions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.core import unread_skills
from skillflow_gym.text import STOP_WORDS, sentences, words
from skillflow_gym.tools.search import read_passages
from skillflow_gym.trajectory import Context

MAX_SEARCHES, MAX_LOOKUPS, MAX_ANSWERS = 12, 4, 32

_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_NAME = r"[^\W\d_a-zß-öø-ÿ][\w’'.&-]*"
_SPANS = re.compile(
    rf"(?P<date>\b\d{{1,2}} (?:{_MONTH}),? \d{{4}}\b|\b(?:{_MONTH}) \d{{1,2}}, \d{{4}}\b|\b(?:{_MONTH}) \d{{4}}\b)"
    r"|(?P<quoted>[\"“][^\"“”]{2,80}[\"”])"
    rf"|(?P<name>{_NAME}(?:\s+(?:(?:of|the|de|la|le|du|von|van|di|da|del|al|for|on)\s+){{0,2}}{_NAME})*)"
    r"|(?P<number>\d[\d,.]*(?:\s?%)?)"
)
_KIND = re.compile(r"\b(?:(?:is|are|was|were|as|became) (?:an?|the)|play(?:s|ed)?(?: the)?) (?=((?:[\w’'-]+ ?){1,5}))")
_KIND_END = re.compile(
    r"\b(?:that|which|who|of|in|by|from|and|or|for|on|at|with|to|as|located|known|born|released)\b.*"
)


@lru_cache(maxsize=4096)
def spans(text: str) -> tuple[str, ...]:
    """Names, quoted titles, dates, numbers, and what something is or plays, each once, in reading order.

    Of "is an American rock band" that is the whole phrase, its noun and what stands before the noun.
    """
    found: dict[str, None] = {}
    for sentence in sentences(text):
        placed: list[tuple[int, str]] = []
        for match in _SPANS.finditer(sentence):
            placed += [(match.start(), span) for span in _trim(match[0], match.lastgroup or "") if span]
        for match in _KIND.finditer(sentence):
            phrase = _KIND_END.sub("", match[1]).strip()
            if phrase and phrase.lower() not in STOP_WORDS:
                placed.append((match.start(1), phrase))
                modifiers, _, noun = phrase.rpartition(" ")
                placed += [(match.start(1), part) for part in (modifiers, noun) if modifiers]
        placed.sort(key=lambda item: item[0])
        found.update(dict.fromkeys(span for _, span in placed))
    return tuple(found)


def _trim(span: str, kind: str) -> Iterable[str]:
    """Cut what belongs to the sentence and not to the name: opening stop words, closing punctuation."""
    if kind != "name":
        yield span.strip('"“” ,.')
        if kind == "date":
            yield span[-4:]
        return
    parts = span.split()
    while parts and parts[0].lower() in STOP_WORDS:
        parts.pop(0)
    while parts and parts[-1].lower() in STOP_WORDS:
        parts.pop()
    name = " ".join(parts).rstrip(".,'’-").removesuffix("'s").removesuffix("’s")
    if len(name) > 1:
        yield name


@lru_cache(maxsize=4096)
def _question_parts(question: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The names in a question, its runs of content words, and its single content words outside the names."""
    names = spans(question)
    in_names = {word for name in names for word in words(name)}
    runs: list[list[str]] = [[]]
    for word in words(question):
        if word in STOP_WORDS:
            runs.append([])
        else:
            runs[-1].append(word)
    phrases = dict.fromkeys(" ".join(run) for run in runs if run)
    relations = dict.fromkeys(word for run in runs for word in run if word not in in_names)
    return names, tuple(phrases), tuple(relations)


def qa_proposals(context: Context) -> tuple[Action, ...]:
    """Candidate actions, none twice and no ``act`` that was taken before.

    Searches: the question, its names, its runs of words, a name with one relation word, and the titles and names in
    what was found, the newest first. Lookups: the question's words, once something was found. Answers: names, dates,
    numbers and phrases in the question and in what was found, yes and no; from the second turn on, since before it
    there is nothing that could speak for one.
    """
    shown = (context.first, *(turn.observation for turn in context.turns))
    acts = frozenset(turn.action for turn in context.turns if turn.action.kind is ActionKind.ACT)
    tools, answers = _suggested(context.task, shown, acts)
    return (*tools, *unread_skills(context), *(answers if context.step else ()))


@lru_cache(maxsize=1024)
def _suggested(
    question: str, shown: tuple[str, ...], taken: frozenset[Action]
) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """Tool calls and answers; rollouts of one task ask for the same ones again and again."""
    names, phrases, relations = _question_parts(question)
    passages = [passage for text in reversed(shown) for passage in read_passages(text)]
    titles = list(dict.fromkeys(passage.title for passage in passages))
    found = dict.fromkeys(span for p in passages for span in (p.title, *spans(p.text)) if span)

    queries = dict.fromkeys([question, *names, *phrases])
    queries.update(dict.fromkeys(f"{name} {word}" for name in names[:2] for word in relations[:4]))
    follow_ups = [span for span in found if not span[0].isdigit() and span not in queries]
    searches = [*_fresh("search", follow_ups, taken, MAX_SEARCHES), *_fresh("search", queries, taken, MAX_SEARCHES)]
    terms = dict.fromkeys([*relations, *names, *filter(None, titles)] if passages else [])
    lookups = _fresh("lookup", terms, taken, MAX_LOOKUPS)
    spoken = [answer for answer in dict.fromkeys([*names, *found]) if answer not in ("yes", "no")]
    answers = [*spoken[: MAX_ANSWERS - 2], "yes", "no"]
    return (*searches, *lookups), tuple(map(_accept, answers))


def _fresh(tool: str, arguments: Iterable[str], taken: frozenset[Action], limit: int) -> list[Action]:
    calls = (_call(tool, argument) for argument in arguments)
    return list(islice((call for call in calls if call not in taken), limit))


# One object per action: it is made, hashed and kept by rollouts many thousand times.
_accept = lru_cache(maxsize=16384)(Action.accept)


@lru_cache(maxsize=16384)
def _call(tool: str, argument: str) -> Action:
    return Action.act(f"{tool}: {argument}")
