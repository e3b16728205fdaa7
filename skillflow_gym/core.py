"""SkillEnv: the contract of every environment of the suite, on one page."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import gymnasium as gym
from gymnasium.error import ResetNeeded

from skillflow_gym.actions import Action, ActionError, ActionKind, describe
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.executors import Executor, make_executor
from skillflow_gym.registration import Stanza, stanza
from skillflow_gym.rendering import Step, render_ansi, render_html
from skillflow_gym.skills.load import load_library
from skillflow_gym.skills.retrieval import retrieve
from skillflow_gym.sources import Source, resolve_source
from skillflow_gym.spaces import action_space, observation_space
from skillflow_gym.tasks import Gold, Task, TaskSet
from skillflow_gym.tools import Toolbox
from skillflow_gym.trajectory import Context, digest


@dataclass(frozen=True)
class Score:
    """How an episode is valued.

    Attributes:
        reward: the outcome in [0, 1].
        success: whether it counts as solved; registry.yaml says what that means.
        metrics: the benchmark's own figures; their names are the class's ``metrics``.
    """

    reward: float
    success: bool
    metrics: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.reward) and 0.0 <= self.reward <= 1.0):
            raise ValueError(f"a reward lies in [0, 1], got {self.reward}")


@dataclass(frozen=True)
class Outcome:
    """What ``act(text)`` led to.

    Attributes:
        text: what the benchmark shows.
        score: given when the act ended the episode (a game won, a purchase), else None.
        running: running figures, for benchmarks that have them; names as in ``metrics``.
        usage: the executor's calls and tokens in this step.
    """

    text: str
    score: Score | None = None
    running: Mapping[str, float] = field(default_factory=dict)
    usage: Mapping[str, int] = field(default_factory=dict)


class SkillEnv(gym.Env[dict[str, str], Action], ABC):
    """An agent benchmark as a Gymnasium environment with the action ``skill(id) | act(text) | accept(answer)``.

    Action space: ``OneOf(skill name, Unicode, Unicode)``; an ``Action`` is a member as it is. ``step`` also takes every
    form that ``Action.parse`` restores. ``skill(id)`` shows the skill's body below what was last shown; it costs a
    step and pays nothing. ``act(text)`` goes to the Executor or the engine. ``accept(answer)`` is scored and ends the
    episode. Text that is no action, and an unknown skill, give a one-line observation and ``info["error"]``.

    Observation space: ``Dict(task, observation, skills)``, each any Unicode text; ``skills`` is the catalogue.

    Reward: the outcome in [0, 1], at the end of the episode and only there.

    Episode end: ``terminated`` by ``accept`` or by the benchmark; ``truncated`` when ``step_limit`` actions were taken,
    scored as the benchmark scores an unfinished episode, or when infrastructure failed: then ``info["unscored"]`` is
    True and the reward 0 means nothing.

    Information, the same keys and types at every step: ``task_id``, ``split``, ``source``, ``library_version``,
    ``error`` (str, "" for none); ``success``, ``unscored``, ``deterministic`` (bool); ``score`` (dict of float),
    ``usage`` (dict of int, the episode so far); ``admissible_actions``, ``skills`` (tuples of str); and the str that a
    benchmark's ``details`` add.

    Reset: ``options={"task_id": id}`` or ``{"index": position in the split}`` names the task; else it is drawn with
    ``self.np_random``. The library's snapshot is frozen at reset: assigning ``env.library`` takes effect at the next.

    A benchmark implements ``tasks``, ``begin``, ``act`` and ``score``; for closed action sets also ``admissible``.
    ``proposals`` gives small policies candidate actions. ``gold_actions`` earns 1.0 and is for tests only.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi", "human", "html"], "render_fps": 4}  # noqa: RUF012
    metrics: ClassVar[tuple[str, ...]] = ()
    """Names of the benchmark's figures in ``info["score"]``."""
    default_executor: ClassVar[str] = "tools"
    parallel: ClassVar[int] = 0
    """Most environments that a Collector opens at a time, each stepped in a thread, where every one has a process to
    wait for; 0 for any number, stepped in turn."""

    def __init__(
        self,
        benchmark: str,
        split: str = "train",
        source: str = "auto",
        executor: str = "",
        library: str = "",
        step_limit: int = 0,
        catalogue: int = 8,
        render_mode: str | None = None,
    ) -> None:
        """Take plain data only; tasks, clients and engines are made at the first reset.

        Args:
            benchmark: the name in the registry.
            split: train | validation | test, or an unambiguous native name.
            source: auto | mini | hub | file:PATH.
            executor: "" for the benchmark's default, or a spec that ``make_executor`` knows.
            library: a folder of skills, a store of them or the folder of a run, perhaps with @VERSION; "" for none.
            step_limit: actions per episode; 0 for the registry's.
            catalogue: most skills that an episode sees: those of the library that match the task best.
            render_mode: ansi | human | html | None.

        Raises:
            ValueError: an argument is none of these.
        """
        self.stanza: Stanza = stanza(benchmark)
        self.split = self.stanza.split(split)
        self.source: Source = resolve_source(self.stanza, source, (self.split,))
        self.executor: Executor = make_executor(executor or self.default_executor)
        if self.confidential and self.executor.spec.startswith("record:"):
            raise ValueError(f"{self.stanza.env_id}: its owners ask that no text is kept: do not record it")
        self.library = load_library(library)
        self.step_limit = step_limit or self.stanza.step_limit
        if self.step_limit < 1:
            raise ValueError(f"step_limit must be at least 1, got {step_limit}")
        if catalogue < 1:
            raise ValueError(f"catalogue must be at least 1, got {catalogue}")
        self.catalogue = catalogue
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"render_mode {render_mode!r} is none of {self.metadata['render_modes']}")
        self.render_mode = render_mode
        self.action_space = action_space()  # type: ignore[assignment]
        self.observation_space = observation_space()  # type: ignore[assignment]
        self._over = True
        self._steps: list[Step] = []

    # What a benchmark writes -----------------------------------------------------------------------------------------

    @abstractmethod
    def tasks(self) -> TaskSet:
        """The tasks of ``self.split`` from ``self.source``; called once."""

    @abstractmethod
    def begin(self, task: Task) -> str:
        """Start ``task`` and return what the benchmark shows first."""

    @abstractmethod
    def act(self, text: str) -> Outcome:
        """Carry out an instruction or a command.

        Raises:
            InfrastructureError: what carries it out failed.
        """

    @abstractmethod
    def score(self, answer: str) -> Score:
        """Value the episode that ends with ``accept(answer)``."""

    def unfinished(self) -> Score:
        """Value the episode that ran into the step limit: 0, unless the benchmark pays for a part."""
        return Score(0.0, False)

    def admissible(self) -> tuple[str, ...]:
        """The texts that ``act`` takes now; empty where any text is allowed."""
        return ()

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """Candidate actions for policies that choose from a list: a pure function of what ``context`` shows.

        The default is every admissible action, every skill of the catalogue not yet read, and ``accept("")``.
        """
        acts = [Action.act(text) for text in context.admissible]
        return (*acts, *unread_skills(context), Action.accept(""))

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """Actions that earn 1.0; for tests only.

        Raises:
            NotImplementedError: the benchmark's data holds no solution.
        """
        raise NotImplementedError(f"{self.stanza.name} holds no solutions")

    def details(self) -> Mapping[str, str]:
        """More that ``info`` should say of how the episode is scored or played: the same keys at every step."""
        return {}

    # What every benchmark shares -------------------------------------------------------------------------------------

    @cached_property
    def taskset(self) -> TaskSet:
        """The tasks, loaded at first use."""
        return self.tasks()

    @property
    def confidential(self) -> bool:
        """Whether no text of an episode may be written: ids, figures and hashes only. The mini tasks are free."""
        return self.stanza.confidential and self.source.kind != "mini"

    def situation(self, *functions: Callable[..., str]) -> Toolbox:
        """For an Executor that turns an instruction into one command: what was shown last, and the commands."""
        return Toolbox(*functions, shown=self._shown, commands=self._admissible)

    @property
    def task(self) -> Task:
        """The present task."""
        return self._task

    @property
    def gold(self) -> Gold:
        """The gold of the present task; scorers only."""
        return self.taskset.gold(self._task.id)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Begin an episode.

        Raises:
            KeyError: ``options["task_id"]`` is not in the split.
            ValueError: ``options`` holds something else, or an index out of range.
        """
        super().reset(seed=seed)
        self._over = True  # a reset that fails leaves nothing to step
        self._task = self._choose(options or {})
        self.executor.begin(self._task.id, self.np_random_seed)
        self._snapshot = retrieve(self.library, self._task.prompt, self.catalogue)
        self._library_version = self.library.version
        self._usage = {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0}
        self._score = dict.fromkeys(self.metrics, 0.0)
        self._shown = self.begin(self._task)
        self._admissible = self.admissible()
        self._over = False
        self._steps = [Step("", self._shown)]
        return self._observe(self._shown), self._info()

    def step(self, action: Any) -> tuple[dict[str, str], float, bool, bool, dict[str, Any]]:
        """Take an action in any form that ``Action.parse`` restores.

        Raises:
            ResetNeeded: the episode is over.
        """
        if self._over:
            raise ResetNeeded("the episode is over: call reset()")
        text, error, score, unscored = "", "", None, False
        try:
            parsed = Action.parse(action)
            if parsed.kind is ActionKind.SKILL:
                text, error = self._read_skill(parsed.argument)
            elif parsed.kind is ActionKind.ACT:
                outcome = self.act(parsed.argument)
                text, score = outcome.text, outcome.score
                self._shown, self._admissible = text, self.admissible()
                self._score.update(outcome.running)
                for name, count in outcome.usage.items():
                    self._usage[name] = self._usage.get(name, 0) + count
            else:
                score = self.score(parsed.argument)
            written = parsed.to_text()
        except ActionError as problem:
            text = error = str(problem)
            written = action if isinstance(action, str) else describe(action)
        except InfrastructureError as problem:
            text, error, unscored = "", " ".join(str(problem).split()), True
            written = parsed.to_text()
        terminated = score is not None
        truncated = unscored or (not terminated and len(self._steps) >= self.step_limit)
        if truncated and not unscored:
            score = self.unfinished()
        if score is not None:
            self._score.update(score.metrics)
        reward = score.reward if score is not None else 0.0
        success = score is not None and score.success
        self._over = terminated or truncated
        self._steps.append(Step(written, text))
        if self.render_mode == "human":
            self.render()
        return self._observe(text), reward, terminated, truncated, self._info(error, success, unscored)

    def render(self) -> str | None:
        """The last step as text (``ansi``), printed (``human``), or the episode so far as a page (``html``)."""
        if self.render_mode is None:
            gym.logger.warn(f"render() without a render mode: gym.make({self.stanza.env_id!r}, render_mode='ansi')")
            return None
        if not self._steps:
            raise ResetNeeded("nothing to render: call reset() first")
        if self.render_mode == "html":
            task, steps = self._task.prompt, self._steps
            if self.confidential:  # a page is made to be kept; what a terminal shows is not
                task, steps = digest(task), [Step(digest(step.action), digest(step.observation)) for step in steps]
            return render_html(self.stanza.env_id, task, self._snapshot.catalogue, steps)
        text = render_ansi(self._task.prompt, self._steps)
        if self.render_mode == "ansi":
            return text
        print(text)
        return None

    def close(self) -> None:
        """Free the executor; may be called twice."""
        self.executor.close()

    def _choose(self, options: Mapping[str, Any]) -> Task:
        if unknown := set(options) - {"task_id", "index"}:
            raise ValueError(f"unknown reset options {sorted(unknown)}: expected task_id or index")
        # Drawn even when the task is named, so that the generator goes on alike and a drawn task can be replayed.
        drawn = int(self.np_random.integers(len(self.taskset)))
        if "task_id" in options:
            return self.taskset.by_id(options["task_id"])
        size = len(self.taskset)
        index: int = options.get("index", drawn)
        if not 0 <= index < size:
            raise ValueError(f"index {index} is outside split {self.split!r}, which has {size} tasks")
        return self.taskset[index]

    def _read_skill(self, name: str) -> tuple[str, str]:
        """The text to show and the error; the body is added to what was last shown and replaces nothing."""
        skill = self._snapshot.get(name)
        if skill is None:
            message = f"no skill is named {name[:64]!r}"
            return message, message
        return f"{self._shown}\n\nSkill {skill.name}:\n{skill.body}".lstrip("\n"), ""

    def _observe(self, text: str) -> dict[str, str]:
        return {"task": self._task.prompt, "observation": text, "skills": self._snapshot.catalogue}

    def _info(self, error: str = "", success: bool = False, unscored: bool = False) -> dict[str, Any]:
        return {
            "task_id": self._task.id,
            "split": self.split,
            "source": str(self.source),
            "library_version": self._library_version,
            "success": success,
            "unscored": unscored,
            "score": dict(self._score),
            "admissible_actions": self._admissible,
            "skills": self._snapshot.names,
            "usage": dict(self._usage),
            "error": error,
            "deterministic": self.executor.deterministic,
            **self.details(),
        }


def unread_skills(context: Context) -> tuple[Action, ...]:
    """``skill(id)`` for every skill of the catalogue that this episode has not read."""
    names = [line[2:].partition(":")[0] for line in context.catalogue.split("\n") if line.startswith("- ")]
    read = {turn.action.argument for turn in context.turns if turn.action.kind is ActionKind.SKILL}
    return tuple(Action.skill(name) for name in names if name not in read)
