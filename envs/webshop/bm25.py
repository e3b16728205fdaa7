"""BM25 as Lucene 9 computes it (k1 0.9, b 0.4), over an inverted index in files that are mapped, not read.

score(q, d) = sum over terms t of q: n(t, q) * idf(t) * (1 - 1 / (1 + tf(t, d) / (k1 (1 - b + b |d| / avgdl))))
idf(t) = ln(1 + (N - df(t) + 0.5) / (df(t) + 0.5))

|d| is rounded as Lucene's norms are, and weights are computed in single precision, so the scores are the engine's;
equal ones go by asin, as there.
"""

from __future__ import annotations

import itertools
import math
import mmap
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

K1, B = 0.9, 0.4
CHUNK = 2_000_000
"""Postings sorted at a time while an index is built: some hundred MB."""


def _quantised(length: int) -> int:
    """``length`` as a norm of one byte stores it: exact up to 40, then rounded down to four significant bits."""
    if length < 24:
        return length
    rest = length - 24
    shift = max(0, rest.bit_length() - 4)
    return 24 + (rest >> shift << shift)


class IndexWriter:
    """Writes the index of documents that come one by one; memory holds the vocabulary and one chunk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._raw = (folder / "postings.raw").open("wb")
        self._numbers: defaultdict[str, int] = defaultdict(itertools.count().__next__)
        self._terms, self._counts = array("i"), array("i")
        self._distinct, self._lengths = array("i"), array("i")
        self._total = 0

    def add(self, terms: Iterable[str]) -> None:
        """Index the next document."""
        counts = Counter(terms)
        self._terms.extend(map(self._numbers.__getitem__, counts))
        self._counts.extend(counts.values())
        self._distinct.append(len(counts))
        size = counts.total()
        self._total += size
        self._lengths.append(_quantised(size))
        if len(self._terms) >= CHUNK:
            self._write_chunk()

    def _write_chunk(self) -> None:
        """Append (term, document, count) of the documents since the last chunk."""
        last = len(self._lengths)
        documents = np.repeat(np.arange(last - len(self._distinct), last), self._distinct)
        rows = np.stack([self._terms, documents, np.minimum(self._counts, 65535)], 1).astype(np.int32)
        rows.tofile(self._raw)
        self._terms, self._counts, self._distinct = array("i"), array("i"), array("i")

    def finish(self) -> None:
        """Sort the postings by term and write the files that ``Index`` maps."""
        self._write_chunk()
        self.close()
        by_name = sorted(self._numbers)
        place = np.empty(len(by_name), np.int64)
        place[[self._numbers[term] for term in by_name]] = np.arange(len(by_name))
        self._numbers.clear()
        _save_words(self._folder, by_name)
        frequencies = np.zeros(len(by_name), np.int64)
        for rows in self._chunks():
            frequencies += np.bincount(place[rows[:, 0]], minlength=len(by_name))
        starts = np.concatenate([[0], np.cumsum(frequencies)]).astype(np.int64)
        np.save(self._folder / "starts.npy", starts)
        np.save(self._folder / "lengths.npy", np.array(self._lengths, np.int32))
        with_words = sum(map(bool, self._lengths))
        np.save(self._folder / "average.npy", np.float32(self._total / with_words if with_words else 1))
        size = max(1, int(starts[-1]))  # an empty file cannot be mapped
        documents = np.lib.format.open_memmap(self._folder / "documents.npy", "w+", np.int32, (size,))
        counts = np.lib.format.open_memmap(self._folder / "counts.npy", "w+", np.uint16, (size,))
        free = starts[:-1].copy()
        for rows in self._chunks():
            # Chunks come in the order of documents, so a stable sort by term keeps each term's documents in order.
            term = place[rows[:, 0]]
            order = np.argsort(term, kind="stable")
            term = term[order]
            first = np.flatnonzero(np.diff(term, prepend=-1))
            sizes = np.diff(first, append=len(term))
            target = free[term] + np.arange(len(term)) - np.repeat(first, sizes)
            documents[target], counts[target] = rows[order, 1], rows[order, 2]
            free[term[first]] += sizes
        documents.flush()
        counts.flush()
        (self._folder / "postings.raw").unlink()

    def close(self) -> None:
        """Close the file that is written; may be called twice."""
        self._raw.close()

    def _chunks(self) -> Iterator[NDArray[np.int32]]:
        with (self._folder / "postings.raw").open("rb") as raw:
            while (rows := np.fromfile(raw, np.int32, 3 * CHUNK).reshape(-1, 3)).size:
                yield rows


class Index:
    """A written index, opened. ``ranks`` orders documents whose scores are equal: their asins' order."""

    def __init__(self, folder: Path, ranks: NDArray[np.int32]) -> None:
        self._words = _Words(folder)
        self._starts = np.asarray(np.load(folder / "starts.npy", mmap_mode="r"))
        self._documents = np.asarray(np.load(folder / "documents.npy", mmap_mode="r"))
        self._counts = np.asarray(np.load(folder / "counts.npy", mmap_mode="r"))
        self._ranks = ranks
        lengths = np.load(folder / "lengths.npy").astype(np.float32)
        average = np.load(folder / "average.npy")
        self.size = len(lengths)
        self._with_words = int(np.count_nonzero(lengths))
        one, k1, b = np.float32(1), np.float32(K1), np.float32(B)
        self._inverse = one / (k1 * ((one - b) + b * lengths / average)) if self.size else lengths

    def documents(self, term: str) -> NDArray[np.int32]:
        """The numbers of the documents with ``term``, in order."""
        return self._documents[self._postings(term)]

    def search(self, terms: Iterable[str], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The numbers of at most ``k`` documents that hold one of ``terms``, best first, and their scores."""
        scores = np.zeros(self.size, np.float64)
        for term, times in Counter(terms).items():
            place = self._postings(term)
            df = place.stop - place.start
            if not df:
                continue
            found = self._documents[place]
            idf = np.float32(math.log(1 + (self._with_words - df + 0.5) / (df + 0.5)))
            weight = np.float32(times) * idf
            frequency = self._counts[place].astype(np.float32)
            scores[found] += weight - weight / (np.float32(1) + frequency * self._inverse[found])
        return _best(scores.astype(np.float32), self._ranks, k)

    def _postings(self, term: str) -> slice:
        number = self._words.find(term)
        return slice(0, 0) if number < 0 else slice(int(self._starts[number]), int(self._starts[number + 1]))


def _best(
    scores: NDArray[np.float32], ranks: NDArray[np.int32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    found = np.flatnonzero(scores)
    if len(found) > 4 * k:
        # All that score at least what the k-th does: equal scores at the border are told apart by asin below.
        worst = np.partition(scores[found], len(found) - k)[len(found) - k]
        found = found[scores[found] >= worst]
    order = found[np.lexsort((ranks[found], -scores[found]))][:k]
    return order, scores[order]


def _save_words(folder: Path, words: Sequence[str]) -> None:
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    (folder / "words.txt").write_bytes(b"".join(encoded) + b"\n")  # an empty file cannot be mapped
    ends = np.fromiter(itertools.accumulate(map(len, encoded), initial=0), np.int64, len(encoded) + 1)
    np.save(folder / "words.npy", ends)


class _Words:
    """A sorted list of words in a mapped file."""

    def __init__(self, folder: Path) -> None:
        with (folder / "words.txt").open("rb") as file:
            self._text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._ends = np.asarray(np.load(folder / "words.npy", mmap_mode="r"))

    def find(self, word: str) -> int:
        """The number of ``word``; -1 if it is not there."""
        wanted, low, high = word.encode("utf-8", "surrogatepass"), 0, len(self._ends) - 1
        while low < high:
            middle = (low + high) // 2
            if self._text[self._ends[middle] : self._ends[middle + 1]] < wanted:
                low = middle + 1
            else:
                high = middle
        if low < len(self._ends) - 1 and self._text[self._ends[low] : self._ends[low + 1]] == wanted:
            return low
        return -1
