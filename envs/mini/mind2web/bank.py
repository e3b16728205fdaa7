"""Fern Bank: accounts, in the domain Service."""

from __future__ import annotations

from random import Random

from .markup import Html
from .people import NUMBERS, full_name
from .site import Draft, Site, choose, click, enter
from .widgets import Query, area, button, cards, checks, form, link, radios, select, table, text, titled

ACCOUNTS = ("Everyday account", "Savings account", "Joint account")
WHEN = ("Today", "Tomorrow", "End of the month")
MONTHS = ("All months", "January", "February", "March", "April", "May", "June")
FORMATS = ("PDF file", "CSV file")
CARDS = ("Blue debit card", "Gold credit card", "Travel card", "Student card")
WISHES = ("Freeze the card", "Replace the card", "Report the card as stolen")
TOPICS = ("Something else", "Mortgages", "Insurance", "Online banking", "Fees")


def _home(query: Query) -> Html:
    rows = [(account, f"{1_240 * (i + 1):,}.00 €") for i, account in enumerate(ACCOUNTS)]
    return titled("Your accounts", table(("Account", "Balance"), rows), link("Open a new account", "/done"))


def _transfers(query: Query) -> Html:
    fields = (
        select("From account", ("Choose an account", *ACCOUNTS)),
        text("Payee"),
        text("Amount", "0.00"),
        select("Execution", WHEN),
    )
    return titled("Transfer money", form("/review", *fields, text("Reference"), button("Continue")))


def _review(query: Query) -> Html:
    rows = [(name.replace("-", " ").capitalize(), value) for name, value in query.items()]
    return titled("Check your transfer", table(("Field", "Value"), rows), form("/done", button("Confirm transfer")))


def _statements(query: Query) -> Html:
    fields = (select("Account", ("Choose an account", *ACCOUNTS)), select("Month", MONTHS), radios("Format", FORMATS))
    return titled("Statements", form("/done", *fields, button("Download")))


def _cards(query: Query) -> Html:
    return titled("Your cards", cards((link(card, "/card", card=card), "Active") for card in CARDS))


def _card(query: Query) -> Html:
    wish = form("/done", radios("What do you want to do?", WISHES), button("Submit"), keep=query)
    limit = form("/done", text("New daily limit", "Euros"), button("Save limit"), keep=query)
    return titled(query["card"], wish, limit)


def _contact(query: Query) -> Html:
    fields = (select("Topic", TOPICS), text("Phone number"), area("Message"), checks("Options", ("Call me back",)))
    return titled("Write to us", form("/done", *fields, button("Send")))


def _done(query: Query) -> Html:
    return titled("Done", "Your order was received.")


def transfer(rng: Random) -> Draft:
    """Money to somebody."""
    account, payee, when = rng.choice(ACCOUNTS), full_name(rng), rng.choice(WHEN[1:])
    amount = f"{rng.randrange(15, 900)}.{rng.choice(('00', '50'))}"
    return (
        f"Transfer {amount} from the {account.lower()} to {payee}, to be executed {when.lower()}.",
        (
            *(click("Transfers"), choose("From account", account), enter("Payee", payee), enter("Amount", amount)),
            *(choose("Execution", when), click("Continue"), click("Confirm transfer")),
        ),
    )


def pay(rng: Random) -> Draft:
    """A bill with a reference."""
    payee, reference = full_name(rng), f"RE{rng.choice(NUMBERS)}"
    amount = f"{rng.randrange(15, 900)}.00"
    return (
        f"Pay {payee} {amount} for the bill with the reference {reference}.",
        (
            *(click("Transfers"), enter("Payee", payee), enter("Amount", amount), enter("Reference", reference)),
            *(click("Continue"), click("Confirm transfer")),
        ),
    )


def statement(rng: Random) -> Draft:
    """A statement as a file."""
    account, month, form = rng.choice(ACCOUNTS), rng.choice(MONTHS[1:]), rng.choice(FORMATS)
    return (
        f"Download the statement of the {account.lower()} for {month} as a {form}.",
        (
            *(click("Statements"), choose("Account", account), choose("Month", month)),
            *(click(form), click("Download")),
        ),
    )


def card(rng: Random) -> Draft:
    """A wish about a card."""
    card, wish = rng.choice(CARDS), rng.choice(WISHES)
    said = wish.replace("the card", f"my {card.lower()}")
    return f"{said}.", (click("Cards"), click(card), click(wish), click("Submit"))


def limit(rng: Random) -> Draft:
    """Another limit for a card."""
    card, amount = rng.choice(CARDS), str(rng.randrange(200, 3_000, 50))
    return (
        f"Set the daily limit of the {card.lower()} to {amount} euros.",
        (click("Cards"), click(card), enter("New daily limit", amount), click("Save limit")),
    )


def ask(rng: Random) -> Draft:
    """A question, to be answered by phone."""
    topic, number = rng.choice(TOPICS[1:]), f"+351 9{rng.choice(NUMBERS)}{rng.randrange(100, 999)}"
    return (
        f'Ask the bank about {topic.lower()} and have it call back on "{number}".',
        (
            *(click("Contact"), choose("Topic", topic), enter("Phone number", number)),
            *(click("Call me back"), click("Send")),
        ),
    )


SITE = Site(
    name="fernbank",
    domain="Service",
    subdomain="Finance",
    title="Fern Bank",
    colour="#1f5c36",
    menu={
        **{"Accounts": "/", "Transfers": "/transfers", "Statements": "/statements"},
        **{"Cards": "/cards", "Contact": "/contact"},
    },
    pages={
        **{"/": _home, "/transfers": _transfers, "/review": _review, "/statements": _statements},
        **{"/cards": _cards, "/card": _card, "/contact": _contact, "/done": _done},
    },
    templates=(transfer, pay, statement, card, limit, ask),
)
