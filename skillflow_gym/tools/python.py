"""Python and a calculator, in a sandbox: the tools of reasoning benchmarks."""

from __future__ import annotations

import importlib.util

from skillflow_gym.sandbox import Completed, Limits, Sandbox

PRELOAD = ("sympy", "sympy.parsing.sympy_parser", "sympy.simplify")
"""Modules that the sandbox's warm interpreter should import ahead: sympy takes longer than most calculations."""

_OUTPUT = 4096

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
    what the program prints, cut at 4 KiB, and the last line of its error, if there is one.
    """

    def __init__(self, sandbox: Sandbox, deadline: float = 10.0, calculation_deadline: float = 2.0) -> None:
        """Run in ``sandbox``, made with ``preload=PRELOAD``; the deadlines are seconds.

        Raises:
            ModuleNotFoundError: sympy is not installed.
        """
        if importlib.util.find_spec("sympy") is None:
            raise ModuleNotFoundError("No module named 'sympy'", name="sympy")
        self._sandbox = sandbox
        self._program = Limits(wall=deadline, output=_OUTPUT)
        self._calculation = Limits(wall=calculation_deadline, output=_OUTPUT)

    def python(self, code: str) -> str:
        """Run a Python program and return what it prints; nothing is kept between programs."""
        return _told(self._sandbox.python(code, limits=self._program), self._program)

    def calculate(self, expression: str) -> str:
        """The exact value of an expression of sympy, such as sqrt(8) + 1/2, binomial(9, 2) or solve(x^2 - 2, x)."""
        return _told(self._sandbox.python(_CALCULATE, stdin=expression, limits=self._calculation), self._calculation)


def _told(done: Completed, limits: Limits) -> str:
    printed = done.stdout.strip("\n")
    if "output" in done.exceeded:
        printed += "\n[cut]"
    return "\n".join(text for text in (printed, _trouble(done, limits)) if text) or "Nothing printed."


def _trouble(done: Completed, limits: Limits) -> str:
    if done.timed_out:
        return f"Timed out after {limits.wall:g} s."
    if done.exit == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"Exit status {done.exit}."
