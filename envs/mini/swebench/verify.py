"""Find out what each bug breaks, by running the packages' own tests; writes ``verified.jsonl``.

``python -m skillflow_gym.envs.mini.swebench.verify`` takes some minutes. The result is shipped, so that making the
tasks is fast; a test runs the same again. It runs nothing but this project's own code and tests, hence no sandbox.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from hashlib import sha256
from pathlib import Path
from typing import Any

from skillflow_gym.envs.mini.swebench.bugs import Bug, bugs
from skillflow_gym.envs.mini.swebench.packages import PACKAGES, files
from skillflow_gym.files import replacing

VERIFIED = Path(__file__).with_name("verified.jsonl")
SECONDS = 1
"""Of processor time that a suite may take; a bug that makes it take longer is left out."""
TRIED = 80
"""How many bugs of a package are tried."""
MOST_BROKEN = 0.35
"""A bug that breaks more of the tests than this is not planted: nobody would ship it."""


class _Told(AssertionError):
    """An assertion of a comparison that failed; its arguments are both sides as text, and the operator between them."""


class _Telling(ast.NodeTransformer):
    """Makes every ``assert left op right`` tell both sides, and takes the fixtures' decorators off."""

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        if not isinstance(node.test, ast.Compare) or len(node.test.ops) != 1:
            return node
        operator = ast.unparse(ast.Compare(ast.Name("a"), node.test.ops, [ast.Name("b")]))[2:-2]
        code = f"_a, _b = 0, 0\nif not (_a {operator} _b): raise _Told(repr(_a), {operator!r}, repr(_b))"
        both, check = ast.parse(code).body
        assert isinstance(both, ast.Assign)
        both.value = ast.Tuple([node.test.left, node.test.comparators[0]], ast.Load())
        for part in (both, *ast.walk(check)):
            ast.copy_location(part, node)
        return [ast.fix_missing_locations(both), check]  # type: ignore[return-value]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [each for each in node.decorator_list if ast.unparse(each) != "pytest.fixture"]
        return self.generic_visit(node)


def run_suite(tree: Mapping[str, str]) -> tuple[dict[str, str], dict[str, dict[str, Any]]] | None:
    """Outcomes and failures of a package's own tests, from a child process; None if it ended otherwise.

    The tests are called as they are, a hundred times as fast as by pytest: they have no more than fixtures.
    """
    import pytest  # noqa: F401  # what the tests import, once for all children

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            with tempfile.TemporaryDirectory() as folder, os.fdopen(writing, "w") as pipe:
                json.dump(_run(Path(folder), tree), pipe)
        finally:
            os._exit(0)  # nothing of the parent is done twice
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return tuple(json.loads(said)) if said else None


def _run(folder: Path, tree: Mapping[str, str]) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    for path, text in tree.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    outcomes: dict[str, str] = {}
    failures: dict[str, dict[str, Any]] = {}
    for path in sorted(tree):
        if path.startswith("tests/"):
            _run_module(path, tree[path], outcomes, failures)
    return outcomes, failures


def _run_module(path: str, source: str, outcomes: dict[str, str], failures: dict[str, dict[str, Any]]) -> None:
    module = ast.parse(source)
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    fixtures = {name for name, node in functions.items() if node.decorator_list}
    names: dict[str, Any] = {"_Told": _Told}
    try:
        exec(compile(_Telling().visit(module), path, "exec"), names)
    except Exception as error:  # the package cannot be imported
        outcomes[path] = f"failed: {error}"
        return
    for name, function in list(names.items()):
        if name.startswith("test_"):
            wanted = inspect.signature(function).parameters
            assert set(wanted) <= fixtures, f"{path}::{name}: only fixtures of its own module"
            try:
                function(**{fixture: names[fixture]() for fixture in wanted})
            except BaseException as error:  # what pytest.raises raises is no Exception
                outcomes[f"{path}::{name}"] = "failed"
                failures[f"{path}::{name}"] = _failure(path, functions[name], error)
            else:
                outcomes[f"{path}::{name}"] = "passed"


