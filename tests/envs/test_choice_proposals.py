"""What multiple-choice proposals read out of a text: options, formulas, quantities; any text is read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, ActionKind, Context, Turn
from skillflow_gym.envs.choice_proposals import choice_proposals, read_question
from skillflow_gym.envs.formulas import numbers, statements
from skillflow_gym.scoring import choice

TOOLS = "Tools:\nsearch: query - x\nlookup: term - x\ncalculate: expression - x\npython: code - x"


def proposals(task: str, *shown: str, first: str = TOOLS) -> tuple[Action, ...]:
    turns = tuple(Turn(Action.act(f"search: {number}"), text) for number, text in enumerate(shown))
    return choice_proposals(Context(task, "", first, turns, (), (), len(turns), 8))


def arguments(found: tuple[Action, ...], tool: str) -> list[str]:
    return [a.argument.removeprefix(f"{tool}: ") for a in found if a.argument.startswith(f"{tool}: ")]


def answers(found: tuple[Action, ...]) -> list[str]:
    return [action.argument for action in found if action.kind is ActionKind.ACCEPT]


def test_only_the_last_lines_are_options() -> None:
    prompt = "Two notes:\nA. first\nB. second\nWhich is right?\nA. one\nB. two. B. 3\nC. C. three\nD. four"
    question, options = read_question(prompt)
    assert question == "Two notes:\nA. first\nB. second\nWhich is right?"
    assert options == (("A", "one"), ("B", "two. B. 3"), ("C", "C. three"), ("D", "four"))
    assert read_question("no options") == ("no options", ())


def test_every_option_is_offered_by_its_text_from_the_second_turn_on() -> None:
    prompt = "Which drug?\nA. Zorin\nB. Velin\nC. aa\nD. AA"
    assert answers(proposals(prompt)) == []
    assert answers(proposals(prompt, "Nothing found.")) == ["Zorin", "Velin", "C. aa", "D. AA"]
    assert answers(proposals(prompt, first="Tools:\npython: code - x")) == ["Zorin", "Velin", "C. aa", "D. AA"]


def test_an_option_that_is_a_letter_is_offered_with_its_own() -> None:
    prompt = "Which vitamin?\nA. B\nB. C\nC. K\nD. E"
    options = dict(read_question(prompt)[1])
    offered = answers(proposals(prompt, "x"))
    assert [choice.chosen(answer, options) for answer in offered] == ["A", "B", "C", "D"]


def test_tools_that_are_not_listed_are_not_proposed() -> None:
    prompt = "At v = 3 m/s and m = 2 kg, p = m * v. What is p?\nA. 1.5\nB. 6.5\nC. 7.5\nD. 8.5"
    assert arguments(proposals(prompt), "calculate") and arguments(proposals(prompt), "search")
    assert not arguments(proposals(prompt, first="Tools:\nsearch: query - x"), "calculate")
    assert not arguments(proposals(prompt, first="Tools:\ncalculate: expression - x"), "search")


def test_formulas_are_filled_with_the_numbers_and_rounded_like_the_options() -> None:
    prompt = "At v = 7.2 km/h (1 m/s = 3.6 km/h) with m = 2 kg: E = m * v^2 / 2.\nA. 4.12\nB. 9.00\nC. 1.50\nD. 2.25"
    found = arguments(proposals(prompt), "calculate")
    assert found[:2] == ["round(2 * 7.2 ** 2 / 2, 2)", "round(2 * (7.2 / 3.6) ** 2 / 2, 2)"]
    assert "round(2 * 3.6, 2)" in found or "round(3.6 * 2, 2)" in found


def test_words_as_options_need_no_calculation() -> None:
    assert arguments(proposals("At v = 3 m/s, p = v * 2. What?\nA. red\nB. 6.5\nC. blue\nD. 1.0"), "calculate") == []


def test_results_are_calculated_with() -> None:
    prompt = "The weight is 62 kg. How many?\nA. 1.1\nB. 2.2\nC. 3.3\nD. 4.4"
    found = arguments(proposals(prompt, "[1] Zorin\nZorin: dose 3.5 mg per kg."), "calculate")
    assert found[:2] == ["round(3.5 * 62, 1)", "round(3.5 / 62, 1)"], "the numbering of the passages is no number"


@pytest.mark.parametrize(
    ("text", "quantities", "formulas", "conversions"),
    [
        ("m = 2.5 kg, so E = m * c^2.", {"m": ("2.5", "kg")}, {"E": ("m", "*", "c", "^", "2")}, ()),
        ("T = 2 * pi * (L / g)^0.5 holds", {}, {"T": tuple("2 * pi * ( L / g ) ^ 0.5".split())}, ()),
        ("1 L = 1000 mL and V=20 mL", {"V": ("20", "mL")}, {}, (("L", "1000", "mL"),)),
        ("x = (a + b", {}, {}, ()),
        ("x = a + * b", {}, {}, ()),
        ("x = y", {}, {}, ()),
        ("k = 1.2e-3 1/s", {"k": ("1.2e-3", "")}, {}, ()),
    ],
)
def test_statements(text: str, quantities: object, formulas: object, conversions: object) -> None:
    found = statements(text)
    assert (found.quantities, found.formulas, found.conversions) == (quantities, formulas, conversions)


def test_formulas_are_put_into_one_another_but_not_into_themselves() -> None:
    assert list(statements("a = 2 m. b = a + 1. c = b * b.").expressions()) == ["2 + 1", "(2 + 1) * (2 + 1)"]
    assert list(statements("a = b + 1. b = a + 1.").expressions()) == []
    assert list(statements("a = z * 2.").expressions()) == [], "what is not given cannot be filled in"


def test_numbers() -> None:
    assert numbers("5 mg of B12, 3.5 and 5, x^2, -4 or 1,000; 7.") == ("5", "3.5", "-4", "1", "000", "7")


lines = st.text(st.characters(blacklist_categories=["Cs"]), max_size=30)
maths = st.text("ab=12 .*/^()+-\n", max_size=60)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(lines | maths, st.lists(lines.filter(str.strip), min_size=2, max_size=5), st.lists(lines | maths, max_size=3))
def test_any_text_gives_proposals(question: str, options: list[str], shown: list[str]) -> None:
    prompt = "\n".join([question, *(f"{'ABCDE'[i]}. {' '.join(o.split())}" for i, o in enumerate(options))])
    found = proposals(prompt, *shown)
    assert len(set(found)) == len(found) >= 1
    assert bool(answers(found)) is bool(shown) or not arguments(found, "search")


@settings(deadline=None, derandomize=True, max_examples=300)
@given(maths | lines)
def test_every_expression_can_be_calculated(text: str) -> None:
    for expression in statements(text).expressions():
        compile(expression, "expression", "eval")
        assert len(expression) <= 200
