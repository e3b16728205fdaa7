"""ALFWorld's games on TextWorld's PDDL engine; needs the extra ``alfworld``, and a process of its own.

The engine is used as it is published: its rules, its words, its order. What it computes anew at every reset and step
although nothing of it has changed is computed once: the translation of a game to Fast Downward's format, which is kept
on disk, parsed grammars and queries, and the text of a command. A test compares every reply with the bare engine's.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fast_downward
from alfworld.agents.utils.misc import Demangler
from alfworld.info import ALFRED_TWL2_PATH
from textworld.core import EnvInfos, GameState
from textworld.envs.pddl import PddlEnv, textgen
from textworld.envs.pddl import logic as pddl

Reply = tuple[str, bool, tuple[str, ...]]
"""What is shown, whether the goal is reached, and the commands that the engine takes now, sorted."""


class TextWorldEngine:
    """Plays one game at a time."""

    def __init__(self) -> None:
        self._game = _Game()

    @staticmethod
    def warm_up() -> None:
        """Do what is the same for all games."""
        _parse_grammar(Path(ALFRED_TWL2_PATH).read_text(encoding="utf-8"), "pddlStart")

    def load(self, game: Mapping[str, str]) -> Reply:
        """Begin a game given by its ``pddl_domain``, ``pddl_problem`` and ``grammar``."""
        self._game.load(game)
        return _reply(self._game.reset())

    def step(self, command: str) -> Reply:
        """Carry out a command; what is none is answered in the engine's own words."""
        return _reply(self._game.step(command)[0])


def _reply(state: Any) -> Reply:
    return state.feedback, state["won"], tuple(state["admissible_commands"])


class _Game(PddlEnv):
    """PddlEnv with ALFWorld's names for things, as ``AlfredDemangler`` gives them."""

    def __init__(self) -> None:
        super().__init__(EnvInfos(won=True, admissible_commands=True))
        self.downward_lib.load_sas_replan = lambda sas: None  # for the planner, which is never asked

    def load(self, data: Mapping[str, str]) -> None:
        super().load(data)
        demangler = Demangler(game_infos=self._entity_infos, shuffle=False)
        for info in self._entity_infos.values():
            info.name = demangler.demangle_alfred_name(info.id)
        self._names = {key: info.name for key, info in self._entity_infos.items()}
        task = self._pddl_state.task
        self._changing = {effect.literal.predicate for action in task.actions for effect in action.effects}
        self._commands: dict[tuple[str, ...], str] = {}

    def reset(self) -> GameState:
        """Begin the game that was loaded, once: the state that ``load`` has made is used, not made again."""
        self.state = GameState()
        self.state.feedback = self.state.raw = self._logic.grammar.derive("#intro#", self._context({}))
        self._moves = 0
        self._gather_infos()
        return self.state

    def _gather_infos(self) -> None:
        state = self.state
        state["won"], state["lost"] = self._pddl_state.check_goal(), False
        state["_valid_actions"] = self._pddl_state.all_applicable_actions()
        state["_valid_commands"] = [self._command(action) for action in state["_valid_actions"]]
        state["admissible_commands"] = sorted(set(state["_valid_commands"]))

    def _command(self, action: Any) -> str:
        """The text of a command, kept if its template asks for nothing that an action can change."""
        template = action.command_template
        asked, predicates = _mentioned(template)
        key = (template, *(variable.name for ph, variable in action.mapping.items() if ph.name in asked))
        if (known := self._commands.get(key)) is not None:
            return known
        action.command_template = self._logic.grammar.derive(template, self._context(action.mapping))
        command = str(action.format_command(self._names))
        if self._changing.isdisjoint(predicates):
            self._commands[key] = command
        return command

    def _context(self, mapping: Mapping[Any, Any]) -> dict[str, Any]:
        infos = self._entity_infos
        variables = {placeholder.name: infos[variable.name] for placeholder, variable in mapping.items()}
        facts = list(self._pddl_state.facts)
        return {
            "state": self._pddl_state,
            "facts": facts,
            "variables": variables,
            "mapping": mapping,
            "entity_infos": infos,
        }


