"""PPO: Stable-Baselines3's own PPO, or sb3-contrib's MaskablePPO, over the benchmark's proposals as discrete actions.

The loop is theirs. What is shared with the other agents is the network and the features of the scorer, the budget of
rollouts, the panel and the evaluation, so that the algorithm is what differs. Plain PPO must learn which slots are
empty; MaskablePPO is told. Their loop knows no unscored episode: one counts as a failure, and the log says how many.
Checkpoints are Stable-Baselines3's own zip files, which ``MaskablePPO.load`` reads, and a killed run resumes from them
to the same numbers.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import gymnasium as gym
import numpy as np
import torch
from rich.console import Console
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv

import skillflow_gym
from skillflow_gym.agents.args import RunArgs, one_line_errors, parse
from skillflow_gym.agents.panel import Panel
from skillflow_gym.agents.policies.sb3 import (
    MaskableScoringPolicy,
    SB3Policy,
    ScoringPolicy,
    SlotExtractor,
    SlotFeatures,
    observation_space,
)
from skillflow_gym.agents.policies.scorer import FEATURES, features_for
from skillflow_gym.agents.ppo_budget import Budget, Numbered, checkpoints
from skillflow_gym.agents.runs import RunError, RunFolder
from skillflow_gym.cli.common import console, find, loaded
from skillflow_gym.episode import Episode, suite_env
from skillflow_gym.policy import UniformPolicy
from skillflow_gym.sources import resolve_source
from skillflow_gym.tasks import require_disjoint
from skillflow_gym.wrappers import DiscreteAction


@dataclass
class Args(RunArgs):
    """Train a policy with PPO. The budget is --steps x --tasks-per-step x --rollouts episodes, as for the others."""

    algo: Literal["ppo", "maskable"] = "maskable"
    """ppo: stable-baselines3's PPO; maskable: sb3-contrib's MaskablePPO, which never takes an empty slot."""
    slots: int = 0
    """Discrete actions; 0 for 64, or as many as a few random episodes need."""
    envs: int = 16
    """Environments that are stepped together; where the benchmark allows fewer, each takes more steps."""
    n_steps: int = 64
    """Steps of each environment per iteration."""
    batch_size: int = 256
    """Steps per gradient step."""
    n_epochs: int = 4
    """Passes over the steps of an iteration."""
    learning_rate: float = 1e-3
    """Of Adam at the start; it falls linearly to a tenth over the run."""
    gae_lambda: float = 0.95
    """Of generalised advantage estimation; the discount is 1, since the reward is the outcome."""
    clip: float = 0.2
    """How far a ratio of probabilities may go from 1."""
    entropy: float = 0.01
    """Weight of the entropy of decisions."""
    resume: str = ""
    """A run's folder to continue; its config.yaml replaces all other arguments."""

    def __post_init__(self) -> None:
        """Refuse what PPO could only trip over.

        Raises:
            ValueError: a number is too small; or as in ``RunArgs``.
        """
        super().__post_init__()
        least = {"slots": 0, "envs": 1, "n_steps": 1, "batch_size": 2, "n_epochs": 1, "learning_rate": 0, "entropy": 0}
        for name, smallest in least.items():
            if not getattr(self, name) >= smallest:
                raise ValueError(f"--{name.replace('_', '-')} must be at least {smallest}, got {getattr(self, name)}")
        if self.envs * self.n_steps % self.batch_size:
            raise ValueError(f"--batch-size must divide --envs x --n-steps, {self.envs * self.n_steps}")


ALGORITHMS: dict[str, Any] = {"ppo": PPO, "maskable": MaskablePPO}


def make_model(args: Args, slots: int, env: Any = None, left: Callable[[], float] = lambda: 1.0) -> Any:
    """The model of ``args``, untrained; without ``env`` it can act and not learn. ``left`` tells the budget's rest."""
    layout = FEATURES[features_for(find(args.env).family)][1]
    return ALGORITHMS[args.algo](
        MaskableScoringPolicy if args.algo == "maskable" else ScoringPolicy,
        env if env is not None else DummyVecEnv([lambda: _Spaces(args, slots)] * args.envs),
        learning_rate=_schedule(args, left),
        n_steps=args.n_steps,
        batch_size=args.batch_size,
        n_epochs=args.n_epochs,
        gamma=1.0,
        gae_lambda=args.gae_lambda,
        clip_range=args.clip,
        ent_coef=args.entropy,
        policy_kwargs={
            "features_extractor_class": SlotExtractor,
            "features_extractor_kwargs": {"layout": layout},
            "ortho_init": False,
        },
        seed=args.seed,
        device="cpu",
    )


def _schedule(args: Args, left: Callable[[], float]) -> Callable[[float], float]:
    return lambda _: args.learning_rate * (0.1 + 0.9 * left())


class _Spaces(gym.Env[Any, Any]):
    """Only the spaces, for a model that is loaded to act."""

    def __init__(self, args: Args, slots: int) -> None:
        self.observation_space = observation_space(features_for(find(args.env).family), slots)
        self.action_space = gym.spaces.Discrete(slots)


