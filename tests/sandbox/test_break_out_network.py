"""Programs that try to reach a server of this process. The same code without a sandbox shows that it would."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from skillflow_gym.sandbox import Sandbox
from tests.sandbox.running import RunPython, cold

TALK = """
import socket, sys
kind, name, port = sys.stdin.read().split()
if kind == "abstract":
    family, type, address = socket.AF_UNIX, socket.SOCK_STREAM, "\\0" + name
else:
    family, type, address = socket.AF_INET, getattr(socket, kind), (name, int(port))
try:
    with socket.socket(family, type) as sock:
        sock.settimeout(5)
        sock.connect(address)
        sock.send(b"hello")
        print("sent")
except OSError as error:
    print("refused", error)
"""


@pytest.fixture(params=["SOCK_STREAM", "SOCK_DGRAM", "abstract"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, str]]:
    with ExitStack() as stack:
        if request.param == "abstract":
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.bind("\0skillflow-break-out")
            where = "skillflow-break-out 0"
        else:
            sock = stack.enter_context(socket.socket(socket.AF_INET, getattr(socket, request.param)))
            sock.bind(("127.0.0.1", 0))
            where = f"127.0.0.1 {sock.getsockname()[1]}"
        if request.param != "SOCK_DGRAM":
            sock.listen()
        yield sock, f"{request.param} {where}"


def heard(sock: socket.socket, seconds: float) -> bytes:
    sock.settimeout(seconds)
    try:
        if sock.type == socket.SOCK_DGRAM:
            return sock.recv(5)
        with sock.accept()[0] as connection:
            return connection.recv(5)
    except TimeoutError:
        return b""


def test_servers_of_this_machine_are_out_of_reach(
    run_python: RunPython, unsafe: Sandbox, server: tuple[socket.socket, str]
) -> None:
    sock, where = server
    assert cold(unsafe, TALK, where).stdout == "sent\n" and heard(sock, 5) == b"hello"
    run_python(TALK, stdin=where)
    assert heard(sock, 0.3) == b""


def test_its_own_loopback_works(run_python: RunPython) -> None:
    code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
    client.send(b"hello")
    print(server.accept()[0].recv(5))
    print(socket.if_nameindex())
"""
    assert run_python(code).stdout == "b'hello'\n[(1, 'lo')]\n"


@pytest.mark.parametrize("family", [40, 38, 17, 31], ids=["vsock", "alg", "packet", "bluetooth"])
def test_sockets_that_ignore_network_namespaces_cannot_be_made(run_python: RunPython, family: int) -> None:
    done = run_python(f"import socket; socket.socket({family}, socket.SOCK_STREAM)")
    assert "[Errno 97] Address family not supported by protocol" in done.stderr
