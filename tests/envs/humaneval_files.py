"""The mini problems of HumanEval with canaries in what only the scorer may know; and the real ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from skillflow_gym.envs.mini import humaneval as mini

WORD = "zzcanaryzz"
REAL = Path(os.environ.get("SKILLFLOW_DATA", "")) / "humaneval" / "test.jsonl"
needs_real = pytest.mark.skipif(
    "SKILLFLOW_DATA" not in os.environ or not REAL.is_file(),
    reason="set SKILLFLOW_DATA to a folder with humaneval/test.jsonl",
)


def planted(folder: Path) -> str:
    """A source whose solutions and tests work, and hold canaries: in comments, in strings and in what a test prints."""
    records = mini.records("train")
    for number, record in enumerate(records):
        record["canonical_solution"] += f"    # {WORD} {number}\n"
        head, check, body = record["test"].partition("def check(candidate):\n")
        noise = f"    print('{WORD} {number}')\n    secret = '{WORD}'\n"
        record["test"] = f"# {WORD}\n{head}{check}{noise}{body}    assert secret, '{WORD}'\n"
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return f"file:{folder}"
