"""``skillflow doctor``: what works on this machine, and the command that mends what does not."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import gymnasium as gym
from gymnasium.error import DependencyNotInstalled
from rich import box
from rich.table import Table

import skillflow_gym
from skillflow_gym.cli.common import EXTRAS, console, errors, plain
from skillflow_gym.cli.programs import Check, allow_namespaces, first_line, programs
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.installation import install
from skillflow_gym.registration import Stanza, stanzas
from skillflow_gym.sandbox import SandboxError, make_sandbox
from skillflow_gym.sources import resolve_source


@dataclass
class Args:
    """Check this machine: versions, extras, every benchmark, programs, data; exit code 1 if a benchmark fails."""


_MARKS = {"ok": "[green]ok[/]", "absent": "[yellow]-[/]", "broken": "[bold red]FAILS[/]"}


def run(args: Args) -> int:
    """Look at everything, print a table, then the commands."""
    sections = {
        "This installation": installation,
        "Extras": extras,
        "Benchmarks": benchmarks,
        "Programs": programs,
        "Sandbox": sandbox,
        "Data": data,
    }
    out = console()
    table = Table(box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    checks: list[Check] = []
    with errors().status("looking at this machine ..."):
        for title, look in sections.items():
            found = list(look())
            checks += found
            table.add_row(f"[bold]{title}[/]")
            for check in found:
                table.add_row(f"  {check.name}", _MARKS[check.state], plain(check.detail))
            table.add_section()
    out.print(table)
    commands: dict[str, list[str]] = {}
    for check in checks:
        if check.command:
            commands.setdefault(check.command, []).append(check.name)
    if commands:
        out.print("[bold]What is missing, and what mends it[/]")
    for command, names in commands.items():
        out.print(f"  {', '.join(names)}:", style="dim", soft_wrap=True)
        out.print(f"    {command}", markup=False, soft_wrap=True)
    return 1 if any(check.state == "broken" for check in checks) else 0


def installation() -> Iterator[Check]:
    """Python, the suite, Gymnasium."""
    yield Check("python", "ok", f"{platform.python_version()} on {platform.system()}")
    try:
        version = importlib.metadata.version("skillflow-gym")
        yield Check("skillflow-gym", "ok", f"{version} in {Path(skillflow_gym.__file__).parent}")
    except importlib.metadata.PackageNotFoundError:
        detail = f"{skillflow_gym.__version__}, a checkout that is not installed"
        yield Check("skillflow-gym", "absent", detail, install())
    yield Check("gymnasium", "ok", gym.__version__)


def extras() -> Iterator[Check]:
    """The packages of every extra, imported for real."""
    for package, extra in EXTRAS.items():
        try:
            importlib.import_module(package.replace("-", "_"))
            yield Check(package, "ok", f"{importlib.metadata.version(package)}, extra {extra}")
        except ModuleNotFoundError:
            yield Check(package, "absent", f"not installed, extra {extra}", install(extra))
        except Exception as error:  # a broken binary package raises anything
            command = install(extra, "--force-reinstall ")
            yield Check(package, "broken", f"does not import: {first_line(error)}", command)


def benchmarks() -> Iterator[Check]:
    """Every benchmark, made and reset with its mini tasks."""
    for stanza in stanzas():
        yield _benchmark(stanza)


def _benchmark(stanza: Stanza) -> Check:
    if not stanza.built:
        return Check(stanza.name, "absent", "not built yet")
    try:
        env = gym.make(stanza.env_id, source="mini")
        try:
            env.reset(seed=0)
        finally:
            env.close()
        source = resolve_source(stanza, "auto", tuple(stanza.splits))
        return Check(stanza.name, "ok", f"plays; source auto is {source} here")
    except ImportError as error:
        state: Literal["absent", "broken"] = "absent" if stanza.extra else "broken"
        return Check(stanza.name, state, first_line(error), install(stanza.extra))
    except DependencyNotInstalled as error:  # says itself what mends it, which is not always an extra
        return Check(stanza.name, "absent", first_line(error))
    except Exception as error:  # whatever it is, the other benchmarks are still to be looked at
        command = install(stanza.extra, "--force-reinstall ")
        return Check(stanza.name, "broken", f"{type(error).__name__}: {first_line(error)}", command)


def sandbox() -> Iterator[Check]:
    """The sandbox that is the default, with a program run in it."""
    try:
        with closing(make_sandbox()) as made:
            done = made.python("print(6 * 7)")
        if done.stdout != "42\n":
            raise InfrastructureError(f"a program did not do what it should: {done}")
        yield Check("bwrap", "ok", "runs untrusted code, apart from this machine")
    except (SandboxError, InfrastructureError) as error:
        command = allow_namespaces() or "sudo apt-get install bubblewrap util-linux"
        yield Check("bwrap", "absent", f"runs no untrusted code: {first_line(error)}", command)


def data() -> Iterator[Check]:
    """Where real data is looked for."""
    root = os.environ.get("SKILLFLOW_DATA", "")
    if not root:
        yield Check("SKILLFLOW_DATA", "absent", "not set; real data may be put there", "export SKILLFLOW_DATA=FOLDER")
    elif not Path(root).is_dir():
        yield Check("SKILLFLOW_DATA", "broken", f"{root} is no folder", f"mkdir -p {root}")
    else:
        names = [stanza.name for stanza in stanzas() if any((Path(root) / f).is_dir() for f in stanza.folders)]
        yield Check("SKILLFLOW_DATA", "ok", f"{root}: {', '.join(names) or 'holds no known folder'}")
