"""How fast WebShop plays: searches, page steps, resets, random episodes, and 64 environments over one catalogue.

python benchmarks/webshop_speed.py [--source mini] [--env-steps 20000]

Goals on one core and about 1,000 products: search under 1 ms, page steps under 0.3 ms and reset under 1 ms (medians);
at least 2,000 random environment steps a second; 64 environments share one catalogue.
"""

from __future__ import annotations

import argparse
import resource
import time
from statistics import median

import numpy as np

from skillflow_gym import Action
from skillflow_gym.envs.webshop import WebShopEnv
from skillflow_gym.envs.webshop.proposals import queries

SHARED = 64


def memory() -> float:
    """The most memory this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bare(env: WebShopEnv) -> tuple[list[float], list[float], list[float]]:
    """Seconds of each search, page step and reset on the way to the first goals; no search is asked for twice."""
    searches, pages, resets, asked = [], [], [], set[str]()
    for index in range(min(500, len(env.taskset))):
        start = time.perf_counter()
        env.reset(options={"index": index})
        resets.append(time.perf_counter() - start)
        for query in set(queries(env.task.prompt)) - asked:
            asked.add(query)
            start = time.perf_counter()
            env.step(Action.act(f"search[{query}]"))
            searches.append(time.perf_counter() - start)
        env.reset(options={"index": index})
        for action in env.gold_actions(env.task):
            start = time.perf_counter()
            *_, terminated, _, _ = env.step(action)
            if not (terminated or action.argument.startswith("search")):
                pages.append(time.perf_counter() - start)
    return searches, pages, resets


def random_steps(env: WebShopEnv, count: int) -> float:
    """Steps a second of processor time: episodes that draw from the page's clicks, or search what the task names."""
    rng, over, start = np.random.default_rng(0), True, time.process_time()
    for _ in range(count):
        if over:
            env.reset(seed=int(rng.integers(2**31)))
        choices = env.admissible() or tuple(f"search[{query}]" for query in queries(env.task.prompt))
        _, _, terminated, truncated, _ = env.step(Action.act(choices[int(rng.integers(len(choices)))]))
        over = terminated or truncated
    return count / (time.process_time() - start)


def main() -> None:
    """Print the figures beside their goals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="mini")
    parser.add_argument("--env-steps", type=int, default=20_000)
    args = parser.parse_args()

    def shop() -> WebShopEnv:
        return WebShopEnv("WebShop", split="all", source=args.source, step_limit=100)

    start = time.perf_counter()
    env = shop()
    env.reset(seed=0)
    print(
        f"{env.source}: {len(env._catalogue)} products open in {time.perf_counter() - start:.2f} s, {memory():.0f} MiB"
    )
    for name, seconds, goal in zip(("search", "page step", "reset"), bare(env), (1.0, 0.3, 1.0), strict=True):
        print(f"{name} {1e3 * median(seconds):.3f} ms, median of {len(seconds)} (goal: under {goal} ms)")
    print(f"random steps {random_steps(env, args.env_steps):.0f}/s (goal: at least 2,000)")
    before, others = memory(), [shop() for _ in range(SHARED)]
    for seed, other in enumerate(others):
        other.reset(seed=seed)
        other.step(Action.act("search[new]"))
    catalogues = len({id(other._catalogue) for other in others})
    print(f"{SHARED} environments: {catalogues} catalogue, {memory() - before:.1f} MiB more")


if __name__ == "__main__":
    main()
