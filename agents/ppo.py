"""PPO: Stable-Baselines3's own PPO, or sb3-contrib's MaskablePPO, over the benchmark's proposals as discrete actions.

The loop is theirs. What is shared with the other agents is the network and the features of the scorer, the budget of
rollouts, the panel and the evaluation, so that the algorithm is what differs. Plain PPO must learn which slots are
empty; MaskablePPO is told. Their loop knows no unscored episode: one counts as a failure, and the log says how many.
A run that was killed starts anew.
"""

from __future__ import annotations

import platform
import time
from collections import deque
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
from stable_baselines3.common.callbacks import BaseCallback
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
from skillflow_gym.agents.runs import RunError, RunFolder
from skillflow_gym.cli.common import console, find, loaded
from skillflow_gym.episode import Episode
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
    """Environments that are stepped together."""
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


class Budget(BaseCallback):
    """Stops at the budget of episodes, and writes a row per iteration."""

    def __init__(self, run: RunFolder, episodes: int) -> None:
        super().__init__()
        self._run, self._episodes = run, episodes
        self.episodes = 0
        """Episodes that have ended."""
        self._ended: deque[dict[str, Any]] = deque()

    @property
    def left(self) -> float:
        """Share of the budget that is left, in [0, 1]."""
        return max(0.0, 1 - self.episodes / self._episodes)

    def _on_rollout_start(self) -> None:
        self._start = time.perf_counter()

    def _on_step(self) -> bool:
        for done, info in zip(self.locals["dones"], self.locals["infos"], strict=True):
            if done:
                self.episodes += 1
                self._ended.append(info)
        return self.episodes < self._episodes

    def _on_rollout_end(self) -> None:
        self._write()

    def _on_training_end(self) -> None:
        if self._ended:  # the budget ended within an iteration, which trains nothing
            self._write()

    def _write(self) -> None:
        """Write the figures of these rollouts, and the losses of the updates before them."""
        scored = [info for info in self._ended if not info["unscored"]]
        row: dict[str, Any] = {"step": self.num_timesteps, "episodes": self.episodes}
        row["charts/success"] = float(np.mean([info["success"] for info in scored])) if scored else 0.0
        row["charts/unscored"] = 1 - len(scored) / len(self._ended) if self._ended else 0.0
        figures = self.logger.name_to_value
        row |= {f"losses/{name[6:]}": float(v) for name, v in figures.items() if name.startswith("train/")}
        self._run.append("metrics.jsonl", row)
        self._run.append("timing.jsonl", {"step": self.num_timesteps, "collect": time.perf_counter() - self._start})
        self._ended.clear()


def make_model(args: Args, slots: int, env: Any = None, left: Callable[[], float] = lambda: 1.0) -> Any:
    """The model of ``args``, untrained; without ``env`` it can act and not learn. ``left`` tells the budget's rest."""
    layout = FEATURES[features_for(find(args.env).family)][1]
    maskable = args.algo == "maskable"
    algorithm: Any = MaskablePPO if maskable else PPO
    return algorithm(
        MaskableScoringPolicy if maskable else ScoringPolicy,
        env if env is not None else DummyVecEnv([lambda: _Spaces(args, slots)] * args.envs),
        learning_rate=lambda _: args.learning_rate * (0.1 + 0.9 * left()),
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
    train_tasks, panel_tasks = (loaded(args.make_env(split)).taskset for split in ("train", "test"))
    require_disjoint(train_tasks, panel_tasks)
    kind, slots = features_for(benchmark.family), args.slots or enough_slots(partial(args.make_env, "train"))
    data = {t.split: {"tasks": len(t), "sha256": t.sha256} for t in (train_tasks, panel_tasks)}
    versions = {"skillflow-gym": skillflow_gym.__version__, "python": platform.python_version()}
    versions |= {"torch": str(torch.__version__), "numpy": np.__version__, "gymnasium": gym.__version__}
    config = {"agent": "ppo", "args": asdict(args), "slots": slots, "data": data, "versions": versions}
    run = RunFolder.create(Path(args.run or Path("runs") / f"{benchmark.name}-ppo-seed{args.seed}"), config)
    out.print(f"ppo on {benchmark.env_id}, source {args.source}, seed {args.seed}", highlight=False)
    out.print(f"run folder: {run.path}", soft_wrap=True, highlight=False)
    envs = DummyVecEnv(
        [lambda: SlotFeatures(DiscreteAction(args.make_env("train"), slots), kind) for _ in range(args.envs)]
    )
    episodes = args.steps * args.tasks_per_step * args.rollouts
    budget = Budget(run, episodes)
    model = make_model(args, slots, envs, lambda: budget.left)
    policy = SB3Policy(model, kind, masks=args.algo == "maskable")
    panel = Panel(run, panel_tasks[: args.eval_tasks or None], partial(args.make_env, "test"), cast(Any, args))
    panel.before(cast(Any, policy), out)
    model.learn(episodes * (args.step_limit or benchmark.step_limit), callback=budget, log_interval=None)
    envs.close()
    policy.updates = model._n_updates
    run.save_checkpoint(policy.updates, {"policy": model.policy.state_dict(), "updates": policy.updates})
    panel.after(cast(Any, policy), out, None)
    panel.summarise(out, train_tasks)
    return policy


def load_policy(folder: str) -> SB3Policy:
    """The policy of the run in ``folder``.

    Raises:
        RunError: the folder is no run of this agent, or has not ended.
    """
    run = RunFolder(folder)
    config, found = run.config(), run.load_checkpoint()
    if config["agent"] != "ppo" or found is None:
        raise RunError(f"{folder} is no run of ppo that has ended")
    args = Args(**config["args"])
    model = make_model(args, config["slots"])
    model.policy.load_state_dict(found[1]["policy"])
    policy = SB3Policy(model, features_for(find(args.env).family), masks=args.algo == "maskable")
    policy.updates = found[1]["updates"]
    return policy


def main() -> None:
    """Run from the command line."""
    with one_line_errors():
        train(parse(Args), console())


if __name__ == "__main__":
    main()
