"""AIME's score: integers from 0 to 999, in the forms in which they are written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.scoring.aime import correct, integer
from skillflow_gym.scoring.boxed import last_boxed
from tests.envs.math_files import needs, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("042", 42),
        (" 42 ", 42),
        ("42.", 42),
        ("+42", 42),
        ("$42$", 42),
        (r"\boxed{42}", 42),
        (r"\boxed{042}", 42),
        (r"$\boxed{42}$", 42),
        (r"Adding up, the answer is \boxed{42}.", 42),
        (r"\boxed{7}, no: \boxed{42}", 42),
        (r"\fbox{42}", 42),
        ("0", 0),
        ("000", 0),
        ("999", 999),
        ("42.5", None),
        ("42.0", None),
        ("1000", None),
        (r"\boxed{1042}", None),
        ("-1", None),
        ("4 2", None),
        ("1,0", None),
        ("forty-two", None),
        ("4.2e1", None),
        ("42 43", None),
        (r"\boxed{\frac{84}{2}}", None),
        ("٤٢", None),
        ("4²", None),
        ("", None),
        (r"\boxed{}", None),
        ("9" * 5_000, None),
    ],
)
def test_what_is_an_integer(text: str, value: int | None) -> None:
    assert integer(text) == value
    assert correct(text, 42) is (value == 42)


@settings(deadline=None)
@given(st.integers(0, 999), st.integers(0, 999))
def test_equal_integers_are_right_and_others_wrong(gold: int, answer: int) -> None:
    for written in (str(answer), f"{answer:03d}", rf"\boxed{{{answer}}}", f"${answer}$"):
        assert correct(written, gold) is (answer == gold)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read(text: str) -> None:
    value = integer(text)
    assert value is None or (0 <= value <= 999 and str(value) in text)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        (r"a \boxed{1} b \boxed{\frac{1}{2}} c", r"\frac{1}{2}"),
        (r"\boxed{\{1,2\}}", r"\{1,2\}"),
        (r"\boxed{ 3 }", "3"),
        (r"\boxed 7.", "7"),
        (r"\boxed{1}\boxed{", "1"),
        (r"\boxed{", None),
        (r"\unboxed{1}", None),
        ("", None),
    ],
)
def test_the_last_box(text: str, inside: str | None) -> None:
    assert last_boxed(text) == inside


@settings(deadline=None)
@given(st.text("ab{}\\ 1", max_size=30), st.text("xy{} ", max_size=20))
def test_a_box_with_balanced_braces_is_found_after_anything(before: str, inside: str) -> None:
    depths = [inside[:i].count("{") - inside[:i].count("}") for i in range(len(inside) + 1)]
    if min(depths) < 0 or depths[-1]:
        inside = inside.replace("{", "").replace("}", "")
    assert last_boxed(f"{before} \\boxed{{{inside}}}") == inside.strip()


@needs("aime_2026/train.jsonl", "aime_historical/train.jsonl")
def test_the_real_answers_are_right_and_the_neighbours_wrong() -> None:
    records = read("aime_2026/train.jsonl") + read("aime_historical/train.jsonl")
    golds = [record["answer"] for record in records]
    assert len(golds) == 315
    assert all(correct(written, gold) for gold in golds for written in (str(gold), f"{gold:03d}", rf"\boxed{{{gold}}}"))
    assert not any(correct(str((gold + 1) % 1000), gold) for gold in golds)
