"""The arguments that every trained agent shares; each agent's own Args adds those of its objective."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, TypeVar

import gymnasium as gym
import tyro

from skillflow_gym.agents.evolution import EvolveArgs
from skillflow_gym.agents.policies.lm_args import LMArgs
from skillflow_gym.agents.processes import started
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.cli.common import EnvArgs
from skillflow_gym.errors import InfrastructureError


@dataclass
class RunArgs(EnvArgs):
    """What every trained agent takes, whatever trains it."""

    fewest_rollouts: ClassVar[int] = 1
    seed: int = 0
    """Seeds the policy, the order of the tasks and every rollout."""
    steps: int = 700
    """Number of updates; rollouts of the evolution's gate are taken off it, so that runs with and without are equal."""
    tasks_per_step: int = 8
    """Tasks per update."""
    rollouts: int = 16
    """Rollouts per task and update: the group."""
    eval_tasks: int = 200
    """Size of the test panel: its first tasks; 0 for all."""
    eval_rollouts: int = 4
    """Rollouts per task of the test panel."""
    deadline: float = 0.0
    """Seconds per episode, after which it is dropped; 0 for none."""
    threads: int = 0
    """Threads that step environments; 0 for as many as the benchmark needs, mostly none."""
    torch_threads: int = 1
    """Threads of torch; results are reproducible for the same number."""
    run: str = ""
    """The run's folder; empty for runs/<env>-<agent>-seed<seed>."""

    def __post_init__(self) -> None:
        """Refuse what a run could only trip over, or what it would silently learn nothing from.

        Raises:
            ValueError: a number is too small, or ``env_args`` is no YAML mapping.
        """
        for name, least in {**_LEAST, "rollouts": self.fewest_rollouts}.items():
            if not getattr(self, name, least) >= least:  # so that NaN is refused too
                raise ValueError(f"--{name.replace('_', '-')} must be at least {least}, got {getattr(self, name)}")
        self.more_arguments()


@dataclass
class TrainArgs(RunArgs):
    """Arguments of a training run of the shared trainer."""

    fewest_rollouts: ClassVar[int] = 2  # as a rule, a rollout is compared with the others of its group
    also: str = ""
    """More benchmarks to train on, with commas: updates take turns. NAME=SOURCE where the source is not --source."""
    policy: str = "scorer"
    """scorer, a small network over the benchmark's proposals; or hf:MODEL, a language model: its folder or hub name."""
    lm: LMArgs = field(default_factory=LMArgs)
    """How a language model decides and is trained."""
    replay_groups: int = 0
    """Groups of past rollouts that are kept for more gradient steps; 0 for on-policy training."""
    gradient_steps: int = 1
    """Gradient steps per update: the first on its own groups, the others on kept ones."""
    stale: int = 0
    """Updates by which a language model plays ahead, with older parameters, while updates are computed; 0 for none."""
    learning_rate: float = 2e-3
    """Of AdamW at the start of its schedule."""
    schedule: Literal["linear", "cosine"] = "linear"
    """Of the learning rate: linearly down to a tenth; or up over ten updates and down to zero along a cosine."""
    weight_decay: float = 0.01
    """Of AdamW."""
    max_grad_norm: float = 1.0
    """Gradients are scaled down to this norm, each parameter group by itself."""
    checkpoint_every: int = 25
    """Updates between checkpoints."""
    trajectories_every: int = 50
    """Updates between those whose trajectories are kept; 0 keeps none."""
    paths_every: int = 50
    """Updates between counts of distinct successful paths, which take replays; 0 counts none."""
    evolve: EvolveArgs = field(default_factory=EvolveArgs)
    """Evolution of the skill library."""
    resume: str = ""
    """A run's folder to continue; its config.yaml replaces all other arguments."""

    def __post_init__(self) -> None:
        """As in ``RunArgs``; ``evolve`` and ``lm`` may be mappings, as config.yaml holds them."""
        if isinstance(self.evolve, Mapping):
            self.evolve = EvolveArgs(**self.evolve)
        if isinstance(self.lm, Mapping):
            self.lm = LMArgs(**self.lm)
        super().__post_init__()


_LEAST: Mapping[str, float] = {
    **dict.fromkeys(("steps", "tasks_per_step", "gradient_steps", "eval_rollouts", "checkpoint_every"), 1),
    **dict.fromkeys(("seed", "replay_groups", "stale", "eval_tasks", "trajectories_every", "paths_every"), 0),
    **dict.fromkeys(("learning_rate", "weight_decay", "max_grad_norm", "deadline", "threads"), 0),
    "torch_threads": 1,
}

A = TypeVar("A", bound=EnvArgs)


def parse(
    cls: type[A], presets: Mapping[str, Mapping[str, Any]] | None = None, words: Sequence[str] | None = None
) -> A:
    """The command line as ``cls``; ``--preset`` sets defaults that other flags override, ``--resume`` reads all.

    ``words`` stand for the command line if they are given.

    Raises:
        RunError: what is to be resumed is no run.
    """
    args = tyro.cli(cls, args=words)
    if resume := getattr(args, "resume", ""):
        return restore(cls, resume)
    chosen = (presets or {}).get(getattr(args, "preset", ""))
    return tyro.cli(cls, args=words, default=replace(cls(), **chosen)) if chosen else args


def restore(cls: type[A], folder: str) -> A:
    """The arguments of the run in ``folder``, with ``resume`` set to it.

    Raises:
        RunError: the folder is no run.
    """
    stored = RunFolder(folder).config()["args"]
    known = {f.name for f in fields(cls)}
    return cls(**{name: value for name, value in {**stored, "resume": folder}.items() if name in known})


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What the user can mend ends as one line on standard error; anything else is a bug and keeps its traceback."""
    try:
        yield
    except (ValueError, OSError, gym.error.Error, InfrastructureError) as error:
        where = f"{started()}: " if started() else ""
        print(f"error: {where}{' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)  # as every command that was called wrongly
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
