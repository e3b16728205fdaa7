"""Cut the source of an expression into tokens."""

from dataclasses import dataclass

OPERATORS = ("**", "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",", "?", ":")
KEYWORDS = ("and", "or", "not", "true", "false")


class LexError(ValueError):
    """A character that starts no token; ``position`` says where it stands."""

    def __init__(self, message, position):
        super().__init__(f"{message} at {position}")
        self.position = position


@dataclass(frozen=True)
class Token:
    """A piece of the source: its kind (number, text, name, keyword, operator, end), value and position."""

    kind: str
    value: object
    position: int


def tokenize(source):
    """All tokens of ``source``, closed by one of kind ``end``."""
    tokens = []
    position = 0
    while position < len(source):
        char = source[position]
        if char.isspace():
            position += 1
        elif char.isdigit() or (char == "." and source[position + 1 : position + 2].isdigit()):
            token, position = _number(source, position)
            tokens.append(token)
        elif char == '"' or char == "'":
            token, position = _text(source, position)
            tokens.append(token)
        elif char.isalpha() or char == "_":
            token, position = _name(source, position)
            tokens.append(token)
        elif char == "#":
            position = _skip_comment(source, position)
        else:
            operator = _operator(source, position)
            if operator is None:
                raise LexError(f"unexpected character {char!r}", position)
            tokens.append(Token("operator", operator, position))
            position += len(operator)
    tokens.append(Token("end", None, len(source)))
    return tokens


def _number(source, start):
    end = start
    dots = 0
    while end < len(source) and (source[end].isdigit() or source[end] in "._"):
        if source[end] == ".":
            dots += 1
        end += 1
    digits = source[start:end].replace("_", "")
    if dots > 1:
        raise LexError(f"malformed number {digits!r}", start)
    value = float(digits) if dots == 1 else int(digits)
    return Token("number", value, start), end


def _text(source, start):
    quote = source[start]
    escapes = {"n": "\n", "t": "\t", "\\": "\\", quote: quote}
    result = []
    position = start + 1
    while position < len(source):
        char = source[position]
        if char == quote:
            return Token("text", "".join(result), start), position + 1
        if char == "\\":
            position += 1
            if position >= len(source):
                break
            char = escapes.get(source[position])
            if char is None:
                raise LexError(f"unknown escape {source[position]!r}", position)
        result.append(char)
        position += 1
    raise LexError("text is not closed", start)


def _name(source, start):
    end = start
    while end < len(source) and (source[end].isalnum() or source[end] == "_"):
        end += 1
    word = source[start:end]
    kind = "keyword" if word in KEYWORDS else "name"
    return Token(kind, word, start), end


def _skip_comment(source, start):
    end = source.find("\n", start)
    if end == -1:
        return len(source)
    return end + 1


def _operator(source, position):
    for operator in OPERATORS:
        if source.startswith(operator, position):
            return operator
    return None
