"""Where tasks come from: ``mini`` (made by the project), ``hub``, ``file:PATH``, a package, or ``auto``."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from skillflow_gym.installation import install
from skillflow_gym.registration import Stanza
from skillflow_gym.tasks import RecordError

logger = logging.getLogger("skillflow_gym")
_announced: set[str] = set()


class SourceError(ValueError):
    """A source that does not exist or cannot be read. The message says what to give instead."""


@dataclass(frozen=True)
class Source:
    """A resolved source.

    Attributes:
        kind: ``mini``, ``hub``, ``file`` or ``package``.
        location: the dataset's id or local folder for ``hub`` ("" for a dataset per split, as the registry has them),
            the path for ``file``, the package's name for ``package``, "" for ``mini``.
    """

    kind: Literal["mini", "hub", "file", "package"]
    location: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.location}" if self.location else self.kind


def resolve_source(stanza: Stanza, source: str, splits: Sequence[str] = ("train",)) -> Source:
    """Decide where a benchmark's records come from, once for all splits that a run needs.

    ``auto`` takes real data if every split in ``splits`` is on this machine (the folder that the benchmark's own
    variable names, else ``$SKILLFLOW_DATA/<data folder>/``, else the hub's cache), otherwise the mini tasks; it never
    mixes them, and one log line says what was taken. Where the tasks come with a package, ``auto`` and ``mini`` are
    these tasks, and there are no others.

    Args:
        stanza: the benchmark.
        source: ``auto``, ``mini``, ``hub``, ``hub:ID_OR_FOLDER``, or ``file:PATH`` (a folder with a file per native
            split, or one file; for a benchmark with a folder per split, the folder that holds those folders).
        splits: canonical split names.

    Raises:
        SourceError: the text is none of these, the path lacks a split's file, or one dataset is named for a benchmark
            that has one for each split.
    """
    if stanza.package:
        return _packaged(stanza, source)
    kind, _, location = source.partition(":")
    if source == "mini":
        return Source("mini")
    if kind == "hub":
        if not (location or stanza.hub):
            raise SourceError(f"{stanza.env_id} has no dataset on the hub: use source='file:PATH' or 'mini'")
        if location and "path" not in stanza.hub and stanza.hub:
            raise SourceError(f"{stanza.env_id} has a dataset for each split: use source='hub', without an id")
        return Source("hub", location or stanza.hub.get("path", ""))
    if kind == "file" and location:
        for split in splits:
            record_file(stanza, location, split)
        return Source("file", location)
    if source != "auto":
        raise SourceError(f"source {source!r} is none of auto, mini, hub, hub:ID, file:PATH")
    resolved = _auto(stanza, splits)
    if (line := f"{stanza.env_id}: source {resolved} for {', '.join(splits)}") not in _announced:
        _announced.add(line)
        logger.info(line)
    return resolved


def _packaged(stanza: Stanza, source: str) -> Source:
    own = Source("package", stanza.package)
    if source not in ("auto", "mini", str(own)):
        raise SourceError(
            f"source {source!r} is none of auto, mini, {own}: {stanza.env_id}'s tasks come with that package, and from "
            "nowhere else"
        )
    return own


def _auto(stanza: Stanza, splits: Sequence[str]) -> Source:
    own = os.environ.get(stanza.variable, "") if stanza.variable else ""
    if own and all(_find_file(Path(own), stanza, split) for split in splits):
        return Source("file", own)
    root = os.environ.get("SKILLFLOW_DATA", "")
    if root and stanza.data:
        folder = Path(root) / stanza.data if isinstance(stanza.data, str) else Path(root)
        if all(_find_file(folder, stanza, split) for split in splits):
            return Source("file", str(folder))
    if stanza.hub and all(_in_hub_cache(stanza.dataset(split)["path"]) for split in splits):
        return Source("hub", stanza.hub.get("path", ""))
    return Source("mini")


def _in_hub_cache(path: str) -> bool:
    if importlib.util.find_spec("datasets") is None:
        return False
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    cache = Path(os.environ.get("HF_DATASETS_CACHE", home / "datasets"))
    return (cache / path.replace("/", "___").lower()).is_dir() or (cache / path.replace("/", "___")).is_dir()


def _subfolder(stanza: Stanza, split: str) -> str:
    """The folder of ``split`` within the source's, with a slash; "" where all splits lie in one."""
    return "" if isinstance(stanza.data, str) else f"{stanza.data[split]}/"


def _file_names(stanza: Stanza, split: str) -> Sequence[str]:
    names = stanza.files or ("{split}.jsonl", "{split}.json")
    return [f"{_subfolder(stanza, split)}{name.replace('{split}', stanza.splits[split])}" for name in names]


def _find_file(folder: Path, stanza: Stanza, split: str) -> Path | None:
    """A file, or a folder of numbered .json files, as large sets are published."""
    found = _first(folder, _file_names(stanza, split))
    shards = folder / _subfolder(stanza, split) / stanza.splits[split]
    return found or (shards if any(shards.glob("*.json")) else None)


def _first(folder: Path, patterns: Iterable[str]) -> Path | None:
    return next((path for pattern in patterns for path in folder.glob(pattern) if path.is_file()), None)


def record_file(stanza: Stanza, location: str, split: str) -> Path:
    """The file under ``location`` that holds ``split``, or one of its files where the registry has a pattern for them.

    A path to one file, or to what such a pattern has as ``{split}/``, stands for any split. Where every split has a
    folder of its own, the one file must lie in the split's: nobody can train on test tasks.

    Raises:
        SourceError: there is none; the message names the file that is expected.
    """
    path = Path(location)
    own = _subfolder(stanza, split)
    if path.is_file() and (not own or f"{path.resolve().parent.name}/" == own):
        return path
    if not path.exists():
        raise SourceError(f"source file:{location}: no such file or folder")
    of_a_split = filter(None, (name.partition("{split}/")[2] for name in stanza.files))
    if path.is_dir() and (found := _find_file(path, stanza, split) or _first(path, of_a_split)):
        return found
    expected = " or ".join(_file_names(stanza, split))
    raise SourceError(f"source file:{location}: expected {expected} for split {split!r}")


def load_records(
    stanza: Stanza, source: Source, split: str, mini: Callable[[str], Iterable[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """Read the records of ``split``, one file or row at a time.

    Args:
        stanza: the benchmark.
        source: from ``resolve_source``.
        split: canonical split name.
        mini: makes the mini records of a canonical split.

    Raises:
        SourceError: the hub extra is missing, or the dataset cannot be loaded.
        RecordError: a line of a file is no JSON object.
    """
    if source.kind == "mini":
        yield from mini(split)
    elif source.kind == "hub":
        yield from _read_hub(stanza, source.location, split)
    else:
        path = record_file(stanza, source.location, split)
        for part in sorted(path.glob("*.json"), key=_number) if path.is_dir() else (path,):
            yield from read_json_records(part)


def _number(path: Path) -> tuple[int, str]:
    """``train_2.json`` comes before ``train_10.json``."""
    digits = path.stem.rpartition("_")[2]
    return (int(digits) if digits.isdigit() else -1, path.name)


def read_json_records(path: Path) -> list[dict[str, Any]]:
    """The objects of a .jsonl file (one a line) or of a .json file (a list of them).

    Raises:
        RecordError: something in it is no JSON object; the message says which record.
    """
    # Lines end at "\n" alone: real records hold U+2028 and its like inside strings, where str.splitlines would cut.
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(f"{path}: not UTF-8 ({error})") from error
    try:
        items = json.loads(text) if path.suffix == ".json" else None
    except json.JSONDecodeError as error:
        raise RecordError(f"{path}: not JSON ({error})") from error
    if items is None:
        items = []
        for number, line in enumerate(text.split("\n")):
            if line.strip():
                try:
                    items.append(json.loads(line))
                except json.JSONDecodeError as error:
                    raise RecordError(f"{path}: line {number + 1} is not JSON ({error})") from error
    if not isinstance(items, list):
        raise RecordError(f"{path}: expected a list of records, got {type(items).__name__}")
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise RecordError(f"{path}: record {index}: expected an object, got {type(item).__name__}")
    return items


def _read_hub(stanza: Stanza, location: str, split: str) -> Iterator[dict[str, Any]]:
    try:
        import datasets
    except ImportError:
        raise SourceError(f"source 'hub' needs the hub extra: {install('hub')}") from None
    canonical = stanza.dataset(split)
    location = location or canonical["path"]
    # The config's name belongs to the canonical dataset; a local folder or a mirror has its default only.
    name = canonical.get("name") if location == canonical.get("path") else None
    try:
        loaded = datasets.load_dataset(location, name, split=stanza.splits[split])
    except Exception as error:  # datasets raises many unrelated types for "not there" and "no network"
        raise SourceError(
            f"source hub:{location}: {type(error).__name__}: {error}. Check the id and the network, or give a local "
            "copy with source='file:PATH'"
        ) from error
    return (dict(row) for row in loaded)
