import pytest
from typeset import Table


def prices():
    table = Table("thing", "price")
    table.add("tea", 3)
    table.add("coffee", 12)
    return table


def test_render():
    assert prices().render() == "thing   price\n------  -----\ntea         3\ncoffee     12"


def test_render_gap():
    assert prices().render(gap=1).split("\n")[2] == "tea        3"


def test_missing_cells():
    table = prices()
    table.add("water")
    table.add(None, 5)
    assert table.render().split("\n")[-2:] == ["water       -", "-           5"]


def test_floats():
    table = Table("x")
    table.add(1.5)
    table.add(10)
    assert table.render() == "   x\n----\n1.50\n  10"


def test_alignments():
    table = Table("a", "b", aligns=("right", "center"))
    table.add("xyz", "12345")
    table.add("x", "1")
    assert table.render().split("\n")[-1] == "  x    1"


def test_empty_table():
    assert Table("ab", "c").render() == "ab  c\n--  -"


def test_wrong_shapes():
    with pytest.raises(ValueError):
        Table()
    with pytest.raises(ValueError):
        Table("a", aligns=("left", "right"))
    with pytest.raises(ValueError):
        Table("a").add(1, 2)


def test_widths():
    assert prices().widths() == [6, 5]
    table = Table("a")
    table.add(None)
    assert table.widths() == [1]


def test_sort():
    table = prices()
    table.add("water")
    table.sort("price", reverse=True)
    assert [row[0] for row in table.rows] == ["coffee", "tea", "water"]
    table.sort("thing")
    assert [row[0] for row in table.rows] == ["coffee", "tea", "water"]
    table.sort("price")
    assert [row[0] for row in table.rows] == ["tea", "coffee", "water"]


def test_total():
    table = prices()
    table.add("water")
    assert table.total("price") == 15
    assert Table("a").total("a") == 0


def test_markdown():
    assert prices().markdown() == "| thing | price |\n| --- | --: |\n| tea | 3 |\n| coffee | 12 |"


def test_markdown_escapes():
    table = Table("a", aligns=("center",))
    table.add("x|y")
    assert table.markdown().split("\n")[1:] == ["| :-: |", "| x\\|y |"]
