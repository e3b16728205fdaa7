"""Mini SWE-bench: bugs planted in small libraries written for this project, as records in SWE-bench's schema.

Each bug was tried on the library's own tests (``verify``): some fail with it, all pass without it. Half of the tests
that fail, or the only one, are hidden: the test patch brings them back. The issue is written from the failure of a
hidden one. The test split has a library that no other split has, and no line is changed in two splits.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

from skillflow_gym.envs.mini.swebench.bugs import Bug
from skillflow_gym.envs.mini.swebench.issues import write_issue
from skillflow_gym.envs.mini.swebench.packages import PACKAGES, files
from skillflow_gym.envs.swebench.workspace import file_diff

VERIFIED = Path(__file__).with_name("verified.jsonl")
OWNER = "mini"
UNSEEN = "versions"
"""The library of the test split alone."""
SIZES = {"train": 216, "validation": 48, "test": 72}
_OF_UNSEEN = 36
"""How many tasks of the test split are about it; the others are shared out among the other libraries."""

_SCRIPT = """#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout {commit} {paths}
git apply -v - <<'EOF_114329324912'
{test_patch}EOF_114329324912
: '>>>>> Start Test Output'
python -m pytest -rA --tb=no --assert=plain -q -p no:cacheprovider tests
: '>>>>> End Test Output'
git checkout {commit} {paths}
"""


@dataclass(frozen=True, eq=False)
class Planted:
    """A bug in a library, and what its own tests say about it.

    Attributes:
        package, path: the library, and the file that the bug is in.
        bug: the change.
        fails: the tests that fail, the one that the issue is about first.
        failure: how that one fails.
    """

    package: str
    path: str
    bug: Bug
    fails: tuple[str, ...]
    failure: Mapping[str, Any]

    @property
    def hidden(self) -> tuple[str, ...]:
        """The failing tests that the repository does not have."""
        return self.fails[::2]

    @property
    def key(self) -> str:
        """Names the bug."""
        return sha256(repr((self.package, self.path, self.bug)).encode()).hexdigest()

    def base(self) -> dict[str, str]:
        """The repository: the library with the bug, without the hidden tests."""
        tree = dict(files(self.package))
        tree[self.path] = self.bug.plant(tree[self.path])
        for path in {test.partition("::")[0] for test in self.hidden}:
            tree[path] = without_functions(
                tree[path], {t.partition("::")[2] for t in self.hidden if t.startswith(path)}
            )
        return tree


def without_functions(source: str, names: set[str]) -> str:
    """A module without some of its functions, and without the empty lines before them."""
    lines = source.split("\n")
    gone: set[int] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            while first > 1 and not lines[first - 2].strip():
                first -= 1
            gone.update(range(first - 1, node.end_lineno or first))
    return "\n".join(line for number, line in enumerate(lines) if number not in gone)


@cache
def table() -> tuple[dict[str, list[str]], dict[str, list[Planted]]]:
    """The tests of each library, and its bugs; of bugs that read the same in an issue, the first."""
    tests: dict[str, list[str]] = {}
    planted: dict[str, list[Planted]] = {package: [] for package in PACKAGES}
    seen: set[str] = set()
    for line in VERIFIED.read_text(encoding="utf-8").split("\n"):
        row = json.loads(line) if line else {}
        if "tests" in row:
            tests[row["package"]] = row["tests"]
        elif row:
            one = Planted(row["package"], row["path"], Bug(*row["bug"]), tuple(row["fails"]), row["failure"])
            said = json.dumps([one.package, one.fails[0], one.failure])
            if said not in seen:
                seen.add(said)
                planted[one.package].append(one)
    return tests, planted


@cache
def split(name: str) -> tuple[Planted, ...]:
    """The bugs of a split, libraries in turn.

    Raises:
        ValueError: there is no such split.
    """
    if name not in SIZES:
        raise ValueError(f"split {name!r} is none of {', '.join(SIZES)}")
    others = [package for package in PACKAGES if package != UNSEEN]
    columns = []
    for package in others:
        quota = {"test": (SIZES["test"] - _OF_UNSEEN) // len(others)}
        quota |= {other: SIZES[other] // len(others) for other in ("validation", "train")}
        columns.append(_share(table()[1][package], quota)[name])
    result = [one for row in zip(*columns, strict=True) for one in row]
    if name == "test":
        result += sorted(table()[1][UNSEEN], key=lambda one: one.key)[:_OF_UNSEEN]
    return tuple(result)


def _share(bugs: Iterable[Planted], quota: Mapping[str, int]) -> dict[str, list[Planted]]:
    """Bugs dealt out to splits in the order of their keys; all of one line go to one split."""
    lines: dict[tuple[str, int], list[Planted]] = {}
    for one in sorted(bugs, key=lambda one: one.key):
        lines.setdefault((one.path, one.bug.line), []).append(one)
    shares: dict[str, list[Planted]] = {name: [] for name in quota}
    for group in lines.values():
        name = next((name for name, size in quota.items() if len(shares[name]) < size), None)
        if name is not None:
            shares[name] += group[: quota[name] - len(shares[name])]
    if any(len(shares[name]) < size for name, size in quota.items()):
        raise ValueError(
            f"too few bugs: {quota} wanted, { ({name: len(share) for name, share in shares.items()}) } found"
        )
    return shares


@cache
def _records(name: str) -> tuple[dict[str, str], ...]:
    return tuple(_record(one, number) for number, one in enumerate(split(name)))


def records(name: str) -> list[dict[str, str]]:
    """The records of a split, in the schema of SWE-bench and with the fields that swebench 5 grades by.

    Raises:
        ValueError: there is no such split.
    """
    return [dict(record) for record in _records(name)]


def _record(one: Planted, number: int) -> dict[str, str]:
    clean, base = files(one.package), one.base()
    commit = _commit(one)
    paths = sorted({test.partition("::")[0] for test in one.hidden})
    test_patch = "".join(file_diff(path, base[path], clean[path]) for path in paths)
    path, _, test = one.fails[0].partition("::")
    keep = [each for each in table()[0][one.package] if each not in one.fails]
    return {
        "instance_id": f"{OWNER}__{one.package}-{one.key[:8]}",
        "repo": f"{OWNER}/{one.package}",
        "base_commit": commit,
        "version": "1.0",
        "problem_statement": write_issue(one.package, clean[path], test, one.failure, one.key),
        "hints_text": "",
        "created_at": "",
        "environment_setup_commit": "",
        "difficulty": "",
        "patch": file_diff(one.path, base[one.path], clean[one.path]),
        "test_patch": test_patch,
        "FAIL_TO_PASS": json.dumps(list(one.fails)),
        "PASS_TO_PASS": json.dumps(keep),
        "image": "",
        "log_parser": "parse_log_pytest",
        "eval_type": "pass_and_fail",
        "eval_script": _SCRIPT.format(commit=commit, paths=" ".join(paths), test_patch=test_patch),
    }


@cache
def _commit(one: Planted) -> str:
    """A name for the repository's content, in the form of a git commit."""
    return sha1(json.dumps([one.package, sorted(one.base().items())]).encode()).hexdigest()


@cache
def _commits() -> dict[str, Planted]:
    return {_commit(one): one for name in SIZES for one in split(name)}


def is_mini(repo: str) -> bool:
    """Whether a record's repository is one of these libraries."""
    owner, _, package = repo.partition("/")
    return owner == OWNER and package in PACKAGES


def tree(repo: str, commit: str) -> dict[str, str]:
    """The files of a library at a commit.

    Raises:
        KeyError: there is no such commit.
    """
    one = _commits()[commit]
    if repo != f"{OWNER}/{one.package}":
        raise KeyError(repo)
    return one.base()
