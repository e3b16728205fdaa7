"""A catalogue on disk, built once from the original's files: products, their search index, and what goals come from.

Nothing is loaded when it is opened: products are read from a mapped file one by one, so the full set of 1.18 million
opens at once and many environments share it.
"""

from __future__ import annotations

import json
import math
import mmap
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import fields
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.envs.webshop.analyzer import terms
from skillflow_gym.envs.webshop.bm25 import Index, IndexWriter
from skillflow_gym.envs.webshop.records import Product

ASIN = "S10"
_FIELDS = tuple(field.name for field in fields(Product))
SHUFFLE_SEED = 233
"""The seed with which the original shuffles its goals."""


class CatalogueWriter:
    """Writes a catalogue into ``folder``; memory holds the index's vocabulary and a few numbers a product."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "text").mkdir()
        (folder / "tags").mkdir()
        self._text, self._tags = IndexWriter(folder / "text"), IndexWriter(folder / "tags")
        self._lines = (folder / "products.jsonl").open("wb")
        self._ends, self._asins, self._seen = array("q", [0]), bytearray(), set[str]()
        self._low, self._high = array("d"), array("d")
        self._asks, self._combinations, self._instructions = array("b"), array("q"), array("Q")
        self._counts: Counter[str] = Counter()
        self._asked: list[tuple[int, tuple[str, ...]]] = []

    def add(self, product: Product) -> None:
        """Write the next product; one whose asin was there before is left out, as in the original."""
        if product.asin in self._seen:
            return
        self._seen.add(product.asin)
        line = json.dumps([getattr(product, name) for name in _FIELDS], separators=(",", ":")).encode()
        self._lines.write(line)
        self._ends.append(self._ends[-1] + len(line))
        self._asins += product.asin.encode().ljust(10, b"\0")
        self._low.append(product.prices[0])
        self._high.append(product.prices[1] if len(product.prices) > 1 else math.nan)
        self._text.add(terms(product.search_text))
        self._tags.add({f"<c>{product.category}", f"<q>{product.query}", *(f"<a>{a}" for a in product.attributes)})
        number = len(self._combinations)
        goals = (
            0 if product.instruction is None else int(np.prod([len(v) for v in product.options.values()], dtype=int))
        )
        self._asks.append(product.instruction is not None)
        self._combinations.append(goals)
        self._instructions.append(fingerprint(product.instruction or ""))
        if goals:
            self._asked.append((number, product.instruction_attributes))
            for attribute in product.instruction_attributes:
                self._counts[attribute] += goals

    def finish(self, human: Mapping[str, Sequence[Mapping[str, Any]]] | None) -> None:
        """Write the rest. ``human`` has the human instructions by asin; None if there are none."""
        self._lines.write(b"\n")  # an empty file cannot be mapped
        self._text.finish()
        self._tags.finish()
        asins = np.frombuffer(bytes(self._asins), ASIN)
        weights = np.zeros(len(self._combinations))
        for number, names in self._asked:
            weights[number] = sum(1.0 / self._counts[name] for name in names) / len(names)
        arrays = {
            "ends": np.array(self._ends, np.int64),
            "asins": asins,
            "by_asin": np.argsort(asins).astype(np.int32),
            "low": np.array(self._low),
            "high": np.array(self._high),
            "asked": np.array(self._asks, np.bool_),
            "combinations": np.array(self._combinations, np.int64),
            "instructions": np.array(self._instructions, np.uint64),
            "weights": weights,
            "order": shuffled(sum(self._combinations)),
        }
        for name, content in arrays.items():
            np.save(self._folder / f"{name}.npy", content)
        self.close()
        if human is not None:
            asked = [(number, one) for number, asin in enumerate(asins) for one in human.get(asin.decode(), ())]
            (self._folder / "human.json").write_text(json.dumps(asked), encoding="utf-8")

    def close(self) -> None:
        """Close the files that are written; may be called twice."""
        for file in (self._lines, self._text, self._tags):
            file.close()


class Catalogue:
    """An opened catalogue; safe to share among threads.

    Attributes:
        low, high: each product's price and NaN, or the bounds of its price.
        asked: which products have a synthetic instruction.
        combinations: how many synthetic goals each product has.
        instructions: fingerprint of each product's synthetic instruction.
        weights: weight of each product's synthetic goals.
        order: the synthetic goals in the original's order: positions in the products' order.
    """

    def __init__(self, folder: Path) -> None:
        def load(name: str) -> NDArray[Any]:
            return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))

        self._ends, self._asins, self._by_asin = load("ends"), load("asins"), load("by_asin")
        self.low, self.high = load("low"), load("high")
        self.asked, self.combinations, self.instructions = load("asked"), load("combinations"), load("instructions")
        self.weights, self.order = load("weights"), load("order")
        human = folder / "human.json"
        self._human = human.read_text(encoding="utf-8") if human.is_file() else ""
        with (folder / "products.jsonl").open("rb") as file:
            self._lines = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        ranks = np.empty(len(self), np.int32)
        ranks[self._by_asin] = np.arange(len(self), dtype=np.int32)
        self._text, self._tags = Index(folder / "text", ranks), Index(folder / "tags", ranks)
        self.product = lru_cache(maxsize=8192)(self._read)
        self.search = lru_cache(maxsize=1024)(self._search)

    def __len__(self) -> int:
        return len(self._asins)

    def _read(self, number: int) -> Product:
        """The product at position ``number``."""
        stored = json.loads(self._lines[int(self._ends[number]) : int(self._ends[number + 1])])
        values: list[Any] = [tuple(field) if isinstance(field, list) else field for field in stored]
        return Product(*values)

    def _search(self, query: str, k: int) -> NDArray[np.int64]:
        """The positions of at most ``k`` products, best first, as BM25 ranks them for ``query``."""
        return self._text.search(terms(query), k)[0]

    def scores(self, query: str, k: int) -> list[tuple[str, float]]:
        """The asins and scores of at most ``k`` products, best first."""
        found, scores = self._text.search(terms(query), k)
        return [(self.asin(number), float(score)) for number, score in zip(found, scores, strict=True)]

    def tagged(self, tag: str, name: str) -> NDArray[np.int32]:
        """The positions of the products with a category ``<c>``, query ``<q>`` or attribute ``<a>`` of that name."""
        return self._tags.documents(f"{tag}{name}")

    def asin(self, number: int) -> str:
        """The asin of the product at position ``number``."""
        return str(self._asins[number].decode())

    def number(self, asin: str) -> int:
        """The position of the product with that asin.

        Raises:
            KeyError: there is none.
        """
        wanted = np.array(asin.encode("ascii", "replace"), ASIN)
        place = int(np.searchsorted(self._asins, wanted, sorter=self._by_asin))
        number = int(self._by_asin[min(place, len(self) - 1)])
        if self.asin(number) != asin:
            raise KeyError(f"no product has the asin {asin!r}; one is {self.asin(0)!r}")
        return number

    @property
    def human(self) -> list[tuple[int, Mapping[str, Any]]] | None:
        """The human instructions with the position of their product; None if the catalogue has no file of them."""
        return [(number, one) for number, one in json.loads(self._human)] if self._human else None


def fingerprint(instruction: str) -> int:
    """A number for what an instruction asks, apart from case and full stops at its ends."""
    return int.from_bytes(
        sha256(instruction.strip(".").casefold().encode("utf-8", "surrogatepass")).digest()[:8], "big"
    )


def shuffled(size: int) -> NDArray[np.uint32]:
    """Where each of the original's shuffled goals stood before."""
    order = list(range(size))
    Random(SHUFFLE_SEED).shuffle(order)
    return np.array(order, np.uint32)


def build(folder: Path, products: Iterable[Product], human: Mapping[str, Sequence[Mapping[str, Any]]] | None) -> None:
    """Write a catalogue of ``products`` into an empty folder."""
    with closing(CatalogueWriter(folder)) as writer:
        for product in products:
            writer.add(product)
        writer.finish(human)
