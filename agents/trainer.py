"""The one training loop: collect, loss, step, log, checkpoint. Agents differ in the objective they hand it."""

from __future__ import annotations

import gc
import math
import platform
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
import torch
from rich.console import Console
from torch import Tensor, nn

import skillflow_gym
from skillflow_gym.agents.ahead import Ahead
from skillflow_gym.agents.args import TrainArgs
from skillflow_gym.agents.courses import Course, more_courses
from skillflow_gym.agents.display import Display
from skillflow_gym.agents.evolution import Evolution
from skillflow_gym.agents.panel import Panel
from skillflow_gym.agents.policies.lm import LanguageModel
from skillflow_gym.agents.policies.lm_args import PREFIX
from skillflow_gym.agents.policies.load import make_policy
from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.agents.policies.skill_trials import SkillTrials
from skillflow_gym.agents.processes import Processes
from skillflow_gym.agents.replay_buffer import Group, ReplayBuffer
from skillflow_gym.agents.runs import RunError, RunFolder
from skillflow_gym.cli.common import console, find
from skillflow_gym.core import SkillEnv
from skillflow_gym.policy import Policy, TrainablePolicy
from skillflow_gym.rollout import Collection, Collector
from skillflow_gym.skills import SkillLibrary
from skillflow_gym.sources import resolve_source
from skillflow_gym.tasks import TaskSet, require_disjoint
from skillflow_gym.trajectory import Trajectory

WARM_UP = 10
"""Updates over which the learning rate of the schedule ``cosine`` rises."""


@dataclass(frozen=True)
class Batch:
    """The scored trajectories of one step.

    Attributes:
        trajectories: N of them.
        reward: R in [0, 1], [N].
        groups: which trajectories are of the same task, [N] integers.
        log_then: log pi(a_t|H_{t-1}) when each action was sampled, [N, T]; 0 where unknown or padding.
        stale: whether earlier parameters than the present ones sampled some of them.
        progress: share of the budget that is spent, in [0, 1): for schedules.
    """

    trajectories: Sequence[Trajectory]
    reward: Tensor
    groups: Tensor
    log_then: Tensor
    stale: bool
    progress: float


@dataclass(frozen=True)
class Loss:
    """A loss to minimise, and figures to log.

    Attributes:
        value: scalar with gradient.
        figures: metric name -> number.
    """

    value: Tensor
    figures: dict[str, float]


class Objective(Protocol):
    """What an agent trains with.

    Attributes:
        name: the agent's name.
        modules: learned parts beside the policy (a log Z head, say), by name: (module, factor on the learning rate).
        needs_hindsight: whether the policy must have P_phi.
        off_policy: whether trajectories that any other policy sampled may be trained on.
        weighs: whether it weighs what its own earlier parameters sampled, so that this may be trained on as well.
        compares: whether a rollout is compared with the others of its task; one that lost them is left out then.
        dropout: whether the loss is taken under the policy's dropout, which would blur a ratio to what was sampled.
    """

    name: str
    modules: dict[str, tuple[nn.Module, float]]
    needs_hindsight: bool
    off_policy: bool
    weighs: bool
    compares: bool
    dropout: bool
    hindsight_lr: float

    def loss(self, policy: TrainablePolicy, batch: Batch) -> Loss:
        """The loss on a batch."""


