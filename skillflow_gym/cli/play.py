"""``skillflow play``: a person solves tasks of a benchmark in the terminal."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from math import nan
from typing import Annotated

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.text import Text
from tyro.conf import Positional, arg

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.cli.common import EnvArgs, UsageError, console, loaded, plain, usage_errors
from skillflow_gym.core import SkillEnv
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision

HELP = """\
  act(TEXT)          send an instruction or a command; the reply is the next observation
  accept(ANSWER)     give the final answer and end the episode
  skill(NAME)        read a skill of the catalogue
  search: TEXT       short for act(search: TEXT), with any tool's name; "accept TEXT" and the like work too
  ?  or  ? WORD      list what is proposed now, or only what has WORD in it
  NUMBER             take that proposal
  task               show the task again
  ...\\               a line that ends with a backslash goes on in the next
  quit               leave (or Ctrl-D)"""

_SHORT = re.compile(r"(skill|act|accept)\s+(.+)", re.DOTALL)
_TOOL = re.compile(r"\w+:\s*\S")


class Leave(Exception):
    """The person wants to go."""


@dataclass
class Args(EnvArgs):
    """Solve tasks of a benchmark yourself."""

    env: Positional[Annotated[str, arg(metavar="ENV")]] = "HotpotQA-v0"
    """Benchmark: an id with or without SkillFlow/, or module:ID of one outside the suite."""
    split: str = "train"
    """train, validation or test."""
    task_id: str = ""
    """Task to begin with, by id."""
    index: Annotated[int | None, arg(metavar="INT")] = None
    """Task to begin with, by its position in the split; without either it is drawn."""
    seed: Annotated[int | None, arg(metavar="INT")] = None
    """Seeds the environment and the draw of the tasks."""


def run(args: Args) -> int:
    """Play until the person leaves."""
    if args.task_id and args.index is not None:
        raise UsageError("give --task-id or --index, not both")
    env = args.make_env(args.split)
    core = loaded(env)
    out = console(widest=100)  # lines of prose longer than that are hard to read
    position = _position(core, args)
    played = solved = 0
    seed = args.seed
    try:
        while True:
            with usage_errors():
                task_id = None if position is None else core.taskset[position].id
                episode = Episode(env, seed=seed, task_id=task_id)
            solved += _play(out, core, episode)
            played += 1
            if _ask(out, "Another task? [Y/n] ").strip().lower() not in ("", "y", "yes"):
                raise Leave
            seed = None  # the generator goes on; seeding it again would draw the same task
            position = None if position is None else (position + 1) % len(core.taskset)
    except (Leave, KeyboardInterrupt):
        out.print(f"\n{solved} of {played} solved. Bye." if played else "\nBye.")
        return 0
    finally:
        env.close()


def _position(core: SkillEnv, args: Args) -> int | None:
    """Where in the split the first task stands; None if it is to be drawn."""
    tasks = core.taskset
    if args.index is not None and not 0 <= args.index < len(tasks):
        raise UsageError(f"--index {args.index}: split {core.split} of source {core.source} has {len(tasks)} tasks")
    if not args.task_id:
        return args.index
    with usage_errors():
        return tasks.index(tasks.by_id(args.task_id))


def _play(out: Console, core: SkillEnv, episode: Episode) -> bool:
    """Play one episode to its end and say how it went; whether it was solved."""
    _show_task(out, core, episode)
    while not episode.done:
        line = _ask(out, f"{episode.context.step + 1}/{episode.context.step_limit} > ").strip()
        while line.endswith("\\"):  # code spans lines
            line = f"{line[:-1]}\n{_ask(out, '... ')}"
        action = _understand(out, core, episode, line)
        if action is None:
            continue
        episode.step(Decision(action, nan, nan))
        turn = episode.trajectory().turns[-1]
        if turn.observation:
            text = plain(turn.observation, "red" if turn.error else "")
            text.highlight_regex(r"(?m)^\[\d+\] .*$", "bold")
            out.print(text, end="\n\n")
    return _show_end(out, episode)


def _understand(out: Console, core: SkillEnv, episode: Episode, line: str) -> Action | None:
    """The action that ``line`` means; None if it was a request to this program, or nothing."""
    options = tuple(dict.fromkeys([*map(Action.act, episode.context.admissible), *episode.context.proposals]))
    command = line.lower()
    if command in ("quit", "exit", "q"):
        raise Leave
    if command == "help":
        out.print(HELP, markup=False, end="\n\n")
    elif command == "task":
        _show_task(out, core, episode)
    elif line.startswith("?"):
        _show_options(out, options, line[1:].strip())
    elif line.isdecimal():
        if 1 <= int(line) <= len(options):
            action = options[int(line) - 1]
            out.print(plain(action.to_text(), "cyan"))
            return action
        out.print(f"There are proposals 1 to {len(options)}: ? lists them. A number as the answer: accept({line})\n")
    elif line:
        meant = _read(line, core, episode)
        if meant is None:
            out.print("That is no action: help says what is.\n", style="yellow")
        return meant
    return None


def _read(line: str, core: SkillEnv, episode: Episode) -> Action | None:
    if re.match(r"(skill|act|accept)\(.*\)$", line, re.DOTALL):
        return Action.parse(line)
    if short := _SHORT.fullmatch(line):
        return Action(ActionKind[short[1].upper()], short[2])
    if core.executor.spec == "direct" or line in episode.context.admissible or _TOOL.match(line):
        return Action.act(line)
    return None


def _ask(out: Console, prompt: str) -> str:
    """A line from the person.

    Raises:
        Leave: there is no more input.
    """
    terminal = sys.stdin.isatty()
    if terminal:
        with suppress(ImportError):  # Windows has none
            import readline  # noqa: F401 - gives input() its history and editing
    # Between \001 and \002 readline counts no columns.
    coloured = terminal and out.is_terminal and out.color_system
    try:
        line = input(f"\001\033[1;36m\002{prompt}\001\033[0m\002" if coloured else prompt)
    except EOFError:
        raise Leave from None
    if not terminal:
        out.print(plain(line))  # the transcript of a script reads like one of a person
    return line


def _show_task(out: Console, core: SkillEnv, episode: Episode) -> None:
    context = episode.context
    title = Text(f" {core.stanza.name}-v0 · {core.split} · {core.source} ", "bold")
    out.print(Panel(plain(context.task, "bold"), title=title, subtitle=plain(core.task.id, "dim"), padding=(1, 2)))
    if context.catalogue:
        out.print(Text.assemble(("Skills\n", "bold"), plain(context.catalogue)), end="\n\n")
    if context.observation:
        out.print(plain(context.observation), end="\n\n")
    out.print(f"{context.step_limit} steps. ? lists proposals, help explains, quit leaves.\n", style="dim")


def _show_options(out: Console, options: tuple[Action, ...], word: str) -> None:
    shown = [
        Text.assemble(
            (f"{number:3} ", "cyan"), plain(option.argument if option.kind is ActionKind.ACT else option.to_text())
        )
        for number, option in enumerate(options, start=1)
        if word.lower() in option.argument.lower()
    ]
    if shown:
        out.print(Columns(shown, padding=(0, 3), column_first=True))
        out.print()
    else:
        out.print("Nothing is proposed.\n" if not word else f"No proposal has {word!r} in it.\n", markup=False)


def _show_end(out: Console, episode: Episode) -> bool:
    end = episode.trajectory()
    if end.unscored:
        verdict = Text.assemble(("Not scored: ", "bold yellow"), plain(end.turns[-1].error))
    elif end.success:
        verdict = Text("Solved", "bold green")
    else:
        verdict = Text("The steps are used up" if end.truncated else "Not solved", "bold red")
    steps = f"{len(end)} step{'' if len(end) == 1 else 's'}"
    figures = [f"reward {end.reward:.2f}", *(f"{name} {value:.2f}" for name, value in end.score.items())]
    out.print(Text.assemble(verdict, "   ", ", ".join(figures), (f"   after {steps}", "dim")), end="\n\n")
    return end.success
