"""The command that installs what is missing."""

from __future__ import annotations

import shlex
from pathlib import Path


def install(extra: str = "", options: str = "") -> str:
    """The command that installs the suite with ``extra``: in a checkout from there, with its constraints."""
    root = Path(__file__).parents[1]
    suffix = f"[{extra}]" if extra else ""
    if (root / "constraints.txt").exists() and (root / "registry.yaml").exists():
        wanted = f"-c {shlex.quote(str(root / 'constraints.txt'))} -e {shlex.quote(f'{root}{suffix}')}"
    else:
        wanted = shlex.quote(f"skillflow-gym{suffix}")
    return f"pip install {options}{wanted}"
