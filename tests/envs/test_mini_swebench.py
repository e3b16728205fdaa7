"""Mini SWE-bench: libraries, planted bugs, issues, and records in the benchmark's schema."""

from __future__ import annotations

import ast
import json
import re
import time
from collections import Counter
from itertools import combinations
from typing import Any

import pytest

from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.envs.mini.swebench import verify
from skillflow_gym.envs.mini.swebench.bugs import Bug, bugs
from skillflow_gym.envs.mini.swebench.packages import PACKAGES, files
from skillflow_gym.envs.swebench.records import SCHEMA, parse_record
from skillflow_gym.tasks import check_record

SPLITS = ("train", "validation", "test")
EVERY = [(split, record) for split in SPLITS for record in mini.records(split)]
PLANTED = [one for split in SPLITS for one in mini.split(split)]


@pytest.mark.parametrize("package", PACKAGES)
def test_libraries_have_a_size_and_tests_of_their_own(package: str) -> None:
    tree = files(package)
    own = sum(text.count("\n") for path, text in tree.items() if path.startswith(f"{package}/"))
    assert 200 <= own <= 600
    assert all(path.split("/")[0] in (package, "tests") and text.isascii() for path, text in tree.items())
    assert len(mini.table()[0][package]) >= 30


@pytest.mark.parametrize("package", PACKAGES)
def test_the_table_holds_for_the_libraries_as_they_are(package: str) -> None:
    rows = [json.loads(line) for line in mini.VERIFIED.read_text(encoding="utf-8").split("\n") if line]
    (head,) = [row for row in rows if row["package"] == package and "tests" in row]
    assert head["sha256"] == verify.content_hash(files(package)), (
        "run python -m skillflow_gym.envs.mini.swebench.verify"
    )
    planted = [(row["path"], Bug(*row["bug"])) for row in rows if row["package"] == package and "bug" in row]
    assert set(planted) <= set(verify.candidates(package))
    names = [f"{p}::{n.name}" for p, t in files(package).items() for n in ast.parse(t).body if _is_test(p, n)]
    assert head["tests"] == names


def _is_test(path: str, node: ast.AST) -> bool:
    return path.startswith("tests/") and isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


def test_sizes() -> None:
    counts = Counter(split for split, _ in EVERY)
    assert counts == mini.SIZES
    assert counts["train"] >= 200 and counts["validation"] >= 40 and counts["test"] >= 60


def test_the_test_split_has_a_library_of_its_own() -> None:
    libraries = {split: {record["repo"] for other, record in EVERY if other == split} for split in SPLITS}
    assert libraries["test"] - libraries["train"] - libraries["validation"] == {f"mini/{mini.UNSEEN}"}
    assert libraries["train"] == libraries["validation"] and len(libraries["train"]) >= 6


def test_no_line_is_changed_in_two_splits() -> None:
    lines = {split: {(one.package, one.path, one.bug.line) for one in mini.split(split)} for split in SPLITS}
    for one, other in combinations(SPLITS, 2):
        assert lines[one].isdisjoint(lines[other])


def test_there_are_many_kinds_of_bugs() -> None:
    kinds = Counter(one.bug.kind for one in mini.split("train"))
    wanted = {"comparison", "off by one", "default", "branch", "arguments", "exception", "state", "logic", "arithmetic"}
    assert wanted <= set(kinds) and max(kinds.values()) < len(mini.split("train")) / 3


@pytest.mark.parametrize("split", SPLITS)
def test_records_are_in_the_schema(split: str) -> None:
    for index, record in enumerate(mini.records(split)):
        check_record(record, index, SCHEMA)
        task, gold = parse_record(record, index)
        assert gold.record["FAIL_TO_PASS"] and gold.record["PASS_TO_PASS"]
        assert not set(gold.record["FAIL_TO_PASS"]) & set(gold.record["PASS_TO_PASS"])
        assert set(task.record) == {"repo", "base_commit"}


def test_hidden_tests_are_not_in_the_repository() -> None:
    for one in PLANTED:
        base = one.base()
        for test in one.hidden:
            path, _, name = test.partition("::")
            assert not re.search(rf"\b{name}\b", base[path]) and f"def {name}(" in files(one.package)[path]
        for test in set(one.fails) - set(one.hidden):
            path, _, name = test.partition("::")
            assert f"def {name}(" in base[path], "the others show that something is wrong"
        assert all(ast.parse(text) for text in base.values())


def test_the_base_differs_by_the_bug_and_the_hidden_tests() -> None:
    for one in PLANTED:
        base, clean = one.base(), files(one.package)
        changed = {path for path in clean if base[path] != clean[path]}
        assert changed == {one.path, *(test.partition("::")[0] for test in one.hidden)}
        assert base.keys() == clean.keys()


