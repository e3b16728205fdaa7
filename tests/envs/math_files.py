"""Mini MATH with canaries in the solutions, and the real records."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.envs.mini.math_hard import math_hard_records

WORD = "zzcanaryzz"
DATA = Path(os.environ.get("SKILLFLOW_DATA", ""))


def needs(*names: str) -> pytest.MarkDecorator:
    """Skips where these files are not under SKILLFLOW_DATA."""
    there = "SKILLFLOW_DATA" in os.environ and all((DATA / name).is_file() for name in names)
    return pytest.mark.skipif(not there, reason=f"set SKILLFLOW_DATA to a folder with {', '.join(names)}")


def read(name: str) -> list[dict[str, Any]]:
    """The records of a file under SKILLFLOW_DATA."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").split("\n") if line]


def planted(folder: Path) -> str:
    """A source whose solutions hold canaries, their answers too."""
    records = math_hard_records("train")[:100]
    for number, record in enumerate(records):
        record["solution"] = rf"By {WORD}{number} it is \boxed{{\text{{{WORD}{number}}}}}."
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return f"file:{folder}"
