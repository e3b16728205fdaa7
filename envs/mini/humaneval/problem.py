"""A problem as it is written down here, and the record of HumanEval's schema that it becomes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from textwrap import dedent, indent
from typing import NamedTuple

STYLES = (">>> {call}\n{value}", ">>> {call}\n{value}", "{call} == {value}", "{call} => {value}", "{call} ➞ {value}")
"""How docstrings show examples: most as a session, the others in forms that HumanEval has too."""
BODY = "    "


class Problem(NamedTuple):
    """A function to write.

    Attributes:
        signature: ``name(parameter: type, ...) -> type``.
        text: what it does; the docstring without its examples.
        examples: lines of ``arguments -> value`` that the docstring shows.
        tests: such lines for the hidden test.
        solution: a body that is right.
        wrong: bodies that are right for some of the hidden tests only; never in a record.
    """

    signature: str
    text: str
    examples: str
    tests: str
    solution: str
    wrong: tuple[str, ...]

    @property
    def name(self) -> str:
        """The function's."""
        return self.signature.partition("(")[0]

    def record(self, task_id: str) -> dict[str, str]:
        """The problem in HumanEval's schema."""
        style = STYLES[zlib.crc32(self.name.encode()) % len(STYLES)]
        shown = [style.format(call=f"{self.name}({args})", value=value) for args, value in cases(self.examples)]
        asserts = [f"assert {_equals(self.name, args, value)}" for args, value in cases(self.tests)]
        doc = indent(f'""" {self.text}\n' + "\n".join(shown) + '\n"""\n', BODY)
        return {
            "task_id": task_id,
            "prompt": f"def {self.signature}:\n{doc}",
            "entry_point": self.name,
            "canonical_solution": completion(self.solution),
            "test": "def check(candidate):\n" + indent("\n".join(asserts), BODY) + "\n",
        }


def _equals(name: str, args: str, value: str) -> str:
    compared = "is" if value in ("True", "False", "None") else "=="
    return f"candidate({args}) {compared} {value}"


def cases(lines: str) -> Iterable[tuple[str, str]]:
    """The arguments and the value of each line that is not empty."""
    for line in lines.strip().split("\n"):
        args, _, value = line.strip().rpartition(" -> ")
        yield args, value


def completion(body: str) -> str:
    """A body as the text that follows a prompt."""
    return indent(dedent(body).strip(), BODY) + "\n"
