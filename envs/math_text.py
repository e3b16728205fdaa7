r"""The numbers and formulas of a problem's text: LaTeX of school mathematics as expressions that SymPy reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_FORMULA = re.compile(r"\\\[(.+?)\\\]|\\\((.+?)\\\)|\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
_INTEGER = re.compile(r"(?<![\d.])\d{1,3}(?:(?:,|\{,\}|,\\!)\d{3})+(?![\d,])|(?<![\d.])\d+(?!\.?\d)")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,3}(?:(?:\{,\}|,\\!)\d{3})+|\d+(?:\.\d+)?)|\\(?P<command>[a-zA-Z]+)|(?P<letter>[a-zA-Z])"
    r"|(?P<sign>[-+*/^(){}\[\]|=<>!,]))"
)
_IGNORED = re.compile(r"\\(?:left|right|displaystyle|,|;|!|:|quad|qquad)(?![a-zA-Z])|\\ ")
_UNITS = "one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {word: n for n, word in enumerate((*_UNITS, *_TEENS), start=1)}
_WORDS |= {word: 10 * n for n, word in enumerate(_TENS, start=2)}
_SPELLED = re.compile(rf"\b(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_UNITS)}))?|{'|'.join((*_TEENS, *_UNITS))})\b")
_RELATIONS = {"=": "=", "<": "<", ">": ">", "le": "<=", "leq": "<=", "ge": ">=", "geq": ">=", "lt": "<", "gt": ">"}
_FUNCTIONS = {"sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp"}
_NAMES = {"pi": "pi", "infty": "oo"}
_LETTER = re.compile(r"(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])")
MAX_LENGTH = 300


@dataclass(frozen=True)
class Formula:
    """A formula of a text.

    Attributes:
        sides: its sides as expressions; more than one where it is an equation or inequality.
        relations: what stands between them: =, <, <=, > or >=.
    """

    sides: tuple[str, ...]
    relations: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The unknowns in it, sorted."""
        return tuple(sorted({name for side in self.sides for name in unknowns(side)}))


def unknowns(expression: str) -> tuple[str, ...]:
    """The letters of an expression that stand for something, sorted; ``I`` is the imaginary unit."""
    return tuple(sorted(set(_LETTER.findall(expression)) - {"I"}))


@lru_cache(maxsize=4096)
def formulas(text: str) -> tuple[Formula, ...]:
    """The formulas of ``text`` that can be read, in their order, each once; a tuple such as (3, 4) is none."""
    found = (read(next(filter(None, match.groups()))) for match in _FORMULA.finditer(text))
    return tuple(dict.fromkeys(formula for formula in found if formula is not None))


@lru_cache(maxsize=4096)
def integers(text: str) -> tuple[int, ...]:
    """The integers of ``text`` in reading order, repeats too.

    Those within formulas with letters are coefficients, and those written as words often no quantities: they count
    where there are no others.
    """

    def outside(match: re.Match[str]) -> str:
        formula = read(next(filter(None, match.groups())))
        return " " if formula is not None and formula.names else match[0]

    return _integers(_FORMULA.sub(outside, text)) or _integers(text) or _spelled(text)


def _integers(text: str) -> tuple[int, ...]:
    whole = (re.sub(r"\D", "", match[0]) for match in _INTEGER.finditer(text))
    return tuple(int(digits) for digits in whole if len(digits) < 40)


def _spelled(text: str) -> tuple[int, ...]:
    return tuple(
        sum(_WORDS[word] for word in re.findall(r"[a-z]+", match[0])) for match in _SPELLED.finditer(text.lower())
    )


_POINT = re.compile(r"\(\s*(-?\d+)\s*,\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?\)")


@lru_cache(maxsize=4096)
def points(text: str) -> tuple[tuple[int, ...], ...]:
    """The tuples of two or three integers in ``text``, such as coordinates."""
    return tuple(tuple(int(c) for c in match.groups() if c) for match in _POINT.finditer(text))


