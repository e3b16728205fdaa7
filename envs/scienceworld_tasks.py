"""The tasks of ScienceWorld: their names and ids, and the official splits, asked of the simulator and kept on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from functools import lru_cache
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final

from skillflow_gym.envs.engines.scienceworld_engine import SETS, ScienceWorldEngine, package, task_names
from skillflow_gym.tasks import Gold, Task, TaskSet

SIMPLIFICATIONS: Final = (
    *("easy", "noElectricalAction", "openContainers", "openDoors", "selfWateringFlowerPots", "teleportAction"),
)
"""``easy`` stands for the simulator's own choice of the others."""

Descriptions = Mapping[str, Mapping[int, str]]
"""Official set (train, dev, test) -> variation -> the task in words."""


def find_names(wanted: str) -> tuple[str, ...]:
    """The names of the tasks in ``wanted``, which has names or official ids between commas; all thirty for "".

    Raises:
        ValueError: there is no such task.
    """
    known = task_names()
    if not wanted:
        return tuple(known.values())
    names = tuple(known.get(word.strip(), word.strip()) for word in wanted.split(","))
    if wrong := [name for name in names if name not in known.values()]:
        raise ValueError(f"ScienceWorld has no task {wrong[0]!r}; its tasks are {', '.join(known.values())}")
    return names


def check_simplification(wanted: str, names: Iterable[str]) -> str:
    """``wanted`` if the simulator takes it for the tasks ``names``.

    Raises:
        ValueError: it is no simplification, or makes a task impossible.
    """
    words = wanted.split(",") if wanted else []
    if wrong := [word for word in words if word not in SIMPLIFICATIONS]:
        raise ValueError(f"ScienceWorld has no simplification {wrong[0]!r}: {', '.join(SIMPLIFICATIONS)}, or several")
    if "easy" in words and len(words) > 1:
        raise ValueError("the simplification easy stands alone: it is the simulator's own choice of the others")
    electrical = [name for name in names if "power-component" in name or "conductivity" in name]
    if electrical and "noElectricalAction" in words:
        raise ValueError(f"task {electrical[0]} cannot be done with the simplification noElectricalAction")
    return wanted


def task_id(name: str, variation: int, simplification: str) -> str:
    """NAME/VARIATION, and /SIMPLIFICATION where there is one."""
    return f"{name}/{variation}/{simplification}".rstrip("/")


def make_task(name: str, variation: int, simplification: str, prompt: str) -> Task:
    """The task of a variation."""
    record = {"kind": name, "variation": variation, "simplification": simplification}
    return Task(task_id(name, variation, simplification), prompt, record)


def simplified(task: Task, simplification: str) -> Task:
    """The same task under another simplification."""
    return make_task(task.record["kind"], task.record["variation"], simplification, task.prompt)


@lru_cache(maxsize=64)
def load_tasks(names: tuple[str, ...], native: str, simplification: str, split: str, source: str) -> TaskSet:
    """All variations of ``names`` in the official set ``native``.

    The tasks take turns: the first variation of each, then the second of each, and so on. So the first N are a panel
    in which no task is missing or counts more than the others, as long as it has variations left.
    """
    found = _descriptions(names)
    columns = [[make_task(n, v, simplification, text) for v, text in found[n][native].items()] for n in names]
    tasks = filter(None, chain.from_iterable(zip_longest(*columns)))
    return TaskSet(((task, Gold()) for task in tasks), split, source)


def _descriptions(names: Iterable[str]) -> dict[str, Descriptions]:
    """What the tasks say; the simulator is asked, which takes seconds, where no file holds its answer."""
    folder = _cache_folder()
    found = {name: _kept(folder / f"{name}.json") for name in names}
    if missing := [name for name, known in found.items() if known is None]:
        with closing(ScienceWorldEngine()) as engine:
            for name in missing:
                found[name] = _ask(engine, name)
                _keep(folder / f"{name}.json", found[name])
    return {name: known for name, known in found.items() if known is not None}


def _ask(engine: ScienceWorldEngine, name: str) -> Descriptions:
    sets = {native: engine.variations(name, native) for native in SETS}
    return {native: dict(zip(v, engine.descriptions(name, v), strict=True)) for native, v in sets.items()}


def _cache_folder() -> Path:
    """Where descriptions are kept, a megabyte in all; the folder may be deleted at any time."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "skillflow-gym" / "scienceworld" / package().partition(" ")[2]


def _kept(path: Path) -> Descriptions | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {native: {int(number): str(text) for number, text in content[native].items()} for native in SETS}
    except (OSError, ValueError, KeyError, AttributeError):  # absent, or not as this code writes it
        return None


def _keep(path: Path, descriptions: Descriptions | None) -> None:
    partial = path.with_suffix(f".{os.getpid()}")  # other processes may be writing the same
    with suppress(OSError):  # a disk that is full or read-only costs time, nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(descriptions), encoding="utf-8")
        os.replace(partial, path)
