"""Oak & Thread: clothes, in the domain Shopping."""

from __future__ import annotations

from random import Random

from .markup import Html
from .people import email, full_name
from .site import Draft, Site, choose, click, enter
from .widgets import Query, button, cards, checks, form, link, radios, select, text, titled

KINDS = ("Jackets", "Boots", "Bags", "Scarves")
NAMES = {
    "Jackets": ("Alder Rain Jacket", "Bramble Wool Jacket", "Corrie Down Jacket", "Dune Linen Jacket"),
    "Boots": ("Elm Ankle Boots", "Fell Hiking Boots", "Gorse Rubber Boots", "Heath Winter Boots"),
    "Bags": ("Inlet Travel Bag", "Jetty Shoulder Bag", "Knoll Laptop Bag", "Loch Canvas Bag"),
    "Scarves": ("Mist Silk Scarf", "Nettle Wool Scarf", "Oriel Cotton Scarf", "Pine Checked Scarf"),
}
COLOURS = ("Any colour", "Black", "Green", "Grey", "Red")
SORTS = ("Recommended", "Cheapest first", "Newest first", "Best rated first")
SIZES = ("Choose a size", "Small", "Medium", "Large", "Extra large")
QUANTITIES = ("1 piece", "2 pieces", "3 pieces", "4 pieces")
DELIVERIES = ("Standard delivery", "Express delivery", "Pick-up in the shop")
CODES = ("SPRING15", "WOOL20", "HELLO10", "FRIEND5")
TOPICS = ("New arrivals", "Sales", "Care and repair")


def _matching(words: str) -> list[str]:
    """The products with all of ``words`` in their name or kind."""
    wanted = words.lower().split()
    products = [(name, f"{name} {kind}".lower()) for kind, names in NAMES.items() for name in names]
    return [name for name, text in products if all(word in text for word in wanted)]


def _home(query: Query) -> Html:
    return titled("Clothes that last", form("/list", text("Search products", "Jacket, bag ..."), button("Search")))


def _list(query: Query) -> Html:
    words = query.get("search-products", "")
    filters = (select("Colour", COLOURS, query), select("Sort by", SORTS, query), button("Update"))
    found = _matching(words)[:: 1 if query.get("sort-by", SORTS[0]) == SORTS[0] else -1]
    listed = cards((link(name, "/product", product=name), f"{24 + 3 * len(name)} €") for name in found)
    return titled(f"Results for {words}", form("/list", *filters, keep={"search-products": words}), listed)


def _product(query: Query) -> Html:
    product = query["product"]
    fields = (select("Size", SIZES), select("Quantity", QUANTITIES), button("Add to basket"))
    return titled(product, form("/basket", *fields, keep={"product": product}), link("Save to wish list", "/done"))


def _basket(query: Query) -> Html:
    keep = {"product": query["product"]}
    promo = form("/basket", text("Promo code"), button("Use code"), keep=keep)
    order = form("/done", select("Delivery", DELIVERIES), button("Check out"), keep=keep)
    return titled("Your basket", f"{query['product']} is in your basket.", promo, order)


def _letter(query: Query) -> Html:
    fields = (text("E-mail", kind="email"), radios("Topic", TOPICS), checks("Also", ("Birthday gift",)))
    return titled("Newsletter", form("/done", *fields, button("Subscribe")))


def _done(query: Query) -> Html:
    return titled("Done", "Thank you for shopping with us.")


def _draw(rng: Random) -> tuple[str, str]:
    kind = rng.choice(KINDS)
    return kind, rng.choice(NAMES[kind])


def browse(rng: Random) -> Draft:
    """A kind of product in a colour."""
    kind, colour, sort = rng.choice(KINDS), rng.choice(COLOURS[1:]), rng.choice(SORTS[1:])
    return (
        f'Search for "{kind.lower()}" in {colour.lower()} and show the {sort.lower()}.',
        (
            *(enter("Search products", kind.lower()), click("Search")),
            *(choose("Colour", colour), choose("Sort by", sort), click("Update")),
        ),
    )


def add(rng: Random) -> Draft:
    """A product in a size, several times."""
    _, product = _draw(rng)
    size, quantity = rng.choice(SIZES[1:]), rng.choice(QUANTITIES[1:])
    return (
        f"Put {quantity} of the {product} in size {size.lower()} into the basket.",
        (
            *(enter("Search products", product), click("Search"), click(product)),
            *(choose("Size", size), choose("Quantity", quantity), click("Add to basket")),
        ),
    )


def wish(rng: Random) -> Draft:
    """A product for the wish list."""
    kind, product = _draw(rng)
    sort = rng.choice(SORTS[1:])
    return (
        f"Look through the {kind.lower()} {sort.lower()} and save the {product} to the wish list.",
        (
            *(click(kind), choose("Sort by", sort), click("Update")),
            *(click(product), click("Save to wish list")),
        ),
    )


def buy(rng: Random) -> Draft:
    """A purchase to the end."""
    kind, product = _draw(rng)
    size, code, delivery = rng.choice(SIZES[1:]), rng.choice(CODES), rng.choice(DELIVERIES[1:])
    return (
        f"From the {kind.lower()}, buy the {product} in size {size.lower()} with the promo code {code} and "
        f"{delivery.lower()}.",
        (
            *(click(kind), click(product), choose("Size", size), click("Add to basket")),
            *(enter("Promo code", code), click("Use code"), choose("Delivery", delivery), click("Check out")),
        ),
    )


def subscribe(rng: Random) -> Draft:
    """The newsletter."""
    address, topic = email(full_name(rng)), rng.choice(TOPICS)
    return (
        f"Subscribe {address} to the newsletter about {topic.lower()}.",
        (click("Newsletter"), enter("E-mail", address), click(topic), click("Subscribe")),
    )


SITE = Site(
    name="oakandthread",
    domain="Shopping",
    subdomain="Fashion",
    title="Oak & Thread",
    colour="#6b3f14",
    menu={**{kind: f"/list?search-products={kind.lower()}" for kind in KINDS}, "Newsletter": "/newsletter"},
    pages={
        **{"/": _home, "/list": _list, "/product": _product, "/basket": _basket},
        **{"/newsletter": _letter, "/done": _done},
    },
    templates=(browse, add, wish, buy, subscribe),
)
