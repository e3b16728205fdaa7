"""Quill Library: books and rooms, in the domain Info."""

from __future__ import annotations

from random import Random

from .markup import Html
from .people import NUMBERS, email, full_name
from .site import Draft, Site, choose, click, enter
from .widgets import Query, button, cards, checks, form, link, radios, select, text, titled

BOOKS = {
    "The Amber Stair": "Novak",
    "A Boat for Celia": "Pires",
    "The Clockmaker's Garden": "Novak",
    "Dust and Barley": "Holm",
    "Eleven Winters": "Moreau",
    "The Ferryman's Ledger": "Pires",
    "Glass Orchard": "Holm",
    "The Hollow Tide": "Moreau",
}
INDEXES = ("Title", "Author", "Subject")
FORMATS = ("Any format", "Printed book", "Audiobook", "E-book")
FILTERS = ("Available now", "Large print", "In translation")
SORTS = ("Relevance", "Newest edition", "Title A to Z")
BRANCHES = ("Central branch", "Harbour branch", "Hillside branch")
DAYS = ("Monday", "Wednesday", "Friday", "Saturday")
HOURS = ("10:00", "13:00", "15:00", "18:00")


def books(*filters: str) -> list[str]:
    """The titles that all of ``filters`` leave."""
    return [title for i, title in enumerate(BOOKS) if all(i % 4 != FILTERS.index(name) for name in filters)]


def _home(query: Query) -> Html:
    fields = (text("Search for"), select("Look in", INDEXES), select("Format", FORMATS), button("Search"))
    return titled("Catalogue", form("/results", *fields))


def _results(query: Query) -> Html:
    wanted = query.get("search-for", "").lower()
    only = [name for name in FILTERS if name in query.values()]
    found = [(title, BOOKS[title]) for title in books(*only) if wanted in f"{title} {BOOKS[title]}".lower()]
    keep = {name: query[name] for name in ("search-for", "look-in", "format") if name in query}
    refine = (checks("Narrow down", FILTERS, query), select("Sort by", SORTS, query), button("Update"))
    if query.get("sort-by", SORTS[0]) != SORTS[0]:
        found = found[::-1]
    listed = cards((link(title, "/book", book=title), f"by {author}") for title, author in found)
    return titled("Results", form("/results", *refine, keep=keep), listed)


def _book(query: Query) -> Html:
    hold = form("/done", select("Pick-up branch", BRANCHES), button("Place hold"), keep=query)
    return titled(query["book"], hold, link("Add to my list", "/done"), link("Cite this book", "/done"))


def _loans(query: Query) -> Html:
    return titled("My loans", form("/loaned", text("Card number"), text("PIN"), button("Log in")))


def _loaned(query: Query) -> Html:
    return titled("Books on loan", form("/done", checks("Due this week", list(BOOKS)[:4]), button("Renew selected")))


def _rooms(query: Query) -> Html:
    fields = (select("Branch", BRANCHES), select("Day", DAYS), radios("Start", HOURS), text("Group size"))
    return titled("Reading rooms", form("/done", *fields, button("Book room")))


def _join(query: Query) -> Html:
    fields = (text("Full name"), text("E-mail", kind="email"), select("Home branch", BRANCHES), button("Join"))
    return titled("Become a reader", form("/done", *fields))


def _done(query: Query) -> Html:
    return titled("Done", "Happy reading.")


def hold(rng: Random) -> Draft:
    """A book, to be fetched at a branch."""
    book, branch, kind = rng.choice(list(BOOKS)), rng.choice(BRANCHES[1:]), rng.choice(FORMATS[1:])
    return (
        f'Place a hold on the {kind.lower()} "{book}" for pick-up at the {branch}.',
        (
            *(enter("Search for", book), choose("Format", kind), click("Search"), click(book)),
            *(choose("Pick-up branch", branch), click("Place hold")),
        ),
    )


def browse(rng: Random) -> Draft:
    """What an author wrote, narrowed and sorted."""
    only, sort = rng.choice(FILTERS), rng.choice(SORTS[1:])
    book = rng.choice(books(only))
    return (
        f'From the books by the author {BOOKS[book]}, {only.lower()} and sorted by {sort.lower()}, add "{book}" to my '
        "list.",
        (
            *(enter("Search for", BOOKS[book]), choose("Look in", "Author"), click("Search"), click(only)),
            *(choose("Sort by", sort), click("Update"), click(book), click("Add to my list")),
        ),
    )


def renew(rng: Random) -> Draft:
    """A loan, for longer."""
    card, pin, book = f"Q{rng.choice(NUMBERS)}", str(rng.randrange(1000, 9999)), rng.choice(list(BOOKS)[:4])
    return (
        f'Renew the loan of "{book}" with the card number {card} and the PIN {pin}.',
        (
            *(click("My loans"), enter("Card number", card), enter("PIN", pin), click("Log in")),
            *(click(book), click("Renew selected")),
        ),
    )


def room(rng: Random) -> Draft:
    """A room for a group."""
    branch, day, hour, size = rng.choice(BRANCHES[1:]), rng.choice(DAYS[1:]), rng.choice(HOURS), rng.randrange(3, 9)
    return (
        f"Book a reading room at the {branch} on {day} at {hour} for a group of {size}.",
        (
            *(click("Rooms"), choose("Branch", branch), choose("Day", day), click(hour)),
            *(enter("Group size", str(size)), click("Book room")),
        ),
    )


def join(rng: Random) -> Draft:
    """A new reader."""
    name, branch = full_name(rng), rng.choice(BRANCHES[1:])
    return (
        f"Make {name}, e-mail {email(name)}, a reader of the {branch}.",
        (
            *(click("Join us"), enter("Full name", name), enter("E-mail", email(name))),
            *(choose("Home branch", branch), click("Join")),
        ),
    )


SITE = Site(
    name="quillibrary",
    domain="Info",
    subdomain="Education",
    title="Quill Library",
    colour="#3d3d78",
    menu={"Catalogue": "/", "My loans": "/loans", "Rooms": "/rooms", "Join us": "/join"},
    pages={
        **{"/": _home, "/results": _results, "/book": _book, "/loans": _loans, "/loaned": _loaned},
        **{"/rooms": _rooms, "/join": _join, "/done": _done},
    },
    templates=(hold, browse, renew, room, join),
)
