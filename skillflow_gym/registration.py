"""registry.yaml to Gymnasium's registry, and ``register_benchmark`` for benchmarks outside this repository."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium as gym
import yaml

NAMESPACE = "SkillFlow"
SPLITS = ("train", "validation", "test")

_stanzas: dict[str, Stanza] = {}


@dataclass(frozen=True)
class Stanza:
    """A benchmark's entry in registry.yaml; the fields are explained at the head of that file."""

    name: str
    family: str
    distribution: str
    step_limit: int
    splits: Mapping[str, str]
    metric: str
    reward: str
    success: str
    licence: str
    entry_point: str = ""
    data: str | Mapping[str, str] = ""
    files: tuple[str, ...] = ()
    variable: str = ""
    package: str = ""
    hub: Mapping[str, Any] = field(default_factory=dict)
    extra: str = ""
    graded: bool = False
    confidential: bool = False

    def __post_init__(self) -> None:
        """Refuse what registration or the environments could only trip over later."""
        if not re.fullmatch(r"\w[\w.-]*(?<!-v0)", self.name):
            raise ValueError(f"benchmark {self.name!r}: the name may hold letters, digits, _ . - only, without -v0")
        if wrong := sorted(set(self.splits) - set(SPLITS)):
            raise ValueError(f"benchmark {self.name!r}: unknown splits {wrong}; expected some of {list(SPLITS)}")
        if self.step_limit < 1:
            raise ValueError(f"benchmark {self.name!r}: step_limit must be at least 1, got {self.step_limit}")
        for field_name, value in (("data", self.data), ("hub", self.hub)):
            by_split = not isinstance(value, str) and set(value) & set(SPLITS)
            if by_split and (missing := sorted(set(self.splits) - set(value))):
                raise ValueError(f"benchmark {self.name!r}: {field_name} names no place for the splits {missing}")

    @property
    def env_id(self) -> str:
        """The id for ``gym.make``."""
        return f"{NAMESPACE}/{self.name}-v0"

    @property
    def built(self) -> bool:
        """Whether the benchmark can be made."""
        return bool(self.entry_point)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders under SKILLFLOW_DATA; () where the benchmark has none."""
        places = (self.data,) if isinstance(self.data, str) else tuple(dict.fromkeys(self.data.values()))
        return tuple(filter(None, places))

    def dataset(self, split: str) -> Mapping[str, str]:
        """The dataset on the hub that holds a canonical split: its ``path``, and perhaps its ``name``; {} for none."""
        found: Mapping[str, str] = self.hub if "path" in self.hub else self.hub.get(split, {})
        return found

    def split(self, name: str) -> str:
        """The canonical name of split ``name``, which may also be a native name that only one split has.

        Raises:
            ValueError: there is no such split, or the native name is ambiguous.
        """
        if name in self.splits:
            return name
        canonical = [split for split, native in self.splits.items() if native == name]
        if len(canonical) == 1:
            return canonical[0]
        reason = f"stands for each of {canonical}" if canonical else "does not exist"
        raise ValueError(f"{self.env_id}: split {name!r} {reason}; choose one of {list(self.splits)}")


def stanza(name: str) -> Stanza:
    """The stanza of a benchmark, by its name (``HotpotQA``) or any form of its environment id.

    Raises:
        ValueError: no such benchmark; the message lists close names.
    """
    bare = name.rsplit("/", 1)[-1].removesuffix("-v0")
    if bare in _stanzas:
        return _stanzas[bare]
    close = difflib.get_close_matches(bare, _stanzas, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(_stanzas)}"
    raise ValueError(f"no benchmark is named {name!r}: {hint}")


def stanzas() -> tuple[Stanza, ...]:
    """All registered benchmarks, in the order of registry.yaml, then those registered from outside."""
    return tuple(_stanzas.values())


@cache
def registry() -> dict[str, Any]:
    """The content of registry.yaml."""
    here = Path(__file__).resolve().parent
    path = next(p for p in (here / "registry.yaml", here.parent / "registry.yaml") if p.is_file())
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def register_all() -> None:
    """Register every benchmark of registry.yaml; a second call changes nothing."""
    for name, entry in registry()["benchmarks"].items():
        if name not in _stanzas:
            _register(Stanza(name=name, **entry))


def register_benchmark(entry: Mapping[str, Any]) -> Stanza:
    """Register a benchmark that lives outside this repository.

    It gets what the built-in ones get: ``gym.make("SkillFlow/<name>-v0")``, ``gym.make_vec``, the command line, the
    trainers, and the contract tests through ``skillflow_gym.registration.stanzas()``.

    Args:
        entry: a stanza as in registry.yaml, with ``name`` and ``entry_point``.

    Raises:
        ValueError: a field is missing, unknown or wrong, or the name is taken by another stanza.
    """
    known = {f.name for f in fields(Stanza)}
    if unknown := sorted(set(entry) - known):
        raise ValueError(f"unknown fields {unknown} in the stanza; expected some of {sorted(known)}")
    try:
        new = Stanza(**entry)
    except TypeError as error:
        raise ValueError(f"stanza {entry.get('name', '?')!r}: {str(error).partition(' ')[2]}") from None
    if not new.built:
        raise ValueError(f"stanza {new.name!r}: entry_point is missing (module:class)")
    if not new.splits:
        raise ValueError(f"stanza {new.name!r}: no splits; expected some of {list(SPLITS)}")
    if new.name in _stanzas:
        if _stanzas[new.name] == new:
            return new
        raise ValueError(f"a benchmark named {new.name!r} is registered already: choose another name")
    _register(new)
    return new


def _register(new: Stanza) -> None:
    _stanzas[new.name] = new
    if new.env_id not in gym.registry:
        gym.register(
            new.env_id,
            entry_point=new.entry_point or "skillflow_gym.registration:_not_built",
            vector_entry_point="skillflow_gym.vector:ThreadVectorEnv",
            # The environment owns its step limit: TimeLimit could pay no reward at the last step. The vector entry
            # point is told no id by Gymnasium, so the name travels in the keyword arguments.
            max_episode_steps=None,
            # The contract tests check every environment, and Gymnasium's checker breaks one whose first reset raised.
            disable_env_checker=True,
            kwargs={"benchmark": new.name},
        )


def _not_built(benchmark: str, **_: Any) -> gym.Env[Any, Any]:
    ready = ", ".join(s.env_id for s in stanzas() if s.built)
    raise gym.error.Error(f"{stanza(benchmark).env_id} is not built yet. Ready today: {ready}")
