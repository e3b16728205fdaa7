"""Skills: reading folders that the official validator accepts, refusing others; libraries as snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest
import skills_ref
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Skill, SkillLibrary
from skillflow_gym.skills import SkillError
from skillflow_gym.spaces import skill_id_space

FRONT = "name: ask-twice\ndescription: Ask again"


def write(root: Path, name: str, text: str, file: str = "SKILL.md") -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / file).write_bytes(text.encode())
    return folder


def test_a_skill_is_read(tmp_path: Path) -> None:
    front = f"{FRONT}: in other words.\nlicense: MIT\nmetadata:\n  visits: 3\n  rate: '1.0'\n  known: yes\n"
    front = front.replace("Ask again: in other words.", '"Ask again: in other words."')
    folder = write(tmp_path, "ask-twice", f"---\n{front}---\n\n# Title\n\n---\nA rule above.\n\n")
    assert skills_ref.validate(folder) == []
    skill = Skill.load(folder)
    assert (skill.name, skill.description) == ("ask-twice", "Ask again: in other words.")
    assert skill.body == "# Title\n\n---\nA rule above."
    assert skill.metadata == {"visits": "3", "rate": "1.0", "known": "yes"}
    assert skill.catalogue_line == "- ask-twice: Ask again: in other words."


@pytest.mark.parametrize("file", ["SKILL.md", "skill.md"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_both_spellings_and_both_line_ends(file: str, newline: str, tmp_path: Path) -> None:
    text = f"---\n{FRONT}\n---\nOne\nTwo\n".replace("\n", newline)
    assert Skill.load(write(tmp_path, "ask-twice", text, file)).body == "One\nTwo"


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path, "ask-twice", f"---\n{FRONT}\n---\nBody"))
    assert Skill.load(".").name == "ask-twice"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ask-twice", "", "must start with YAML frontmatter"),
        ("ask-twice", f"{FRONT}\n\nBody", "must start with YAML frontmatter"),
        ("ask-twice", f"---\n{FRONT}\n", "not properly closed"),
        ("ask-twice", "---\nname: ask-twice\n---\nBody", "Missing required field in frontmatter: description"),
        ("ask-twice", "---\ndescription: x\n---\nBody", "Missing required field in frontmatter: name"),
        ("ask-twice", f"---\n{FRONT}\nauthor: me\n---\nBody", "Unexpected fields in frontmatter: author"),
        ("other", f"---\n{FRONT}\n---\nBody", "must match skill name"),
        ("Ask", "---\nname: Ask\ndescription: x\n---\n", "must be lowercase"),
        ("ask_twice", "---\nname: ask_twice\ndescription: x\n---\n", "contains invalid characters"),
        ("-ask", "---\nname: -ask\ndescription: x\n---\n", "cannot start or end with a hyphen"),
        ("a--b", "---\nname: a--b\ndescription: x\n---\n", "consecutive hyphens"),
        ("a" * 65, f"---\nname: {'a' * 65}\ndescription: x\n---\n", "exceeds 64 character limit"),
        ("ask-twice", f"---\nname: ask-twice\ndescription: {'x' * 1025}\n---\n", "exceeds 1024 character limit"),
        ("ask-twice", "---\nname: [\n---\nBody", "YAML"),
        ("évora", "---\nname: évora\ndescription: x\n---\n", "may hold a-z, 0-9 and - only"),
        ("日本", "---\nname: 日本\ndescription: x\n---\n", "may hold a-z, 0-9 and - only"),
    ],
)
def test_what_the_specification_refuses_is_refused(name: str, text: str, message: str, tmp_path: Path) -> None:
    folder = write(tmp_path, name, text)
    with pytest.raises(SkillError, match=message) as caught:
        Skill.load(folder)
    assert str(folder) in str(caught.value) and f"agentskills validate {folder}" in str(caught.value)
    with pytest.raises(SkillError, match=message):
        SkillLibrary.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        # Valid for the validator, which ends the front matter at the first "---" wherever it stands.
        "---\nname: ask-twice\ndescription: x --- y\n---\nBody",
        "---\nname: ask-twice\ndescription: x ---\nno colon [\n---\n",
        "---\nname: ask-twice\ndescription: x\nmetadata: [a, b]\n---\nBody",
        "---\nname: ' ask-twice '\ndescription: x\n---\nBody",
        "---\nname: ask-twice\ndescription: x\nmetadata:\n  deep: {a: 1}\n---\nBody",
        "---\nname: ask-twice\ndescription: x\nmetadata:\n  deep:\n    a: 1\n---\nBody",
        "---\nname: ask-twice\ndescription: x\nmetadata:\n  - a\n  - b\n---\nBody",
        "---\nname: ask-twice\ndescription: x\nmetadata: plain\n---\nBody",
        "---\nname: ask-twice\ndescription: x\nmetadata:\n---\nBody",
    ],
)
def test_odd_front_matter_gives_a_sound_skill_or_a_clear_error(text: str, tmp_path: Path) -> None:
    folder = write(tmp_path, "ask-twice", text)
    try:
        skill = Skill.load(folder)
    except SkillError as error:
        assert str(folder) in str(error)
    else:
        assert skill.name == "ask-twice" and skill.name in skill_id_space()
        assert skill.description.startswith("x")
        assert all(type(k) is str and type(v) is str for k, v in skill.metadata.items())


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SkillError, match="Path does not exist"):
        Skill.load(tmp_path / "none")
    with pytest.raises(SkillError, match=r"Missing required file: SKILL.md"):
        Skill.load(tmp_path)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(deadline=None, derandomize=True)
@given(texts, texts)
def test_the_hash_is_of_name_description_and_body(description: str, body: str) -> None:
    skill = Skill("a", description, body, {"visits": "1"})
    assert skill.content_hash == Skill("a", description, body, {"visits": "2"}).content_hash
    others = [Skill("b", description, body), Skill("a", f"{description}x", body), Skill("a", description, f"{body}x")]
    assert len({skill.content_hash, *(other.content_hash for other in others)}) == 4
    assert len(skill.catalogue_line.splitlines()) == 1


def test_a_library_is_in_the_order_of_names() -> None:
    b, a = Skill("b", "second", "B"), Skill("a", "first,\n  in\u2028short", "A")
    library = SkillLibrary([b, a])
    assert library.names == ("a", "b") == tuple(library) and len(library) == 2
    assert library["a"] is a and library.get("c") is None
    assert library.catalogue == "- a: first, in short\n- b: second"
    assert library.version == SkillLibrary([a, b]).version != SkillLibrary([a]).version
    assert len(library.version) == 16 and int(library.version, 16)
    assert repr(library) == f"SkillLibrary(2 skills, version {library.version})"


def test_statistics_do_not_change_the_version() -> None:
    assert SkillLibrary([Skill("a", "d", "b", {"n": "1"})]).version == SkillLibrary([Skill("a", "d", "b")]).version
    assert SkillLibrary([Skill("a", "d", "c")]).version != SkillLibrary([Skill("a", "d", "b")]).version


def test_a_library_cannot_be_changed() -> None:
    library = SkillLibrary([Skill("a", "d", "b")])
    with pytest.raises(TypeError):
        library["b"] = Skill("b", "d", "b")  # type: ignore[index]
    with pytest.raises(SkillError, match="two skills are named 'a': rename one"):
        SkillLibrary([Skill("a", "d", "b"), Skill("a", "e", "c")])


def test_a_library_is_a_folder_of_folders(tmp_path: Path) -> None:
    for name in ("zeta", "alpha"):
        write(tmp_path, name, f"---\nname: {name}\ndescription: about {name}\n---\nBody of {name}")
    (tmp_path / "notes.txt").write_text("no skill")
    (tmp_path / "empty").mkdir()
    library = SkillLibrary.load(tmp_path)
    assert library.names == ("alpha", "zeta") and library["zeta"].body == "Body of zeta"
    assert SkillLibrary.load(str(tmp_path)).version == library.version


def test_no_library(tmp_path: Path) -> None:
    assert len(SkillLibrary.load("")) == 0 and SkillLibrary.load("").catalogue == ""
    with pytest.raises(SkillError, match=r"is no folder: give a folder whose sub-folders hold a SKILL.md"):
        SkillLibrary.load(tmp_path / "none")
    with pytest.raises(SkillError, match=r"holds no skill: expected NAME/SKILL.md inside it"):
        SkillLibrary.load(tmp_path)
