"""The SWEBench environment: its tools, what accept submits, backends, and what it says when something is wrong."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from skillflow_gym import Action, InfrastructureError
from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.envs.mini.swebench.packages import files
from skillflow_gym.envs.swebench import env, local, tools
from skillflow_gym.envs.swebench.env import SWEBenchEnv
from skillflow_gym.sources import SourceError
from skillflow_gym.tasks import RecordError
from tests.envs.swebench_files import write

pytest.importorskip("swebench", reason="needs the swebench extra: pip install 'skillflow-gym[swebench]'")

ONE = next(one for one in mini.split("train") if one.package == "ledger" and len(one.fails) > 1)
RECORD = next(r for r in mini.records("train") if r["instance_id"].endswith(ONE.key[:8]))


@pytest.fixture
def made() -> Iterator[SWEBenchEnv]:
    """An episode about ONE."""
    made = SWEBenchEnv("SWEBench", source="mini")
    made.reset(options={"task_id": RECORD["instance_id"]})
    yield made
    made.close()


def say(made: SWEBenchEnv, text: str) -> str:
    return str(made.step(Action.act(text))[0]["observation"])


def test_the_first_observation_lists_the_tools(made: SWEBenchEnv) -> None:
    observation, info = made.reset(options={"task_id": RECORD["instance_id"]})
    assert observation["task"] == RECORD["problem_statement"].strip()
    assert [line.partition(":")[0] for line in observation["observation"].split("\n")[1:]] == [
        *("list", "search", "view", "edit", "run", "diff"),
    ]
    assert info["graded_by"] == "local" and info["dropped"] == ""


def test_list(made: SWEBenchEnv) -> None:
    assert say(made, "list:").split("\n") == sorted(files("ledger"))
    assert say(made, "list: tests") == "\n".join(p for p in sorted(files("ledger")) if p.startswith("tests/"))
    assert say(made, "list: nowhere") == "nowhere: no such folder"
    assert "not a path of the repository" in say(made, "list: ../..")


def test_search(made: SWEBenchEnv) -> None:
    base = ONE.base()
    number = base["ledger/money.py"].split("\n").index("def parse_cents(text):") + 1
    assert say(made, "search: def parse_cents") == f"ledger/money.py:{number}: def parse_cents(text):"
    both = say(made, "search: def parse_cents|def format_cents").split("\n")
    assert len(both) == 2 and all(line.startswith("ledger/money.py:") for line in both)
    assert say(made, "search: def par.*text") == say(made, "search: def parse_cents")
    assert say(made, "search: no such words anywhere") == "Nothing found."
    assert say(made, "search:   ") == "Nothing to search for."
    assert say(made, "search: (.+)+$") == "Nothing found.", "no pattern takes long"
    assert say(made, "search: e").endswith(" more]")


def test_view(made: SWEBenchEnv) -> None:
    lines = ONE.base()["ledger/money.py"].rstrip("\n").split("\n")
    shown = say(made, "view: ledger/money.py:3-5").split("\n")
    assert shown == [f"ledger/money.py, lines 3 to 5 of {len(lines)}:", *(f"    {n} {lines[n - 1]}" for n in (3, 4, 5))]
    assert len(say(made, "view: ledger/money.py").split("\n")) == 1 + min(len(lines), tools.MAX_LINES)
    assert say(made, "view: ledger/money.py:9999-10000") == f"ledger/money.py: it has the lines 1 to {len(lines)}"
    assert say(made, "view: ledger/money.py:5-3") == f"ledger/money.py: it has the lines 1 to {len(lines)}"
    assert say(made, "view: ledger/gold.py") == "ledger/gold.py: no such file"
    assert "not a path of the repository" in say(made, "view: /etc/passwd")


def block(path: str, old: str, new: str) -> str:
    return f"edit: {path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE"


def test_edit_and_diff(made: SWEBenchEnv) -> None:
    assert say(made, "diff:") == "No changes."
    shown = say(made, block("ledger/money.py", "import re", "import os\nimport re"))
    assert shown.startswith("Edited ledger/money.py, lines 1 to ") and "    3 import os\n    4 import re" in shown
    difference = say(made, "diff:")
    assert difference.startswith("diff --git a/ledger/money.py b/ledger/money.py\n") and "\n+import os\n" in difference
    assert say(made, "diff: ledger/bank.py") == "No changes."
    assert say(made, "diff: ledger") == difference
    assert say(made, block("ledger/money.py", "import os\nimport re", "import re")).startswith("Edited ")
    assert say(made, "diff:") == "No changes.", "what was taken back is no change"


def test_edit_makes_a_file_and_removes_lines(made: SWEBenchEnv) -> None:
    assert say(made, "edit: ledger/new.py\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE").startswith(
        "Edited ledger/new.py"
    )
    assert "new file mode 100644" in say(made, "diff:")
    shown = say(made, "edit: ledger/new.py\n<<<<<<< SEARCH\nx = 1\n=======\n>>>>>>> REPLACE")
    assert shown.startswith("Edited ledger/new.py")
    assert say(made, "view: ledger/new.py") == "ledger/new.py, lines 1 to 1 of 1:\n    1 "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (block("ledger/money.py", "no such line", "x"), "the old text is not in the file"),
        (block("ledger/money.py", "mport re", "x"), "the old text is not in the file"),
        (block("ledger/money.py", "        negative = True", "x"), "is in the file 2 times; add lines around it"),
        (block("ledger/none.py", "a", "b"), "no such file; to make it, leave the old text empty"),
        ("edit: ledger/money.py\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE", "the old text is empty"),
        ("edit: ledger/money.py\nimport re", "expected the path on the first line"),
        ("edit: ledger/money.py", "expected the path on the first line"),
        ("edit:", "not a path of the repository"),
        (block("../outside.py", "a", "b"), "not a path of the repository"),
        (block("ledger", "a", "b"), "no such file"),
        (block("ledger/money.py", "import re", "x\0"), "not a text"),
        (block("ledger/money.py", "import re", "\ud800"), "not valid Unicode"),
        (RECORD["patch"].replace("@@ -", "@@ -9999,").join(["edit: ", ""]), "does not apply"),
    ],
)
def test_an_edit_that_cannot_be_made_says_why(made: SWEBenchEnv, text: str, message: str) -> None:
    shown = say(made, text)
    assert shown.startswith("Not edited: ") and message in shown
    assert say(made, "diff:") == "No changes."


def test_several_blocks_and_windows_lines() -> None:
    from skillflow_gym.envs.swebench.tree import MemoryTree
    from skillflow_gym.envs.swebench.workspace import Workspace

    workspace = Workspace(MemoryTree({"a.txt": "one\r\ntwo\r\nthree\r\n", "b.txt": "last"}))
    bench = tools.Tools(workspace, lambda selection: "", lambda: pytest.fail("no sandbox is needed"))
    two = "<<<<<<< SEARCH\none\n=======\n1\n>>>>>>> REPLACE\n<<<<<<< SEARCH\nthree\n=======\n3\n>>>>>>> REPLACE"
    assert bench.edit(f"a.txt\n{two}").startswith("Edited a.txt")
    assert workspace.read("a.txt") == "1\r\ntwo\r\n3\r\n"
    assert bench.edit("b.txt\n<<<<<<< SEARCH\nlast\n=======\nfirst\n>>>>>>> REPLACE").startswith("Edited b.txt")
    assert workspace.read("b.txt") == "first"


def test_run(made: SWEBenchEnv) -> None:
    visible = [test for test in ONE.fails if test not in ONE.hidden]
    shown = say(made, "run:")
    assert f"FAILED {visible[0]}" in shown and not any(f"{test} " in shown for test in ONE.hidden)
    assert " in 0" not in shown.split("\n")[-1], "no times: they differ from run to run"
    path = visible[0].partition("::")[0]
    assert "1 failed" in say(made, f"run: {visible[0]}")
    assert path in say(made, f"run: {path}")
    assert say(made, "run: tests/test_none.py") == "Not run: tests/test_none.py: no such file or folder"
    assert say(made, "run: --collect-only") == "Not run: --collect-only: no such file or folder"
    assert say(made, "run: 'tests") == "Not run: a quotation mark is not closed"
    say(made, f"edit: {RECORD['patch']}")
    assert "failed" not in say(made, "run:").split("\n")[-1]


def test_what_tests_write_does_not_stay(made: SWEBenchEnv) -> None:
    say(made, block("ledger/money.py", "import re", "import re\nopen('left.txt', 'w').write('x')"))
    say(made, "run: tests/test_money.py")
    assert "left.txt" not in say(made, "list:")


def test_accept_grades_the_workspace(made: SWEBenchEnv) -> None:
    assert say(made, f"edit: {RECORD['patch']}") == f"Edited {ONE.path}"
    _, reward, terminated, truncated, info = made.step(Action.accept("whatever I say"))
    assert (reward, terminated, truncated, info["success"]) == (1.0, True, False, True)
    assert info["score"] == {"resolved": 1.0, "fail_to_pass": 1.0, "pass_to_pass": 1.0, "tampered": 0.0}


def test_accept_takes_a_diff_of_the_original_repository(made: SWEBenchEnv) -> None:
    say(made, block("ledger/money.py", "import re", "import no_such_module"))
    _, reward, *_, info = made.step(Action.accept(RECORD["patch"]))
    assert reward == 1.0 and info["success"] is True


@pytest.mark.parametrize("answer", ["", RECORD["test_patch"], RECORD["patch"].replace("@@ -", "@@ -9999,")])
def test_accept_of_nothing_that_repairs(made: SWEBenchEnv, answer: str) -> None:
    _, reward, terminated, _, info = made.step(Action.accept(answer))
    assert (reward, terminated, info["success"]) == (0.0, True, False)


def test_a_half_repair_is_no_repair(made: SWEBenchEnv) -> None:
    say(made, f"edit: {RECORD['patch']}")
    say(made, block("ledger/money.py", "import re", "import re\n\nraise ImportError"))
    assert made.step(Action.accept(""))[4]["score"] == {
        **{"resolved": 0.0, "fail_to_pass": 0.0, "pass_to_pass": 0.0, "tampered": 0.0}
    }


def test_verdicts_are_remembered(made: SWEBenchEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    say(made, f"edit: {RECORD['patch']}")
    assert made.step(Action.accept(""))[1] == 1.0
    monkeypatch.setattr("skillflow_gym.envs.swebench.grading.grade", lambda *_: pytest.fail("it is known"))
    made.reset(options={"task_id": RECORD["instance_id"]})
    assert made.step(Action.accept(RECORD["patch"]))[1] == 1.0


def test_the_step_limit_is_the_registrys(made: SWEBenchEnv) -> None:
    assert made.step_limit == 28


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backend": "cloud"}, "backend 'cloud' is none of auto, local, docker"),
        ({"sandbox": "magic"}, "sandbox 'magic': expected bwrap"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        broken = SWEBenchEnv("SWEBench", source="mini", **arguments)
        broken.reset(seed=0)
        broken.step(Action.act("run:"))


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(gym.error.DependencyNotInstalled, match=r"needs the swebench extra: pip install .*swebench"):
        SWEBenchEnv("SWEBench", source="mini")


def real_like(folder: Path, **changes: str) -> str:
    """A record of a repository that is not ours."""
    return write(folder, [{**RECORD, "repo": "somebody/something", "image": "an/image:latest", **changes}])


def test_real_tasks_want_docker_and_say_so_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    from skillflow_gym.envs.swebench import docker

    docker._client.cache_clear()
    made = SWEBenchEnv("SWEBench", source=real_like(tmp_path))
    with pytest.raises(InfrastructureError, match=r"need a docker daemon, and none answers at unix:.*backend='local'"):
        made.reset(seed=0)
    docker._client.cache_clear()


def test_a_local_backend_without_a_tree_says_what_to_give(tmp_path: Path) -> None:
    made = SWEBenchEnv("SWEBench", source=real_like(tmp_path), backend="local")
    with pytest.raises(ValueError, match=r"no source tree for somebody/something: give trees='git', 'folder:PATH'"):
        made.reset(seed=0)
    made = SWEBenchEnv("SWEBench", source=real_like(tmp_path), backend="local", trees="folder:/no/such/place")
    with pytest.raises(ValueError, match="no such folder"):
        made.reset(seed=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"FAIL_TO_PASS": "[]"}, "field FAIL_TO_PASS: expected at least one test"),
        ({"FAIL_TO_PASS": "nonsense"}, "field FAIL_TO_PASS: expected a JSON list of texts"),
        ({"PASS_TO_PASS": '{"a": 1}'}, "field PASS_TO_PASS: expected a JSON list of texts"),
        ({"PASS_TO_PASS": "[1]"}, "field PASS_TO_PASS: expected a JSON list of texts"),
        ({"repo": "../../etc"}, "field repo: expected"),
        ({"repo": "nothing"}, "field repo: expected"),
        ({"base_commit": "HEAD"}, "field base_commit: expected"),
        ({"instance_id": "a b"}, "field instance_id: expected"),
        ({"problem_statement": " \n"}, "field problem_statement: expected a text"),
    ],
)
def test_records_that_make_no_sense_are_refused(changes: dict[str, str], message: str, tmp_path: Path) -> None:
    made = SWEBenchEnv("SWEBench", source=real_like(tmp_path, **changes))
    with pytest.raises(RecordError, match=f"record 0: {message}"):
        made.reset(seed=0)


def test_the_real_set_has_no_train_split(tmp_path: Path) -> None:
    write(tmp_path, [RECORD], split="test")
    with pytest.raises(SourceError, match=r"expected train\.jsonl or train\.json for split 'train'"):
        SWEBenchEnv("SWEBench", source=f"file:{tmp_path}", split="train")
    assert len(SWEBenchEnv("SWEBench", source=f"file:{tmp_path}", split="test").taskset) == 1


def test_a_folder_is_a_tree(tmp_path: Path) -> None:
    """A mini library as if it were a real repository, in a folder named as the instance, with its own environment."""
    place = tmp_path / "trees" / RECORD["instance_id"]
    for path, text in ONE.base().items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, encoding="utf-8")
    made = SWEBenchEnv("SWEBench", source=real_like(tmp_path), backend="local", trees=f"folder:{tmp_path}/trees")
    made.reset(seed=0)
    assert say(made, "list:").split("\n") == sorted(files("ledger"))
    assert json.loads(json.dumps(made.details())) == {"graded_by": "local", "dropped": ""}


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_gold_resolves_and_nothing_does_not(split: str) -> None:
    check_split(split, mini.records(split)[:: len(mini.records(split)) // 2])


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_gold_resolves_and_nothing_does_not_everywhere(split: str) -> None:
    check_split(split, mini.records(split))


def check_split(split: str, records: list[dict[str, str]]) -> None:
    """The gold patch resolves; a change that does nothing, so that the tests are run, leaves FAIL_TO_PASS failing."""
    made = SWEBenchEnv("SWEBench", source="mini", split=split)
    for record in records:
        made.reset(options={"task_id": record["instance_id"]})
        gold = made.step(Action.accept(record["patch"]))
        assert gold[1] == 1.0 and gold[4]["score"]["tampered"] == 0.0, record["instance_id"]
        made.reset(options={"task_id": record["instance_id"]})
        say(made, "edit: NOTES.txt\n<<<<<<< SEARCH\n=======\nnothing\n>>>>>>> REPLACE")
        _, reward, *_, info = made.step(Action.accept(""))
        assert reward == 0.0 and info["score"] == {
            **{"resolved": 0.0, "fail_to_pass": 0.0, "pass_to_pass": 1.0, "tampered": 0.0}
        }, record["instance_id"]


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_five_hundred_episodes_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file in the folder for temporary files, no open file, and after ``close`` of the sandbox no process."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    local.sandbox_with_pytest("bwrap").close()  # it starts again, with its files in the folder
    before = children()
    made = SWEBenchEnv("SWEBench", source="mini", split="test")
    for number in range(500):
        made.reset(options={"index": number % len(made.taskset)})
        say(made, f"edit: note.txt\n<<<<<<< SEARCH\n=======\n{number}\n>>>>>>> REPLACE")
        if number % 5 == 0:
            say(made, f"edit: {made.gold.answers[0]}")
            say(made, "run:")
        assert made.step(Action.accept(""))[1] == (1.0 if number % 5 == 0 else 0.0)
        if number == 20:
            held, opened = sorted(path.name for path in tmp_path.iterdir()), len(os.listdir("/proc/self/fd"))
    assert sorted(path.name for path in tmp_path.iterdir()) == held
    assert len(os.listdir("/proc/self/fd")) <= opened
    local.sandbox_with_pytest("bwrap").close()
    deadline = time.monotonic() + 30
    while children() - before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert children() <= before


def children() -> set[int]:
    """The processes that descend from this one."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found: set[int] = set()
    waiting = {os.getpid()}
    while waiting:
        waiting = {pid for pid, parent in parents.items() if parent in waiting} - found
        found |= waiting
    return found
