from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.cli import COMMANDS
from skillflow_gym.registration import registry, stanzas

ROOT = Path(__file__).resolve().parent.parent.parent
HEAVY = {"torch", "datasets", "pandas", "tensorboard", "transformers", "bm25s"}


def python(code: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=cwd, env=environment, timeout=120
    )


MAIN = "import sys; from skillflow_gym.cli import main; sys.exit(main())"


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, skillflow_gym.cli as cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit as exit: assert exit.code == 0, exit.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert all(f"• {name} " in done.stdout for name in COMMANDS)
    assert not HEAVY & set(done.stderr.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(skillflow: Any, command: str) -> None:
    done = skillflow(command, "--help")
    assert done.code == 0 and f"usage: skillflow {command}" in done.out


def test_without_a_command_there_is_help(skillflow: Any) -> None:
    assert "usage: skillflow" in skillflow().out


def test_list_shows_every_benchmark_and_agent(skillflow: Any) -> None:
    done = skillflow("list")
    assert done.code == 0
    rows = {line.split()[0]: line for line in done.out.splitlines() if line.strip()}
    for s in stanzas():
        row = rows[f"{s.name}-v0"]
        assert s.family in row and s.distribution.upper() in row and s.licence in row and s.metric in row
        assert all(split in row for split in s.splits)
        assert row.rstrip().endswith("ready" if s.built else "not yet")
    for name, entry in registry()["agents"].items():
        assert entry["summary"] in rows[name]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("play HotpotQ", "did you mean HotpotQA"),
        ("play no_such_module:Bench", "No module named 'no_such_module'"),
        ("play HotpotQA --source file:/no/such", "source file:/no/such: no such file or folder"),
        ("play HotpotQA --source nowhere", "none of auto, mini, hub"),
        ("play HotpotQA --split exam", "split 'exam' does not exist"),
        ("play HotpotQA --source mini --task-id no-such", "no task 'no-such' in split 'train'"),
        ("play HotpotQA --source mini --index 99999", "--index 99999: split train of source mini has"),
        ("play HotpotQA --source mini --index -1", "--index -1: split train of source mini has"),
        ("play HotpotQA --source mini --index 1 --task-id x", "not both"),
        ("play HotpotQA --source mini --seed -1", "Seed must be greater or equal to zero"),
        ("play HotpotQA --library /no/such", "/no/such is no folder"),
        ("play HotpotQA --executor oracle", "executor 'oracle' does not exist"),
        ("play HotpotQA --step-limit -1", "step_limit must be at least 1"),
        ("play HotpotQA --retrieval magic", "pooled, own"),
        ("play HotpotQA --task boil", "SkillFlow/HotpotQA-v0 has no argument 'task'"),
        ("play HotpotQA --env-args {task:,}", "task has an option of its own"),
        ("play HotpotQA --env-args [1", "is not YAML"),
        ("play HotpotQA --env-args 3", "expected names and values"),
        ("play HotpotQA --env-args {colour:,}", "SkillFlow/HotpotQA-v0 has no argument 'colour'"),
        ("play HotpotQA --env-args {split:,}", "split has an option of its own"),
        ("eval --policy magic", "choose uniform, first, or the folder of a run"),
        ("eval --rollouts 0", "--rollouts must be at least 1"),
        ("eval --tasks -1", "--tasks must be at least 0"),
        ("eval --seed -1", "--seed must be at least 0"),
        ("eval --source mini --out /", "is a folder"),
        ("eval --source mini --out /dev/null/x", "/dev/null"),
        ("replay /no/such.jsonl", "/no/such.jsonl: No such file or directory"),
        ("replay /dev/null", "holds no trajectory"),
        ("train nobody", "choose one of"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(skillflow: Any, arguments: str, says: str) -> None:
    done = skillflow(*arguments.split())
    assert done.code == 2, done
    assert done.err.count("\n") == 1 and done.err.startswith("skillflow: ")
    assert says in done.err
    assert done.out == ""


UNBUILT = [s.name for s in stanzas() if not s.built]


@pytest.mark.parametrize("name", UNBUILT)
def test_a_benchmark_that_is_not_built_says_which_are(skillflow: Any, name: str) -> None:
    done = skillflow("play", name)
    assert done.code == 2 and done.err.count("\n") == 1
    assert "not built yet" in done.err and "SkillFlow/HotpotQA-v0" in done.err


def test_a_missing_package_is_named_with_what_installs_it(
    skillflow: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "skills_ref", None)
    (tmp_path / "a-skill").mkdir()
    (tmp_path / "a-skill" / "SKILL.md").write_text("---\nname: a-skill\ndescription: d\n---\nbody\n")
    done = skillflow("play", "HotpotQA", "--library", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err == "skillflow: the Python package skills_ref is missing: pip install skills_ref\n"


def test_an_option_that_does_not_exist_is_exit_code_2(skillflow: Any) -> None:
    done = skillflow("eval", "--no-such-option", "1")
    assert done.code == 2 and "--no-such-option" in done.err


@pytest.mark.parametrize("command", ["list", "--help"])
def test_a_reader_that_goes_away_gets_no_traceback(command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", MAIN, command]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, cwd=ROOT, timeout=120)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


BENCHMARK = """
from skillflow_gym import register_benchmark
from skillflow_gym.envs.hotpotqa import HotpotQAEnv
from skillflow_gym.registration import stanza
from dataclasses import asdict

class MyEnv(HotpotQAEnv):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)

register_benchmark({**asdict(stanza("HotpotQA")), "name": "Mine", "entry_point": "mine:MyEnv"})
"""


@pytest.mark.parametrize("name", ["mine:Mine", "mine:SkillFlow/Mine-v0"])
def test_a_benchmark_outside_the_suite_is_found_by_its_module(tmp_path: Path, name: str) -> None:
    entries = "[{**r} for r in mini.records('HotpotQA', 'train')[:3]]"
    python(
        f"import json; from skillflow_gym.envs import mini; json.dump({entries}, open('train.json', 'w'))", cwd=tmp_path
    )
    (tmp_path / "mine.py").write_text(BENCHMARK)
    done = python(MAIN, "play", name, "--source", "file:train.json", "--index", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Mine-v0 · train · file:train.json" in done.stdout


def write_agent(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "an_agent.py").write_text(body)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setitem(registry()["agents"], "mine", {"module": "an_agent", "summary": ""})
    monkeypatch.delitem(sys.modules, "an_agent", raising=False)


def test_train_hands_the_rest_of_the_line_to_the_agent(
    skillflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_agent(tmp_path, "import sys\ndef main(): print(sys.argv)", monkeypatch)
    before = list(sys.argv)
    done = skillflow("train", "mine", "--env", "X", "--help", "--steps=3")
    assert (done.code, done.out) == (0, "['skillflow train mine', '--env', 'X', '--help', '--steps=3']\n")
    assert sys.argv == before


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("import torch", r"torch is missing: pip install -c \S+/constraints.txt -e '\S+\[train\]'"),
        ("import datasets.load", r"datasets is missing: pip install -c \S+/constraints.txt -e '\S+\[hub\]'"),
        ("import no_such_package", "no_such_package is missing: pip install no_such_package"),
    ],
)
def test_train_says_what_an_agent_lacks(
    skillflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, says: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("torch", "datasets")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("torch", "datasets"):
        monkeypatch.setitem(sys.modules, name, None)
    write_agent(tmp_path, body, monkeypatch)
    done = skillflow("train", "mine")
    assert done.code == 2 and re.search(f"{says}$", done.err.rstrip())


def test_train_says_when_an_agent_is_not_built(skillflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry()["agents"], "later", {"module": "skillflow_gym.agents.later", "summary": ""})
    assert skillflow("train", "later").err == "skillflow: agent later is not built yet\n"


def test_a_bug_in_an_agent_is_not_hidden(skillflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_agent(tmp_path, "import skillflow_gym.no_such_module", monkeypatch)
    with pytest.raises(ModuleNotFoundError, match="skillflow_gym"):
        skillflow("train", "mine")
