"""The tools of HumanEval, for one episode: write a solution, run code after it, try its examples, view it."""

from __future__ import annotations

from skillflow_gym.envs.humaneval_examples import examples
from skillflow_gym.envs.humaneval_grading import Problem, run, try_examples

SHOWN = 240
"""Most characters of a solution that are repeated when it is written or tested."""


class Workbench:
    """Holds the current solution.

    Attributes:
        code: it; "" before anything was written.
    """

    def __init__(self, problem: Problem, sandbox: str) -> None:
        self._problem, self._sandbox, self.code = problem, sandbox, ""

    def write(self, code: str) -> str:
        """Set the solution: the rest of the function, or the whole of it; it may span lines."""
        self.code = code
        return f"Written: {one_line(code)}"

    def run(self, code: str) -> str:
        """Run code after the solution; shows what it prints and the value of a last expression."""
        return run(self._sandbox, self._problem, self.code, code) or "Nothing was printed."

    def test(self, nothing: str = "") -> str:
        """Try the examples of the docstring."""
        wanted = examples(self._problem.prompt)
        if not wanted:
            return "The docstring has no example that can be run."
        given = try_examples(self._sandbox, self._problem, self.code, tuple(example.call for example in wanted))
        failed, lines = 0, []
        for example, result in zip(wanted, given, strict=False):
            right = "value" in result and example.agrees(result["value"])
            shown = result["value"] if "value" in result else ": ".join(filter(None, result.values()))
            lines.append(f"{example.call} gives {shown}" + ("" if right else f", not {example.value}"))
            failed += not right
        if failed == 0 and len(given) == len(wanted):
            return "\n".join([f"All {len(wanted)} examples pass: {one_line(self.code)}", *lines])
        failed += len(wanted) - len(given)
        return "\n".join([f"{failed} of {len(wanted)} examples fail: {one_line(self.code)}", *lines])

    def view(self, nothing: str = "") -> str:
        """Show the solution."""
        return self.code or "No solution yet."


def one_line(code: str) -> str:
    """A solution on one line, cut if it is long."""
    text = " | ".join(line.strip() for line in code.split("\n") if line.strip())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
