"""HumanEval (Chen et al., 2021): write a Python function that its docstring describes and hidden tests judge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from skillflow_gym.actions import Action
from skillflow_gym.core import Outcome, Score, SkillEnv
from skillflow_gym.envs.humaneval_grading import Problem, passes
from skillflow_gym.envs.humaneval_proposals import humaneval_proposals
from skillflow_gym.envs.humaneval_tools import Workbench
from skillflow_gym.envs.mini import humaneval as mini
from skillflow_gym.registration import stanza
from skillflow_gym.sources import Source, load_records, record_file
from skillflow_gym.tasks import Gold, RecordError, Task, TaskSet, check_record, from_records
from skillflow_gym.tools import Toolbox
from skillflow_gym.trajectory import Context


class HumanEvalEnv(SkillEnv):
    """HumanEval: a prompt (imports, a signature, a docstring) that a function's body is to complete.

    Description: ``act("write: code")`` sets the current solution, ``act("run: code")`` runs code after it and shows
    what it prints, ``act("test")`` tries the docstring's own examples, ``act("view")`` shows the current solution.
    ``accept("")`` submits it, ``accept(code)`` submits that code. Code is a completion of the prompt or a whole program
    that defines the function; it may span lines. All of it runs in a sandbox, 3 seconds of processor time a run.

    Arguments beyond SkillEnv's: ``sandbox``: what ``make_sandbox`` takes.

    Rewards: 1 if all hidden tests pass. They are never shown, and never where a solution runs; see
    ``humaneval_inside``. Licence and source: MIT, ``openai/openai_humaneval``, whose only split is ``test``.
    """

    metrics: ClassVar[tuple[str, ...]] = ("pass@1",)
    schema: ClassVar[Mapping[str, Any]] = dict.fromkeys(
        ("task_id", "prompt", "canonical_solution", "test", "entry_point"), str
    )

    mini_records = staticmethod(mini.records)
    """The project's own records of a split."""

    def __init__(self, benchmark: str, sandbox: str = "bwrap", **kwargs: Any) -> None:
        """See the class; the other arguments are SkillEnv's."""
        super().__init__(benchmark, **kwargs)
        self.sandbox = sandbox

    def tasks(self) -> TaskSet:
        """The problems of the split; loaded once per process."""
        return _load(self.stanza.name, self.split, self.source, self._file_version())

    def begin(self, task: Task) -> str:
        """Nothing is written yet; the first observation says which tools there are."""
        gold = self.taskset.gold(task.id)
        self._problem = Problem(task.record["prompt"], task.record["entry_point"], gold.record["test"], gold.answers[0])
        self._bench = Workbench(self._problem, self.sandbox)
        self._toolbox = Toolbox(self._bench.write, self._bench.run, self._bench.test, self._bench.view)
        return self._toolbox.describe()

    def act(self, text: str) -> Outcome:
        """Hand the instruction to the Executor."""
        # The executor ``tools`` takes ``name: argument`` only, and these two need no argument.
        instruction = f"{text.strip()}:" if text.strip().lower() in ("test", "view") else text
        result = self.executor.run(instruction, self._toolbox)
        return Outcome(result.text, usage={"calls": result.calls, **result.usage})

    def score(self, answer: str) -> Score:
        """Run the hidden tests on ``answer``, or on the current solution if it is empty."""
        passed = passes(self.sandbox, self._problem, answer if answer.strip() else self._bench.code)
        return Score(float(passed), passed, {"pass@1": float(passed)})

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """Bodies that fit the signature and the docstring's words, and what was written, to be submitted."""
        return humaneval_proposals(context)

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """Write the record's own solution, test it, submit it."""
        solution = self.taskset.gold(task.id).answers[0]
        return (Action.act(f"write: {solution}"), Action.act("test"), Action.accept(""))

    def _file_version(self) -> tuple[int, int]:
        """Changes when the file does, so that a task set in the cache is never stale."""
        if self.source.kind != "file":
            return (0, 0)
        status = record_file(self.stanza, self.source.location, self.split).stat()
        return (status.st_mtime_ns, status.st_size)


def parse_record(record: Mapping[str, Any], index: int) -> tuple[Task, Gold]:
    """The task and gold of a record; the solution and the test are gold.

    Raises:
        RecordError: a field is missing or wrong; the message names it.
    """
    check_record(record, index, HumanEvalEnv.schema)
    prompt, name = record["prompt"], record["entry_point"]
    for field, text, wanted in (("entry_point", prompt, name), ("test", record["test"], "check")):
        if not re.search(rf"^(?:async\s+)?def\s+{re.escape(wanted)}\s*\(", text, re.MULTILINE):
            where = "the prompt" if field == "entry_point" else "the field"
            raise RecordError(f"record {index}: field {field}: expected {where} to define a function {wanted!r}")
    public = {"prompt": prompt, "entry_point": name}
    gold = Gold((record["canonical_solution"],), {"test": record["test"]})
    return Task(record["task_id"], prompt.strip(), public), gold


@lru_cache(maxsize=32)
def _load(benchmark: str, split: str, source: Source, version: tuple[int, int]) -> TaskSet:
    records = load_records(stanza(benchmark), source, split, mini.records)
    return from_records(records, parse_record, split, str(source))
