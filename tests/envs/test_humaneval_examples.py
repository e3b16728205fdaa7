"""The examples in a docstring: all the forms that prompts use, and texts that are none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.envs.humaneval_examples import Example, entry_point, examples
from tests.envs.humaneval_files import REAL, needs_real


def prompt(doc: str) -> str:
    return f'def g(a, b=0):\n    """ Text.\n{doc}\n    """\n'


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ("    >>> g(1)\n    2", [("g(1)", "2")]),
        ("    >>> g(1)\n    2\n    >>> g(2)\n    3", [("g(1)", "2"), ("g(2)", "3")]),
        ("    >>> g([])\n\n    >>> g(2)\n    3", [("g([])", "None"), ("g(2)", "3")]),
        ("    >>> round(g(1), 2) # half\n    0.5", [("round(g(1), 2) # half", "0.5")]),
        ("    >>> g([1,\n    ...    2])\n    [1,\n     2]", [("g([1,\n   2])", "[1,\n 2]")]),
        ("    g(1) == 2", [("g(1)", "2")]),
        ("    g(1) => 2\n    g('a, b)') ==> ')'", [("g(1)", "2"), ("g('a, b)')", "')'")]),
        ("    g([1, 2], 3) -> [2]", [("g([1, 2], 3)", "[2]")]),
        ("    g([1, 2], b=3) -> [2]", [("g([1, 2], b=3)", "[2]")]),
        ("    * g({'k': (1,)}) ➞ true", [("g({'k': (1,)})", "True")]),
        ("    g(1) returns 'x'.", [("g(1)", "'x'")]),
        ("    g(1) should return False.", [("g(1)", "False")]),
        ('    g(15)   # returns "db"', [("g(15)", '"db"')]),
        ("    g(7) ->19 - 5 - 6 = 8", [("g(7)", "8")]),
        ("    g([\n      1,\n      2], 1) == [0]", [("g([ 1, 2], 1)", "[0]")]),
        ("    For g(1) nothing is said. g(n) == n, g(x) => 2, g(1 == 2", []),
        ("    other(1) == 2, gg(1) == 3, x.g(1) == 4", []),
    ],
)
def test_forms(doc: str, expected: list[tuple[str, str]]) -> None:
    assert [tuple(example) for example in examples(prompt(doc))] == expected


def test_the_last_function_is_asked_for() -> None:
    text = 'def helper(x):\n    """ >>> helper(1)\n    1\n    """\n    return x\n\n\n' + prompt("    >>> g(1)\n    2")
    assert entry_point(text) == "g" and examples(text) == (Example("g(1)", "2"),)


@pytest.mark.parametrize(
    ("value", "given", "agrees"),
    [
        ("2", "2", True),
        ("2.0", "2", True),
        ("[1,2]", "[1, 2]", True),
        ('"a"', "'a'", True),
        ("{'b': 1, 'a': 2}", "{'a': 2, 'b': 1}", True),
        ("[1, 2]", "(1, 2)", False),
        ("'1'", "1", False),
        ("<object>", "<object>", True),
        ("2", "<object>", False),
    ],
)
def test_agreement(value: str, given: str, agrees: bool) -> None:
    assert Example("g()", value).agrees(given) is agrees


@settings(deadline=None)
@given(st.text(alphabet="g()[]{}'\"=->➞ \n>.,:1a#\\", max_size=80), st.text(max_size=40))
def test_any_text(doc: str, more: str) -> None:
    for text in (prompt(doc), doc, doc + more, more):
        for example in examples(text):
            assert example.call and example.value


@needs_real
def test_real_prompts() -> None:
    records = [json.loads(line) for line in REAL.read_text(encoding="utf-8").split("\n") if line]
    assert all(entry_point(record["prompt"]) == record["entry_point"] for record in records)
    assert sum(bool(examples(record["prompt"])) for record in records) >= 0.9 * len(records)
