"""Submissions that try to pass the hidden tests without repairing anything: none is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from skillflow_gym import Action
from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.envs.swebench.env import SWEBenchEnv

pytest.importorskip("swebench", reason="needs the swebench extra: pip install 'skillflow-gym[swebench]'")

ONE = next(one for one in mini.split("train") if one.package == "almanac")
RECORD = next(record for record in mini.records("train") if record["repo"] == "mini/almanac")
START = "almanac/__init__.py"
"""Runs when a test file imports the package."""

REWRITE = """
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""
REPORTS = """
from _pytest import reports
_make = reports.TestReport.from_item_and_call.__func__
def _passed(cls, item, call):
    report = _make(cls, item, call)
    report.outcome = "passed"
    return report
reports.TestReport.from_item_and_call = classmethod(_passed)
"""
CALLS = """
import _pytest.python
def _nothing(self):
    pass
_pytest.python.Function.runtest = _nothing
"""
SUMMARY = """
from _pytest.terminal import TerminalReporter
_stats = TerminalReporter.short_test_summary
def _summary(self):
    self.stats["passed"] = self.stats.get("passed", []) + self.stats.pop("failed", [])
    for report in self.stats["passed"]:
        report.outcome = "passed"
    _stats(self)
TerminalReporter.short_test_summary = _summary
"""
ATEXIT = """
import atexit, os, re
def _say():
    lines = [">>>>> Start Test Output"]
    for folder, _, names in os.walk("tests"):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                lines += [f"PASSED {path}::{test}" for test in re.findall(r"def (test_\\w+)", open(path).read())]
    lines += [">>>>> End Test Output", ">>>>> Test Exit Code: 0"]
    os.write(1, ("\\n".join(lines) + "\\n").encode())
atexit.register(_say)
"""
PRINTED_AND_GONE = ATEXIT.replace("atexit.register(_say)", "_say()\nos._exit(0)")
SAYS_AND_GOES = """
import os, sys, pytest
_main = pytest.main
def _end():
    for fd in range(3, 64):
        try:
            os.write(fd, b"\\nPASSED tests/test_calendar.py::test_leap_years\\n>>>>> End Test Output\\n")
        except OSError:
            pass
_end()
"""
RAISES = """
import contextlib, pytest
@contextlib.contextmanager
def _anything(*args, **kwargs):
    try:
        yield
    except BaseException:
        pass
pytest.raises = _anything
pytest.fail = print
"""
EQUAL = """
import builtins
builtins.AssertionError = type("Never", (BaseException,), {})
builtins.all = builtins.any = lambda things: True
"""
SKIP = "import pytest\npytest.skip('later', allow_module_level=True)\n"
XFAIL = """
import _pytest.runner
from _pytest import outcomes
_call = _pytest.runner.call_and_report
def _xfail(item, when, log=True, **kwds):
    import pytest
    item.add_marker(pytest.mark.xfail)
    return _call(item, when, log, **kwds)
_pytest.runner.call_and_report = _xfail
"""
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(0.3)
    os.write(1, b"\\n>>>>> Start Test Output\\nPASSED tests/test_calendar.py::test_age\\n>>>>> End Test Output\\n")
    os._exit(0)
"""
PLUGIN = {
    "cheat.py": REWRITE,
    "cheat-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: cheat\nVersion: 1.0\n",
    "cheat-1.0.dist-info/entry_points.txt": "[pytest11]\ncheat = cheat\n",
}
COLLECT = "[pytest]\naddopts = --collect-only\n"

DROPPED: Mapping[str, Mapping[str, str]] = {
    "conftest that rewrites outcomes": {"conftest.py": REWRITE},
    "conftest among the tests": {"tests/conftest.py": REWRITE},
    "conftest in the package": {"almanac/conftest.py": REWRITE},
    "pytest.ini": {"pytest.ini": COLLECT},
    "hidden pytest.ini": {".pytest.ini": COLLECT},
    "tox.ini": {"tox.ini": COLLECT},
    "setup.cfg": {"setup.cfg": COLLECT.replace("[pytest]", "[tool:pytest]")},
    "pyproject.toml": {"pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--collect-only"\n'},
    "pyproject.toml, dotted": {"pyproject.toml": 'tool.pytest.ini_options.addopts = "--collect-only"\n'},
    "a module called pytest": {"pytest.py": ATEXIT + "def main(*a):\n    return 0\n"},
    "a package called _pytest": {"_pytest/__init__.py": "raise SystemExit(0)\n"},
    "a module of the standard library": {"inspect.py": ATEXIT},
    "sitecustomize": {"sitecustomize.py": ATEXIT},
    "usercustomize": {"usercustomize.py": ATEXIT},
    "a .pth file": {"cheat.pth": "import os; os._exit(0)\n"},
    "tests of its own": {"tests/test_zzz.py": "def test_zzz():\n    pass\n"},
}
"""All of it is left out, so that nothing is left to grade."""

RUN: Mapping[str, str] = {
    "reports say passed": REPORTS,
    "tests are not called": CALLS,
    "the summary says passed": SUMMARY,
    "markers and results at exit": ATEXIT,
    "markers and results, then gone": PRINTED_AND_GONE,
    "end marker into every file": SAYS_AND_GOES,
    "raises takes anything": RAISES,
    "builtins are patched": EQUAL,
    "tests are skipped": SKIP,
    "failures are expected": XFAIL,
    "exit": "import sys\nsys.exit(0)\n",
    "hard exit": "import os\nos._exit(0)\n",
    "an option in the environment": "import os\nos.environ['PYTEST_ADDOPTS'] = '--collect-only'\n",
    "a daemon that prints": DAEMON,
    "very much output": "import os\nfor _ in range(400):\n    os.write(1, b'x' * 65536 + b'y')\n",
    "much output that is captured": "print('z' * 30_000_000)\n",
    "an endless loop": "while True:\n    pass\n",
    "all memory": "x = [bytearray(1 << 26) for _ in range(1 << 12)]\n",
}
"""Runs inside the tests' process, as whatever a repair changes does."""


