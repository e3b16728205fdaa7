"""The command line of the agents: presets, restored runs, refusals; and what a person sees while a run trains."""

from __future__ import annotations

import io
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from rich.console import Console

from skillflow_gym import InfrastructureError, registration
from skillflow_gym.agents import reinforce, ttb
from skillflow_gym.agents.args import TrainArgs, one_line_errors, parse, restore
from skillflow_gym.agents.display import Display, sparkline
from skillflow_gym.agents.runs import RunError, RunFolder


def command_line(monkeypatch: pytest.MonkeyPatch, *words: str) -> ttb.Args:
    monkeypatch.setattr(sys, "argv", ["ttb", *words])
    return parse(ttb.Args, {"paper": ttb.PAPER})


def test_flags_are_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "--env MuSiQue-v0 --steps 7 --anchor tree --learning-rate 0.5"
    args = command_line(monkeypatch, *words.split())
    assert asdict(args) == {
        **asdict(ttb.Args()),
        "env": "MuSiQue-v0",
        "steps": 7,
        "anchor": "tree",
        "learning_rate": 0.5,
    }


def test_a_preset_sets_defaults_that_flags_override(monkeypatch: pytest.MonkeyPatch) -> None:
    args = command_line(monkeypatch, "--preset", "paper", "--rollouts", "6", "--seed", "3")
    assert asdict(args) == {**asdict(ttb.Args()), **ttb.PAPER, "rollouts": 6, "seed": 3}
    back = command_line(monkeypatch, "--preset", "paper", "--anchor", "reference", "--beta", "8.0")
    assert (back.anchor, back.beta, back.log_z) == ("reference", 8.0, "head"), "also back to the usual default"


def test_every_value_of_the_preset_is_an_argument() -> None:
    assert set(ttb.PAPER) <= {field.name for field in fields(ttb.Args)}


BAD: dict[str, Any] = {
    "steps": 0,
    "tasks_per_step": 0,
    "rollouts": 1,
    "gradient_steps": 0,
    "replay_groups": -1,
    "stale": -1,
    "eval_tasks": -1,
    "eval_rollouts": 0,
    "checkpoint_every": 0,
    "trajectories_every": -1,
    "paths_every": -1,
    "deadline": float("nan"),
    "threads": -1,
    "torch_threads": 0,
    "seed": -1,
    "learning_rate": -0.1,
    "max_grad_norm": float("nan"),
    "env_args": "3",
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_number_is_refused_by_name(name: str) -> None:
    flag = f"--{name.replace('_', '-')}"
    with pytest.raises(ValueError, match=rf"^{flag} .*{'names and values' if name == 'env_args' else 'at least'}"):
        TrainArgs(**{name: BAD[name]})


@pytest.mark.parametrize("text", ["[1, 2]", "{1: 2}", "{a: ", "retrieval"])
def test_env_args_that_are_no_names_and_values_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected names and values"):
        TrainArgs(env_args=text)


@pytest.mark.parametrize("words", [("--rollouts", "1"), ("--anchor", "nothing"), ("--nonsense",), ("--steps", "many")])
def test_a_wrong_flag_ends_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line(monkeypatch, *words)
    out, error = capsys.readouterr()
    assert ended.value.code == 2 and out == "" and words[0] in error


def test_a_run_is_restored_with_its_own_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    args = ttb.Args(env="MuSiQue-v0", source="mini", steps=9, anchor="tree", beta=2.5, run=str(tmp_path / "run"))
    config = {"agent": "ttb", "args": {**asdict(args), "of_another_release": 1}, "data": {}}
    run = RunFolder.create(tmp_path / "run", config)
    expected = {**asdict(args), "resume": str(run.path)}
    assert asdict(restore(ttb.Args, str(run.path))) == expected
    assert asdict(command_line(monkeypatch, "--resume", str(run.path), "--steps", "3")) == expected
    assert asdict(restore(reinforce.Args, str(run.path))).items() <= {**expected, "kl": 0.0}.items()


def test_only_a_run_can_be_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match=r"is no run: it has no config\.yaml"):
        restore(ttb.Args, str(tmp_path))
    with pytest.raises(RunError, match=r"is no run: it has no config\.yaml"):
        command_line(monkeypatch, "--resume", str(tmp_path))


@pytest.mark.parametrize("error", [ValueError, OSError, InfrastructureError, gym.error.Error])
def test_failing_is_one_line_on_standard_error(error: type[Exception], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, one_line_errors():
        raise error("the source is gone")
    assert ended.value.code == 2 and capsys.readouterr() == ("", "error: the source is gone\n")


def test_ctrl_c_is_no_traceback_and_a_bug_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, one_line_errors():
        raise KeyboardInterrupt
    assert ended.value.code == 130 and capsys.readouterr() == ("", "interrupted\n")
    with pytest.raises(ZeroDivisionError), one_line_errors():
        _ = 1 / 0


@pytest.mark.parametrize("agent", [ttb, reinforce])
def test_a_benchmark_that_is_not_built_gives_one_line(
    agent: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = dict(name="Unbuilt", family="qa", distribution="ood", step_limit=3, metric="em", reward="", success="")
    unbuilt = registration.Stanza(**entry, splits={"train": "train", "test": "test"}, licence="")
    monkeypatch.setitem(registration._stanzas, "Unbuilt", unbuilt)
    monkeypatch.setattr(sys, "argv", ["x", "--env", "Unbuilt-v0", "--source", "mini", "--run", str(tmp_path / "run")])
    with pytest.raises(SystemExit) as ended:
        agent.main()
    out, error = capsys.readouterr()
    assert (ended.value.code, out) == (2, "") and error.startswith("error: ") and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [([], 5, ""), ([0.0, 0.5, 1.0], 5, "▁▅█"), ([0.0, 1.0], 1, "▅"), ([0, 0, 1, 1, 0, 0], 3, "▁█▁"), ([0.124], 3, "▁")],
)
def test_a_sparkline_averages_neighbours(values: list[float], width: int, expected: str) -> None:
    assert sparkline(values, width) == expected


def test_a_sparkline_is_never_wider_than_it_may_be() -> None:
    for count in range(1, 130):
        assert len(sparkline([1.0] * count, 60)) == min(count, 60)


def shown(terminal: bool, title: str = "a [bold] title") -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, color_system=None)
    with Display(console, title, steps=4, done=1) as display:
        for step in (2, 3, 4):
            display.update(step, step / 4, {"reward": f"{step / 4:.3f}", "loss": "1.5"})
    return out.getvalue()


def test_a_pipe_gets_the_first_line_at_once_and_then_few() -> None:
    assert shown(terminal=False) == "update 2: reward 0.500, loss 1.5\n"


def test_a_terminal_gets_a_panel() -> None:
    last = shown(terminal=True)
    assert "a [bold] title" in last and "4/4" in last and "reward 1.000" in last and "█" in last
