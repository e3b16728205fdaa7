"""Programs that try to see, signal, outnumber or outlive other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillflow_gym.sandbox import Limits, Mounts, Sandbox
from tests.sandbox.processes import crew, descendants, eventually, name, parents, settled_crew
from tests.sandbox.running import RunPython, cold

SEE = """
import os
print(*sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
print(os.getppid())
"""


def test_other_processes_cannot_be_seen(run_python: RunPython, unsafe: Sandbox) -> None:
    assert str(os.getpid()) in cold(unsafe, SEE).stdout.split()
    assert run_python(SEE).stdout in ("1 2\n1\n", "2\n1\n")  # the warm interpreter's first process is hidden


def test_signals_reach_nobody_else(run_python: RunPython, bwrap: Sandbox) -> None:
    run_python("pass")
    before = settled_crew()
    code = f"""
import os
for pid in (1, {os.getpid()}, {os.getppid()}, -1):
    for signal in (2, 15, 19, 9):
        try:
            os.kill(pid, signal)
        except OSError as error:
            pass
print("done")
"""
    assert run_python(code).stdout == "done\n"
    assert run_python("print('another')").stdout == "another\n"
    assert eventually(lambda: crew() == before), (before, crew())


def test_there_is_no_way_to_more_rights(run_python: RunPython) -> None:
    code = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"):
    print(*[line for line in open("/proc/self/status").read().splitlines() if line.startswith(name + ":")])
print("user namespace", libc.unshare(0x10000000), os.strerror(ctypes.get_errno()))
print("mount", libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), os.strerror(ctypes.get_errno()))
print("shared memory", libc.shmget(0, 4096, 0o1600), os.strerror(ctypes.get_errno()))
print("keyring", libc.syscall({"x86_64": 250, "aarch64": 219}[os.uname().machine], 0, -3, 0), ctypes.get_errno())
"""
    lines = run_python(code).stdout.splitlines()
    assert [line.split()[1] for line in lines[:5]] == ["0" * 16] * 5
    assert [line.split()[1] for line in lines[5:7]] == ["1", "2"]
    assert lines[7:] == [
        "user namespace -1 No space left on device",
        "mount -1 Operation not permitted",
        "shared memory -1 Function not implemented",
        "keyring -1 38",
    ]


def test_forks_are_counted(run_python: RunPython) -> None:
    code = """
import os, time
for count in range(200):
    try:
        if os.fork() == 0:
            time.sleep(60)
    except OSError as error:
        print(count, error.strerror)
        break
"""
    before = len(parents())
    done = run_python(code, limits=Limits(processes=20, wall=20))
    count, why = done.stdout.split(maxsplit=1)
    assert 10 <= int(count) < 20 and why == "Resource temporarily unavailable\n"
    assert eventually(lambda: len(parents()) < before + 10)


def test_what_other_runs_use_does_not_count(bwrap: Sandbox) -> None:
    sleepers = "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; wait"
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(bwrap.run, ["sh", "-c", sleepers], limits=Limits(processes=12, wall=20)) for _ in range(4)]
        assert [run.result().stderr for run in runs] == [""] * 4


IGNORE = """
import signal
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
"""


@pytest.mark.parametrize("stubborn", [False, True])
def test_an_endless_program_is_killed_in_time(run_alone: RunPython, stubborn: bool) -> None:
    run_alone("pass")
    before, start = settled_crew(), time.monotonic()
    done = run_alone((IGNORE if stubborn else "") + "while True: pass", limits=Limits(wall=1.0))
    assert (done.exit, done.timed_out, done.exceeded) == (-signal.SIGKILL, True, ("wall",))
    assert time.monotonic() - start < 10
    run_alone("pass")
    assert eventually(lambda: crew() == before), (before, crew())


def test_processor_time_is_limited(run_python: RunPython) -> None:
    done = run_python("while True: pass", limits=Limits(wall=60, cpu=1))
    assert (done.exit, done.timed_out, done.exceeded) == (-signal.SIGXCPU, False, ("cpu",))


DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3):
            os.close(fd)
        while True:
            with open("/work/heartbeat", "a") as file:
                file.write("x")
            time.sleep(0.01)
    os._exit(0)
while not os.path.exists("/work/heartbeat"):
    time.sleep(0.01)
"""


@pytest.mark.parametrize("end", ["", "while True: pass"])
def test_a_daemon_dies_with_its_run(run_alone: RunPython, end: str) -> None:
    run_alone("pass")
    before = settled_crew()
    assert run_alone(DAEMON + end, limits=Limits(wall=1.5)).timed_out == bool(end)
    run_alone("pass")
    assert eventually(lambda: crew() == before), (before, crew())


def test_a_daemon_stops_writing_to_a_work_folder(bwrap: Sandbox, unsafe: Sandbox, tmp_path: Path) -> None:
    for sandbox, folder in ((bwrap, "/work"), (unsafe, str(tmp_path))):
        code = DAEMON.replace("/work", folder)
        argv = [sandbox.interpreter, "main.py"]
        sandbox.run(argv, files={"main.py": code}, mounts=Mounts(work=tmp_path))
        size = (tmp_path / "heartbeat").stat().st_size
        time.sleep(0.1)
        assert (tmp_path / "heartbeat").stat().st_size == size > 0
        (tmp_path / "heartbeat").unlink()


OWNER = """
import sys, threading
from skillflow_gym.sandbox import Limits, make_sandbox
sandbox = make_sandbox("bwrap")
code = "open('/proc/self/comm', 'w').write('begun')\\nwhile True: pass"
limits = Limits(wall=600)
threading.Thread(target=sandbox.python, args=(code,), kwargs={"limits": limits}).start()
threading.Thread(target=sandbox.run, args=(["sleep", "1000"],), kwargs={"limits": limits}).start()
unsafe = make_sandbox("unsafe-subprocess")
threading.Thread(target=unsafe.run, args=(["sleep", "1000"],), kwargs={"limits": limits}).start()
print("started", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_everything_dies_with_this_process(bwrap: Sandbox, number: int) -> None:
    root = Path(__file__).parents[2]
    owner = subprocess.Popen([sys.executable, "-c", OWNER], cwd=root, stdout=subprocess.PIPE)
    assert owner.stdout is not None and owner.stdout.readline() == b"started\n"
    # Two sleeps, and the program that has named itself.
    assert eventually(lambda: [name(pid) for pid in descendants(owner.pid)].count("sleep") == 2, 60)
    assert eventually(lambda: "begun" in [name(pid) for pid in descendants(owner.pid)], 60)
    started = descendants(owner.pid)
    owner.send_signal(number)
    owner.wait(20)
    owner.stdout.close()
    assert eventually(lambda: not started & set(parents()))
