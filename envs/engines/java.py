"""A Java process and calls of the objects in it, over Py4J's own protocol.

Py4J's server is used as it is. Its client is not: it knows no deadline for starting, tries again what was half done,
writes to the root logger, and reads a list with a call per element.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from gymnasium.error import DependencyNotInstalled

from skillflow_gym.errors import InfrastructureError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

DEADLINE: Final = 120.0
"""Seconds that a call, or the start, may take."""

NO_JAVA = (
    "Java is missing: install a runtime, such as with 'apt-get install -y default-jre-headless' or 'conda install -c "
    "conda-forge openjdk', or set JAVA_HOME to the folder of one"
)


def find_java() -> str:
    """The path of ``java``, in JAVA_HOME if that is set.

    Raises:
        DependencyNotInstalled: there is none; the message says how to get it.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=os.path.join(home, "bin") if home else None)
    if found is None:
        raise DependencyNotInstalled(NO_JAVA)
    return found


class JavaError(InfrastructureError):
    """Java threw an exception. The message is its first line; the process goes on."""


class Ref(NamedTuple):
    """An object in the Java process."""

    id: str


def static(name: str) -> Ref:
    """The class ``name``, for calls of its static methods."""
    return Ref(f"z:{name}")


class Closable(Protocol):
    """What has to be closed."""

    def close(self) -> None:
        """Close it; may be called twice."""


Value = str | int | float | bool | Ref | None


class Java:
    """A Java process; for one thread at a time.

    It ends when it is closed or no longer referred to, when a call takes too long or is interrupted, when it runs out
    of memory, and when this process ends, in whatever way: then its standard input is closed.

    Attributes:
        pid: its process id.
        closed: whether it has ended; a process that this one was forked from keeps its own.
    """

    def __init__(self, classpath: Sequence[Path | str], options: Sequence[str] = ()) -> None:
        """Start it.

        Args:
            classpath: jars; the first holds Py4J's server.
            options: of the Java virtual machine.

        Raises:
            DependencyNotInstalled: there is no Java; the message says how to get it.
            InfrastructureError: it does not start.
        """
        command = [find_java(), "-XX:+ExitOnOutOfMemoryError", *options, "-cp", os.pathsep.join(map(str, classpath))]
        command += ["py4j.GatewayServer", "--die-on-broken-pipe", "--enable-auth", "0"]
        with tempfile.TemporaryFile() as complaints:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                cwd=tempfile.gettempdir(),  # a crash leaves its report there
                start_new_session=True,  # Ctrl-C is for this process, which may want to finish the step
            )
            try:
                self._socket = _connect(process)
            except BaseException as error:
                _end(process)
                if not isinstance(error, (OSError, ValueError)):
                    raise
                complaints.seek(0)
                said = complaints.read().decode(errors="replace").strip().partition("\n")[0]
                raise InfrastructureError(f"Java does not start: {said or error}") from error
        self._reader = io.BufferedReader(_Acknowledging(self._socket), 1 << 16)
        self._process = process
        self.pid = process.pid
        self.closed = False
        self._ending = weakref.finalize(self, _end, process, self._reader, self._socket)
        _running.add(self)
        # What the Java code prints goes nowhere: nobody reads the pipe any longer.
        nowhere = self.new("java.io.PrintStream", os.devnull)
        self.call(static("java.lang.System"), "setOut", nowhere)

    def new(self, name: str, *arguments: Value) -> Ref:
        """Construct an object of the class ``name``; errors as for ``call``."""
        (made,) = self._ask(f"i\n{name}\n{_written(arguments)}e\n")
        assert isinstance(made, Ref)
        return made

    def call(self, target: Ref, method: str, *arguments: Value) -> Value:
        """Call a method; text, numbers and truth values are returned, of other objects a reference.

        Raises:
            JavaError: it threw an exception.
            InfrastructureError: the process is dead, or did not answer in time; it is closed then.
        """
        return self.calls(target, (method, *arguments))[0]

    def calls(self, target: Ref, *requests: tuple[Value, ...]) -> list[Value]:
        """``call`` of several methods, each given with its arguments, in one go: most of a call is the way to and fro.

        All are carried out, also after one that throws an exception.
        """
        return self._ask(*(f"c\n{target.id}\n{method}\n{_written(args)}e\n" for method, *args in requests))

    def text(self, target: Ref, method: str, *arguments: Value) -> str:
        """``call`` of a method that returns text."""
        return str(self.call(target, method, *arguments))

    def ref(self, target: Ref, method: str, *arguments: Value) -> Ref:
        """``call`` of a method that returns an object."""
        found = self.call(target, method, *arguments)
        assert isinstance(found, Ref), f"{method} returned {found!r}"
        return found

    def lines(self, target: Ref, method: str, *arguments: Value) -> tuple[str, ...]:
        """``call`` of a method that returns a list of lines of text."""
        found = self.ref(target, method, *arguments)
        text = self.text(static("java.lang.String"), "join", "\n", found)
        self.free(found)
        return tuple(text.split("\n")) if text else ()

    def free(self, *refs: Ref) -> None:
        """Let go of objects, which are kept in memory until then."""
        self._ask(*(f"m\nd\n{ref.id}\ne\n" for ref in refs))

    def close(self) -> None:
        """End the process; may be called twice."""
        self.closed = True
        self._ending()
        _running.discard(self)

    def _ask(self, *commands: str) -> list[Value]:
        if self.closed:
            raise InfrastructureError("the Java process is closed")
        try:
            self._socket.sendall("".join(commands).encode("utf-8", "replace"))  # lone surrogates have no UTF-8
            answers = [self._reader.readline() for _ in commands]
        except OSError as error:
            self.close()
            reason = f"did not answer within {DEADLINE:.0f} s" if isinstance(error, TimeoutError) else "is dead"
            raise InfrastructureError(f"the Java process {reason}") from error
        except BaseException:  # interrupted: its answer would be taken for that of the next call
            self.close()
            raise
        if not all(answer.endswith(b"\n") for answer in answers):
            self.close()
            raise InfrastructureError("the Java process is dead")
        return [_read(answer[:-1].decode("utf-8", "replace")) for answer in answers]

    def _abandon(self) -> None:
        """In a forked process: leave the Java process to its owner, and do not hold its standard input open."""
        self.closed = True
        self._ending.detach()
        self._process.returncode = 0  # it is no child of this process, which therefore cannot wait for it
        _close(self._process, self._reader, self._socket)


