"""What the contract tests share: making an environment, and playing one while everything it says is kept."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from skillflow_gym import Action, ActionKind, Context, SkillEnv, TaskSet
from skillflow_gym.envs import mini
from skillflow_gym.envs.mini import mind2web
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision
from skillflow_gym.registration import stanza, stanzas
from tests.built import built, playable
from tests.contract import outsider

BUILT = built()
PLAYABLE = playable()
QA = tuple(s.name for s in stanzas() if s.built and s.family == "qa")

Choose = Callable[[Context, np.random.Generator], Action | str]


class Tape(gym.Wrapper[Any, Any, Any, Any]):
    """Keeps what reset and step return."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.said: list[tuple[Any, ...]] = []

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        result = self.env.reset(**kwargs)
        self.said.append(result)
        return result

    def step(self, action: Any) -> Any:
        result = self.env.step(action)
        self.said.append(result)
        return result

    @property
    def infos(self) -> list[dict[str, Any]]:
        return [entry[-1] for entry in self.said]


def make(name: str, source: str = "mini", **kwargs: Any) -> gym.Env[Any, Any]:
    """The benchmark ``name`` as a user makes it."""
    return gym.make(stanza(name).env_id, source=source, **kwargs)


def core(env: gym.Env[Any, Any]) -> SkillEnv:
    """The environment below all wrappers."""
    assert isinstance(env.unwrapped, SkillEnv)
    return env.unwrapped


def first_act(env: SkillEnv) -> Action:
    """The first act of the gold actions; where they only accept, an instruction that no tool takes."""
    acts = [action for action in env.gold_actions(env.task) if action.kind is ActionKind.ACT]
    return acts[0] if acts else Action.act("look around")


def few(name: str, count: int) -> int:
    """``count``, or a tenth of it for a benchmark with an engine of its own, which an extra brings: those take time."""
    return max(1, count // 10) if stanza(name).extra else count


def short(name: str, **kwargs: Any) -> gym.Env[Any, Any]:
    """As ``make``; where the engine takes its time, episodes end after twelve actions."""
    return make(name, **({"step_limit": 12} if stanza(name).extra else {}), **kwargs)


def quick(name: str, **kwargs: Any) -> gym.Env[Any, Any]:
    """As ``make``, without the lists of admissible actions where an engine takes much longer for them than a step."""
    return make(name, **({"admissible_actions": False} if name == "ScienceWorld" else {}), **kwargs)


@cache
def taskset(name: str, split: str) -> TaskSet:
    """The mini tasks of a split."""
    return core(make(name, split=split)).taskset


def mini_records(name: str, split: str = "train") -> list[dict[str, Any]]:
    """The mini tasks as records in the schema of the benchmark's files."""
    if name == "Mind2Web":
        return mind2web.records(stanza(name).splits[split])
    if name == outsider.STANZA["name"]:
        return outsider.mini_records(split)
    own = getattr(type(core(make(name))), "mini_records", None)
    return list(own(split)) if own is not None else mini.records(name, split)


def record_path(name: str, folder: Path, split: str = "train", end: str = ".jsonl") -> Path:
    """Where the source ``file:FOLDER`` has the records of a split."""
    entry = stanza(name)
    return folder / ("" if isinstance(entry.data, str) else entry.data[split]) / f"{entry.splits[split]}{end}"


def real_folder(name: str) -> Path:
    """The folder that ``file:`` takes for the benchmark's real data."""
    data = stanza(name).data
    return Path(os.environ.get("SKILLFLOW_DATA", "")) / (data if isinstance(data, str) else "")


def uniform(context: Context, rng: np.random.Generator) -> Action:
    """A proposal."""
    return context.proposals[int(rng.integers(len(context.proposals)))]


def busy(context: Context, rng: np.random.Generator) -> Action:
    """Mostly a proposal that does not end the episode."""
    going_on = tuple(action for action in context.proposals if action.kind is not ActionKind.ACCEPT)
    return uniform(replace(context, proposals=going_on) if going_on and rng.random() < 0.7 else context, rng)


def careless(context: Context, rng: np.random.Generator) -> Action | str:
    """Mostly a proposal, sometimes no action at all, a skill that does not exist, or an instruction of no tool."""
    others: list[Action | str] = ["I think that", Action.skill("no-such-skill"), Action.act("dance")]
    return others[int(rng.integers(3))] if rng.random() < 0.2 else busy(context, rng)


def play(env: gym.Env[Any, Any], seed: int, choose: Choose = uniform, task_id: str | None = None) -> Tape:
    """One episode with the choices that ``seed`` gives, on tape."""
    tape, rng = Tape(env), np.random.default_rng(seed)
    episode = Episode(tape, seed=seed, task_id=task_id)
    while not episode.done:
        episode.step(Decision(choose(episode.context, rng), 0.0, 0.0))
    return tape


def transcript(env: gym.Env[Any, Any], episodes: int = 6) -> str:
    """Careless episodes as JSON lines, proposals included: equal texts are equal episodes, byte for byte."""
    lines: list[str] = []
    episodes = few(core(env).stanza.name, episodes)

    def watch(context: Context, rng: np.random.Generator) -> Action | str:
        lines.append(json.dumps(context.proposals))
        return careless(context, rng)

    for seed in range(episodes):
        lines += [json.dumps(entry) for entry in play(env, seed, watch).said]
    return "\n".join(lines)


@contextmanager
def no_network() -> Iterator[None]:
    """Refuse every look-up and connection beyond this machine; one whose error was swallowed fails at the end."""
    attempts: list[str] = []

    def guarded(real: Callable[..., Any], host: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if (where := host(*args)) not in ("", None, "127.0.0.1", "::1", "localhost"):
                attempts.append(f"{where} from {threading.current_thread().name}")
                raise OSError(f"the tests are offline: {where}")
            return real(*args, **kwargs)

        return call

    def peer(sock: socket.socket, address: Any) -> Any:
        return address[0] if sock.family in (socket.AF_INET, socket.AF_INET6) else ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(socket.socket.connect, peer))
        patch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex, peer))
        patch.setattr(socket, "getaddrinfo", guarded(socket.getaddrinfo, lambda host, *_: host))
        yield
    assert not attempts, attempts
