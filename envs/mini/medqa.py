"""Mini MedQA: vignettes about a made-up handbook, in the schema of MedQA. None of it is medicine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from .medqa_handbook import FORBIDDEN, Disease, Drug, Family, articles, handbook

__all__ = ["TEMPLATES", "UNSEEN", "articles", "records", "template_of"]

PER_TEMPLATE = {"train": 36, "validation": 9, "test": 14}
_JOBS = "weaver,ferry pilot,clock maker,bell founder,salt miner,kite maker,lamplighter,beekeeper,cartographer".split(
    ","
)
_HOMES = "Marrow Isle,the Tin Hills,Lower Wend,the Glass Coast,Old Harrow Deep,the Fen of Bells".split(",")


@dataclass(frozen=True)
class Question:
    """A vignette with what it asks, the right option, and three others."""

    text: str
    right: str
    wrong: tuple[str, ...]
    template: str


@dataclass(frozen=True)
class Case:
    """A patient with a disease, and its relatives."""

    disease: Disease
    others: tuple[Disease, ...]
    rng: Random

    def vignette(self, *more: str) -> str:
        """Who comes with what; ``more`` are sentences for the end."""
        rng, disease = self.rng, self.disease
        told = [*disease.shared, *disease.own]
        if rng.random() < 0.5:
            told.remove(rng.choice(told))
        rng.shuffle(told)
        complaint, found = told[0], f"{', '.join(told[1:-1])} and {told[-1]}"
        age, days = rng.randint(19, 71), rng.randint(2, 9)
        patient = f"A {age}-year-old {rng.choice(_JOBS)} from {rng.choice(_HOMES)}"
        begin = rng.choice(
            (
                f"{patient} comes to the infirmary after {days} days of {complaint}. The examination shows {found}.",
                f"{patient} has had {complaint} for {days} days. The healer also finds {found}.",
                f"For {days} days a{patient[1:]} has noticed {complaint}. There are {found} as well.",
            )
        )
        blood = [f"In the blood {disease.substance} is raised."] if rng.random() < 0.4 else []
        return " ".join([begin, *blood, *more])


def _diagnosis(case: Case) -> tuple[str, str, Sequence[str]]:
    ask = case.rng.choice(("Which is the most likely diagnosis?", "What does this patient most likely have?"))
    return case.vignette(ask), case.disease.name, [other.name for other in case.others]


def _drug(case: Case) -> tuple[str, str, Sequence[str]]:
    ask = case.rng.choice(("Which is the drug of first choice?", "Which drug is the first choice here?"))
    wrong = [case.disease.second.name, *(other.first.name for other in case.others)]
    return case.vignette(ask), case.disease.first.name, wrong[:3]


def _test(case: Case) -> tuple[str, str, Sequence[str]]:
    ask = case.rng.choice(("Which of these confirms the diagnosis?", "By what is the diagnosis confirmed?"))
    return case.vignette(ask), case.disease.test, [other.test for other in case.others]


def _next_drug(case: Case) -> tuple[str, str, Sequence[str]]:
    """The drug of first choice, unless what is said of the patient forbids it."""
    first, second = case.disease.first, case.disease.second
    free = [rule for rule in sorted(FORBIDDEN) if rule not in (first.forbidden, second.forbidden)]
    rule = first.forbidden if case.rng.random() < 0.5 else case.rng.choice(free)
    right, trap = (second, first) if rule == first.forbidden else (first, second)
    text = case.vignette(FORBIDDEN[rule], "Which drug should be given now?")
    return text, right.name, [trap.name, case.others[0].first.name, case.others[1].second.name]


def _forbidden(case: Case) -> tuple[str, str, Sequence[str]]:
    drugs = _drugs(case)
    right = case.rng.choice(drugs[:2])
    allowed = [drug.name for drug in drugs if drug.forbidden != right.forbidden]
    case.rng.shuffle(allowed)
    ask = case.rng.choice(("Which drug must not be given?", "Which of these must not be given to this patient?"))
    return case.vignette(FORBIDDEN[right.forbidden], ask), right.name, allowed[:3]


def _mechanism(case: Case) -> tuple[str, str, Sequence[str]]:
    ask = case.rng.choice(("What does the drug of first choice do?", "How does the drug of first choice act?"))
    wrong = [case.disease.second.mechanism, *(other.first.mechanism for other in case.others)]
    return case.vignette(ask), case.disease.first.mechanism, wrong[:3]


def _dose(case: Case) -> tuple[str, str, Sequence[str]]:
    """Dose times weight; the others are the doses of other drugs, and those that come of a slip."""
    drugs = _drugs(case)
    while True:
        weight = case.rng.randint(41, 98)
        right = drugs[0].dose * weight
        slips = [drugs[1].dose * weight, right / 2, drugs[2].dose * weight, right * 2, weight / drugs[0].dose]
        options = list(dict.fromkeys(f"{value:.1f}" for value in (right, *slips)))
        options = [option for option in options if not option.endswith("0")]
        if len(options) >= 4 and options[0] == f"{right:.1f}":
            break
    ask = "How many milligrams of the drug of first choice are given in a day?"
    return case.vignette(f"The patient weighs {weight} kg.", ask), options[0], options[1:4]


def _cause(case: Case) -> tuple[str, str, Sequence[str]]:
    ask = case.rng.choice(("By what is this disease caused?", "What has caused the patient's disease?"))
    return case.vignette(ask), case.disease.cause, [other.cause for other in case.others]


def _spread(case: Case) -> tuple[str, str, Sequence[str]]:
    ask = case.rng.choice(("By what is this disease spread?", "What spreads the patient's disease?"))
    return case.vignette(ask), case.disease.spread, [other.spread for other in case.others]


def _second_drug(case: Case) -> tuple[str, str, Sequence[str]]:
    ask = case.rng.choice(("Which is the drug of second choice?", "Which drug is the second choice here?"))
    wrong = [case.disease.first.name, *(other.second.name for other in case.others)]
    return case.vignette(ask), case.disease.second.name, wrong[:3]


def _drugs(case: Case) -> list[Drug]:
    """The drugs of the disease, then those of its relatives."""
    return [drug for disease in (case.disease, *case.others) for drug in (disease.first, disease.second)]


TEMPLATES: dict[str, Callable[[Case], tuple[str, str, Sequence[str]]]] = {
    "diagnosis": _diagnosis,
    "first drug": _drug,
    "test": _test,
    "next drug": _next_drug,
    "forbidden drug": _forbidden,
    "mechanism": _mechanism,
    "dose": _dose,
    "cause": _cause,
    "spread": _spread,
    "second drug": _second_drug,
}
UNSEEN = ("cause", "spread", "second drug")
"""Templates of the test split only."""


def records(split: str) -> list[dict[str, Any]]:
    """The records of a split, new objects at every call: 252 of train, 63 of validation, 140 of test.

    Raises:
        ValueError: there is no such split.
    """
    if split not in PER_TEMPLATE:
        raise ValueError(f"there is no split {split!r}; choose one of {', '.join(PER_TEMPLATE)}")
    return [_record(question, Random(f"medqa/{split}/{index}")) for index, question in enumerate(_questions(split))]


def template_of(split: str, index: int) -> str:
    """Which template made a record. For tests only."""
    return _questions(split)[index].template


@cache
def _questions(split: str) -> tuple[Question, ...]:
    families, questions = handbook(split), list[Question]()
    for template, ask in TEMPLATES.items():
        if template in UNSEEN and split != "test":
            continue
        rng = Random(f"medqa/{split}/{template}")
        cases = [(family, place) for family in families for place in range(4)]
        for family, place in rng.sample(cases, PER_TEMPLATE[split]):
            text, right, wrong = ask(_case(family, place, rng))
            questions.append(Question(text, right, tuple(wrong), template))
    Random(f"medqa/{split}").shuffle(questions)
    return tuple(questions)


def _case(family: Family, place: int, rng: Random) -> Case:
    others = [disease for disease in family if disease is not family[place]]
    rng.shuffle(others)
    return Case(family[place], tuple(others), rng)


def _record(question: Question, rng: Random) -> dict[str, Any]:
    options = [question.right, *question.wrong]
    rng.shuffle(options)
    letters = dict(zip("ABCD", options, strict=True))
    return {
        "question": question.text,
        "answer": question.right,
        "options": letters,
        "meta_info": f"mini, {question.template}",
        "answer_idx": next(letter for letter, text in letters.items() if text == question.right),
        "metamap_phrases": [],
    }
