"""Questions over a split's encyclopaedia, each with one right answer and the facts that prove it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from random import Random
from typing import NamedTuple

from skillflow_gym.text import words

from .chains import (
    AGREEMENTS,
    CHAINS,
    COMPARISONS,
    TEST_AGREEMENTS,
    TEST_CHAINS,
    TEST_COMPARISONS,
    TEST_FACTS,
)
from .encyclopaedia import Article, Step, World, refer, world
from .names import EDITION, SPLITS
from .people import MONTHS
from .wordings import WORDINGS

BENCHMARKS = ("HotpotQA", "MuSiQue", "TriviaQA", "NQ-Open")
OWN_SHARE = 0.4
"""Share of the test questions that are drawn from the templates that only test has."""

SIZES = {"train": 1000, "validation": 100, "test": 300}
WORKS = ("film", "novel", "album", "song")
TRIES = 40
ALIAS_SHARE = 0.15
"""How often a question names its subject by an alias."""
_FORMS = {
    "HotpotQA": (("2 hops", 80), ("first", 7), ("second", 7), ("yes", 3), ("no", 3)),
    "MuSiQue": (("2 hops", 50), ("3 hops", 30), ("4 hops", 20)),
    "TriviaQA": (("1 hop", 100),),
    "NQ-Open": (("1 hop", 100),),
}
"""The forms of a benchmark's questions, in percent; ``first``, ``second``, ``yes`` and ``no`` are right answers.
Of HotpotQA's own validation questions 20 in a hundred compare, 6 of them to be answered with yes or no."""


class Template(NamedTuple):
    """What is asked (``film.director.birthplace``), with which of the three wordings; ``most`` is of comparisons."""

    path: str
    wording: int
    most: bool = False

    @property
    def id(self) -> str:
        """Such as ``film.director.birthplace/0`` or ``town.population/most/2``."""
        return f"{self.path}/{'most/' * self.most}{self.wording}"


@dataclass(frozen=True)
class Question:
    """A question.

    Attributes:
        template: the template's id.
        text: the question.
        answer: as written in the last article of ``steps``; of a comparison one of the two titles, or yes or no.
        aliases: other right answers.
        steps: a chain's facts in order, the subject's first; or the two facts that are compared.
        comparison: whether two facts are compared.
        subject: how the text refers to the subject of a chain.
        wording: which of the three wordings it uses.
    """

    template: str
    text: str
    answer: str
    aliases: tuple[str, ...]
    steps: tuple[Step, ...]
    comparison: bool
    subject: str
    wording: int


