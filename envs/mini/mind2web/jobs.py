"""Talent Lane: jobs, in the domain Service."""

from __future__ import annotations

from random import Random

from .markup import Html
from .people import email, full_name
from .site import Draft, Site, choose, click, enter
from .widgets import Query, area, button, cards, checks, form, link, radios, select, text, titled

TRADES = ("Baker", "Carpenter", "Electrician", "Nurse", "Translator", "Welder")
TOWNS = ("Aarhus", "Braga", "Cork", "Delft", "Graz")
FIRMS = ("Albatross Works", "Birchwood Group", "Copper Lane", "Driftwood Partners", "Evergreen House")
CONTRACTS = ("Any contract", "Permanent", "Temporary", "Apprenticeship")
EXTRAS = ("Remote work", "Part-time", "Housing provided")
SORTS = ("Best match", "Newest", "Highest pay")
NOTICES = ("No notice", "One month", "Two months", "Three months")
PACES = ("Every day", "Every week", "Every month")
CHANNELS = ("By e-mail", "By text message")


def firms_with(*extras: str) -> list[str]:
    """The companies that offer all of ``extras``."""
    return [firm for i, firm in enumerate(FIRMS) if all(i % len(EXTRAS) != EXTRAS.index(extra) for extra in extras)]


def _home(query: Query) -> Html:
    fields = (text("Trade", "Nurse, baker ..."), text("Town"), select("Contract", CONTRACTS))
    return titled("Find work", form("/search", *fields, button("Search jobs")))


def _search(query: Query) -> Html:
    trade, town = query.get("trade", ""), query.get("town", "")
    filters = (checks("Only jobs with", EXTRAS, query), select("Sort by", SORTS, query), button("Refine"))
    firms = firms_with(*(extra for extra in EXTRAS if extra in query.values()))[
        :: 1 if query.get("sort-by", SORTS[0]) == SORTS[0] else -1
    ]
    found = [(link(f"{trade} at {firm}", "/job", trade=trade, firm=firm), town or "Anywhere") for firm in firms]
    return titled(f"{trade} jobs", form("/search", *filters, keep={"trade": trade, "town": town}), cards(found))


def _job(query: Query) -> Html:
    links = (link("Apply now", "/apply", **query), link("Save this job", "/done"), link("Report this job", "/done"))
    return titled(f"{query['trade']} at {query['firm']}", cards((item, "") for item in links))


def _apply(query: Query) -> Html:
    fields = (text("Full name"), text("E-mail", kind="email"), select("Notice period", NOTICES), area("Cover letter"))
    return titled(f"Apply to {query['firm']}", form("/done", *fields, button("Send application")))


def _alerts(query: Query) -> Html:
    fields = (text("Trade"), select("How often", PACES), radios("Channel", CHANNELS))
    return titled("Job alerts", form("/done", *fields, button("Create alert")))


def _firms(query: Query) -> Html:
    search = form("/firms", text("Company name"), button("Find company"))
    wanted = query.get("company-name", "").lower()
    found = [(link(firm, "/firm", firm=firm), "Employer") for firm in FIRMS if wanted in firm.lower()]
    return titled("Companies", search, cards(found))


def _firm(query: Query) -> Html:
    links = (link("Follow this company", "/done"), link("See its reviews", "/done"), link("See its jobs", "/done"))
    return titled(query["firm"], cards((item, "") for item in links))


def _done(query: Query) -> Html:
    return titled("Done", "We wish you luck.")


def hunt(rng: Random) -> Draft:
    """A search with a contract, sorted."""
    trade, town, contract = rng.choice(TRADES), rng.choice(TOWNS), rng.choice(CONTRACTS[1:])
    sort = rng.choice(SORTS[1:])
    return (
        f"Search for work as a {trade} in {town} with a {contract.lower()} contract, {sort.lower()} first.",
        (
            *(enter("Trade", trade), enter("Town", town), choose("Contract", contract), click("Search jobs")),
            *(choose("Sort by", sort), click("Refine")),
        ),
    )


def save(rng: Random) -> Draft:
    """A job with an extra, kept for later."""
    trade, town, extra = (rng.choice(x) for x in (TRADES, TOWNS, EXTRAS))
    firm = rng.choice(firms_with(extra))
    return (
        f"Among jobs as a {trade} in {town} with {extra.lower()}, save the one at {firm}.",
        (
            *(enter("Trade", trade), enter("Town", town), click("Search jobs"), click(extra), click("Refine")),
            *(click(f"{trade} at {firm}"), click("Save this job")),
        ),
    )


def apply(rng: Random) -> Draft:
    """An application to the end."""
    trade, firm, name, notice = rng.choice(TRADES), rng.choice(FIRMS), full_name(rng), rng.choice(NOTICES[1:])
    return (
        f"Apply as {name}, e-mail {email(name)}, for the job of {trade} at {firm}, with a notice period of "
        f"{notice.lower()}.",
        (
            *(enter("Trade", trade), click("Search jobs"), click(f"{trade} at {firm}"), click("Apply now")),
            *(enter("Full name", name), enter("E-mail", email(name)), choose("Notice period", notice)),
            *(click("Send application"),),
        ),
    )


def alert(rng: Random) -> Draft:
    """News about a trade."""
    trade, pace, channel = rng.choice(TRADES), rng.choice(PACES[1:]), rng.choice(CHANNELS)
    return (
        f"Create an alert for jobs as a {trade} that comes {pace.lower()} {channel.lower()}.",
        (
            *(click("Alerts"), enter("Trade", trade), choose("How often", pace)),
            *(click(channel), click("Create alert")),
        ),
    )


def follow(rng: Random) -> Draft:
    """A company."""
    firm, wish = rng.choice(FIRMS), rng.choice(("Follow this company", "See its reviews", "See its jobs"))
    said = (
        f"Follow the company {firm}." if wish.startswith("Follow") else f"Find the company {firm} and {wish.lower()}."
    )
    return said, (
        *(click("Companies"), enter("Company name", firm), click("Find company")),
        *(click(firm), click(wish)),
    )


SITE = Site(
    name="talentlane",
    domain="Service",
    subdomain="Job",
    title="Talent Lane",
    colour="#5a2a6b",
    menu={"Jobs": "/", "Companies": "/firms", "Alerts": "/alerts"},
    pages={
        **{"/": _home, "/search": _search, "/job": _job, "/apply": _apply, "/alerts": _alerts},
        **{"/firms": _firms, "/firm": _firm, "/done": _done},
    },
    templates=(hunt, save, apply, alert, follow),
)
