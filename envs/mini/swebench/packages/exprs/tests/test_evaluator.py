import pytest
from exprs import Evaluator, evaluate


def test_arithmetic():
    assert evaluate("1 + 2 * 3 - 4") == 3
    assert evaluate("7 / 2") == 3.5
    assert evaluate("7 % 4") == 3
    assert evaluate("2 ** 10") == 1024
    assert evaluate("-3 + 1") == -2


def test_texts():
    assert evaluate("'a' + 'b'") == "ab"
    assert evaluate("'n' + 1") == "n1"
    assert evaluate("1 + 'n'") == "1n"


def test_variables():
    assert evaluate("x * y", x=6, y=7) == 42
    with pytest.raises(NameError):
        evaluate("missing + 1")


def test_lenient_variables():
    assert Evaluator(strict=False).evaluate("missing + 1") == 1


def test_comparisons():
    assert evaluate("1 < 2") is True
    assert evaluate("2 < 2") is False
    assert evaluate("2 <= 2") is True
    assert evaluate("3 > 2") is True
    assert evaluate("2 > 2") is False
    assert evaluate("2 >= 2") is True
    assert evaluate("1 == 1.0") is True
    assert evaluate("1 != 1") is False


def test_order_of_text_and_number():
    with pytest.raises(TypeError):
        evaluate("'a' < 1")
    assert evaluate("'a' < 'b'") is True
    assert evaluate("'a' == 1") is False


def test_chains():
    assert evaluate("1 < 2 < 3") is True
    assert evaluate("1 < 2 > 3") is False


def test_logic_stops_early():
    assert evaluate("false and missing") is False
    assert evaluate("true or missing") is True
    assert evaluate("not (1 == 1)") is False


def test_conditional_evaluates_one_side():
    assert evaluate("true ? 1 : missing") == 1
    assert evaluate("false ? missing : 2") == 2


def test_division_by_zero():
    with pytest.raises(ZeroDivisionError):
        evaluate("1 / 0")
    with pytest.raises(ZeroDivisionError):
        evaluate("1 % 0")
    assert evaluate("0 / 5") == 0


def test_large_powers():
    with pytest.raises(OverflowError):
        evaluate("2 ** 1001")
    with pytest.raises(OverflowError):
        evaluate("2.0 ** -1001")
    assert evaluate("1 ** 1000") == 1


def test_functions():
    assert evaluate("max(1, 5, 3)") == 5
    assert evaluate("clamp(15, 0, 10)") == 10
    assert evaluate("clamp(-5, 0, 10)") == 0
    assert evaluate("clamp(5, 0, 10)") == 5
    assert evaluate("average(1, 2, 6)") == 3
    assert evaluate("join('-', 1, 2, 3)") == "1-2-3"
    assert evaluate("upper('a') + lower('B')") == "Ab"


def test_clamp_of_one_value():
    assert evaluate("clamp(9, 4, 4)") == 4
    with pytest.raises(ValueError):
        evaluate("clamp(1, 5, 2)")


def test_average_of_nothing():
    with pytest.raises(ValueError):
        evaluate("average()")


def test_unknown_function():
    with pytest.raises(NameError):
        evaluate("launch(1)")


def test_own_functions():
    evaluator = Evaluator(functions={"double": lambda x: 2 * x})
    assert evaluator.evaluate("double(4) + abs(-1)") == 9


def test_results_are_kept_until_a_variable_changes():
    evaluator = Evaluator({"x": 1})
    assert evaluator.evaluate("x + 1") == 2
    evaluator.set("x", 10)
    assert evaluator.evaluate("x + 1") == 11


def test_known_results_are_not_computed_again():
    calls = []
    evaluator = Evaluator(functions={"tick": lambda: calls.append(1) or len(calls)})
    assert [evaluator.evaluate("tick()"), evaluator.evaluate("tick()")] == [1, 1]


def test_steps():
    evaluator = Evaluator({"x": 2})
    evaluator.evaluate("x + 1")
    assert evaluator.steps == 3
    evaluator.evaluate("x * x + 1")
    assert evaluator.steps == 5


def test_variables_are_copied():
    mine = {"x": 1}
    Evaluator(mine).set("x", 5)
    assert mine == {"x": 1}


def test_names():
    assert Evaluator().names("b + f(a, 2) ? c : b") == ["a", "b", "c"]
    assert Evaluator().names("1 + 2") == []
