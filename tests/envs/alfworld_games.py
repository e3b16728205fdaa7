"""Games as ALFWorld keeps them, for tests that change them, and the names of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.envs.mini.alfworld import specs
from skillflow_gym.envs.mini.alfworld_game import author
from skillflow_gym.envs.mini.alfworld_world import Spec

LISTS = Path(os.environ.get("SKILLFLOW_DATA", "")) / "alfworld" / "task_lists"
needs_lists = pytest.mark.skipif(not LISTS.is_dir(), reason="set SKILLFLOW_DATA to a folder with alfworld/task_lists")


def listed_games() -> set[tuple[str, str, str]]:
    """Native split, name (KIND-THING-MOVABLE-PLACE-SCENE) and trial of ALFWorld's own games, in the lists of others."""
    games = set()
    for file in LISTS.glob("*.json"):
        content = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(content, list):
            games |= {("train", entry["task_type"], entry["task_id"]) for entry in content}
        else:
            games |= {tuple(path.split("/")[1:4]) for paths in content.values() for path in paths}
    return games


def write(folder: Path, spec: Spec, **changes: Any) -> Path:
    """The file of a mini game in a tree, with changes to what it holds."""
    game = author(spec)
    file = folder / spec.id / "game.tw-pddl"
    file.parent.mkdir(parents=True)
    content = {**game.data, "walkthrough": list(game.walkthrough), "solvable": True, **changes}
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def planted(folder: Path) -> str:
    """A source of twenty games whose walkthroughs, which only the scorer may know, are canaries."""
    for number, spec in enumerate(specs("train")[:20]):
        write(folder / "train", spec, walkthrough=[f"zzcanaryzz {number}"])
    return f"file:{folder}"
