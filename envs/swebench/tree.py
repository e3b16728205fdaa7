"""The files of a repository at one commit. They are read, never run, and never change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

from skillflow_gym.sandbox.inside import write_files


class Tree(Protocol):
    """What both kinds of tree offer; paths are relative, with forward slashes."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The regular files, sorted."""

    def __contains__(self, path: str) -> bool: ...

    def read(self, path: str) -> bytes:
        """The content of one of ``paths``."""

    def blocked(self, path: str) -> bool:
        """Whether no file can be at ``path``, since a file or a symbolic link stands in its way."""

    def copy(self, folder: Path) -> None:
        """Write all files, and symbolic links as links, into an empty folder."""


class MemoryTree:
    """A tree made of texts."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = dict(sorted(files.items()))

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """All files."""
        return tuple(self._files)

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def read(self, path: str) -> bytes:
        """The text as UTF-8."""
        return self._files[path].encode()

    def blocked(self, path: str) -> bool:
        """Whether ``path`` is a folder, or a file stands where a folder of it would be."""
        folders = {path[:i] for i, c in enumerate(path) if c == "/"}
        return not folders.isdisjoint(self._files) or any(name.startswith(f"{path}/") for name in self._files)

    def copy(self, folder: Path) -> None:
        """Write all files."""
        write_files(folder, self._files)


class FolderTree:
    """A tree in a folder, without its ``.git``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Its regular files; what a link leads to is not listed."""
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name != ".git")
            here = Path(folder)
            for name in names:
                if name != ".git" and not (here / name).is_symlink():
                    found.append((here / name).relative_to(self.root).as_posix())
        return tuple(sorted(found))

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.paths)

    def __contains__(self, path: str) -> bool:
        return path in self._names

    def read(self, path: str) -> bytes:
        """The content of the file."""
        return (self.root / path).read_bytes()

    def blocked(self, path: str) -> bool:
        """Whether something that is no regular file is at ``path``, or no folder where one of its folders would be."""
        for parent in list(Path(path).parents)[:-1]:
            place = self.root / parent
            if place.is_symlink() or (place.exists() and not place.is_dir()):
                return True
        place = self.root / path
        return place.is_symlink() or (place.exists() and not place.is_file())

    def copy(self, folder: Path) -> None:
        """Copy it; nothing is linked, since a sandbox writes there."""
        ignore = shutil.ignore_patterns(".git")
        shutil.copytree(self.root, folder, symlinks=True, dirs_exist_ok=True, ignore=ignore)
