"""ALFWorld's step and reset against TextWorld's engine called bare, on the same games and commands, in one run.

python benchmarks/alfworld_speed.py [--games 6] [--steps 30] [--envs 8]

The bare engine is PddlEnv with ALFWorld's names, in a process of its own, as an environment's is. Both sides are asked
for won and admissible commands. Translations are kept in a folder that is empty at first: the first reset of a game
makes one, the second finds it.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import gymnasium as gym

from skillflow_gym import Action
from skillflow_gym.envs.mini.alfworld import specs
from skillflow_gym.envs.mini.alfworld_game import author


def make() -> gym.Env[Any, Any]:
    """An environment of the test split whose episodes end when the game is won."""
    return gym.make("SkillFlow/ALFWorld-v0", source="mini", split="test", step_limit=10**6)


def bare(connection: Connection, games: list[dict[str, str]], scripts: list[list[str]]) -> None:
    """Seconds of every load with reset and of every step, sent to ``connection``."""
    import textworld
    from alfworld.agents.environment.alfred_tw_env import AlfredDemangler

    infos = textworld.EnvInfos(won=True, admissible_commands=True)
    engine = AlfredDemangler(textworld.envs.PddlEnv(infos))
    resets, steps = [], []
    for game, script in zip(games, scripts, strict=True):
        start = time.perf_counter()
        engine.load(game)
        engine.reset()
        resets.append(time.perf_counter() - start)
        for command in script:
            start = time.perf_counter()
            engine.step(command)
            steps.append(time.perf_counter() - start)
    connection.send((resets, steps))


def play(env: gym.Env[Any, Any], games: list[int], steps: int) -> tuple[list[float], list[float], list[list[str]]]:
    """Seconds of every reset and step of random commands, and the commands."""
    resets, seconds, scripts = [], [], []
    for index in games:
        rng = random.Random(index)
        start = time.perf_counter()
        _, info = env.reset(seed=0, options={"index": index})
        resets.append(time.perf_counter() - start)
        script: list[str] = []
        while len(script) < steps:
            script.append(rng.choice(info["admissible_actions"]))
            start = time.perf_counter()
            *_, over, _, info = env.step(Action.act(script[-1]))
            seconds.append(time.perf_counter() - start)
            if over:
                break
        scripts.append(script)
    return resets, seconds, scripts


def rate(count: int, steps: int) -> float:
    """Steps per second of ``count`` environments, a thread each."""
    envs = [make() for _ in range(count)]
    for number, env in enumerate(envs):
        play(env, [number], 1)
    with ThreadPoolExecutor(count) as pool:
        start = time.perf_counter()
        played = pool.map(lambda item: len(play(item[1], [item[0]], steps)[1]), enumerate(envs))
        total = sum(played) / (time.perf_counter() - start)
    for env in envs:
        env.close()
    return total


def main() -> None:
    """Print medians in milliseconds, and the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--games", type=int, default=6)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--envs", type=int, default=8)
    args = parser.parse_args()
    games = list(range(args.games))
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(XDG_CACHE_HOME=folder, ALFWORLD_DATA=folder)  # the package would make one in the home
        env = make()
        env.reset(seed=0, options={"index": args.games})  # starts the engine's process
        first, _, _ = play(env, games, args.steps)
        again, ours, scripts = play(env, games, args.steps)
        env.close()
        context = get_context("spawn")
        receiver, sender = context.Pipe(False)
        data = [author(spec).data for spec in specs("test")[: args.games]]
        process = context.Process(target=bare, args=(sender, data, scripts))
        process.start()
        theirs, steps = receiver.recv()
        process.join()
        one, many = rate(1, 5 * args.steps), rate(args.envs, 5 * args.steps)
    print(f"{args.games} games, {len(ours)} steps of random commands; medians")
    step, engine = statistics.median(ours) * 1e3, statistics.median(steps) * 1e3
    print(f"step   ours {step:8.2f} ms, bare {engine:8.2f} ms, ratio {step / engine:.3f} (goal: at most 1.15)")
    made, kept, load = (statistics.median(seconds) * 1e3 for seconds in (first, again, theirs))
    print(f"reset  ours {made:8.1f} ms the first time, {kept:8.1f} ms from the disk; bare {load:8.1f} ms with load")
    print(f"steps per second: 1 environment {one:.0f}, {args.envs} in threads {many:.0f}, ratio {many / one:.2f}")


if __name__ == "__main__":
    main()
