"""Workers: they answer, are replaced, and none is left after close, after an error, or after a kill of their owner."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillflow_gym import InfrastructureError
from skillflow_gym.envs.engines import worker as workers
from skillflow_gym.envs.engines.worker import Worker

ROOT = Path(__file__).parents[2]
ENGINE = "tests.envs.echo_engine:Echo"
LONG = 60.0


@pytest.fixture(scope="module", autouse=True)
def no_server_left() -> Iterator[None]:
    yield
    workers.stop_servers()


def make() -> Worker:
    return Worker(ENGINE, {})


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be asked how does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it holds within a minute: the machine may be busy."""
    end = time.monotonic() + LONG
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def server_pid() -> int:
    return workers._servers[ENGINE]._process.pid


def test_each_has_a_process_and_a_state_of_its_own() -> None:
    one, other = make(), make()
    assert one.call("echo", "a", deadline=LONG) == ("a", 1, one.pid, True)
    assert one.call("echo", "\ud800 \0", deadline=LONG) == ("\ud800 \0", 2, one.pid, True)
    assert other.call("echo", "c", deadline=LONG) == ("c", 1, other.pid, True)
    assert len({one.pid, other.pid, os.getpid()}) == 3


def test_none_is_left_after_close() -> None:
    worker = make()
    worker.close()
    worker.close()
    assert worker.closed and soon(lambda: not alive(worker.pid))
    with pytest.raises(InfrastructureError, match="has ended: reset the environment"):
        worker.call("echo", "a", deadline=LONG)


def test_many_that_end_at_once_leave_the_server_and_the_others_alone() -> None:
    kept = make()
    server = server_pid()
    for _ in range(5):
        ending = [make() for _ in range(20)]
        for worker in ending:
            worker.call("echo", "a", deadline=LONG)
        for worker in ending:
            os.kill(worker.pid, signal.SIGKILL)
        assert soon(lambda: not any(alive(worker.pid) for worker in ending))  # noqa: B023
        assert kept.call("echo", "b", deadline=LONG)[2] == kept.pid
    assert server_pid() == server and alive(server)
    kept.close()


def test_none_is_left_when_its_environment_is_forgotten() -> None:
    worker = make()
    pid = worker.pid
    del worker
    gc.collect()
    assert soon(lambda: not alive(pid))


def test_an_error_of_the_engine_is_told_and_the_worker_goes_on() -> None:
    worker = make()
    with pytest.raises(InfrastructureError, match="failed in fail: KeyError: 'no such room'"):
        worker.call("fail", deadline=LONG)
    assert worker.call("echo", "a", deadline=LONG)[:2] == ("a", 1) and not worker.closed


def test_one_that_takes_too_long_is_ended() -> None:
    worker = make()
    with pytest.raises(InfrastructureError, match=r"took more than 0\.2 s for sleep and was ended"):
        worker.call("sleep", 1000, deadline=0.2)
    assert worker.closed and soon(lambda: not alive(worker.pid))


def test_one_that_dies_is_noticed() -> None:
    worker = make()
    with pytest.raises(InfrastructureError, match="died during die"):
        worker.call("die", deadline=LONG)
    idle = make()
    os.kill(idle.pid, signal.SIGKILL)
    assert worker.closed and soon(lambda: idle.closed)


def test_a_server_that_died_is_replaced() -> None:
    before = make()
    server = server_pid()
    os.kill(server, signal.SIGKILL)
    assert soon(lambda: not alive(before.pid)), "its workers end with it"
    assert make().call("echo", "a", deadline=LONG)[0] == "a"
    assert server_pid() != server


def test_an_engine_that_cannot_start_says_why() -> None:
    with pytest.raises(InfrastructureError, match="Broken cannot be started: OSError: no room for it"):
        Worker("tests.envs.echo_engine:Broken", {})
    with pytest.raises(InfrastructureError, match="cannot be started: ModuleNotFoundError: No module named 'nowhere'"):
        Worker("nowhere:Engine", {})


def test_many_threads_start_them_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make(), range(16)))
        answers = list(pool.map(lambda worker: worker.call("echo", "a", deadline=LONG)[2], made))
    assert answers == [worker.pid for worker in made] and len(set(answers)) == 16


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of a process with threads, as tests in parallel are
def test_a_fork_of_the_owner_makes_its_own() -> None:
    worker = make()
    if (pid := os.fork()) == 0:
        own = make() if worker.closed else worker
        os._exit(0 if own.call("echo", "b", deadline=LONG)[1:3] == (1, own.pid) and own is not worker else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert worker.call("echo", "a", deadline=LONG)[:2] == ("a", 1)


OWNER = """
import os, signal, sys, time
from skillflow_gym.envs.engines import worker as workers
made = [workers.Worker("tests.envs.echo_engine:Echo", {}) for _ in range(3)]
made[0].call("echo", "a", deadline=60)
print(*[w.pid for w in made], *[s._process.pid for s in workers._servers.values()], flush=True)
"""


@pytest.mark.parametrize(
    "end",
    [
        "",  # the interpreter ends by itself
        "raise RuntimeError('a bug')",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "made[1].call('echo', 'x' * 10**7, deadline=60); os.kill(os.getpid(), signal.SIGKILL)",
    ],
)
def test_none_is_left_after_the_end_of_the_owner(end: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", OWNER + end], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 4, done.stderr
    assert soon(lambda: not any(map(alive, pids)))


def test_a_server_that_is_not_needed_ends() -> None:
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    code = (
        f"from skillflow_gym.envs.engines import serve; serve.LINGER = 0.1; serve.main({theirs.fileno()}, '{ENGINE}')"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with ours, subprocess.Popen([sys.executable, "-c", code], env=environment, pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        assert ours.recv(100) == b"ready"
        assert process.wait(LONG) == 0
