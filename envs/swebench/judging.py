"""Judge: the backends behind a task's tests, and a memory of what they said."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.envs.swebench import grading, hygiene
from skillflow_gym.envs.swebench import script as scripts
from skillflow_gym.envs.swebench.docker import DockerBackend
from skillflow_gym.envs.swebench.grading import Verdict
from skillflow_gym.envs.swebench.local import LocalBackend, sandbox_with_pytest
from skillflow_gym.envs.swebench.tree import Tree
from skillflow_gym.envs.swebench.workspace import Workspace, WorkspaceError
from skillflow_gym.sandbox import Sandbox
from skillflow_gym.tasks import Gold, Task

KEPT = 20_000
"""Verdicts and test runs that a process remembers."""


class Backend(Protocol):
    """Where the tests of a task run."""

    @property
    def name(self) -> str:
        """As in ``gym.make(..., backend=name)``."""

    def tree(self, task: Task, gold: Gold) -> Tree:
        """The task's repository at its base commit.

        Raises:
            InfrastructureError: it cannot be had.
            ValueError: nothing says where it is from.
        """

    def run(self, task: Task, gold: Gold, workspace: Workspace, script: str) -> str:
        """What a script prints in a copy of the workspace, both streams in order.

        Raises:
            InfrastructureError: it could not be run.
        """


class Judge:
    """Trees, test runs and verdicts of an environment. Equal questions are asked once per process."""

    def __init__(self, backend: str, trees: str, requirements: str, sandbox: str) -> None:
        self._asked = backend
        self._setting = (trees, requirements, sandbox)
        self._backends: dict[str, Backend] = {
            "local": LocalBackend(trees, requirements, sandbox),
            "docker": DockerBackend(),
        }
        self._sandbox = sandbox

    @property
    def sandbox(self) -> Sandbox:
        """Where diffs are applied."""
        return sandbox_with_pytest(self._sandbox)

    def backend(self, task: Task) -> Backend:
        """The backend that grades ``task``."""
        automatic = "local" if mini.is_mini(task.record["repo"]) else "docker"
        return self._backends[automatic if self._asked == "auto" else self._asked]

    def tree(self, task: Task, gold: Gold) -> Tree:
        """See ``Backend.tree``."""
        return self.backend(task).tree(task, gold)

    def run_tests(self, task: Task, gold: Gold, workspace: Workspace, selection: Sequence[str]) -> str:
        """What a selection of the repository's tests prints."""
        script = scripts.selection_script(gold.record["eval_script"], gold.record["test_patch"], selection)
        return str(self._remembered(task, workspace, script, lambda: self._run(task, gold, workspace, script)))

    def verdict(self, task: Task, gold: Gold, workspace: Workspace) -> tuple[Verdict, tuple[str, ...]]:
        """How the workspace is graded, and which of its changed files were left out. No change resolves nothing."""
        kept, dropped = hygiene.submission(workspace)
        if not kept.changes:
            return Verdict(), dropped

        def ask() -> Verdict:
            spec = grading.make_spec(task.id, task.record["repo"], gold.record)
            read = Workspace(workspace.tree).read
            return grading.grade(
                spec,
                gold.record["test_patch"],
                lambda path: _text(read, path),
                lambda s: self._run(task, gold, kept, s),
            )

        verdict: Verdict = self._remembered(task, kept, gold.record["eval_script"], ask)
        return verdict, dropped

    def _run(self, task: Task, gold: Gold, workspace: Workspace, script: str) -> str:
        return self.backend(task).run(task, gold, workspace, script)

    def _remembered(self, task: Task, workspace: Workspace, script: str, ask: Callable[[], Any]) -> Any:
        changes = tuple(sorted(workspace.changes.items()))
        commit = (task.record["repo"], task.record["base_commit"])
        return _memory.get((self.backend(task).name, *self._setting, *commit, changes, script), ask)


def _text(read: Callable[[str], str], path: str) -> str:
    try:
        return read(path)
    except WorkspaceError:
        return ""


class _Memory:
    """The latest answers, for all threads."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question: Hashable, ask: Callable[[], Any]) -> Any:
        """The answer to ``question``, asked for if it is not known."""
        with self._lock:
            if question in self._answers:
                self._answers.move_to_end(question)
                return self._answers[question]
        answer = ask()
        with self._lock:
            self._answers[question] = answer
            while len(self._answers) > KEPT:
                self._answers.popitem(last=False)
        return answer


_memory = _Memory()
