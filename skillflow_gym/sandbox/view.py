"""What a program under bubblewrap sees, as arguments of bwrap; host paths go through the stage of ``spawn.launch``."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Mapping
from copy import copy
from pathlib import Path

import skillflow_gym
from skillflow_gym.sandbox import Mounts
from skillflow_gym.sandbox.inside import check_relative
from skillflow_gym.sandbox.launcher import Slot
from skillflow_gym.sandbox.spawn.program import PACKAGES, SCRATCH

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
_SUITE = [Path(skillflow_gym.__file__).parent, Path(skillflow_gym.__file__).parents[1] / "agents"]
"""Installed beside other packages, the suite's own would show answers and hidden tests."""


class View:
    """Collects arguments; ``stage`` holds the host paths that they mean."""

    def __init__(self) -> None:
        """Begin with the system's programs and this Python, read-only, and private folders."""
        self.arguments: list[str | Slot] = []
        self.stage: list[str] = []
        self._as_they_are: list[Path] = []
        for path in _SYSTEM:
            if os.path.islink(path):
                self.arguments += ["--symlink", os.readlink(path), path]
            elif os.path.exists(path):
                self._show_as_it_is(Path(path))
        for name in ("bin", "lib"):
            self._show_as_it_is(Path(sys.base_prefix, name))
        if sys.prefix != sys.base_prefix:  # in a virtual environment, the packages outside of it are not ours
            for folder in filter(os.path.isdir, site.getsitepackages([sys.base_prefix])):
                self._hide(folder)
        self.arguments += ["--proc", "/proc", "--dev", "/dev"]
        for path in ("/tmp", "/dev/shm"):
            self.arguments += ["--perms", "1777", "--size", str(SCRATCH), "--tmpfs", path]
        self.arguments += ["--size", str(SCRATCH), "--tmpfs", "/work"]

    def mount(self, mounts: Mounts, files: Mapping[str, str]) -> None:
        """Show what the asker wants shown; without a folder of his, ``files`` go to the private ``/work``."""
        if mounts.work is not None:
            self.arguments += ["--bind", self._staged(mounts.work.resolve(strict=True)), "/work"]
        else:
            for number, name in enumerate(files):
                self.arguments += ["--file", Slot("data", number), f"/work/{check_relative(name)}"]
        for path, source in mounts.read_only.items():
            self._show(path, source.resolve(strict=True))

    def copy(self) -> View:
        """One that can be added to."""
        new = copy(self)
        new.arguments, new.stage, new._as_they_are = [*self.arguments], [*self.stage], [*self._as_they_are]
        return new

    def show_packages(self) -> list[str]:
        """Show the folders of installed packages that are not shown already; returns where they are inside."""
        places: list[str] = []
        self.arguments += ["--dir", PACKAGES]
        for folder in dict.fromkeys(map(Path, sys.path)):
            if folder.name in ("site-packages", "dist-packages") and folder.is_dir() and not self._shown(folder):
                places.append(f"{PACKAGES}/{len(places)}")
                self._show(places[-1], folder)
        return places

    def _show_as_it_is(self, path: Path) -> None:
        if not self._shown(path):
            self._as_they_are.append(path)
            self._show(str(path), path)

    def _shown(self, path: Path) -> bool:
        return any(path.is_relative_to(shown) for shown in self._as_they_are)

    def _show(self, path: str, source: Path) -> None:
        self.arguments += ["--ro-bind", self._staged(source), path]
        for own in _SUITE:
            if own.is_relative_to(source) and own.is_dir():
                self._hide(str(path / own.relative_to(source)))

    def _hide(self, path: str) -> None:
        self.arguments += ["--size", "4096", "--tmpfs", path, "--remount-ro", path]

    def _staged(self, source: Path) -> Slot:
        self.stage.append(str(source))
        return Slot("stage", len(self.stage) - 1)
