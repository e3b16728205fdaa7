"""Candidate bodies: they compile, fit the signature, and are a pure function of what is shown."""

from __future__ import annotations

import ast
from textwrap import indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, ActionKind, Context, Turn
from skillflow_gym.envs.humaneval_grammar import COLLECTIONS, CONDITIONS, MAPS, SOURCES, WHOLE
from skillflow_gym.envs.humaneval_proposals import MAX_ANSWERS, MAX_BODIES, bodies, humaneval_proposals
from skillflow_gym.envs.humaneval_signature import read_signature
from skillflow_gym.envs.mini import humaneval as mini

PROMPT = """def tally(rows: list[int], bar: int) -> int:
    ''' Return the sum of the rows below the bar.
    >>> tally([1], 2)
    1
    '''"""


def context(task: str = PROMPT, *acts: str) -> Context:
    turns = tuple(Turn(Action.act(act), "shown") for act in acts)
    return Context(task, "", "Tools:", turns, (), (), len(turns), 12)


def test_every_body_is_python_and_says_first_what_it_does() -> None:
    for split in ("train", "validation", "test"):
        for record in mini.records(split)[::3]:
            found = bodies(record["prompt"].strip())
            assert len(set(found)) == len(found)
            for body in found:
                assert body.startswith("# ") and "{" not in body.split("\n")[0]
                ast.parse(record["prompt"] + indent(body, "    "))


def test_at_the_start_there_are_bodies_and_an_empty_answer() -> None:
    proposals = humaneval_proposals(context())
    assert 20 <= len(proposals) <= MAX_BODIES + 1
    assert proposals[-1] == Action.accept("") and proposals[0].argument.startswith("write: # sum below\nreturn sum(")
    assert Action.act("test") not in proposals


def test_what_was_written_can_be_tested_once_and_submitted() -> None:
    first, second = bodies(PROMPT)[:2]
    after = humaneval_proposals(context(PROMPT, f"write: {first}"))
    assert Action.act("test") in after and Action.accept(first) in after and Action.accept("") not in after
    assert Action.act(f"write: {first}") not in after
    tested = humaneval_proposals(context(PROMPT, f"write: {first}", "test"))
    assert Action.act("test") not in tested, "nothing has changed since"
    later = humaneval_proposals(context(PROMPT, f"write: {first}", "test", f"write: {second}"))
    assert [action.argument for action in later if action.kind is ActionKind.ACCEPT] == [second, first]


def test_there_is_always_something_left_to_write() -> None:
    written = [f"write: {body}" for body in bodies(PROMPT)[:11]]
    proposals = humaneval_proposals(context(PROMPT, *written))
    assert sum(action.argument.startswith("write:") for action in proposals) == MAX_BODIES
    assert sum(action.kind is ActionKind.ACCEPT for action in proposals) == MAX_ANSWERS


def test_they_are_no_comparison_with_the_examples() -> None:
    other = PROMPT.replace("tally([1], 2)\n    1", "tally([7], 5)\n    99")
    assert bodies(other) == bodies(PROMPT)


@pytest.mark.parametrize(
    ("prompt", "parameters", "result"),
    [
        ("def f(a: List[int], b: str = 'x') -> Optional[str]:\n    pass", {"a": "list:num", "b": "str"}, "str"),
        ("def f(a: list[list[int]]) -> int | None:\n    pass", {"a": "list:list"}, "num"),
        ("def f(a: Dict[str, int]) -> List[Tuple[int, int]]:\n    pass", {"a": "dict"}, "list:tuple"),
        ('def f(a, b):\n    """ Doc.\n    f([1], "x") == [True]\n    """', {"a": "list:num", "b": "str"}, "list:bool"),
        ('def f(l: list):\n    """ Doc.\n    >>> f(["a"])\n    2\n    """', {"l": "list:str"}, "num"),
        ("def g():\n    pass\n\n\ndef f(a: float) -> bool:\n    pass", {"a": "num"}, "bool"),
        ("def f(a):\n    pass", {"a": ""}, ""),
        ("nothing", {}, ""),
    ],
)
def test_signatures(prompt: str, parameters: dict[str, str], result: str) -> None:
    found = read_signature(prompt)
    assert (dict(found.parameters), found.result) == (parameters, result)


def test_the_tables_are_whole() -> None:
    for rule in (*SOURCES, *CONDITIONS, *MAPS, *COLLECTIONS, *WHOLE):
        letters = {"{a}", "{b}", "{c}", "{d}", "{i}", "{s}", "{x}"}
        assert rule.types and rule.result and rule.name and any(letter in rule.code for letter in letters)
    assert len(WHOLE) > 80


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_gives_proposals(name: str, doc: str, acts: list[str]) -> None:
    for task in (f'def {name}(a: int):\n    """ {doc}\n    """', doc, f"def f({name}): {doc}"):
        proposals = humaneval_proposals(context(task, *acts))
        assert len(set(proposals)) == len(proposals) >= 1
        assert proposals[-1].kind is ActionKind.ACCEPT
