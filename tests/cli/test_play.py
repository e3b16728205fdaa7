from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from skillflow_gym import SkillEnv
from skillflow_gym.cli.common import plain
from skillflow_gym.envs import mini
from skillflow_gym.envs.hotpotqa import HotpotQAEnv
from tests.built import built, mini_source

ROOT = Path(__file__).resolve().parent.parent.parent
ARGS = ("play", "HotpotQA", "--source", "mini", "--index", "0")


def solution(name: str) -> list[str]:
    with gym.make(f"SkillFlow/{name}-v0", source="mini") as env:
        core = env.unwrapped
        assert isinstance(core, SkillEnv)
        # A line that ends with a backslash goes on in the next.
        return [action.to_text().replace("\n", "\\\n") for action in core.gold_actions(core.taskset[0])]


@pytest.mark.parametrize("name", built())
def test_a_person_can_solve_the_first_task_of_every_benchmark(skillflow: Any, name: str) -> None:
    with gym.make(f"SkillFlow/{name}-v0", source="mini") as env:
        prompt = env.reset(options={"index": 0})[0]["task"]
    done = skillflow("play", name, "--source", "mini", "--index", 0, lines=[*solution(name), "n"])
    assert done.code == 0 and done.err == ""
    assert prompt.splitlines()[0][:60] in done.out and f"{name}-v0 · train · {mini_source(name)}" in done.out
    assert "Solved   reward 1.00" in done.out and "1 of 1 solved. Bye." in done.out
    assert "1/" in done.out.split("> act(")[0].splitlines()[-1]


def test_two_tasks_in_a_row_and_the_tally(skillflow: Any) -> None:
    done = skillflow(*ARGS, lines=["accept(no idea)", "y", "accept(no idea)", "n"])
    assert done.out.count("Not solved   reward 0.00") == 2 and "0 of 2 solved" in done.out
    assert "mini-hotpotqa-train-0" in done.out and "mini-hotpotqa-train-1" in done.out


def test_a_seed_draws_the_same_tasks_and_not_one_twice(skillflow: Any) -> None:
    line = ("play", "HotpotQA", "--source", "mini", "--seed", 3)
    script = ["accept(x)", "y", "accept(x)", "n"]
    first, second = skillflow(*line, lines=script), skillflow(*line, lines=script)
    assert first.out == second.out
    ids = [word for word in first.out.split() if word.startswith("mini-hotpotqa-train-")]
    assert len(ids) == 2 and ids[0] != ids[1]


def test_task_id_begins_there_and_the_first_follows_the_last(skillflow: Any) -> None:
    last = mini.records("HotpotQA", "train")[-1]["id"]
    done = skillflow("play", "HotpotQA-v0", "--source", "mini", "--task-id", last, lines=["accept(x)", "y"])
    assert f" {last} " in done.out and " mini-hotpotqa-train-0 " in done.out.split("Another task?")[1]


def test_a_number_takes_the_proposal_that_was_listed_under_it(skillflow: Any) -> None:
    done = skillflow(*ARGS, lines=["?", "2"])
    listed = done.out.split("> ?")[1].split("> 2")[0]
    second = next(line.split(" 2 ")[1].split("   ")[0].strip() for line in listed.splitlines() if " 2 " in line)
    assert f"act({second})" in done.out.split("> 2")[1]
    assert "2/8 >" in done.out


def test_the_list_can_be_filtered(skillflow: Any) -> None:
    done = skillflow(*ARGS, lines=["search: river", "? YES", "? zzz"])
    listed, nothing = done.out.split("> ?")[1:3]
    assert "accept(yes)" in listed and "accept(no)" not in listed
    assert "No proposal has 'zzz' in it" in nothing
    assert "3/8 >" not in done.out


def test_shorthand_is_the_same_as_the_grammar(skillflow: Any) -> None:
    long = skillflow(*ARGS, lines=["act(search: river)", "act(lookup: the)", "skill(x)", "accept(yes)"])
    short = skillflow(*ARGS, lines=["search: river", "act lookup: the", "skill x", "accept yes"])
    assert "after 4 steps" in long.out
    drop = ("1/8", "2/8", "3/8", "4/8")
    assert [s for s in long.out.splitlines() if not s.startswith(drop)] == [
        s for s in short.out.splitlines() if not s.startswith(drop)
    ]


