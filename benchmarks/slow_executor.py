"""Rollouts with an executor that takes 50 ms: the share of the ideal rate that concurrent episodes reach.

python benchmarks/slow_executor.py [--episodes 64 256] [--latency 0.05]

In process the executor only sleeps; the ideal is a step per episode and latency. Over HTTP a server on loopback answers
after as long, in a process of its own, and the ideal is what as many threads reach that only ask it the same, each with
a client of the package openai.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import gymnasium as gym
import numpy as np
import openai

from skillflow_gym.actions import ActionKind
from skillflow_gym.chat import Chat
from skillflow_gym.episode import suite_env
from skillflow_gym.executors import Result
from skillflow_gym.policy import Decision
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.tools import Toolbox
from skillflow_gym.trajectory import Context

STEPS = 12


class Browser:
    """Looks around in the shop and never buys: every episode has all its steps, and each is the executor's."""

    version, any_thread = "browser", True

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        """One of the proposals that end nothing."""
        made = []
        for context, rng in zip(contexts, rngs, strict=True):
            going = [p for p in context.proposals if p.kind is ActionKind.ACT and "buy now" not in p.argument.lower()]
            made.append(Decision(going[int(rng.integers(len(going)))], 0.0, 0.0))
        return made


class Sleeper:
    """An executor that waits and then does what the instruction says."""

    spec, deterministic = "sleeper", False

    def __init__(self, latency: float) -> None:
        self.latency = latency

    def begin(self, task_id: str, seed: int) -> None:
        """Nothing to forget."""

    def run(self, instruction: str, toolbox: Toolbox) -> Result:
        """The instruction, later."""
        time.sleep(self.latency)
        return Result(instruction)

    def close(self) -> None:
        """Nothing to free."""


def rate(episodes: int, executor: str = "", latency: float = 0.0) -> float:
    """Steps per second of ``episodes`` at a time."""

    def make_env() -> gym.Env[Any, Any]:
        env = gym.make("SkillFlow/WebShop-v0", source="mini", step_limit=STEPS, executor=executor)
        if not executor:
            suite_env(env).executor = Sleeper(latency)
        return env

    collector = Collector(make_env)
    task = suite_env(make_env()).taskset[0].id
    jobs = [Job(f"{k}", task, "g", (k,)) for k in range(episodes)]
    collector.collect(Browser(), jobs)  # the environments are made and warm
    found = collector.collect(Browser(), jobs)
    collector.close()
    assert found.env_steps == STEPS * episodes, "else fewer were under way than were asked for"
    return found.env_steps / found.seconds


def serve(latency: float, told: Any) -> None:
    """The server of the tests, in a process of its own."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.executors.chat_server import serving

    with serving(lambda request: "search[mug]", latency) as server:
        told.send(server.url)
        told.recv()


def asked(url: str) -> list[Any]:
    """What the executor asks the server in an episode."""
    found: list[Any] = []
    with mock.patch.object(Chat, "ask", autospec=True, side_effect=Chat.ask) as ask:
        rate(1, f"openai:m@{url}")
        found += [call.args[1] for call in ask.call_args_list]
    return found[-STEPS:]


def bare(url: str, clients: int) -> float:
    """Calls per second of ``clients`` threads that only ask, each what an executor asks."""
    made = [openai.OpenAI(api_key="none", base_url=url, max_retries=0) for _ in range(clients)]
    requests = asked(url)

    def ask(client: openai.OpenAI) -> None:
        for messages in requests:
            client.chat.completions.create(model="m", messages=messages, timeout=60)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(ask, made))
        start = time.perf_counter()
        list(pool.map(ask, made))
    return clients * STEPS / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--latency", type=float, default=0.05)
    args = parser.parse_args()
    for episodes in args.episodes:
        found, ideal = rate(episodes, latency=args.latency), episodes / args.latency
        print(f"in process, {episodes} at a time: {found:.0f} steps/s of {ideal:.0f}: {found / ideal:.0%}")
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(args.latency, theirs))
    process.start()
    url = ours.recv()
    clients = args.episodes[0]
    ideal, found = bare(url, clients), rate(clients, f"openai:m@{url}")
    print(f"over HTTP, {clients} at a time: {found:.0f} steps/s, bare clients {ideal:.0f}: {found / ideal:.0%}")
    ours.send("stop")
    process.join()


if __name__ == "__main__":
    main()
