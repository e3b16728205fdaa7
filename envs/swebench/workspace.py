"""A repository that is edited: a tree that never changes, and the files that differ from it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from skillflow_gym.envs.swebench.tree import Tree
from skillflow_gym.sandbox.inside import write_files

Changes = Mapping[str, str | None]
"""Path -> its new text; None for a file that is gone."""

MAX_FILE = 1 << 20
"""Bytes of the largest file that is shown or edited."""


class WorkspaceError(ValueError):
    """What was asked of the workspace cannot be done; the message is for the agent."""


class Workspace:
    """The files of ``tree`` with ``changes``; nothing is written to a disk before tests run.

    Attributes:
        changes: the files that differ from the tree.
    """

    def __init__(self, tree: Tree, changes: Changes | None = None) -> None:
        self.tree = tree
        self.changes: dict[str, str | None] = {}
        for path, text in (changes or {}).items():
            self._set(path, text)

    @property
    def paths(self) -> list[str]:
        """All files, sorted."""
        gone = {path for path, text in self.changes.items() if text is None}
        return sorted({*self.tree.paths, *self.changes} - gone)

    def __contains__(self, path: str) -> bool:
        return self.changes[path] is not None if path in self.changes else path in self.tree

    def read(self, path: str) -> str:
        """The text of a file.

        Raises:
            WorkspaceError: there is no such file, it is no text in UTF-8, or it is larger than MAX_FILE.
        """
        path = checked(path)
        if path not in self:
            raise WorkspaceError(f"{path}: no such file")
        changed = self.changes.get(path)
        return changed if changed is not None else self._original(path)

    def write(self, path: str, text: str) -> None:
        """Change a file or make a new one.

        Raises:
            WorkspaceError: the path leads out of the repository or is no place for a file, or the text is no UTF-8.
        """
        self._set(checked(path), text)

    def update(self, changes: Changes) -> None:
        """Take over ``changes``: all of them, or none.

        Raises:
            WorkspaceError: as ``write``.
        """
        self.changes = Workspace(self.tree, {**self.changes, **changes}).changes

    def _set(self, path: str, text: str | None) -> None:
        path = checked(path)
        if self.tree.blocked(path) or any(path.startswith(f"{other}/") for other in self.changes):
            raise WorkspaceError(f"{path}: no place for a file")
        if any(other.startswith(f"{path}/") for other, content in self.changes.items() if content is not None):
            raise WorkspaceError(f"{path}: no place for a file")
        original = self._original(path) if path in self.tree else None
        if text is not None:
            try:
                size = len(text.encode())
            except UnicodeEncodeError:
                raise WorkspaceError(f"{path}: the text is not valid Unicode") from None
            if size > MAX_FILE or "\0" in text:
                raise WorkspaceError(f"{path}: not a text of at most {MAX_FILE} bytes")
        if text == original:
            self.changes.pop(path, None)
        else:
            self.changes[path] = text

    def _original(self, path: str) -> str:
        content = self.tree.read(path)
        if len(content) > MAX_FILE:
            raise WorkspaceError(f"{path}: larger than {MAX_FILE} bytes")
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise WorkspaceError(f"{path}: a binary file")
        return text

    def diff(self, path: str = "") -> str:
        """The changes as git writes them; with ``path``, those of that file or folder."""
        parts = []
        for name in sorted(self.changes):
            if not path or name == path or name.startswith(f"{path.rstrip('/')}/"):
                before = self._original(name) if name in self.tree else None
                parts.append(file_diff(name, before, self.changes[name]))
        return "".join(parts)

    def export(self, folder: Path) -> None:
        """Write the files into an empty folder."""
        self.tree.copy(folder)
        for path, text in self.changes.items():
            if text is None:
                (folder / path).unlink()
        write_files(folder, {path: text for path, text in self.changes.items() if text is not None})


def checked(path: str) -> str:
    """``path`` in its plain form.

    Raises:
        WorkspaceError: it is absolute, leads out of the repository or into ``.git``, or names nothing.
    """
    pure = PurePosixPath(path.strip().removeprefix("./"))
    if pure.is_absolute() or not pure.parts or {"..", ".git"} & set(pure.parts) or "\0" in path or "\n" in path:
        raise WorkspaceError(f"{path.strip()[:200]!r}: not a path of the repository")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise WorkspaceError("the path is not valid Unicode") from None
    if max(map(len, pure.parts)) > 200 or len(path) > 1000:
        raise WorkspaceError(f"{path[:80]!r}...: too long for a path")
    return pure.as_posix()


def file_diff(path: str, before: str | None, after: str | None) -> str:
    """The difference of one file in git's format; None stands for a file that is not there."""
    head = [f"diff --git a/{path} b/{path}\n"]
    if before is None:
        head.append("new file mode 100644\n")
    if after is None:
        head.append("deleted file mode 100644\n")
    old, new = ("/dev/null" if before is None else f"a/{path}"), ("/dev/null" if after is None else f"b/{path}")
    # Lines end at "\n" alone: str.splitlines would cut at form feeds and the like.
    lines = difflib.unified_diff(_lines(before or ""), _lines(after or ""), old, new)
    return "".join(head) + "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
