"""The mini shop as the original's files, for tests that change them; and the real ones, where SKILLFLOW_DATA is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.envs.mini import webshop as mini

PRODUCTS, ATTRIBUTES, HUMAN = "items_shuffle_1000.json", "items_ins_v2_1000.json", "items_human_ins.json"
REAL = Path(os.environ.get("SKILLFLOW_DATA", "")) / "webshop"
needs_real = pytest.mark.skipif(
    "SKILLFLOW_DATA" not in os.environ or not (REAL / PRODUCTS).is_file(),
    reason=f"set SKILLFLOW_DATA to a folder with webshop/{PRODUCTS} and webshop/golden",
)


def contents(count: int = 60) -> dict[str, Any]:
    """The three files' contents, by name, of the first ``count`` products."""
    products = mini.products()[:count]
    asins = {record["asin"] for record in products}
    described = {asin: entry for asin, entry in mini.attributes().items() if asin in asins}
    human = {asin: entry for asin, entry in mini.human_instructions().items() if asin in asins}
    return {PRODUCTS: json.loads(json.dumps(products)), ATTRIBUTES: described, HUMAN: human}


def write(folder: Path, files: dict[str, Any]) -> str:
    """The source made of ``files``; a text is written as it is, None leaves the file out."""
    for name, content in files.items():
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / name).write_text(text, encoding="utf-8")
    return f"file:{folder}"


def golden(name: str) -> Any:
    """A golden output of the original: an object, or the records of a .jsonl file."""
    text = (REAL / "golden" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()] if name.endswith(".jsonl") else json.loads(text)


def planted(folder: Path) -> str:
    """A source whose attributes and shelves, which only the scorer may know, are canaries."""
    files = contents(300)
    for index, record in enumerate(files[PRODUCTS]):
        record["query"] = record["category"] = f"zzcanaryzz {index}"
        record["product_category"] = f"zzcanaryzz › {index}"
    for entry in files[ATTRIBUTES].values():
        for name in ("attributes", "instruction_attributes"):
            if name in entry:
                entry[name] = [f"zzcanaryzz {attribute}" for attribute in entry[name]]
    for human in files[HUMAN].values():
        human[0]["instruction_attributes"] = ["zzcanaryzz"]
    return write(folder, files)
