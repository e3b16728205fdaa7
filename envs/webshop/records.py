"""The original's records, checked and made into what the shop shows: products, attributes, human instructions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from skillflow_gym.tasks import RecordError, check_record

NO_ATTRIBUTES = ("DUMMY_ATTR",)
"""What the original gives a product that the attribute file does not describe."""
NO_PRICE = 100.0

_PRODUCT: Mapping[str, Any] = dict.fromkeys(("name", "full_description", "product_category", "category", "query"), str)
_INSTRUCTION: Mapping[str, Any] = {"instruction": str, "instruction_attributes": [str], "instruction_options": [str]}
_NOT_PRICE = re.compile(r"[^\d.]")


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the shop shows and values it.

    Attributes:
        asin: its id.
        title: the name.
        description: the full description.
        features: the bullet points of the small description.
        price_tag: the price as shown: ``$9.99`` or ``$9.99 to $19.99``.
        prices: one price in dollars, or the bounds of a range.
        options: the values of each option, by name, lower-case.
        attributes: what the reward compares with the goal's; not shown.
        category, query, product_category: where the catalogue has it; not shown.
        instruction: what a synthetic goal for it asks; None where there is none.
        instruction_attributes: the attributes that the instruction names.
    """

    asin: str
    title: str
    description: str
    features: tuple[str, ...]
    price_tag: str
    prices: tuple[float, ...]
    options: Mapping[str, Sequence[str]]
    attributes: tuple[str, ...]
    category: str
    query: str
    product_category: str
    instruction: str | None = None
    instruction_attributes: tuple[str, ...] = ()

    @property
    def search_text(self) -> str:
        """The text that the search engine indexes."""
        options = ", and ".join(f"{name}: {', '.join(values)}" for name, values in self.options.items())
        return " ".join([self.title, self.description, self.features[0], options]).lower()


def asin_of(record: Any, index: int) -> str:
    """The asin of a product record; "" if the original leaves the record out.

    Raises:
        RecordError: it has none.
    """
    check_record(record, index, {"asin": str})
    asin: str = record["asin"]
    if asin == "nan" or len(asin) > 10:
        return ""
    if not asin.isascii() or not asin:
        raise RecordError(f"record {index}: field asin: expected at most ten ASCII characters, got {asin!r}")
    return asin


def product(record: Mapping[str, Any], index: int, described: Mapping[str, Any] | None) -> Product:
    """The product of a record and of its entry in the attribute file, which ``attributes`` has checked.

    Raises:
        RecordError: a field is missing or wrong; the message names it.
    """
    check_record(record, index, _PRODUCT)
    described = described or {}
    features = record.get("small_description")
    check_record(record, index, {"small_description": [str] if isinstance(features, list) else str})
    if features == []:
        raise RecordError(f"record {index}: field small_description: expected a text at least, got an empty list")
    price_tag, prices = _price(record.get("pricing"), index)
    return Product(
        asin=record["asin"],
        title=record["name"],
        description=record["full_description"],
        features=tuple(features) if isinstance(features, list) else (record["small_description"],),
        price_tag=price_tag,
        prices=prices,
        options=_options(record, index),
        attributes=tuple(described.get("attributes", NO_ATTRIBUTES)),
        category=record["category"],
        query=record["query"].lower().strip(),
        product_category=record["product_category"],
        instruction=described.get("instruction"),
        instruction_attributes=tuple(described.get("instruction_attributes") or ()),
    )


def attributes(entry: Any, index: int, asin: str) -> Mapping[str, Any]:
    """A checked entry of the attribute file.

    Raises:
        RecordError: a field is wrong, or an instruction stands without attributes.
    """
    check_record(entry, index, {}, asin)
    present = {name for name in ("attributes", "instruction", "instruction_attributes") if entry.get(name) is not None}
    schema = {"attributes": [str], "instruction": str, "instruction_attributes": [str]}
    check_record(entry, index, {name: schema[name] for name in present}, asin)
    if entry.get("instruction") is not None and not entry.get("instruction_attributes"):
        raise RecordError(f"record {index}: field {asin}.instruction_attributes: an instruction needs at least one")
    return {name: entry[name] for name in present}


def instructions(entry: Any, index: int, asin: str) -> list[Mapping[str, Any]]:
    """A checked entry of the file of human instructions, without those that name no attribute.

    Raises:
        RecordError: a field is missing or wrong.
    """
    check_record(entry, index, [_INSTRUCTION], asin)
    return [{name: one[name] for name in _INSTRUCTION} for one in entry if one["instruction_attributes"]]


def _price(pricing: Any, index: int) -> tuple[str, tuple[float, ...]]:
    """What the shop shows, and one price or the two bounds of a range."""
    if not pricing:
        return f"${NO_PRICE}", (NO_PRICE,)
    try:
        amounts = [float(Decimal(_NOT_PRICE.sub("", part))) for part in pricing.split("$")[1:]][:2]
    except (InvalidOperation, AttributeError):
        amounts = []
    if not amounts:
        raise RecordError(f"record {index}: field pricing: expected '$9.99' or '$9.99$19.99', got {pricing!r}")
    return " to ".join(f"${amount}" for amount in amounts), tuple(amounts)


def _options(record: Mapping[str, Any], index: int) -> dict[str, tuple[str, ...]]:
    given = record.get("customization_options")
    if not given:
        return {}
    check_record(given, index, {}, "customization_options")
    options: dict[str, tuple[str, ...]] = {}
    for name, contents in given.items():
        if contents is None:
            continue
        check_record(contents, index, [{"value": str}], f"customization_options.{name}")
        options[name.lower()] = tuple(content["value"].strip().replace("/", " | ").lower() for content in contents)
    return options
