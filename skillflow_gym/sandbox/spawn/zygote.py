"""The fork server inside the sandbox: a Python that has started already; each run is a program of its own.

It runs as the root user of bubblewrap's user namespace. A child is a *cell*: the first process of a new pid namespace,
with a new network namespace. It forks one program after the other, each into a mount namespace with empty folders and a
user namespace without any rights, and never sees what a program is or does. It serves another one only if the last one
left nothing: no process, no use of the network, no limit changed. Else it ends, and all in its namespaces with it. So no
program sees what another one did, be it before it or at the same time. (System calls for System V and POSIX message
queues, whose objects an ipc namespace would keep apart, do not exist for it at all.)

Orders of a program (JSON): ``code``, ``stdin`` (texts), ``environment`` and ``limits`` (as for ``resource.setrlimit``).
The asker is told ``code``, the exit status, and ``again``, whether the cell serves another one; or ``failed``, why the
sandbox could not be made.
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
from .forkserver import explained, memory, ordered, say, serve, take

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
        _cell(channel, rights)

    gc.collect()
    gc.freeze()  # a collection in a child would else copy every page that it shares with this process
    serve(socket.socket(fileno=control), fork, run)


def _cell(channel: socket.socket, rights: linux.Rights) -> NoReturn:
    """The first process of the namespace: starts programs, tells how they ended."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which the first process of a pid namespace never gets
    linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWNET)
    _mount("proc", "/proc", "hidepid=2", linux.MS_NOEXEC)  # this process is nobody's business
    sysctl = os.open("/proc/sys", os.O_PATH)
    last_pid = os.open("/proc/sys/kernel/ns_last_pid", os.O_WRONLY)
    for flags in (linux.MS_BIND, linux.MS_BIND | linux.MS_REMOUNT | linux.MS_RDONLY | linux.MS_NOEXEC):
        _mount("/proc/sys", "/proc/sys", "", flags)
    _loopback_up()
    traces = _Traces()
    lease = take(channel)
    channel.close()
    while True:
        os.pwrite(last_pid, b"1", 0)  # a program shall not learn from its number how many there were before
        program = os.fork()
        if program == 0:
            _program(lease, sysctl, rights)
        pid = 0
        while pid != program:
            pid, status = os.wait()
        again = not _somebody_left() and traces.none()
        say(lease, code=os.waitstatus_to_exitcode(status), again=again)
        if not again:
            os._exit(0)


def _mount(kind: str, path: str, options: str, flags: int = 0) -> None:
    linux.mount(kind, path, kind, linux.MS_NOSUID | linux.MS_NODEV | flags, options)


def _somebody_left() -> bool:
    """Whether there are other processes: whose parent is dead, he is a child of the first process of the namespace."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True


class _Traces:
    """What a program can change that outlives it, although it and all its processes are dead.

    That is the state of the network namespace (the counters tell whether it was used, and nothing stays in it that was
    not), and the limits of this process, which has the same user on the host.
    """

    def __init__(self) -> None:
        self._files = [os.open(f"/proc/self/net/{name}", os.O_RDONLY) for name in ("dev", "snmp", "unix")]
        self._limits = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
        self._before = self._now()

    def none(self) -> bool:
        """Whether all is as it was at first."""
        return self._now() == self._before

    def _now(self) -> list[object]:
        return [
            *(os.pread(file, 1 << 16, 0) for file in self._files),
            *(resource.getrlimit(limit) for limit in self._limits),
        ]


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        name = b"lo".ljust(16, b"\0")
        flags = struct.unpack("16xh", fcntl.ioctl(sock, _SIOCGIFFLAGS, name + bytes(2))[:18])[0]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, name + struct.pack("h14x", flags | _IFF_UP))


def _program(lease: socket.socket, sysctl: int, rights: linux.Rights) -> NoReturn:
    """Make empty folders, give up all rights, wait for orders, run."""
    try:
        os.setsid()
        linux.unshare(linux.CLONE_NEWNS)
        _mount("tmpfs", "/work", f"mode=755,size={SCRATCH}")
        for path in ("/tmp", "/dev/shm"):
            _mount("tmpfs", path, f"mode=1777,size={SCRATCH}")
        _mount("devpts", "/dev/pts", "newinstance,ptmxmode=666,mode=620", linux.MS_NOEXEC)
        os.chdir("/work")
        rights.give_up(_USER, sysctl)
        os.closerange(3, lease.fileno())
        os.closerange(lease.fileno() + 1, 1 << 16)
        module = _main_module()
        order, fds = ordered(lease)
        for number, fd in enumerate((memory(order["stdin"].encode()), *fds)):
            os.dup2(fd, number)
            os.close(fd)
        with open(_MAIN, "w", encoding="utf-8") as file:
            file.write(order["code"])
        rights.filter_calls()  # after the last memfd
        for name, limit in order["limits"].items():
            resource.setrlimit(getattr(resource, name), limit)
    except BaseException as error:
        say(lease, failed=explained(error))
        os._exit(1)
    lease.close()  # from here on, what it says is not ours
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