def test_issues_name_no_line_and_no_file() -> None:
    for one, (_, record) in zip(PLANTED, EVERY, strict=True):
        issue = record["problem_statement"]
        title, empty, *_ = issue.split("\n")
        assert title and not empty and "```python\n" in issue and "None of" not in issue
        assert one.path not in issue and ".py" not in issue and "tests/" not in issue and " line " not in issue
        assert not any(test.partition("::")[2] in issue for test in one.fails)
        code = issue.split("```python\n")[1].split("```")[0]
        ast.parse(code)


def test_issues_are_told_apart() -> None:
    assert len({record["problem_statement"].casefold() for _, record in EVERY}) == len(EVERY)
    assert len({record["instance_id"] for _, record in EVERY}) == len(EVERY)


def test_the_code_of_an_issue_shows_its_failure() -> None:
    """Each tenth: what the code prints, or the error that it raises, is in the issue."""
    for one, (_, record) in list(zip(PLANTED, EVERY, strict=True))[::10]:
        issue = record["problem_statement"]
        code = issue.split("```python\n")[1].split("```")[0]
        last = code.rstrip().split("\n")[-1]
        shown = run_issue(one, code)
        if shown.get("error") == "_Told":
            assert "    assert " in code, "an assertion in a loop is the failure itself"
        elif "error" in shown:
            assert shown["error"] in issue, (issue, shown)
        elif "Nothing is raised" not in issue and "should hold" not in issue and last.startswith("print("):
            assert one.failure["compared"][0][:200].split("\n")[0][:40] in issue


def run_issue(one: mini.Planted, code: str) -> dict[str, Any]:
    """The type of the error that a program raises with a library that has the bug, in a process of its own."""
    test = "\n".join(["def test_it():", *(f"    {line}" for line in code.split("\n") if line.strip())])
    tree = {path: text for path, text in one.base().items() if not path.startswith("tests/")}
    result = verify.run_suite({**tree, "tests/test_it.py": test})
    assert result is not None
    failures = result[1]
    return {"error": failures["tests/test_it.py::test_it"]["error"]} if failures else {}


def test_making_the_tasks_is_fast() -> None:
    mini._records.cache_clear()
    start = time.process_time()
    count = len(mini.records("train"))
    assert (time.process_time() - start) / count < 0.05


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="split 'exam' is none of train, validation, test"):
        mini.records("exam")
    with pytest.raises(KeyError):
        mini.tree("mini/almanac", "0" * 40)
    assert not mini.is_mini("psf/requests") and not mini.is_mini("mini/nothing") and mini.is_mini("mini/almanac")


SOURCE = '''
def first(items, start=0):
    """Return 1."""
    if start < len(items):
        return items[start]
    raise ValueError("no item")
'''


def test_bugs_of_a_function() -> None:
    found = {(bug.kind, bug.plant(SOURCE)) for bug in bugs(SOURCE)}
    for kind, old, new in [
        ("comparison", "start < len", "start <= len"),
        ("default", "start=0", "start=1"),
        ("exception", "raise ValueError", "raise TypeError"),
        ("branch", "    if start < len(items):\n        return items[start]\n", ""),
    ]:
        assert (kind, SOURCE.replace(old, new)) in found
    assert all('"""Return 1."""' in text for _, text in found), "a docstring is no place for a bug"
    assert all(ast.parse(text) for _, text in found)


@pytest.mark.parametrize("package", PACKAGES)
def test_bugs_are_the_same_every_time(package: str) -> None:
    source = next(text for path, text in files(package).items() if path.startswith(f"{package}/") and len(text) > 1000)
    found = bugs(source)
    assert found == bugs(source) and len(set(found)) == len(found) > 10


def test_bugs_want_ascii() -> None:
    with pytest.raises(ValueError, match="must be ASCII"):
        bugs("x = 'ü'\n")


@pytest.mark.parametrize("number", range(0, len(PLANTED), 30))
def test_a_bug_fails_the_tests_it_is_said_to(number: int) -> None:
    check_planted(PLANTED[number])


@pytest.mark.slow
def test_every_bug_fails_the_tests_it_is_said_to() -> None:
    for one in PLANTED:
        check_planted(one)


def check_planted(one: mini.Planted) -> None:
    """With the bug exactly ``fails`` fail; without it, nothing does."""
    clean = files(one.package)
    result = verify.run_suite({**clean, one.path: one.bug.plant(clean[one.path])})
    assert result is not None
    assert {test for test, outcome in result[0].items() if outcome == "failed"} == set(one.fails)
    assert list(result[0]) == mini.table()[0][one.package]
