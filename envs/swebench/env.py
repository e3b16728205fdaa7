"""SWE-bench (Jimenez et al., 2024), the Verified set: repair a repository so that its issue is resolved."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import gymnasium as gym

from skillflow_gym.actions import Action
from skillflow_gym.core import Outcome, Score, SkillEnv
from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.envs.swebench.judging import Judge
from skillflow_gym.envs.swebench.patches import apply_patch, is_diff
from skillflow_gym.envs.swebench.proposals import swebench_proposals
from skillflow_gym.envs.swebench.records import SCHEMA, parse_record
from skillflow_gym.envs.swebench.tools import Tools
from skillflow_gym.envs.swebench.workspace import Workspace, WorkspaceError
from skillflow_gym.installation import install
from skillflow_gym.registration import stanza
from skillflow_gym.sources import Source, load_records, record_file
from skillflow_gym.tasks import Task, TaskSet, from_records
from skillflow_gym.tools import Toolbox
from skillflow_gym.trajectory import Context

BACKENDS = ("auto", "local", "docker")


class SWEBenchEnv(SkillEnv):
    """SWE-bench Verified: a repository at a commit, an issue, and hidden tests that a patch must make pass.

    Description: ``act`` lists, searches, views and edits files, runs tests that are in the repository, and shows the
    diff; ``Tools`` documents the instructions, which may span lines. ``accept("")`` submits the workspace's diff;
    ``accept(unified diff)`` submits that diff of the original repository.

    Rewards: 1 if all FAIL_TO_PASS and all PASS_TO_PASS pass, by swebench's own grading code. Changes of tests, and of
    what decides how tests run, are left out before that; ``info["dropped"]`` names them. Random sentinel tests run
    beside the real ones; one with a wrong outcome makes the episode unresolved and ``info["score"]["tampered"]`` 1.
    docs/swebench.md says what code inside the test process could still do.

    Arguments beyond SkillEnv's:
        backend: ``docker`` runs the official images, ``local`` a source tree and Python environment of this machine;
            ``auto`` is local for mini tasks and docker for all others. ``info["graded_by"]`` says which it was: only
            docker's figures are SWE-bench's.
        trees, requirements: for ``local``, where real tasks' trees and environments are from; see ``checkouts``.
        sandbox: what ``make_sandbox`` takes.
    """

    metrics: ClassVar[tuple[str, ...]] = ("resolved", "fail_to_pass", "pass_to_pass", "tampered")
    schema: ClassVar[Mapping[str, Any]] = SCHEMA
    parallel: ClassVar[int] = 4
    mini_records = staticmethod(mini.records)
    """The project's own records of a split."""

    def __init__(
        self,
        benchmark: str,
        backend: str = "auto",
        trees: str = "",
        requirements: str = "",
        sandbox: str = "bwrap",
        **kwargs: Any,
    ) -> None:
        """See the class; the other arguments are SkillEnv's.

        Raises:
            ValueError: there is no such backend.
            DependencyNotInstalled: the extra ``swebench`` is missing.
        """
        if backend not in BACKENDS:
            raise ValueError(f"backend {backend!r} is none of {', '.join(BACKENDS)}")
        for package in ("swebench", "pytest"):
            if importlib.util.find_spec(package) is None:
                raise gym.error.DependencyNotInstalled(f"SWEBench needs the swebench extra: {install('swebench')}")
        super().__init__(benchmark, **kwargs)
        self.sandbox = sandbox
        self.judge = Judge(backend, trees, requirements, sandbox)
        self._dropped: tuple[str, ...] = ()

    def tasks(self) -> TaskSet:
        """The issues of the split; loaded once per process."""
        return _load(self.stanza.name, self.split, self.source, self._file_version())

    def begin(self, task: Task) -> str:
        """Open the repository; the first observation says which tools there are."""
        self._dropped = ()
        self._workspace = Workspace(self.judge.tree(task, self.taskset.gold(task.id)))
        tools = Tools(self._workspace, self._run_tests, lambda: self.judge.sandbox)
        self._toolbox = Toolbox(tools.list, tools.search, tools.view, tools.edit, tools.run, tools.diff)
        return self._toolbox.describe()

    def act(self, text: str) -> Outcome:
        """Hand the instruction to the Executor."""
        result = self.executor.run(text, self._toolbox)
        return Outcome(result.text, usage={"calls": result.calls, **result.usage})

    def score(self, answer: str) -> Score:
        """Grade the workspace, or the answer if it is a unified diff."""
        workspace = self._workspace
        if is_diff(answer):
            workspace = Workspace(self._workspace.tree)
            try:
                apply_patch(workspace, answer, self.judge.sandbox)
            except WorkspaceError:
                workspace = Workspace(self._workspace.tree)  # as the benchmark counts it: not resolved
        verdict, self._dropped = self.judge.verdict(self.task, self.gold, workspace)
        figures = {name: float(getattr(verdict, name)) for name in self.metrics}
        return Score(figures["resolved"], verdict.resolved, figures)

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """Searches, views, test runs, and small edits of the lines that were viewed."""
        return swebench_proposals(context)

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """Apply the gold patch, then accept."""
        return (Action.act(f"edit: {self.taskset.gold(task.id).answers[0]}"), Action.accept(""))

    def details(self) -> Mapping[str, str]:
        """Which backend grades, and which changed files it left out."""
        return {"graded_by": self.judge.backend(self.task).name, "dropped": ", ".join(self._dropped)}

    def _run_tests(self, selection: Sequence[str]) -> str:
        return self.judge.run_tests(self.task, self.gold, self._workspace, selection)

    def _file_version(self) -> tuple[int, int]:
        """Changes when the file does, so that a task set in the cache is never stale."""
        if self.source.kind != "file":
            return (0, 0)
        status = record_file(self.stanza, self.source.location, self.split).stat()
        return (status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)
def _load(benchmark: str, split: str, source: Source, version: tuple[int, int]) -> TaskSet:
    records = load_records(stanza(benchmark), source, split, mini.records)
    return from_records(records, parse_record, split, str(source))
