"""A loopback Search-R1 server that works, or fails in one of the ways that servers fail."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSAGES = [("The Pear", "A pear is a fruit."), ("Quince", "A quince is not a pear."), ("Medlar", "Medlars blet.")]

BODIES: dict[str, bytes] = {
    "documents": json.dumps(
        {"result": [[{"document": {"id": "1", "contents": f'"{t}"\n{b}'}, "score": 1.0} for t, b in PASSAGES]]}
    ).encode(),
    "bare contents": json.dumps({"result": [[{"contents": f"{t}\n{b}"} for t, b in PASSAGES]]}).encode(),
    "titles and texts": json.dumps({"result": [[{"title": t, "text": b} for t, b in PASSAGES]]}).encode(),
}
"""What the three kinds of working server answer."""

BROKEN: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"<html>Bad gateway</html>",
    "no UTF-8": b"\xff\xfe\xfa",
    "half of it": BODIES["documents"][:-20],
    "a list": b"[]",
    "no result": b"{}",
    "result null": b'{"result": null}',
    "no query answered": b'{"result": []}',
    "hits null": b'{"result": [null]}',
    "hits a text": b'{"result": ["pears"]}',
    "hits an object": b'{"result": [{"document": 1}]}',
    "a hit is a text": b'{"result": [["pear"]]}',
    "a hit is a list": b'{"result": [[["pear"]]]}',
    "a hit is empty": b'{"result": [[{}]]}',
    "the document is a number": b'{"result": [[{"document": 7}]]}',
    "the document is null": b'{"result": [[{"document": null}]]}',
    "too deep": b'{"result": ' + b"[" * 100_000,
    "too long a number": b'{"result": ' + b"9" * 100_000 + b"}",
}
"""Answers with status 200 that are of no use."""

MISBEHAVING = tuple("hangs,drips its body,drips its head,status 500,status 404,hangs up,no HTTP,cut off".split(","))
"""Ways not to answer properly at all."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, modes: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.modes = modes
        self.requests: list[dict[str, Any]] = []
        self.over = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(request)
        mode = self.server.modes[min(len(self.server.requests), len(self.server.modes)) - 1]
        if mode == "hangs":
            self.server.over.wait(30)
        elif mode == "drips its body":
            self._head(1000)
            self._drip(b"[" * 1000)
        elif mode == "drips its head":
            self._drip(b"HTTP/1.1 200 OK\r\nX-Padding: " + b"a" * 1000)
        elif mode.startswith("status"):
            self.send_error(int(mode.split()[1]))
        elif mode == "hangs up":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif mode == "no HTTP":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        elif mode == "cut off":
            self._head(10_000)
            self.wfile.write(b'{"result": [[')
        else:
            body = {**BODIES, **BROKEN}[mode]
            self._head(len(body))
            self.wfile.write(body)

    def _head(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _drip(self, text: bytes) -> None:
        for byte in text:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.over.wait(0.02):
                return

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""


@contextmanager
def retriever_server(*modes: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The URL of a server, and the requests it gets; request i is answered in mode i, the last mode stays."""
    server = _Server(list(modes))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/retrieve", server.requests
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port() -> str:
    """A URL on this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/retrieve"