@cache
def _mentioned(template: str) -> tuple[frozenset[str], frozenset[str]]:
    """All words of a command's template, its placeholders among them, and those that are predicates."""
    return frozenset(re.findall(r"\w+", template)), frozenset(re.findall(r"(\w+)\(", template))


# What follows replaces functions of the engine by others that give the same and remember it.

_engine_pddl2sas = fast_downward.pddl2sas
_engine_parse_grammar = pddl._parse_and_convert
_engine_parse_symbols = cache(textgen._parse_and_convert)
_VERSIONS = "\0".join(version(package) for package in ("fast-downward-textworld", "textworld"))
_GOAL = re.compile(r'"Your task is to: (?:[^"\\]|\\.)*"')


def cache_folder() -> Path:
    """Where translated games are kept, some 10 to 100 kB each; the folder may be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skillflow-gym" / "alfworld"


@lru_cache(maxsize=2)
def _pddl2sas(domain: str, problem: str, verbose: bool = False, optimize: bool = False) -> tuple[Any, str]:
    """The planning task, and its grounded form as text; the ``optimize`` one is for the planner and not made."""
    if optimize:
        return None, ""
    name = hashlib.sha256("\0".join((_VERSIONS, domain, problem)).encode()).hexdigest()
    path = cache_folder() / f"{name}.sas.zlib"
    if (sas := _kept(path)) is None:
        with _alone(path):  # a group of rollouts begins the same game in as many processes at the same time
            if (sas := _kept(path)) is None:
                task, sas = _engine_pddl2sas(domain, problem)
                _keep(path, zlib.compress(sas.encode(), 1))
                return task, sas
    return _parse(domain, problem), sas


def _kept(path: Path) -> str | None:
    try:
        return zlib.decompress(path.read_bytes()).decode()
    except (OSError, zlib.error):
        return None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold one of a few locks of the folder; who holds it and dies lets it go, and the worker's deadline covers it."""
    with ExitStack() as stack:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(open(path.with_name(f"{path.name[0]}.lock"), "w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keep(path: Path, content: bytes) -> None:
    partial = path.with_suffix(f".{os.getpid()}")  # of a process that could not get the lock
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError:
        return  # a disk that is full or read-only costs time, not the game


def _parse(domain: str, problem: str) -> Any:
    """The planning task before it is grounded: all of it that the engine asks for."""
    sys.argv = ["translate.py", "domain", "task"]  # the translator reads it when it is imported
    from fast_downward.translate import normalize
    from fast_downward.translate.pddl_parser import lisp_parser, parsing_functions

    task = parsing_functions.parse_task(*(lisp_parser.parse_nested_list(t.split("\n")) for t in (domain, problem)))
    normalize.normalize(task)
    return task


@lru_cache(maxsize=4)
def _parsed(grammar: str) -> Any:
    return _engine_parse_grammar(grammar, rule_name="pddlStart")


def _parse_grammar(text: str, rule_name: str) -> Any:
    """Actions and grammar; grammars that differ in the goal only, as those of all games do, are parsed once."""
    goals = _GOAL.findall(text)
    if len(goals) != 1:
        return _parsed(text)
    actions, shared = _parsed(_GOAL.sub('"Your task is to: "', text))
    task = json.dumps({"task": [{"rhs": json.loads(goals[0])}]})
    own = textgen.ContextSensitiveGrammar()
    own.update(shared)
    own._rules["task"] = textgen.ContextSensitiveGrammar.parse(task)._rules["task"]
    return actions, own


def _copy_context(context: dict[str, Any]) -> dict[str, Any]:
    """A context whose variables can be replaced; the variables themselves never change."""
    return {**context, "variables": dict(context["variables"]), "mapping": dict(context["mapping"])}


fast_downward.pddl2sas = _pddl2sas
pddl._parse_and_convert = _parse_grammar
textgen._parse_and_convert = lambda *args, **kwargs: deepcopy(_engine_parse_symbols(*args, **kwargs))
textgen.copy_context = _copy_context
textgen.Rule = SimpleNamespace(parse_conjunctive_query=cache(textgen.Rule.parse_conjunctive_query))
