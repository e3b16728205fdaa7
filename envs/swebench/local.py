"""The backend ``local``: a source tree and a Python environment on this machine, tests in the sandbox.

What it says is no SWE-bench score: the versions of the libraries, and of Python, are those found here.
"""

from __future__ import annotations

import json
import re
import shlex
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.envs.swebench import checkouts
from skillflow_gym.envs.swebench.script import TESTBED
from skillflow_gym.envs.swebench.tree import MemoryTree, Tree
from skillflow_gym.envs.swebench.workspace import Workspace
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.sandbox import Completed, Limits, Mounts, Sandbox, shared_sandbox
from skillflow_gym.tasks import Gold, Task

TIMED_OUT = "\n>>>>> Tests Timed Out\n"
"""What swebench reads as such."""

_OUTPUT = 1 << 23
# Processor time, so that a verdict does not depend on what runs beside it; the wall-clock limit is for what sleeps.
_MINI = Limits(wall=240.0, cpu=3, output=_OUTPUT)
_REAL = Limits(wall=1800.0, cpu=1200, memory=1 << 33, output=_OUTPUT, file_size=1 << 28, processes=256)
_INSIDE = Path(__file__).with_name("warm_inside.py").read_text(encoding="utf-8")
_PYTEST = "python -m pytest "
_COMMIT = "git init -q . && git add -A -f && git commit -q -m base; "
_ENVIRONMENT = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
_ENVIRONMENT |= {"PATH": "/venv/bin:/usr/local/bin:/usr/bin:/bin", "PYTHONHASHSEED": "0"}


class LocalBackend:
    """Runs tests on this machine.

    Mini tasks run in the sandbox's warm interpreter and need nothing else. For others, ``trees`` and ``requirements``
    say where source trees and Python environments are from: see ``checkouts``.
    """

    name = "local"

    def __init__(self, trees: str, requirements: str, sandbox: str) -> None:
        self._trees, self._requirements, self._sandbox = trees, requirements, sandbox

    def tree(self, task: Task, gold: Gold) -> Tree:
        """The task's repository.

        Raises:
            InfrastructureError: it cannot be made.
            ValueError: nothing says where it is from.
        """
        if mini.is_mini(task.record["repo"]):
            return _mini_tree(task.record["repo"], task.record["base_commit"])
        return checkouts.tree(self._trees, task)

    def run(self, task: Task, gold: Gold, workspace: Workspace, script: str) -> str:
        """What a script prints in a copy of the workspace, both streams in order.

        Raises:
            InfrastructureError: the sandbox failed, or the environment cannot be installed.
        """
        local = script.replace(TESTBED, "/work").replace(task.record["base_commit"], "HEAD")
        if mini.is_mini(task.record["repo"]):
            done = _run_warm(self._sandbox, task, workspace, local)
        else:
            sandbox = sandbox_with_pytest(self._sandbox)
            done = _run_cold(sandbox, workspace, local, checkouts.environment(self._requirements))
        return done.stdout + (TIMED_OUT if done.timed_out or "cpu" in done.exceeded else "")


def _run_warm(spec: str, task: Task, workspace: Workspace, script: str) -> Completed:
    """Without a commit: hygiene has left nothing of the tests for the script to restore."""
    lines = [line for line in script.split("\n") if line != "cd /work"]  # where it is already
    at = next(number for number, line in enumerate(lines) if line.startswith(_PYTEST))
    job = {
        **_job(workspace),
        "compiled": _compiled(spec, task.record["repo"], task.record["base_commit"]),
        "head": "\n".join(lines[:at]),
        "arguments": shlex.split(lines[at].removeprefix(_PYTEST)),
        "tail": "\n".join(lines[at + 1 :]),
    }
    return sandbox_with_pytest(spec).python(_INSIDE, stdin=json.dumps(job), limits=_MINI)


def _job(workspace: Workspace) -> dict[str, Any]:
    return {
        "files": {path: workspace.read(path) for path in workspace.paths},
        "changed": [*workspace.changes],
        "compiled": {},
        "compile": False,
    }


# Half of the time of a run is pytest's compilation of the tests. A run of the repository as it is, without any change
# of a submission, makes that byte code once; it holds for the files that stay as they are.
@lru_cache(maxsize=512)
def _compiled(spec: str, repo: str, commit: str) -> Mapping[str, str]:
    """Path -> byte code in base64."""
    job = {**_job(Workspace(_mini_tree(repo, commit))), "compile": True}
    done = sandbox_with_pytest(spec).python(_INSIDE, stdin=json.dumps(job), limits=_MINI)
    try:
        return dict(json.loads(done.stdout))
    except ValueError as error:
        raise InfrastructureError(f"{repo}: its tests cannot be collected") from error


def _run_cold(sandbox: Sandbox, workspace: Workspace, script: str, venv: Path) -> Completed:
    with tempfile.TemporaryDirectory(prefix="skillflow-swebench-") as folder:
        work, file = Path(folder, "work"), Path(folder, "eval.sh")
        work.mkdir()
        workspace.export(work)
        file.write_text(script, encoding="utf-8", newline="")
        commit = _COMMIT if re.search(r"^git ", script, re.MULTILINE) else ""
        return sandbox.run(
            ["/bin/bash", "-c", f"{commit}bash /eval.sh"],
            environment=_ENVIRONMENT,
            merged=True,
            mounts=Mounts(work=work, read_only={"/eval.sh": file, "/venv": venv}),
            limits=_REAL,
        )


@lru_cache(maxsize=512)
def _mini_tree(repo: str, commit: str) -> MemoryTree:
    return MemoryTree(mini.tree(repo, commit))


def sandbox_with_pytest(spec: str) -> Sandbox:
    """The sandbox that all environments of the process share, with pytest in its warm interpreter."""
    from _pytest.config import default_plugins

    return shared_sandbox(spec, ("pytest", *(f"_pytest.{name}" for name in default_plugins)))
