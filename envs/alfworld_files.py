"""ALFWorld's own games: the tree ``json_2.1.1/SPLIT/KIND-THING-None-PLACE-SCENE/TRIAL/game.tw-pddl`` as tasks."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from skillflow_gym.envs.mini.alfworld_world import KINDS
from skillflow_gym.tasks import Gold, RecordError, Task, TaskSet, check_record

SCHEMA = {"pddl_domain": str, "pddl_problem": str, "grammar": str}
"""What a game must hold; ``walkthrough``, a list of commands, and ``solvable`` are used where they are."""
_GOAL = re.compile(r"Your task is to: (.*?)\.?\"")
_FOLDER = re.compile(rf"({'|'.join(KINDS)})-\w+-None-\w+-(\d+)")


def read_tasks(folder: Path, split: str, source: str) -> TaskSet:
    """The games in ``folder`` by id, read once per process.

    As in ALFWorld's own loader, games known to be unsolvable, with sliced things or with movable receptacles are left
    out.

    Raises:
        RecordError: a game is broken, or none is left.
    """
    return _read_tasks(folder, split, source, folder.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read_tasks(folder: Path, split: str, source: str, _changed: int) -> TaskSet:
    tasks = []
    for index, file in enumerate(sorted(folder.glob("*/*/game.tw-pddl"))):
        name, trial = file.parts[-3:-1]
        where = _FOLDER.fullmatch(name)
        game = read_game(file, index)
        if where is None or "Sliced" in name or not game.get("solvable", True):
            continue
        if (goal := _GOAL.search(game["grammar"])) is None:
            raise RecordError(f"record {index}: field grammar: {file} names no task ('Your task is to: ...')")
        record = {"kind": where[1], "scene": int(where[2]), "trial": trial}
        gold = Gold(record={"walkthrough": list(game.get("walkthrough") or ())})
        tasks.append((Task(f"{name}/{trial}", goal[1], record), gold))
    return TaskSet(tasks, split, source)


def read_game(file: Path, index: int = 0) -> dict[str, Any]:
    """The content of a ``game.tw-pddl`` file.

    Raises:
        RecordError: it is no such file.
    """
    try:
        game: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecordError(f"record {index}: {file} is not JSON ({error})") from error
    check_record(game, index, SCHEMA)
    return game
