"""Waymark: maps and routes, in the domain Travel."""

from __future__ import annotations

from random import Random

from .markup import Html
from .people import NUMBERS
from .site import Draft, Site, choose, click, enter
from .widgets import Query, area, button, cards, checks, form, link, radios, select, text, titled

PLACES = (
    "Abbey Square|Brewer's Bridge|Castle Hill|Dyer Street|East Harbour|Fountain Park|Guildhall|High Mill|Iron Gate|"
    "Jubilee Gardens"
).split("|")
MODES = ("Walking", "Cycling", "Bus", "Driving")
STARTS = ("Leave now", "Leave at 8:00", "Leave at 12:00", "Leave at 18:00")
ROADS = ("Canal Path", "Market Street", "Ring Road")
KINDS = ("Any place", "Bakery", "Car park", "Library", "Pharmacy", "Playground")
RADII = ("500 metres", "1 kilometre", "2 kilometres", "5 kilometres")
STARS = ("5 stars", "4 stars", "3 stars", "2 stars", "1 star")
AVOID = ("Avoid tolls", "Avoid ferries", "Avoid motorways")
UNITS = ("Kilometres", "Miles")


def _home(query: Query) -> Html:
    fields = (text("From", "Start"), text("To", "End"), radios("Travel by", MODES), select("Departure", STARTS))
    return titled("Plan a route", form("/routes", *fields, button("Get directions")))


def _routes(query: Query) -> Html:
    listed = cards((link(f"Via {road}", "/route", road=road), f"{12 + 5 * i} min") for i, road in enumerate(ROADS))
    return titled(f"From {query.get('from', '')} to {query.get('to', '')}", listed)


def _route(query: Query) -> Html:
    send = form("/done", text("Phone number"), button("Send to phone"))
    return titled(f"Route via {query['road']}", link("Save this route", "/done"), send)


def _nearby(query: Query) -> Html:
    fields = (text("Near", "Address or place"), select("Category", KINDS), select("Radius", RADII))
    return titled("What is nearby?", form("/found", *fields, button("Find places")))


def _found(query: Query) -> Html:
    names = [f"{query['category']} at {place}" for place in PLACES[:4]]
    return titled(f"Near {query.get('near', '')}", cards((link(n, "/place", name=n), "Open today") for n in names))


def _place(query: Query) -> Html:
    links = (link("Write a review", "/review", **query), link("Report a mistake", "/done"), link("Save place", "/done"))
    return titled(query["name"], cards((item, "") for item in links))


def _review(query: Query) -> Html:
    fields = (select("Rating", STARS), area("Comment"), button("Post review"))
    return titled(f"Review of {query['name']}", form("/done", *fields))


def _settings(query: Query) -> Html:
    fields = (checks("Routes", AVOID), select("Units", UNITS), button("Save settings"))
    return titled("Settings", form("/done", *fields))


def _done(query: Query) -> Html:
    return titled("Done", "See you on the road.")


def go(rng: Random) -> Draft:
    """A way from one place to another."""
    (start, end), mode, when = rng.sample(PLACES, 2), rng.choice(MODES), rng.choice(STARTS[1:])
    return (
        f"Get directions from {start} to {end} by {mode.lower()}, to {when.lower()}.",
        (
            *(enter("From", start), enter("To", end), click(mode)),
            *(choose("Departure", when), click("Get directions")),
        ),
    )


def keep(rng: Random) -> Draft:
    """One of several ways, kept."""
    (start, end), mode, road = rng.sample(PLACES, 2), rng.choice(MODES), rng.choice(ROADS)
    return (
        f"Save the {mode.lower()} route from {start} to {end} via {road}.",
        (
            *(enter("From", start), enter("To", end), click(mode), click("Get directions")),
            *(click(f"Via {road}"), click("Save this route")),
        ),
    )


def send(rng: Random) -> Draft:
    """A way, sent to a phone."""
    (start, end), road, number = rng.sample(PLACES, 2), rng.choice(ROADS), f"07{rng.choice(NUMBERS)}"
    return (
        f"Send the route from {start} to {end} via {road} to the phone number {number}.",
        (
            *(enter("From", start), enter("To", end), click("Get directions"), click(f"Via {road}")),
            *(enter("Phone number", number), click("Send to phone")),
        ),
    )


def review(rng: Random) -> Draft:
    """What somebody thinks of a place nearby."""
    place, kind, stars = rng.choice(PLACES[:4]), rng.choice(KINDS[1:]), rng.choice(STARS[1:])
    comment = rng.choice(("Friendly people", "Easy to find", "Too crowded", "Worth the way"))
    return (
        f'Rate the {kind.lower()} at {place} with {stars} and the comment "{comment}".',
        (
            *(click("Nearby"), enter("Near", place), choose("Category", kind), click("Find places")),
            *(click(f"{kind} at {place}"), click("Write a review")),
            *(choose("Rating", stars), enter("Comment", comment), click("Post review")),
        ),
    )


def settle(rng: Random) -> Draft:
    """What every route should keep away from."""
    avoid, unit = rng.choice(AVOID), rng.choice(UNITS[1:])
    when = rng.choice(("from now on", "on every route", "by default", "for all trips"))
    return (
        f"Change the settings to {avoid.lower()} {when} and to show {unit.lower()}.",
        (click("Settings"), click(avoid), choose("Units", unit), click("Save settings")),
    )


SITE = Site(
    name="waymark",
    domain="Travel",
    subdomain="Ground",
    title="Waymark",
    colour="#8a2f2f",
    menu={"Routes": "/", "Nearby": "/nearby", "Settings": "/settings"},
    pages={
        **{"/": _home, "/routes": _routes, "/route": _route, "/nearby": _nearby, "/found": _found},
        **{"/place": _place, "/review": _review, "/settings": _settings, "/done": _done},
    },
    templates=(go, keep, send, review, settle),
)
