"""pass@k against exact enumeration, and what code may stand for."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.scoring.humaneval import pass_at_k, readings

PROMPT = 'import math\n\n\ndef helper():\n    return 1\n\n\ndef f(x: int) -> int:\n    """ Doc. """\n'


@pytest.mark.parametrize(("samples", "correct"), [(n, c) for n in range(1, 9) for c in range(n + 1)])
def test_pass_at_k_is_the_share_of_draws_with_a_right_one(samples: int, correct: int) -> None:
    for k in range(1, samples + 1):
        draws = list(combinations([True] * correct + [False] * (samples - correct), k))
        assert pass_at_k(samples, correct, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_pass_at_k_by_hand() -> None:
    assert pass_at_k(5, 2, 1) == pytest.approx(0.4)
    assert pass_at_k(4, 1, 2) == pytest.approx(0.5)
    assert pass_at_k(200, 0, 100) == 0.0 and pass_at_k(200, 101, 100) == 1.0


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_as_the_paper_computes_it(numbers: tuple[int, int, int]) -> None:
    n, c, k = numbers
    product = 1.0
    for i in range(n - c + 1, n + 1):
        product *= 1 - k / i
    assert pass_at_k(n, c, k) == pytest.approx(1.0 if n - c < k else 1 - product, abs=1e-9)


@pytest.mark.parametrize("numbers", [(5, 6, 1), (5, -1, 1), (5, 2, 0), (5, 2, 6), (0, 0, 1)])
def test_numbers_that_make_no_sense(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        pass_at_k(*numbers)


def meaning(code: str) -> object:
    """What f(3) is by the first reading that compiles; all of them are ours."""
    for source in readings(PROMPT, "f", code):
        try:
            compiled = compile(source, "<reading>", "exec")
        except SyntaxError:
            continue
        names: dict[str, object] = {}
        exec(compiled, names)
        return names["f"](3)  # type: ignore[operator]
    raise AssertionError("nothing compiles")


@pytest.mark.parametrize(
    "code",
    [
        "    return x + math.floor(1.5)\n",
        "    return x + helper()",
        "return x + 1",
        "y = x\n    return y + 1",
        "y = x\nreturn y + 1",
        "if x:\n    return x + 1\nreturn 0",
        "# a remark\nreturn x + helper()",
        "\n\n    return x + 1\n\n\ndef other():\n    pass\n",
        PROMPT + "    return x + 1",
        "def f(x):\n    return x + helper()",
        "def f(x: int) -> int:\n    return x + math.floor(1.5)\n",
        "Here it is:\n```python\ndef f(x):\n    return x + 1\n```\nDone.",
        "```\n    return x + 1\n```",
    ],
)
def test_completions_and_whole_programs_mean_the_same(code: str) -> None:
    assert meaning(code) == 4


def test_the_first_reading_of_a_completion_is_the_benchmarks() -> None:
    assert readings(PROMPT, "f", "    return 1\n")[0] == PROMPT + "    return 1\n"


@settings(deadline=None)
@given(st.text(), st.text(max_size=40), st.text())
def test_any_text_has_readings(prompt: str, name: str, code: str) -> None:
    found = readings(prompt, name, code)
    assert 1 <= len(found) == len(set(found)) <= 3