class _Acknowledging(io.RawIOBase):
    """Reads a socket and has what came acknowledged at once, where the system can (Linux).

    The server does not switch Nagle's algorithm off: it sends the second part of an answer, or the second answer, when
    the first is acknowledged, for which this side would wait 40 ms in case it had something to say.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if hasattr(socket, "TCP_QUICKACK"):
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # which does not last
        return self._connection.recv_into(buffer)


_running: weakref.WeakSet[Java] = weakref.WeakSet()


def _after_fork() -> None:
    for java in list(_running):
        java._abandon()
    _running.clear()


os.register_at_fork(after_in_child=_after_fork)


def _connect(process: subprocess.Popen[bytes]) -> socket.socket:
    """A connection to the server in ``process``, which prints its port and the token that it wants to be told.

    Raises:
        OSError, ValueError: the process ended, or was ended since it took too long.
    """
    assert process.stdout is not None
    alarm = threading.Timer(DEADLINE, _kill, (process,))
    alarm.daemon = True
    alarm.start()
    try:
        port, token = int(process.stdout.readline()), process.stdout.readline()
    finally:
        alarm.cancel()
    connection = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(b"A\n" + token.strip() + b"\n")
    if not connection.recv(64).startswith(b"!yv"):
        connection.close()
        raise OSError("it refuses the connection")
    return connection


def _end(process: subprocess.Popen[bytes], *connection: Closable) -> None:
    _kill(process)
    process.wait()
    _close(process, *connection)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the group, since java may be a script that starts the real one


def _close(process: subprocess.Popen[bytes], *connection: Closable) -> None:
    for item in (*connection, process.stdin, process.stdout):
        if item is not None:
            item.close()


def _written(arguments: Sequence[Value]) -> str:
    return "".join(f"{_write(argument)}\n" for argument in arguments)


def _write(value: Value) -> str:
    match value:
        case Ref():
            return f"r{value.id}"
        case bool():
            return f"b{str(value).lower()}"
        case int():
            return f"i{value}"
        case float():
            return f"d{value!r}"
        case str():
            return "s" + value.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
        case _:
            return "n"


_ESCAPED = re.compile(r"\\(.)")


def _read(answer: str) -> Value:
    """The value in an answer: ``!y`` or ``!x`` (an exception), a letter for the type, and the value."""
    kind, rest = answer[2:3], answer[3:]
    if answer[:2] != "!y":
        raise JavaError(_unescaped(rest).partition("\n")[0] or "an exception")
    match kind:
        case "s":
            return _unescaped(rest)
        case "i" | "L":
            return int(rest)
        case "d":
            return float(rest)
        case "b":
            return rest == "true"
        case "n" | "v":
            return None
        case _:
            return Ref(rest)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), text)