@lru_cache(maxsize=4096)
def read(latex: str) -> Formula | None:
    """A formula as expressions; None for what is not understood."""
    if len(latex) > MAX_LENGTH:
        return None
    latex, tokens, place = _IGNORED.sub(" ", latex).strip().rstrip(".,;"), [], 0
    while place < len(latex.rstrip()):
        match = _TOKEN.match(latex, place)
        if match is None:
            return None
        tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
        place = match.end()
    try:
        return _Reader(tokens).formula()
    except (SyntaxError, IndexError, RecursionError):
        return None


class _Reader:
    """Recursive descent over tokens (kind, text); SyntaxError where they fit no rule."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens, self._place = [*tokens, ("end", "")], 0

    def formula(self) -> Formula:
        sides, relations = [self._sum()], []
        while (text := self._tokens[self._place][1]) in _RELATIONS:
            self._place += 1
            relations.append(_RELATIONS[text])
            sides.append(self._sum())
        if self._tokens[self._place][0] != "end":
            raise SyntaxError
        return Formula(tuple(sides), tuple(relations))

    def _next(self, *texts: str) -> str:
        """The next token's text if it is one of ``texts``, else ""."""
        kind, text = self._tokens[self._place]
        if kind in ("sign", "command") and text in texts:
            self._place += 1
            return text
        return ""

    def _expect(self, text: str) -> None:
        if not self._next(text):
            raise SyntaxError

    def _sum(self) -> str:
        parts = [f"-{self._product()}" if self._next("-") else self._product()]
        while sign := self._next("+", "-"):
            parts.append(f" {sign} {self._product()}")
        return "".join(parts)

    def _product(self) -> str:
        parts = [self._power()]
        while True:
            if self._next("*", "cdot", "times"):
                parts.append(f"*{self._power()}")
            elif self._next("/", "div"):
                parts.append(f"/{self._power()}")
            elif self._starts_factor():
                parts.append(f"*{self._power()}")
            else:
                return "".join(parts)

    def _starts_factor(self) -> bool:
        kind, text = self._tokens[self._place]
        known = text in _FUNCTIONS or text in _NAMES or text in ("frac", "dfrac", "tfrac", "sqrt", "binom")
        return kind in ("number", "letter") or (kind == "sign" and text in "({") or (kind == "command" and known)

    def _power(self) -> str:
        base = self._atom()
        while True:
            if self._next("!"):
                base = f"factorial({base})"
            elif self._next("^"):
                base = f"{base}**{self._group()}"
            else:
                return base

    def _group(self) -> str:
        r"""What follows ``^``, ``\frac`` or ``\sqrt``: braces, a digit or a letter."""
        if self._next("{"):
            inner = self._sum()
            self._expect("}")
            return inner if inner.isalnum() else f"({inner})"
        kind, text = self._tokens[self._place]
        if kind == "number" and len(text) > 1:  # only its first digit belongs here
            self._tokens[self._place] = (kind, text[1:])
            return text[0]
        return self._atom()

    def _atom(self) -> str:
        kind, text = self._tokens[self._place]
        self._place += 1
        if kind == "number":
            return re.sub(r"[^\d.]", "", text)
        if kind == "letter":
            if text in "fgh" and self._tokens[self._place][1] == "(":  # a function is no factor
                raise SyntaxError
            return "I" if text == "i" else text
        if text in ("(", "{", "|") and kind == "sign":
            inner = self._sum()
            self._expect({"(": ")", "{": "}", "|": "|"}[text])
            return f"Abs({inner})" if text == "|" else f"({inner})"
        if kind != "command":
            raise SyntaxError
        if text in ("frac", "dfrac", "tfrac"):
            return f"({self._group()}/{self._group()})"
        if text == "binom":
            return f"binomial({self._group()}, {self._group()})"
        if text == "sqrt":
            degree = ""
            if self._next("["):
                degree = self._sum()
                self._expect("]")
            inner = self._group()
            inner = inner[1:-1] if inner.startswith("(") and inner.endswith(")") else inner
            return f"root({inner}, {degree})" if degree else f"sqrt({inner})"
        if text in _FUNCTIONS:
            return f"{text}({self._power()})"
        if text in _NAMES:
            return _NAMES[text]
        raise SyntaxError
