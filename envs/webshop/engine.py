"""The shop's catalogues and its search engine: where they are opened, and a function to check their ranking with."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from threading import Lock
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import open as open_with_progress

from skillflow_gym.envs.mini import webshop as mini
from skillflow_gym.envs.webshop import records
from skillflow_gym.envs.webshop.catalogue import Catalogue, build
from skillflow_gym.envs.webshop.reading import items
from skillflow_gym.envs.webshop.records import Product
from skillflow_gym.registration import stanza
from skillflow_gym.sources import Source, SourceError, resolve_source
from skillflow_gym.tasks import RecordError

__all__ = ["open_catalogue", "product_file", "search"]

FULL, SMALL = "items_shuffle.json", "items_shuffle_1000.json"
"""The original's product files: 1.18 million and 1,000 products."""
HUMAN = ("items_human_ins.json", "items_human_ins_small.json")
FORMAT = 1
"""Version of what ``build`` writes: another one is built anew."""

logger = logging.getLogger("skillflow_gym")
_opened: dict[tuple[str, ...], Catalogue] = {}
_opening = Lock()


def search(query: str, k: int = 50, source: str = "auto") -> list[str]:
    """The asins that the shop's engine finds for ``query``, best first: at most ``k``, as BM25 ranks them.

    Args:
        query: the words; case does not matter.
        k: how many at most; the shop shows 50.
        source: whose catalogue, as in ``WebShopEnv``: auto | mini | file:PATH.
    """
    catalogue = open_catalogue(resolve(source))
    return [catalogue.asin(int(number)) for number in catalogue.search(query.lower(), k)]


def resolve(source: str, split: str = "train") -> Source:
    """The source whose product file a ``source`` argument names; ``auto`` is real data if there are any, else mini.

    Raises:
        SourceError: there is no such source or file.
    """
    kind, _, location = source.partition(":")
    if source == "auto" and (root := os.environ.get("SKILLFLOW_DATA")):
        folder = Path(root) / stanza("WebShop").folders[0]
        if any((folder / name).is_file() for name in (FULL, SMALL)):
            kind, location = "file", str(folder)
    if kind == "file" and location:
        return Source("file", str(product_file(location)))
    return resolve_source(stanza("WebShop"), "mini" if source == "auto" else source, (split,))


def product_file(location: str) -> Path:
    """The product file that ``location`` is, or that lies in the folder it is; the full set goes before the small.

    Raises:
        SourceError: there is none, or the attribute file is missing beside it.
    """
    path = Path(location)
    if path.is_dir():
        path = next((path / name for name in (FULL, SMALL) if (path / name).is_file()), path / SMALL)
        if not path.is_file():
            raise SourceError(f"source file:{location}: expected {FULL} or {SMALL}")
    if not path.is_file():
        raise SourceError(f"source file:{location}: no such file or folder")
    if not (beside := _attribute_file(path)).is_file():
        raise SourceError(f"source file:{location}: {beside.name} is missing beside {path.name}")
    return path


def open_catalogue(source: Source) -> Catalogue:
    """The catalogue of ``source``, one object for all environments of the process.

    The files of a ``file`` source are read once: what is made of them lies in ``$XDG_CACHE_HOME/skillflow-gym``.

    Raises:
        RecordError: a file is broken; the message names file, record and field.
    """
    with _opening:
        files = _Files.beside(Path(source.location)) if source.kind == "file" else None
        key = files.key() if files else ("mini",)
        if key not in _opened:
            _opened[key] = _open_files(files, key) if files else _open_mini()
        return _opened[key]


class _Files(NamedTuple):
    products: Path
    attributes: Path
    human: Path | None

    @classmethod
    def beside(cls, products: Path) -> _Files:
        human = (products.with_name(name) for name in HUMAN)
        return cls(products.resolve(), _attribute_file(products).resolve(), next(filter(Path.is_file, human), None))

    def key(self) -> tuple[str, ...]:
        """Changes when a file does."""
        stats = [(str(path), path.stat()) for path in self if path]
        return tuple(f"{path}\n{status.st_size}\n{status.st_mtime_ns}" for path, status in stats)


def _attribute_file(products: Path) -> Path:
    return products.with_name(products.name.replace("items_shuffle", "items_ins_v2"))


def _open_mini() -> Catalogue:
    described, human = mini.attributes(), mini.human_instructions()
    made = (
        records.product(record, index, records.attributes(described[record["asin"]], index, record["asin"]))
        for index, record in enumerate(mini.products())
    )
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), made, human)
        return Catalogue(Path(folder))  # what is mapped stays when its name is gone


def _open_files(files: _Files, key: tuple[str, ...]) -> Catalogue:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skillflow-gym" / "webshop"
    folder = root / sha256("\n".join((str(FORMAT), *key)).encode()).hexdigest()[:16]
    if folder.is_dir():
        return Catalogue(folder)
    try:
        root.mkdir(parents=True, exist_ok=True)
        writable = os.access(root, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        logger.warning(f"SkillFlow/WebShop-v0: {root} cannot be written, so the catalogue is built for this run only")
    with tempfile.TemporaryDirectory(dir=root if writable else None) as made:
        whole = Path(made) / "catalogue"
        whole.mkdir()
        _build_from(files, whole)
        if writable:
            try:
                whole.rename(folder)
            except OSError:  # another process was first
                rmtree(whole)
            return Catalogue(folder)
        return Catalogue(whole)


def _build_from(files: _Files, folder: Path) -> None:
    described = {
        str(asin): json.dumps(_checked(records.attributes, files.attributes, entry, index, str(asin))).encode()
        for index, (asin, entry) in enumerate(_items(files.attributes, dict))
    }
    human = None
    if files.human:
        human = {
            str(asin): _checked(records.instructions, files.human, entry, index, str(asin))
            for index, (asin, entry) in enumerate(_items(files.human, dict))
        }
    build(folder, _products(files, described), human)


def _products(files: _Files, described: Mapping[str, bytes]) -> Iterator[Product]:
    """The products of the file.

    Raises:
        RecordError: a record is broken, or most are not described: then the two files do not belong together.
    """
    unknown, count, stranger = 0, 0, ""
    for index, (_, record) in enumerate(_items(files.products, list)):
        asin = _checked(records.asin_of, files.products, record, index)
        if not asin:
            continue
        count += 1
        if asin not in described:
            unknown, stranger = unknown + 1, stranger or f"{files.attributes}: no entry for {asin!r}, record {index}"
        entry = json.loads(described[asin]) if asin in described else None
        yield _checked(records.product, files.products, record, index, entry)
    if not count:
        raise RecordError(f"{files.products}: holds no product")
    if 2 * unknown > count:
        raise RecordError(f"{stranger} of {files.products.name}: the two files are of different versions")


def _items(path: Path, kind: type) -> Iterator[tuple[int | str, Any]]:
    console = Console(stderr=True)
    with open_with_progress(
        path,
        "r",
        encoding="utf-8",
        description=f"WebShop: reading {path.name}",
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as file:
        yield from items(file, path, kind)


def _checked(check: Any, path: Path, *arguments: Any) -> Any:
    try:
        return check(*arguments)
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from error
