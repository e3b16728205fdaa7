"""The mini question-answering records: schemas, right answers, disjoint splits, and no cheap trick that solves them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.envs import mini
from skillflow_gym.envs.mini.chains import TEST_AGREEMENTS, TEST_CHAINS, TEST_COMPARISONS, TEST_FACTS
from skillflow_gym.envs.mini.encyclopaedia import Step, world
from skillflow_gym.envs.mini.names import key
from skillflow_gym.envs.mini.prose import PROSE
from skillflow_gym.envs.mini.questions import Question, magnitude, questions
from skillflow_gym.envs.mini.wordings import WORDINGS
from skillflow_gym.scoring import hotpotqa, musique, nq_open, triviaqa
from skillflow_gym.text import words

ROOT = Path(__file__).parents[2]
BENCHMARKS = ("HotpotQA", "MuSiQue", "TriviaQA", "NQ-Open")
SIZES = {"train": 1000, "validation": 100, "test": 300}
SPLITS = tuple(SIZES)

GREATER = re.compile(r"\b(later|recently|younger|newer|larger|more|higher|taller|longer|greater)\b")

every_split = pytest.mark.parametrize("split", SPLITS)
every_benchmark = pytest.mark.parametrize("benchmark", BENCHMARKS)


def says(text: str, name: str) -> bool:
    """Whether ``name`` stands in ``text`` as whole words, whatever the case and punctuation."""
    return f" {' '.join(words(name))} " in f" {' '.join(words(text))} "


def chains(benchmark: str, split: str) -> list[Question]:
    return [question for question in questions(benchmark, split) if not question.comparison]


def target(step: Step) -> str:
    return step.fact.target or step.fact.value


def mentions(split: str) -> Iterator[tuple[str, str]]:
    """Every (name, title) under which an article of the split can be mentioned."""
    articles = world(split)
    for title in articles.articles:
        for name in (title, *articles.aliases[title]):
            yield name, title


def context_titles(benchmark: str, record: dict[str, Any]) -> list[str]:
    if benchmark == "HotpotQA":
        return list(record["context"]["title"])
    if benchmark == "TriviaQA":
        return list(record["entity_pages"]["title"])
    return [paragraph["title"] for paragraph in record["paragraphs"]]


# --- shape


@every_benchmark
@every_split
def test_sizes_and_ids(benchmark: str, split: str) -> None:
    records = mini.records(benchmark, split)
    assert len(records) == SIZES[split]
    assert len({record["question"] for record in records}) == len(records)
    for name in ("id", "question_id"):
        if name in records[0]:
            assert [r[name].rsplit("-", 2)[1:] for r in records] == [[split, str(i)] for i in range(len(records))]


@every_split
def test_hotpotqa_schema(split: str) -> None:
    for record in mini.records("HotpotQA", split):
        assert set(record) == {"id", "question", "answer", "type", "level", "supporting_facts", "context"}
        assert record["level"] in ("easy", "medium", "hard")
        titles, paragraphs = record["context"]["title"], record["context"]["sentences"]
        assert len(set(titles)) == len(titles) == len(paragraphs) == 10
        for sentences in paragraphs:
            assert 2 <= len(sentences) <= 5
            assert [sentence[0] == " " for sentence in sentences] == [False] + [True] * (len(sentences) - 1)
        facts = record["supporting_facts"]
        assert len(facts["title"]) == len(facts["sent_id"]) == 2
        supporting = [paragraphs[titles.index(title)] for title in facts["title"]]
        sentences = [sentences[index] for sentences, index in zip(supporting, facts["sent_id"], strict=True)]
        if record["type"] == "bridge":
            assert record["answer"] in sentences[1]
        elif record["answer"] not in ("yes", "no"):
            assert record["answer"] in facts["title"]
            assert record["answer"] in "".join(supporting[facts["title"].index(record["answer"])])


@every_split
def test_musique_schema(split: str) -> None:
    hops: Counter[int] = Counter()
    for record in mini.records("MuSiQue", split):
        assert set(record) == {
            "id", "paragraphs", "question", "question_decomposition", "answer", "answer_aliases", "answerable",
        }  # fmt: skip
        assert record["answerable"] is True and record["answer"] not in record["answer_aliases"]
        paragraphs = record["paragraphs"]
        assert [paragraph["idx"] for paragraph in paragraphs] == list(range(20))
        assert len({paragraph["title"] for paragraph in paragraphs}) == 20
        parts = record["question_decomposition"]
        assert record["id"].startswith(f"{len(parts)}hop{'1' if len(parts) > 2 else ''}__mini-{split}-")
        proofs = [paragraph["idx"] for paragraph in paragraphs if paragraph["is_supporting"]]
        assert sorted(part["paragraph_support_idx"] for part in parts) == proofs
        for hop, part in enumerate(parts):
            assert part["answer"] in paragraphs[part["paragraph_support_idx"]]["paragraph_text"]
            assert (f"#{hop}" in part["question"]) == (hop > 0)
        assert parts[-1]["answer"] == record["answer"]
        hops[len(parts)] += 1
    assert hops == {2: SIZES[split] * 0.5, 3: SIZES[split] * 0.3, 4: SIZES[split] * 0.2}


@every_split
def test_triviaqa_schema(split: str) -> None:
    for record, question in zip(mini.records("TriviaQA", split), questions("TriviaQA", split), strict=True):
        assert set(record) == {
            "question", "question_id", "question_source", "entity_pages", "search_results", "answer",
        }  # fmt: skip
        assert set(record["entity_pages"]) == {"doc_source", "filename", "title", "wiki_context"}
        assert {len(column) for column in record["entity_pages"].values()} == {6}
        assert not any(record["search_results"].values())
        answer = record["answer"]
        pages = dict(zip(record["entity_pages"]["title"], record["entity_pages"]["wiki_context"], strict=True))
        assert answer["value"] in pages[question.steps[0].title]
        assert answer["value"] in answer["aliases"]
        assert answer["normalized_value"] == triviaqa.normalise(answer["value"])
        assert set(answer["normalized_aliases"]) == {triviaqa.normalise(alias) for alias in answer["aliases"]}
        assert (answer["type"] == "WikipediaEntity") == bool(answer["matched_wiki_entity_name"])


@every_split
def test_nq_open_schema_and_corpus(split: str) -> None:
    corpus = dict(mini.corpus(split))
    assert 350 <= len(corpus) == len(mini.corpus(split)) <= 600
    for record, question in zip(mini.records("NQ-Open", split), questions("NQ-Open", split), strict=True):
        assert set(record) == {"question", "answer"}
        assert record["question"] == record["question"].lower()
        assert not set(record["question"]) & set('?,."')
        assert record["answer"][0] in corpus[question.steps[0].title]


@every_benchmark
def test_the_official_metric_accepts_every_gold_answer(benchmark: str) -> None:
    for record in mini.records(benchmark, "test"):
        if benchmark == "HotpotQA":
            scores = [hotpotqa.score(record["answer"], [record["answer"]])]
        elif benchmark == "MuSiQue":
            golds = [record["answer"], *record["answer_aliases"]]
            scores = [musique.score(gold, golds) for gold in golds]
        elif benchmark == "TriviaQA":
            golds = record["answer"]["normalized_aliases"]
            scores = [triviaqa.score(alias, golds) for alias in record["answer"]["aliases"]]
        else:
            scores = [nq_open.score(gold, record["answer"]) for gold in record["answer"]]
        assert all(score["em"] == 1.0 for score in scores)


def test_template_is_known_and_not_in_the_record() -> None:
    for benchmark in BENCHMARKS:
        for index, record in enumerate(mini.records(benchmark, "test")):
            template = mini.template_of(benchmark, "test", index)
            assert template and template not in json.dumps(record)


def test_records_are_fresh_objects() -> None:
    before = json.dumps(mini.records("HotpotQA", "validation"))
    mini.records("HotpotQA", "validation")[0]["context"]["title"].clear()
    assert json.dumps(mini.records("HotpotQA", "validation")) == before


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: mini.records("SQuAD", "train"), "HotpotQA, MuSiQue, TriviaQA, NQ-Open"),
        (lambda: mini.records("HotpotQA", "dev"), "train, validation, test"),
        (lambda: mini.corpus("dev"), "train, validation, test"),
        (lambda: mini.template_of("SQuAD", "train", 0), "HotpotQA, MuSiQue, TriviaQA, NQ-Open"),
    ],
)
def test_unknown_names_are_refused_with_the_right_ones(call: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        call()


# --- determinism and disjointness

_FINGERPRINT = """
import hashlib, json
from skillflow_gym.envs import mini
order = [(b, s) for b in ("NQ-Open", "MuSiQue", "HotpotQA", "TriviaQA") for s in ("test", "train", "validation")]
parts = [mini.records(b, s) for b, s in order]
parts += [mini.corpus(s) for s in ("validation", "train", "test")]
print(hashlib.sha256(json.dumps(parts).encode()).hexdigest())
"""


def test_fresh_processes_agree_whatever_the_hash_seed() -> None:
    # The order of the calls here differs from the one in the processes: no split or benchmark depends on another.
    here = {(b, s): mini.records(b, s) for s in SPLITS for b in BENCHMARKS}
    order = [(b, s) for b in ("NQ-Open", "MuSiQue", "HotpotQA", "TriviaQA") for s in ("test", "train", "validation")]
    parts: list[Any] = [here[key] for key in order]
    parts += [mini.corpus(split) for split in ("validation", "train", "test")]
    expected = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        run = [sys.executable, "-c", _FINGERPRINT]
        assert subprocess.check_output(run, env=environment, text=True, timeout=120).strip() == expected


@pytest.mark.parametrize(("one", "other"), [("train", "validation"), ("train", "test"), ("validation", "test")])
def test_splits_share_no_name_text_or_question(one: str, other: str) -> None:
    def folded(split: str) -> set[str]:
        return {key(name) for name, _ in mentions(split)}

    assert not folded(one) & folded(other)
    assert not {text for _, text in mini.corpus(one)} & {text for _, text in mini.corpus(other)}
    asked = [{record["question"] for b in BENCHMARKS for record in mini.records(b, split)} for split in (one, other)]
    assert not asked[0] & asked[1]
    # Not even a first or last name, or the stem of a town: people and places share no invented word.
    invented = [
        {word for title, article in world(split).articles.items() if article.kind == "person" for word in words(title)}
        for split in (one, other)
    ]
    assert invented[0] & invented[1] <= {"de"}


@every_benchmark
def test_a_third_of_the_templates_is_kept_for_test(benchmark: str) -> None:
    used = {s: {mini.template_of(benchmark, s, i) for i in range(SIZES[s])} for s in SPLITS}
    seen = used["train"] | used["validation"]
    assert len(used["test"] - seen) >= len(used["test"] | seen) / 3
    # The others are shared, so that there is something to transfer from.
    assert len(used["test"] & used["train"]) >= len(used["test"]) / 4
    only = {*TEST_CHAINS, *TEST_COMPARISONS, *TEST_AGREEMENTS} if benchmark in ("HotpotQA", "MuSiQue") else TEST_FACTS
    assert not {template.split("/")[0] for template in seen} & set(only)


@pytest.mark.parametrize("benchmark", ["HotpotQA", "MuSiQue"])
def test_new_compositions_have_known_parts_in_known_words(benchmark: str) -> None:
    def parts(split: str) -> set[tuple[str, str, bool, int]]:
        return {
            (world(split).articles[step.title].kind, step.fact.relation, step is q.steps[-1], q.wording)
            for q in chains(benchmark, split)
            for step in q.steps
        }

    assert parts("test") <= parts("train")


# --- right answers


@every_split
def test_names_are_unambiguous(split: str) -> None:
    titles: dict[str, set[str]] = {}
    for name, title in mentions(split):
        titles.setdefault(key(name), set()).add(title)
    assert {name: found for name, found in titles.items() if len(found) > 1} == {}


@every_benchmark
@every_split
def test_chains_can_be_followed_and_only_by_following(benchmark: str, split: str) -> None:
    articles = world(split)
    titles = {key(name): title for name, title in mentions(split)}
    for question in chains(benchmark, split):
        first, last = question.steps[0], question.steps[-1]
        names = (first.title, *articles.aliases[first.title])
        assert any(says(question.text, name) for name in names), question.text
        for step, following in zip(question.steps, question.steps[1:], strict=False):
            sentence = articles.articles[step.title].sentences[step.fact.sentence]
            assert step.fact.value in sentence
            assert titles[key(step.fact.value)] == following.title
            assert not any(says(question.text, name) for name in (following.title, *articles.aliases[following.title]))
        answers = (question.answer, *question.aliases)
        assert question.answer == last.fact.value
        assert question.answer in articles.articles[last.title].sentences[last.fact.sentence]
        assert not any(says(question.text, answer) for answer in answers), question.text
        for step in question.steps[:-1]:
            assert not any(says(articles.articles[step.title].text, answer) for answer in answers)


@every_split
def test_comparisons_are_right(split: str) -> None:
    for question in questions("HotpotQA", split):
        if not question.comparison:
            continue
        first, second = question.steps
        assert says(question.text, first.title) and says(question.text, second.title)
        if question.answer in ("yes", "no"):
            assert (question.answer == "yes") == (target(first) == target(second))
            continue
        values = {step.title: magnitude(step.fact.value) for step in (first, second)}
        assert len(set(values.values())) == 2
        pick = max if "/most/" in question.template else min
        assert question.answer == pick(values, key=lambda title: values[title])
        wording = question.text.replace(first.title, "").replace(second.title, "").replace("together longer", "")
        assert bool(GREATER.search(wording)) == ("/most/" in question.template)


@every_split
def test_the_world_is_consistent(split: str) -> None:
    articles = world(split).articles
    for country in world(split).of_kind("country"):
        heights = {
            a.title: magnitude(a.facts["height"].value)
            for a in world(split).of_kind("mountain")
            if a.country == country.title
        }
        if "highest_point" in country.facts:
            assert max(heights, key=lambda title: heights[title]) == country.facts["highest_point"].target
        assert articles[country.facts["capital"].target].country == country.title
    for person in world(split).of_kind("person"):
        if "spouse" in person.facts:
            spouse = articles[person.facts["spouse"].target]
            assert spouse.facts["spouse"].target == person.title if "spouse" in spouse.facts else spouse.title
    for film in world(split).of_kind("film"):
        if "novel" in film.facts and "released" in film.facts:
            novel = articles[film.facts["novel"].target]
            if "published" in novel.facts:
                assert int(novel.facts["published"].value) < int(film.facts["released"].value)
    for novel in world(split).of_kind("novel"):
        born = articles[novel.facts["author"].target].facts.get("birth_date")
        if born and "published" in novel.facts:
            assert magnitude(born.value)[0] + 20 < int(novel.facts["published"].value)


@every_split
def test_articles_state_what_their_facts_say(split: str) -> None:
    for article in world(split).articles.values():
        assert 2 <= len(article.sentences) <= 5
        assert all(sentence.endswith(".") and "{" not in sentence for sentence in article.sentences)
        for relation, fact in article.facts.items():
            assert relation == fact.relation
            if relation != "kind" or article.kind in ("novel", "film", "album"):
                assert fact.value in article.sentences[fact.sentence]
            assert not fact.target or fact.target in world(split).articles


def test_everything_has_three_wordings() -> None:
    for prose in PROSE.values():
        for wordings in (prose.lead, *prose.statements):
            assert len(set(wordings)) >= 3
    for relation, wording in WORDINGS.items():
        for three in (wording.ask, wording.search, *([wording.phrase] if wording.phrase else [])):
            assert len(set(three)) == 3 and all(text.count("{x}") == 1 for text in three), relation
        # A phrase that ends with its subject can be nested without a garden path.
        assert all(text.endswith("{x}") for text in wording.phrase or ())


# --- no cheap tricks


@every_split
def test_types_and_right_answers_are_balanced(split: str) -> None:
    found: Counter[str] = Counter()
    for record in mini.records("HotpotQA", split):
        if record["type"] == "bridge":
            found["bridge"] += 1
        elif record["answer"] in ("yes", "no"):
            found[record["answer"]] += 1
        else:
            first = min(record["supporting_facts"]["title"], key=lambda title: record["question"].index(title))
            found["first" if record["answer"] == first else "second"] += 1
    unit = SIZES[split] / 100
    assert found == {"bridge": 80 * unit, "first": 7 * unit, "second": 7 * unit, "yes": 3 * unit, "no": 3 * unit}


def test_what_is_asked_does_not_tell_yes_from_no() -> None:
    answers: dict[str, Counter[str]] = {}
    for split in SPLITS:
        for question in questions("HotpotQA", split):
            if question.answer in ("yes", "no"):
                answers.setdefault(question.template.split("/")[0], Counter())[question.answer] += 1
    best = sum(max(counter.values()) for counter in answers.values())
    assert best / sum(sum(counter.values()) for counter in answers.values()) < 0.7


@pytest.mark.parametrize("benchmark", ["HotpotQA", "MuSiQue", "TriviaQA"])
@every_split
def test_distractors_offer_other_answers_of_the_same_sort(benchmark: str, split: str) -> None:
    articles = world(split).articles
    for record, question in zip(mini.records(benchmark, split), questions(benchmark, split), strict=True):
        if question.comparison:
            continue
        last = question.steps[-1]
        others = [articles[t] for t in context_titles(benchmark, record) if t != last.title]
        rivals = [
            other.facts[last.fact.relation]
            for other in others
            if other.kind == articles[last.title].kind and last.fact.relation in other.facts
        ]
        assert len(rivals) >= 3
        assert any((rival.target or rival.value) != target(last) for rival in rivals)


@pytest.mark.parametrize("benchmark", ["HotpotQA", "MuSiQue"])
def test_position_and_number_of_mentions_tell_nothing(benchmark: str) -> None:
    places: list[float] = []
    hits = {"most mentioned": 0.0, "least mentioned": 0.0, "first": 0.0, "last": 0.0}
    chance, total = 0.0, 0
    for split in SPLITS:
        articles = world(split).articles
        for record, question in zip(mini.records(benchmark, split), questions(benchmark, split), strict=True):
            titles = context_titles(benchmark, record)
            places += [titles.index(step.title) / (len(titles) - 1) for step in question.steps]
            answer = question.steps[-1].fact.target
            if question.comparison or not answer:
                continue
            counts: Counter[str] = Counter(titles)
            counts.update(fact.target for title in titles for fact in articles[title].facts.values() if fact.target)
            seen = [t for t in counts if articles[t].kind == articles[answer].kind and not says(question.text, t)]
            for name, pick in (("most mentioned", max), ("least mentioned", min)):
                level = pick(counts[title] for title in seen)
                best = [title for title in seen if counts[title] == level]
                hits[name] += (answer in best) / len(best)
            linked = [f.target for title in titles for f in articles[title].facts.values() if f.target in seen]
            hits["first"] += linked[0] == answer
            hits["last"] += linked[-1] == answer
            chance += 1 / len(seen)
            total += 1
    assert abs(sum(places) / len(places) - 0.5) < 0.05
    for name, count in hits.items():
        assert count / total < chance / total + 0.08, name
