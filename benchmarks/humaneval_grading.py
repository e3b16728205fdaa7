"""How fast HumanEval's programs are graded, beside a fresh ``python -I`` for each of them, in one run.

python benchmarks/humaneval_grading.py [--programs 200] [--threads 2]

Programs are the mini set's right and wrong solutions, each graded once, so that no verdict comes from the cache. The
fresh interpreter runs prompt, solution and test in one process, unprotected: what a grader without a sandbox would do.
Goal on two cores: at least 40 programs a second.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from skillflow_gym.envs.humaneval_grading import Problem, passes
from skillflow_gym.envs.mini import humaneval as mini
from skillflow_gym.envs.mini.humaneval.problem import completion

Job = tuple[Problem, str]


def programs(count: int) -> list[Job]:
    """The first ``count`` solutions of all splits, right and wrong ones in turn."""
    jobs = []
    for split in ("train", "validation", "test"):
        for problem, record in zip(mini.problems(split), mini.records(split), strict=True):
            graded = Problem(record["prompt"], record["entry_point"], record["test"], record["canonical_solution"])
            jobs += [(graded, completion(body)) for body in (problem.solution, *problem.wrong)]
    return jobs[:count]


def sandboxed(job: Job) -> bool:
    """The verdict of the environment's grader."""
    return passes("bwrap", *job)


def fresh(job: Job) -> bool:
    """The verdict of an interpreter of its own."""
    problem, code = job
    program = f"{problem.prompt}{code}\n{problem.test}\ncheck({problem.entry_point})\n"
    return subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, timeout=60).returncode == 0


def rate(grade: Callable[[Job], bool], jobs: list[Job], threads: int) -> tuple[float, list[bool]]:
    """Programs a second, and the verdicts."""
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        verdicts = list(pool.map(grade, jobs))
        return len(jobs) / (time.perf_counter() - start), verdicts


def main() -> None:
    """Print both rates and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    jobs = programs(args.programs)
    for problem in {problem for problem, _ in jobs}:
        passes("bwrap", problem, "pass")  # starts the sandbox and records what each hidden test asks for
    ours, verdicts = rate(sandboxed, jobs, args.threads)
    theirs, expected = rate(fresh, jobs, args.threads)
    print(
        f"{len(jobs)} programs, {sum(verdicts)} right, {args.threads} threads; verdicts agree: {verdicts == expected}"
    )
    print(f"sandboxed: {ours:.0f} programs/s (goal: at least 40)")
    print(f"fresh python -I: {theirs:.0f} programs/s; ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
