"""Mini records of SWEBench as files, for tests that change them; and the real ones, where SKILLFLOW_DATA is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.registration import stanza

REAL = Path(os.environ.get("SKILLFLOW_DATA", "")) / "swe_bench_verified" / "test.jsonl"
needs_real = pytest.mark.skipif(
    "SKILLFLOW_DATA" not in os.environ or not REAL.is_file(),
    reason="set SKILLFLOW_DATA to a folder with swe_bench_verified/test.jsonl",
)
_TEST = """diff --git a/tests/test_zzcanaryzz{n}.py b/tests/test_zzcanaryzz{n}.py
new file mode 100644
--- /dev/null
+++ b/tests/test_zzcanaryzz{n}.py
@@ -0,0 +1,2 @@
+def test_zzcanaryzz{n}():
+    assert "zzcanaryzz{n}" == 86753090{n}
"""
_PATCH = """diff --git a/zzcanaryzz{n}.py b/zzcanaryzz{n}.py
new file mode 100644
--- /dev/null
+++ b/zzcanaryzz{n}.py
@@ -0,0 +1,1 @@
+zzcanaryzz{n} = 86753090{n}
"""
_SCRIPT = """#!/bin/bash
set -uxo pipefail
cd /testbed
git checkout {commit} tests/test_zzcanaryzz{n}.py
git apply -v - <<'EOF_1'
{test}EOF_1
: '>>>>> Start Test Output'
python -m pytest -rA --tb=no -q -p no:cacheprovider tests/test_zzcanaryzz{n}.py
: '>>>>> End Test Output'
git checkout {commit} tests/test_zzcanaryzz{n}.py
"""


def write(folder: Path, records: Iterable[dict[str, str]], split: str = "train") -> str:
    """The records as a file source."""
    lines = "\n".join(json.dumps(record) for record in records)
    (folder / f"{stanza('SWEBench').splits[split]}.jsonl").write_text(lines, encoding="utf-8")
    return f"file:{folder}"


def planted(folder: Path) -> str:
    """A source in which everything that only the scorer may know is made of canaries."""
    records = []
    for n, record in enumerate(mini.records("train")[:100]):
        test, name = _TEST.format(n=n), f"tests/test_zzcanaryzz{n}.py::test_zzcanaryzz{n}"
        records.append(
            {
                **record,
                "patch": _PATCH.format(n=n),
                "test_patch": test,
                "FAIL_TO_PASS": json.dumps([name]),
                "PASS_TO_PASS": json.dumps([f"{name}_too"]),
                "hints_text": f"zzcanaryzz{n}",
                "version": f"zzcanaryzz{n}",
                "image": f"zzcanaryzz{n}",
                "eval_script": _SCRIPT.format(n=n, commit=record["base_commit"], test=test),
            }
        )
    return write(folder, records)