@cache
def questions(benchmark: str, split: str) -> tuple[Question, ...]:
    """The questions of a split, without duplicates.

    Raises:
        ValueError: there is no such benchmark or split.
    """
    if benchmark not in BENCHMARKS:
        raise ValueError(f"no mini questions for benchmark {benchmark!r}: choose one of {', '.join(BENCHMARKS)}")
    articles = world(split)
    forms = [form for form, percent in _FORMS[benchmark] for _ in range(percent * SIZES[split] // 100)]
    Random(f"{benchmark}/{EDITION}/{split}").shuffle(forms)
    result: dict[str, Question] = {}
    asked: set[str] = set()
    for index, form in enumerate(forms):
        rng = Random(f"{benchmark}/{EDITION}/{split}/{index}")
        shared, own = templates(form, split)
        fresh = [template for template in own if template.id not in asked]
        while len(result) <= index:
            template = rng.choice((fresh or own) if own and rng.random() < OWN_SHARE else shared)
            # Try hard with each template: if rare ones were given up early, a template would hint at yes or no.
            for _ in range(TRIES):
                question = _draw(template, form, articles, benchmark, rng)
                if question is not None and question.text not in result:
                    result[question.text] = question
                    asked.add(question.template)
                    break
    return tuple(result.values())


@cache
def templates(form: str, split: str) -> tuple[tuple[Template, ...], tuple[Template, ...]]:
    """The templates of a form that a split may use: those that all splits share, and those that are its own."""
    directions = (False, True) if form in ("first", "second") else (False,)
    if form in ("first", "second"):
        own, paths = TEST_COMPARISONS, list(COMPARISONS)
    elif form in ("yes", "no"):
        own, paths = TEST_AGREEMENTS, list(AGREEMENTS)
    elif form == "1 hop":
        own, paths = TEST_FACTS, list(WORDINGS)
    else:
        own = frozenset(TEST_CHAINS)
        paths = [path for path in CHAINS + TEST_CHAINS if path.count(".") == int(form[0])]
    every = [Template(path, wording, most) for path in paths for most in directions for wording in range(3)]
    shared = tuple(t for t in every if t.path not in own)
    return shared, tuple(t for t in every if t.path in own) if split == SPLITS[-1] else ()


def ask(relation: str, wording: int, subject: str) -> str:
    """A question for one fact, such as ``novel.author``, of ``subject``."""
    return _capitalise(WORDINGS[relation].ask[wording].format(x=subject))


def _draw(template: Template, form: str, world: World, benchmark: str, rng: Random) -> Question | None:
    """One try at a question; None where what was drawn makes none."""
    if form in ("first", "second"):
        return _compare(template, form, world, rng)
    if form in ("yes", "no"):
        return _agree(template, form, world, rng)
    return _follow(template, world, benchmark, rng)


def _follow(template: Template, world: World, benchmark: str, rng: Random) -> Question | None:
    kind, *relations = template.path.split(".")
    start = rng.choice(world.of_kind(kind))
    steps = world.follow(start.title, relations)
    if steps is None:
        return None
    fact = steps[-1].fact
    aliases = world.synonyms(fact)
    if benchmark == "HotpotQA" and fact.value != (fact.target or fact.value):
        return None  # it takes one answer and knows no aliases
    names = world.aliases[start.title]
    subject = text = _introduce(kind, rng.choice(names) if names and rng.random() < ALIAS_SHARE else start.title)
    kinds = [world.articles[step.title].kind for step in steps]
    for kind, relation in zip(kinds, relations[:-1], strict=False):
        phrases = WORDINGS[f"{kind}.{relation}"].phrase
        assert phrases is not None
        text = phrases[template.wording].format(x=text)
    last = WORDINGS[f"{kinds[-1]}.{relations[-1]}"]
    if benchmark == "NQ-Open":
        text = re.sub(r'["?,.]', "", last.search[template.wording].format(x=text).lower())
    else:
        text = _capitalise(last.ask[template.wording].format(x=text))
    hidden = chain((fact.value, *aliases), *((step.title, *world.aliases[step.title]) for step in steps[1:]))
    earlier = (world.articles[step.title].text for step in steps[:-1])
    if len({step.title for step in steps}) < len(steps) or any(_mentions(text, name) for name in hidden):
        return None
    if any(_mentions(article, name) for article in earlier for name in (fact.value, *aliases)):
        return None  # a hop could be left out
    return Question(template.id, text, fact.value, aliases, steps, False, subject, template.wording)


def _compare(template: Template, right: str, world: World, rng: Random) -> Question | None:
    kind, relation = template.path.split(".")
    pair = [article for article in rng.sample(world.of_kind(kind), 2) if relation in article.facts]
    if len(pair) < 2:
        return None
    low, high = sorted(pair, key=lambda article: magnitude(article.facts[relation].value))
    if magnitude(low.facts[relation].value) == magnitude(high.facts[relation].value):
        return None
    winner, loser = (high, low) if template.most else (low, high)
    first, second = (winner, loser) if right == "first" else (loser, winner)
    text = COMPARISONS[template.path][template.most][template.wording]
    aliases = world.aliases[winner.title]
    return _pair(template, text, first, second, relation, winner.title, aliases)


def _agree(template: Template, right: str, world: World, rng: Random) -> Question | None:
    kind, relation = template.path.split(".")
    others = ("novel", "film", "album") if relation == "kind" and right == "no" else (kind,)
    first = rng.choice(world.of_kind(kind))
    if relation not in first.facts:
        return None
    # Towns of the same province may share a word, and people of the same country sound alike: the name must not tell.
    rivals = [
        article
        for article in chain.from_iterable(world.of_kind(other) for other in others)
        if relation in article.facts
        and article.country == first.country
        and (_value(article, relation) == _value(first, relation)) == (right == "yes")
        and article.title != first.title
        and not set(words(article.title)) & set(words(first.title))
    ]
    if not rivals:
        return None
    second = rng.choice(rivals)
    if rng.random() < 0.5:
        first, second = second, first
    return _pair(template, AGREEMENTS[template.path][template.wording], first, second, relation, right, ())


def _pair(
    template: Template,
    text: str,
    first: Article,
    second: Article,
    relation: str,
    answer: str,
    aliases: tuple[str, ...],
) -> Question:
    text = text.format(a=_name(first.kind, first.title), b=_name(second.kind, second.title))
    steps = tuple(Step(article.title, article.facts[relation]) for article in (first, second))
    return Question(template.id, _capitalise(text), answer, aliases, steps, True, "", template.wording)


def magnitude(value: str) -> tuple[int, ...]:
    """What sorts dates, years and numbers: 4 May 1961 is (1961, 4, 4), 12,400 is (12400,)."""
    if value.count(" ") == 2:
        day, month, year = value.split()
        return int(year), MONTHS.index(month), int(day)
    return (int(value.replace(",", "")),)


def _value(article: Article, relation: str) -> str:
    return article.facts[relation].target or article.facts[relation].value


def _name(kind: str, name: str) -> str:
    return f'"{name}"' if kind in WORKS else refer(kind, name)


def _introduce(kind: str, name: str) -> str:
    return f"the {kind} {_name(kind, name)}" if kind in (*WORKS, "band") else refer(kind, name)


def _capitalise(text: str) -> str:
    return text[0].upper() + text[1:]


def _mentions(text: str, name: str) -> bool:
    return _fold(name) in _fold(text)


@lru_cache(maxsize=16384)
def _fold(text: str) -> str:
    return f" {' '.join(words(text))} "
