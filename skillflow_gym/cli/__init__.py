"""The command line: ``skillflow list | play | eval | replay | skills | doctor | train | export | report``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import tyro

from skillflow_gym.cli import doctor, eval, export, list, play, replay, report, skills, train
from skillflow_gym.cli.common import UsageError, errors

COMMANDS = {
    "list": list,
    "play": play,
    "eval": eval,
    "replay": replay,
    "skills": skills,
    "doctor": doctor,
    "train": train,
    "export": export,
    "report": report,
}
"""The modules of the commands: each has a dataclass ``Args``, which is the command line, and ``run(args)``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code: 0, 1 for a negative verdict, 2 for a mistake in how it was called."""
    argv = [*(sys.argv[1:] if argv is None else argv)]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # no text of a benchmark may end a command
    try:
        if argv[:1] == ["train"] and len(argv) > 1 and not argv[1].startswith("-"):
            return train.run_agent(argv[1], argv[2:])
        args = tyro.extras.subcommand_cli_from_dict(
            {name: module.Args for name, module in COMMANDS.items()},
            prog="skillflow",
            description="Agent benchmarks behind one Gymnasium action type, and agents trained on them.",
            args=argv or ["--help"],
        )
        (module,) = (module for module in COMMANDS.values() if isinstance(args, module.Args))
        code: int = module.run(args)
        return code
    except UsageError as error:
        errors().print(f"skillflow: {error}", style="red", markup=False, soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        errors().print("\nInterrupted.")
        return 130
    except BrokenPipeError:  # the reader went away, as `| head` does; rich ends the same way
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains once more at exit
        return 1
