"""Workspaces, trees, diffs and patches."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.envs.swebench.hygiene import about_tests, sections_about_tests, shadows, submission
from skillflow_gym.envs.swebench.local import sandbox_with_pytest
from skillflow_gym.envs.swebench.patches import apply_patch, is_diff
from skillflow_gym.envs.swebench.tree import FolderTree, MemoryTree, Tree
from skillflow_gym.envs.swebench.workspace import MAX_FILE, Workspace, WorkspaceError, file_diff

FILES = {"pkg/one.py": "a = 1\nb = 2\nc = 3\n", "pkg/two.py": "x\n", "README.md": "Read me.", "empty.txt": ""}


@pytest.fixture(params=["memory", "folder"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    """The same files in both kinds of tree."""
    if request.param == "memory":
        return MemoryTree(FILES)
    root = tmp_path / "tree"
    for path, text in {**FILES, ".git/config": "secret"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return FolderTree(root)


def test_reading(tree: Tree) -> None:
    workspace = Workspace(tree)
    assert workspace.paths == sorted(FILES) == list(tree.paths)
    assert {path: workspace.read(path) for path in workspace.paths} == FILES
    assert workspace.read("./pkg/two.py") == "x\n" and "pkg/two.py" in workspace and "pkg" not in workspace
    assert workspace.diff() == ""


def test_writing_and_writing_back(tree: Tree) -> None:
    workspace = Workspace(tree)
    workspace.write("pkg/one.py", "other\n")
    workspace.write("new/deep/file.py", "new\n")
    assert workspace.read("pkg/one.py") == "other\n" and "new/deep/file.py" in workspace.paths
    assert set(workspace.changes) == {"pkg/one.py", "new/deep/file.py"}
    workspace.write("pkg/one.py", FILES["pkg/one.py"])
    assert set(workspace.changes) == {"new/deep/file.py"}
    assert Workspace(tree).read("pkg/one.py") == FILES["pkg/one.py"], "the tree has not changed"


def test_export(tree: Tree, tmp_path: Path) -> None:
    workspace = Workspace(tree, {"pkg/one.py": "other\n", "new/file.py": "new\n", "README.md": None})
    folder = tmp_path / "out"
    folder.mkdir()
    workspace.export(folder)
    found = {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}
    assert found == {"pkg/one.py": "other\n", "pkg/two.py": "x\n", "empty.txt": "", "new/file.py": "new\n"}


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../x",
        "pkg/../../x",
        "",
        ".",
        "a\0b",
        ".git/config",
        "pkg/.git/hooks/x",
        "a\nb",
        "\ud800",
        "x" * 300,
    ],
)
def test_paths_outside_are_refused(tree: Tree, path: str) -> None:
    with pytest.raises(WorkspaceError):
        Workspace(tree).write(path, "text")
    with pytest.raises(WorkspaceError):
        Workspace(tree).read(path)


@pytest.mark.parametrize("path", ["pkg", "pkg/one.py/more.py", "README.md/x"])
def test_a_file_has_no_place_on_a_folder_or_below_a_file(tree: Tree, path: str) -> None:
    with pytest.raises(WorkspaceError, match="no place for a file"):
        Workspace(tree).write(path, "text")


def test_what_is_no_text_is_refused(tree: Tree) -> None:
    for text in ("\ud800", "a\0b", "x" * (MAX_FILE + 1)):
        with pytest.raises(WorkspaceError):
            Workspace(tree).write("new.py", text)


def test_binary_files_and_links(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\xff\xfe")
    (tmp_path / "zeros").write_bytes(b"a\0b")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    tree = FolderTree(tmp_path)
    workspace = Workspace(tree)
    assert workspace.paths == ["image.png", "zeros"]
    for path in ("image.png", "zeros"):
        with pytest.raises(WorkspaceError, match="a binary file"):
            workspace.read(path)
    for path in ("link", "folder/new.py", "folder"):
        with pytest.raises(WorkspaceError, match="no place for a file"):
            workspace.write(path, "x")
        with pytest.raises(WorkspaceError, match="no such file"):
            workspace.read(path)


texts = st.text(st.sampled_from("ab \n\r\x0c\u2028é"), max_size=30)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(texts | st.none(), texts | st.none())
def test_git_understands_the_diff(before: str | None, after: str | None) -> None:
    """Applying the difference with git itself gives the new text."""
    if before == after:
        return
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "d", "f.txt")
        place.parent.mkdir()
        if before is not None:
            place.write_bytes(before.encode())
        patch = file_diff("d/f.txt", before, after)
        done = subprocess.run(["git", "apply", "-"], input=patch.encode(), cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, (patch, done.stderr)
        assert (place.read_bytes().decode() if place.exists() else None) == after


PATCH = """diff --git a/pkg/one.py b/pkg/one.py
--- a/pkg/one.py
+++ b/pkg/one.py
@@ -1,3 +1,3 @@
 a = 1
-b = 2
+b = 20
 c = 3
