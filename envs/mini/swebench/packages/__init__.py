"""Small libraries with tests of their own, written for this project: what the mini tasks plant their bugs in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PACKAGES = ("almanac", "exprs", "ledger", "stash", "typeset", "waypoint", "versions")
"""``versions`` is kept for the test split."""


@cache
def files(package: str) -> dict[str, str]:
    """Relative path -> text of a package's files, sorted by path.

    Raises:
        KeyError: there is no such package.
    """
    if package not in PACKAGES:
        raise KeyError(package)
    root = Path(__file__).parent / package
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.py"))}
