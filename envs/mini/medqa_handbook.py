"""The handbook of mini MedQA: made-up diseases and drugs, one book per split. None of it is medicine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

FAMILIES = {"train": 12, "validation": 6, "test": 9}
"""Groups of four diseases that share two signs, by split."""

_LOOKS = (
    "violet amber glassy humming feathery silver brittle glowing mossy striped waxen chiming frosted spotted coppery "
    "ticking rubbery indigo"
).split()
_PARTS = (
    "nails eyelids knuckles gums elbows ankles earlobes eyebrows shins palms temples knees heels toes shoulders hiccups"
).split()
_STARTS = "Zor Vel Quim Drax Mur Pell Thrin Gor Lum Brev Snor Wix Klem Yar Fosh Jund Hob Trel Nax Orb".split()
_MIDDLES = "ba de fi go lu ma ne po ri sa ta vu xi zo".split()
_LAST = "l n r s x lk rn st".split()
_DISEASES = "fever,palsy,rash,wasting,croup,ague,vapours,torpor".split(",")
_DRUGS = "zzin,quane,bril,dorf,muzol,vank,plex,tril".split(",")
_TESTS = "smear,assay,reading,titre,scan,stain".split(",")
_ACTS = "blocks opens seals wakes calms thins".split()
_PLACES = "channels gates pores valves strands threads".split()
_CARRIERS = "moths,snails,pipes,kites,ferns,lanterns,puddles,ropes".split(",")

FORBIDDEN = {
    "in pregnancy": "The patient is in the fifth month of pregnancy.",
    "with an allergy to lichen": "The patient has an allergy to lichen.",
    "with an allergy to chalk": "The patient has an allergy to chalk.",
    "with a humming heart": "The patient has had a humming heart since childhood.",
    "together with moon salt": "The patient takes moon salt every evening.",
    "with a glass kidney": "The patient was born with a glass kidney.",
}
"""What a drug may be forbidden with -> what a vignette says of such a patient."""


@dataclass(frozen=True)
class Drug:
    """A drug: what it does, its dose in mg per kg a day, and what it is forbidden with."""

    name: str
    mechanism: str
    dose: float
    forbidden: str


@dataclass(frozen=True)
class Disease:
    """A disease.

    Attributes:
        shared: the two signs that its family shares.
        own: the two signs that no other disease of the family has.
        substance: what is raised in the blood.
        test: what confirms it.
        first, second: its drugs of first and second choice.
        cause, spread: why it arises, and what carries it.
    """

    name: str
    shared: tuple[str, str]
    own: tuple[str, str]
    substance: str
    test: str
    first: Drug
    second: Drug
    cause: str
    spread: str

    @property
    def article(self) -> tuple[str, str]:
        """Title and text, in the short form of a handbook."""
        a, b, c, d = self.shared[0], self.own[0], self.shared[1], self.own[1]
        return self.name, (
            f"{self.name}: signs are {a}, {b}, {c} and {d}; {self.substance} is raised; confirmed by the {self.test}; "
            f"drug of first choice {self.first.name}; drug of second choice {self.second.name}; caused by "
            f"{self.cause}; spread by {self.spread}."
        )


Family = tuple[Disease, ...]


@cache
def handbook(split: str) -> tuple[Family, ...]:
    """The families of diseases in the handbook of ``split``; no name is in two handbooks."""
    return _handbooks()[split]


def articles(split: str) -> list[tuple[str, str]]:
    """The handbook as (title, text): an article for each disease and each drug.

    Raises:
        ValueError: there is no such split.
    """
    if split not in FAMILIES:
        raise ValueError(f"there is no split {split!r}; choose one of {', '.join(FAMILIES)}")
    pages = []
    for disease in (disease for family in handbook(split) for disease in family):
        pages.append(disease.article)
        for drug in (disease.first, disease.second):
            text = (
                f"{drug.name}: {drug.mechanism}; used for {disease.name}; dose {drug.dose} mg per kg of weight a day; "
                f"must not be given {drug.forbidden}."
            )
            pages.append((drug.name, text))
    return sorted(pages)


@cache
def _handbooks() -> dict[str, tuple[Family, ...]]:
    taken: set[str] = set()
    return {split: _Writer(split, taken).families(count) for split, count in FAMILIES.items()}


class _Writer:
    """Makes up one handbook; ``taken`` holds the names of the others."""

    def __init__(self, split: str, taken: set[str]) -> None:
        self._rng = Random(f"medqa/handbook/{split}")
        self._taken = taken

    def families(self, count: int) -> tuple[Family, ...]:
        return tuple(self._family() for _ in range(count))

    def _family(self) -> Family:
        rng = self._rng
        first, second = rng.sample(_PARTS, 2)
        shared = (f"{rng.choice(_LOOKS)} {first}", f"{rng.choice(_LOOKS)} {second}")
        others = [part for part in _PARTS if part not in (first, second)]
        rng.shuffle(others)
        looks = rng.sample(_LOOKS, 8)
        own = [f"{look} {part}" for look, part in zip(looks, others, strict=False)]
        return tuple(self._disease(shared, (own[2 * i], own[2 * i + 1])) for i in range(4))

    def _disease(self, shared: tuple[str, str], own: tuple[str, str]) -> Disease:
        rng = self._rng
        one, other = rng.sample(sorted(FORBIDDEN), 2)
        return Disease(
            name=f"{self._name()} {rng.choice(_DISEASES)}",
            shared=shared,
            own=own,
            substance=self._name("in"),
            test=f"{self._name()} {rng.choice(_TESTS)}",
            first=self._drug(one),
            second=self._drug(other),
            cause=f"leaking {self._name()} {rng.choice(_PLACES)}",
            spread=f"{self._name()} {rng.choice(_CARRIERS)}",
        )

    def _drug(self, forbidden: str) -> Drug:
        rng = self._rng
        mechanism = f"{rng.choice(_ACTS)} the {self._name()} {rng.choice(_PLACES)}"
        dose = rng.choice([d for d in range(11, 100) if d % 10 and d % 5]) / 10
        return Drug(self._name(rng.choice(_DRUGS)), mechanism, dose, forbidden)

    def _name(self, end: str = "") -> str:
        """A word that no handbook has, perhaps with an end of its own."""
        rng = self._rng
        while True:
            name = (
                rng.choice(_STARTS) + rng.choice(_MIDDLES) + (rng.choice(_MIDDLES) + end if end else rng.choice(_LAST))
            )
            if name not in self._taken:
                self._taken.add(name)
                return name
