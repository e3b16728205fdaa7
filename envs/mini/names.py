"""Invented names for the fictional encyclopaedia: words from syllables, titles from a small vocabulary."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from skillflow_gym.text import fold

SPLITS = ("train", "validation", "test")
EDITION = 4
"""Seeds every split: a new edition has other names, facts and questions, so a test split that nobody has tuned on."""


class Style(NamedTuple):
    """The sound of a country's names. An ending that starts with a vowel follows a link, any other follows a coda."""

    onsets: tuple[str, ...]
    vowels: tuple[str, ...]
    links: tuple[str, ...]
    codas: tuple[str, ...]
    town: tuple[str, ...]
    surname: tuple[str, ...]
    man: tuple[str, ...]
    woman: tuple[str, ...]
    land: tuple[str, ...]


STYLES = (
    Style(
        onsets=tuple("Br K Kv St V Sk T Hj R Fl Gr L N Tv".split()),
        vowels=tuple("a e i o u ø å".split()),
        links=tuple("l r n rn ld sk v nd gr rv".split()),
        codas=("l", "r", "n", "s", "v"),
        town=("vik", "hem", "stad", "nesse", "by", "fors", "dalen"),
        surname=("sen", "strand", "qvist", "gren", "lund"),
        man=("rik", "ulv", "ard", "ogg", "mund"),
        woman=("run", "hild", "ika", "una", "veig"),
        land=("mark", "land", "ia"),
    ),
    Style(
        onsets=tuple("M L C V B S Al Or Es P D Am T".split()),
        vowels=tuple("a e i o ie é".split()),
        links=tuple("l r n nt rr v ss lv mb c".split()),
        codas=("l", "r", "n", "m"),
        town=("ona", "ella", "eira", "iano", "ville", "mont", "etto"),
        surname=("ares", "etti", "oso", "eaux", "ault", "ini"),
        man=("o", "io", "ando", "eu", "iel"),
        woman=("a", "ia", "elle", "ina", "ette"),
        land=("ia", "onne", "aria"),
    ),
    Style(
        onsets=tuple("Z Kr Dr M Pr V Bl Vl S J Tr".split()),
        vowels=tuple("a e o i u".split()),
        links=tuple("r l v d n zd dr rn j".split()),
        codas=("l", "v", "n", "z", "r"),
        town=("grad", "ovitz", "ava", "nik", "insk", "owo"),
        surname=("ovar", "ak", "enko", "insky", "escu"),
        man=("mir", "an", "ek", "oslav", "im"),
        woman=("ka", "ana", "inka", "ila", "esha"),
        land=("ia", "ova", "avia"),
    ),
    Style(
        onsets=tuple("K N M L H P W R F".split()),
        vowels=tuple("a u i o e ai".split()),
        links=tuple("r k l n m h w p t '".split()),
        codas=("n", "r", "l"),
        town=("anui", "ora", "ikai", "alu", "omea"),
        surname=("ari", "uo", "ama", "oki", "eloa"),
        man=("o", "ahi", "uka", "ane"),
        woman=("ia", "ani", "ela", "ea"),
        land=("ua", "iri", "anu"),
    ),
)

ADJECTIVES = tuple(
    "Amber Crooked Paper Velvet Drowned Salt Hollow Copper Pale Patient Distant Burning Quiet Scarlet Glass Wandering "
    "Unpainted Borrowed Second Tin Sleeping Frozen Rusted Folded Barefoot Uneven Chalk Thirteenth Midnight Slow".split()
)
NOUNS = tuple(
    "Harbour Orchard Lantern Almanac Ferry Clockmaker Sparrow Meadow Cathedral Compass Mirror Staircase Kite Heron "
    "Beacon Cellar Ledger Bell Quarry Atlas Window Anchor Carousel Umbrella Lighthouse Teapot Tailor Sundial "
    "Barometer Weathervane".split()
)
# Real names, and words that read badly, which the syllables happen to make.
RESERVED = frozenset(
    "Bevel Bila Brava Cale Conor Harari Hikari Hiro Honor Jannik Judrish Lassen Lavelle Lessen Loren Lula Major Makani "
    "Mana Memel Nakia Nate Pinta Randa Ravish Rine Rita Salini Vedic".split()
)


