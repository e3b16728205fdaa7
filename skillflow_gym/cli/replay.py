"""``skillflow replay``: whether recorded trajectories come out the same again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from rich.console import Console
from rich.text import Text
from tyro.conf import Positional, arg

from skillflow_gym.cli.common import UsageError, console, plain, usage_errors
from skillflow_gym.replay import Difference, ReplayError, ReplayResult, replay
from skillflow_gym.trajectory import Trajectory, read_trajectories

_SHOWN = 600


@dataclass
class Args:
    """Run recorded trajectories again and compare every observation and figure; exit code 1 if any differs."""

    file: Positional[Annotated[str, arg(metavar="FILE")]]
    """JSONL file of trajectories."""
    index: int | Literal["all"] = "all"
    """Which one, from 0; or all."""


def run(args: Args) -> int:
    """Replay and print a verdict for each trajectory."""
    with usage_errors():
        trajectories = list(enumerate(read_trajectories(args.file)))
    if not trajectories:
        raise UsageError(f"{args.file} holds no trajectory")
    if args.index != "all":
        if not 0 <= args.index < len(trajectories):
            raise UsageError(f"--index {args.index}: {args.file} holds the trajectories 0 to {len(trajectories) - 1}")
        trajectories = [trajectories[args.index]]
    out = console()
    equal = sum(_verdict(out, index, trajectory) for index, trajectory in trajectories)
    style = "bold green" if equal == len(trajectories) else "bold red"
    out.print(f"{equal} of {len(trajectories)} equal", style=style)
    return 0 if equal == len(trajectories) else 1


def _verdict(out: Console, index: int, trajectory: Trajectory) -> bool:
    """Replay one trajectory, print how it went, and return whether it was equal."""
    name = f"{index}  {trajectory.split} task {trajectory.task_id}, {len(trajectory)} turns"
    try:
        result = replay(trajectory)
    except ReplayError as error:
        out.print(Text.assemble(("? ", "bold yellow"), plain(name), (" cannot be replayed", "yellow")))
        out.print(plain(f"    {error}"), soft_wrap=True)
        return False
    mark = ("= ", "bold green") if result.equal else ("x ", "bold red")
    figures = ", ".join([f"reward {trajectory.reward:g}", *(f"{k} {v:g}" for k, v in trajectory.score.items())])
    out.print(Text.assemble(mark, plain(name), (f" ({figures})", "dim")))
    if result.first_difference is not None:
        _explain(out, result.first_difference)
    for reason in _reasons(trajectory, result):
        out.print(f"    {reason}", style="yellow", soft_wrap=True)
    return result.equal


def _explain(out: Console, difference: Difference) -> None:
    where = f"turn {difference.turn}" if difference.turn else "the reset"
    out.print(f"    first difference at {where}, in {difference.what}", style="red")
    # Long texts are shown from a little before the place where they part.
    expected, got = repr(difference.expected), repr(difference.got)
    same = next(
        (i for i, (a, b) in enumerate(zip(expected, got, strict=False)) if a != b), min(len(expected), len(got))
    )
    start = max(0, same - 60)
    for label, text in (("expected", expected), ("got", got)):
        part = ("..." if start else "") + text[start : start + _SHOWN] + ("..." if len(text) > start + _SHOWN else "")
        out.print(Text.assemble((f"      {label:9}", "dim"), plain(part)), soft_wrap=True)


def _reasons(trajectory: Trajectory, result: ReplayResult) -> list[str]:
    """What was not the same to begin with; for a difference also what could explain it."""
    reasons = []
    if result.source_changed:
        reasons.append(f"the task's content in source {trajectory.source} is not what it was when this was recorded")
    if result.library_changed:
        versions = f"{trajectory.library_version}, now {result.trajectory.library_version}"
        reasons.append(f"the skill library is another one: recorded with {versions}")
    if trajectory.unscored:
        reasons.append("the recording is unscored, so only its turns before the failure were compared")
    if not result.equal and not result.deterministic:
        reasons.append("the executor is a language model, which need not answer the same twice")
    if not result.equal and trajectory.seed is None:
        reasons.append("no seed was recorded: what the environment drew at random cannot be drawn again")
    return reasons
