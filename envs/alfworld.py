"""ALFWorld (Shridhar et al., 2021): household tasks in text, on TextWorld's PDDL engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from skillflow_gym.actions import Action
from skillflow_gym.core import Outcome, Score, SkillEnv, unread_skills
from skillflow_gym.envs.alfworld_files import SCHEMA, read_game, read_tasks, split_folder
from skillflow_gym.envs.engines.worker import Worker
from skillflow_gym.envs.mini import alfworld as mini
from skillflow_gym.envs.mini.alfworld_game import author, wording
from skillflow_gym.envs.mini.alfworld_wheel import wheel
from skillflow_gym.envs.mini.alfworld_world import Spec
from skillflow_gym.sources import Source, SourceError
from skillflow_gym.tasks import Gold, Task, TaskSet
from skillflow_gym.tools import Toolbox
from skillflow_gym.trajectory import Context

ENGINE = "skillflow_gym.envs.engines.textworld_engine:TextWorldEngine"
DEADLINE = 120.0
"""Seconds that the engine has for a command, or for a game it has not seen before."""


class ALFWorldEnv(SkillEnv):
    """ALFWorld: find, clean, heat, cool, light and put away things in a house.

    Description: the task is the goal. ``act("go to fridge 1")`` is a command to the engine, which answers what it does
    not understand in its own words ("Nothing happens."); ``info["admissible_actions"]`` are those it takes now. A thing
    is put down with ``move X to Y``, not with the ``put X in/on Y`` of versions before 0.4. ``accept`` gives up.

    Rewards: 1 when the goal is reached, which ends the episode; else 0. Success is the same. Six kinds of tasks:
    ``Task.record["kind"]``.

    Sources: ``mini`` are games made from the scenes of the ``alfworld`` package, ``file:PATH`` is ALFWorld's tree
    ``json_2.1.1`` or a folder of games. ``auto`` takes ``$ALFWORLD_DATA``, or ``$SKILLFLOW_DATA/alfworld``, if the
    split is there. validation is ALFWorld's valid_seen: scenes of the train split; test is valid_unseen: others.

    The engine runs in a process of its own, made at the first reset and ended by ``close``. If it dies or does not
    answer for DEADLINE seconds, the episode ends unscored; the next reset makes another.
    """

    default_executor: ClassVar[str] = "direct"

    def __init__(self, benchmark: str, source: str = "auto", **kwargs: Any) -> None:
        """See the class; the other arguments are SkillEnv's.

        Raises:
            DependencyNotInstalled: the extra ``alfworld`` is missing.
        """
        wheel()
        games = source.startswith("file:") and source != "file:"
        super().__init__(benchmark, source="mini" if games or source == "auto" else source, **kwargs)
        native = self.stanza.splits[self.split]
        if games:
            location = source.removeprefix("file:")
            split_folder(location, native)
            self.source = Source("file", location)
        elif source == "auto":
            self.source = _auto(self.stanza.data, native)
        self._worker: Worker | None = None
        self._won = False
        self._commands: tuple[str, ...] = ()

    def tasks(self) -> TaskSet:
        """The games of the split; a mini game is made when it is played."""
        if self.source.kind == "mini":
            return _mini_tasks(self.split)
        folder = split_folder(self.source.location, self.stanza.splits[self.split])
        return read_tasks(folder, self.split, str(self.source))

    def begin(self, task: Task) -> str:
        """Load the game and look around."""
        game, _ = self._game(task)
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
        result = self.executor.run(text, Toolbox())
        shown, self._won, self._commands = self._worker.call("step", result.text, deadline=DEADLINE)
        usage = {"calls": result.calls + 1, **result.usage}
        return Outcome(shown, self._present() if self._won else None, usage=usage)

    def score(self, answer: str) -> Score:
        """Whether the goal is reached; the answer is ignored."""
        return self._present()

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """What the engine takes, skills to read and, once something was tried, giving up."""
        acts = map(Action.act, context.admissible)
        return (*acts, *unread_skills(context), *([Action.accept("")] if context.step else []))

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """The commands that win the game.

        Raises:
            NotImplementedError: the game's file has none.
        """
        _, walkthrough = self._game(task)
        if not walkthrough:
            raise NotImplementedError(f"the game {task.id} has no walkthrough")
        return tuple(map(Action.act, walkthrough))

    def close(self) -> None:
        """End the engine's process."""
        super().close()
        if self._worker is not None:
            self._worker.close()

    def _present(self) -> Score:
        return Score(float(self._won), self._won)

    def _game(self, task: Task) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """The game and the commands that win it."""
        if self.source.kind == "mini":
            game = author(_mini_specs(self.split)[task.id])
            return game.data, game.walkthrough
        folder = split_folder(self.source.location, self.stanza.splits[self.split])
        content = read_game(folder / task.id / "game.tw-pddl")
        return {field: content[field] for field in SCHEMA}, tuple(content.get("walkthrough") or ())


def _auto(data: str, native: str) -> Source:
    roots = [os.environ.get("ALFWORLD_DATA", "")]
    if "SKILLFLOW_DATA" in os.environ:
        roots.append(os.path.join(os.environ["SKILLFLOW_DATA"], data))
    for location in filter(None, roots):
        try:
            found = split_folder(location, native)
        except SourceError:
            continue
        if found.name == native:  # not a folder that would stand for any split
            return Source("file", location)
    return Source("mini")


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
