"""Kettle Talk: a forum, in the domain Info."""

from __future__ import annotations

from random import Random

from .markup import Html
from .people import full_name, surname
from .site import Draft, Site, choose, click, enter
from .widgets import Query, area, button, cards, checks, form, link, radios, select, text, titled

BOARDS = {
    "Baking": ("Bread without yeast", "Oven stones", "Rye starter"),
    "Cycling": ("Brakes that squeak", "Rain gear", "Tours for beginners"),
    "Gardening": ("Compost in winter", "Snails everywhere", "Tomatoes on a balcony"),
    "Photography": ("Film or digital", "Light at dusk", "Old lenses"),
}
SORTS = ("Latest reply", "Most replies", "Oldest first")
ZONES = ("Lisbon time", "Vienna time", "Helsinki time")
THEMES = ("Light theme", "Dark theme")
REPLIES = ("Thank you all", "Works for me", "Try it again tomorrow", "More salt helps", "Same here")
WISHES = ("Follow this topic", "Share this topic", "Report this topic")


def _home(query: Query) -> Html:
    search = form("/topics", text("Search topics", "Word"), button("Search"))
    boards = cards((link(board, "/board", board=board), f"{len(BOARDS[board])} topics") for board in BOARDS)
    return titled("Boards", search, boards)


def _topics(query: Query) -> Html:
    word = query.get("search-topics", "").lower()
    found = [topic for topics in BOARDS.values() for topic in topics if word in topic.lower()]
    return titled("Topics", cards((link(topic, "/topic", topic=topic), "Open") for topic in found))


def _board(query: Query) -> Html:
    board = query["board"]
    topics = BOARDS[board][:: 1 if query.get("sort-by", SORTS[0]) == SORTS[0] else -1]
    listed = cards((link(topic, "/topic", topic=topic), "Open") for topic in topics)
    sort = form("/board", select("Sort by", SORTS, query), button("Sort"), keep={"board": board})
    return titled(board, sort, listed)


def _topic(query: Query) -> Html:
    links = cards((link(wish, "/done"), "") for wish in WISHES)
    return titled(query["topic"], links, form("/done", area("Your reply"), button("Post reply")))


def _new(query: Query) -> Html:
    fields = (select("Board", BOARDS), text("Title"), area("Message"), checks("Options", ("Tell me about replies",)))
    return titled("New topic", form("/done", *fields, button("Publish")))


def _members(query: Query) -> Html:
    search = form("/members", text("Member name"), button("Find member"))
    name = query.get("member-name", "")
    found = [(link(member, "/member", member=member), "Member") for member in (name, f"{name} Junior")]
    return titled("Members", search, cards(found if name else ()))


def _member(query: Query) -> Html:
    fields = (text("Subject"), area("Message"), button("Send message"))
    return titled(query["member"], link("Ignore this member", "/done"), form("/done", *fields))


def _settings(query: Query) -> Html:
    fields = (text("Display name"), select("Time zone", ZONES), radios("Look", THEMES), button("Save profile"))
    return titled("Profile", form("/done", *fields))


def _done(query: Query) -> Html:
    return titled("Done", "Back to the kettle.")


def _draw(rng: Random) -> tuple[str, str]:
    board = rng.choice(list(BOARDS))
    return board, rng.choice(BOARDS[board])


def reply(rng: Random) -> Draft:
    """A reply to a topic."""
    (board, topic), words, sort = _draw(rng), rng.choice(REPLIES), rng.choice(SORTS[1:])
    return (
        f'On the board {board}, sorted by {sort.lower()}, reply to the topic "{topic}" with "{words}".',
        (
            *(click(board), choose("Sort by", sort), click("Sort")),
            *(click(topic), enter("Your reply", words), click("Post reply")),
        ),
    )


def react(rng: Random) -> Draft:
    """Something to do with a topic that a search finds."""
    (_, topic), wish = _draw(rng), rng.choice(WISHES)
    return (
        f'Search for "{topic}" and {wish.lower()}.',
        (enter("Search topics", topic), click("Search"), click(topic), click(wish)),
    )


def publish(rng: Random) -> Draft:
    """A topic of one's own."""
    board, name = rng.choice(list(BOARDS)[1:]), surname(rng)
    title, words = f"Question from {name}", rng.choice(REPLIES)
    return (
        f'Publish a topic on the board {board} with the title "{title}" and the message "{words}", and be told about '
        "replies.",
        (
            *(click("New topic"), choose("Board", board), enter("Title", title), enter("Message", words)),
            *(click("Tell me about replies"), click("Publish")),
        ),
    )


def write(rng: Random) -> Draft:
    """A message to a member."""
    name, subject, words = full_name(rng), rng.choice(list(BOARDS)), rng.choice(REPLIES)
    return (
        f'Write to the member {name} with the subject "{subject}" and the message "{words}".',
        (
            *(click("Members"), enter("Member name", name), click("Find member"), click(name)),
            *(enter("Subject", subject), enter("Message", words), click("Send message")),
        ),
    )


def settle(rng: Random) -> Draft:
    """One's own profile."""
    name, zone, theme = surname(rng), rng.choice(ZONES[1:]), rng.choice(THEMES)
    return (
        f"Change the profile to the display name {name}, {zone} and the {theme.lower()}.",
        (
            *(click("Profile"), enter("Display name", name), choose("Time zone", zone)),
            *(click(theme), click("Save profile")),
        ),
    )


SITE = Site(
    name="kettletalk",
    domain="Info",
    subdomain="Forum",
    title="Kettle Talk",
    colour="#7a4a00",
    menu={"Boards": "/", "New topic": "/new", "Members": "/members", "Profile": "/settings"},
    pages={
        **{"/": _home, "/topics": _topics, "/board": _board, "/topic": _topic, "/new": _new},
        **{"/members": _members, "/member": _member, "/settings": _settings, "/done": _done},
    },
    templates=(reply, react, publish, write, settle),
)
