"""The mini problems: right solutions pass, plausible wrong ones pass a part, and the splits are what they should be."""

from __future__ import annotations

import json

import pytest

from skillflow_gym.envs.humaneval_examples import examples
from skillflow_gym.envs.humaneval_grading import Problem, passes
from skillflow_gym.envs.humaneval_proposals import MAX_BODIES, bodies
from skillflow_gym.envs.mini import humaneval as mini
from skillflow_gym.envs.mini.humaneval import families, grids, times
from skillflow_gym.envs.mini.humaneval.problem import cases, completion
from skillflow_gym.sandbox import Limits, make_sandbox

SPLITS = {"train": 80, "validation": 20, "test": 40}
"""The least number of problems."""
FEW = 3
"""Problems of each split that the fast tests grade one by one."""

EACH_ASSERT = """
import json, sys
for job in json.loads(sys.stdin.read()):
    names, passed = {}, []
    try:
        exec(job["program"], names)
    except Exception:
        names = {}
    for line in job["asserts"]:
        try:
            exec(line, {**names, "candidate": names[job["name"]]})
            passed.append(True)
        except Exception:
            passed.append(False)
    print(json.dumps(passed))
"""


def asserts_passed(programs: list[tuple[mini.Problem, str]]) -> list[list[bool]]:
    """For each problem and body, which of the hidden asserts pass; all in one run of the sandbox."""
    jobs = []
    for problem, body in programs:
        record = problem.record("x")
        asserts = [line.strip() for line in record["test"].split("\n") if "assert" in line]
        jobs.append({"program": record["prompt"] + completion(body), "name": problem.name, "asserts": asserts})
    sandbox = make_sandbox("bwrap")
    try:
        done = sandbox.python(EACH_ASSERT, stdin=json.dumps(jobs), limits=Limits(wall=120, cpu=60, output=1 << 24))
    finally:
        sandbox.close()
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def graded(record: dict[str, str]) -> Problem:
    return Problem(record["prompt"], record["entry_point"], record["test"], record["canonical_solution"])


@pytest.mark.parametrize("split", SPLITS)
def test_solutions_pass_and_wrong_ones_pass_a_part(split: str) -> None:
    programs = [(p, body) for p in mini.problems(split) for body in (p.solution, "pass", *p.wrong)]
    results = asserts_passed(programs)
    assert len(results) == len(programs)
    for (problem, body), passed in zip(programs, results, strict=True):
        if body == problem.solution:
            assert all(passed) and len(passed) >= 6, problem.name
        elif body == "pass":
            assert not all(passed), problem.name
        else:
            assert any(passed) and not all(passed), (problem.name, body)
    assert all(len(problem.wrong) >= 2 for problem in mini.problems(split))


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("count", [FEW, pytest.param(1_000, marks=pytest.mark.slow)])
def test_the_grader_says_the_same(split: str, count: int) -> None:
    step = max(1, len(mini.problems(split)) // count)
    for problem, record in list(zip(mini.problems(split), mini.records(split), strict=True))[::step]:
        task = graded(record)
        assert passes("bwrap", task, record["canonical_solution"]), problem.name
        for body in ("pass", "import sys\nsys.exit(0)", "import os\nos._exit(0)", *problem.wrong):
            assert not passes("bwrap", task, completion(body)), (problem.name, body)


@pytest.mark.parametrize("split", SPLITS)
def test_the_docstring_shows_two_or_three_examples_that_hold(split: str) -> None:
    programs = []
    for problem, record in zip(mini.problems(split), mini.records(split), strict=True):
        shown = examples(record["prompt"])
        assert 2 <= len(shown) <= 3, problem.name
        assert [example.value for example in shown] == [value for _, value in cases(problem.examples)]
        programs.append((problem._replace(tests=problem.examples), problem.solution))
    assert all(map(all, asserts_passed(programs)))


def test_sizes_and_shares() -> None:
    for split, least in SPLITS.items():
        total = len(mini.problems(split))
        assert total >= least
        assert len(list(families.problems(split))) <= total / 2, "at most half are put together from parts"


def test_nothing_stands_twice() -> None:
    everything = [problem for split in SPLITS for problem in mini.problems(split)]
    assert len({problem.name for problem in everything}) == len(everything)
    assert len({(problem.solution, problem.signature) for problem in everything}) == len(everything)


def test_two_themes_are_in_the_test_split_only() -> None:
    own = {problem.name for problem in (*grids.PROBLEMS, *times.PROBLEMS)}
    assert len(own) >= 10 and own <= {problem.name for problem in mini.problems("test")}
    assert own.isdisjoint(problem.name for split in ("train", "validation") for problem in mini.problems(split))


def test_records_are_in_the_schema_and_hold_nothing_wrong() -> None:
    for split in SPLITS:
        text = json.dumps(mini.records(split))
        for problem, record in zip(mini.problems(split), mini.records(split), strict=True):
            assert list(record) == ["task_id", "prompt", "entry_point", "canonical_solution", "test"]
            assert all(json.dumps(completion(body))[1:-1] not in text for body in problem.wrong if len(body) > 60)
    with pytest.raises(ValueError, match="has no split 'exam'; choose one of train, validation, test"):
        mini.records("exam")


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_proposals_reach_more_than_half(split: str, step: int) -> None:
    problems = mini.problems(split)[::step]
    programs = [
        (problem, body)
        for problem, record in zip(problems, mini.records(split)[::step], strict=True)
        for body in bodies(record["prompt"].strip())[:MAX_BODIES]
    ]
    reached: set[str] = set()
    for start in range(0, len(programs), 2_000):
        part = programs[start : start + 2_000]
        results = asserts_passed(part)
        assert len(results) == len(part)
        reached |= {problem.name for (problem, _), passed in zip(part, results, strict=True) if all(passed)}
    assert 0.5 <= len(reached) / len(problems) < 1.0
