"""AIME: what accept takes, the years of each split, and an answer that nothing but the score depends on."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym import Action, Context, SkillEnv
from skillflow_gym.envs.aime_2026 import AIME2026Env
from skillflow_gym.envs.mini.aime import aime_records
from skillflow_gym.registration import stanza
from skillflow_gym.sources import Source, SourceError, resolve_source
from skillflow_gym.tasks import RecordError, require_disjoint
from tests.contract.harness import careless, make, play
from tests.envs.math_files import DATA, needs

AIME = stanza("AIME-2026")


def write(folder: Path, year: str, records: list[dict[str, Any]]) -> Path:
    path = folder / year / "train.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return path


def years(folder: Path) -> str:
    """A source with a folder for each split."""
    for split, year in AIME.data.items():  # type: ignore[union-attr]
        write(folder, year, aime_records(split)[:5])
    return f"file:{folder}"


@pytest.mark.parametrize(
    ("form", "right"),
    [
        ("{}", True),
        ("{:03d}", True),
        (r"\boxed{{{}}}", True),
        ("${}$", True),
        ("{}.5", False),
        ("-{}", False),
        ("1{:03d}", False),
    ],
)
def test_what_accept_takes(form: str, right: bool) -> None:
    env = make("AIME-2026")
    for index in range(3):
        env.reset(options={"index": index})
        answer = form.format(int(aime_records("train")[index]["answer"]))
        _, reward, terminated, _, info = env.step(Action.accept(answer))
        assert (reward, info["success"], info["score"]) == (float(right), right, {"accuracy": float(right)})
        assert terminated


def test_nothing_but_the_score_depends_on_the_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The same episodes with other answers: what is seen, offered, rendered, logged and told is the same."""
    caplog.set_level(logging.DEBUG)
    said = []
    for shift in (0, 1):
        records = [{**r, "answer": (r["answer"] + shift) % 1000} for r in aime_records("train")[:4]]
        write(tmp_path, "aime_historical", records)
        env = make("AIME-2026", f"file:{tmp_path}", render_mode="ansi", step_limit=4)
        caplog.clear()
        told = []

        def watch(context: Any, rng: Any, told: list[Any] = told) -> Any:
            told.append(context.proposals)
            return careless(context, rng)

        for seed in range(3):
            tape = play(env, seed, watch)
            for observation, *_, info in tape.said:
                told.append((observation, {k: v for k, v in info.items() if k not in ("success", "score")}))
            told.append(env.render())
        inner = env.unwrapped
        assert isinstance(inner, SkillEnv)
        told += [
            repr(inner.taskset),
            inner.taskset.sha256,
            repr(vars(inner.task)),
            [r.getMessage() for r in caplog.records],
        ]
        said.append(told)
        assert [inner.taskset.gold(t.id).answers for t in inner.taskset] == [(str(r["answer"]),) for r in records]
    assert said[0] == said[1]


@pytest.mark.parametrize("answer", [-1, 1000, 2026])
def test_an_answer_that_no_aime_has_is_refused(answer: int, tmp_path: Path) -> None:
    write(tmp_path, "aime_historical", [{"problem_idx": 1, "answer": answer, "problem": "How many?"}])
    with pytest.raises(RecordError, match="record 0: field answer: it is not from 0 to 999"):
        make("AIME-2026", f"file:{tmp_path}").reset(seed=0)


# --- a folder and a dataset for each split


def test_each_split_is_read_from_its_own_folder(tmp_path: Path) -> None:
    source = years(tmp_path)
    for split in AIME.splits:
        tasks = make("AIME-2026", source, split=split).unwrapped.taskset  # type: ignore[attr-defined]
        assert [task.prompt for task in tasks] == [record["problem"] for record in aime_records(split)[:5]]
    assert resolve_source(AIME, source, tuple(AIME.splits)) == Source("file", str(tmp_path))


def test_nobody_trains_on_the_test_year(tmp_path: Path) -> None:
    years(tmp_path)
    for place in (tmp_path / "aime_2026", tmp_path / "aime_2026" / "train.jsonl"):
        with pytest.raises(SourceError, match=r"expected aime_historical/train\.jsonl or .* for split 'train'"):
            make("AIME-2026", f"file:{place}", split="train")
    one = make("AIME-2026", f"file:{tmp_path}/aime_2026/train.jsonl", split="test")
    assert one.reset(seed=0)[1]["split"] == "test"


def test_auto_takes_the_files_if_all_years_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLFLOW_DATA", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_DATASETS_CACHE", raising=False)
    write(tmp_path, "aime_2026", aime_records("test")[:5])
    assert resolve_source(AIME, "auto", ("test",)) == Source("file", str(tmp_path))
    assert resolve_source(AIME, "auto", ("train", "test")) == Source("mini")
    write(tmp_path, "aime_historical", aime_records("train")[:5])
    assert resolve_source(AIME, "auto", ("train", "test")) == Source("file", str(tmp_path))


def test_the_hub_has_a_dataset_for_each_split(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets", reason="needs the hub extra")
    asked = []

    def load_dataset(path: str, name: str | None, split: str) -> list[dict[str, Any]]:
        asked.append((path, name, split))
        return aime_records("train")[:3]

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    for split in AIME.splits:
        env = make("AIME-2026", "hub", split=split)
        assert env.reset(seed=0)[1]["source"] == "hub"
    names = ["MathArena/aime_2025", "MathArena/aime_2024_II", "MathArena/aime_2026"]
    assert asked == [(name, None, "train") for name in names]
    with pytest.raises(SourceError, match="has a dataset for each split: use source='hub', without an id"):
        make("AIME-2026", "hub:MathArena/aime_2026", split="train")


@needs("aime_2026/train.jsonl", "aime_historical/train.jsonl")
def test_the_real_records() -> None:
    tasksets = {}
    for split, size in (("train", 300), ("test", 15)):
        env = AIME2026Env("AIME-2026", split=split, source=f"file:{DATA}")
        tasksets[split] = env.taskset
        assert len(env.taskset) == size
        for task in env.taskset:
            assert env.correct(env.gold_actions(task)[-1].argument, env.taskset.gold(task.id))
            assert 0 < len(env.proposals(Context(task.prompt, "", "", (), (), (), 0, env.step_limit))) <= 120
    require_disjoint(tasksets["train"], tasksets["test"])
