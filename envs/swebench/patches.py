"""Unified diffs applied to a workspace by git, as the official harness does, in a sandbox with only their files."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from skillflow_gym.envs.swebench.workspace import MAX_FILE, Workspace, WorkspaceError, checked
from skillflow_gym.sandbox import Limits, Mounts, Sandbox

COMMANDS = ("git apply --verbose", "patch --batch --forward --fuzz=5 -p1 -i")
"""The official harness has two more in between, which need the repository's history or leave parts of a patch out."""

MAX_PATCH = 1 << 20
_LIMITS = Limits(wall=60.0, cpu=20)
_FILE = re.compile(r"^(?:--- (?:a/)?|\+\+\+ (?:b/)?|rename from |rename to )([^\t\n]+)", re.MULTILINE)
_START = re.compile(r"^(?:diff --git |--- \S)", re.MULTILINE)
_HUNK = re.compile(r"^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", re.MULTILINE)
_LINK = re.compile(r"^(?:new (?:file )?mode|index .*) 120000$", re.MULTILINE)


def is_diff(text: str) -> bool:
    """Whether ``text`` is meant as a unified diff."""
    return bool(_START.match(text.lstrip("\n"))) and ("\n@@ " in text or "\n+++ " in text or "\nrename to " in text)


def apply_patch(workspace: Workspace, patch: str, sandbox: Sandbox) -> list[str]:
    """Apply a unified diff to the workspace, whole or not at all; returns the paths of the files that it changed.

    Raises:
        WorkspaceError: it does not apply; the message says why.
        InfrastructureError: the sandbox failed.
    """
    if len(patch) > MAX_PATCH:
        raise WorkspaceError(f"a patch of more than {MAX_PATCH} characters")
    if re.search(r"^(?:GIT binary patch|Binary files .* differ)$", patch, re.MULTILINE):
        raise WorkspaceError("the patch changes a binary file")
    if _LINK.search(patch):
        raise WorkspaceError("the patch makes a symbolic link")
    named = dict.fromkeys(checked(name) for name in _FILE.findall(patch) if name.strip() != "/dev/null")
    if not named:
        raise WorkspaceError("the patch names no file: expected lines such as --- a/PATH and +++ b/PATH")
    before = {path: workspace.read(path) for path in named if path in workspace}
    for path in named:
        if path not in before and workspace.tree.blocked(path):
            raise WorkspaceError(f"{path}: no place for a file")
    try:
        patch.encode()
    except UnicodeEncodeError:
        raise WorkspaceError("the patch is not valid Unicode") from None
    after = _run(before, _complete(patch), sandbox)
    if set(after) - set(named):
        raise WorkspaceError("the patch changes files that it does not name")
    changed = [path for path in named if before.get(path) != after.get(path)]
    workspace.update({path: after.get(path) for path in changed})
    return changed


def _complete(patch: str) -> str:
    """The patch with the empty lines at its end that its last hunk counts, and that were stripped with its margin."""
    patch = patch if patch.endswith("\n") else patch + "\n"
    heads = list(_HUNK.finditer(patch))
    if not heads:
        return patch
    head = heads[-1]
    old, new = (int(count) if count else 1 for count in head.groups())
    for line in patch[head.end() :].split("\n")[1:-1]:
        old -= line[:1] in (" ", "-", "")
        new -= line[:1] in (" ", "+", "")
    return patch + " \n" * min(old, new) if old == new else patch


def _run(before: dict[str, str], patch: str, sandbox: Sandbox) -> dict[str, str]:
    """The files after the patch."""
    problem = ""
    for command in COMMANDS:
        with tempfile.TemporaryDirectory(prefix="skillflow-patch-") as place:
            folder, file = Path(place, "work"), Path(place, "patch.diff")
            folder.mkdir()
            file.write_text(patch, encoding="utf-8", newline="")
            mounts = Mounts(work=folder, read_only={"/patch.diff": file})
            argv = ["/bin/sh", "-c", f"{command} /patch.diff"]
            done = sandbox.run(argv, files=before, merged=True, mounts=mounts, limits=_LIMITS)
            if done.exit == 0:
                return _read(folder)
            problem = problem or "\n".join(line for line in done.stdout.split("\n") if line.startswith("error:"))
    raise WorkspaceError(f"the patch does not apply\n{problem}".strip())


def _read(folder: Path) -> dict[str, str]:
    """All files, as the sandbox left them: no link is followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise WorkspaceError(f"{name}: the patch makes what is no regular file")
        if path.is_file() and not name.endswith((".orig", ".rej")):
            if path.stat().st_size > MAX_FILE:
                raise WorkspaceError(f"{name}: larger than {MAX_FILE} bytes")
            try:
                found[name] = path.read_bytes().decode()
            except UnicodeDecodeError:
                raise WorkspaceError(f"{name}: a binary file") from None
    return found
