"""Countries, provinces, mountains, rivers, towns and universities of a world."""

from __future__ import annotations

from .draft import Draft, Entity
from .names import STYLES

COUNTRIES, TOWNS, RIVERS = 8, 3, 3
"""How many countries in all, towns in a province, rivers in a country."""
EMBLEMS = (
    "otter heron badger lynx swallow oak salmon marten thistle crane beaver hawthorn stork juniper stoat kingfisher "
    "hedgehog rowan curlew dragonfly elk falcon"
).split()
TRADES = (
    "glassmaking shipbuilding pottery weaving papermaking clockmaking brewing fishing quarrying beekeeping ropemaking "
    "printing lacemaking saddlery basketry tanning"
).split()
_DEMONYMS = (("onne", "onnese"), ("ia", "ian"), ("a", "an"), ("anu", "anuan"), ("iri", "irian"), ("land", "landic"))


def draw_land(draft: Draft) -> None:
    """Draw everything that lies on the map."""
    for index in range(COUNTRIES):
        country = _draw_country(draft, index)
        _draw_mountains(draft, country)
        _draw_towns(draft, country)
        _draw_rivers(draft, country)
        country.links["capital"] = draft.rng.choice(draft.all("town", country.title)).title
    for town in draft.all("town")[::3]:
        _draw_university(draft, town)


def demonym(country: str) -> str:
    """The adjective of a country's name: Tørvia, Tørvian; Grulmark, Grulmarkish."""
    for ending, adjective in _DEMONYMS:
        if country.endswith(ending):
            return country.removesuffix(ending) + adjective
    return f"{country}ish"


def _draw_country(draft: Draft, index: int) -> Entity:
    style = STYLES[index % len(STYLES)]
    country = draft.add("country", draft.names.word(style, style.land))
    country.country = country.title
    draft.set_style(country.title, index)
    country.values = {
        "currency": draft.names.word(style, ("el", "at", "un", "ir")).lower(),
        "language": draft.names.word(style, ("ish", "ic", "ese")),
        "independence": draft.year(1790, 1962),
        "population": f"{draft.rng.randint(62, 1980) * 10_000:,}",
    }
    country.aliases.append(f"{draft.rng.choice(('Republic', 'Kingdom', 'Commonwealth'))} of {country.title}")
    base = draft.names.word(style, ("ara", "or", "ein", "asch"))
    halves = draft.rng.choice((("Upper", "Lower"), ("North", "South"), ("Inner", "Outer")))
    for title in (f"{halves[0]} {base}", f"{halves[1]} {base}", draft.names.word(style, ("ara", "or", "ein", "asch"))):
        province = draft.add("province", title, country.title)
        province.aliases.append(f"{title} Province")
        province.links["country"] = country.title
        province.values = {"area": draft.number(900, 42_000), "emblem": draft.rng.choice(EMBLEMS)}
    return country


def _draw_mountains(draft: Draft, country: Entity) -> None:
    style = draft.style(country.title)
    heights: dict[str, int] = {}
    for province in draft.all("province", country.title):
        for _ in range(draft.rng.randint(1, 2)):
            word = draft.names.word(style, ("or", "en", "ul", "ak"))
            mountain = draft.add("mountain", draft.rng.choice((f"Mount {word}", f"{word} Peak")), country.title)
            heights[mountain.title] = draft.rng.randint(780, 5200)
            mountain.links["province"] = province.title
            mountain.values["height"] = f"{heights[mountain.title]:,}"
    country.links["highest_point"] = max(heights, key=heights.__getitem__)


def _draw_towns(draft: Draft, country: Entity) -> None:
    style = draft.style(country.title)
    for province in draft.all("province", country.title):
        titles = [draft.names.word(style, style.town, longer=0.25) for _ in range(TOWNS)]
        if draft.rng.random() < 0.6:  # Port Kelvik beside Kelvik: names that a careless search mixes up
            titles[-1] = f"{draft.rng.choice(('New', 'Port', 'Old', 'Saint', 'Little'))} {titles[0]}"
        for title in titles:
            town = draft.add("town", title, country.title)
            town.links["province"] = province.title
            town.values = {
                "population": draft.number(2_400, 410_000),
                "founded": draft.year(1080, 1760),
                "trade": draft.rng.choice(TRADES),
            }
        province.links["seat"] = draft.rng.choice(titles)


def _draw_rivers(draft: Draft, country: Entity) -> None:
    style = draft.style(country.title)
    towns = draft.all("town", country.title)
    for mouth in draft.rng.sample(towns, RIVERS):
        word = draft.names.word(style, ("a", "e", "en", "el"))
        river = draft.add("river", draft.rng.choice((f"River {word}", f"{word} River")), country.title)
        river.aliases.append(word)
        source = draft.rng.choice(draft.all("mountain", country.title))
        river.links = {"source": source.title, "mouth": mouth.title}
        river.values["length"] = str(draft.rng.randint(41, 890))
        mouth.links["river"] = river.title
    for town in towns:
        town.links.setdefault("river", draft.rng.choice(draft.all("river", country.title)).title)


def _draw_university(draft: Draft, town: Entity) -> None:
    style = draft.style(town.country)
    if draft.rng.random() < 0.35:
        university = draft.add("university", f"University of {town.title}", town.country)
        university.aliases.append(f"{town.title} University")
    else:
        word = draft.names.word(style, (*style.surname, *style.town))
        form = draft.rng.choice(("University", "College", "Academy of Sciences", "Institute of Technology"))
        university = draft.add("university", f"{word} {form}", town.country)
        draft.add_acronym(university)
    university.links["town"] = town.title
    university.values = {"founded": draft.year(1420, 1918), "students": draft.number(1_800, 46_000)}
