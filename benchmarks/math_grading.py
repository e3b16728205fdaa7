r"""MATH's grader: how long a comparison takes, and whether honest answers wait for hostile ones.

python benchmarks/math_grading.py [--rounds 3]

Every answer of the mini test problems is compared with its gold in another form, and with the next problem's gold.
What texts alone decide is timed apart from what goes to a worker. Then eight threads grade while two others send
answers that never end. On a machine that does other work as well, the worker's processor time is the figure to read.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from skillflow_gym.envs.mini.math_hard import math_hard_problems
from skillflow_gym.scoring.math_engine import MathEngine, _equivalent
from skillflow_gym.scoring.math_hard import clean, settle
from skillflow_gym.scoring.math_worker import equivalent

HOSTILE = ("9^{9^{9^{9}}}", r"2^{2^{2^{2^{2^{2}}}}}")


def pairs() -> list[tuple[str, str]]:
    """Golds with right and wrong answers that are not the same text."""
    golds = [str(problem.answer) for problem in math_hard_problems("test")]
    dressed = [rf"The answer is $\boxed{{{gold}}}$." for gold in golds]
    added = [
        f"{gold} + 0" if gold[0] not in r"([\{" and "," not in gold else gold.replace(",", " , ") for gold in golds
    ]
    return [*zip(golds, dressed, strict=True), *zip(golds, added, strict=True), *pairwise(golds)]


def show(what: str, seconds: Iterable[float]) -> None:
    """Median, 95th percentile and maximum in milliseconds."""
    ms = np.array([*seconds]) * 1e3
    print(
        f"{what}: {len(ms)}, median {np.median(ms):.2f} ms, p95 {np.percentile(ms, 95):.2f} ms, max {ms.max():.1f} ms"
    )


def timed(gold: str, answer: str) -> float:
    """Seconds of wall clock for one comparison."""
    began = time.perf_counter()
    equivalent(gold, answer)
    return time.perf_counter() - began


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    chosen = pairs()
    equivalent("x+1", "1+x")  # the server's imports
    every, texts, workers = [], [], []
    for _ in range(rounds):
        equivalent.cache_clear()
        for gold, answer in chosen:
            seconds = timed(gold, answer)
            every.append(seconds)
            (workers if settle(clean(gold), clean(answer)) is None else texts).append(seconds)
    show("all", every)
    show("by text alone", texts)
    show("by a worker", workers)

    MathEngine.warm_up()
    used = []
    for gold, answer in chosen:
        if settle(clean(gold), clean(answer)) is None:
            began = time.process_time()
            _equivalent(clean(gold), clean(answer))
            used.append(time.process_time() - began)
    show("processor time in a worker", used)

    equivalent.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        show("eight threads", pool.map(lambda pair: timed(*pair), chosen))

    equivalent.cache_clear()
    with ThreadPoolExecutor(10) as pool:
        hostile = [pool.submit(timed, "x+9", answer) for answer in HOSTILE]
        beside = [*pool.map(lambda pair: timed(*pair), chosen)]
        print("hostile answers ended after", ", ".join(f"{job.result():.1f} s" for job in hostile))
    show("beside hostile answers, eight threads", beside)


if __name__ == "__main__":
    main()
