"""Evolution inside the trainer: hands the Evolver what an update saw, and rolls out for its gate."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from rich.console import Console
from tyro.conf import arg

from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.evolution import Evolver, Settings
from skillflow_gym.evolution.authors import Author
from skillflow_gym.evolution.authors.leads import WithLeads
from skillflow_gym.evolution.authors.template import TemplateAuthor
from skillflow_gym.flow.credit import Credit, vargrad_log_z
from skillflow_gym.policy import Policy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.skills import SkillLibrary
from skillflow_gym.skills.audit import Protected, make_reader
from skillflow_gym.skills.load import load_library
from skillflow_gym.skills.store import SkillStore
from skillflow_gym.tasks import TaskSet
from skillflow_gym.trajectory import Trajectory, read_trajectories, write_trajectories

if TYPE_CHECKING:
    from skillflow_gym.agents.args import TrainArgs

GATE_DROPS = "gate_drops.jsonl"


@dataclass
class EvolveArgs(Settings):
    """Arguments of the evolution of the skill library."""

    on: Annotated[bool, arg(name="")] = False
    """Evolve the skill library between updates."""
    try_skills: float = 0.25
    """Share of the training rollouts that begin by reading a new skill, if the objective is off-policy."""
    author: Literal["template", "llm"] = "template"
    """Who writes skills: template needs no language model; llm is a server of OpenAI's protocol."""
    author_model: str = ""
    """The model of the author llm."""
    author_url: str = ""
    """The server of the author llm, as in http://127.0.0.1:8000/v1."""
    reader: str = ""
    """Who reads skills for the audit: hf:MODEL, a language model in this process; a table of words if empty."""


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
            reader=make_reader(args.evolve.reader),
            eps=getattr(args, "eps", 0.1),
            seed=args.seed,
        )
        self._collector = Collector(partial(args.make_env, "train"), args.deadline, args.threads)
        self._trajectories_every = args.trajectories_every
        self._run: RunFolder | None = None
        self._drops: dict[tuple[int, str], dict[str, int]] = {}
        self.ended, self.seconds = False, 0.0

    def keep_in(self, folder: Path) -> None:
        """Keep every version of the library in ``folder``, the ``skills`` of a run.

        The run also keeps the trajectories that the events name, and in ``gate_drops.jsonl`` the episodes of the gate
        that the clock ended: resumed, it makes the same rollouts without the clock that it had.
        """
        self.evolver.keep_in(SkillStore(folder))
        self._run = RunFolder(folder.parent)
        rows = self._run.rows(GATE_DROPS)
        self._drops = {(row["phase"], row["library"]): row["dropped"] for row in rows}
        if rows:  # the next row must not follow half a line
            self._run.write_text(GATE_DROPS, "".join(json.dumps(row) + "\n" for row in rows))

    def close(self) -> None:
        """Close the gate's environments; may be called twice."""
        self._collector.close()

    @property
    def library(self) -> SkillLibrary:
        """The present library."""
        return self.evolver.library

    @property
    def new_skills(self) -> frozenset[str]:
        """The names of the skills that no phase has judged yet."""
        return frozenset(name for name, skill in self.library.items() if "visits" not in skill.metadata)

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
            self._keep_evidence()
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
        """As ``Rollout``."""
        order = [self._tasks[int(i)].id for i in np.random.default_rng(seed).permutation(len(self._tasks))]
        chosen = [task for task in order if task not in exclude][:tasks]
        self._collector.library = library
        jobs = [Job(f"gate/{task}/{k}", task, task, (seed, k)) for task in chosen for k in range(rollouts)]
        key = (self.evolver.phase + 1, library.version)
        collection = self._collector.collect(policy, jobs, drop=self._drops.get(key))
        if self._collector.deadline and key not in self._drops and self._run is not None:
            self._drops[key] = collection.dropped
            self._run.append(GATE_DROPS, {"phase": key[0], "library": key[1], "dropped": collection.dropped})
        return collection.trajectories

    def _keep_evidence(self) -> None:
        """Keep the trajectories that the event of this phase names, unless the run keeps them already."""
        if self._run is None:
            return
        folder, kept = self._run.path / "trajectories", set[str]()
        for phase in range(1, self.evolver.phase):
            if (file := folder / _evidence_file(phase)).is_file():
                kept.update(trajectory.id for trajectory in read_trajectories(file))
        named = [t for t in self.evolver.named if t.id not in kept and not self._kept_with_its_step(t)]
        if named:
            write_trajectories(folder / _evidence_file(self.evolver.phase), named)

    def _kept_with_its_step(self, trajectory: Trajectory) -> bool:
        """Whether the trainer keeps all of its update, whose number its id begins with."""
        every = self._trajectories_every
        return every > 0 and int(trajectory.id.partition("/")[0]) % every == 0


def _evidence_file(phase: int) -> str:
    return f"evidence-{phase:06d}.jsonl"


def _author(args: EvolveArgs) -> Author:
    if args.author == "template":
        return WithLeads(TemplateAuthor())
    if not args.author_model or not args.author_url:
        raise ValueError("--evolve.author llm needs --evolve.author-model and --evolve.author-url")
    from skillflow_gym.evolution.authors.llm import LLMAuthor

    return LLMAuthor(args.author_model, args.author_url)
