"""A skill: a name, a one-line description, a body, read from a folder with a SKILL.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml


class SkillError(ValueError):
    """A skill folder that the Agent Skills specification refuses. The message names the folder and the rule."""


@dataclass(frozen=True)
class Skill:
    """One skill of a library.

    Attributes:
        name: 1 to 64 of ``a-z 0-9 -``; equal to the folder's name.
        description: what the skill is for; the catalogue shows it on one line.
        body: the Markdown that ``skill(name)`` shows.
        metadata: flat map of strings; statistics live here and do not change the content hash.
    """

    name: str
    description: str
    body: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of name, description and body."""
        content = json.dumps([self.name, self.description, self.body], ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def catalogue_line(self) -> str:
        """``- name: description`` on one line."""
        return f"- {self.name}: {' '.join(self.description.split())}"

    @classmethod
    def load(cls, folder: Path | str) -> Skill:
        """Read the skill in ``folder``.

        Raises:
            SkillError: the official validator (``skills_ref.validate``) refuses the folder, or its name has letters
                outside ``a-z 0-9 -`` (the specification allows others, the action space does not).
        """
        from skills_ref import validate

        folder = Path(folder).resolve()
        problems = validate(folder)
        if not problems and not all(c.isascii() and (c.isalnum() or c == "-") for c in folder.name):
            problems = [f"the name {folder.name!r} may hold a-z, 0-9 and - only"]
        if problems:
            raise SkillError(f"{folder}: {'; '.join(problems)}. Check it with: agentskills validate {folder}")
        path = next(p for p in (folder / "SKILL.md", folder / "skill.md") if p.is_file())
        front, body = _split(path.read_text(encoding="utf-8"), path)
        # BaseLoader keeps every scalar a string, so "1.0", "yes" and "null" stay what they are.
        try:
            fields = yaml.load(front, Loader=yaml.BaseLoader)
        except yaml.YAMLError as error:
            raise SkillError(f"{path}: the front matter is no YAML: {error}") from error
        metadata = fields.get("metadata") or {}
        if not (isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())):
            raise SkillError(f"{path}: metadata must be a flat map of strings")
        return cls(folder.name, fields["description"], body, metadata)


def _split(text: str, path: Path) -> tuple[str, str]:
    """Front matter and body: the front matter ends at the first line that is ``---`` alone."""
    lines = text.split("\n")
    ends = [i for i, line in enumerate(lines) if i > 0 and line.rstrip() == "---"]
    if lines[0].rstrip() != "---" or not ends:
        raise SkillError(f"{path}: must begin with YAML front matter between two lines of ---")
    return "\n".join(lines[1 : ends[0]]), "\n".join(lines[ends[0] + 1 :]).strip()
