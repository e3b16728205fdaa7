"""Python and a calculator, in a sandbox: the tools of reasoning benchmarks."""

from __future__ import annotations

import importlib.util

from skillflow_gym.sandbox import Completed, Limits, Sandbox

PRELOAD = (
    *("sympy", "sympy.parsing.sympy_parser", "sympy.simplify"),
    # What ``simplify`` and ``solve`` import when they first run: 0.3 s, which every calculation would take anew.
    *("sympy.assumptions.wrapper", "sympy.combinatorics", "sympy.physics.units", "sympy.sets.handlers.functions"),
    *("sympy.sets.setexpr", "sympy.tensor.tensor"),
)
"""Modules that the sandbox's warm interpreter should import ahead: sympy takes longer than most calculations."""
KEPT = 65_536
"""How many results of ``calculate`` are kept; rollouts of a task ask for the same ones again and again."""

_OUTPUT = 4096
_PATIENCE = 6
"""Seconds of the clock for a second of processor time, so that it is not a busy machine that ends a program."""

_CALCULATE = """
import sys
from sympy import Basic, Expr, simplify, sstr
from sympy.parsing.sympy_parser import convert_xor, implicit_multiplication, parse_expr, standard_transformations

result = parse_expr(sys.stdin.read(), transformations=(*standard_transformations, convert_xor, implicit_multiplication))
if isinstance(result, Basic):
    result = result.doit()
print(sstr(simplify(result) if isinstance(result, Expr) else result, full_prec=False))
"""


class PythonTools:
    """Runs what an agent writes; the methods are tools for a ``Toolbox``. Safe to use from many threads at a time.

    Every call is a program of its own: nothing that one defines or writes is there in the next. Text for the agent is
    what the program prints, cut at 4 KiB, and the last line of its error, if there is one. An expression has one value,
    so its calculation is not repeated.
    """

    def __init__(self, sandbox: Sandbox, deadline: int = 10, calculation_deadline: int = 5) -> None:
        """Run in ``sandbox``, made with ``preload=PRELOAD``; the deadlines are seconds of processor time.

        Raises:
            ModuleNotFoundError: sympy is not installed.
        """
        if importlib.util.find_spec("sympy") is None:
            raise ModuleNotFoundError("No module named 'sympy'", name="sympy")
        self._sandbox = sandbox
        self._program, self._calculation = _limits(deadline), _limits(calculation_deadline)
        self._kept: dict[str, str] = {}

    def python(self, code: str) -> str:
        """Run a Python program and return what it prints; nothing is kept between programs."""
        return _told(self._sandbox.python(code, limits=self._program), self._program)

    def calculate(self, expression: str) -> str:
        """The exact value of an expression of sympy, such as sqrt(8) + 1/2, binomial(9, 2) or solve(x^2 - 2, x)."""
        if (told := self._kept.get(expression)) is None:
            done = self._sandbox.python(_CALCULATE, stdin=expression, limits=self._calculation)
            told = _told(done, self._calculation)
            if not done.timed_out:  # else it might have had less than its share of the machine
                if len(self._kept) >= KEPT:
                    self._kept.clear()
                self._kept[expression] = told
        return told


def _limits(seconds: int) -> Limits:
    return Limits(cpu=seconds, wall=_PATIENCE * seconds, output=_OUTPUT)


def _told(done: Completed, limits: Limits) -> str:
    printed = done.stdout.strip("\n")
    if "output" in done.exceeded:
        printed += "\n[cut]"
    return "\n".join(text for text in (printed, _trouble(done, limits)) if text) or "Nothing printed."


def _trouble(done: Completed, limits: Limits) -> str:
    if done.timed_out or "cpu" in done.exceeded:
        return "Timed out."
    if done.exit == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"Exit status {done.exit}."