def enough_slots(make_env: Callable[[], gym.Env[Any, Any]]) -> int:
    """64, or the next power of two to what ten random episodes propose."""
    env, most = make_env(), 0
    for seed in range(10):
        episode, rng = Episode(env, seed=seed), np.random.default_rng(seed)
        while not episode.done:
            most = max(most, len(episode.context.proposals))
            episode.step(UniformPolicy().act([episode.context], [rng])[0])
    env.close()
    return max(64, 1 << (most - 1).bit_length())


def train(args: Args, out: Console) -> SB3Policy:
    """Train as ``args`` say: evaluate, learn, save, evaluate again.

    Raises:
        ValueError: an argument or the data is wrong; the message says what to do.
    """
    torch.set_num_threads(args.torch_threads)
    torch.manual_seed(args.seed)
    benchmark = find(args.env)
    args.source = str(resolve_source(benchmark, args.source, ("train", "test")))
    cores = [loaded(args.make_env(split)) for split in ("train", "test")]
    train_tasks, panel_tasks = (core.taskset for core in cores)
    require_disjoint(train_tasks, panel_tasks)
    if most := cores[0].parallel:
        args.envs, args.n_steps = min(args.envs, most), args.n_steps * args.envs // min(args.envs, most)
    kind, slots = features_for(benchmark.family), args.slots or enough_slots(partial(args.make_env, "train"))
    data = {t.split: {"tasks": len(t), "sha256": t.sha256} for t in (train_tasks, panel_tasks)}
    versions = {"skillflow-gym": skillflow_gym.__version__, "python": platform.python_version()}
    versions |= {"torch": str(torch.__version__), "numpy": np.__version__, "gymnasium": gym.__version__}
    config = {"agent": "ppo", "args": asdict(args), "slots": slots, "data": data, "versions": versions}
    run = _run_folder(args, config, f"{benchmark.name}-ppo-seed{args.seed}")
    out.print(f"ppo on {benchmark.env_id}, source {args.source}, seed {args.seed}", highlight=False)
    out.print(f"run folder: {run.path}", soft_wrap=True, highlight=False)
    episodes = args.steps * args.tasks_per_step * args.rollouts
    budget = Budget(run, episodes)
    envs = DummyVecEnv([partial(_make_env, args, slots, kind, place) for place in range(args.envs)])
    model = _restore(args, run, envs, budget) or make_model(args, slots, envs, lambda: budget.left)
    policy = SB3Policy(model, kind, masks=args.algo == "maskable")
    policy.updates = model._n_updates
    panel = Panel(run, panel_tasks[: args.eval_tasks or None], partial(args.make_env, "test"), cast(Any, args))
    panel.before(cast(Any, policy), out)
    if budget.left:
        most = episodes * (args.step_limit or benchmark.step_limit)
        model.learn(most, callback=budget, log_interval=None, reset_num_timesteps=False)
    envs.close()
    policy.updates = model._n_updates
    panel.after(cast(Any, policy), out, None)
    panel.summarise(out, train_tasks)
    return policy


def _make_env(args: Args, slots: int, kind: str, place: int) -> Numbered:
    return Numbered(SlotFeatures(DiscreteAction(args.make_env("train"), slots), kind), args.seed, place)


def _run_folder(args: Args, config: dict[str, Any], name: str) -> RunFolder:
    """A new run's folder, or that of the run to resume.

    Raises:
        RunError: that is another agent's, or was trained on other tasks.
    """
    if not args.resume:
        return RunFolder.create(Path(args.run or Path("runs") / name), config)
    run = RunFolder(args.resume)
    if any(run.config()[part] != config[part] for part in ("agent", "data")):
        raise RunError(f"{run.path} is no run of ppo, or its tasks have changed: restore its data or start a new run")
    return run


def _restore(args: Args, run: RunFolder, envs: DummyVecEnv, budget: Budget) -> Any:
    """The model of the newest checkpoint, its environments where they were; None if there is none."""
    found = checkpoints(run)
    if args.resume:
        run.cut_back(int(found[-1].stem.partition("-")[2]) if found else 0)
    if not found:
        return None
    repeats = suite_env(envs.envs[0]).executor.deterministic
    schedule = _schedule(args, lambda: budget.left)
    model = ALGORITHMS[args.algo].load(found[-1], envs, "cpu", force_reset=not repeats, learning_rate=schedule)
    budget.episodes = model.taken["episodes"]
    for env, (number, actions) in zip(envs.envs, model.taken["envs"], strict=True):
        cast(Numbered, env).take_up(number, actions)
    return model


def load_policy(folder: str, trained: bool = True) -> SB3Policy:
    """The policy of the newest checkpoint of the run in ``folder``, or with ``trained=False`` what it began as.

    Raises:
        RunError: the folder is no run of this agent, or has no checkpoint yet.
    """
    run = RunFolder(folder)
    config, found = run.config(), checkpoints(run)
    if config["agent"] != "ppo":
        raise RunError(f"{folder} is no run of ppo")
    if trained and not found:
        raise RunError(f"{folder} has no checkpoint yet: let it run for a while")
    args = Args(**config["args"])
    model = ALGORITHMS[args.algo].load(found[-1], device="cpu") if trained else make_model(args, config["slots"])
    policy = SB3Policy(model, features_for(find(args.env).family), masks=args.algo == "maskable")
    policy.updates = model._n_updates
    return policy


def main() -> None:
    """Run from the command line."""
    with one_line_errors():
        train(parse(Args), console())


if __name__ == "__main__":
    main()
