"""Skills and libraries written to folders: what is read back is equal, and the official validator accepts it."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
import skills_ref
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skillflow_gym import Skill, SkillLibrary
from skillflow_gym.skills import SkillError

TRAPS = """yes no on off y n true null ~ 1 1.0 1e3 0x1F 0o17 1_000 .inf .nan 2026-01-01 12:30:45 --- ---- a---b -----
a: #b & * ! | > @ ` % { [ ] } , ? - : << = ' " '' \\ \\--- \\x2d {a:b} [1] !!int &a *a %YAML ... <!-- -->""".split()
SPACES = [
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "\x85",
    "\u2028",
    "\xa0",
    "\ufeff",
    "\x00",
    "\x1b",
    "\x7f",
    "\uffff",
    "a: b",
    "a #b",
]
WORDS = [
    "Évora",
    "日本語",
    "👩\u200d🔬",
    "\U0010ffff",
    "e\u0301",
    "\u202e",
    "# Title",
    "- item",
    "name: x",
    "```",
    "x" * 200,
]

characters = st.characters(exclude_categories=["Cs"])
nasty = st.lists(st.sampled_from([*TRAPS, *SPACES, *WORDS]) | st.text(characters, max_size=8), max_size=8).map("".join)
names = st.from_regex(r"[a-z0-9]{1,10}(-[a-z0-9]{1,10}){0,4}", fullmatch=True)
skills = st.builds(
    Skill,
    names | st.sampled_from(["null", "yes", "on", "1", "007", "1e3", "skill"]),
    nasty.filter(lambda text: text.strip() and len(text) <= 1024),
    nasty,
    st.dictionaries(nasty, nasty, max_size=4),
)
thorough = settings(deadline=None, derandomize=True)


@settings(thorough, max_examples=60)
@given(skills)
def test_a_saved_skill_is_valid_and_comes_back(skill: Skill) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = skill.save(root)
        assert folder == Path(root) / skill.name and os.listdir(root) == [skill.name]
        assert skills_ref.validate(folder) == []
        loaded = Skill.load(folder)
        assert loaded == skill and loaded.content_hash == skill.content_hash
        official = skills_ref.read_properties(folder)
        assert (official.name, official.description) == (skill.name, skill.description.strip())
        assert (official.metadata or {}) == skill.metadata
        front = (folder / "SKILL.md").read_text(encoding="utf-8").split("---")[1]
    fields: dict[str, Any] = {"name": skill.name, "description": skill.description}
    if skill.metadata:
        fields["metadata"] = skill.metadata
    for loader in (yaml.BaseLoader, yaml.SafeLoader):
        assert yaml.load(front, Loader=loader) == fields, "a string for every reader of YAML"


@pytest.mark.parametrize("text", [*TRAPS, *SPACES, *WORDS, "a\nb\n", " outer ", "x" * 1024])
def test_every_trap_in_every_place(text: str, tmp_path: Path) -> None:
    skill = Skill(
        "trap", f"{text}." if not text.strip() else text, f"x{text}\n{text}x", {text: text, f"{text}{text}": ""}
    )
    assert Skill.load(skill.save(tmp_path)) == skill
    assert skills_ref.read_properties(tmp_path / "trap").metadata == skill.metadata


def test_what_a_saved_skill_looks_like(tmp_path: Path) -> None:
    description = "Ask again: in other words, " + "and in others, " * 10 + "on one line."
    skill = Skill("ask-twice", description, "# Ask\n\nTwice.\n", {"visits": "3", "known": "yes"})
    text = (skill.save(str(tmp_path / "new" / "root")) / "SKILL.md").read_text()
    assert text == (
        f'---\nname: ask-twice\ndescription: "{description}"\n'
        "metadata:\n  visits: \"3\"\n  known: 'yes'\n---\n\n# Ask\n\nTwice.\n"
    )


