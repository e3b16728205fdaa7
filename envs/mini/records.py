"""The questions as records in the schemas that the benchmarks have on the hub."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from skillflow_gym.scoring.triviaqa import normalise

from .distractors import context
from .encyclopaedia import world
from .questions import Question, ask, questions

PARAGRAPHS, MUSIQUE_PARAGRAPHS, PAGES = 10, 20, 6
"""How many paragraphs a HotpotQA and a MuSiQue record have, and how many pages a TriviaQA record."""


def build(benchmark: str, split: str) -> list[dict[str, Any]]:
    """The records of a split, new objects at every call.

    Raises:
        ValueError: there is no such benchmark or split.
    """
    found = questions(benchmark, split)
    make = _MAKERS[benchmark]
    return [
        make(question, split, index, Random(f"{benchmark}/{split}/{index}/record"))
        for index, question in enumerate(found)
    ]


def _hotpotqa(question: Question, split: str, index: int, rng: Random) -> dict[str, Any]:
    articles = context(question, split, PARAGRAPHS, rng)
    return {
        "id": f"mini-hotpotqa-{split}-{index}",
        "question": question.text,
        "answer": question.answer,
        "type": "comparison" if question.comparison else "bridge",
        "level": "medium" if question.comparison else "hard",
        "supporting_facts": {
            "title": [step.title for step in question.steps],
            "sent_id": [step.fact.sentence for step in question.steps],
        },
        "context": {
            "title": [article.title for article in articles],
            "sentences": [list(article.sentences) for article in articles],
        },
    }


def _musique(question: Question, split: str, index: int, rng: Random) -> dict[str, Any]:
    articles = context(question, split, MUSIQUE_PARAGRAPHS, rng)
    places = {article.title: place for place, article in enumerate(articles)}
    proofs = {step.title for step in question.steps}
    hops = len(question.steps)
    # The original numbers the shapes that a graph of hops can have; from three hops on, a chain is shape 1.
    identifier = f"{hops}hop{'1' if hops > 2 else ''}__mini-{split}-{index}"
    return {
        "id": identifier,
        "paragraphs": [
            {
                "idx": place,
                "title": article.title,
                "paragraph_text": article.text,
                "is_supporting": article.title in proofs,
            }
            for place, article in enumerate(articles)
        ],
        "question": question.text,
        "question_decomposition": [
            {
                "id": index * 10 + hop,
                "question": _single_hop(question, split, hop, rng),
                "answer": step.fact.value,
                "paragraph_support_idx": places[step.title],
            }
            for hop, step in enumerate(question.steps)
        ],
        "answer": question.answer,
        "answer_aliases": list(question.aliases),
        "answerable": True,
    }


def _single_hop(question: Question, split: str, hop: int, rng: Random) -> str:
    """A hop as MuSiQue writes it, as a question or as ``subject >> relation``; ``#1`` is the answer of the first."""
    step = question.steps[hop]
    if rng.random() < 0.5:
        return f"{f'#{hop}' if hop else step.title} >> {step.fact.relation.replace('_', ' ')}"
    relation = f"{world(split).articles[step.title].kind}.{step.fact.relation}"
    return ask(relation, question.wording, f"#{hop}" if hop else question.subject)


def _triviaqa(question: Question, split: str, index: int, rng: Random) -> dict[str, Any]:
    articles = context(question, split, PAGES, rng)
    aliases = [question.answer, *question.aliases]
    entity = question.steps[-1].fact.target
    numerical = question.answer[0].isdigit()
    return {
        "question": question.text,
        "question_id": f"mini-triviaqa-{split}-{index}",
        "question_source": "",
        "entity_pages": {
            "doc_source": ["Mini"] * len(articles),
            "filename": [f"{article.title.replace(' ', '_')}.txt" for article in articles],
            "title": [article.title for article in articles],
            "wiki_context": [article.text for article in articles],
        },
        "search_results": {
            "description": [],
            "filename": [],
            "rank": [],
            "title": [],
            "url": [],
            "search_context": [],
        },
        "answer": {
            "aliases": aliases,
            "normalized_aliases": sorted({normalise(alias) for alias in aliases}),
            "matched_wiki_entity_name": entity,
            "normalized_matched_wiki_entity_name": normalise(entity),
            "normalized_value": normalise(question.answer),
            "type": "WikipediaEntity" if entity else "Numerical" if numerical else "FreeForm",
            "value": question.answer,
        },
    }


def _nq_open(question: Question, split: str, index: int, rng: Random) -> dict[str, Any]:
    return {"question": question.text, "answer": [question.answer, *question.aliases]}


_MAKERS: dict[str, Callable[[Question, str, int, Random], dict[str, Any]]] = {
    "HotpotQA": _hotpotqa,
    "MuSiQue": _musique,
    "TriviaQA": _triviaqa,
    "NQ-Open": _nq_open,
}
