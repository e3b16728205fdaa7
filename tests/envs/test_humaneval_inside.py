"""What runs inside the sandbox, tested here on code of our own: values as plain data, and tests replayed on answers."""

from __future__ import annotations

import json
import math
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.envs import humaneval_inside as inside

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
hashable = st.recursive(scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4)
values = st.recursive(
    hashable,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hashable, inner, max_size=3) | st.tuples(inner),
    max_leaves=8,
)


def there_and_back(value: Any) -> Any:
    return inside.decode(json.loads(json.dumps(inside.encode(value))))


def same(one: Any, other: Any) -> bool:
    return bool(one == other) and repr(one) == repr(other)


@settings(deadline=None)
@given(values)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    back = there_and_back(value)
    assert back == value and type(back) is type(value)


@pytest.mark.parametrize("value", [1, 1.0, True, -0.0, math.inf, 10**400, 1j, {1, 2}, "\ud800", [(), {}, [{}]]])
def test_types_are_kept(value: Any) -> None:
    assert same(there_and_back(value), value)


def test_subclasses_are_what_they_are_a_kind_of() -> None:
    class Always(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    assert type(there_and_back(Always(3))) is int and there_and_back(Always(3)) != 4
    for mapping in (Counter("aab"), OrderedDict(a=2, b=1), defaultdict(int, a=2, b=1)):
        assert there_and_back(mapping) == dict(mapping) and type(there_and_back(mapping)) is dict


@pytest.mark.parametrize("value", [object(), range(3), (x for x in ()), lambda: 1, {"k": object()}])
def test_what_is_no_plain_data_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="no plain data"):
        inside.encode(value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ValueError", ValueError),
        ("KeyError", KeyError),
        ("SystemExit", RuntimeError),
        ("StopIteration", RuntimeError),
        ("print", RuntimeError),
        ("no such name", RuntimeError),
    ],
)
def test_exceptions_by_name(name: str, expected: type[Exception]) -> None:
    assert inside.exception(name) is expected


PROMPT = 'def double(x):\n    """ Twice x. """\n'
TEST = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(candidate(1)) == 4\n"
JOB = {"prompt": PROMPT, "entry_point": "double", "test": TEST}


def test_a_recorded_test_is_replayed() -> None:
    recorded = inside.record({**JOB, "sources": [PROMPT + "    return 2 * x\n"]})
    assert recorded["calls"] == [inside.encode(((n,), {})) for n in (2, 1, 2)]
    assert inside.replay({**JOB, **recorded}) is True
    wrong = [*recorded["answers"][:2], {"value": 5}]
    assert inside.replay({**JOB, **recorded, "answers": wrong}) is False
    raising = [{"error": "StopIteration", "message": ""}] * 3
    assert inside.replay({**JOB, **recorded, "answers": raising}) is False


def test_a_call_that_depends_on_an_answer_is_asked_for() -> None:
    recorded = inside.record({**JOB, "sources": [PROMPT + "    return 2 * x\n"]})
    other = [recorded["answers"][0], {"value": 7}, recorded["answers"][2]]
    assert inside.replay({**JOB, **recorded, "answers": other}) == {
        "unknown": [*recorded["calls"][:2], inside.encode(((7,), {}))]
    }


def test_a_test_cannot_swallow_what_it_asks_for() -> None:
    test = "def check(candidate):\n    try:\n        candidate(9)\n    except BaseException:\n        pass\n"
    job = {**JOB, "test": test, "calls": [], "answers": []}
    assert inside.replay(job) == {"unknown": [inside.encode(((9,), {}))]}


def test_arguments_drawn_at_random_are_the_same_again() -> None:
    test = "import random\n\n\ndef check(candidate):\n    for _ in range(5):\n        n = random.randint(0, 99)\n"
    job = {**JOB, "test": test + "        assert candidate(n) == 2 * n\n"}
    recorded = inside.record({**job, "sources": [PROMPT + "    return x + x\n"]})
    assert inside.replay({**job, **recorded}) is True


def answers(source: str, calls: list[Any]) -> list[Any]:
    said: list[Any] = []
    inside.answer({"sources": [source], "entry_point": "double", "calls": calls}, said.append)
    return said


def test_answers_and_what_goes_wrong() -> None:
    calls = [inside.encode(((n,), {})) for n in (1, "a", [])]
    assert answers("def double(x): return 2 / x", calls)[0] == {"value": 2.0}
    assert [answer["error"] for answer in answers("def double(x): return 2 / x", calls)[1:]] == ["TypeError"] * 2
    assert [answer["error"] for answer in answers("def double(x): return exit()", calls)] == ["SystemExit"] * 3
    assert answers("def other(x): pass", calls) == [{"error": "NameError", "message": "name 'double' is not defined"}]
    assert answers("def double(x: return", calls)[0]["error"] == "SyntaxError"
    assert answers("def double(x): raise ValueError(object())", calls[:1])[0]["message"] == "<object object>"