@thorough
@example(" \r\n\tx\ry\r\nz\x1f\u3000")
@given(nasty)
def test_a_body_is_normalised_once_and_for_all(body: str) -> None:
    skill = Skill("a", "d", body)
    assert "\r" not in skill.body and skill.body == skill.body.strip()
    assert skill.body.split() == body.split(), "the words stay"
    assert Skill("a", "d", skill.body) == skill
    assert Skill("a", "d", f" \r\n{body}\n").content_hash == skill.content_hash


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "the name must be 1 to 64 of a-z, 0-9 and -"),
        ({"name": "Ask"}, "the name must be"),
        ({"name": "a b"}, "the name must be"),
        ({"name": "a\n"}, "the name must be"),
        ({"name": "../up"}, "the name must be"),
        ({"name": ".."}, "the name must be"),
        ({"name": "évora"}, "the name must be"),
        ({"name": "x" * 300}, "the name must be"),
        ({"name": "-a"}, "cannot start or end with a hyphen"),
        ({"name": "a--b"}, "cannot contain consecutive hyphens"),
        ({"description": ""}, "'description' must be a non-empty string"),
        ({"description": " \n\u3000"}, "'description' must be a non-empty string"),
        ({"description": "x" * 1025}, "exceeds 1024 character limit"),
        ({"body": "a \ud83d b"}, "the body holds a lone surrogate"),
        ({"metadata": {"visits": 3}}, "metadata must be a flat map of strings"),
        ({"metadata": {3: "visits"}}, "metadata must be a flat map of strings"),
        ({"metadata": {"deep": {"a": "b"}}}, "metadata must be a flat map of strings"),
    ],
)
def test_what_cannot_come_back_is_refused_and_leaves_nothing(
    fields: dict[str, Any], message: str, tmp_path: Path
) -> None:
    skill = Skill(**{"name": "a", "description": "d", "body": "b", **fields})
    with pytest.raises(SkillError, match=message) as caught:
        skill.save(tmp_path / "root")
    assert str(caught.value).startswith(f"skill {skill.name!r} cannot be saved: ") and str(tmp_path) not in str(
        caught.value
    )
    with pytest.raises(SkillError, match=message):
        SkillLibrary([Skill("fine", "d", "b"), skill]).save(tmp_path / "library")
    assert [path for path in tmp_path.rglob("*") if path.name != "root"] == []


def test_a_surrogate_in_the_front_matter_comes_back(tmp_path: Path) -> None:
    skill = Skill("a", "x\ud83dy\ud83d\ude00", "b", {"\udc80": "\udfff"})
    assert Skill.load(skill.save(tmp_path)) == skill


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Skill("a", "d", "old")
    folder = old.save(tmp_path)
    (folder / "notes.txt").write_text("mine")

    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="no space"):
            Skill("a", "d", "new").save(tmp_path)
    assert Skill.load(folder) == old and os.listdir(tmp_path) == ["a"]
    Skill("a", "d", "new").save(tmp_path)
    assert Skill.load(folder).body == "new" and (folder / "notes.txt").read_text() == "mine"
    (tmp_path / "b").write_text("a file")
    with pytest.raises(FileExistsError):
        Skill("b", "d", "b").save(tmp_path)


def test_a_skill_in_the_other_spelling_is_superseded(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "skill.md").write_text("---\nname: a\ndescription: d\n---\nold")
    assert SkillLibrary.load(tmp_path)["a"].body == "old"
    Skill("a", "d", "new").save(tmp_path)
    assert SkillLibrary.load(tmp_path)["a"].body == "new"


@settings(thorough, max_examples=8)
@given(st.lists(skills, min_size=1, max_size=5, unique_by=lambda skill: skill.name))
def test_a_library_is_exported_and_comes_back(chosen: list[Skill]) -> None:
    library = SkillLibrary(chosen)
    with tempfile.TemporaryDirectory() as root:
        for target in (Path(root) / "made" / "here", Path(root) / "empty"):
            (Path(root) / "empty").mkdir(exist_ok=True)
            library.save(target)
            loaded = SkillLibrary.load(target)
            assert loaded == library and loaded.version == library.version
            assert sorted(os.listdir(target)) == list(library.names)
            assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE((target / library.names[0]).stat().st_mode)
        assert sorted(os.listdir(root)) == ["empty", "made"], "nothing temporary is left"


def test_an_export_takes_no_folder_that_is_in_use(tmp_path: Path) -> None:
    library = SkillLibrary([Skill("a", "d", "b")])
    library.save(tmp_path / "taken")
    (tmp_path / "file").write_text("mine")
    for target in ("taken", "file"):
        with pytest.raises(SkillError, match=f"{target}' exists and is no empty folder: give a new one"):
            SkillLibrary([Skill("b", "d", "b")]).save(tmp_path / target)
    with pytest.raises(SkillError, match="an empty library cannot be saved"):
        SkillLibrary().save(tmp_path / "none")
    assert SkillLibrary.load(tmp_path / "taken") == library
    assert sorted(os.listdir(tmp_path)) == ["file", "taken"] and (tmp_path / "file").read_text() == "mine"


def test_an_export_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        SkillLibrary([Skill("a", "d", "b")]).save(tmp_path / "library")
    assert os.listdir(tmp_path) == []


def test_diff_names_what_changed() -> None:
    old = SkillLibrary([Skill("a", "d", "b"), Skill("b", "d", "b"), Skill("c", "d", "b"), Skill("d", "d", "b")])
    new = SkillLibrary(
        [Skill("b", "d", "b", {"n": "1"}), Skill("c", "e", "b"), Skill("d", "d", "c"), Skill("e", "d", "b")]
    )
    assert old.diff(new) == (("e",), ("a",), ("c", "d"))
    assert new.diff(old).added == ("a",) and new.diff(old).removed == ("e",) and new.diff(old).changed == ("c", "d")
    assert old.diff(old) == SkillLibrary().diff(SkillLibrary()) == ((), (), ())
    assert SkillLibrary().diff(old).added == old.names == old.diff(SkillLibrary()).removed
