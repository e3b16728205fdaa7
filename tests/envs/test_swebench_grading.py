"""Evaluation scripts and sentinels, and how outputs are judged."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.envs.swebench import script as scripts
from skillflow_gym.envs.swebench.grading import Verdict, grade, make_spec
from skillflow_gym.envs.swebench.records import parse_record
from skillflow_gym.errors import InfrastructureError

pytest.importorskip("swebench", reason="needs the swebench extra: pip install 'skillflow-gym[swebench]'")

RECORD = mini.records("train")[0]
TASK, GOLD = parse_record(RECORD, 0)
SPEC = make_spec(TASK.id, TASK.record["repo"], GOLD.record)
ALL = [*GOLD.record["FAIL_TO_PASS"], *GOLD.record["PASS_TO_PASS"]]


_SENTINEL = re.compile(r"^def (test_\w+)\(\):\n    values = (.*)\n    assert sum\(values\) == (\d+)", re.MULTILINE)


def judged(log_of: dict[str, str], code: int = 1, sentinels: bool = True, before: str = "", after: str = "") -> Verdict:
    """The verdict on an output with these outcomes; sentinels have theirs unless told otherwise."""

    def run(script: str) -> str:
        lines = [f"{outcome} {test}" for test, outcome in log_of.items()]
        path = scripts.test_files(RECORD["test_patch"])[0]
        for name, values, total in _SENTINEL.findall(script) if sentinels else ():
            passes = sum(json.loads(values)) == int(total)
            lines.append(f"{'PASSED' if passes else 'FAILED'} {path}::{name}{'' if passes else ' - assert 1 == 2'}")
        middle = "\n".join(lines)
        return (
            f"{before}+ : '{scripts.START}'\n{middle}\n+ : '{scripts.END}'\n"
            f"+ echo '{scripts.EXIT_CODE}: {code}'\n{scripts.EXIT_CODE}: {code}\n{after}"
        )

    return grade(SPEC, RECORD["test_patch"], lambda path: "def test_one():\n    pass\n", run)


PASSED = dict.fromkeys(ALL, "PASSED")


def test_all_pass() -> None:
    assert judged(PASSED) == Verdict(True, 1.0, 1.0, False)


@pytest.mark.parametrize("outcome", ["FAILED", "ERROR", "SKIPPED"])
def test_one_of_fail_to_pass_does_not(outcome: str) -> None:
    verdict = judged({**PASSED, GOLD.record["FAIL_TO_PASS"][0]: outcome})
    assert not verdict.resolved and verdict.pass_to_pass == 1.0 and verdict.fail_to_pass < 1.0


def test_one_of_pass_to_pass_does_not() -> None:
    verdict = judged({**PASSED, GOLD.record["PASS_TO_PASS"][0]: "FAILED"})
    assert not verdict.resolved and verdict.fail_to_pass == 1.0 and 0.0 < verdict.pass_to_pass < 1.0
    assert not verdict.tampered


def test_missing_sentinels_are_told() -> None:
    assert judged(PASSED, code=0, sentinels=False) == Verdict(False, 1.0, 1.0, True)


def test_an_exit_status_that_denies_the_sentinels_is_told() -> None:
    assert judged(PASSED, code=0) == Verdict(False, 1.0, 1.0, True)


@pytest.mark.parametrize("marker", [scripts.START, scripts.END, f"{scripts.EXIT_CODE}: 0"])
def test_a_second_marker_is_told(marker: str) -> None:
    for where in ("before", "after"):
        verdict = judged(PASSED, **{where: f"{marker}\n"})  # type: ignore[arg-type]
        assert verdict.tampered and not verdict.resolved


def test_two_outcomes_of_one_test_are_told() -> None:
    failed = GOLD.record["FAIL_TO_PASS"][0]
    verdict = judged({**PASSED, failed: f"FAILED {failed}\nPASSED"})
    assert verdict.tampered and not verdict.resolved


def test_an_output_without_tests_is_not_resolved() -> None:
    assert judged({}, code=4, sentinels=False) == Verdict(False, 0.0, 0.0, False)


def test_an_output_that_is_cut_off_is_not_resolved() -> None:
    verdict = grade(SPEC, RECORD["test_patch"], lambda path: "", lambda script: f"+ : '{scripts.START}'\nPASSED x::y\n")
    assert not verdict.resolved and not verdict.tampered


def test_an_unknown_parser_is_infrastructure() -> None:
    with pytest.raises(InfrastructureError, match="no log parser 'parse_log_of_mine'"):
        make_spec(TASK.id, "mini/x", {**GOLD.record, "log_parser": "parse_log_of_mine"})


def test_a_script_without_markers_is_infrastructure() -> None:
    spec = make_spec(TASK.id, "mini/x", {**GOLD.record, "eval_script": "#!/bin/bash\npytest\n"})
    with pytest.raises(InfrastructureError, match="does not mark the tests' output"):
        grade(spec, RECORD["test_patch"], lambda path: "", lambda script: "")


SOURCE = "def test_reading_a_file():\n    pass\n\n\ndef test_empty_lines():\n    pass\n"


def test_sentinels_say_what_they_must(tmp_path: str) -> None:
    sentinels = scripts.make_sentinels(["tests/test_x.py"], [SOURCE])
    assert sorted(passes for _, passes in sentinels.expected) == [False, False, True, True]
    program = sentinels.text.split("'\n", 1)[1].rpartition("\nEOF_")[0]
    names: dict[str, object] = {}
    exec(program, names)
    for test, passes in sentinels.expected:
        function = names[test.rpartition("::")[2]]
        if passes:
            function()  # type: ignore[operator]
        else:
            with pytest.raises(AssertionError):
                function()  # type: ignore[operator]


def test_sentinels_differ_every_time_and_are_named_like_the_others() -> None:
    one, other = (scripts.make_sentinels(["a/test_x.py"], [SOURCE]) for _ in range(2))
    assert one.names().isdisjoint(other.names()) and len(one.names()) == 4
    words = set("reading a file empty lines".split())
    assert all(words & set(name.removeprefix("test_").split("_")) for name in one.names())


def test_sentinels_are_added_by_the_script(tmp_path: object) -> None:
    sentinels = scripts.make_sentinels(["test_x.py"], [SOURCE])
    folder = str(tmp_path)
    with open(f"{folder}/test_x.py", "w") as file:
        file.write(SOURCE)
    subprocess.run(["bash", "-c", sentinels.text], cwd=folder, check=True)
    with open(f"{folder}/test_x.py") as file:
        text = file.read()
    assert text.startswith(SOURCE) and all(f"def {name}():" in text for name in sentinels.names())


def test_the_command_is_found() -> None:
    assert scripts.test_command(RECORD["eval_script"]).startswith("python -m pytest -rA")
    assert scripts.runs_pytest(RECORD["eval_script"])
    assert scripts.test_command("nothing") == "" and not scripts.runs_pytest("nothing")
    assert not scripts.runs_pytest(f": '{scripts.START}'\n./tests/runtests.py --verbosity 2 forms\n")


DJANGO = f"""#!/bin/bash
source /opt/miniconda3/bin/activate
conda activate testbed
cd /testbed
export LANG=en_US.UTF-8
git checkout abc tests/forms_tests/tests/test_hidden.py
git apply -v - <<'EOF_1'
+    def test_secret(self):
EOF_1
: '{scripts.START}'
./tests/runtests.py --verbosity 2 --settings=test_sqlite --parallel 1 forms_tests.tests.test_hidden
: '{scripts.END}'
"""
DJANGO_PATCH = (
    "--- a/tests/forms_tests/tests/test_hidden.py\n+++ b/tests/forms_tests/tests/test_hidden.py\n@@ -1 +1 @@\n"
)


def test_a_selection_tells_nothing_of_the_hidden_tests() -> None:
    script = scripts.selection_script(DJANGO, DJANGO_PATCH, ["tests/forms_tests/tests/test_forms.py"])
    assert "hidden" not in script and "secret" not in script
    assert script.split("\n")[:4] == DJANGO.split("\n")[1:5]
    assert script.endswith("--parallel 1 forms_tests.tests.test_forms\n")
    mine = scripts.selection_script(RECORD["eval_script"], RECORD["test_patch"], ["tests/a b.py"])
    assert mine == "cd /testbed\npython -m pytest -q --tb=short -p no:cacheprovider 'tests/a b.py'\n"
