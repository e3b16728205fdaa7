"""Cells: they serve again after a run that left nothing, and never after one that did."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from skillflow_gym.sandbox import Limits, Sandbox, SandboxError, make_sandbox
from tests.sandbox.processes import descendants, eventually, name

WHERE = "import os\nprint(os.readlink('/proc/self/ns/pid'), os.readlink('/proc/self/ns/net'), flush=True)\n"
STATE = """
import os, resource, signal
print(os.getpid(), os.getppid(), os.listdir("/proc/self/task"), os.nice(0), sorted(os.sched_getaffinity(0)))
print([resource.getrlimit(getattr(resource, name)) for name in sorted(dir(resource)) if name.startswith("RLIMIT_")])
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.sigpending())
print([signal.getsignal(number) for number in sorted(signal.valid_signals())])
for path in ("/work", "/tmp", "/dev/shm", "/dev/pts"):
    status = os.stat(path)
    print(path, sorted(os.listdir(path)), oct(status.st_mode), status.st_uid, status.st_nlink, os.listxattr(path))
for path in ("net/dev", "net/snmp", "net/unix", "net/tcp", "net/udp", "coredump_filter", "oom_score_adj", "limits"):
    print(open(f"/proc/self/{path}").read())
for path in ("pid_max", "msgmax", "shmmax"):
    print(open(f"/proc/sys/kernel/{path}").read())
"""


def pid_namespace(pid: int) -> int:
    """The number of a process's pid namespace; 0 if it has just ended."""
    try:
        return os.stat(f"/proc/{pid}/ns/pid").st_ino
    except FileNotFoundError:
        return 0


