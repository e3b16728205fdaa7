"""Where libraries are: a folder of skills, a store with all its versions, or the folder of a run."""

from __future__ import annotations

from pathlib import Path

import yaml

from skillflow_gym.skills.library import SkillLibrary
from skillflow_gym.skills.skill import SkillError
from skillflow_gym.skills.store import SkillStore


def load_library(place: str) -> SkillLibrary:
    """The library at ``place``: a folder of skills, a store or a run's folder; ``STORE@VERSION`` for an older one.

    "" is the empty library. VERSION is 4 hex digits or more, or the number of an entry.

    Raises:
        SkillError: there is none, or it cannot be read.
        StoreError: its file is damaged, or entries of its store are missing.
    """
    if not place:
        return SkillLibrary()
    path, wanted = _split(place)
    folder = _folder(path)
    store = SkillStore(folder)
    if store.head:
        return find_version(store, wanted) if wanted else store.load(store.head)
    if wanted:
        raise SkillError(f"{path} is no store, so it has no version {wanted!r}")
    if not any(file.name.lower() == "skill.md" for file in folder.glob("*/*")):
        raise SkillError(f"{path} holds no skills: expected NAME/SKILL.md, the entries of a store, or a run")
    return SkillLibrary.load(folder)


def open_store(place: str) -> SkillStore:
    """The store at ``place``, which is a store or a run's folder.

    Raises:
        SkillError: there is none, or it is empty.
    """
    store = SkillStore(_folder(Path(place)))
    if store.head:
        return store
    raise SkillError(f"{place} holds no entry of a store: give a store, or the folder of a run that evolved its skills")


def target_store(place: str) -> SkillStore:
    """The store to append to at ``place``, a store or a run's folder; it may be empty or not exist yet.

    Raises:
        SkillError: something else is there.
    """
    path = Path(place)
    store = SkillStore(path / "skills" if (path / "config.yaml").is_file() else path)
    if not store.head and store.folder.exists() and any(p.suffix != ".partial" for p in store.folder.iterdir()):
        raise SkillError(f"{store.folder} is no store: give a store, or the name of a new one")
    return store


def library_of_run(folder: Path) -> str:
    """Where the library is that the policy of a run saw: the run itself, the place that it was given, or ""."""
    if (folder / "skills").is_dir():
        return str(folder)
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    return str(config["args"].get("library", ""))


def _split(place: str) -> tuple[Path, str]:
    """Path and version; a path that exists may itself have an @ in its name."""
    path, at, version = place.rpartition("@")
    if not at or Path(place).exists():
        return Path(place), ""
    if not version:
        raise SkillError(f"{place}: expected a version after the @")
    return Path(path), version


def _folder(path: Path) -> Path:
    """Where the skills of ``path`` are: a run keeps them in skills/."""
    if not path.is_dir():
        raise SkillError(f"{path} is no folder: give a folder of skills, a store, or the folder of a run")
    if not (path / "config.yaml").is_file():
        return path
    if not (path / "skills").is_dir():
        raise SkillError(f"run {path} has no skills: it has no folder skills/")
    return path / "skills"


def find_version(store: SkillStore, wanted: str) -> SkillLibrary:
    """The library that a prefix of a version, or the number of an entry, names."""
    count = len([*store.folder.glob("[0-9]*-*-*.json")])
    found = [version for version in store.versions if len(wanted) >= 4 and version.startswith(wanted.lower())]
    numbered = wanted.isascii() and wanted.isdecimal() and 1 <= int(wanted[:9]) <= count and len(wanted) <= 9
    if numbered and not found:
        return next(entry.library for entry in store.entries() if entry.number == int(wanted))
    if len(found) == 1 and not numbered:
        return store.load(found[0])
    if not found:
        rule = "a version is named by 4 digits or more, an entry by its number"
        raise SkillError(f"{store.folder} holds no version {wanted!r}: it has {count} entries; {rule}")
    choice = ", ".join([*found, *([f"entry {int(wanted)}"] if numbered else [])])
    raise SkillError(f"version {wanted!r} is ambiguous in {store.folder}: {choice}")