def plural(noun: str) -> str:
    """The regular plural: Ferry, Ferries."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}{'es' if noun.endswith(('s', 'x', 'ch')) else 's'}"


def key(name: str) -> str:
    """What makes two names the same: case, accents and a leading article do not count."""
    return fold(name).removeprefix("the ")


class Namer:
    """Draws names that no other split can draw.

    Every invented word, and every title, belongs to the one split that the checksum of its letters points at. So the
    worlds share no name by construction, and each can be built without the others.

    Args:
        split: train, validation or test.
        rng: where the draws come from.
    """

    def __init__(self, split: str, rng: Random) -> None:
        self._split = SPLITS.index(split)
        self._rng = rng
        self._taken: set[str] = set()

    def owns(self, name: str) -> bool:
        """Whether ``name`` belongs to this split."""
        return zlib.crc32(key(name).encode()) % len(SPLITS) == self._split

    def claim(self, name: str) -> bool:
        """Take ``name`` if nobody has it, and say whether that worked."""
        if key(name) in self._taken or name in RESERVED:
            return False
        self._taken.add(key(name))
        return True

    def new(self, make: Callable[[], str], *, owned: bool = True) -> str:
        """The first draw of ``make`` that is new and, unless a part of it is owned already, belongs to this split.

        Raises:
            RuntimeError: a thousand draws gave none; the vocabulary behind ``make`` is too small.
        """
        for _ in range(1000):
            name = make()
            if (not owned or self.owns(name)) and self.claim(name):
                return name
        raise RuntimeError(f"no new name among a thousand draws, the last was {name!r}: widen the vocabulary")

    def word(self, style: Style, endings: Sequence[str], longer: float = 0.0) -> str:
        """A new invented word with one of ``endings``; ``longer`` is the chance of one more syllable."""
        return self.new(lambda: self._spell(style, endings, longer))

    def title(self, *, song: bool = False) -> str:
        """A new title of a novel, a film, an album or (``song``) a song; they share a vocabulary on purpose."""
        return self.new(lambda: self._compose(song))

    def band(self) -> str:
        """A new name of a band."""
        r = self._rng

        def make() -> str:
            adjective, (noun, other) = r.choice(ADJECTIVES), r.sample(NOUNS, 2)
            forms = (f"The {adjective} {plural(noun)}", f"{noun} {other}", f"{adjective} {noun}", f"The {plural(noun)}")
            return r.choice(forms)

        return self.new(make)

    def _spell(self, style: Style, endings: Sequence[str], longer: float) -> str:
        r = self._rng
        ending, stem = r.choice(endings), r.choice(style.onsets) + r.choice(style.vowels)
        if r.random() < longer:
            stem += r.choice(style.codas) + r.choice([v for v in style.vowels if v in "aeiou"])
        return stem + r.choice(style.links if ending[0] in "aeiou" else style.codas) + ending

    def _compose(self, song: bool) -> str:
        r = self._rng
        adjective, (noun, other) = r.choice(ADJECTIVES), r.sample(NOUNS, 2)
        forms = (
            f"The {adjective} {noun}",
            f"The {noun} and the {other}",
            f"{adjective} {plural(noun)}",
            f"The {plural(noun)} of {adjective} Street",
            f"{'An' if noun[0] in 'AEIOU' else 'A'} {noun} for the {other}",
            f"The {noun}'s {other}",
        )
        songs = (f"{adjective} {noun}", f"{noun} Song", f"Under the {adjective} {noun}", f"Waltz of the {plural(noun)}")
        return r.choice(songs if song else forms)
