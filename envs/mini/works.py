"""Companies, bands, albums, songs, novels and films of a world."""

from __future__ import annotations

from .draft import Draft, Entity
from .people import LATEST

GENRES = "folk rock, chamber pop, surf rock, dream pop, ska, post-punk, bluegrass, jazz fusion, synth-pop".split(", ")
INDUSTRIES = "ceramics, bicycles, optics, textiles, paper, furniture, cement, umbrellas, railway wagons".split(", ")
SECOND_ALBUMS, SONGS, NOVELS, FILMS = 12, 40, 36, 36
_FIRMS = {
    "publisher": (6, "book publishing", ("Press", "Books", "Publishing House")),
    "label": (6, "recorded music", ("Records", "Recordings", "Record Company")),
    "maker": (12, "", ("Brothers", "Group", "Trading Company", "Company", "General Works")),
}


def draw_works(draft: Draft) -> None:
    """Draw the firms, then what they publish."""
    # The oldest founders start publishers and labels, so that those are there before the first novel and record.
    founders = sorted(draft.all("person", role="founder"), key=lambda person: person.born)
    for role, (count, _, _) in _FIRMS.items():
        for _ in range(count):
            _draw_company(draft, role, founders.pop(0))
    for singer in draft.all("person", role="singer"):
        _draw_band(draft, singer)
    for band in draft.rng.sample(draft.all("band"), SECOND_ALBUMS):
        _draw_album(draft, band, after=10)
    for _ in range(SONGS):
        _draw_song(draft)
    for _ in range(NOVELS):
        _draw_novel(draft)
    for _ in range(FILMS):
        _draw_film(draft)
    for song in draft.all("song")[::2]:
        song.links["film"] = draft.rng.choice(draft.all("film")).title


def _draw_company(draft: Draft, role: str, founder: Entity) -> None:
    _, industry, forms = _FIRMS[role]
    style = draft.style(founder.country)
    word = draft.names.word(style, (*style.surname, *style.town))
    company = draft.add("company", f"{word} {draft.rng.choice(forms)}", founder.country, role)
    draft.add_acronym(company)
    company.links = {
        "founder": founder.title,
        "headquarters": draft.near("town", founder.country).title,
    }
    company.values = {
        "founded": draft.year(founder.born + 23, founder.born + 36),
        "industry": industry or draft.rng.choice(INDUSTRIES),
        "employees": draft.number(120, 38_000),
    }


def _draw_band(draft: Draft, singer: Entity) -> None:
    rng = draft.rng
    band = draft.add("band", draft.names.band(), singer.country)
    band.links = {
        "singer": singer.title,
        "hometown": draft.near("town", singer.country).title,
        "label": rng.choice(draft.all("company", role="label")).title,
    }
    band.values = {"formed": draft.year(singer.born + 17, singer.born + 25), "genre": rng.choice(GENRES)}
    band.links["debut"] = _draw_album(draft, band, after=0).title


def _draw_album(draft: Draft, band: Entity, after: int) -> Entity:
    """An album of ``band``, from ``after`` years after its start on; the debut comes within the first ten years."""
    rng = draft.rng
    album = draft.add("album", draft.names.title())
    year = min(int(band.values["formed"]) + after + rng.randint(1, 9), LATEST)
    album.links = {
        "band": band.title,
        "producer": _of_age(draft, "producer", year).title,
        "studio": draft.near("town", band.country).title,
    }
    album.values = {"released": str(year), "length": str(rng.randint(29, 78))}
    return album


def _draw_song(draft: Draft) -> None:
    song = draft.add("song", draft.names.title(song=True))
    album = draft.rng.choice(draft.all("album"))
    song.links = {"album": album.title, "writer": _of_age(draft, "singer", int(album.values["released"])).title}


def _draw_novel(draft: Draft) -> None:
    rng = draft.rng
    author = rng.choice(draft.all("person", role="novelist"))
    publisher = rng.choice(draft.all("company", role="publisher"))
    novel = draft.add("novel", draft.names.title())
    year = min(max(author.born + rng.randint(25, 55), int(publisher.values["founded"]) + 1), LATEST)
    novel.links = {
        "author": author.title,
        "publisher": publisher.title,
        "setting": draft.near("town", author.country).title,
    }
    novel.values = {"published": str(year), "pages": str(rng.randint(124, 890))}
    author.links.setdefault("best_novel", novel.title)


def _draw_film(draft: Draft) -> None:
    rng = draft.rng
    director = rng.choice(draft.all("person", role="director"))
    film = draft.add("film", draft.names.title())
    year = min(director.born + rng.randint(27, 55), LATEST)
    film.links = {
        "director": director.title,
        "composer": _of_age(draft, "composer", year).title,
        "location": draft.near("town", director.country).title,
    }
    film.values = {"released": str(year), "running_time": str(rng.randint(74, 191))}
    novels = [novel for novel in draft.all("novel") if int(novel.values["published"]) < year]
    if novels and rng.random() < 0.8:
        film.links["novel"] = rng.choice(novels).title
    director.links.setdefault("best_film", film.title)


def _of_age(draft: Draft, role: str, year: int) -> Entity:
    """Somebody who was between 20 and 55 in ``year``, or whoever came closest to that."""
    people = draft.all("person", role=role)
    adults = [person for person in people if 20 <= year - person.born <= 55]
    return draft.rng.choice(adults or [min(people, key=lambda person: abs(year - person.born - 38))])
