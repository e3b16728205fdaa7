"""exprs: a small expression language with numbers, texts, variables and functions."""

from exprs.evaluator import Evaluator, evaluate
from exprs.lexer import LexError, Token, tokenize
from exprs.parser import ParseError, parse
from exprs.printer import to_text

__all__ = ["Evaluator", "LexError", "ParseError", "Token", "evaluate", "parse", "to_text", "tokenize"]
