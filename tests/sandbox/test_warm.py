"""The warm interpreter: as a fresh one, and nothing passes from one run to another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.sandbox import Completed, Limits, Sandbox, make_sandbox
from skillflow_gym.sandbox.client import Client
from tests.sandbox.processes import command, crew, descendants, eventually, name, parents, settled_crew
from tests.sandbox.running import cold

PROGRAMS = {
    "error": "def f(x):\n    return 1 / x\n\nf(0)",
    "syntax": "print(1\n",
    "raise from": "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e",
    "exit": "import sys; sys.exit(3)",
    "exit text": "import sys; sys.exit('why')",
    "exit None": "raise SystemExit",
    "atexit": "import atexit; atexit.register(print, 'bye'); print('hello')",
    "thread": "import threading, time\nthreading.Timer(0.1, lambda: print('late')).start()\nprint('end')",
    "main": "print(__name__, __file__, __builtins__.__name__)",
    "pickle": "import pickle\nclass A: x = 1\nprint(pickle.loads(pickle.dumps(A())).x)",
    "processes": "from multiprocessing import get_context as c\nwith c('fork').Pool(2) as p: print(p.map(abs, [-1]))",
    "path": "import sys; print(sys.path[0], sys.argv, sys.flags.dont_write_bytecode, sys.gettrace())",
    "modules": "import spawn",
    "environment": "import os; print(os.getcwd(), os.getuid(), os.getgid(), os.environ.get('LANG'), os.umask(0))",
    "signals": "import signal\nfor s in sorted(signal.valid_signals()): print(s, signal.getsignal(s))",
    "limits": "import resource as r\nfor n in dir(r):\n    if n[:7] == 'RLIMIT_': print(n, r.getrlimit(getattr(r, n)))",
    "encodings": "import sys; print(sys.stdin.encoding, sys.stdout.encoding, sys.stdout.errors, sys.stdin.errors)",
    "killed": "import os; os.kill(os.getpid(), 15); print('alive')",
    "interrupt": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "hash": "print(hash('a'), {'b', 'c', 'd'})",
    "source": "import inspect\ndef f(): return 1\nprint(inspect.getsource(f))",
    "closed": "import sys; sys.stdout.close()",
    "aborted": "import os; os.abort()",
    "dataclass": "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\nprint(A(1))",
    "recursion": "def f(n):\n    return n and f(n - 1)\nprint(f(985))\ntry: f(10**4)\nexcept RecursionError: print(1)",
    "gc": "import gc; print(gc.isenabled(), gc.get_freeze_count() < 0)",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_does_what_it_does_in_a_fresh_interpreter(bwrap: Sandbox, program: str) -> None:
    def fresh(code: str) -> Completed:
        argv = [bwrap.interpreter, "-s", "-B", "main.py"]
        return bwrap.run(argv, files={"main.py": code}, environment={"PYTHONHASHSEED": "0"})

    assert bwrap.python(PROGRAMS[program]) == fresh(PROGRAMS[program])


CHANGE = """
import builtins, json, os, sys, tempfile
json.loads = lambda text: "changed"
builtins.len = lambda of: -1
os.environ["LEFT"] = "1"
sys.path.append("/left")
os.umask(0o777)
for folder in ("/work", "/tmp", "/dev/shm"):
    open(folder + "/left", "w").write("left")
print(os.getpid())
if os.fork() == 0:
    os.setsid()
    import time
    time.sleep(100)
"""
LOOK = """
import json, os, sys
print(json.loads("1"), len("ab"), os.environ.get("LEFT"), "/left" in sys.path, oct(os.umask(0)))
print(os.listdir("/work"), os.listdir("/tmp"), os.listdir("/dev/shm"))
print(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()), os.getpid())
"""


def test_a_run_sees_nothing_of_an_earlier_one(bwrap: Sandbox) -> None:
    assert bwrap.python(CHANGE).stdout == "2\n"
    assert bwrap.python(LOOK).stdout == "1 2 None False 0o22\n['main.py'] [] []\n[2] 2\n"


def test_the_memory_of_a_run_holds_nothing_of_an_earlier_one(bwrap: Sandbox) -> None:
    scan = """
import re
needle = re.compile(b"secret-[o]f-run")
found = 0
with open("/proc/self/mem", "rb", 0) as memory:
    for line in open("/proc/self/maps"):
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if line.split()[1][0] == "r" and "[v" not in line:
            memory.seek(start)
            found += len(needle.findall(memory.read(end - start) or b""))
print(found)
"""
    assert int(bwrap.python(scan + "\nkept = 'secret-of-run'").stdout) > 0  # it does find what is there
    bwrap.python("kept = 'secret-of-run'\nprint(input())", stdin="secret-of-run")
    assert bwrap.python(scan).stdout == "0\n"


def test_runs_at_the_same_time_see_nothing_of_each_other(bwrap: Sandbox) -> None:
    hold = """
import os, socket, time
server = socket.create_server(("127.0.0.1", 4000))
other = socket.socket(socket.AF_UNIX)
other.bind("\\0meet")
other.listen()
open("/tmp/here", "w").close()
time.sleep(3)
"""
    seek = """