def _failure(path: str, test: ast.FunctionDef, error: BaseException) -> dict[str, Any]:
    """The line of the test that failed, 0 if it was one of a fixture, and how."""
    inside = range(test.lineno, (test.end_lineno or 0) + 1)
    frames = traceback.walk_tb(error.__traceback__)
    lines = [number for frame, number in frames if frame.f_code.co_filename == path and number in inside]
    told = {"compared": list(error.args)} if isinstance(error, _Told) else {}
    return {"line": lines[0] if lines else 0, "error": type(error).__name__, "said": str(error)[:300], **told}


def candidates(package: str) -> list[tuple[str, Bug]]:
    """The bugs that are tried, with their files: one or two a line, the kinds taken in turn."""
    found = [
        (path, bug) for path, source in files(package).items() if path.startswith(f"{package}/") for bug in bugs(source)
    ]
    found.sort(key=lambda item: sha256(repr(item).encode()).digest())
    rank: Counter[str] = Counter()
    per_line: Counter[tuple[str, int]] = Counter()
    in_turn: list[tuple[int, int, str, Bug]] = []
    for path, bug in found:
        if per_line[path, bug.line] < 2:
            per_line[path, bug.line] += 1
            rank[bug.kind] += 1
            in_turn.append((rank[bug.kind], len(in_turn), path, bug))
    return [(path, bug) for _, _, path, bug in sorted(in_turn, key=lambda item: item[:2])[:TRIED]]


def verify(package: str) -> Iterator[dict[str, Any]]:
    """The package's tests, then a row for each bug that breaks some of them and leaves the rest alone.

    Raises:
        ValueError: a test fails without any bug.
    """
    clean = files(package)
    result = run_suite(clean)
    if result is None or set(result[0].values()) != {"passed"}:
        raise ValueError(f"the tests of {package} fail without a bug: {result}")
    tests = list(result[0])
    yield {"package": package, "sha256": content_hash(clean), "tests": tests}
    for path, bug in candidates(package):
        if (row := try_bug(package, tests, path, bug)) is not None:
            yield row


def try_bug(package: str, tests: Sequence[str], path: str, bug: Bug) -> dict[str, Any] | None:
    """The row of a bug; None if it breaks nothing, too much, or nothing that a user could report."""
    clean = files(package)
    result = run_suite({**clean, path: bug.plant(clean[path])})
    if result is None or list(result[0]) != list(tests):
        return None
    broken = [test for test in tests if result[0][test] == "failed"]
    telling = [test for test in broken if _tells(result[1][test])]
    if not telling or len(broken) > MOST_BROKEN * len(tests):
        return None
    fails = [telling[0], *(test for test in broken if test != telling[0])]
    return {"package": package, "path": path, "bug": astuple(bug), "fails": fails, "failure": result[1][telling[0]]}


def _tells(failure: Mapping[str, Any]) -> bool:
    """Whether a user could report the failure: its line is known, and it reads the same in every process."""
    text = json.dumps(failure)
    return bool(failure["line"]) and " at 0x" not in text and tempfile.gettempdir() not in text


def content_hash(tree: Mapping[str, str]) -> str:
    """The SHA-256 (hex) of a package's files: rows hold for these only."""
    return sha256(json.dumps(sorted(tree.items())).encode()).hexdigest()


def main() -> None:
    """Write the table; the rows of a package that has not changed are taken over."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in VERIFIED.read_text(encoding="utf-8").split("\n") if VERIFIED.exists() else ():
        if line:
            rows.setdefault(json.loads(line)["package"], []).append(json.loads(line))
    for package in PACKAGES:
        if rows.get(package, [{}])[0].get("sha256") != content_hash(files(package)):
            rows[package] = list(verify(package))
            with replacing(VERIFIED) as file:
                file.write("".join(json.dumps(row) + "\n" for each in rows.values() for row in each).encode())
        print(f"{package}: {len(rows[package]) - 1} bugs", flush=True)


if __name__ == "__main__":
    main()
