"""What the ``alfworld`` package holds of ALFWorld: rules, words, scenes, and what can be done with things.

Read from its files: importing the package would make a folder and set an environment variable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from gymnasium.error import DependencyNotInstalled

from skillflow_gym.installation import install


@cache
def wheel() -> Path:
    """The folder of the package.

    Raises:
        DependencyNotInstalled: the extra ``alfworld`` is missing.
    """
    folders = {}
    for package in ("alfworld", "textworld", "fast_downward"):
        found = find_spec(package)
        if found is None or not found.submodule_search_locations:
            raise DependencyNotInstalled(f"ALFWorld needs the Python package {package}: {install('alfworld')}")
        folders[package] = Path(found.submodule_search_locations[0])
    return folders["alfworld"]


@cache
def text(name: str) -> str:
    """A file of the package's data: ``alfred.pddl``, the rules, or ``alfred.twl2``, the words."""
    return (wheel() / "data" / name).read_text(encoding="utf-8")


@cache
def constants() -> Any:
    """``alfworld.gen.constants``: which things a receptacle can hold, and which can be heated, opened, ..."""
    return _module("constants")


@cache
def goals() -> Mapping[str, Mapping[str, Any]]:
    """Of every kind of task its goal in PDDL (``pddl``) and its wordings (``templates``)."""
    return _module("goal_library").gdict  # type: ignore[no-any-return]


@cache
def receptacle_types() -> frozenset[str]:
    """Types of receptacles that stay where they are."""
    return frozenset(constants().RECEPTACLES) - frozenset(constants().MOVABLE_RECEPTACLES_SET)


@cache
def thing_types() -> frozenset[str]:
    """Types of things that some receptacle can hold."""
    return frozenset().union(*constants().VAL_RECEPTACLE_OBJECTS.values()) - receptacle_types()


def holds(receptacle: str, thing: str) -> bool:
    """Whether a receptacle of one type can hold a thing of the other."""
    return thing in constants().VAL_RECEPTACLE_OBJECTS.get(receptacle, ())


@cache
def layout(scene: int) -> tuple[frozenset[str], Mapping[str, list[float]]] | None:
    """The types of things in a scene, and its receptacles with the pose to reach each from; None: no such scene."""
    files = [wheel() / "gen" / "layouts" / f"FloorPlan{scene}-{part}.json" for part in ("objects", "openable")]
    if not all(file.is_file() for file in files):
        return None
    types, poses = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    return frozenset(types), poses


def _module(name: str) -> Any:
    spec = spec_from_file_location(f"_alfworld_{name}", wheel() / "gen" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
