"""Search over passages: BM25 in memory or a retriever over HTTP, and lookup in what was found."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.text import content_stems, fold, sentences, words


class Passage(NamedTuple):
    """A titled piece of text."""

    title: str
    text: str


class Retriever(Protocol):
    """Ranks passages for a query."""

    def search(self, query: str, top_k: int) -> Sequence[Passage]:
        """At most ``top_k`` passages, best first."""


class BM25Retriever:
    """BM25 (Lucene's variant, k1 1.5, b 0.75, stemmed) over ``passages``, duplicates dropped; ties keep their order."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        import bm25s

        self.passages = list(dict.fromkeys(passages))
        self._index = bm25s.BM25()
        # An index of nothing makes NumPy warn; a document without words is found by none.
        corpus = [content_stems(f"{p.title} {p.text}") or ("",) for p in self.passages] or [("",)]
        self._index.index([list(document) for document in corpus], show_progress=False)
        self._rank = lru_cache(maxsize=8192)(self._rank_uncached)

    def search(self, query: str, top_k: int) -> Sequence[Passage]:
        """At most ``top_k`` passages that share a content word with ``query``, best first."""
        return self._rank(query, top_k)

    def _rank_uncached(self, query: str, top_k: int) -> tuple[Passage, ...]:
        known = [stem for stem in content_stems(query) if stem in self._index.vocab_dict]
        if not known:
            return ()
        scores = self._index.get_scores(known)
        best = np.argsort(-scores, kind="stable")[:top_k]
        return tuple(self.passages[i] for i in best if scores[i] > 0)


class HTTPRetriever:
    r"""A retriever that speaks Search-R1's protocol: POST ``{"queries": [q], "topk": k}``.

    The answer is ``{"result": [[{"document": {"contents": "title\ntext"}}, ...]]}``; a ``{"contents": ...}`` or
    ``{"title": ..., "text": ...}`` in place of the document is understood too.
    """

    def __init__(self, url: str, deadline: float = 10.0, tries: int = 3) -> None:
        """Talk to ``url``, directly: ``deadline`` seconds a call, ``tries`` calls before giving up."""
        self.url, self.deadline, self.tries = url, deadline, tries

    def search(self, query: str, top_k: int) -> Sequence[Passage]:
        """At most ``top_k`` passages, best first.

        Raises:
            InfrastructureError: no usable answer after all tries.
        """
        body = json.dumps({"queries": [query], "topk": top_k, "return_scores": True})
        problem: Exception | None = None
        for attempt in range(self.tries):
            if attempt:
                time.sleep(0.2 * 2**attempt)
            try:
                return [_passage(hit) for hit in self._post(body)["result"][0][:top_k]]
            except (
                OSError,
                HTTPException,
                ValueError,
                LookupError,
                TypeError,
                AttributeError,
                RecursionError,
            ) as error:
                problem = error
        raise InfrastructureError(f"retriever {self.url}: {type(problem).__name__}: {problem}") from problem

    def _post(self, body: str) -> Any:
        url = urlsplit(self.url)
        kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = kind(url.netloc, timeout=self.deadline)
        connection.connect()
        # The socket's own timeout starts anew with every byte: it alone would wait for ever on a server that drips.
        watchdog, end = Timer(self.deadline, _hang_up, [connection.sock]), time.monotonic() + self.deadline
        watchdog.start()
        try:
            target = urlunsplit(("", "", url.path or "/", url.query, ""))
            connection.request("POST", target, body, {"Content-Type": "application/json"})
            with connection.getresponse() as response:  # the socket is the response's once the head is read
                content = response.read()
        except (OSError, HTTPException) as error:
            if time.monotonic() >= end:
                raise TimeoutError(f"no whole answer within {self.deadline} s") from error
            raise
        finally:
            watchdog.cancel()
            connection.close()
        if response.status != 200:
            raise OSError(f"HTTP status {response.status} {response.reason}")
        return json.loads(content)


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _passage(hit: dict[str, Any]) -> Passage:
    document = hit.get("document", hit)
    if "contents" not in document:
        return Passage(str(document["title"]), str(document["text"]))
    title, _, text = str(document["contents"]).partition("\n")
    return Passage(title.strip().strip('"'), text)


class Reader:
    """The two tools of question answering, for one episode: ``search`` a corpus, ``lookup`` in what was found."""

    def __init__(self, retriever: Retriever, top_k: int) -> None:
        self._retriever, self._top_k = retriever, top_k
        self._found: dict[Passage, None] = {}

    def search(self, query: str) -> str:
        """The passages that match the query best."""
        hits = self._retriever.search(query, self._top_k)
        self._found.update(dict.fromkeys(hits))
        return show_passages(hits) if hits else "Nothing found."

    def lookup(self, term: str) -> str:
        """The sentences with the term in the passages found so far."""
        needle = fold(term)
        hits = []
        for passage in self._found:
            lines = [s for s in sentences(passage.text) if needle and needle in fold(s)] if words(needle) else []
            if lines:
                hits.append(Passage(passage.title, " ".join(lines)))
        return show_passages(hits[: self._top_k]) if hits else "Nothing found."


def show_passages(passages: Sequence[Passage]) -> str:
    """Numbered passages: ``[1] Title`` on one line, the text on the next."""
    return "\n".join(
        f"[{i}] {' '.join(p.title.split())}\n{' '.join(p.text.split())}" for i, p in enumerate(passages, start=1)
    )


def read_passages(text: str) -> list[Passage]:
    """The passages in an observation that ``show_passages`` wrote; [] for any other text."""
    lines = text.split("\n")
    return [
        Passage(head.partition("] ")[2], body)
        for head, body in zip(lines[::2], lines[1::2], strict=False)
        if head.startswith("[") and head[1:].partition("]")[0].isdigit()
    ]