LEAVES_NOTHING = {
    "files": """
for path in ("/work/x", "/tmp/x", "/dev/shm/x"):
    open(path, "w").write("x")
    os.chmod(path, 0)
os.mkdir("/tmp/folder")
os.chmod("/tmp", 0o700)
os.symlink("/etc", "/work/link")
""",
    "open files": "for number in range(200): open(f'/tmp/{number}', 'w')",
    "memory": "kept = [bytes(1 << 20) for _ in range(100)]",
    "limits of its own": "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))\nos.nice(5)",
    "processes that ended": """
for _ in range(20):
    pid = os.fork() or os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
""",
    "a thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "a terminal": "os.openpty()",
    "death by a signal": "os.kill(os.getpid(), 9)",
    "a signal to the first process": """
for number in range(1, 65):
    try:
        os.kill(1, number)
    except OSError:
        pass
""",
    "no rights to the system": """
for path, text in (("/proc/sys/kernel/pid_max", "400"), ("/proc/sys/kernel/msgmax", "9"), ("/proc/1/autogroup", "19"),
                   ("/proc/1/coredump_filter", "0"), ("/proc/1/oom_score_adj", "1000")):
    try:
        open(path, "w").write(text)
        print("written", path)
    except OSError:
        pass
for change in (lambda: os.setpriority(os.PRIO_PROCESS, 1, 19), lambda: os.sched_setaffinity(1, [0])):
    try:
        change()
        print("changed")
    except OSError:
        pass
""",
}
LEAVES_SOMETHING = {
    "a daemon": """
import time
if os.fork() == 0:
    os.setsid()
    os.closerange(0, 3)
    open("/proc/self/comm", "w").write("left-behind")
    time.sleep(100)
""",
    "a stopped process": """
import signal
pid = os.fork()
if pid == 0:
    os.closerange(0, 3)
    os.kill(os.getpid(), signal.SIGSTOP)
os.waitpid(pid, os.WUNTRACED)
""",
    "a subreaper": """
import ctypes, time
if os.fork() == 0:
    os.closerange(0, 3)
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    if os.fork() == 0 and os.fork() == 0:
        time.sleep(100)
    time.sleep(100)
""",
    "a connection": """
import socket
server = socket.create_server(("127.0.0.1", 4000))
client = socket.create_connection(("127.0.0.1", 4000))
""",
    "a datagram": "import socket\nsocket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 4000))",
    "a socket that holds itself": """
import socket
one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
one.bind("\\0left")
one.connect("\\0left")
for _ in range(20):
    socket.send_fds(one, [b"x"], [one.fileno()])
os.fork() and os._exit(0)
os.closerange(0, 3)
""",
    "limits of the first process": """
import resource
for limit in ("AS", "FSIZE", "STACK"):
    resource.prlimit(1, getattr(resource, "RLIMIT_" + limit), (1 << 30, 1 << 30))
""",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One that nobody else uses, so that a run has the cell of the run before, if that serves again."""
    try:
        made = make_sandbox("bwrap")
    except SandboxError as error:
        pytest.skip(str(error))
    with closing(made):
        yield made


@pytest.fixture(scope="module")
def fresh(sandbox: Sandbox) -> str:
    """What the first program of a cell finds."""
    return sandbox.python(STATE).stdout


@pytest.mark.parametrize("program", LEAVES_NOTHING)
def test_a_cell_serves_again_and_shows_nothing_of_the_last_run(sandbox: Sandbox, fresh: str, program: str) -> None:
    before = sandbox.python(WHERE).stdout
    assert sandbox.python(WHERE + LEAVES_NOTHING[program]).stdout == before
    assert sandbox.python(STATE).stdout == fresh
    assert sandbox.python(WHERE).stdout == before


@pytest.mark.parametrize("program", LEAVES_SOMETHING)
def test_a_cell_ends_with_what_a_run_left(sandbox: Sandbox, fresh: str, program: str) -> None:
    before = sandbox.python(WHERE).stdout
    done = sandbox.python(WHERE + LEAVES_SOMETHING[program], limits=Limits(wall=20))
    assert (done.stdout, done.stderr, done.exit, done.timed_out) == (before, "", 0, False)
    assert sandbox.python(STATE).stdout == fresh
    assert sandbox.python(WHERE).stdout != before
    assert eventually(lambda: "left-behind" not in map(name, descendants(os.getpid())))


def test_what_proc_says_of_the_system_cannot_be_changed(sandbox: Sandbox) -> None:
    # An open file of /proc/pressure waits for an event, and changes nothing.
    code = """
import os
for folder, folders, names in os.walk("/proc"):
    if folder == "/proc":
        folders[:] = [name for name in folders if name not in ("2", "self", "thread-self", "pressure")]
    for name in names:
        try:
            os.close(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_NONBLOCK))
            print(f"{folder}/{name}")
        except OSError:
            pass
"""
    assert sandbox.python(code).stdout == ""


def test_terminals_of_another_run_do_not_exist(bwrap: Sandbox) -> None:
    hold = "import os, time\nos.openpty()\nprint(sorted(os.listdir('/dev/pts')))\ntime.sleep(2)"
    seek = "import os, time\ntime.sleep(1)\nprint(sorted(os.listdir('/dev/pts')))"
    with ThreadPoolExecutor(2) as pool:
        holding, seeking = pool.submit(bwrap.python, hold), pool.submit(bwrap.python, seek)
        assert (holding.result().stdout, seeking.result().stdout) == ("['0', 'ptmx']\n", "['ptmx']\n")


def test_a_cell_that_died_is_replaced(sandbox: Sandbox) -> None:
    namespace = int(re.findall(r"pid:\[(\d+)\]", sandbox.python(WHERE).stdout)[0])

    def cell() -> list[int]:
        return [pid for pid in descendants(os.getpid()) if pid_namespace(pid) == namespace]

    assert eventually(lambda: len(cell()) == 2)  # itself and the next program
    os.kill(min(cell()), signal.SIGKILL)
    assert eventually(lambda: not cell())
    assert sandbox.python("print(1)").stdout == "1\n"