diff --git a/pkg/two.py b/pkg/two.py
deleted file mode 100644
--- a/pkg/two.py
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git a/three.py b/three.py
new file mode 100644
--- /dev/null
+++ b/three.py
@@ -0,0 +1 @@
+three
"""


def test_a_patch_is_applied(tree: Tree) -> None:
    workspace = Workspace(tree)
    assert apply_patch(workspace, PATCH, sandbox_with_pytest("bwrap")) == ["pkg/one.py", "pkg/two.py", "three.py"]
    assert workspace.changes == {"pkg/one.py": "a = 1\nb = 20\nc = 3\n", "pkg/two.py": None, "three.py": "three\n"}
    again = Workspace(tree)
    apply_patch(again, workspace.diff(), sandbox_with_pytest("bwrap"))
    assert again.changes == workspace.changes, "what diff says can be applied"


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (PATCH.replace("b = 2\n", "b = 3\n"), "does not apply"),
        (PATCH.replace("pkg/one.py", "pkg/none.py"), "does not apply"),
        (PATCH.replace("three.py", "../three.py"), "not a path of the repository"),
        (PATCH.replace("three.py", "/tmp/three.py"), "not a path of the repository"),
        (PATCH.replace("b/three.py", "b/.git/config").replace("a/three.py", "a/.git/config"), "not a path"),
        (PATCH.replace("new file mode 100644", "new file mode 120000"), "symbolic link"),
        (PATCH + "GIT binary patch\nliteral 0\n", "binary file"),
        ("--- \n@@ nonsense", "names no file"),
        (PATCH + "x" * (1 << 20), "a patch of more than"),
    ],
)
def test_a_patch_that_cannot_be_applied_changes_nothing(patch: str, message: str) -> None:
    workspace = Workspace(MemoryTree(FILES))
    with pytest.raises(WorkspaceError, match=message):
        apply_patch(workspace, patch, sandbox_with_pytest("bwrap"))
    assert workspace.changes == {}


def test_empty_lines_at_the_end_of_a_patch_may_be_stripped() -> None:
    text = "a\nb\n\n\nc\n"
    patch = file_diff("x.txt", text, text.replace("a", "A")).replace("@@ -1,4 +1,4 @@", "@@ -1,4 +1,4 @@")
    assert patch.endswith(" \n \n")
    workspace = Workspace(MemoryTree({"x.txt": text}))
    apply_patch(workspace, patch.strip(), sandbox_with_pytest("bwrap"))
    assert workspace.read("x.txt") == text.replace("a", "A")


def test_what_is_a_diff() -> None:
    assert is_diff(PATCH) and is_diff("\n\n" + PATCH) and is_diff(PATCH.split("\n", 1)[1])
    for text in ("", "nonsense", "diff --git", "--- a/x", "the diff --git a/x b/x\n@@ ", "a\n--- b\n+++ c\n"):
        assert not is_diff(text)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "tests/x.py",
            "pkg/tests/data.json",
            "test_x.py",
            "pkg/x_test.py",
            "tests.py",
            "conftest.py",
            "a/conftest.py",
        ),
        *("pytest.ini", "tox.ini", "sitecustomize.py", "a.pth", "x.egg-info/entry_points.txt", "testing/t.py"),
    ],
)
def test_what_is_about_tests(path: str) -> None:
    assert about_tests(path)


@pytest.mark.parametrize("path", ["pkg/one.py", "contest.py", "latest/x.py", "attest.py", "pkg/testify.py", "setup.py"])
def test_what_is_not_about_tests(path: str) -> None:
    assert not about_tests(path)


def test_modules_that_shadow() -> None:
    assert (
        shadows("pytest.py")
        and shadows("src/json/__init__.py")
        and shadows("lib/inspect.py")
        and shadows("_pytest/a.py")
    )
    assert not shadows("pkg/json.py") and not shadows("json/data.txt") and not shadows("almanac/calendar.py")


CFG = "[metadata]\nname = x\n[tool:pytest]\naddopts = -q\n# comment\n[flake8]\nmax = 3\n"


def test_the_sections_about_tests() -> None:
    assert sections_about_tests(CFG) == {"tool:pytest": ["[tool:pytest]", "addopts = -q"]}
    assert list(sections_about_tests('["tool"."pytest"."ini_options"]\na = 1\n[tool.ruff]\n')) == [
        "tool.pytest.ini_options"
    ]
    assert sections_about_tests("[tool]\npytest = {a = 1}\n") == {"tool": ["[tool]", "pytest = {a = 1}"]}


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("name = x", "name = y", True),
        ("max = 3", "max = 4", True),
        ("-q", "--co", False),
        ("[tool:pytest]\n", "", False),
    ],
)
def test_a_configuration_is_kept_if_its_tests_sections_are(old: str, new: str, kept: bool) -> None:
    workspace = Workspace(MemoryTree({**FILES, "setup.cfg": CFG}), {"setup.cfg": CFG.replace(old, new)})
    graded, dropped = submission(workspace)
    assert (set(graded.changes), dropped) == (({"setup.cfg"}, ()) if kept else (set(), ("setup.cfg",)))
