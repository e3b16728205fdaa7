"""What a comparison runs: who is compared, the cells (agent, benchmarks, seed), and the budget of each."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import ModuleType

from skillflow_gym.agents.args import RunArgs, parse
from skillflow_gym.agents.policies.scorer import features_for
from skillflow_gym.cli.common import EnvArgs, UsageError, find
from skillflow_gym.registration import Stanza, registry, stanza, stanzas

OURS = {f.name.replace("_", "-") for f in fields(EnvArgs)} | {"seed", "steps", "run", "resume", "also"}
"""Flags that the comparison gives every agent itself; so are those that begin with ``eval-``."""


@dataclass(frozen=True)
class Contender:
    """An agent with its flags.

    Attributes:
        agent: the agent's name in registry.yaml.
        flags: its own flags, which make it a variant.
    """

    agent: str
    flags: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name in every table."""
        return shlex.join([self.agent, *self.flags])

    @property
    def slug(self) -> str:
        """The label as a file name."""
        return _slug(self.label)

    @property
    def module(self) -> ModuleType:
        """The agent's module."""
        return importlib.import_module(registry()["agents"][self.agent]["module"])

    @property
    def trained(self) -> bool:
        """Whether it is trained before it is evaluated."""
        arguments = getattr(self.module, "Args", None)
        return isinstance(arguments, type) and issubclass(arguments, RunArgs)

    def steps(self, episodes: int) -> int:
        """How many updates ``episodes`` training rollouts are enough for.

        Raises:
            UsageError: not even for one.
        """
        args = parse(self.module.Args, getattr(self.module, "PRESETS", {}), self.flags)
        per_step = args.tasks_per_step * args.rollouts
        if per_step > episodes:
            raise UsageError(f"--episodes {episodes} is less than one update of {self.label}, which takes {per_step}")
        return int(episodes // per_step)


def contenders(text: str) -> list[Contender]:
    """The agents of a list such as ``ttb, ttb --preset paper, random``.

    Raises:
        UsageError: an unknown agent, a flag that the comparison sets itself, or the same one twice.
    """
    known = registry()["agents"]
    found = []
    for entry in re.split(r"[,\n]", text):
        name, *flags = shlex.split(entry) or [""]
        if name not in known:
            raise UsageError(f"--agents: no agent is named {name!r}: choose among {', '.join(known)}")
        for flag in flags:
            if flag.startswith("--") and (flag[2:].partition("=")[0] in OURS or flag.startswith("--eval-")):
                raise UsageError(f"--agents: {flag} of {name!r} is the same for all: give it to compare itself")
        found.append(Contender(name, tuple(flags)))
    if len({c.slug for c in found}) < len(found):
        raise UsageError("--agents: the same agent twice; variants differ in a flag")
    return found


@dataclass(frozen=True)
class Cell:
    """One run: a contender, what it is trained on and evaluated on, and a seed.

    Attributes:
        contender: who.
        train: benchmarks, as the user named them; several are trained on in turn.
        evaluate: benchmarks.
        seed: of training and of every rollout.
    """

    contender: Contender
    train: tuple[str, ...]
    evaluate: tuple[str, ...]
    seed: int

    @property
    def folder(self) -> str:
        """Where it is kept, below the comparison's folder."""
        return f"cells/{self.contender.slug}/{_slug('+'.join(self.train))}/seed{self.seed}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.+]+", "-", text).strip("-")


def benchmarks(env: str, suite: str) -> dict[str, Stanza]:
    """The benchmarks that a comparison is about, by the names that the command line gives them.

    Raises:
        UsageError: one is unknown or not built, or none is left.
    """
    if suite:
        found = {s.name: s for s in stanzas() if s.built and (suite == "all" or s.distribution == suite)}
    else:
        found = {name.strip(): find(name.strip()) for name in env.split(",")}
    if missing := [s.name for s in found.values() if not s.built]:
        raise UsageError(f"{', '.join(missing)}: not built yet")
    if not found:
        raise UsageError(f"--suite {suite}: none of these benchmarks is built")
    return found


def cells(who: Sequence[Contender], about: Mapping[str, Stanza], seeds: int, transfer: bool) -> list[Cell]:
    """The runs of a comparison, seed after seed, so that every agent has one before any has two.

    With ``transfer`` an agent is trained on the in-distribution benchmarks and evaluated on all. The small policy
    describes passages and commands by different features, so it is one network for the benchmarks of each kind.

    Raises:
        UsageError: ``transfer`` without an in-distribution benchmark.
    """
    courses: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((name,), (name,)) for name in about]
    if transfer:
        kinds: dict[str, list[str]] = {}
        for name, s in about.items():
            kinds.setdefault(features_for(s.family), []).append(name)
        courses.clear()
        for kind in kinds.values():
            train = tuple(name for name in kind if about[name].distribution == "iid")
            if not train:
                raise UsageError("--transfer trains on in-distribution benchmarks of each kind: try --suite all")
            courses.append((train, tuple(kind)))
    return [Cell(c, *course, seed) for seed in range(seeds) for course in courses for c in who]


def distribution(name: str) -> str:
    """Whether a benchmark is ``iid`` or ``ood``."""
    return stanza(name).distribution
