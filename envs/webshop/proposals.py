"""Candidate actions in the shop, from the shown text alone; one code for mini and real goals."""

from __future__ import annotations

import re
from functools import lru_cache

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.core import unread_skills
from skillflow_gym.text import STOP_WORDS, words
from skillflow_gym.trajectory import Context

MAX_SEARCHES = 10

_PRICE = re.compile(r",? and price lower than [\d.]+ dollars$")
_OPTIONS = re.compile(r"(?: with|, and) (?=(?:(?! with )[\w &/'-])+: )")
_OPTION = re.compile(r"[^:]+: (.+)", re.DOTALL)
_OPENING = re.compile(
    r"^(?:please |can you |could you |hello,? |hi,? )*(?:(?:help me )?find (?:me )?|show me |get me |buy |order |"
    r"i(?:'m| am|m)? (?:looking (?:for|to buy)|interested in|searching for|need(?:ing)?|want(?:ing)?|would like)"
    r"(?: to (?:buy|find|get|order|purchase))? |i'd like (?:to buy )?|looking for |search for )(?:an? |the |some )?",
    re.IGNORECASE,
)
_CUT = re.compile(
    r",|\.|;|\b(?:that|which|with|for|in|made|and|it|of|so|my|please|from|has|have|is|are|should|must)\b", re.IGNORECASE
)


def shop_proposals(context: Context) -> tuple[Action, ...]:
    """Every click of the page, searches where the page has the search bar, unread skills, and giving up.

    A search that was tried is not proposed again. Giving up is proposed once something was tried.
    """
    clicks = tuple(map(_act, context.admissible))
    searches = () if clicks else _fresh(context)
    return (*searches, *clicks, *unread_skills(context), *((Action.accept(""),) if context.step else ()))


def _fresh(context: Context) -> tuple[Action, ...]:
    taken = {turn.action for turn in context.turns if turn.action.kind is ActionKind.ACT}
    found = tuple(_act(f"search[{query}]") for query in queries(context.task))
    return tuple(action for action in found if action not in taken) or found[:1]


@lru_cache(maxsize=4096)
def queries(instruction: str) -> tuple[str, ...]:
    """What a shopper may type for an instruction: all of it, what it names first, and that with each further wish."""
    wish, *options = _OPTIONS.split(_PRICE.sub("", instruction.strip()).strip(" ."))
    values = [match[1] for option in options if (match := _OPTION.match(option))]
    wish = _OPENING.sub("", wish)
    parts = [part for part in (_content(piece) for piece in _CUT.split(wish)) if part]
    things = [part for part in parts if len(part.split()) > 1] or parts
    head = max(parts[:3], key=lambda part: len(part.split()), default="")
    tail = " ".join(head.split()[-2:])
    wanted = [wish, " ".join([wish, *values]), " ".join(parts), head, tail, things[0] if things else ""]
    wanted += [f"{part} {tail}" for part in things if part != head]
    wanted += [f"{head} {value}" for value in values]
    cleaned = dict.fromkeys(" ".join(query.translate(_BRACKETS).lower().split()) for query in wanted)
    return tuple(query for query in cleaned if query)[:MAX_SEARCHES]


_BRACKETS = dict.fromkeys(map(ord, "[]"), " ")


def _content(text: str) -> str:
    return " ".join(word for word in words(text) if word not in STOP_WORDS)


# One object per action: it is made, hashed and kept by rollouts many thousand times.
_act = lru_cache(maxsize=16384)(Action.act)
