"""Whether a submission resolves its issue: by swebench's own parsers and report, with sentinels beside the tests."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from skillflow_gym.envs.swebench import script as scripts
from skillflow_gym.envs.swebench.script import Sentinels
from skillflow_gym.errors import InfrastructureError

_EXIT_CODE = re.compile(rf"^{scripts.EXIT_CODE}: (-?\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """How a submission was graded.

    Attributes:
        resolved: whether all FAIL_TO_PASS and all PASS_TO_PASS pass.
        fail_to_pass, pass_to_pass: the shares of them that pass.
        tampered: whether a sentinel had another outcome than it must have, or the output was not the script's alone.
    """

    resolved: bool = False
    fail_to_pass: float = 0.0
    pass_to_pass: float = 0.0
    tampered: bool = False


@cache
def swebench() -> Any:
    """The parts of swebench that grade: slow to import, so at the first use."""
    from types import SimpleNamespace

    from swebench.harness.grading import get_eval_report
    from swebench.harness.log_parsers import PARSER_REGISTRY
    from swebench.harness.utils import make_test_spec

    return SimpleNamespace(get_eval_report=get_eval_report, parsers=PARSER_REGISTRY, make_test_spec=make_test_spec)


def make_spec(task_id: str, repo: str, gold: Mapping[str, Any]) -> Any:
    """Swebench's TestSpec of a record.

    Raises:
        InfrastructureError: swebench has no such log parser.
    """
    if gold["log_parser"] not in swebench().parsers:
        raise InfrastructureError(f"{task_id}: swebench has no log parser {gold['log_parser']!r}")
    return swebench().make_test_spec({**gold, "instance_id": task_id, "repo": repo})


def grade(spec: Any, test_patch: str, read: Callable[[str], str], run: Callable[[str], str]) -> Verdict:
    """Run a record's evaluation script and judge what it printed.

    Args:
        spec: from ``make_spec``.
        test_patch: the record's.
        read: the text of a test file as it is before the test patch, "" if it is not there.
        run: runs a script where the submission is applied; returns all it printed, both streams in order.

    Raises:
        InfrastructureError: the script could not be run.
    """
    script = spec.eval_script
    sentinels = Sentinels("", ())
    if scripts.START not in script or scripts.END not in script:
        raise InfrastructureError(f"{spec.instance_id}: the record's eval_script does not mark the tests' output")
    if scripts.runs_pytest(script):
        paths = [path for path in scripts.test_files(test_patch) if _takes_functions(path, read(path) + test_patch)]
        sentinels = scripts.make_sentinels(paths, [read(path) for path in paths])
        script = scripts.insert_before_start(script, sentinels.text)
    log = run(script)
    sound, tampered = _judge(log, spec, sentinels)
    report = _report(_without(log, sentinels), spec)
    shares = {
        name: len(tests["success"]) / (len(tests["success"]) + len(tests["failure"]) or 1)
        for name, tests in report.get("tests_status", {}).items()
    }
    return Verdict(
        resolved=bool(report["resolved"]) and sound,
        fail_to_pass=shares.get("FAIL_TO_PASS", 0.0),
        pass_to_pass=shares.get("PASS_TO_PASS", 0.0),
        tampered=tampered,
    )


def _takes_functions(path: str, text: str) -> bool:
    """Whether pytest collects the functions of the file as they are; marks of a module could change them."""
    name = path.rpartition("/")[2]
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")) and "pytestmark" not in text


def _judge(log: str, spec: Any, sentinels: Sentinels) -> tuple[bool, bool]:
    """Whether every sentinel had its outcome, and whether the output says what it could not say of an untouched run.

    A run that never came to its tests (a time limit, an error on import) has no sentinels, and no sign of tampering.
    """
    codes = _EXIT_CODE.findall(log)
    if log.count(scripts.START) > 1 or log.count(scripts.END) > 1 or len(codes) > 1:
        return False, True
    if not sentinels.expected:
        return True, False
    output = log.partition(scripts.START)[2].partition(scripts.END)[0]
    if _contradicts_itself(output):
        return False, True
    outcomes = swebench().parsers[spec.log_parser](output, spec)
    by_name = {test.rpartition("::")[2]: outcome for test, outcome in outcomes.items()}
    files = {test.partition("::")[0] for test in outcomes if "::" in test}
    tampered = False
    for test, passes in sentinels.expected:
        path, _, name = test.partition("::")
        outcome = by_name.get(name)
        # One that is missing is none of our business where its whole file is.
        tampered |= path in files if outcome is None else (outcome == "PASSED") != passes
    sound = not tampered and all(test.partition("::")[2] in by_name for test, _ in sentinels.expected)
    if sound and codes == ["0"]:
        return False, True  # a test failed, and the command says that none did
    return sound, tampered


def _contradicts_itself(output: str) -> bool:
    """Whether a test has both passed and failed. Names that the parsers cut at a space may stand for several tests."""
    said: dict[str, set[str]] = {}
    for outcome, test in re.findall(r"^(PASSED|FAILED) (\S+)", output, re.MULTILINE):
        if test.count("[") == test.count("]"):
            said.setdefault(test, set()).add(outcome)
    return any(len(outcomes) > 1 for outcomes in said.values())


def _without(log: str, sentinels: Sentinels) -> str:
    """The log as it is without sentinels.

    The exit status says that a test failed: with sentinels, one always does, and swebench takes that for a
    contradiction where no other has. It was looked at in ``_tampered``.
    """
    if not sentinels.expected:
        return log
    names = sentinels.names()
    hidden = re.compile("|".join([*map(re.escape, sorted(names)), re.escape(scripts.EXIT_CODE)]))
    return "\n".join(line for line in log.split("\n") if not hidden.search(line))


def _report(log: str, spec: Any) -> dict[str, Any]:
    """Swebench's report of the log."""
    with tempfile.NamedTemporaryFile("w", suffix=".log", encoding="utf-8", newline="") as file:
        file.write(log)
        file.flush()
        prediction = {"instance_id": spec.instance_id, "model_name_or_path": "skillflow", "model_patch": "a patch"}
        report = swebench().get_eval_report(spec, prediction, file.name, include_tests_status=True)
    return json.loads(json.dumps(report[spec.instance_id]))  # type: ignore[no-any-return]
