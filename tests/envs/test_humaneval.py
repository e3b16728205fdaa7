"""HumanEval: the tools, what is submitted, programs that try to pass without solving, and records that are broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym import Action, InfrastructureError
from skillflow_gym.envs import humaneval_grading
from skillflow_gym.envs.humaneval import HumanEvalEnv
from skillflow_gym.envs.humaneval_grading import Problem, passes
from skillflow_gym.envs.mini import humaneval as mini
from skillflow_gym.sandbox import Completed
from skillflow_gym.sources import SourceError
from skillflow_gym.tasks import RecordError
from tests.envs.humaneval_files import REAL, needs_real

PROBLEM = Problem(
    'def double(n: int) -> int:\n    """ Twice n.\n    >>> double(2)\n    4\n    """\n',
    "double",
    "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(0) == 0\n"
    "    assert candidate(-3) == -6\n",
    "    return 2 * n\n",
)


def env_of(folder: Path, *problems: Problem, **arguments: Any) -> HumanEvalEnv:
    """An environment of these problems."""
    records = [
        {
            "task_id": f"t/{i}",
            "canonical_solution": p.solution,
            **{k: v for k, v in p._asdict().items() if k != "solution"},
        }
        for i, p in enumerate(problems)
    ]
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    env = HumanEvalEnv("HumanEval", source=f"file:{folder}", **arguments)
    env.reset(options={"index": 0})
    return env


@pytest.fixture
def env(tmp_path: Path) -> Iterator[HumanEvalEnv]:
    made = env_of(tmp_path, PROBLEM)
    yield made
    made.close()


def shown(env: HumanEvalEnv, text: str) -> str:
    """What ``act(text)`` shows."""
    observation, reward, terminated, truncated, info = env.step(Action.act(text))
    assert (reward, terminated, truncated, info["error"], info["unscored"]) == (0.0, False, False, "", False)
    return observation["observation"]


def test_write_test_view_run(env: HumanEvalEnv) -> None:
    assert shown(env, "view") == "No solution yet."
    assert shown(env, "test") == "1 of 1 examples fail: \ndouble(2) gives None, not 4"
    assert shown(env, "write: m = n\nreturn m * n * n") == "Written: m = n | return m * n * n"
    assert shown(env, " Test ") == "1 of 1 examples fail: m = n | return m * n * n\ndouble(2) gives 8, not 4"
    assert shown(env, "write:     return n ** 2\n") == "Written: return n ** 2"
    assert shown(env, "test:") == "All 1 examples pass: return n ** 2\ndouble(2) gives 4"
    assert shown(env, "view") == "return n ** 2"
    assert shown(env, "run: print(double(3))\nx = 5\ndouble(x) + 1") == "9\n26"
    assert shown(env, "run: double('a')").startswith("TypeError: unsupported operand type")
    assert shown(env, "run: x = 1") == "Nothing was printed."
    assert shown(env, "run: print('a' * 5000)").endswith("a\n[3000 more characters]")
    assert env.step(Action.accept(""))[1] == 0.0, "it passes the example, not the hidden tests"


@pytest.mark.parametrize(
    "answer",
    [
        "return 2 * n",
        "    m = n + n\n    return m\n",
        PROBLEM.prompt + "    return n + n",
        "def double(x):\n    return x + x\n",
        "def helper(x):\n    return x\n\n\ndef double(n):\n    return helper(n) * 2",
    ],
)
def test_accepted_code_is_scored(env: HumanEvalEnv, answer: str) -> None:
    shown(env, "write: return 0")
    _, reward, terminated, _, info = env.step(Action.accept(answer))
    assert (reward, terminated, info["success"], info["score"]) == (1.0, True, True, {"pass@1": 1.0})


def test_an_empty_answer_submits_the_solution(env: HumanEvalEnv) -> None:
    shown(env, "write: return n * 2")
    assert env.step(Action.accept(" \n"))[1] == 1.0
    env.reset(options={"index": 0})
    assert env.step(Action.accept(""))[1] == 0.0, "the solution is gone with its episode"


CHEATS = {
    "exit": "import sys\nsys.exit(0)",
    "hard exit": "import os\nos._exit(0)",
    "exit while loading": "return 0\n\nimport sys\nsys.exit(0)",
    "hard exit while loading": "return 0\n\nimport os\nos._exit(0)",
    "exit at the end": "import atexit, os\natexit.register(os._exit, 0)\nreturn 0",
    "equal to all": "class All(int):\n    def __eq__(self, other): return True\n    __hash__ = None\nreturn All(0)",
    "a type that decides": "class All:\n    def __eq__(self, other): return True\nreturn All()",
    "no asserts": "import builtins\nbuiltins.AssertionError = Exception\nraise AssertionError",
    "ends loops": "raise StopIteration",
    "prints answers": (
        'import os\nline = b\'{"value": 4}\\n{"value": 0}\\n{"value": -6}\\n\'\nfor fd in range(3, 64):\n'
        "    try: os.write(fd, line)\n"
        "    except OSError: pass\nos._exit(0)"
    ),
    "prints a verdict": (
        "import os\nfor fd in range(0, 64):\n    try: os.write(fd, b'true\\n' * 3)\n    except OSError: pass\n"
        "os._exit(0)"
    ),
    "forks": "import os\nif os.fork(): os._exit(0)\nreturn 0",
    "changes its argument": "n = 2 * n",
}


@pytest.mark.parametrize("name", sorted(set(CHEATS) - {"prints answers"}))
def test_early_ends_and_tricks_do_not_pass(name: str) -> None:
    assert passes("bwrap", PROBLEM, CHEATS[name]) is False


def test_answers_can_be_given_only_by_who_knows_them() -> None:
    # Writing the right values where answers go is a table of answers: nothing but the answers was guessed.
    assert passes("bwrap", PROBLEM, "return {2: 4, 0: 0, -3: -6}[n]") is True
    assert passes("bwrap", PROBLEM, CHEATS["prints answers"].replace("-6", "-5")) is False


SPY = """
import gc, os, sys
needle = b'secret-', b'in-the-test'  # never whole in what is its own
frame, texts = sys._getframe(), []
while frame:
    texts.append(repr(frame.f_locals).encode())
    frame = frame.f_back
