"""The Python tool and the calculator of reasoning benchmarks."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillflow_gym.sandbox import Completed, Limits, Sandbox, SandboxError, make_sandbox
from skillflow_gym.tools import python
from skillflow_gym.tools.python import PRELOAD, PythonTools
from skillflow_gym.tools.toolbox import Toolbox

pytest.importorskip("sympy")


@pytest.fixture(scope="module")
def tools() -> Iterator[PythonTools]:
    try:
        sandbox = make_sandbox("bwrap", preload=PRELOAD)
    except SandboxError as error:
        pytest.skip(str(error))
    yield PythonTools(sandbox)
    sandbox.close()


def test_a_toolbox_lists_them(tools: PythonTools) -> None:
    toolbox = Toolbox(tools.python, tools.calculate)
    assert [line.partition(" - ")[0] for line in toolbox.describe().splitlines()[1:]] == [
        "python: code",
        "calculate: expression",
    ]
    assert toolbox["calculate"]("1/3 + 1/6") == "1/2"
    assert toolbox["python"]("print(6 * 7)") == "42"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 2 * 3", "8"),
        ("sqrt(8)", "2*sqrt(2)"),
        ("0.1 + 0.2", "0.3"),
        ("2^10", "1024"),
        ("2**0.5", "1.4142135623731"),
        ("2x + 3x", "5*x"),
        ("5!", "120"),
        ("sin(pi/6)", "1/2"),
        ("binomial(9, 2)", "36"),
        ("solve(x^2 - 2, x)", "[-sqrt(2), sqrt(2)]"),
        ("factorint(2024)", "{2: 3, 11: 1, 23: 1}"),
        ("Integral(x, (x, 0, 2))", "2"),
        ("7 % 4", "3"),
        ("3 < 4", "True"),
        ("Rational(6, 4)", "3/2"),
        ("sin(x)^2 + cos(x)^2", "1"),
    ],
)
def test_values(tools: PythonTools, expression: str, value: str) -> None:
    assert tools.calculate(expression) == value


@pytest.mark.parametrize("expression", ["", "1 +", "f(", "import os", "1 2 = 3", "x y z ) ("])
def test_what_is_no_expression_gets_one_line(tools: PythonTools, expression: str) -> None:
    told = tools.calculate(expression)
    assert "Error" in told and "\n" not in told and "Traceback" not in told


@pytest.mark.parametrize("expression", ["9^9^9^9", "factorial(10^8)", "ones(10**6, 10**6)"])
def test_a_hostile_expression_ends_in_time(tools: PythonTools, expression: str) -> None:
    hurried = PythonTools(tools._sandbox, calculation_deadline=1)
    assert hurried.calculate(expression) in ("Timed out.", "MemoryError")


def test_a_hostile_expression_reads_nothing(tools: PythonTools) -> None:
    told = tools.calculate("__import__('pathlib').Path('/etc/shadow').read_text()")
    assert told == "FileNotFoundError: [Errno 2] No such file or directory: '/etc/shadow'"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_any_text_gets_an_answer(tools: PythonTools, expression: str) -> None:
    assert tools.calculate(expression)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("print(1)\nprint(2)", "1\n2"),
        ("x = 1", "Nothing printed."),
        ("print('a')\n1 / 0", "a\nZeroDivisionError: division by zero"),
        ("print('a'\n", "SyntaxError: '(' was never closed"),
        ("import sys; sys.exit(3)", "Exit status 3."),
        ("import os; os.kill(os.getpid(), 9)", "Exit status -9."),
        ("import sympy; print(sympy.sqrt(8))", "2*sqrt(2)"),
        ("print('x' * 5000)", "x" * 4096 + "\n[cut]"),
        ("print('ünï')", "ünï"),
    ],
)
def test_programs(tools: PythonTools, code: str, told: str) -> None:
    assert tools.python(code) == told


def test_a_program_that_does_not_end(tools: PythonTools) -> None:
    hurried = PythonTools(tools._sandbox, deadline=1)
    assert hurried.python("print(1, flush=True)\nwhile True: pass") == "1\nTimed out."


class Counting:
    """The sandbox, and how often it ran something; ``timed_out`` is what it says of a run."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.runs, self.timed_out = sandbox, 0, False

    def python(self, code: str, *, stdin: str = "", limits: Limits | None = None) -> Completed:
        self.runs += 1
        return replace(self.sandbox.python(code, stdin=stdin, limits=limits), timed_out=self.timed_out)


def test_a_calculation_is_made_once(tools: PythonTools) -> None:
    counting: Any = Counting(tools._sandbox)
    once = PythonTools(counting)
    assert [once.calculate(text) for text in ("1 + 1", "2 + 2", "1 + 1")] == ["2", "4", "2"] and counting.runs == 2
    counting.timed_out = True
    assert [once.calculate("3 + 3") for _ in range(2)] == ["6\nTimed out."] * 2
    assert counting.runs == 4, "what the clock ended is tried again"


def test_no_more_is_kept_than_fits(tools: PythonTools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "KEPT", 2)
    counting: Any = Counting(tools._sandbox)
    small = PythonTools(counting)
    assert [small.calculate(text) for text in "12312"] == [*"12312"] and counting.runs == 5


def test_nothing_is_kept(tools: PythonTools) -> None:
    tools.python("import sympy; sympy.sqrt = None; kept = 1; open('/tmp/kept', 'w')")
    assert tools.python("print(kept)") == "NameError: name 'kept' is not defined"
    assert "No such file" in tools.python("open('/tmp/kept')") and tools.calculate("sqrt(4)") == "2"


def test_many_threads(tools: PythonTools) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(tools.calculate, [f"{n}^2" for n in range(12)])) == [str(n * n) for n in range(12)]


def test_without_sympy_the_package_is_named(tools: PythonTools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="sympy"):
        PythonTools(tools._sandbox)
