"""Mini MedQA: every answer found once more in the handbook's text, by a reader that knows no generator."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import pytest

from skillflow_gym.envs.mini import medqa
from skillflow_gym.envs.mini.medqa_handbook import FORBIDDEN

SPLITS = tuple(medqa.PER_TEMPLATE)
SIZES = {"train": 252, "validation": 63, "test": 140}
Pages = Mapping[str, str]


def pages(split: str) -> dict[str, str]:
    return dict(medqa.articles(split))


def diseases(book: Pages, question: str) -> Iterator[str]:
    """The diseases all of whose told signs are in the vignette; only those of a vignette are."""
    told = set(
        re.findall(
            r"\b[a-z]+ (?:nails|eyelids|knuckles|gums|elbows|ankles|earlobes|eyebrows|shins|palms|"
            r"temples|knees|heels|toes|shoulders|hiccups)\b",
            question,
        )
    )
    assert len(told) >= 3, question
    for title, text in book.items():
        if "signs are" in text and all(sign in text for sign in told):
            yield title


def field(text: str, name: str) -> str:
    """What the handbook says after ``name``, up to the next semicolon or the end."""
    match = re.search(rf"{name} ([^;]+?)(?:;|\.$)", text)
    assert match, (text, name)
    return match[1]


def drug(book: Pages, disease: str, rank: str = "first") -> str:
    return field(book[disease], f"drug of {rank} choice")


def next_drug(book: Pages, disease: str, question: str) -> str:
    for rank in ("first", "second"):
        name = drug(book, disease, rank)
        if FORBIDDEN[field(book[name], "must not be given")] not in question:
            return name
    raise AssertionError(question)


def dose(book: Pages, disease: str, question: str) -> str:
    weight = re.search(r"weighs (\d+) kg", question)
    assert weight
    tenths = round(10 * float(field(book[drug(book, disease)], "dose").partition(" ")[0])) * int(weight[1])
    return f"{tenths // 10}.{tenths % 10}"


ANSWERS: Mapping[str, Callable[[Pages, str, str], str]] = {
    "diagnosis": lambda book, disease, question: disease,
    "first drug": lambda book, disease, question: drug(book, disease),
    "second drug": lambda book, disease, question: drug(book, disease, "second"),
    "test": lambda book, disease, question: field(book[disease], "confirmed by the"),
    "next drug": next_drug,
    "mechanism": lambda book, disease, question: field(book[drug(book, disease)], f"{drug(book, disease)}:"),
    "dose": dose,
    "cause": lambda book, disease, question: field(book[disease], "caused by"),
    "spread": lambda book, disease, question: field(book[disease], "spread by"),
}


@pytest.mark.parametrize("split", SPLITS)
def test_every_answer_stands_in_the_handbook(split: str) -> None:
    book = pages(split)
    for index, record in enumerate(medqa.records(split)):
        (disease,) = diseases(book, record["question"])
        template = medqa.template_of(split, index)
        if template == "forbidden drug":
            given = [
                letter
                for letter, name in record["options"].items()
                if FORBIDDEN[field(book[name], "must not be given")] in record["question"]
            ]
            assert given == [record["answer_idx"]], record
        else:
            assert ANSWERS[template](book, disease, record["question"]) == record["answer"], record
        assert record["options"][record["answer_idx"]] == record["answer"]


def test_two_hops_are_needed_both_ways() -> None:
    book, asked = pages("train"), Counter[bool]()
    for index, record in enumerate(medqa.records("train")):
        if medqa.template_of("train", index) == "next drug":
            (disease,) = diseases(book, record["question"])
            asked[record["answer"] == drug(book, disease)] += 1
            assert {drug(book, disease), drug(book, disease, "second")} <= set(record["options"].values())
    assert min(asked[True], asked[False]) >= 10, "sometimes the first choice is forbidden, sometimes not"


@pytest.mark.parametrize("split", SPLITS)
def test_records_are_all_different_and_plausible(split: str) -> None:
    records = medqa.records(split)
    assert len(records) == SIZES[split] == len({record["question"] for record in records})
    for record in records:
        assert list(record["options"]) == list("ABCD") and len(set(record["options"].values())) == 4
        assert record["answer"] not in record["question"]
    places = Counter(record["answer_idx"] for record in records)
    assert min(places[letter] for letter in "ABCD") > len(records) / 8


def test_a_quarter_of_the_templates_is_in_the_test_split_only() -> None:
    made = {split: {medqa.template_of(split, i) for i in range(SIZES[split])} for split in SPLITS}
    assert made["test"] == set(medqa.TEMPLATES) and made["test"] - made["train"] == set(medqa.UNSEEN)
    assert made["train"] == made["validation"] and len(medqa.UNSEEN) / len(medqa.TEMPLATES) >= 0.25


def test_no_name_is_in_two_handbooks_and_every_name_is_made_up() -> None:
    names = {
        split: set(re.findall(r"\b[A-Z][a-z]+", " ".join(map(" ".join, medqa.articles(split))))) for split in SPLITS
    }
    for split, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        assert names[split].isdisjoint(names[other])
    assert sum(map(len, names.values())) > 400
    made_up = r"(Zor|Vel|Quim|Drax|Mur|Pell|Thrin|Gor|Lum|Brev|Snor|Wix|Klem|Yar|Fosh|Jund|Hob|Trel|Nax|Orb)[a-z]+"
    assert all(re.fullmatch(made_up, name) for found in names.values() for name in found)


def test_a_split_that_does_not_exist() -> None:
    for made in (medqa.records, medqa.articles):
        with pytest.raises(ValueError, match="there is no split 'dev'; choose one of train, validation, test"):
            made("dev")
