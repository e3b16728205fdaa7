"""Files that a run finds in its folder: written without following what an earlier run may have left there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath


def check_relative(path: str) -> PurePosixPath:
    """``path`` if it names a file below a folder.

    Raises:
        ValueError: it is absolute, leads out of the folder, or names none.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in path or path.endswith("/"):
        raise ValueError(f"file name {path!r}: expected the relative path of a file, without '..'")
    return pure


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write ``files`` (relative path -> text) into ``folder``; what is in the way of a file is replaced.

    Raises:
        ValueError: a path leads out of the folder, also through a symbolic link.
    """
    for path, text in files.items():
        *parents, name = check_relative(path).parts
        with ExitStack() as stack:
            where = _open_folder(str(folder), None, stack)
            for parent in parents:
                if not _exists(parent, where):
                    os.mkdir(parent, dir_fd=where)
                try:
                    where = _open_folder(parent, where, stack)
                except OSError as error:
                    raise ValueError(f"file name {path!r}: {parent!r} is no folder") from error
            if _exists(name, where):
                os.unlink(name, dir_fd=where)
            fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=where)
            with os.fdopen(fd, "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
                file.write(text)


def _open_folder(name: str, where: int | None, stack: ExitStack) -> int:
    # The given folder itself may be reached through links; below it, nothing may.
    flags = os.O_RDONLY | os.O_DIRECTORY | (os.O_NOFOLLOW if where is not None else 0)
    fd = os.open(name, flags, dir_fd=where)
    stack.callback(os.close, fd)
    return fd


def _exists(name: str, where: int) -> bool:
    try:
        os.stat(name, dir_fd=where, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def hand_over(folder: Path, uid: int | None) -> None:
    """Give the folder and all in it to user and group ``uid``; None only checks.

    Raises:
        ValueError: a file has a hard link outside the folder: who may write the one could write the other.
    """
    links: dict[tuple[int, int], list[int]] = {}
    for _, folders, names, where in os.fwalk(folder):
        for name in (*folders, *names, "."):
            status = os.stat(name, dir_fd=where, follow_symlinks=False)
            if name in names and status.st_nlink > 1:
                count = links.setdefault((status.st_dev, status.st_ino), [0, status.st_nlink])
                count[0] += 1
    if outside := sum(seen < of for seen, of in links.values()):
        raise ValueError(f"{folder}: {outside} files have hard links outside of it; copy them instead")
    if uid is None:
        return
    for _, folders, names, where in os.fwalk(folder):
        for name in (*folders, *names, "."):
            os.chown(name, uid, uid, dir_fd=where, follow_symlinks=False)
