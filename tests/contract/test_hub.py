"""The hub source, offline: a local folder of parquet files in the schema of the benchmark's dataset."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from skillflow_gym.registration import stanza
from skillflow_gym.sources import SourceError, resolve_source
from tests.contract.harness import core, make, mini_records, play

datasets = pytest.importorskip("datasets", reason="needs the hub extra: pip install 'skillflow-gym[hub]'")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets.disable_progress_bars()


@pytest.fixture
def dataset(qa_name: str, tmp_path: Path) -> str:
    """A folder as the hub's, with a file for each split."""
    for split in ("train", "validation"):
        folder = tmp_path / "dataset" / "data"
        folder.mkdir(parents=True, exist_ok=True)
        records = datasets.Dataset.from_list(mini_records(qa_name, split)[:20])
        records.to_parquet(folder / f"{split}-00000-of-00001.parquet")
    return str(tmp_path / "dataset")


def test_it_gives_the_same_tasks_and_golds(qa_name: str, dataset: str) -> None:
    for split, mini_split in (("train", "train"), ("validation", "validation"), ("test", "validation")):
        env = make(qa_name, f"hub:{dataset}", split=split)
        tasks, mini = core(env).taskset, core(make(qa_name, split=mini_split)).taskset
        assert [t.fingerprint for t in tasks] == [t.fingerprint for t in mini[:20]]
        assert [tasks.gold(t.id).answers for t in tasks] == [mini.gold(t.id).answers for t in mini[:20]]
        assert [tasks.gold(t.id).record.keys() for t in tasks] == [mini.gold(t.id).record.keys() for t in mini[:20]]
        tape = play(env, 0)
        assert tape.infos[0]["source"] == f"hub:{dataset}" and tape.infos[0]["split"] == split


def test_gold_scores_there(qa_name: str, dataset: str) -> None:
    env = core(make(qa_name, f"hub:{dataset}"))
    for task in env.taskset:
        env.reset(options={"task_id": task.id})
        *_, last = [env.step(action) for action in env.gold_actions(task)]
        assert last[1] == 1.0 and last[4]["success"] is True


def test_a_set_that_is_not_there_is_a_clear_error(qa_name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"source hub:.*Check the id and the network, or give a local copy") as caught:
        make(qa_name, f"hub:{tmp_path}/nowhere").reset(seed=0)
    assert "source='file:PATH'" in str(caught.value)


def test_without_the_extra_it_says_what_to_install(qa_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(SourceError, match=r"needs the hub extra: pip install .*\[hub\]'"):
        make(qa_name, "hub:somewhere").reset(seed=0)


def test_a_benchmark_without_a_dataset() -> None:
    assert not stanza("ALFWorld").hub
    with pytest.raises(SourceError, match="has no dataset on the hub: use source='file:PATH' or 'mini'"):
        resolve_source(stanza("ALFWorld"), "hub")
