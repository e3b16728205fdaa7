"""What of a submission may be graded: changes of tests and of what decides how tests run are left out.

swebench's own grading can be turned by a patch that adds a conftest.py. It restores the test files that the record's
own tests are in, and no others.
"""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import PurePosixPath

from skillflow_gym.envs.swebench.workspace import Workspace, WorkspaceError

_TEST_FOLDERS = {"test", "tests", "testing", "e2e", "__tests__"}
_TEST_FILE = re.compile(r"(?:test_.*|.*_tests?|tests?)\.py", re.IGNORECASE)
_INFRASTRUCTURE = re.compile(
    r"conftest\.py|\.?pytest\.(?:ini|toml)|tox\.ini|noxfile\.py|sitecustomize\.py|usercustomize\.py|.*\.pth|"
    r"\.coveragerc|pyvenv\.cfg|pytest_.*\.py|.*_pytest\.py",
    re.IGNORECASE,
)
_CONFIGURATION = {"setup.cfg", "pyproject.toml"}
_TEST_SECTION = re.compile(r"tool[:.](?:pytest|tox|nose|nosetests|coverage)|aliases|pytest|tox|coverage", re.IGNORECASE)
_SHADOWED = {*sys.stdlib_module_names, "pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "py"}
"""What a new module at the top of a repository would be imported in place of."""


def submission(workspace: Workspace) -> tuple[Workspace, tuple[str, ...]]:
    """The changes that are graded, and the paths of those that are left out."""
    kept: dict[str, str | None] = {}
    dropped = []
    for path, text in workspace.changes.items():
        if about_tests(path) or (path not in workspace.tree and shadows(path)) or _configures_tests(workspace, path):
            dropped.append(path)
        else:
            kept[path] = text
    return Workspace(workspace.tree, kept), tuple(sorted(dropped))


def about_tests(path: str) -> bool:
    """Whether a file is a test, lies among tests, or decides by its name how tests run."""
    pure = PurePosixPath(path)
    if _TEST_FILE.fullmatch(pure.name) or _INFRASTRUCTURE.fullmatch(pure.name):
        return True
    # Metadata of an installed package: its entry points are plugins of pytest.
    return any(part in _TEST_FOLDERS or part.endswith((".dist-info", ".egg-info")) for part in pure.parts[:-1])


def shadows(path: str) -> bool:
    """Whether a module at the top of the repository, its ``src`` or ``lib`` has the name of one that tests use."""
    parts = PurePosixPath(path).parts
    inner = parts[1:] if parts[0] in ("src", "lib") and len(parts) > 1 else parts
    return PurePosixPath(inner[0]).name.partition(".")[0] in _SHADOWED and path.endswith((".py", ".so", ".pyc"))


def _configures_tests(workspace: Workspace, path: str) -> bool:
    """Whether a change of setup.cfg or pyproject.toml touches a section about tests, or cannot be read."""
    if PurePosixPath(path).name not in _CONFIGURATION:
        return False
    before = Workspace(workspace.tree)
    try:
        old = sections_about_tests(before.read(path) if path in before else "")
        new = sections_about_tests(workspace.read(path) if path in workspace else "")
    except (WorkspaceError, configparser.Error):
        return True
    return old != new


def sections_about_tests(text: str) -> dict[str, list[str]]:
    """The lines of the sections about tests, by name. TOML's dotted keys at the top of a file count as sections.

    Raises:
        configparser.Error: a section about tests is written in a way that is not understood.
    """
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.split("\n"):
        head = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if head and not line.startswith((" ", "\t")):
            name = head[1].replace('"', "").replace("'", "").replace(" ", "")
        elif not name and "pytest" in line:
            raise configparser.ParsingError("pytest outside of a section")
        if _TEST_SECTION.match(name) or (name == "tool" and line.strip()):
            found.setdefault(name, []).append(line.strip())
    return {name: [line for line in lines if line and not line.startswith("#")] for name, lines in found.items()}
