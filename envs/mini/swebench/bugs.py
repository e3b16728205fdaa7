"""Bugs to plant: small changes of a module's source, found in its syntax tree, always the same in the same order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = {
    "<": ("<=",),
    "<=": ("<",),
    ">": (">=",),
    ">=": (">",),
    "==": ("!=",),
    "!=": ("==",),
    "in": ("not in",),
    "not in": ("in",),
    "is": ("is not",),
    "is not": ("is",),
}
ARITHMETIC = {"+": "-", "-": "+", "*": "+", "//": "/", "%": "//"}
FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any", "rstrip": "strip", "sorted": "list"}
EXCEPTIONS = {
    "ValueError": "TypeError",
    "TypeError": "ValueError",
    "KeyError": "ValueError",
    "IndexError": "ValueError",
    "NameError": "KeyError",
    "OverflowError": "ValueError",
    "ZeroDivisionError": "ValueError",
    "PermissionError": "ValueError",
    "NoPath": "KeyError",
    "UnknownAccount": "ValueError",
    "InsufficientFunds": "ValueError",
    "LexError": "TypeError",
    "ParseError": "TypeError",
    "InvalidVersion": "KeyError",
    "CycleError": "RuntimeError",
    "UnbalancedEntry": "KeyError",
}


@dataclass(frozen=True)
class Bug:
    """A change of one place.

    Attributes:
        kind: what kind of mistake it is.
        line: where, counted from 1.
        start, end: the piece of the source that is replaced.
        text: what replaces it.
    """

    kind: str
    line: int
    start: int
    end: int
    text: str

    def plant(self, source: str) -> str:
        """The source with the bug in it."""
        return source[: self.start] + self.text + source[self.end :]


def bugs(source: str) -> list[Bug]:
    """Every bug that can be planted in ``source`` (ASCII) and leaves it a program, in the order of the places."""
    if not source.isascii():
        raise ValueError("positions are counted in bytes: the source must be ASCII")
    finder = _Finder(source)
    finder.visit(ast.parse(source))
    found = dict.fromkeys(bug for bug in finder.found if bug.plant(source) != source)
    return sorted(
        (bug for bug in found if _compiles(bug.plant(source))), key=lambda bug: (bug.start, bug.kind, bug.text)
    )


def _compiles(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


class _Finder(ast.NodeVisitor):
    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[Bug] = []
        self._starts = [0]
        for line in source.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._docstrings: set[ast.AST] = set()
        self._function = ""

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _replace(self, kind: str, node: ast.expr | ast.stmt, text: str) -> None:
        self.found.append(Bug(kind, node.lineno, *self._span(node), text))

    def _between(self, kind: str, left: ast.expr, right: ast.expr, old: str, new: str) -> None:
        """Replace the operator that stands between two operands."""
        start, end = self._span(left)[1], self._span(right)[0]
        between = self.source[start:end]
        if (at := between.find(old)) >= 0:
            line = self.source.count("\n", 0, start + at) + 1
            self.found.append(Bug(kind, line, start + at, start + at + len(old), new))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer, self._function = self._function, node.name
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            if isinstance(default, ast.Constant):
                for text in _other_defaults(default.value):
                    self._replace("default", default, text)
        for statement in node.body:
            self.visit(statement)
        self._function = outer

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return  # a docstring
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute) and not node.value.args:
            self._delete("state", node)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.targets[0], (ast.Attribute, ast.Subscript)) and self._function != "__init__":
            self._delete("state", node)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if self._function != "__init__":
            self._delete("state", node)
        operator = {ast.Add: ("+=", "-="), ast.Sub: ("-=", "+="), ast.Mult: ("*=", "+=")}.get(type(node.op))
        if operator:
            self._between("arithmetic", _as_expression(node.target), node.value, *operator)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        start = self._span(node)[0]
        if not node.orelse and self.source.startswith("if", start):  # no elif
            self._delete("branch", node)
        self._negate(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        body, other = self.source[slice(*self._span(node.body))], self.source[slice(*self._span(node.orelse))]
        test = self.source[slice(*self._span(node.test))]
        self._replace("branch", node, f"{other} if {test} else {body}")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        if isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name) and node.exc.func.id in EXCEPTIONS:
            message = self.source[self._span(node.exc.func)[1] : self._span(node.exc)[1]]
            if message.count(",") == 0:
                self._replace("exception", node.exc.func, EXCEPTIONS[node.exc.func.id])
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool):
            self._replace("result", node.value, str(not node.value.value))
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            old = _COMPARISON_TEXT[type(op)]
            for new in COMPARISONS.get(old, ()):
                self._between("comparison", left, right, old, new)
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between("logic", left, right, f" {old} ", f" {new} ")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._replace("logic", node, self.source[slice(*self._span(node.operand))])
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        old = _OPERATOR_TEXT.get(type(node.op), "")
        texts = [side for side in (node.left, node.right) if isinstance(side, (ast.JoinedStr, ast.Constant))]
        if old in ARITHMETIC and not any(
            isinstance(getattr(t, "value", ""), str) or not hasattr(t, "value") for t in texts
        ):
            self._between("arithmetic", node.left, node.right, old, ARITHMETIC[old])
        if old in "+-" and old and isinstance(node.right, ast.Constant) and node.right.value == 1:
            self._replace("off by one", node, self.source[slice(*self._span(node.left))])
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if type(node.value) is int:
            self._replace("off by one", node, str(node.value + 1))
            if node.value > 0:
                self._replace("off by one", node, str(node.value - 1))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Positions inside formatted texts are not told by every version of Python."""

    def visit_Call(self, node: ast.Call) -> None:
        if len(node.args) >= 2 and not any(isinstance(arg, ast.Starred) for arg in node.args):
            one, other = node.args[:2]
            start, end = self._span(one)[0], self._span(other)[1]
            texts = [self.source[slice(*self._span(arg))] for arg in (one, other)]
            between = self.source[self._span(one)[1] : self._span(other)[0]]
            self.found.append(Bug("arguments", node.lineno, start, end, texts[1] + between + texts[0]))
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in FUNCTIONS and not node.keywords:
            end = self._span(node.func)[1]
            self.found.append(Bug("function", node.lineno, end - len(name), end, FUNCTIONS[name]))
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.slice, ast.Constant) and node.slice.value == 0:
            self._replace("index", node.slice, "-1")
        if isinstance(node.slice, ast.UnaryOp) and isinstance(node.slice.op, ast.USub):
            self._replace("index", node.slice, "0")
        self.generic_visit(node)

    def _negate(self, test: ast.expr) -> None:
        if isinstance(test, (ast.Name, ast.Attribute, ast.Call)):
            self._replace("logic", test, f"not {self.source[slice(*self._span(test))]}")

    def _delete(self, kind: str, node: ast.stmt) -> None:
        """Remove a statement with its lines; ``pass`` takes its place where the block would be empty."""
        start, end = self._starts[node.lineno - 1], self._starts[(node.end_lineno or node.lineno)]
        if self.source[start : start + node.col_offset].strip():
            return  # not alone on its line
        without = Bug(kind, node.lineno, start, end, "")
        if _compiles(without.plant(self.source)):
            self.found.append(without)
        else:
            self._replace(kind, node, "pass")


def _other_defaults(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield str(not value)
    elif type(value) is int:
        yield str(value + 1)
    elif isinstance(value, str) and value.strip():
        yield '""'


def _as_expression(target: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
    return target


_COMPARISON_TEXT: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_OPERATOR_TEXT: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
