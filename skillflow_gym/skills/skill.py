"""A skill: a name, a description, a body; read from and written to a folder with a SKILL.md."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml


class SkillError(ValueError):
    """A skill that the Agent Skills specification refuses. The message names the folder or the skill, and the rule."""


@dataclass(frozen=True)
class Skill:
    r"""One skill of a library.

    Attributes:
        name: 1 to 64 of ``a-z 0-9 -``; equal to the folder's name.
        description: what the skill is for; the catalogue shows it on one line.
        body: the Markdown that ``skill(name)`` shows. A file does not tell its line ends and outer space apart from
            those of the format, so they are normalised here: line ends to ``\n``, outer space away.
        metadata: flat map of strings; statistics live here and do not change the content hash.

    >>> Skill("look-twice", "Look again", "\r\nLook.\r\nLook again.\n").body
    'Look.\nLook again.'
    """

    name: str
    description: str
    body: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", self.body.replace("\r\n", "\n").replace("\r", "\n").strip())

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

    def save(self, root: Path | str) -> Path:
        """Write ``root/name/SKILL.md`` and return ``root/name``: ``Skill.load`` of it is an equal skill.

        The file appears whole or not at all, in place of one that is there; other files of the folder stay. Fields that
        ``load`` does not keep (licence, compatibility, allowed tools) are not written.

        Raises:
            SkillError: the specification refuses the skill (name, description), or no file can hold it: lone surrogates
                in the body, metadata that is no flat map of strings. Nothing is written.
            OSError: the folder cannot be written.
        """
        from skills_ref import validate

        if problem := self._form():
            raise SkillError(f"skill {self.name!r} cannot be saved: {problem}")
        root = Path(root)
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".skill-", dir=root) as temporary:
            folder = Path(temporary) / self.name
            folder.mkdir()
            with (folder / "SKILL.md").open("wb") as file:
                file.write(self._text().encode())
                file.flush()
                os.fsync(file.fileno())
            if problems := validate(folder):
                raise SkillError(f"skill {self.name!r} cannot be saved: {'; '.join(problems)}")
            (root / self.name).mkdir(exist_ok=True)
            os.replace(folder / "SKILL.md", root / self.name / "SKILL.md")
        return root / self.name

    @property
    def problem(self) -> str:
        """Why the skill cannot be saved, by the official validator's word or ours; "" if it can."""
        with tempfile.TemporaryDirectory(prefix="skill-") as folder:
            try:
                self.save(folder)
            except SkillError as error:
                return str(error)
        return ""

    def _form(self) -> str:
        """Why no file can hold the skill; "" if one can."""
        if not re.fullmatch("[a-z0-9-]{1,64}", self.name):
            return "the name must be 1 to 64 of a-z, 0-9 and -"
        if not all(isinstance(text, str) for item in self.metadata.items() for text in item):
            return "metadata must be a flat map of strings"
        if re.search("[\ud800-\udfff]", self.body):
            return "the body holds a lone surrogate, which is no character"
        return ""

    def _text(self) -> str:
        """The content of SKILL.md."""
        fields: dict[str, object] = {"name": self.name, "description": self.description}
        if self.metadata:
            fields["metadata"] = dict(self.metadata)
        front = yaml.dump(fields, Dumper=_Dumper, allow_unicode=True, width=sys.maxsize, sort_keys=False)
        # The official validator ends the front matter at the first "---", wherever it stands; here it can stand in
        # double-quoted text only, where a hyphen may be escaped.
        front = front.replace("---", r"--\x2d")
        return f"---\n{front}---\n\n{self.body}\n"


class _Dumper(yaml.SafeDumper):
    """Writes words plain and all other text in double quotes, so that every YAML reader takes it for a string."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Without a style, the dumper itself puts words such as "yes" and "null" in quotes.
    style = None if re.fullmatch("[a-z]{2,}(?:[-_][a-z0-9]+)*", text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _represent_text)


def _split(text: str, path: Path) -> tuple[str, str]:
    """Front matter and body: the front matter ends at the first line that is ``---`` alone."""
    lines = text.split("\n")
    ends = [i for i, line in enumerate(lines) if i > 0 and line.rstrip() == "---"]
    if lines[0].rstrip() != "---" or not ends:
        raise SkillError(f"{path}: must begin with YAML front matter between two lines of ---")
    return "\n".join(lines[1 : ends[0]]), "\n".join(lines[ends[0] + 1 :])
