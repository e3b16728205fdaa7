"""Harbour Stay: hotels, in the domain Travel."""

from __future__ import annotations

from random import Random

from .markup import Html
from .people import NUMBERS, email, full_name, surname
from .site import Draft, Site, choose, click, enter
from .widgets import Query, button, cards, checks, form, link, radios, select, table, text, titled

CITIES = ("Aveiro", "Bergen", "Ghent", "Lecce", "Turku")
HOUSES = tuple(
    "Linden House|Old Mill Inn|Quay Hotel|Station Lodge|Abbey Rooms|Cedar Court|Fisher's Rest|Garden Hotel|Harbour "
    "View|Ivy House|Juniper Inn|Kings Lodge|Lantern Hotel|Meadow Rooms|North Star Inn|Orchard House|Park Hotel|River "
    "Lodge|Swan Inn|Tower Rooms".split("|")
)
EXTRAS = ("Breakfast included", "Free cancellation", "Swimming pool")
ROOMS = ("Single room", "Double room", "Family room")
MONTHS = ("Any month", "March", "April", "May", "June", "July", "September", "October")
NIGHTS = ("1 night", "2 nights", "3 nights", "5 nights", "7 nights")
GUESTS = ("1 guest", "2 guests", "3 guests", "4 guests")
SORTS = ("Our favourites", "Lowest price", "Best rating", "Nearest to the centre")
PAYMENTS = ("Pay now", "Pay at the hotel")
WISHES = ("Change the dates of the booking", "Cancel the booking", "Print the voucher of the booking")


def houses(city: str, *extras: str) -> list[str]:
    """The hotels of a city that offer all of ``extras``."""
    place = CITIES.index(city) if city in CITIES else -1
    found = [house for i, house in enumerate(HOUSES) if i % len(CITIES) == place]
    return [house for house in found if all(HOUSES.index(house) % 4 != EXTRAS.index(extra) for extra in extras)]


def _home(query: Query) -> Html:
    fields = (text("Destination", "City"), select("Month", MONTHS), select("Nights", NIGHTS), select("Guests", GUESTS))
    return titled("Find a place to stay", form("/search", *fields, button("Search hotels")))


def _search(query: Query) -> Html:
    city = query.get("destination", "")
    wanted = [extra for extra in EXTRAS if extra in query.values()]
    keep = {"destination": city}
    filters = form(
        "/search", checks("Show only", EXTRAS, query), select("Sort by", SORTS, query), button("Apply"), keep=keep
    )
    found = houses(city, *wanted)
    if query.get("sort-by", SORTS[0]) != SORTS[0]:
        found = found[::-1]
    prices = {house: 60 + 7 * HOUSES.index(house) for house in found}
    return titled(
        f"Hotels in {city}",
        filters,
        cards((link(house, "/hotel", house=house), f"{city} · {prices[house]} € a night") for house in found),
    )


def _hotel(query: Query) -> Html:
    house = query["house"]
    fields = (radios("Room", ROOMS), select("Payment", PAYMENTS))
    return titled(house, form("/guest", *fields, button("Reserve"), keep={"house": house}))


def _guest(query: Query) -> Html:
    fields = (text("Full name"), text("E-mail", kind="email"), text("Wishes", "Anything we should know"))
    return titled(f"Who stays at {query['house']}?", form("/done", *fields, button("Confirm booking")))


def _bookings(query: Query) -> Html:
    return titled("My bookings", form("/booking", text("Booking number"), text("Last name"), button("Find booking")))


def _booking(query: Query) -> Html:
    rows = [("Number", query["booking-number"]), ("Name", query["last-name"])]
    links = [link(label, "/done") for label in WISHES]
    return titled("Your booking", table(("Field", "Value"), rows), cards((item, "") for item in links))


def _done(query: Query) -> Html:
    return titled("Thank you", "We have sent you a message with the details.")


def compare(rng: Random) -> Draft:
    """A search with every field, sorted."""
    city, month, nights, guests = (rng.choice(x) for x in (CITIES, MONTHS[1:], NIGHTS[1:], GUESTS[1:]))
    sort = rng.choice(SORTS[1:])
    return (
        f"Compare hotels in {city} for {guests} staying {nights} in {month}, sorted by {sort.lower()}.",
        (
            *(enter("Destination", city), choose("Month", month), choose("Nights", nights), choose("Guests", guests)),
            *(click("Search hotels"), choose("Sort by", sort), click("Apply")),
        ),
    )


def narrow(rng: Random) -> Draft:
    """A search narrowed to one extra."""
    city, extra = rng.choice(CITIES), rng.choice(EXTRAS)
    house = rng.choice(houses(city, extra))
    return (
        f"Show the page of {house} among the hotels in {city} with {extra.lower()}.",
        (enter("Destination", city), click("Search hotels"), click(extra), click("Apply"), click(house)),
    )


def reserve(rng: Random) -> Draft:
    """A room and a way to pay."""
    city, room, payment = rng.choice(CITIES), rng.choice(ROOMS), PAYMENTS[1]
    house = rng.choice(houses(city))
    return (
        f"Reserve a {room.lower()} at {house} in {city} and {payment.lower()}.",
        (
            *(enter("Destination", city), click("Search hotels"), click(house)),
            *(click(room), choose("Payment", payment), click("Reserve")),
        ),
    )


def book(rng: Random) -> Draft:
    """A booking to the end."""
    city, room, name = rng.choice(CITIES), rng.choice(ROOMS), full_name(rng)
    house = rng.choice(houses(city))
    return (
        f"Book a {room.lower()} at {house} in {city} for {name}, e-mail {email(name)}.",
        (
            *(enter("Destination", city), click("Search hotels"), click(house), click(room), click("Reserve")),
            *(enter("Full name", name), enter("E-mail", email(name)), click("Confirm booking")),
        ),
    )


def manage(rng: Random) -> Draft:
    """Something about a booking that exists."""
    number, name = f"HS{rng.choice(NUMBERS)}", surname(rng)
    wish = rng.choice(WISHES)
    return (
        f"{wish} {number}, which was made under the name {name}.",
        (
            *(click("My bookings"), enter("Booking number", number), enter("Last name", name)),
            *(click("Find booking"), click(wish)),
        ),
    )


SITE = Site(
    name="harbourstay",
    domain="Travel",
    subdomain="Hotel",
    title="Harbour Stay",
    colour="#14506b",
    menu={"Hotels": "/", "My bookings": "/bookings"},
    pages={
        **{"/": _home, "/search": _search, "/hotel": _hotel, "/guest": _guest},
        **{"/bookings": _bookings, "/booking": _booking, "/done": _done},
    },
    templates=(compare, narrow, reserve, book, manage),
)