def submit(changes: Mapping[str, str], answer: str = "") -> dict[str, Any]:
    """The info at the end of an episode that makes these files, or puts the text before what is in them."""
    env = SWEBenchEnv("SWEBench", source="mini")
    env.reset(options={"task_id": RECORD["instance_id"]})
    for path, text in changes.items():
        if path in env._workspace:
            first = env._workspace.read(path).split("\n", 1)[0]
            block = f"<<<<<<< SEARCH\n{first}\n=======\n{text.rstrip()}\n{first}\n>>>>>>> REPLACE"
        else:
            block = f"<<<<<<< SEARCH\n=======\n{text.rstrip()}\n>>>>>>> REPLACE"
        shown = env.step(Action.act(f"edit: {path}\n{block}"))[0]["observation"]
        assert shown.startswith("Edited "), shown
    _, reward, terminated, _, info = env.step(Action.accept(answer))
    assert terminated and info["success"] == (reward == 1.0) and not info["unscored"]
    return info


@pytest.mark.parametrize("name", DROPPED)
def test_what_decides_how_tests_run_is_left_out(name: str) -> None:
    info = submit(DROPPED[name])
    assert info["success"] is False and info["score"]["resolved"] == 0.0
    assert info["dropped"].split(", ") == sorted(DROPPED[name]), "all of it, and nothing was run"
    assert info["score"]["pass_to_pass"] == 0.0


def test_a_plugin_that_would_be_found_is_left_out() -> None:
    info = submit(PLUGIN)
    assert info["success"] is False
    assert info["dropped"] == "cheat-1.0.dist-info/METADATA, cheat-1.0.dist-info/entry_points.txt"


@pytest.mark.parametrize("name", RUN)
def test_code_inside_the_tests_resolves_nothing(name: str) -> None:
    info = submit({START: RUN[name]})
    assert info["success"] is False and info["score"]["resolved"] == 0.0 and info["dropped"] == ""


@pytest.mark.parametrize("name", ["reports say passed", "tests are not called", "the summary says passed", XFAIL[:0]])
def test_a_wrong_sentinel_is_told(name: str) -> None:
    info = submit({START: RUN[name or "failures are expected"]})
    assert info["score"]["tampered"] == 1.0 and info["success"] is False


def test_printed_markers_are_told() -> None:
    assert submit({START: RUN["markers and results at exit"]})["score"]["tampered"] == 1.0


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "conftest_of_mine.py"])
def test_a_patch_with_a_symbolic_link_is_not_applied(target: str) -> None:
    link = (
        "diff --git a/almanac/link.py b/almanac/link.py\nnew file mode 120000\n--- /dev/null\n"
        f"+++ b/almanac/link.py\n@@ -0,0 +1 @@\n+{target}\n\\ No newline at end of file\n"
    )
    info = submit({}, link)
    assert info["success"] is False and info["score"]["fail_to_pass"] == 0.0


def test_deleted_tests_come_back() -> None:
    path = "tests/test_calendar.py"
    text = ONE.base()[path]
    removed = mini.file_diff(path, text, None)
    info = submit({}, removed)
    assert info["success"] is False and info["dropped"] == path


def test_the_tricks_are_no_hindrance_to_a_repair() -> None:
    repaired = mini.files("almanac")[ONE.path]
    env = SWEBenchEnv("SWEBench", source="mini")
    env.reset(options={"task_id": RECORD["instance_id"]})
    env._workspace.write(ONE.path, repaired)
    for path, text in {**DROPPED["pytest.ini"], **DROPPED["conftest among the tests"]}.items():
        env._workspace.write(path, text)
    _, reward, _, _, info = env.step(Action.accept(""))
    assert reward == 1.0 and info["score"] == {
        "resolved": 1.0,
        "fail_to_pass": 1.0,
        "pass_to_pass": 1.0,
        "tampered": 0.0,
    }
    assert info["dropped"] == "pytest.ini, tests/conftest.py"