import os, socket, time
time.sleep(1.5)
for family, address in ((socket.AF_INET, ("127.0.0.1", 4000)), (socket.AF_UNIX, "\\0meet")):
    with socket.socket(family) as sock:
        print(sock.connect_ex(address))
print(os.path.exists("/tmp/here"), sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
"""
    assert bwrap.python(hold.replace("time.sleep(3)", "") + seek).stdout.startswith("0\n0\nTrue")
    with ThreadPoolExecutor(2) as pool:
        holding, seeking = pool.submit(bwrap.python, hold), pool.submit(bwrap.python, seek)
        assert (holding.result().exit, seeking.result().stdout) == (0, "111\n111\nFalse [2]\n")


def test_the_kill_of_one_run_spares_the_others(bwrap: Sandbox) -> None:
    with ThreadPoolExecutor(4) as pool:
        slow = pool.submit(bwrap.python, "import time; time.sleep(2); print('done')")
        killed = [pool.submit(bwrap.python, "while True: pass", limits=Limits(wall=0.5)) for _ in range(3)]
        assert [run.result().timed_out for run in killed] == [True] * 3
        assert slow.result().stdout == "done\n"


def processes_of(name: str) -> list[int]:
    return [pid for pid in descendants(os.getpid()) if f"from spawn.{name} import" in command(pid)]


@pytest.mark.parametrize("helper", ["zygote", "launch"])
def test_a_helper_that_died_is_replaced(helper: str) -> None:
    sandbox = make_sandbox("bwrap")
    try:
        kept = set(processes_of(helper)) | set(processes_of("zygote"))
        assert sandbox.python("print(1)").stdout == "1\n"
        mine = set(processes_of(helper)) - kept
        gone = mine | set(processes_of("zygote")) - kept  # a zygote dies with its launcher, a moment later
        assert mine
        for pid in mine:
            with suppress(ProcessLookupError):  # one dies with another
                os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: not gone & set(parents()))  # a command line goes before the sockets are closed
        assert sandbox.python("print(2)").stdout == "2\n"
        assert cold(sandbox, "print(3)").stdout == "3\n"
    finally:
        sandbox.close()


def test_a_run_whose_helper_dies_is_a_failure_of_the_infrastructure() -> None:
    sandbox = make_sandbox("bwrap")
    kept = set(processes_of("zygote"))
    try:
        with ThreadPoolExecutor(1) as pool:
            code = "open('/proc/self/comm', 'w').write('begun')\nimport time; time.sleep(60)"
            run = pool.submit(sandbox.python, code, limits=Limits(wall=100))
            assert eventually(lambda: "begun" in map(name, descendants(os.getpid())))
            os.kill(min(set(processes_of("zygote")) - kept), signal.SIGKILL)
            with pytest.raises(InfrastructureError, match="helper process died"):
                run.result(30)
    finally:
        sandbox.close()


def test_close_ends_everything_and_a_later_run_starts_anew() -> None:
    before = settled_crew()
    sandbox = make_sandbox("bwrap")
    for _ in range(2):
        assert sandbox.python("print(1)").stdout == "1\n"
        sandbox.close()
        sandbox.close()
        assert crew() == before


def test_modules_are_imported_ahead() -> None:
    sandbox = make_sandbox("bwrap", preload=["fractions"])
    try:
        assert sandbox.python("import sys; print('fractions' in sys.modules)").stdout == "True\n"
    finally:
        sandbox.close()


def test_a_module_that_cannot_be_imported_ahead_is_named() -> None:
    sandbox = make_sandbox("bwrap", preload=["no_such_module"])
    try:
        with pytest.raises(InfrastructureError, match="No module named 'no_such_module'"):
            sandbox.python("pass")
    finally:
        sandbox.close()


FORKING = """
import os, sys
from skillflow_gym.sandbox import make_sandbox
sandbox = make_sandbox("bwrap")
print(sandbox.python("print(1)").stdout, sandbox.run(["echo", "2"]).stdout, sep="", end="", flush=True)
pid = os.fork()
print(sandbox.python("print(3)").stdout, sandbox.run(["echo", "4"]).stdout, sep="", end="", flush=True)
if pid:
    print(os.waitpid(pid, 0)[1], sandbox.python("print(5)").stdout)
sandbox.close()
"""


def test_a_fork_of_this_process_has_helpers_of_its_own() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", FORKING], cwd=root, capture_output=True, text=True, timeout=100)
    assert sorted(done.stdout.split()) == sorted("1 2 3 4 3 4 0 5".split()) and done.stderr == ""


def test_time_spent_on_starting_the_interpreter_is_not_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = Client.wait_ready

    def late(client: Client, deadline: float) -> bool:
        time.sleep(0.8)
        return ready(client, deadline)

    sandbox = make_sandbox("bwrap")
    monkeypatch.setattr(Client, "wait_ready", late)
    try:
        start = time.monotonic()
        assert not sandbox.python("pass", limits=Limits(wall=0.4)).timed_out
        assert time.monotonic() - start > 0.8  # the interpreter was started, not found running
    finally:
        sandbox.close()