def test_what_is_no_action_costs_no_step(skillflow: Any) -> None:
    done = skillflow(*ARGS, lines=["hepl", "", "   ", "act(", "99999", "0", "help", "task"])
    assert done.out.count("That is no action") == 2
    assert done.out.count("There are proposals 1 to") == 2
    assert "skill(NAME)" in done.out and done.out.count("HotpotQA-v0 · train · mini") == 2
    assert "2/8 >" not in done.out and done.out.rstrip().endswith("Bye.")


@pytest.mark.parametrize("word", ["quit", "exit", "q", "QUIT"])
def test_quit_leaves(skillflow: Any, word: str) -> None:
    done = skillflow(*ARGS, lines=[word, "accept(yes)"])
    assert done.code == 0 and "reward" not in done.out and done.out.rstrip().endswith("Bye.")


def test_ctrl_c_leaves(skillflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupt)
    done = skillflow(*ARGS)
    assert done.code == 0 and done.out.rstrip().endswith("Bye.") and done.err == ""


def test_the_step_limit_ends_the_episode(skillflow: Any) -> None:
    done = skillflow(*ARGS, "--step-limit", 1, lines=["search: river"])
    assert "The steps are used up   reward 0.00" in done.out and "after 1 step\n" in done.out


def test_other_arguments_reach_the_environment(skillflow: Any) -> None:
    search = solution("HotpotQA")[0]
    ten = skillflow(*ARGS, "--retrieval", "own", "--env-args", "{top_k: 10}", lines=[search])
    one = skillflow(*ARGS, "--retrieval", "own", "--env-args", "{top_k: 1}", lines=[search])
    assert "[2] " in ten.out and "[1] " in one.out and "[2] " not in one.out
    own = {title for title in mini.records("HotpotQA", "train")[0]["context"]["title"]}
    found = {line.partition("] ")[2] for line in ten.out.splitlines() if line.startswith("[")}
    assert found and found <= own


def test_the_catalogue_is_shown_and_a_skill_can_be_read(skillflow: Any, tmp_path: Path) -> None:
    (tmp_path / "two-hops").mkdir()
    text = "---\nname: two-hops\ndescription: How to join two facts.\n---\nFind the bridge [bold] first.\n"
    (tmp_path / "two-hops" / "SKILL.md").write_text(text)
    done = skillflow(*ARGS, "--library", tmp_path, lines=["? hops", "skill two-hops"])
    assert "- two-hops: How to join two facts." in done.out
    assert "skill(two-hops)" in done.out.split("> skill")[0]
    assert "Find the bridge [bold] first." in done.out  # not taken for markup


def test_closed_action_sets_take_a_command_as_it_is(skillflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HotpotQAEnv, "admissible", lambda self: ("go north", "look"))
    done = skillflow(*ARGS, lines=["?", "go north", "go south"])
    listed = done.out.split("> ?")[1]
    assert listed.index(" 1 go north") < listed.index(" 2 look")
    assert "2/8 > go south\nThat is no action" in done.out
    direct = skillflow(*ARGS, "--executor", "direct", lines=["go south"])
    assert "1/8 > go south\ngo south\n" in direct.out


def test_text_cannot_drive_the_terminal() -> None:
    assert plain("a\x1b[2Jb\tc\nd\x07\x9b").plain == "a·[2Jb\tc\nd··"


def test_in_a_terminal_with_ctrl_d() -> None:
    master, slave = pty.openpty()
    code = "import sys; from skillflow_gym.cli import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *ARGS],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
    )
    os.close(slave)
    screen = b""

    def until(text: bytes) -> None:
        nonlocal screen
        deadline = time.monotonic() + 60
        while text not in screen and time.monotonic() < deadline:
            screen += os.read(master, 4096)
        assert text in screen, screen

    until(b"1/8 > ")
    os.write(master, b"accept(no idea)\n")
    until(b"Another task?")
    os.write(master, b"\x04")
    until(b"0 of 1 solved. Bye.")
    assert process.wait(timeout=30) == 0
    os.close(master)
    assert b"\x1b[1;31mNot solved" in screen
