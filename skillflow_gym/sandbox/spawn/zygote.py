"""The fork server inside the sandbox: a Python that has started already; each child is a program of its own.

It runs as the root user of bubblewrap's user namespace. A child is the first process of a new pid namespace, with new
mount and network namespaces and empty folders; it forks the program, which enters a user namespace of its own without
any rights. So no program sees what another one did, be it before it or at the same time. (System calls for System V and
POSIX message queues, whose objects an ipc namespace would keep apart, do not exist for it at all.)

Orders (JSON): ``code``, ``stdin`` (texts), ``environment`` and ``limits`` (as for ``resource.setrlimit``). The asker is
told ``code``, the exit status, or ``failed``, why the sandbox could not be made.
"""

from __future__ import annotations

import atexit
import builtins
import fcntl
import gc
import importlib
import os
import resource
import signal
import socket
import struct
import sys
import threading
import traceback
import types
from collections.abc import Mapping, Sequence
from typing import NoReturn

from . import linux, seccomp
from .forkserver import explained, memory, say, serve, take, tell

SCRATCH = 1 << 26
"""Bytes that each of the private folders /work, /tmp and /dev/shm can hold."""
_USER = 1000
_MAIN = "/work/main.py"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def main(control: int, preload: Sequence[str]) -> None:
    """Import ``preload``, then serve the control socket with that number."""
    for name in preload:
        importlib.import_module(name)
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    rights = linux.Rights(seccomp.program())

    def fork() -> int:
        linux.unshare(linux.CLONE_NEWPID)
        pid = os.fork()
        if pid:
            linux.setns(own, linux.CLONE_NEWPID)
        return pid

    def run(channel: socket.socket) -> NoReturn:
        _init(channel, rights)

    gc.collect()
    gc.freeze()  # a collection in a child would else copy every page that it shares with this process
    serve(socket.socket(fileno=control), fork, run)


def _init(channel: socket.socket, rights: linux.Rights) -> NoReturn:
    """The first process of the namespace: makes the sandbox, starts the program, tells how it ended."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which the first process of a pid namespace never gets
    linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWNET)
    for path in ("/work", "/tmp", "/dev/shm"):
        mode = 755 if path == "/work" else 1777
        linux.mount("tmpfs", path, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, f"mode={mode},size={SCRATCH}")
    linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    _loopback_up()
    os.chdir("/work")
    program = os.fork()
    if program == 0:
        _program(channel, rights)
    while True:
        pid, status = os.wait()
        if pid == program:
            tell(channel, code=os.waitstatus_to_exitcode(status))
            os._exit(0)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        name = b"lo".ljust(16, b"\0")
        flags = struct.unpack("16xh", fcntl.ioctl(sock, _SIOCGIFFLAGS, name + bytes(2))[:18])[0]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, name + struct.pack("h14x", flags | _IFF_UP))


def _program(channel: socket.socket, rights: linux.Rights) -> NoReturn:
    """Give up all rights, wait for orders, run."""
    lease = None
    try:
        os.setsid()
        rights.give_up(_USER)
        module = _main_module()
        order, lease, fds = take(channel)
        for number, fd in enumerate((memory(order["stdin"].encode()), *fds)):
            os.dup2(fd, number)
            os.close(fd)
        with open(_MAIN, "w", encoding="utf-8") as file:
            file.write(order["code"])
        rights.filter_calls()  # after the last memfd
        for name, limit in order["limits"].items():
            resource.setrlimit(getattr(resource, name), limit)
    except BaseException as error:
        if lease is None:
            tell(channel, failed=explained(error))
        else:
            say(lease, failed=explained(error))
        os._exit(1)
    channel.close()  # from here on, what it says is not ours
    lease.close()
    os._exit(_run_main(module, order["code"], order["environment"]))


def _main_module() -> types.ModuleType:
    """Make this process look like one that has just started to run a script."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=_MAIN, __builtins__=builtins)
    for name in [name for name in sys.modules if name.partition(".")[0] == __package__]:
        del sys.modules[name]
    sys.modules["__main__"] = module
    sys.argv, sys.path[:] = ["main.py"], ["/work", *sys.path[1:-1]]  # without the place of this package
    sys.setrecursionlimit(sys.getrecursionlimit() + sum(1 for _ in traceback.walk_stack(None)))
    return module


def _run_main(module: types.ModuleType, code: str, environment: Mapping[str, str]) -> int:
    """Run the program as Python runs a script; returns the exit status."""
    os.environ.clear()
    os.environ.update(environment)
    status, interrupted = 0, False
    try:
        exec(compile(code, _MAIN, "exec"), module.__dict__)
    except SystemExit as leave:
        status = _exit_status(leave)
    except BaseException as error:
        error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)  # without the frame of this function
        sys.excepthook(type(error), error, error.__traceback__)
        status, interrupted = 1, isinstance(error, KeyboardInterrupt)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except OSError:
            status = status or 120  # as Python does
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return status & 0xFF


def _exit_status(leave: SystemExit) -> int:
    if leave.code is None or isinstance(leave.code, int):
        return leave.code or 0
    print(leave.code, file=sys.stderr)
    return 1
