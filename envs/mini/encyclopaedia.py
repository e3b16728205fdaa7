"""A split's fictional encyclopaedia: its articles, the facts that their sentences state, and the names in use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from string import Formatter
from unicodedata import combining, normalize

from .draft import Draft, Entity
from .geography import draw_land
from .names import SPLITS, key
from .people import draw_people
from .prose import PROSE
from .works import draw_works

MAX_STATEMENTS = 4
ALIAS_SHARE, REMARK_SHARE = 0.12, 0.4
"""How often a mention uses an alias, and an article with room for it has a sentence that states no fact."""


@dataclass(frozen=True)
class Fact:
    """What a sentence states about the subject of its article.

    Attributes:
        relation: such as ``birthplace``; ``kind`` for the sort of thing the subject is.
        value: as written in the sentence.
        target: title of the article that ``value`` names; "" for a literal.
        sentence: index of the sentence.
    """

    relation: str
    value: str
    target: str
    sentence: int


@dataclass(frozen=True)
class Article:
    """An article; as in HotpotQA, every sentence but the first starts with a space."""

    title: str
    kind: str
    country: str
    sentences: tuple[str, ...]
    facts: Mapping[str, Fact]

    @property
    def text(self) -> str:
        """The sentences in one string."""
        return "".join(self.sentences)


@dataclass(frozen=True)
class Step:
    """A fact and the title of the article that states it."""

    title: str
    fact: Fact


class World:
    """The encyclopaedia of one split.

    Attributes:
        articles: title -> article.
        aliases: title -> the other names by which texts and questions mention it. None of them fits two entities.
    """

    def __init__(self, split: str) -> None:
        draft = Draft(split)
        draw_land(draft)
        draw_people(draft)
        draw_works(draft)
        entities = draft.entities
        self.aliases = _unambiguous(entities.values())
        self._surnames = Counter(entity.surname for entity in entities.values())
        self._entities = entities
        self.articles = {title: self._write(entity, draft.rng) for title, entity in entities.items()}
        self._kinds = {kind: tuple(a for a in self.articles.values() if a.kind == kind) for kind in PROSE}

    def of_kind(self, kind: str) -> tuple[Article, ...]:
        """The articles on a kind of thing."""
        return self._kinds[kind]

    def follow(self, title: str, relations: Iterable[str]) -> tuple[Step, ...] | None:
        """The facts that lead from an article along ``relations``; None where one is not stated or links nowhere."""
        steps: list[Step] = []
        for relation in relations:
            article = self.articles.get(title)
            if article is None or relation not in article.facts:
                return None
            steps.append(Step(title, article.facts[relation]))
            title = steps[-1].fact.target
        return tuple(steps)

    def synonyms(self, fact: Fact) -> tuple[str, ...]:
        """Other right ways to write the value of ``fact``: names of the entity, or another spelling of a literal."""
        if not fact.target:
            return _spellings(fact.value)
        entity = self._entities[fact.target]
        names = [entity.title, *self.aliases[entity.title]]
        if self._surnames[entity.surname] == 1:
            names.append(entity.surname)
        names += [_unaccented(name) for name in names]
        return tuple(dict.fromkeys(name for name in names if name != fact.value))

    def _write(self, entity: Entity, rng: Random) -> Article:
        prose = PROSE[entity.kind]
        known = entity.links.keys() | entity.values.keys()
        statements = [options for options in prose.statements if all(f in known for f in _relations(options[0]))]
        chosen = sorted(rng.sample(range(len(statements)), min(MAX_STATEMENTS, len(statements))))
        if entity.kind != "person":  # a life is told in order
            rng.shuffle(chosen)
        patterns = [rng.choice(prose.lead), *(rng.choice(statements[index]) for index in chosen)]
        if len(patterns) <= MAX_STATEMENTS and rng.random() < REMARK_SHARE:
            patterns.insert(rng.randint(1, len(patterns)), rng.choice(prose.remarks))
        facts = {"kind": Fact("kind", entity.kind, "", 0)}
        sentences = []
        for index, pattern in enumerate(patterns):
            fields = _subject(entity)
            for relation in _relations(pattern):
                target = entity.links.get(relation, "")
                value = self._mention(target, rng) if target else entity.values[relation]
                facts[relation] = Fact(relation, value, target, index)
                fields[relation] = refer(self._entities[target].kind, value) if target else value
                fields[f"a_{relation}"] = f"{'an' if value[0] in 'AEIOUaeiouØÅÉøåé' else 'a'} {value}"
            sentence = pattern.format(**fields)
            sentences.append(" " * (index > 0) + sentence[0].upper() + sentence[1:])
        return Article(entity.title, entity.kind, entity.country, tuple(sentences), facts)

    def _mention(self, title: str, rng: Random) -> str:
        aliases = self.aliases[title]
        return rng.choice(aliases) if aliases and rng.random() < ALIAS_SHARE else title


@cache
def world(split: str) -> World:
    """The world of a split, drawn when it is first asked for.

    Raises:
        ValueError: there is no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    return World(split)


def refer(kind: str, name: str) -> str:
    """``name`` as a sentence refers to it: the River Velm, the University of Kelvik, the Tarvo Company."""
    definite = (
        kind == "river"
        or name.startswith(("University of ", "Republic of ", "Kingdom of ", "Commonwealth of "))
        or name.endswith((" Company", " Group", " House", " of Sciences", " of Technology"))
    )
    return f"the {name}" if definite else name


@cache
def _relations(pattern: str) -> tuple[str, ...]:
    """The relations that a wording states."""
    fields = [name for _, name, _, _ in Formatter().parse(pattern) if name]
    subject = ("self", "short", "is", "He", "His", "his", "man")
    return tuple(name.removeprefix("a_") for name in fields if name not in subject)


def _subject(entity: Entity) -> dict[str, str]:
    name = refer(entity.kind, entity.title)
    he, his, man = ("she", "her", "woman") if entity.woman else ("he", "his", "man")
    return {
        "self": f"{name} ({entity.acronym})" if entity.acronym else name,
        "short": entity.surname,
        "is": "was" if entity.died else "is",
        "He": he.capitalize(),
        "His": his.capitalize(),
        "his": his,
        "man": man,
    }


def _unambiguous(entities: Iterable[Entity]) -> dict[str, tuple[str, ...]]:
    """Title -> aliases, without those that are a name of something else."""
    entities = list(entities)
    uses = Counter(name for e in entities for name in {key(n) for n in (e.title, *e.aliases)})
    return {e.title: tuple(alias for alias in e.aliases if uses[key(alias)] == 1) for e in entities}


def _spellings(literal: str) -> tuple[str, ...]:
    if "," in literal:
        return (literal.replace(",", ""),)
    if literal.count(" ") == 2:  # 4 May 1961
        day, month, year = literal.split()
        return (f"{month} {day}, {year}",)
    return ()


def _unaccented(name: str) -> str:
    name = name.replace("ø", "o").replace("Ø", "O")
    return "".join(character for character in normalize("NFKD", name) if not combining(character))