class Trainer:
    """Trains a policy on one benchmark; see ``train``."""

    def __init__(self, args: TrainArgs, objective: Objective, console: Console) -> None:
        """Load the tasks, make or reopen the run's folder, restore the newest checkpoint if there is one."""
        if (args.replay_groups or args.stale) and not (objective.off_policy or objective.weighs):
            raise ValueError(f"{objective.name} is on-policy: leave --replay-groups and --stale at 0")
        if args.stale and not args.policy.startswith(PREFIX):
            raise ValueError("--stale needs --policy hf:MODEL: the small network plays too fast to play ahead")
        if args.stale and args.evolve.on:
            raise ValueError("--stale plays ahead of the changes that --evolve makes to the library: leave one out")
        self.processes = Processes.join(args.policy, args.lm, args.stale)
        self.console = console if self.processes.main else Console(quiet=True, force_terminal=False)
        self.args, self.objective = args, objective
        torch.set_num_threads(args.torch_threads)
        self.benchmark = find(args.env)
        asked, args.source = args.source, str(resolve_source(self.benchmark, args.source, ("train", "test")))
        self.policy = make_policy(args, self.benchmark.family, objective.needs_hindsight, self.processes)
        self.actor: Policy = self.policy
        self.ahead: Ahead | None = None
        if args.stale and isinstance(self.policy, LanguageModel):
            self.ahead = Ahead(self.policy, args.stale, args.steps, self._play)
        if args.evolve.on and objective.off_policy and isinstance(self.policy, Scorer):
            self.actor = SkillTrials(self.policy, args.evolve.try_skills)
        self.optimizer = self._optimizer()
        self.replay = ReplayBuffer(args.replay_groups)
        self.train_tasks, panel_tasks = self._taskset("train"), self._taskset("test")
        require_disjoint(self.train_tasks, panel_tasks)
        more, args.also = more_courses(args, asked)
        self.courses = [Course.of(args, self.train_tasks), *more]
        config = self._config(panel_tasks)
        self.evolution = (
            self._evolution(panel_tasks) if args.evolve.on and self.processes.main else None
        )  # may refuse: before there is a folder
        self.run = self._run_folder(config)
        if self.evolution is not None:
            self.evolution.keep_in(self.run.path / "skills")
        panel = panel_tasks[: args.eval_tasks or None]
        self.panel = Panel(self.run, panel, partial(args.make_env, "test"), args)
        self.done = self._restore()

    def train(self) -> None:
        """Evaluate, run the updates that are left, evaluate again, and say what came of it."""
        title = f"{self.objective.name} on {self.benchmark.env_id}, source {self.args.source}, seed {self.args.seed}"
        self.console.print(f"{title}\nrun folder: {self.run.path}", soft_wrap=True, highlight=False)
        if self.confidential and self.args.replay_groups:
            self.console.print("replay is off: a checkpoint must not hold the texts of this source", soft_wrap=True)
        if self.processes.main:
            self.panel.before(self.policy, self.console)
        gc.freeze()  # the tasks and the corpus stay: looking through them for garbage takes a third of the time
        try:
            with Display(self.console, title, self.args.steps, self.done) as display, _Stop() as stop:
                while self._spent < self.args.steps and not self.processes.any(stop.asked):
                    self._update(display)
        finally:
            if self.ahead is not None:
                self.ahead.close()
            for course in self.courses:
                course.close()
            if self.evolution is not None:
                self.evolution.close()
        if self._spent < self.args.steps:
            self._save()
            self.console.print(
                f"stopped after {self.done} updates; continue with --resume {self.run.path}", soft_wrap=True
            )
            raise SystemExit(130)
        if self.processes.main:
            self.panel.after(self.policy, self.console, self.collector.library)
            self.panel.summarise(self.console, self.train_tasks)
        if self.evolution is not None:
            self.evolution.summarise(self.console, self.run.rows("timing.jsonl"))

    @property
    def collector(self) -> Collector:
        """What plays the tasks of ``--env``."""
        return self.courses[0].collector

    @property
    def confidential(self) -> bool:
        """Whether no text of the tasks may be written."""
        return self.benchmark.confidential and self.args.source != "mini"

    @property
    def _spent(self) -> float:
        """The updates done and those that the rollouts of the gate would have been enough for: ``steps`` limits it."""
        return self.done + self._tried / (self.args.tasks_per_step * self.args.rollouts)

    def _update(self, display: Display) -> None:
        """One step of training; everything it logs depends on config.yaml and the number of the step alone."""
        step = self.done + 1
        start = time.perf_counter()
        if isinstance(self.actor, SkillTrials) and self.evolution is not None:
            self.actor.new = self.evolution.new_skills
        collection = self.processes.gather(self.ahead.collect(step) if self.ahead else self._play(self.actor, step))
        if isinstance(self.policy, LanguageModel):
            collection = replace(collection, trajectories=self.policy.with_reference(collection.trajectories))
        if (collection.dropped or self.args.deadline) and step not in self._drops:
            self.run.append("drops.jsonl", {"step": step, "dropped": collection.dropped})
        collected = time.perf_counter()
        row = self._charts(step, collection)
        if collection.scored:
            row |= self._learn(step, collection.scored)
        seconds = {"collect": collected - start, "update": time.perf_counter() - collected}
        if self.args.evolve.on:
            row |= self._evolve(collection.scored, row.get("flow/beta", 1.0))
        if self.evolution is not None:
            seconds["evolve"] = self.evolution.seconds
        if self.args.trajectories_every and step % self.args.trajectories_every == 0:
            self.run.write_trajectories(step, collection.trajectories)
        self.done = step
        self.run.append("metrics.jsonl", row)
        speed = collection.env_steps / collection.seconds
        self.run.append("timing.jsonl", {"step": step, **seconds, "env_steps_per_second": speed})
        self._plot(row, speed)
        ended = self.evolution is not None and self.evolution.ended  # what the store holds is never done again
        if step % self.args.checkpoint_every == 0 or self._spent >= self.args.steps or ended:
            self._save()
        display.update(step, row["charts/success"], self._figures(row, speed))

    def _play(self, policy: Policy, step: int) -> Collection:
        """Play this process's part of the episodes of an update."""
        course = self._course(step)
        jobs = course.jobs(self.args, step, turn=(step - 1) // len(self.courses) + 1)
        return course.collector.collect(policy, self.processes.part(jobs), drop=self._drops.get(step))

    def _course(self, step: int) -> Course:
        """The benchmark that an update trains on."""
        return self.courses[(step - 1) % len(self.courses)]

    def _evolve(self, scored: Sequence[Trajectory], beta: float) -> dict[str, float]:
        """Show the main process's evolver an update; figures for the log."""
        figures = self.evolution.update(self.policy, scored, beta) if self.evolution is not None else {}
        self._tried, self.collector.library = self.processes.from_main(self._evolved)
        return figures

    def _evolved(self) -> tuple[int, SkillLibrary]:
        """The rollouts of the gate so far and the present library; only the main process knows."""
        assert self.evolution is not None
        return self.evolution.evolver.cost["rollouts"], self.evolution.library

    def _learn(self, step: int, trajectories: Sequence[Trajectory]) -> dict[str, float]:
        """The gradient steps of an update: one on its own groups, the others on kept ones."""
        fresh = _groups(trajectories, fewest=2 if self.objective.compares else 1)
        if not fresh:
            return {}
        self.replay.extend(fresh)
        self._schedule_learning_rate()
        self.policy.train(self.objective.dropout)
        row, taken = self._gradient_step(fresh, step), [fresh]
        rng = np.random.default_rng([self.args.seed, step, len(self.train_tasks)])
        for _ in range(self.args.gradient_steps - 1):
            taken.append(self.replay.sample(rng, self.args.tasks_per_step) or fresh)
            self._gradient_step(taken[-1], step, moved=True)
        ages = [self._age(trajectory) for groups in taken for group in groups for trajectory in group]
        row["charts/staleness"] = float(np.mean(ages))
        self.policy.train(False)
        self.policy.bump()
        return row

    def _age(self, trajectory: Trajectory) -> int:
        """The number of updates between the parameters that sampled a trajectory and those before this update."""
        return self.policy.updates - int(trajectory.policy_version.rpartition("-")[2])

    def _schedule_learning_rate(self) -> None:
        """A function of what is spent alone, so that a resumed run agrees."""
        share = self._spent / self.args.steps
        if self.args.schedule == "linear":
            factor = 1 - 0.9 * share
        else:
            factor = min(1.0, (self._spent + 1) / WARM_UP) * (1 + math.cos(math.pi * share)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor

    def _gradient_step(self, groups: Sequence[Group], step: int, moved: bool = False) -> dict[str, float]:
        """One step of the optimiser, perhaps not the update's first; what it logs is of the groups before the step."""
        trajectories = [trajectory for group in groups for trajectory in group]
        numbers = torch.tensor([number for number, group in enumerate(groups) for _ in group])
        reward = torch.tensor([t.reward for t in trajectories], dtype=torch.float32)
        longest = max(len(t) for t in trajectories)
        log_then = [[turn.log_pf or 0.0 for turn in t.turns] + [0.0] * (longest - len(t)) for t in trajectories]
        stale = moved or any(self._age(t) for t in trajectories)
        progress = self._spent / self.args.steps
        batch = Batch(trajectories, reward, numbers, torch.tensor(log_then, dtype=torch.float32), stale, progress)
        loss = self.objective.loss(self.policy, batch)
        if not bool(torch.isfinite(loss.value)):
            raise RunError(f"the loss is {loss.value.item()} in update {step}: lower --learning-rate or --beta")
        self.optimizer.zero_grad()
        loss.value.backward()
        norms = [
            float(nn.utils.clip_grad_norm_(group["params"], self.args.max_grad_norm))
            for group in self.optimizer.param_groups
        ]
        self.optimizer.step()
        return {"losses/loss": loss.value.item(), "losses/grad_norm": norms[0], **loss.figures}

    def _charts(self, step: int, collection: Collection) -> dict[str, Any]:
        """What the rollouts of a step came to."""
        scored = collection.scored
        row: dict[str, Any] = {"step": step, "charts/unscored": 1 - len(scored) / len(collection.trajectories)}
        for name, figure in {"reward": "reward", "success": "success"}.items():
            row[f"charts/{name}"] = float(np.mean([getattr(t, figure) for t in scored])) if scored else 0.0
        row["charts/length"] = float(np.mean([len(t) for t in scored])) if scored else 0.0
        if scored:  # the mean of -log pi(tau) over the rollouts estimates its entropy, in nats
            row["flow/entropy"] = -float(np.mean([sum(turn.log_pf or 0.0 for turn in t.turns) for t in scored]))
        if self.args.paths_every and self.processes.main and (step == 1 or step % self.args.paths_every == 0):
            counts = self._course(step).paths.count(scored)
            row["flow/distinct_paths"] = sum(counts.values()) / max(len(counts), 1)
        return row

    def _figures(self, row: dict[str, Any], speed: float) -> dict[str, str]:
        """The figures of a step for the display; the last count of distinct paths stays until the next."""
        self._shown_paths = row.get("flow/distinct_paths", getattr(self, "_shown_paths", math.nan))
        figures = {
            "reward": f"{row['charts/reward']:.3f}",
            "success": f"{row['charts/success']:.3f}",
            "residual": f"{row.get('flow/residual', math.nan):.2f}",
            "entropy": f"{row.get('flow/entropy', math.nan):.2f}",
            "paths/task": f"{self._shown_paths:.2f}",
            "length": f"{row['charts/length']:.2f}",
            "loss": f"{row.get('losses/loss', math.nan):.3f}",
            "steps/s": f"{speed:.0f}",
        }
        if self.evolution is not None:
            figures |= self.evolution.figures()
        return {name: value for name, value in figures.items() if value != "nan"}

    def _plot(self, row: dict[str, Any], speed: float) -> None:
        """Write the figures of a step for TensorBoard, if it is installed."""
        if self._writer is None:
            return
        for name, value in {**row, "timing/env_steps_per_second": speed}.items():
            if name != "step":
                self._writer.add_scalar(name, value, row["step"])

    def _evolution(self, panel: TaskSet) -> Evolution:
        if self.args.also:
            raise RunError("--evolve needs one benchmark: leave out --also")
        if getattr(self.args, "anchor", "reference") != "reference":
            raise RunError("--evolve needs --anchor reference: with the others log I(t) does not measure the reward")
        if self.confidential:
            raise RunError(
                f"--evolve writes skills from what episodes show, and no text of {self.benchmark.env_id} from source "
                f"{self.args.source} may be written: evolve on another benchmark or on --source mini"
            )
        return Evolution(self.args, [self.train_tasks, self._taskset("validation"), panel])

    def _optimizer(self) -> torch.optim.AdamW:
        lr = self.args.learning_rate
        groups: list[dict[str, Any]] = [{"params": list(self.policy.parameters()), "lr": lr}]
        if self.objective.needs_hindsight:
            groups.append({"params": list(self.policy.parameters("hindsight")), "lr": lr * self.objective.hindsight_lr})
        groups += [{"params": list(m.parameters()), "lr": lr * factor} for m, factor in self.objective.modules.values()]
        groups = [{**group, "initial_lr": group["lr"]} for group in groups]
        return torch.optim.AdamW(groups, lr=lr, weight_decay=self.args.weight_decay)

    def _taskset(self, split: str) -> TaskSet:
        env = self.args.make_env(split)
        core = env.unwrapped
        assert isinstance(core, SkillEnv)
        return core.taskset

    def _config(self, panel: TaskSet) -> dict[str, Any]:
        versions = {"skillflow-gym": skillflow_gym.__version__, "python": platform.python_version()}
        versions |= {"torch": str(torch.__version__), "numpy": np.__version__, "gymnasium": gym.__version__}
        data = {t.split: {"tasks": len(t), "sha256": t.sha256} for t in (self.train_tasks, panel)}
        for course in self.courses[1:]:
            data[f"train of {course.name}"] = {"tasks": len(course.tasks), "sha256": course.tasks.sha256}
        return {"agent": self.objective.name, "args": asdict(self.args), "data": data, "versions": versions}

    def _check_same(self, run: RunFolder, config: dict[str, Any]) -> None:
        """Refuse to continue on other tasks than the run began with."""
        stored = run.config()
        if stored["agent"] != config["agent"]:
            raise RunError(f"{run.path} is a run of {stored['agent']}: resume it with that agent")
        if stored["data"] != config["data"]:
            raise RunError(
                f"{run.path} was trained on other tasks than {self.args.source} now holds ({stored['data']} then, "
                f"{config['data']} now): restore its data or start a new run"
            )

    def _run_folder(self, config: dict[str, Any]) -> RunFolder:
        """The run's folder: a new one, or that of the run to resume."""
        if self.args.resume:
            run = RunFolder(self.args.resume)
            self._check_same(run, config)
        else:
            name = f"{self.benchmark.name}-{self.objective.name}-seed{self.args.seed}"
            wanted = Path(self.args.run or Path("runs") / name)
            run = RunFolder(self.processes.from_main(lambda: RunFolder.create(wanted, config).path))
        return run if self.processes.main else run.read_only()

    def _save(self) -> None:
        if not self.processes.main:
            return
        modules = {name: module.state_dict() for name, (module, _) in self.objective.modules.items()}
        learned = {"policy": self.policy.state_dict(), "optimizer": self.optimizer.state_dict(), "modules": modules}
        state = {**learned, "replay": self.replay.state(), "torch_rng": torch.get_rng_state()}
        if self.evolution is not None:
            state["evolution"] = self.evolution.evolver.state()
        if self.ahead is not None:
            state["ahead"] = self.ahead.state()
        self.run.save_checkpoint(self.done, state)
        if isinstance(self.policy, LanguageModel):
            self.policy.save_adapters(self.run.path / "adapters")

    def _restore(self) -> int:
        """Take up the newest checkpoint; the number of updates that are done."""
        self._tried = 0
        found = self.run.load_checkpoint()
        done, state = found if found is not None else (0, None)
        if state is not None:
            self.policy.load_state_dict(state["policy"])
            self.optimizer.load_state_dict(state["optimizer"])
            for name, (module, _) in self.objective.modules.items():
                module.load_state_dict(state["modules"][name])
            self.replay.load(state["replay"])
            if self.ahead is not None:
                self.ahead.load(state["ahead"])
            if self.evolution is not None:
                self.evolution.evolver.load(state["evolution"])
            if self.args.evolve.on:
                self._tried, self.collector.library = self.processes.from_main(self._evolved)
            torch.set_rng_state(state["torch_rng"])
        if self.args.resume:
            self.run.cut_back(done)
        self._drops = {row["step"]: row["dropped"] for row in self.run.rows("drops.jsonl")}
        self._writer = _tensorboard(self.run.path / "tensorboard", done) if self.processes.main else None
        return done


class _Stop:
    """Turns the first Ctrl-C into a wish to stop after the update, so that the checkpoint is of a whole one."""

    def __enter__(self) -> _Stop:
        self.asked = False
        self._main = threading.current_thread() is threading.main_thread()  # signals reach no other thread
        if self._main:
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def _groups(trajectories: Sequence[Trajectory], fewest: int) -> list[Group]:
    """The rollouts by group; groups of which fewer than ``fewest`` are left are left out."""
    groups: dict[str, list[Trajectory]] = {}
    for trajectory in trajectories:
        groups.setdefault(trajectory.group, []).append(trajectory)
    return [group for group in groups.values() if len(group) >= fewest]


def _tensorboard(folder: Path, done: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=done + 1 if done else None)


def train(args: TrainArgs, make_objective: Callable[[], Objective]) -> Trainer:
    """Train as ``args`` say; the objective is made after torch is seeded, so its learned parts are reproducible.

    Raises:
        ValueError: an argument, the data or the run folder is wrong; the message says what to do.
    """
    torch.manual_seed(args.seed)
    gc.set_threshold(100_000, 20, 50)  # rollouts make many small objects and hardly a cycle
    trainer = Trainer(args, make_objective(), console())
    trainer.train()
    trainer.processes.leave()
    return trainer
