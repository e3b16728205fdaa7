"""What the commands share: consoles, errors of the user in one line, and the environment that a command names."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import gymnasium as gym
import yaml
from rich.console import Console
from rich.text import Text

from skillflow_gym.core import SkillEnv
from skillflow_gym.episode import suite_env
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.installation import install
from skillflow_gym.registration import Stanza, stanza

PIPE_WIDTH = 160
"""Columns when the output is no terminal, so that a row stays a line."""


EXTRAS = {
    "torch": "train",
    "tensorboard": "train",
    "datasets": "hub",
    "openai": "llm",
    "jinja2": "report",
    "stable-baselines3": "sb3",
    "sb3-contrib": "sb3",
    "transformers": "lm",
    "peft": "lm",
    "accelerate": "lm",
    "docker": "docker",
}
"""Package -> the extra that installs it."""


class UsageError(ValueError):
    """What the user asked for cannot be done; the message is one line and says what to do."""


def console(widest: int = PIPE_WIDTH) -> Console:
    """The standard output, at most ``widest`` columns of it."""
    out = Console(highlight=False, emoji=False)
    out.width = min(widest, out.width if out.is_terminal else PIPE_WIDTH)
    return out


def errors() -> Console:
    """The standard error: messages and progress, so that the output can be piped."""
    return Console(stderr=True, highlight=False, emoji=False)


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str, style: str = "") -> Text:
    """``text`` as it is, without markup; control characters, which could drive the terminal, become dots."""
    return Text(_CONTROL.sub("·", text), style)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn what the libraries raise for a wrong argument into a ``UsageError``."""
    try:
        yield
    except KeyError as error:
        raise UsageError(_one_line(error.args[0])) from error
    except ModuleNotFoundError as error:
        raise missing(error) from error
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}" if error.filename else _one_line(error)) from error
    except (ValueError, gym.error.Error, InfrastructureError) as error:
        raise UsageError(_one_line(error)) from error


def missing(error: ModuleNotFoundError) -> Exception:
    """The error to raise for a module that is not there: what to install, or ``error`` if the module is our own."""
    package = (error.name or "").partition(".")[0]
    if package == "skillflow_gym":
        return error
    extra = EXTRAS.get(package) or EXTRAS.get(package.replace("_", "-"))
    command = install(extra) if extra else f"pip install {package}"
    return UsageError(f"the Python package {package} is missing: {command}")


def _one_line(message: object) -> str:
    return " ".join(str(message).split())


def find(name: str) -> Stanza:
    """The benchmark that ``name`` means: any form of its id; ``module:NAME`` imports the module that registers it.

    Raises:
        UsageError: there is none, or it is not built yet.
    """
    module, colon, bare = name.rpartition(":")
    if colon:
        sys.path.insert(0, "")  # a benchmark that is being written lies where its author stands
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise UsageError(f"{name}: {error}") from error
        finally:
            sys.path.remove("")
    with usage_errors():
        return stanza(bare)


@dataclass
class EnvArgs:
    """Arguments of the environment, whatever its split."""

    env: str = "HotpotQA-v0"
    """Benchmark: an id with or without SkillFlow/, or module:ID of one outside the suite."""
    source: str = "auto"
    """Where the tasks come from: auto, mini, hub, hub:ID or file:PATH."""
    executor: str = ""
    """What carries out act(text): direct, tools, hf:MODEL or openai:MODEL@URL; empty for the benchmark's own."""
    library: str = ""
    """Folder of skills; empty for none."""
    step_limit: int = 0
    """Actions per episode; 0 for the benchmark's own."""
    retrieval: str = ""
    """Question answering: search in all passages (pooled), the task's own (own), or at a retriever's URL."""
    task: str = ""
    """ALFWorld and ScienceWorld: kinds of tasks to keep to, by name, several with commas; empty for all."""
    env_args: str = "{}"
    """More arguments of the environment, as YAML: '{top_k: 5}'."""

    def make_env(self, split: str) -> gym.Env[Any, Any]:
        """Make an environment of ``split``.

        Raises:
            UsageError: an argument is wrong, or the benchmark is not built or lacks something.
        """
        benchmark = find(self.env)
        named = {name: getattr(self, name) for name in _NAMED}
        named |= {name: value for name in _SOME if (value := getattr(self, name))}
        with usage_errors():
            try:
                # What Gymnasium checks at every first step, the suite's tests check once and for all.
                return gym.make(
                    benchmark.env_id, split=split, disable_env_checker=True, **named, **self.more_arguments()
                )
            except TypeError as error:  # an argument that the environment does not have
                if "unexpected keyword argument" not in str(error):
                    raise
                name = str(error).partition("argument ")[2].partition(" was raised")[0]
                raise UsageError(f"{benchmark.env_id} has no argument {name}") from error

    def more_arguments(self) -> dict[str, Any]:
        """``env_args`` as a dictionary.

        Raises:
            UsageError: it is no YAML mapping of names, or names what has an option of its own.
        """
        try:
            more = yaml.safe_load(self.env_args)
        except yaml.YAMLError as error:
            raise UsageError(f"--env-args {self.env_args!r} is not YAML: expected names and values") from error
        if not isinstance(more, dict) or not all(isinstance(name, str) for name in more):
            raise UsageError(f"--env-args {self.env_args!r}: expected names and values, as in '{{top_k: 5}}'")
        if twice := sorted({*_NAMED, *_SOME, "split"} & set(more)):
            raise UsageError(f"--env-args: {twice[0]} has an option of its own")
        return more

    def options(self) -> list[str]:
        """The command line that repeats these arguments; those at their defaults are left out."""
        default = EnvArgs()
        names = [f.name for f in fields(EnvArgs) if f.name != "env"]
        changed = {name: value for name in names if (value := getattr(self, name)) != getattr(default, name)}
        return ["--env", self.env, *(w for name, v in changed.items() for w in (f"--{name.replace('_', '-')}", str(v)))]


_NAMED = ("source", "executor", "library", "step_limit")
_SOME = ("retrieval", "task")
"""Arguments that some environments have."""


def loaded(env: gym.Env[Any, Any]) -> SkillEnv:
    """The environment inside all wrappers, its tasks loaded.

    Raises:
        UsageError: the source cannot be read.
    """
    core = suite_env(env)
    with usage_errors():
        _ = core.taskset
    return core
