"""SkillLibrary: an immutable snapshot of skills whose version is a hash of their content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from skillflow_gym.skills.skill import Skill, SkillError


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
        folders = sorted(p.parent for p in root.glob("*/[Ss][Kk][Ii][Ll][Ll].md"))
        if not folders:
            raise SkillError(f"library {str(folder)!r} holds no skill: expected NAME/SKILL.md inside it")
        return cls(Skill.load(folder) for folder in folders)
