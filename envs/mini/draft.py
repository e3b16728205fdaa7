"""The entities of a world before anything is written about them: names, links and values."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from .names import EDITION, STYLES, Namer, Style


@dataclass
class Entity:
    """A person, place, work or organisation.

    Attributes:
        title: its unique name, which is the title of its article.
        kind: person, town, province, country, river, mountain, university, company, band, album, song, film or novel.
        country: title of the country it belongs to; "" for works, which are at home everywhere.
        role: what a person or company was drawn for.
        aliases: other names under which texts and questions may mention it.
        links: relation -> title of another entity.
        values: relation -> literal, as it is written in the article.
        acronym: the alias that nobody could guess; its article gives it.
        surname, woman, born, died: of a person; ``born`` and ``died`` are years, 0 for none.
    """

    title: str
    kind: str
    country: str = ""
    role: str = ""
    aliases: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    acronym: str = ""
    surname: str = ""
    woman: bool = False
    born: int = 0
    died: int = 0


class Draft:
    """The entities of one split's world, in the making."""

    def __init__(self, split: str) -> None:
        self.rng = Random(f"encyclopaedia/{EDITION}/{split}")
        self.names = Namer(split, self.rng)
        self.entities: dict[str, Entity] = {}
        self._styles: dict[str, Style] = {}

    def add(self, kind: str, title: str, country: str = "", role: str = "") -> Entity:
        """Enter a new entity."""
        entity = Entity(title, kind, country, role)
        if title.startswith("The ") and " and the " not in title:
            entity.aliases.append(title.removeprefix("The "))
        self.entities[title] = entity
        return entity

    def all(self, kind: str, country: str = "", role: str = "") -> list[Entity]:
        """The entities of a kind, or of a country or role too, in the order in which they were entered."""
        return [
            entity
            for entity in self.entities.values()
            if entity.kind == kind and country in ("", entity.country) and role in ("", entity.role)
        ]

    def near(self, kind: str, country: str, home: float = 0.75) -> Entity:
        """One of a kind: from ``country`` with probability ``home``, else from anywhere."""
        domestic = self.all(kind, country) if self.rng.random() < home else []
        return self.rng.choice(domestic or self.all(kind))

    def add_acronym(self, entity: Entity) -> None:
        """Give an entity with a name of three words or more its initials as an alias, if they are free."""
        initials = "".join(word[0] for word in entity.title.split() if word[0].isupper())
        if len(initials) > 2 and self.names.owns(initials) and self.names.claim(initials):
            entity.acronym = initials
            entity.aliases.append(initials)

    def year(self, first: int, last: int) -> str:
        """A year from ``first`` to ``last``, both included."""
        return str(self.rng.randint(first, last))

    def number(self, low: int, high: int) -> str:
        """A number with thousands separators; its logarithm is uniform, as sizes of towns and firms nearly are."""
        return f"{round(low * (high / low) ** self.rng.random()):,}"

    def set_style(self, country: str, index: int) -> Style:
        """Choose how the names of a country sound."""
        self._styles[country] = STYLES[index % len(STYLES)]
        return self._styles[country]

    def style(self, country: str) -> Style:
        """How the names of a country sound."""
        return self._styles[country]
