"""Candidate predictions for Mind2Web, from the shown text alone; one code for mini and real pages."""

from __future__ import annotations

import re
from functools import lru_cache

from skillflow_gym.actions import Action
from skillflow_gym.core import unread_skills
from skillflow_gym.envs.qa_proposals import spans
from skillflow_gym.text import STOP_WORDS, content_stems
from skillflow_gym.trajectory import Context

CANDIDATES = "\nCandidates:\n"
"""The line of an observation after which the numbered candidates stand, one a line, to the next empty line."""
MAX_VALUES, MAX_OPTIONS = 16, 6
"""Most texts that are proposed for a field, and most options for a list."""

_LINE = re.compile(r"^\[(\d+)\] <([^\s/>]+)([^>]*)", re.MULTILINE)
_OPTION = re.compile(r"<option[^>]*>(.*?)</option>")
_PHRASE_END = re.compile(r"[,;:.!?]+(?=\s|$)|[\"“”()]")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NO_TEXT = frozenset("checkbox radio submit button image file reset range color".split())
_TEXT_ROLES = frozenset(("textbox", "searchbox", "combobox"))


def mind2web_proposals(context: Context) -> tuple[Action, ...]:
    """Predictions for the present page, none twice, the unread skills, and ``accept("")``.

    A click on every candidate; every phrase of the task in every text field; in every list the options that share most
    words with the task.
    """
    shown = (context.first, *(turn.observation for turn in context.turns))
    page = next((text for text in reversed(shown) if CANDIDATES in text), "")
    return (*_predictions(context.task, page), *unread_skills(context), Action.accept(""))


@lru_cache(maxsize=2048)
def _predictions(task: str, observation: str) -> tuple[Action, ...]:
    html, _, listed = observation.partition(CANDIDATES)
    wanted = frozenset(content_stems(task))
    acts: list[str] = []
    for number, tag, attributes in _LINE.findall(listed.partition("\n\n")[0]):
        acts.append(f"CLICK [{number}]")
        if tag == "select":
            acts += [f"SELECT [{number}] {option}" for option in _options(html, number, wanted)]
        elif _takes_text(tag, attributes.split()):
            acts += [f"TYPE [{number}] {value}" for value in phrases(task)]
    return tuple(map(Action.act, dict.fromkeys(acts)))


def _takes_text(tag: str, words: list[str]) -> bool:
    """Whether a candidate is a text field; its role or its type is the first word after its number."""
    kind = words[1] if len(words) > 1 else ""
    return tag == "textarea" or (tag == "input" and kind not in _NO_TEXT) or kind in _TEXT_ROLES


def _options(html: str, number: str, wanted: frozenset[str]) -> list[str]:
    found = re.search(rf"<select id={number}\b[^>]*>(.*?)</select>", html)
    options = [option for text in _OPTION.findall(found[1]) if (option := text.strip())] if found else []
    return sorted(dict.fromkeys(options), key=lambda option: -_share(option, wanted))[:MAX_OPTIONS]


def _share(text: str, wanted: frozenset[str]) -> float:
    stems = frozenset(content_stems(text))
    return len(stems & wanted) / len(stems) if stems else 0.0


@lru_cache(maxsize=1024)
def phrases(task: str) -> tuple[str, ...]:
    """What somebody who is given ``task`` may have to type: what it quotes and names, and its runs of other words."""
    runs = [run for part in _PHRASE_END.split(task) for run in _runs(part.split()) if run]
    named = [phrase for span in spans(task) for phrase in (span, _after_verb(task, span)) if phrase]
    return tuple(dict.fromkeys([*_ADDRESS.findall(task), *named, *runs]))[:MAX_VALUES]


def _after_verb(task: str, span: str) -> str:
    """A name that the first word of the task stands before: the name alone."""
    return span.partition(" ")[2] if task.startswith(span) else ""


def _runs(words: list[str]) -> list[str]:
    """The longest runs of words that are no stop words."""
    runs: list[list[str]] = [[]]
    for word in words:
        if word.lower() in STOP_WORDS:
            runs.append([])
        else:
            runs[-1].append(word)
    return [" ".join(run) for run in runs]
