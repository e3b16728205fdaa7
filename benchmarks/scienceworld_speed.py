"""ScienceWorld: our step and reset against the package's own, in one run, and eight environments against one.

python benchmarks/scienceworld_speed.py [--episodes 6] [--steps 60]

Both sides take the same commands in the same variations: the simulator's own solutions. Each side's process is warmed
up with the same episodes first. The package's step also asks for the surroundings, the inventory, the task and the
valid actions; ours asks for the last of these only where they are wanted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from statistics import median

from scienceworld import ScienceWorldEnv as Package

from skillflow_gym import Action
from skillflow_gym.envs.scienceworld import ScienceWorldEnv

TASKS = ("find-living-thing", "power-component", "boil", "use-thermometer", "lifespan-longest-lived", "grow-plant")

Script = list[tuple[str, int, tuple[str, ...]]]
"""Task, variation, commands."""


def script(episodes: int, steps: int) -> Script:
    """The first ``steps`` commands of solutions."""
    env = make()
    found = []
    for number in range(episodes):
        name = TASKS[number % len(TASKS)]
        task = next(t for t in env.taskset if t.record["kind"] == name)
        commands = tuple(action.argument for action in env.gold_actions(task)[:steps])
        found.append((name, int(task.record["variation"]), commands))
    return found


def make(admissible_actions: bool = False) -> ScienceWorldEnv:
    """An environment of ours."""
    return ScienceWorldEnv("ScienceWorld", step_limit=10**6, admissible_actions=admissible_actions)


def ours(env: ScienceWorldEnv, plan: Script) -> tuple[list[float], list[float]]:
    """Seconds of each reset and of each step."""
    resets, steps = [], []
    for name, variation, commands in plan:
        resets.append(timed(lambda n=name, v=variation: env.reset(options={"task": n, "variation": v})))
        steps += [timed(lambda c=command: env.step(Action.act(c))) for command in commands[:-1]]
    return resets, steps


def package(env: Package, plan: Script) -> tuple[list[float], list[float]]:
    """The same of the package."""
    resets, steps = [], []

    def reset(name: str, variation: int) -> None:
        env.load(name, variation, "")
        env.reset()

    for name, variation, commands in plan:
        resets.append(timed(lambda n=name, v=variation: reset(n, v)))
        steps += [timed(lambda c=command: env.step(c)) for command in commands[:-1]]
    return resets, steps


def timed(call: Callable[[], object]) -> float:
    """Seconds that ``call`` takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def rate(seconds: Iterable[float]) -> float:
    """Calls a second."""
    seconds = list(seconds)
    return len(seconds) / sum(seconds)


def side_by_side(plan: Script) -> None:
    """Print the table."""
    rows: dict[str, tuple[list[float], list[float]]] = {}
    with closing(Package("", envStepLimit=10**9)) as theirs, closing(make()) as bare, closing(make(True)) as listing:
        for _ in range(2):  # the first time warms up
            rows["the package"] = package(theirs, plan)
            rows["ours"] = ours(bare, plan)
            rows["ours, with admissible actions"] = ours(listing, plan)
    resets, steps = rows["the package"]
    for name, (its_resets, its_steps) in rows.items():
        print(
            f"{name:30} step {1e3 * median(its_steps):8.2f} ms median, {rate(its_steps):8.1f} /s "
            f"({rate(its_steps) / rate(steps):5.1f} x); reset {1e3 * median(its_resets):6.0f} ms median "
            f"({rate(its_resets) / rate(resets):4.1f} x)"
        )
    print("goal: ours without admissible actions at least 10 x the package's steps a second")


def together(plan: Script, count: int = 8) -> None:
    """Print how many steps a second ``count`` environments make, a thread each, and how many one makes."""
    envs = [make() for _ in range(count)]
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda env: ours(env, plan), envs))  # warm
        size = sum(len(commands) for _, _, commands in plan)
        one = size / timed(lambda: ours(envs[0], plan))
        all_of_them = count * size / timed(lambda: list(pool.map(lambda env: ours(env, plan), envs)))
    for env in envs:
        env.close()
    print(f"{count} environments {all_of_them:.0f} steps/s, resets included; one {one:.0f}; {all_of_them / one:.2f} x")
    print("goal: at least 1.6 x on two cores")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=6)
    parser.add_argument("--steps", type=int, default=60)
    arguments = parser.parse_args()
    plan = script(arguments.episodes, arguments.steps)
    side_by_side(plan)
    together(plan)


if __name__ == "__main__":
    main()
