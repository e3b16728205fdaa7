"""SkillStore: every version of a skill library that was ever appended, in a folder that survives a kill."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from skillflow_gym.files import replacing
from skillflow_gym.skills.library import SkillLibrary
from skillflow_gym.skills.skill import Skill

_NAME = re.compile(r"(\d{6,})-([0-9a-f]{16})-([0-9a-f]{16})\.json")


class StoreError(ValueError):
    """A store, or a version in it, that cannot be used. The message says why and what to do."""


class Entry(NamedTuple):
    """One append.

    Attributes:
        number: 1 for the first append, 2 for the next, ...
        version: the library's version.
        parent: the version that was the head before it; "" for the first.
        event: why it was appended, with the evidence; as JSON gives it back, so that tuples are lists.
        library: the library, with the statistics of this append.
    """

    number: int
    version: str
    parent: str
    event: dict[str, Any]
    library: SkillLibrary


class SkillStore:
    """The history of a skill library: a folder with one file per append. Nothing in it is ever changed or removed.

    A file holds the event and every skill whole, and is named ``NUMBER-VERSION-CHECKSUM.json``: the number counts the
    appends from 000001, the checksum is the first 16 hex digits of the SHA-256 of the file. ``folder`` is made at the
    first append; a folder that does not exist is an empty store.

    Statistics (the skills' metadata) do not change a library's version. So an append with other statistics, or for
    another reason, is a new entry of the history that may name a version which was there before: ``versions`` has it
    once, ``load`` gives the statistics of its last append, ``entries`` those of each.

    Appending again what the head holds (the same skills, statistics and event) adds nothing: who cannot know whether
    an append was done before a kill may repeat it. Events of different steps should therefore differ.

    An append is on the disk, whole, before it returns. What a kill left half written is never seen, and the next append
    writes over it. A damaged file is refused when it is read; all other entries can still be read, and appended to.

    One process at a time may append; any number may read.

    Example:
        >>> import tempfile
        >>> from skillflow_gym import Skill, SkillLibrary
        >>> from skillflow_gym.skills.store import SkillStore
        >>> store = SkillStore(tempfile.mkdtemp())
        >>> one = SkillLibrary([Skill("look", "Look around", "Look first.")])
        >>> two = SkillLibrary([Skill("look", "Look around", "Look twice.")])
        >>> _ = store.append(one, {"kind": "create", "step": 10})
        >>> _ = store.append(two, {"kind": "refine", "step": 30})
        >>> _ = store.rollback(one.version)
        >>> store.head == one.version, store.versions == (one.version, two.version)
        (True, True)
        >>> [entry.event["kind"] for entry in store.entries()]
        ['create', 'refine', 'rollback']
    """

    def __init__(self, folder: Path | str) -> None:
        """Take ``folder``; nothing is read or written yet."""
        self.folder = Path(folder)

    @property
    def head(self) -> str:
        """The version that was appended last; "" in an empty store.

        Raises:
            StoreError: an entry is missing, or two have the same number.
        """
        files = self._files()
        return files[-1].version if files else ""

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version once, in the order of the first appends.

        Raises:
            StoreError: an entry is missing, or two have the same number.
        """
        return tuple(dict.fromkeys(file.version for file in self._files()))

    def entries(self) -> Iterator[Entry]:
        """The history, oldest first; every file is verified.

        Raises:
            StoreError: a file is damaged, an entry is missing, or two have the same number.
        """
        parent = ""
        for file in self._files():
            yield Entry(file.number, file.version, parent, *self._read(file))
            parent = file.version

    def load(self, version: str) -> SkillLibrary:
        """The library of that version, with the statistics of its last append.

        Raises:
            StoreError: the store does not hold it, its file is damaged, an entry is missing, or two have the same
                number.
        """
        files = self._files()
        for file in reversed(files):
            if file.version == version:
                return self._read(file)[1]
        raise StoreError(
            f"{self.folder} holds no version {version!r}: it has {len(files)} entries, "
            "and their versions are in the names of its files"
        )

    def append(self, library: SkillLibrary, event: Mapping[str, Any]) -> Entry:
        """Make ``library`` the head, for the reason that ``event`` gives (JSON; numbers must be finite).

        Raises:
            StoreError: the event or a skill is nothing that JSON gives back, an entry is missing, or two have the same
                number.
            OSError: the folder cannot be written.
        """
        try:
            content = _encode(library, event)
            kept_event, kept_library = _decode(content)
        except (TypeError, ValueError, RecursionError) as error:
            raise StoreError(f"version {library.version} cannot be appended: no JSON: {error}") from error
        if kept_library != library:
            raise StoreError(
                f"version {library.version} cannot be appended: JSON does not give its skills back; "
                "metadata must be a flat map of strings, and text free of surrogate pairs"
            )
        files = self._files()
        file = _File(len(files) + 1, library.version, _checksum(content))
        if files and files[-1][1:] == file[1:]:
            file = files.pop()  # the same bytes are written again: this repairs a head that was damaged
        self._write(file.name, content)
        return Entry(file.number, file.version, files[-1].version if files else "", kept_event, kept_library)

    def rollback(self, version: str) -> Entry:
        """Append ``version`` as it was appended last; the event is ``{"kind": "rollback", "version": version}``.

        Raises:
            StoreError: as ``load``.
            OSError: the folder cannot be written.
        """
        return self.append(self.load(version), {"kind": "rollback", "version": version})

    def _files(self) -> list[_File]:
        if not self.folder.exists():
            return []
        names = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        files = sorted(_File(int(name[1]), name[2], name[3]) for name in names if name)
        for number, file in enumerate(files, start=1):
            if file.number > number:
                raise StoreError(f"{self.folder}: entry {number} is missing: restore {number:06d}-*.json from a copy")
            if file.number < number:
                raise StoreError(
                    f"{self.folder}: entry {file.number} is there twice: two processes appended at once; "
                    f"move all but one of {file.number:06d}-*.json away"
                )
        return files

    def _read(self, file: _File) -> tuple[dict[str, Any], SkillLibrary]:
        content = (self.folder / file.name).read_bytes()
        if _checksum(content) == file.checksum:
            event, library = _decode(content)
            if library.version == file.version:
                return event, library
        raise StoreError(
            f"version {file.version} is damaged: the content of {self.folder / file.name} does not match its name; "
            "restore the file from a copy, or go on from another version with rollback"
        )

    def _write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, and see to it that it is on the disk."""
        for half in self.folder.glob("*.partial"):
            half.unlink()
        with replacing(self.folder / name) as file:
            file.write(content)


class _File(NamedTuple):
    """What the name of a file says."""

    number: int
    version: str
    checksum: str

    @property
    def name(self) -> str:
        return f"{self.number:06d}-{self.version}-{self.checksum}.json"


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _encode(library: SkillLibrary, event: Mapping[str, Any]) -> bytes:
    """The same bytes for the same skills, statistics and event."""
    skills = [
        {"name": s.name, "description": s.description, "body": s.body, "metadata": dict(s.metadata)}
        for s in library.values()
    ]
    content = {"event": dict(event), "skills": skills}
    return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def _decode(content: bytes) -> tuple[dict[str, Any], SkillLibrary]:
    fields = json.loads(content)
    return fields["event"], SkillLibrary(Skill(**skill) for skill in fields["skills"])
