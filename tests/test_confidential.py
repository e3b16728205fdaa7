"""A benchmark whose real records must not be published: no text of them in any file, page, log or message."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from skillflow_gym import Action
from skillflow_gym.agents.replay_buffer import ReplayBuffer
from skillflow_gym.agents.runs import RunError, RunFolder
from skillflow_gym.agents.trainer import Trainer, train
from skillflow_gym.agents.ttb import TTB, Args
from skillflow_gym.cli import eval as evaluation
from skillflow_gym.evolution import Evolver, Settings
from skillflow_gym.evolution.authors.template import TemplateAuthor
from skillflow_gym.policy import UniformPolicy
from skillflow_gym.replay import ReplayError, replay
from skillflow_gym.report import read_run, write_report
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.tasks import RecordError
from skillflow_gym.trajectory import Trajectory, read_trajectories, write_trajectories
from skillflow_gym.wrappers import RecordTrajectory
from tests.agents.runs import SMALL, flat, kept, resume

WORD, NUMBER = "zzcanaryzz", "8675309"
"""One of them is in every text of every record but its id and its domains."""
ENV = "SkillFlow/GPQA-Diamond-v0"


def record(split: str, index: int) -> dict[str, Any]:
    """A made-up record: a question to calculate, or one of words."""
    number = f"{NUMBER}{index}"
    question = f"At v = {number}.5 m/s a {WORD} gives E = v * 3. What is E for {split}?"
    answers = [f"{number}{digit}.5" for digit in range(3)] + [f"{float(number + '.5') * 3:.1f}"]
    if index % 2:
        question = f"Which {WORD} of {split} {number} is it?"
        answers = [f"{WORD} {name} {index}" for name in ("red", "blue", "green", "brown")]
    return {
        "Record ID": f"rec-{split}-{index}",
        "Question": question,
        "Correct Answer": answers[3],
        **{f"Incorrect Answer {place + 1}": answers[place] for place in range(3)},
        "Explanation": f"{WORD} because of {number}",
        "Subdomain": "Astrophysics",
        "High-level domain": "Physics",
    }


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A file source of twelve records a split."""
    (tmp_path / "data").mkdir()
    for native in ("training", "validation", "train"):
        lines = [json.dumps(record(native, index)) for index in range(12)]
        (tmp_path / "data" / f"{native}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return f"file:{tmp_path / 'data'}"


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """After the test, all that was logged and printed has no canary."""
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    yield said
    out = capfd.readouterr()
    said += [out.out, out.err, *(entry.getMessage() for entry in caplog.records)]
    assert len("".join(said)) > 20, "something was said"
    assert [text for text in said if leaks(text.encode())] == []


def leaks(content: bytes) -> bool:
    return WORD.encode() in content.lower() or NUMBER.encode() in content


def leaky(folder: Path) -> list[Path]:
    """The files below ``folder`` that hold a canary; there must be some files."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    return [file for file in files if leaks(file.read_bytes())]


def rollouts(source: str) -> list[Trajectory]:
    collector = Collector(lambda: gym.make(ENV, source=source, split="test"))
    jobs = [Job(str(i), f"rec-train-{i % 12}", f"g{i % 12}", (i,)) for i in range(24)]
    return collector.collect(UniformPolicy(), jobs).trajectories


def run(folder: Path, source: str, **changes: Any) -> Trainer:
    settings = {**SMALL, "source": source, "checkpoint_every": 1, "trajectories_every": 1, "steps": 4}
    args = Args(env="GPQA-Diamond", run=str(folder), **{**settings, **changes})
    return train(args, lambda: TTB(args))


def test_trajectories_are_written_without_texts(source: str, tmp_path: Path) -> None:
    trajectories = rollouts(source)
    assert any(leaks(repr(turn).encode()) for t in trajectories for turn in t.turns), "in memory they are whole"
    assert {len(t) for t in trajectories} > {1}, "some calculate before they answer"
    write_trajectories(tmp_path / "out" / "t.jsonl", trajectories)
    assert leaky(tmp_path / "out") == []
    for read, whole in zip(read_trajectories(tmp_path / "out" / "t.jsonl"), trajectories, strict=True):
        assert read == whole.withhold() and read.withheld and read.to_json() == whole.to_json()
        assert (read.task_id, read.reward, read.seed, len(read)) == (
            whole.task_id,
            whole.reward,
            whole.seed,
            len(whole),
        )
        assert [len(turn.candidates) for turn in read.turns] == [len(turn.candidates) for turn in whole.turns]
        assert all(turn.candidates[turn.chosen] == turn.action for turn in read.turns), "equal texts have equal hashes"
        with pytest.raises(ReplayError, match="the recording holds no texts"):
            replay(read)


def test_token_ids_are_withheld_too(source: str) -> None:
    whole = rollouts(source)[0]
    turn = whole.turns[0]
    object.__setattr__(turn, "token_ids", (8675309, 1))
    object.__setattr__(turn, "error", f"no skill is named {WORD}")
    assert not leaks(whole.to_json().encode())
    assert Trajectory.from_json(whole.to_json()).turns[0].token_ids == ()


def test_a_recording_and_a_page_hold_no_text(source: str, tmp_path: Path) -> None:
    env = RecordTrajectory(gym.make(ENV, source=source, render_mode="html"), tmp_path / "out" / "episodes.jsonl")
    for index in range(4):
        observation, _ = env.reset(options={"index": index})
        assert leaks(observation["task"].encode())
        for action in (Action.act(f"calculate: {WORD}"), Action.skill(WORD), Action.accept(WORD)):
            env.step(action)
        (tmp_path / "out" / f"{index}.html").write_text(str(env.render()), encoding="utf-8")
    env.close()
    assert leaky(tmp_path / "out") == [] and len(read_trajectories(tmp_path / "out" / "episodes.jsonl")) == 4


def test_training_writes_no_text_and_resumes(source: str, tmp_path: Path, messages: list[str]) -> None:
    run(tmp_path / "runs" / "whole", source)
    write_report(tmp_path / "runs" / "report.html", [read_run(tmp_path / "runs" / "whole")])
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        save = RunFolder.save_checkpoint

        def killed(folder: RunFolder, step: int, state: Any) -> None:
            if step == 3:
                raise KeyboardInterrupt
            save(folder, step, state)

        patch.setattr(RunFolder, "save_checkpoint", killed)
        run(tmp_path / "runs" / "killed", source)
    resume(tmp_path / "runs" / "killed")
    assert kept(tmp_path / "runs" / "killed") == kept(tmp_path / "runs" / "whole")
    assert leaky(tmp_path / "runs") == []
    found = RunFolder(tmp_path / "runs" / "whole").load_checkpoint()
    assert found is not None and found[1]["replay"]["sizes"] == [], "what is packed in a checkpoint is searched, too"
    assert not any(leaks(str(leaf).encode()) for leaf in flat(found[1]).values())


def test_an_evaluation_writes_no_text(source: str, tmp_path: Path, messages: list[str]) -> None:
    args = evaluation.Args(env=ENV, source=source, tasks=12, rollouts=2, out=str(tmp_path / "out" / "result.json"))
    assert evaluation.run(args) == 0
    assert leaky(tmp_path / "out") == []
    assert len(read_trajectories(tmp_path / "out" / "result.trajectories.jsonl")) == 24


def test_past_rollouts_are_not_kept(source: str) -> None:
    buffer = ReplayBuffer(4)
    buffer.extend([rollouts(source)])
    assert len(buffer) == 0 and buffer.state()["sizes"] == []


def test_nothing_evolves_on_it(source: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no text of SkillFlow/GPQA-Diamond-v0 from source file:.* may be written"):
        run(tmp_path / "run", source, evolve={"on": True})
    assert not (tmp_path / "run").exists()
    collector = Collector(lambda: gym.make(ENV, source=source))
    (shown,) = collector.collect(UniformPolicy(), [Job("j", "rec-training-0", "g", (0,))]).trajectories
    with pytest.raises(ValueError, match="shows records whose text must not be written"):
        Evolver(TemplateAuthor(), Settings()).observe(shown)


def test_no_cassette_is_recorded(source: str, tmp_path: Path) -> None:
    recorder = f"record:{tmp_path / 'tape.jsonl'}|tools"
    with pytest.raises(ValueError, match="its owners ask that no text is kept: do not record it"):
        gym.make(ENV, source=source, executor=recorder)
    gym.make(ENV, source="mini", executor=recorder).close()


def test_errors_of_records_show_no_text(tmp_path: Path, source: str) -> None:
    for field, value in (
        ("Question", [WORD]),
        ("Correct Answer", " "),
        ("Incorrect Answer 1", record("train", 0)["Correct Answer"]),
    ):
        broken = {**record("train", 0), field: value}
        (tmp_path / "data" / "train.jsonl").write_text(json.dumps(broken), encoding="utf-8")
        with pytest.raises(RecordError, match="record 0: field") as caught:
            gym.make(ENV, source=source, split="test").reset()
        assert not leaks(str(caught.value).encode())
    (tmp_path / "data" / "train.jsonl").write_text(f'{{"Question": "{WORD}', encoding="utf-8")
    with pytest.raises(RecordError, match="is not JSON") as caught:
        gym.make(ENV, source=source, split="test").reset()
    assert not leaks(str(caught.value).encode())


def test_the_mini_tasks_are_free(tmp_path: Path) -> None:
    env = RecordTrajectory(gym.make(ENV, source="mini", render_mode="html"), tmp_path / "episodes.jsonl")
    observation, _ = env.reset(seed=0)
    env.step(Action.accept("A"))
    env.close()
    (trajectory,) = read_trajectories(tmp_path / "episodes.jsonl")
    assert trajectory.task == observation["task"] and not trajectory.confidential
    assert replay(trajectory).equal
