"""ALFWorld (Shridhar et al., 2021): household tasks in text, on TextWorld's PDDL engine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from skillflow_gym.actions import Action
from skillflow_gym.core import Outcome, Score, SkillEnv, unread_skills
from skillflow_gym.envs.alfworld_files import SCHEMA, read_game, read_tasks
from skillflow_gym.envs.engines.worker import Worker
from skillflow_gym.envs.mini import alfworld as mini
from skillflow_gym.envs.mini.alfworld_game import author, wording
from skillflow_gym.envs.mini.alfworld_wheel import wheel
from skillflow_gym.envs.mini.alfworld_world import KINDS, Spec
from skillflow_gym.sources import record_file
from skillflow_gym.tasks import Gold, Task, TaskSet
from skillflow_gym.trajectory import Context

ENGINE = "skillflow_gym.envs.engines.textworld_engine:TextWorldEngine"
DEADLINE = 120.0
"""Seconds that the engine has for a command, or for a game it has not seen before."""


class ALFWorldEnv(SkillEnv):
    """ALFWorld: find, clean, heat, cool, light and put away things in a house.

    Description: the task is the goal. ``act("go to fridge 1")`` is a command to the engine, which answers what it does
    not understand in its own words ("Nothing happens."); ``info["admissible_actions"]`` are those it takes now. A thing
    is put down with ``move X to Y``, not with the ``put X in/on Y`` of versions before 0.4. ``accept`` gives up.

    Arguments beyond SkillEnv's: ``task`` keeps to some of the six kinds of tasks, several with commas.

    Rewards: 1 when the goal is reached, which ends the episode; else 0. Success is the same. ``Task.record["kind"]`` is
    the kind of a task.

    Sources: ``mini`` are games made from the scenes of the ``alfworld`` package, ``file:PATH`` is ALFWorld's data, its
    folder ``json_2.1.1`` or a folder of games. validation is ALFWorld's valid_seen: scenes of the train split; test is
    valid_unseen: others.

    The engine runs in a process of its own, made at the first reset and ended by ``close``. If it dies or does not
    answer for DEADLINE seconds, the episode ends unscored; the next reset makes another.
    """

    metrics: ClassVar[tuple[str, ...]] = ("won",)
    default_executor: ClassVar[str] = "direct"
    parallel: ClassVar[int] = 16

    def __init__(self, benchmark: str, task: str = "", **kwargs: Any) -> None:
        """See the class; the other arguments are SkillEnv's.

        Raises:
            ValueError: there is no such kind of task.
            DependencyNotInstalled: the extra ``alfworld`` is missing.
        """
        wheel()
        super().__init__(benchmark, **kwargs)
        self._kinds = tuple(word.strip() for word in task.split(",")) if task else KINDS
        if wrong := [kind for kind in self._kinds if kind not in KINDS]:
            raise ValueError(f"ALFWorld has no kind of task {wrong[0]!r}: {', '.join(KINDS)}")
        self._worker: Worker | None = None
        self._won = False
        self._commands: tuple[str, ...] = ()

    def tasks(self) -> TaskSet:
        """The games of the split; a mini game is made when it is played."""
        mini = self.source.kind == "mini"
        found = _mini_tasks(self.split) if mini else read_tasks(self._folder(), self.split, str(self.source))
        kept = [(task, found.gold(task.id)) for task in found if task.record["kind"] in self._kinds]
        return found if len(kept) == len(found) else TaskSet(kept, self.split, str(self.source))

    def begin(self, task: Task) -> str:
        """Load the game and look around."""
        game = self._game(task)
        if self._worker is None or self._worker.closed:
            self._worker = Worker(ENGINE, _environment())
        text, self._won, self._commands = self._worker.call("load", game, deadline=DEADLINE)
        return str(text)

    def admissible(self) -> tuple[str, ...]:
        """What the engine takes now."""
        return self._commands

    def act(self, text: str) -> Outcome:
        """Give the engine a command."""
        assert self._worker is not None
        result = self.executor.run(text, self.situation())
        shown, self._won, self._commands = self._worker.call("step", result.text, deadline=DEADLINE)
        usage = {"calls": result.calls + 1, **result.usage}
        return Outcome(shown, self._present() if self._won else None, usage=usage)

    def score(self, answer: str) -> Score:
        """Whether the goal is reached; the answer is ignored."""
        return self._present()

    def unfinished(self) -> Score:
        """Not won."""
        return self._present()

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """What the engine takes, and skills to read; not giving up, which never pays."""
        return (*map(Action.act, context.admissible), *unread_skills(context))

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """The commands that win the game.

        Raises:
            NotImplementedError: the game's file has none.
        """
        if self.source.kind == "mini":
            walkthrough = author(_mini_specs(self.split)[task.id]).walkthrough
        else:
            walkthrough = self.taskset.gold(task.id).record["walkthrough"]
        if not walkthrough:
            raise NotImplementedError(f"the game {task.id} has no walkthrough")
        return tuple(map(Action.act, walkthrough))

    def close(self) -> None:
        """End the engine's process."""
        super().close()
        if self._worker is not None:
            self._worker.close()

    def _present(self) -> Score:
        return Score(float(self._won), self._won, {"won": float(self._won)})

    def _game(self, task: Task) -> Mapping[str, str]:
        if self.source.kind == "mini":
            return author(_mini_specs(self.split)[task.id]).data
        content = read_game(self._folder() / task.id / "game.tw-pddl")
        return {field: content[field] for field in SCHEMA}

    def _folder(self) -> Path:
        """Where the games of the split lie, in KIND-THING-None-PLACE-SCENE/TRIAL/game.tw-pddl."""
        return record_file(self.stanza, self.source.location, self.split).parents[2]


def _environment() -> dict[str, str]:
    """Variables of the engine's process; importing ``alfworld`` makes the folder ALFWORLD_DATA."""
    return {"ALFWORLD_DATA": str(wheel()), "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}


@lru_cache(maxsize=3)
def _mini_specs(split: str) -> dict[str, Spec]:
    return {spec.id: spec for spec in mini.specs(split)}


@lru_cache(maxsize=3)
def _mini_tasks(split: str) -> TaskSet:
    pairs = [
        (Task(id, wording(spec), {"kind": spec.kind, "scene": spec.scene, "trial": spec.id.partition("/")[2]}), Gold())
        for id, spec in _mini_specs(split).items()
    ]
    return TaskSet(pairs, split, "mini")
