"""A program in a cell: a fork of the warm interpreter that runs ``main.py`` as Python does, or becomes another program.

Orders: ``files`` (relative path -> text, written to /work), ``limits`` (as for ``resource.setrlimit``), ``argv`` (empty
for ``main.py``) and ``environment`` (for ``argv``), with descriptors of the standard streams.
"""

from __future__ import annotations

import _signal
import atexit
import builtins
import os
import resource
import sys
import types

from . import linux
from .forkserver import explained, line, ordered

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from typing import NoReturn

SCRATCH = 1 << 26
"""Bytes that each of the private folders /work, /tmp and /dev/shm can hold."""
USER = 1000
PACKAGES = "/packages"
_MAIN = "main.py"
_FLAGS = linux.MS_NOSUID | linux.MS_NODEV
_FOLDERS = (
    linux.Mount("tmpfs", "/work", "tmpfs", _FLAGS, f"mode=755,size={SCRATCH}"),
    linux.Mount("tmpfs", "/tmp", "tmpfs", _FLAGS, f"mode=1777,size={SCRATCH}"),
    linux.Mount("tmpfs", "/dev/shm", "tmpfs", _FLAGS, f"mode=1777,size={SCRATCH}"),
    linux.Mount("devpts", "/dev/pts", "devpts", linux.MS_NOSUID | linux.MS_NOEXEC, "newinstance,ptmxmode=666,mode=620"),
)

_PACKAGES = linux.Mount("tmpfs", PACKAGES, "tmpfs", _FLAGS | linux.MS_RDONLY, "mode=755,size=4k")
"""Over the packages that only ``main.py`` may import."""


def prepare() -> None:
    """Make this process look, to the programs that are forked from it, like one that has just begun to run a script."""
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=f"/work/{_MAIN}", __builtins__=builtins)
    for name in [name for name in sys.modules if name.partition(".")[0] == __package__]:
        del sys.modules[name]
    sys.modules["__main__"] = module
    sys.argv, sys.path[:] = [_MAIN], ["/work", *sys.path[1:-1]]  # without the place of this package
    del os.environ["PYTHONPATH"]


def run(lease: _socket.socket, users: int, rights: linux.Rights) -> NoReturn:
    """Make empty folders, give up all rights, wait for orders, carry them out.

    Args:
        lease: where the orders come from.
        users: the user namespace to enter.
        rights: what to lose.
    """
    try:
        os.setsid()
        linux.unshare(linux.CLONE_NEWNS)
        for folder in _FOLDERS:
            folder.mount()
        os.chdir("/work")
        orders, fds = ordered(lease)
        argv = orders["argv"]
        if argv:
            _PACKAGES.mount()
        rights.give_up(users)
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
        os.closerange(3, lease.fileno())
        os.closerange(lease.fileno() + 1, 1 << 16)
        for name, text in orders["files"].items():
            _write(name, text)
        for name, limit in orders["limits"].items():
            resource.setrlimit(getattr(resource, name), limit)
    except BaseException as error:
        lease.sendall(line(failed=explained(error)))
        os._exit(1)
    lease.close()  # from here on, what it says is not ours
    os._exit(_become(argv, orders["environment"]) if argv else _run_main(orders["files"][_MAIN]))


def _write(name: str, text: str) -> None:
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    content, written = text.encode("utf-8", "surrogatepass"), 0
    file = os.open(name, os.O_WRONLY | os.O_CREAT, 0o644)
    while written < len(content):
        written += os.write(file, content[written:])
    os.close(file)


def _become(argv: list[str], environment: dict[str, str]) -> int:
    """Become another program; returns the exit status that shells give for one that cannot be started."""
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # which Python ignores
        _signal.signal(number, _signal.SIG_DFL)
    try:
        os.execvpe(argv[0], argv, environment)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode("utf-8", "surrogatepass"))
        return 127 if isinstance(error, FileNotFoundError) else 126


def _run_main(code: str) -> int:
    """Run the program as Python runs a script; returns the exit status."""
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    status, interrupted = 0, False
    try:
        exec(compile(code, f"/work/{_MAIN}", "exec"), sys.modules["__main__"].__dict__)
    except SystemExit as leave:
        status = _exit_status(leave)
    except BaseException as error:
        error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)  # without the frame of this function
        sys.excepthook(type(error), error, error.__traceback__)
        status, interrupted = 1, isinstance(error, KeyboardInterrupt)
    if (threading := sys.modules.get("threading")) is not None:
        threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except OSError:
            status = status or 120  # as Python does
    if interrupted:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        os.kill(os.getpid(), _signal.SIGINT)
    return status & 0xFF


def _exit_status(leave: SystemExit) -> int:
    if leave.code is None or isinstance(leave.code, int):
        return leave.code or 0
    print(leave.code, file=sys.stderr)
    return 1
