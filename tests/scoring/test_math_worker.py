"""The workers that compare answers: hostile answers end them, others do not wait, and the dead are replaced."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from skillflow_gym.envs.engines.worker import Worker
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.scoring import math_worker
from skillflow_gym.scoring.math_worker import equivalent

pytest.importorskip("math_verify", reason="needs the reasoning extra")

HOSTILE = (
    r"9^{9^{9^{9}}}",
    r"\left(10^{10^{10}}\right)!",
    r"2^{2^{2^{2^{2^{2}}}}}",
    "9**9**9**9",
    r"\binom{10^{9}}{10^{8}}",
)


@pytest.fixture(autouse=True)
def ask_anew() -> None:
    equivalent.cache_clear()


@pytest.mark.parametrize("answer", HOSTILE)
def test_a_hostile_answer_is_wrong_and_the_next_is_judged(answer: str) -> None:
    assert equivalent("x+9", answer) is False
    assert equivalent("x+9", "9+x") is True


def test_others_do_not_wait_for_a_hostile_answer() -> None:
    equivalent("x+1", "1+x")  # the server and its imports are there
    with ThreadPoolExecutor(4) as pool:
        hostile = [pool.submit(equivalent, "x+9", answer) for answer in HOSTILE[:2]]
        honest = [pool.submit(equivalent, f"x+{n}", f"{n}+x") for n in range(10, 30)]
        assert all(job.result() for job in honest)
        left = [job.done() for job in hostile]
        assert [job.result() for job in hostile] == [False, False]
    assert not all(left), "twenty honest answers were judged before the hostile ones had ended"


def test_workers_are_used_again() -> None:
    equivalent("x+1", "1+x")
    before = [worker.pid for worker in math_worker._idle]
    assert all(equivalent(f"x+{n}", f"{n}+x") for n in range(2, 12))
    assert [worker.pid for worker in math_worker._idle] == before


def test_a_worker_that_was_killed_is_replaced() -> None:
    equivalent("x+1", "1+x")
    for worker in math_worker._idle:
        os.kill(worker.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert equivalent("x+2", "2+x") is True


def test_a_worker_that_dies_at_work_is_no_wrong_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(self: Worker, method: str, *arguments: object, deadline: float) -> bool:
        os.kill(self.pid, signal.SIGKILL)
        return bool(call(self, method, *arguments, deadline=deadline))

    call = Worker.call
    monkeypatch.setattr(Worker, "call", killed)
    with pytest.raises(InfrastructureError, match=r"died|has ended"):
        equivalent("x+3", "3+x")
    monkeypatch.undo()
    assert equivalent("x+3", "3+x") is True, "a failure is not kept"


def test_a_deadline_that_passes_is_no_wrong_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(math_worker, "DEADLINE", 0.05)
    with pytest.raises(InfrastructureError, match="took more than"):
        equivalent("x+9", HOSTILE[0])


def test_memory_is_bounded() -> None:
    assert equivalent("x+9", r"\begin{pmatrix} 10^{10^{9}} & 1 \\ 1 & 10^{10^{9}} \end{pmatrix}") is False
    assert equivalent("x+9", "9+x") is True


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"needs the reasoning extra: pip install .*\[reasoning\]"):
        math_worker.require()
