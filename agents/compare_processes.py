"""The runs of a comparison as processes beside each other, within the cores and the memory of the machine.

All are forked from one server process, which has the modules loaded already: that takes 4 seconds of a core, more than
many a run. The server computes nothing, so what is forked from it is as good as new.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from skillflow_gym.agents.compare_cell import Spec, start
from skillflow_gym.files import replacing

LOADED = [f"skillflow_gym.agents.{name}" for name in ("compare_cell", "trainer", "ppo")] + ["torch.utils.tensorboard"]
"""Modules that the server process has loaded; those that are not installed are left out."""
MEMORY_SHARE = 0.8
"""Of the free memory that runs may take together."""


@dataclass(frozen=True)
class Machine:
    """How many processes run beside each other."""

    processes: int

    @classmethod
    def here(cls, wanted: int, peak_mb: float) -> Machine:
        """``wanted`` processes; for 0 as many as this machine has cores, and memory for at ``peak_mb`` each."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        fitting = int(MEMORY_SHARE * free_memory_mb() // peak_mb) if peak_mb else cores
        return cls(wanted or max(1, min(cores, fitting)))


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    Attributes:
        problem: why it failed, in a line; "" if it did not.
        seconds: how long it took.
    """

    problem: str
    seconds: float


def free_memory_mb() -> float:
    """What can be taken without swapping, in MB; without end where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            sizes = dict(line.split(":", 1) for line in file)
        return int(sizes["MemAvailable"].split()[0]) / 1024
    except (OSError, KeyError):
        return float("inf")


def run_all(jobs: Mapping[str, Spec], folder: Path, machine: Machine, limit: float) -> Iterator[tuple[str, Outcome]]:
    """Run every job in its folder below ``folder``; yield each as it ends.

    A job that is interrupted, or that outlasts ``limit`` seconds, is ended with all its own processes. What it printed
    is kept in ``log.txt``.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    running: set[ForkServerProcess] = set()
    lock, stopped = threading.Lock(), threading.Event()

    def run(name: str, spec: Spec) -> Outcome:
        begun = time.perf_counter()
        place = folder / name
        with replacing(place / "spec.json") as file:
            file.write(json.dumps(asdict(spec)).encode())
        with lock:
            if stopped.is_set():
                return Outcome("interrupted", 0.0)
            theirs, ours = context.Pipe(duplex=False)
            process = context.Process(target=start, args=(str(place / "spec.json"), theirs))
            process.start()
            theirs.close()
            running.add(process)
        try:
            process.join(limit)
            problem = f"took longer than {limit / 60:g} minutes" if process.is_alive() else ""
            if code := 0 if problem else process.exitcode:
                problem = f"exit code {code}: {_last_line(place / 'log.txt')}"
        finally:
            _end(process)
            process.join()
            ours.close()
            with lock:
                running.discard(process)
        return Outcome(problem, time.perf_counter() - begun)

    with ThreadPoolExecutor(machine.processes) as pool:
        try:
            futures = {pool.submit(run, name, spec): name for name, spec in jobs.items()}
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:  # after the last one there is nothing left to end
            with lock:
                stopped.set()
                for process in running:
                    _end(process)
            pool.shutdown(cancel_futures=True)


def _end(process: ForkServerProcess) -> None:
    """End a process and all that it started, which are a group once it runs."""
    assert process.pid is not None
    process.kill()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no output"
