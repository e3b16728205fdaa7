"""Evolution inside the trainer: hands the Evolver what an update saw, and rolls out for its gate."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from rich.console import Console
from tyro.conf import arg

from skillflow_gym.evolution import Evolver, Settings
from skillflow_gym.evolution.authors import Author
from skillflow_gym.evolution.authors.template import TemplateAuthor
from skillflow_gym.flow.credit import Credit, vargrad_log_z
from skillflow_gym.policy import Policy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.skills import SkillLibrary
from skillflow_gym.skills.audit import Protected
from skillflow_gym.skills.load import load_library
from skillflow_gym.skills.store import SkillStore
from skillflow_gym.tasks import TaskSet
from skillflow_gym.trajectory import Trajectory

if TYPE_CHECKING:
    from skillflow_gym.agents.args import TrainArgs


@dataclass
class EvolveArgs(Settings):
    """Arguments of the evolution of the skill library."""

    on: Annotated[bool, arg(name="")] = False
    """Evolve the skill library between updates."""
    author: Literal["template", "llm"] = "template"
    """Who writes skills: template needs no language model; llm is a server of OpenAI's protocol."""
    author_model: str = ""
    """The model of the author llm."""
    author_url: str = ""
    """The server of the author llm, as in http://127.0.0.1:8000/v1."""


class Evolution:
    """The trainer's Evolver: it gets each update's rollouts with their credit, and rolls out the policy for its gate.

    Attributes:
        evolver: the engine.
        ended: whether the last update ended a phase.
        seconds: time that the last update took, the gate's rollouts included.
    """

    def __init__(self, args: TrainArgs, tasks: Sequence[TaskSet]) -> None:
        """Begin with the library of ``args``; the train tasks come first in ``tasks``, which no skill may repeat.

        Raises:
            ValueError: the library holds a skill that does not pass the audit, or an argument is missing.
        """
        self._tasks = tasks[0]
        self.evolver = Evolver(
            _author(args.evolve),
            Settings(**{f.name: getattr(args.evolve, f.name) for f in fields(Settings)}),
            load_library(args.library),
            protected=Protected.of(tasks),
            eps=getattr(args, "eps", 0.1),
            seed=args.seed,
        )
        self._collector = Collector(partial(args.make_env, "train"), args.deadline, args.threads)
        self.ended, self.seconds = False, 0.0

    def keep_in(self, folder: Path) -> None:
        """Keep every version of the library in ``folder``."""
        self.evolver.keep_in(SkillStore(folder))

    def close(self) -> None:
        """Close the gate's environments; may be called twice."""
        self._collector.close()

    @property
    def library(self) -> SkillLibrary:
        """The present library."""
        return self.evolver.library

    def update(self, policy: Policy, trajectories: Sequence[Trajectory], beta: float) -> dict[str, float]:
        """Show the evolver the groups of an update and end a phase if it is time; figures for the log."""
        start, evolver = time.perf_counter(), self.evolver
        evolver.set_beta(beta)
        groups: dict[str, list[Trajectory]] = {}
        for trajectory in trajectories:
            groups.setdefault(trajectory.group, []).append(trajectory)
        for group in groups.values():
            if len(group) > 1:
                log_z = vargrad_log_z(group, beta=beta, eps=evolver.eps)
                for trajectory in group:
                    credit = Credit.of(trajectory)
                    evolver.observe(trajectory)
                    evolver.credit(trajectory.id, credit.log_pf, credit.log_ref, log_z)
        evolver.end_step()
        self.ended = evolver.ready
        if self.ended:
            evolver.end_phase(partial(self._roll_out, policy))
        self.seconds = time.perf_counter() - start
        return {
            "evolution/skills": len(evolver.library),
            "evolution/phases": evolver.phase,
            "evolution/rollouts": evolver.cost["rollouts"],
            "evolution/tokens": evolver.cost["tokens"],
        }

    def figures(self) -> dict[str, str]:
        """What the progress display shows of it."""
        evolver = self.evolver
        shown = {"skills": len(evolver.library), "phases": evolver.phase, "gate rollouts": evolver.cost["rollouts"]}
        if evolver.cost["tokens"]:
            shown["author tokens"] = evolver.cost["tokens"]
        return {name: f"{number:,}" for name, number in shown.items()}

    def summarise(self, console: Console, timing: Sequence[Mapping[str, Any]]) -> None:
        """Print what evolution did and what it cost; ``timing`` are the rows of timing.jsonl."""
        evolver = self.evolver
        seconds = sum(row.get("evolve", 0.0) for row in timing)
        everything = sum(row["collect"] + row["update"] + row.get("evolve", 0.0) for row in timing)
        console.print(
            f"evolution: {evolver.phase} phases, {len(evolver.library)} skills, version {evolver.library.version}; "
            f"cost: {seconds:.1f} s of {everything:.1f}, {evolver.cost['rollouts']:,} gate rollouts, "
            f"{evolver.cost['tokens']:,} tokens",
            soft_wrap=True,
            highlight=False,
        )

    def _roll_out(
        self, policy: Policy, library: SkillLibrary, *, tasks: int, rollouts: int, exclude: Collection[str], seed: int
    ) -> list[Trajectory]:
        """Rollouts of train tasks; where too few are left, some of the excluded ones fill up."""
        order = [self._tasks[int(i)].id for i in np.random.default_rng(seed).permutation(len(self._tasks))]
        chosen = sorted(order, key=lambda task: task in exclude)[:tasks]
        self._collector.library = library
        jobs = [Job(f"gate/{task}/{k}", task, task, (seed, k)) for task in chosen for k in range(rollouts)]
        return self._collector.collect(policy, jobs).trajectories


def _author(args: EvolveArgs) -> Author:
    if args.author == "template":
        return TemplateAuthor()
    if not args.author_model or not args.author_url:
        raise ValueError("--evolve.author llm needs --evolve.author-model and --evolve.author-url")
    from skillflow_gym.evolution.authors.llm import LLMAuthor

    return LLMAuthor(args.author_model, args.author_url)
