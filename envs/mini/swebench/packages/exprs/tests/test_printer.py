from exprs import parse, to_text


def same(source):
    return to_text(parse(source))


def test_needed_parentheses_stay():
    assert same("(1 + 2) * 3") == "(1 + 2) * 3"
    assert same("1 - (2 - 3)") == "1 - (2 - 3)"
    assert same("(2 ** 3) ** 2") == "(2 ** 3) ** 2"


def test_other_parentheses_go():
    assert same("((1 * 2)) + (3)") == "1 * 2 + 3"
    assert same("2 ** (3 ** 2)") == "2 ** 3 ** 2"
    assert same("(1 - 2) - 3") == "1 - 2 - 3"


def test_negation():
    assert same("-(1 + 2)") == "-(1 + 2)"
    assert same("-2 ** 2") == "-2 ** 2"
    assert same("(-2) ** 2") == "(-2) ** 2"
    assert same("2 ** -1") == "2 ** -1"


def test_logic():
    assert same("not (a and b)") == "not (a and b)"
    assert same("(a or b) and c") == "(a or b) and c"
    assert same("a or (b and c)") == "a or b and c"


def test_comparison_and_conditional():
    assert same("(1 < 2) == true") == "(1 < 2) == true"
    assert same("(a ? b : c) ? 1 : 2") == "(a ? b : c) ? 1 : 2"
    assert same("a ? b : (c ? 1 : 2)") == "a ? b : c ? 1 : 2"


def test_literals():
    assert same("true") == "true"
    assert same("false") == "false"
    assert same("'say \"hi\"'") == '"say \\"hi\\""'
    assert same(r"'a\nb\\'") == r'"a\nb\\"'
    assert same("2.50") == "2.5"


def test_calls():
    assert same("f( 1,x )") == "f(1, x)"
    assert same("f((1 + 2))") == "f(1 + 2)"
