"""SkillLibrary: an immutable snapshot of skills whose version is a hash of their content."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from skillflow_gym.skills.skill import Skill, SkillError


class LibraryDiff(NamedTuple):
    """What sets one library apart from another, as names in their order.

    Attributes:
        added: skills that only the later library has.
        removed: skills that only the earlier library has.
        changed: skills of both with another description or body; statistics do not count.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


class SkillLibrary(Mapping[str, Skill]):
    """Skills by name, in the order of their names. It never changes: a new set of skills is a new library.

    Attributes:
        version: first 16 hex digits of the SHA-256 over the skills' content hashes; statistics in their metadata do
            not change it.
        catalogue: a line per skill, ``- name: description``; "" when empty.
        names: the skills' names.

    >>> SkillLibrary().catalogue
    ''
    """

    def __init__(self, skills: Iterable[Skill] = ()) -> None:
        """Take a snapshot of ``skills``.

        Raises:
            SkillError: two skills have the same name.
        """
        self._skills: dict[str, Skill] = {}
        for skill in sorted(skills, key=lambda s: s.name):
            if skill.name in self._skills:
                raise SkillError(f"two skills are named {skill.name!r}: rename one")
            self._skills[skill.name] = skill
        digest = hashlib.sha256("\n".join(s.content_hash for s in self._skills.values()).encode())
        self.version = digest.hexdigest()[:16]
        self.catalogue = "\n".join(s.catalogue_line for s in self._skills.values())
        self.names = tuple(self._skills)

    def __getitem__(self, name: str) -> Skill:
        return self._skills[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._skills)

    def __len__(self) -> int:
        return len(self._skills)

    def __repr__(self) -> str:
        return f"SkillLibrary({len(self)} skills, version {self.version})"

    @classmethod
    def load(cls, folder: Path | str) -> SkillLibrary:
        """Read every sub-folder of ``folder`` that is a skill; "" is the empty library.

        Raises:
            SkillError: ``folder`` is no folder, holds no skill, or one of its skills is refused.
        """
        if str(folder) == "":
            return cls()
        root = Path(folder)
        if not root.is_dir():
            raise SkillError(f"library {str(folder)!r} is no folder: give a folder whose sub-folders hold a SKILL.md")
        folders = sorted({p.parent for p in root.glob("*/[Ss][Kk][Ii][Ll][Ll].md")})
        if not folders:
            raise SkillError(f"library {str(folder)!r} holds no skill: expected NAME/SKILL.md inside it")
        return cls(Skill.load(folder) for folder in folders)

    def save(self, folder: Path | str) -> None:
        """Export the skills to a new folder, whole or not at all; ``SkillLibrary.load`` of it is an equal library.

        Raises:
            SkillError: ``folder`` exists and is no empty folder, the library is empty (a folder without a skill is no
                library), or a skill cannot be saved. Nothing is written.
            OSError: the folder cannot be written.
        """
        target = Path(folder).resolve()
        if not self:
            raise SkillError(f"an empty library cannot be saved to {str(folder)!r}: its name is the empty text")
        if target.exists() and not (target.is_dir() and not any(target.iterdir())):
            raise SkillError(f"{str(folder)!r} exists and is no empty folder: give a new one")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".library-", dir=target.parent) as temporary:
            partial = Path(temporary) / "library"
            for skill in self.values():
                skill.save(partial)
            os.replace(partial, target)

    def diff(self, other: SkillLibrary) -> LibraryDiff:
        """What changes from this library to ``other``.

        >>> SkillLibrary().diff(SkillLibrary([Skill("look", "Look", "Look again.")]))
        LibraryDiff(added=('look',), removed=(), changed=())
        """
        return LibraryDiff(
            added=tuple(name for name in other.names if name not in self),
            removed=tuple(name for name in self.names if name not in other),
            changed=tuple(n for n in self.names if n in other and self[n].content_hash != other[n].content_hash),
        )
