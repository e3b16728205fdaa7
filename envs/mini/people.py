"""The people of a world: where they come from, where they studied, whom they married."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from .draft import Draft, Entity
from .geography import demonym
from .names import STYLES

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
LATEST = 2015
"""The year in which the encyclopaedia was written."""


class Role(NamedTuple):
    """People who are drawn for one purpose: how many, born from when to when, with which professions."""

    number: int
    first: int
    last: int
    professions: tuple[str, ...]


ROLES = {
    "novelist": Role(20, 1901, 1976, ("novelist", "novelist", "journalist", "librarian", "translator")),
    "director": Role(16, 1908, 1976, ("film director", "film director", "photographer", "playwright")),
    "composer": Role(12, 1904, 1974, ("composer", "pianist", "conductor", "organist")),
    "singer": Role(30, 1946, 1986, ("singer", "singer", "songwriter", "poet")),
    "producer": Role(12, 1938, 1972, ("record producer", "sound engineer", "arranger")),
    "politician": Role(26, 1946, 1980, ("politician", "lawyer", "teacher", "physician", "economist")),
    "climber": Role(14, 1902, 1970, ("mountaineer", "surveyor", "geologist", "botanist")),
    "founder": Role(24, 1900, 1968, ("engineer", "pharmacist", "merchant", "tailor", "chemist", "watchmaker")),
    "scholar": Role(24, 1946, 1974, ("historian", "linguist", "mathematician", "biologist", "astronomer")),
}
INSTRUMENTS = "accordion mandolin cello clarinet banjo trumpet harmonium vibraphone oboe".split()
_GIVEN, _SURNAMES = 9, 12
"""Names of each gender and surnames that the people of a country share."""


def draw_people(draft: Draft) -> None:
    """Draw everybody, then teachers and spouses, then those who hold an office or came first to a summit."""
    pools = {country.title: _name_pool(draft, country.title) for country in draft.all("country")}
    for role in ROLES:
        for _ in range(ROLES[role].number):
            _draw_person(draft, role, pools)
    people = draft.all("person")
    for person in people:
        _draw_teacher(draft, person)
        _draw_spouse(draft, person, people)
    towns = draft.all("town")
    for mayor, town in zip(draft.all("person", role="politician"), draft.rng.sample(towns, len(towns)), strict=False):
        town.links["mayor"] = mayor.title
    for rector, university in zip(draft.all("person", role="scholar"), draft.all("university"), strict=True):
        university.links["rector"] = rector.title
    for mountain in draft.all("mountain"):
        climber = draft.rng.choice(draft.all("person", role="climber"))
        mountain.links["first_climber"] = climber.title
        mountain.values["first_ascent"] = draft.year(climber.born + 20, climber.born + 45)


def _name_pool(draft: Draft, country: str) -> tuple[list[str], list[str], list[str]]:
    """Men's names, women's names and surnames of a country."""
    style, rng = draft.style(country), draft.rng
    men = [draft.names.word(style, style.man) for _ in range(_GIVEN)]
    women = [draft.names.word(style, style.woman) for _ in range(_GIVEN)]
    surnames = [draft.names.word(style, style.surname, longer=0.25) for _ in range(_SURNAMES)]
    if style is STYLES[0]:
        women[-1] = f"{women[0]}-{women[1]}"
    if style is STYLES[1]:
        surnames = [_with_particle(name) if rng.random() < 0.3 else name for name in surnames]
    return men, women, surnames


def _with_particle(surname: str) -> str:
    return f"D'{surname}" if surname[0] in "AEIO" else f"de {surname}"


def _draw_person(draft: Draft, role: str, pools: dict[str, tuple[list[str], list[str], list[str]]]) -> None:
    rng, (_, first, last, professions) = draft.rng, ROLES[role]
    country = rng.choice(draft.all("country")).title
    men, women, surnames = pools[country]
    woman = rng.random() < 0.5
    name = draft.names.new(lambda: f"{rng.choice(women if woman else men)} {rng.choice(surnames)}", owned=False)
    person = draft.add("person", name, country, role)
    person.woman = woman
    given, person.surname = name.split(" ", 1)
    person.aliases.append(f"{given[0]}. {person.surname}")
    birth = date(rng.randint(first, last), 1, 1) + timedelta(days=rng.randrange(365))
    person.born = birth.year
    person.links["birthplace"] = rng.choice(draft.all("town", country)).title
    person.links["university"] = draft.near("university", country, home=0.6).title
    person.values = {
        "birth_date": f"{birth.day} {MONTHS[birth.month - 1]} {birth.year}",
        "nationality": demonym(country),
        "profession": rng.choice(professions),
    }
    if role == "singer":
        person.values["instrument"] = rng.choice(INSTRUMENTS)
    if person.born < 1940:
        person.died = person.born + rng.randint(56, 75)
        person.values["death_year"] = str(person.died)
        person.links["death_place"] = draft.near("town", country).title


def _draw_teacher(draft: Draft, person: Entity) -> None:
    older = [p for p in draft.all("person") if 15 <= person.born - p.born <= 45 and p.country == person.country]
    if older and draft.rng.random() < 0.5:
        person.links["teacher"] = draft.rng.choice(older).title


def _draw_spouse(draft: Draft, person: Entity, people: list[Entity]) -> None:
    if "spouse" in person.links or draft.rng.random() < 0.4:
        return
    matches = [
        other
        for other in people
        if "spouse" not in other.links
        and other.woman != person.woman
        and other.country == person.country
        and other.surname != person.surname
        and abs(other.born - person.born) <= 12
    ]
    if matches:
        other = draft.rng.choice(matches)
        person.links["spouse"], other.links["spouse"] = other.title, person.title
