"""What the four reasoning benchmarks share: records with one right answer, tools for ``act``, accuracy as the score."""

from __future__ import annotations

import atexit
import importlib.util
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from skillflow_gym.actions import Action
from skillflow_gym.core import Outcome, Score, SkillEnv
from skillflow_gym.installation import install
from skillflow_gym.registration import stanza
from skillflow_gym.sandbox import make_sandbox
from skillflow_gym.sources import Source, load_records, record_file
from skillflow_gym.tasks import Gold, Task, TaskSet, check_record, from_records
from skillflow_gym.tools import Toolbox
from skillflow_gym.tools.python import PRELOAD, PythonTools

_tools: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {}
_lock = threading.Lock()


class ReasoningEnv(SkillEnv):
    """A problem with one right answer.

    Description: the task is the problem. The first observation lists the tools, ``act("name: argument")`` calls one,
    ``accept(answer)`` is scored: reward and success are whether the answer is right.

    Arguments beyond SkillEnv's: ``sandbox`` is where the tools run what a policy writes, as in ``make_sandbox``:
    ``bwrap``, ``docker``, or ``unsafe-subprocess``. What is missing on this machine is an error at the first reset.
    """

    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    schema: ClassVar[Mapping[str, Any]]
    """What a record must hold, in the form that ``check_record`` takes."""

    def __init__(self, benchmark: str, sandbox: str = "bwrap", **kwargs: Any) -> None:
        """See the class; the other arguments are SkillEnv's.

        Raises:
            ModuleNotFoundError: the extra ``reasoning`` is missing.
        """
        if importlib.util.find_spec("sympy") is None:
            raise ModuleNotFoundError(f"the tools need the reasoning extra: {install('reasoning')}", name="sympy")
        super().__init__(benchmark, **kwargs)
        self.sandbox = sandbox

    @classmethod
    @abstractmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        """The task and gold of a record that fits ``schema``; ``Gold.answers[0]`` is an answer that is right."""

    @classmethod
    @abstractmethod
    def mini_records(cls, split: str) -> Iterable[dict[str, Any]]:
        """The project's own records of a canonical split, in ``schema``."""

    def toolbox(self, task: Task) -> Toolbox:
        """The tools of an episode of ``task``: ``calculate`` and ``python``.

        Raises:
            SandboxError: the sandbox does not work here.
        """
        return Toolbox(*_python_tools(self.sandbox))

    @abstractmethod
    def correct(self, answer: str, gold: Gold) -> bool:
        """Whether ``answer`` is right.

        Raises:
            InfrastructureError: what grades it failed.
        """

    def tasks(self) -> TaskSet:
        """The problems of the split; loaded once per process and shared by all environments that ask the same."""
        version = (0, 0)
        if self.source.kind == "file":  # a file that changed is read again
            status = record_file(self.stanza, self.source.location, self.split).stat()
            version = (status.st_mtime_ns, status.st_size)
        return _load(type(self), self.stanza.name, self.split, self.source, version)

    def begin(self, task: Task) -> str:
        """The first observation says which tools there are."""
        self._toolbox = self.toolbox(task)
        return self._toolbox.describe()

    def act(self, text: str) -> Outcome:
        """Hand the instruction to the Executor."""
        result = self.executor.run(text, self._toolbox)
        return Outcome(result.text, usage={"calls": result.calls, **result.usage})

    def score(self, answer: str) -> Score:
        """1 for the right answer, else 0."""
        right = self.correct(answer, self.gold)
        return Score(float(right), right, {"accuracy": float(right)})

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """Use a tool, then accept the answer."""
        return (
            Action.act("calculate: 6*7"),
            Action.accept(self.taskset.gold(task.id).answers[0]),
        )


@lru_cache(maxsize=32)
def _load(kind: type[ReasoningEnv], benchmark: str, split: str, source: Source, version: tuple[int, int]) -> TaskSet:
    def parse(record: Mapping[str, Any], index: int) -> tuple[Task, Gold]:
        check_record(record, index, kind.schema)
        return kind.parse(record, index, split)

    return from_records(load_records(stanza(benchmark), source, split, kind.mini_records), parse, split, str(source))


def _python_tools(sandbox: str) -> tuple[Callable[[str], str], Callable[[str], str]]:
    """``calculate`` and ``python``, one pair and one sandbox for all environments of a process."""
    with _lock:
        if sandbox not in _tools:
            made = make_sandbox(sandbox, preload=PRELOAD)
            atexit.register(made.close)
            tools = PythonTools(made)
            _tools[sandbox] = tools.calculate, tools.python
        return _tools[sandbox]
