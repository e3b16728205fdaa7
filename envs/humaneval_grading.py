"""HumanEval's solutions in the sandbox: verdicts of the hidden test, values of the examples, and code that is run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.sandbox import Completed, Limits, shared_sandbox
from skillflow_gym.scoring.humaneval import TIME_LIMIT, readings

SHOWN = 2000
"""Most characters that are shown of what code prints."""
ROUNDS = 50
"""How often a solution is run with one more call, where its answers lead the test to ask for one; then it fails."""

_INSIDE = Path(__file__).with_name("humaneval_inside.py").read_text(encoding="utf-8")
# Processor time, so that a verdict does not depend on what runs beside it; the wall-clock limit is for what sleeps.
_LIMITS = Limits(wall=5 * TIME_LIMIT, cpu=int(TIME_LIMIT), output=1 << 22)


class Problem(NamedTuple):
    """A record of HumanEval; ``test`` and ``solution`` are for the judge only."""

    prompt: str
    entry_point: str
    test: str
    solution: str

    def sources(self, code: str) -> tuple[str, ...]:
        """The programs that ``code`` may stand for."""
        return readings(self.prompt, self.entry_point, code)


# Kept for the process: a policy that learns writes the same programs again and again.
@lru_cache(maxsize=1 << 16)
def passes(sandbox: str, problem: Problem, code: str) -> bool:
    """Whether ``code`` passes all hidden tests of ``problem`` within TIME_LIMIT of processor time.

    Args:
        sandbox: what ``make_sandbox`` takes.
        problem: what is to be solved.
        code: a whole program or a completion of the prompt.

    Raises:
        InfrastructureError: the sandbox failed, or the record's own solution does not pass its test.
    """
    calls: Sequence[Any] = _expected(sandbox, problem)["calls"]
    job = {"sources": problem.sources(code), "entry_point": problem.entry_point}
    for _ in range(ROUNDS):
        answers, _ = _do(sandbox, "answer", **job, calls=calls)
        if len(answers) < len(calls):
            return False  # not defined, ended early, or too long
        said = _judge(sandbox, problem, json.dumps(calls), json.dumps(answers))
        if isinstance(said, bool):
            return said
        calls = said
    return False


@lru_cache(maxsize=1 << 12)
def _judge(sandbox: str, problem: Problem, calls: str, answers: str) -> bool | Sequence[Any]:
    """Whether the hidden test passes on these answers, or the calls that it makes instead; all in JSON.

    Programs that are wrong in the same way are judged once.
    """
    expected = _expected(sandbox, problem)
    if (calls, answers) == (json.dumps(expected["calls"]), json.dumps(expected["answers"])):  # 1 == 1.0, as texts not
        return True
    judged = {"prompt": problem.prompt, "entry_point": problem.entry_point, "test": problem.test}
    said, _ = _do(sandbox, "replay", **judged, calls=json.loads(calls), answers=json.loads(answers))
    if said and isinstance(said[0], dict):
        return tuple(said[0]["unknown"])
    return bool(said and said[0])  # answers that the test chokes on are wrong


@lru_cache(maxsize=1 << 14)
def try_examples(sandbox: str, problem: Problem, code: str, calls: tuple[str, ...]) -> tuple[Mapping[str, str], ...]:
    """What each of ``calls`` gives: ``value``, its repr, or ``error`` and ``message``.

    There are fewer if the solution ends or is ended; the last one then says why.

    Raises:
        InfrastructureError: the sandbox failed.
    """
    job = {"sources": problem.sources(code), "entry_point": problem.entry_point}
    answers, done = _do(sandbox, "answer", **job, examples=calls)
    broken = len(answers) < len(calls) and not (answers and "error" in answers[-1])
    return (*answers, _ended(done)) if broken else tuple(answers)


@lru_cache(maxsize=1 << 12)
def run(sandbox: str, problem: Problem, code: str, more: str) -> str:
    """What ``more`` prints when it runs after the solution ``code``, with the value of a last expression.

    Raises:
        InfrastructureError: the sandbox failed.
    """
    job = {"do": "run", "sources": problem.sources(code), "more": more}
    done = shared_sandbox(sandbox).python(_INSIDE, stdin=json.dumps(job), limits=_LIMITS)
    ended = [": ".join(_ended(done).values())] if done.timed_out or done.exit else []
    text = "\n".join(filter(None, [done.stdout.rstrip(), *ended]))
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}\n[{len(text) - SHOWN} more characters]"


@lru_cache(maxsize=1 << 12)
def _expected(sandbox: str, problem: Problem) -> Mapping[str, Any]:
    """The calls that the hidden test makes, and the answers of the record's own solution, which passes it."""
    sources = problem.sources(problem.solution)
    said, _ = _do(sandbox, "record", sources=sources, entry_point=problem.entry_point, test=problem.test)
    if not said or not said[0]["calls"]:
        raise InfrastructureError(f"{problem.entry_point}: the record's own solution does not pass its hidden test")
    return dict(said[0])


def _do(sandbox: str, what: str, **job: Any) -> tuple[list[Any], Completed]:
    """The lines of JSON that a job printed, and how its run ended."""
    done = shared_sandbox(sandbox).python(_INSIDE, stdin=json.dumps({"do": what, **job}), limits=_LIMITS)
    lines = done.stdout.split("\n")[:-1]  # what ends without a new line was cut off
    try:
        return [json.loads(line) for line in lines], done
    except ValueError:
        return [], done


def _ended(done: Completed) -> dict[str, str]:
    """How a run ended that did not come to its end, as an error."""
    if done.timed_out or "cpu" in done.exceeded:
        return {"error": "TimeoutError", "message": f"longer than {TIME_LIMIT:g} s"}
    return {"error": "Ended", "message": ", ".join(done.exceeded) or f"exit status {done.exit}"}
