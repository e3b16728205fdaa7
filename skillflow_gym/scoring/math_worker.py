"""Equivalence of answers, in processes that can be killed: nothing that a policy writes is evaluated in this one."""

from __future__ import annotations

import importlib.util
import os
import threading
import time
from functools import lru_cache

from skillflow_gym.envs.engines.worker import Worker
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.installation import install
from skillflow_gym.scoring.math_hard import clean, settle

ENGINE = "skillflow_gym.scoring.math_engine:MathEngine"
CPU_SECONDS = 2.0
"""Processor time after which a worker ends itself: the answer is then wrong. Of 500 real ones the slowest took 0.15."""
DEADLINE = 120.0
"""Seconds that a comparison may take on a machine that is busy with other things: the episode is then unscored."""
MAX_IDLE = 8

_idle: list[Worker] = []
_lock = threading.Lock()


def require() -> None:
    """Check that what grades answers is installed.

    Raises:
        ModuleNotFoundError: the extra ``reasoning`` is missing.
    """
    if importlib.util.find_spec("math_verify") is None:
        raise ModuleNotFoundError(f"grading needs the reasoning extra: {install('reasoning')}", name="math_verify")


@lru_cache(maxsize=65536)
def equivalent(gold: str, answer: str) -> bool:
    """Whether ``answer`` is equivalent to ``gold``; both as they are written, from any thread.

    An answer whose evaluation takes more than CPU_SECONDS of processor time, or too much memory, is wrong. Threads that
    ask at the same time have a worker each and do not wait for one another.

    Raises:
        InfrastructureError: the worker could not be started, or failed for another reason.
    """
    gold, answer = clean(gold), clean(answer)
    verdict = settle(gold, answer)
    return _ask(gold, answer) if verdict is None else verdict


def _ask(gold: str, answer: str) -> bool:
    worker = _take()
    began = time.monotonic()
    try:
        result = worker.call("equivalent", gold, answer, deadline=DEADLINE)
    except InfrastructureError:
        worker.close()
        if CPU_SECONDS <= time.monotonic() - began < DEADLINE:  # it has ended itself
            return False
        raise
    with _lock:
        if len(_idle) < MAX_IDLE:
            _idle.append(worker)
            return bool(result)
    worker.close()
    return bool(result)


def _take() -> Worker:
    """A worker that nobody uses, or a new one."""
    while True:
        with _lock:
            if not _idle:
                break
            worker = _idle.pop()
        if not worker.closed:
            return worker
        worker.close()
    return Worker(ENGINE, {})


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    _idle.clear()  # they answer to the process that this one was forked from


os.register_at_fork(after_in_child=_after_fork)