texts += [repr(o).encode() for o in gc.get_objects() if type(o) in (dict, list, tuple)]
for folder, _, files in os.walk('/work'):
    texts += [open(os.path.join(folder, file), 'rb').read() for file in files]
os.lseek(0, 0, 0)
texts.append(os.read(0, 1 << 20))
for line in open('/proc/self/maps'):
    first, last = (int(part, 16) for part in line.split()[0].split('-'))
    try:
        with open('/proc/self/mem', 'rb') as memory:
            memory.seek(first)
            texts.append(memory.read(min(last - first, 1 << 26)))
    except (OSError, ValueError, OverflowError):
        pass
found = [t for t in texts for part in t.split(needle[0])[1:] if part.startswith(needle[1])]
raise ValueError(f'{len(found)} of {len(texts) > 20}')
"""


def test_what_a_solution_can_see_of_the_test() -> None:
    """Its frames, objects, files, standard input and memory, after the test ran in the same sandbox: nothing of it."""
    problem = PROBLEM._replace(test=PROBLEM.test + "    assert 'secret-in-the-test'\n")
    assert passes("bwrap", problem, "return 2 * n") and not passes("bwrap", problem, "return 3 * n")
    call = {"tuple": [{"tuple": [2]}, {"dict": []}]}
    job = {"sources": problem.sources(SPY), "entry_point": "double", "calls": [call]}
    (answer,), _ = humaneval_grading._do("bwrap", "answer", **job)
    assert answer == {"error": "ValueError", "message": "0 of True"}
    (answer,), _ = humaneval_grading._do("bwrap", "answer", **job, test=problem.test)
    assert answer["message"] != "0 of True", "the spy finds what is there"


def test_a_loop_without_end_fails_and_does_not_stop_the_next() -> None:
    assert passes("bwrap", PROBLEM, "while True: pass") is False
    assert passes("bwrap", PROBLEM, "return n + n") is True


def test_verdicts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "return n + n + 0  # for this test"
    assert passes("bwrap", PROBLEM, code) is True

    def nothing(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the sandbox was used again")

    monkeypatch.setattr(humaneval_grading, "_do", nothing)
    assert passes("bwrap", PROBLEM, code) is True
    with pytest.raises(AssertionError, match="used again"):
        passes("bwrap", PROBLEM, code + "!")


class Broken:
    """A sandbox that fails."""

    spec = "broken"

    def python(self, code: str, **kwargs: Any) -> Completed:
        raise InfrastructureError("the sandbox is gone")

    def close(self) -> None:
        """Nothing to free."""


def test_a_sandbox_that_fails_leaves_the_episode_unscored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(humaneval_grading, "shared_sandbox", lambda spec: Broken())
    env = env_of(tmp_path, PROBLEM, sandbox="broken")
    for action in (Action.act("test"), Action.act("run: 1"), Action.accept("return 2 * n")):
        env.reset(options={"index": 0})
        _, reward, terminated, truncated, info = env.step(action)
        assert (reward, terminated, truncated, info["unscored"]) == (0.0, False, True, True)
        assert info["error"] == "the sandbox is gone"


@pytest.mark.parametrize(
    "change",
    [
        {"solution": "    return n\n"},
        {"test": "def check(candidate):\n    pass\n"},
        {"test": "def check(c):\n    1 / 0\n"},
    ],
)
def test_a_record_whose_own_solution_fails_is_unscored(tmp_path: Path, change: dict[str, str]) -> None:
    env = env_of(tmp_path, PROBLEM._replace(**change))
    *_, truncated, info = env.step(Action.accept("return 2 * n"))
    assert truncated and info["unscored"] is True
    assert info["error"] == "double: the record's own solution does not pass its hidden test"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entry_point": "triple"}, "record 0: field entry_point: expected the prompt to define a function 'triple'"),
        ({"entry_point": "n"}, "record 0: field entry_point: expected the prompt to define"),
        ({"test": "assert True"}, "record 0: field test: expected the field to define a function 'check'"),
    ],
)
def test_records_whose_fields_do_not_fit_each_other(tmp_path: Path, change: dict[str, str], message: str) -> None:
    with pytest.raises(RecordError, match=message):
        env_of(tmp_path, PROBLEM._replace(**change))


def test_a_test_that_calls_by_results_is_judged(tmp_path: Path) -> None:
    test = "def check(candidate):\n    assert candidate(candidate(candidate(1))) == 8\n"
    problem = PROBLEM._replace(test=test)
    assert passes("bwrap", problem, "return n + n") is True
    assert passes("bwrap", problem, "return n + 1") is False
    assert passes("bwrap", problem, "return {1: 3, 3: 5, 5: 8}[n]") is True, (
        "other calls than the record's solution gets"
    )


def test_answers_that_differ_every_time_fail() -> None:
    problem = PROBLEM._replace(test="def check(candidate):\n    assert candidate(candidate(candidate(1))) == 8\n")
    assert passes("bwrap", problem, "import os\nreturn int.from_bytes(os.urandom(4), 'big')") is False


def test_answers_that_the_test_chokes_on_are_wrong() -> None:
    test = "def check(candidate):\n    assert candidate(2) == 4\n    assert list(range(candidate(10**9)))[0] == 0\n"
    problem = PROBLEM._replace(test=test, solution="    return 4 if n == 2 else 1\n")
    assert passes("bwrap", problem, "return 4 if n == 2 else n") is False
    assert passes("bwrap", problem, "return 4 if n == 2 else 2") is True


@needs_real
def test_the_real_set_has_one_split() -> None:
    for split in ("train", "validation"):
        with pytest.raises(SourceError, match=rf"expected {split}\.jsonl or {split}\.json for split '{split}'"):
            HumanEvalEnv("HumanEval", split=split, source=f"file:{REAL.parent}")


@needs_real
@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_real_solutions_pass_and_nothing_else_does(step: int) -> None:
    env = HumanEvalEnv("HumanEval", split="test", source=f"file:{REAL.parent}")
    assert len(env.taskset) == 100
    for task in env.taskset[::step]:
        solution = env.taskset.gold(task.id).answers[0]
        for answer, right in (
            (solution, True),
            *((code, False) for code in ("pass", CHEATS["exit"], CHEATS["hard exit"])),
        ):
            env.reset(options={"task_id": task.id})
            _, reward, _, _, info = env.step(Action.accept(answer))
            assert (reward == 1.0) is right and info["unscored"] is False, (task.id, answer[:20])


def test_mini_and_file_sources_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text("\n".join(map(json.dumps, mini.records("test"))), encoding="utf-8")
    ours = HumanEvalEnv("HumanEval", split="test", source="mini").taskset
    assert [t.fingerprint for t in HumanEvalEnv("HumanEval", split="test", source=f"file:{tmp_path}").taskset] == [
        t.fingerprint for t in ours
    ]
