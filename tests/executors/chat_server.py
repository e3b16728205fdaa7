"""A real HTTP server on loopback that speaks the OpenAI chat protocol, and can fail in all the ways that servers do."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], Any]
"""Takes a request; returns a text, a message, an HTTP status, or a fault: hangs, drips, hangs up, garbage."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, answer: Answer, latency: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.latency = answer, latency
        self.requests: list[dict[str, Any]] = []
        self.over = threading.Event()
        self.busy = self.busiest = 0
        self.counting = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )  # a small answer does not wait for a full packet

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.counting:
            server.requests.append(request)
            server.busy += 1
            server.busiest = max(server.busiest, server.busy)
        try:
            time.sleep(server.latency)
            self._reply(server.answer(request))
        finally:
            with server.counting:
                server.busy -= 1

    def _reply(self, answer: Any) -> None:
        if answer == "hangs":
            self.server.over.wait(30)
            self.close_connection = True
        elif answer == "drips":
            self._head(200, 10_000)
            while not self.server.over.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()
        elif answer == "hangs up":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif answer == "garbage":
            self._body(200, b"\x00\xff not JSON")
        elif isinstance(answer, int):
            self._body(answer, b'{"error": {"message": "sorry"}}')
        else:
            message = {"role": "assistant", "content": answer} if isinstance(answer, str) else answer
            usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            whole = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
            self._body(200, json.dumps({**whole, "usage": usage}).encode())

    def _body(self, status: int, body: bytes) -> None:
        self._head(status, len(body))
        self.wfile.write(body)

    def _head(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""


@contextmanager
def serving(answer: Answer, latency: float = 0.0) -> Iterator[Server]:
    """A server that answers each request with ``answer``, ``latency`` seconds later."""
    server = Server(answer, latency)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def calls(*named: tuple[str, Any], text: str | None = None) -> dict[str, Any]:
    """A message that calls tools: (name, arguments), the arguments as an object or as the text that stands for it."""
    listed = [
        {
            "id": f"c{n}",
            "type": "function",
            "function": {"name": name, "arguments": a if isinstance(a, str) else json.dumps(a)},
        }
        for n, (name, a) in enumerate(named)
    ]
    return {"role": "assistant", "content": text, "tool_calls": listed}
