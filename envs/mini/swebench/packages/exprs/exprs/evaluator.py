"""Compute the value of a tree."""

from exprs.parser import parse

MAX_POWER = 1000


def _clamp(value, low, high):
    if low > high:
        raise ValueError("clamp: low is above high")
    return max(low, min(value, high))


def _average(*values):
    if not values:
        raise ValueError("average of nothing")
    return sum(values) / len(values)


def _join(separator, *parts):
    return separator.join(str(part) for part in parts)


FUNCTIONS = {
    "abs": abs,
    "min": min,
    "max": max,
    "round": round,
    "len": len,
    "upper": str.upper,
    "lower": str.lower,
    "clamp": _clamp,
    "average": _average,
    "join": _join,
}


class Evaluator:
    """Evaluates expressions with variables and functions of its own; counts what it computed."""

    def __init__(self, variables=None, functions=None, strict=True):
        self.variables = dict(variables or {})
        self.functions = {**FUNCTIONS, **(functions or {})}
        self.strict = strict
        self.steps = 0
        self._cache = {}

    def set(self, name, value):
        """Give a variable a value; results known so far are forgotten."""
        self.variables[name] = value
        self._cache.clear()

    def evaluate(self, source):
        """The value of ``source``; the same source is computed once."""
        if source not in self._cache:
            self.steps = 0
            self._cache[source] = self._value(parse(source))
        return self._cache[source]

    def names(self, source):
        """The variables that ``source`` reads, sorted."""
        found = set()
        _collect(parse(source), found)
        return sorted(found)

    def _value(self, tree):
        self.steps += 1
        kind = tree[0]
        if kind == "literal":
            return tree[1]
        if kind == "name":
            return self._variable(tree[1])
        if kind == "negate":
            return -self._value(tree[1])
        if kind == "not":
            return not self._value(tree[1])
        if kind == "and":
            return self._value(tree[1]) and self._value(tree[2])
        if kind == "or":
            return self._value(tree[1]) or self._value(tree[2])
        if kind == "if":
            return self._value(tree[2]) if self._value(tree[1]) else self._value(tree[3])
        if kind == "compare":
            return self._compare(tree[1], self._value(tree[2]), self._value(tree[3]))
        if kind == "call":
            return self._call(tree[1], [self._value(item) for item in tree[2]])
        return self._binary(tree[1], self._value(tree[2]), self._value(tree[3]))

    def _variable(self, name):
        if name in self.variables:
            return self.variables[name]
        if self.strict:
            raise NameError(f"unknown variable {name!r}")
        return 0

    def _compare(self, operator, left, right):
        if operator == "==":
            return left == right
        if operator == "!=":
            return left != right
        if isinstance(left, str) != isinstance(right, str):
            raise TypeError("texts and numbers have no order")
        if operator == "<":
            return left < right
        if operator == "<=":
            return left <= right
        if operator == ">":
            return left > right
        return left >= right

    def _binary(self, operator, left, right):
        if operator == "+":
            if isinstance(left, str) or isinstance(right, str):
                return f"{left}{right}"
            return left + right
        if operator == "-":
            return left - right
        if operator == "*":
            return left * right
        if operator == "**":
            if abs(right) > MAX_POWER:
                raise OverflowError("the power is too large")
            return left**right
        if right == 0:
            raise ZeroDivisionError("division by zero")
        if operator == "/":
            return left / right
        return left % right

    def _call(self, name, arguments):
        if name not in self.functions:
            raise NameError(f"unknown function {name!r}")
        return self.functions[name](*arguments)


def _collect(tree, found):
    if tree[0] == "name":
        found.add(tree[1])
    elif tree[0] == "call":
        for argument in tree[2]:
            _collect(argument, found)
    else:
        for child in tree[1:]:
            if isinstance(child, tuple):
                _collect(child, found)


def evaluate(source, **variables):
    """The value of ``source`` with these variables."""
    return Evaluator(variables).evaluate(source)
