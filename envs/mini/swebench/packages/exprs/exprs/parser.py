"""Recursive descent over the tokens; a tree is nested tuples whose first item names the node."""

from exprs.lexer import tokenize

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class ParseError(ValueError):
    """The tokens are no expression."""


class _Parser:
    def __init__(self, source):
        self.tokens = tokenize(source)
        self.index = 0

    @property
    def token(self):
        return self.tokens[self.index]

    def advance(self):
        token = self.token
        if token.kind != "end":
            self.index += 1
        return token

    def accept(self, kind, *values):
        token = self.token
        if token.kind == kind and token.value in values:
            return self.advance()
        return None

    def expect(self, value):
        token = self.accept("operator", value)
        if token is None:
            raise ParseError(f"expected {value!r} at {self.token.position}")
        return token

    def conditional(self):
        condition = self.disjunction()
        if self.accept("operator", "?"):
            then = self.conditional()
            self.expect(":")
            otherwise = self.conditional()
            return ("if", condition, then, otherwise)
        return condition

    def disjunction(self):
        left = self.conjunction()
        while self.accept("keyword", "or"):
            left = ("or", left, self.conjunction())
        return left

    def conjunction(self):
        left = self.negation()
        while self.accept("keyword", "and"):
            left = ("and", left, self.negation())
        return left

    def negation(self):
        if self.accept("keyword", "not"):
            return ("not", self.negation())
        return self.comparison()

    def comparison(self):
        left = self.sum()
        links = []
        while True:
            operator = self.accept("operator", *COMPARISONS)
            if operator is None:
                break
            right = self.sum()
            links.append(("compare", operator.value, left, right))
            left = right
        if not links:
            return left
        tree = links[0]
        for link in links[1:]:
            tree = ("and", tree, link)
        return tree

    def sum(self):
        left = self.product()
        while True:
            operator = self.accept("operator", "+", "-")
            if operator is None:
                return left
            left = ("binary", operator.value, left, self.product())

    def product(self):
        left = self.unary()
        while True:
            operator = self.accept("operator", "*", "/", "%")
            if operator is None:
                return left
            left = ("binary", operator.value, left, self.unary())

    def unary(self):
        if self.accept("operator", "-"):
            return ("negate", self.unary())
        if self.accept("operator", "+"):
            return self.unary()
        return self.power()

    def power(self):
        base = self.atom()
        if self.accept("operator", "**"):
            return ("binary", "**", base, self.unary())
        return base

    def atom(self):
        token = self.advance()
        if token.kind in ("number", "text"):
            return ("literal", token.value)
        if token.kind == "keyword" and token.value in ("true", "false"):
            return ("literal", token.value == "true")
        if token.kind == "name":
            if self.accept("operator", "("):
                return ("call", token.value, self.arguments())
            return ("name", token.value)
        if token.kind == "operator" and token.value == "(":
            inner = self.conditional()
            self.expect(")")
            return inner
        raise ParseError(f"unexpected {token.value!r} at {token.position}")

    def arguments(self):
        items = []
        if self.accept("operator", ")"):
            return tuple(items)
        while True:
            items.append(self.conditional())
            if self.accept("operator", ")"):
                return tuple(items)
            self.expect(",")


def parse(source):
    """The tree of ``source``; ParseError when it is no whole expression."""
    parser = _Parser(source)
    tree = parser.conditional()
    if parser.token.kind != "end":
        raise ParseError(f"unexpected {parser.token.value!r} at {parser.token.position}")
    return tree
