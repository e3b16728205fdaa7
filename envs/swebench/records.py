"""SWE-bench's records: what is public of them, and what only the scorer may see."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from skillflow_gym.tasks import Gold, RecordError, Task, check_record

SCHEMA: Mapping[str, Any] = dict.fromkeys(
    (
        *("instance_id", "repo", "base_commit", "version", "problem_statement", "patch", "test_patch"),
        *("FAIL_TO_PASS", "PASS_TO_PASS", "image", "eval_script", "log_parser", "eval_type"),
    ),
    str,
)
"""The last four are what swebench 5 grades by; releases of the dataset before it lack them."""

GRADED_BY = ("test_patch", "version", "image", "eval_script", "log_parser", "eval_type")
_FORMS = {
    "instance_id": r"[\w.-]{1,200}",
    "repo": r"[\w.-]+/[\w.-]+",
    "base_commit": r"[0-9a-f]{7,64}",
}


def parse_record(record: Mapping[str, Any], index: int) -> tuple[Task, Gold]:
    """The issue, and what it is graded by.

    Raises:
        RecordError: the record breaks the schema, or could not be failed: it has no FAIL_TO_PASS.
    """
    check_record(record, index, SCHEMA)
    for name, form in _FORMS.items():
        if not re.fullmatch(form, record[name]):
            raise RecordError(f"record {index}: field {name}: expected {form}, got {record[name][:80]!r}")
    tests = {name: _tests(record[name], index, name) for name in ("FAIL_TO_PASS", "PASS_TO_PASS")}
    if not tests["FAIL_TO_PASS"]:
        raise RecordError(f"record {index}: field FAIL_TO_PASS: expected at least one test; any patch would resolve it")
    if not record["problem_statement"].strip():
        raise RecordError(f"record {index}: field problem_statement: expected a text")
    public = {name: record[name] for name in ("repo", "base_commit")}
    gold = Gold((record["patch"],), {**{name: record[name] for name in GRADED_BY}, **tests})
    return Task(record["instance_id"], record["problem_statement"].strip(), public), gold


def _tests(text: str, index: int, name: str) -> list[str]:
    try:
        tests = json.loads(text)
    except ValueError:
        tests = None
    if not isinstance(tests, list) or not all(isinstance(test, str) for test in tests):
        raise RecordError(f"record {index}: field {name}: expected a JSON list of texts")
    return tests
