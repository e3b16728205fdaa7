"""Paragraphs that a careless reader would take for the right ones."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from random import Random

from skillflow_gym.text import content_words

from .encyclopaedia import Article, World, world
from .questions import Question

ROOM_FOR_LOOKALIKES, RIVALS = 2, 3
"""Articles left for lookalikes, and how many other articles at least state the relation that is asked for last."""


def context(question: Question, split: str, count: int, rng: Random) -> list[Article]:
    """``count`` articles in random order: those that prove the answer, and distractors.

    First come whole chains of the same relations that start elsewhere, so that the type of an answer, or its being
    linked to, gives nothing away. What room is left goes to lookalikes of any article chosen so far: the right ones are
    not at the centre.
    """
    articles = world(split)
    chosen = {step.title: articles.articles[step.title] for step in question.steps}
    if not question.comparison:
        _add_decoys(question, articles, chosen, count - ROOM_FOR_LOOKALIKES, rng)
        _add_rivals(question, articles, chosen, rng)
    seeds = list(chosen.values())
    while len(chosen) < count:
        lookalike = _lookalike(rng.choice(seeds), split, rng)
        chosen.setdefault(lookalike.title, lookalike)
    result = list(chosen.values())
    rng.shuffle(result)
    return result


def _add_decoys(question: Question, articles: World, chosen: dict[str, Article], limit: int, rng: Random) -> None:
    """Add chains of the question's relations to ``chosen``, as many as fit into ``limit`` articles."""
    start = articles.articles[question.steps[0].title]
    relations = [step.fact.relation for step in question.steps]
    final = question.steps[-1].fact
    candidates = rng.sample(articles.of_kind(start.kind), len(articles.of_kind(start.kind)))
    namesakes = _title_words(start.title)
    for candidate in sorted(candidates, key=lambda article: namesakes.isdisjoint(_title_words(article.title))):
        if len(chosen) + len(relations) > limit:
            return
        steps = articles.follow(candidate.title, relations)
        if steps is None or (steps[-1].fact.target or steps[-1].fact.value) == (final.target or final.value):
            continue
        titles = {step.title for step in steps}
        if len(titles) == len(steps) and not titles & chosen.keys():
            chosen.update({step.title: articles.articles[step.title] for step in steps})


def _add_rivals(question: Question, articles: World, chosen: dict[str, Article], rng: Random) -> None:
    """Make up for long chains that have too few decoys."""
    last = question.steps[-1]
    rivals = [a for a in articles.of_kind(articles.articles[last.title].kind) if last.fact.relation in a.facts]
    missing = 1 + RIVALS - sum(rival.title in chosen for rival in rivals)
    others = [rival for rival in rivals if rival.title not in chosen]
    chosen.update({rival.title: rival for rival in rng.sample(others, max(0, min(missing, len(others))))})


def _lookalike(article: Article, split: str, rng: Random) -> Article:
    """An article that shares a word of the title, a value or at least the kind, or that the article links to."""
    index = _index(split)
    fact = rng.choice(list(article.facts.values()))
    word = rng.choice(sorted(_title_words(article.title)))
    feature = rng.choice((f"word {word}", f"{fact.relation} {fact.target or fact.value}", fact.target, article.kind))
    others = [other for other in index.get(feature, ()) if other is not article]
    return rng.choice(others or [other for other in index[article.kind] if other is not article])


@cache
def _title_words(title: str) -> frozenset[str]:
    return frozenset(content_words(title))


@cache
def _index(split: str) -> dict[str, list[Article]]:
    """Articles by title, by the words of their titles, by their values and by kind."""
    index: dict[str, list[Article]] = defaultdict(list)
    for article in world(split).articles.values():
        index[article.title].append(article)
        for word in sorted(_title_words(article.title)):
            index[f"word {word}"].append(article)
        for fact in article.facts.values():
            index[f"{fact.relation} {fact.target or fact.value}"].append(article)
        index[article.kind].append(article)
    return dict(index)
