"""Source trees and Python environments for the backend ``local``, made once and kept in a cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from skillflow_gym.envs.swebench.tree import FolderTree
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.tasks import Task

DEADLINE = 1200.0
"""Seconds that a download or an installation may take."""
_WAYS = "give trees='git', 'folder:PATH' (a folder per instance id) or 'sdist:NAME==VERSION'"


def cache_folder() -> Path:
    """``$SKILLFLOW_CACHE/swebench``, or the user's cache folder."""
    root = os.environ.get("SKILLFLOW_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "skillflow-gym"
    )
    return Path(root) / "swebench"


def tree(trees: str, task: Task) -> FolderTree:
    """The repository of ``task`` at its base commit.

    Args:
        trees: ``folder:PATH``: PATH/<instance id>, or PATH itself if that is not there; ``git``: fetched from GitHub;
            ``sdist:NAME==VERSION``: a source distribution from the package index, which must equal that commit.
        task: whose repository it is.

    Raises:
        ValueError: ``trees`` is none of these.
        InfrastructureError: it cannot be fetched.
    """
    kind, _, argument = trees.partition(":")
    if kind == "folder" and argument:
        for place in (Path(argument, task.id), Path(argument)):
            if place.is_dir():
                return _folder(place)
        raise ValueError(f"trees {trees!r}: no such folder")
    repo, commit = task.record["repo"], task.record["base_commit"]
    if trees == "git":
        return _folder(made(f"{repo.replace('/', '__')}-{commit}", lambda place: _fetch(repo, commit, place)))
    if kind == "sdist" and re.fullmatch(r"[\w.-]+==[\w.-]+", argument):
        return _folder(made(argument, lambda place: _download(argument, place)))
    raise ValueError(f"{task.id}: the backend 'local' has no source tree for {repo}: {_WAYS}")


def environment(requirements: str) -> Path:
    """A virtual environment of this Python with ``requirements``: what pip takes, separated by spaces, or a file.

    Raises:
        InfrastructureError: it cannot be installed.
    """
    path = Path(requirements)
    wanted = path.read_text(encoding="utf-8") if requirements and path.is_file() else requirements
    lines = [line for line in wanted.replace(" ", "\n").split("\n") if line and not line.startswith("#")]
    if not any(re.match(r"pytest\b", line) for line in lines):
        lines.append("pytest")
    name = hashlib.sha256("\n".join([sys.version, *sorted(lines)]).encode()).hexdigest()[:16]

    def build(place: Path) -> None:
        _call([sys.executable, "-m", "venv", str(place)])
        _call([str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", *lines])

    return made(f"venv-{name}", build)


@lru_cache(maxsize=64)
def _folder(place: Path) -> FolderTree:
    return FolderTree(place)


def _fetch(repo: str, commit: str, place: Path) -> None:
    git = ["git", "-C", str(place)]
    place.mkdir()
    _call([*git, "init", "-q"])
    _call([*git, "fetch", "-q", "--depth", "1", f"https://github.com/{repo}", commit])
    _call([*git, "checkout", "-q", "FETCH_HEAD"])
    shutil.rmtree(place / ".git")


def _download(requirement: str, place: Path) -> None:
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "-d", folder]
        _call([*pip, requirement])
        (archive,) = Path(folder).iterdir()
        with tarfile.open(archive) as file:
            file.extractall(Path(folder, "unpacked"), filter="data")
        (root,) = Path(folder, "unpacked").iterdir()
        root.rename(place)


def made(name: str, make: Callable[[Path], None]) -> Path:
    """The folder ``name`` of the cache; ``make`` writes it where it is not there, whole or not at all."""
    place = cache_folder() / name
    done = place.with_name(f"{name}.done")
    with _locked(place.with_name(f"{name}.lock")):
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            try:
                make(place)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
            done.touch()
    return place


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _call(command: Sequence[str]) -> None:
    """Run a trusted program that may use the network."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": os.devnull}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InfrastructureError(f"{command[0]}: {error}") from error
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-500:]
        raise InfrastructureError(f"{' '.join(command[:4])} failed: {said}")
