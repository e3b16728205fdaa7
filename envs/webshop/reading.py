"""Reads the original's JSON files an item at a time, since the full catalogue is larger than memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from skillflow_gym.tasks import RecordError

CHUNK = 1 << 20
LONGEST = 16 << 20
"""Characters of one item; whatever is longer is broken JSON."""
_SPACE = " \t\r\n"
_decoder = json.JSONDecoder()


def items(file: TextIO, path: Path, kind: type[list[Any] | dict[str, Any]]) -> Iterator[tuple[int | str, Any]]:
    """The items of the JSON list or object in ``file``: (index, value) or (key, value).

    Raises:
        RecordError: it is no such thing; the message names ``path`` and the record.
    """
    scanner = _Scanner(file, path)
    opening, closing = ("[", "]") if kind is list else ("{", "}")
    if (found := scanner.peek()) != opening:
        expected = "a JSON list of records" if kind is list else "a JSON object with an entry for each asin"
        raise RecordError(f"{path}: expected {expected}, got {repr(found) if found else 'nothing'}")
    scanner.skip()
    number = 0
    while scanner.peek() != closing:
        key: int | str = number
        if number:
            scanner.expect(",", number)
        if opening == "{":
            key = scanner.value(number)
            scanner.expect(":", number)
        yield key, scanner.value(number)
        number += 1


class _Scanner:
    """Values and signs of a JSON text that is read in chunks."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file, self._path = file, path
        self._text, self._place = "", 0

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            while self._place < len(self._text) and self._text[self._place] in _SPACE:
                self._place += 1
            if self._place < len(self._text) or not self._more():
                return self._text[self._place : self._place + 1]

    def skip(self) -> None:
        """Go past the character that ``peek`` showed."""
        self._place += 1

    def expect(self, sign: str, record: int) -> None:
        """Go past ``sign``."""
        if (found := self.peek()) != sign:
            raise RecordError(
                f"{self._path}: record {record}: not JSON: expected {sign!r}, got {repr(found) if found else 'the end'}"
            )
        self.skip()

    def value(self, record: int) -> Any:
        """The next value."""
        self.peek()
        while True:
            try:
                value, self._place = _decoder.raw_decode(self._text, self._place)
                return value
            except (ValueError, RecursionError) as error:  # also a value that goes on in the next chunk
                if len(self._text) - self._place > LONGEST or not self._more():
                    reason = getattr(error, "msg", str(error))
                    raise RecordError(f"{self._path}: record {record}: not JSON: {reason}") from None

    def _more(self) -> bool:
        """Read on, twice as far each time a value is not whole yet."""
        rest = self._text[self._place :]
        try:
            chunk = self._file.read(max(CHUNK, len(rest)))
        except UnicodeDecodeError as error:
            raise RecordError(f"{self._path}: not UTF-8 ({error})") from error
        self._text, self._place = rest + chunk, 0
        return bool(chunk)
