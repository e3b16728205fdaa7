"""Sources: which one ``auto`` takes, what it says about it, and reading files of records."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import sources
from skillflow_gym.envs import mini
from skillflow_gym.registration import stanza
from skillflow_gym.sources import Source, SourceError, load_records, read_json_records, record_file, resolve_source
from skillflow_gym.tasks import RecordError

HOTPOT = stanza("HotpotQA")


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data and no cache, and nothing announced so far."""
    for variable in ("SKILLFLOW_DATA", "HF_DATASETS_CACHE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(sources, "_announced", set())


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """SKILLFLOW_DATA with an empty folder for HotpotQA."""
    monkeypatch.setenv("SKILLFLOW_DATA", str(tmp_path / "data"))
    folder = tmp_path / "data" / "hotpotqa"
    folder.mkdir(parents=True)
    return folder


def put(folder: Path, split: str, end: str = "jsonl") -> None:
    records = mini.records("HotpotQA", split)[:3]
    lines = json.dumps(records) if end == "json" else "\n".join(map(json.dumps, records))
    (folder / f"{split}.{end}").write_text(lines, encoding="utf-8")


@pytest.mark.parametrize("source", [Source("mini"), Source("file", "/a b"), Source("hub", "x/y")])
def test_the_text_of_a_source_leads_back_to_it(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "record_file", lambda *_: None)
    assert resolve_source(HOTPOT, str(source)) == source


def test_auto_takes_mini_where_there_is_nothing(data: Path) -> None:
    assert resolve_source(HOTPOT, "auto") == Source("mini")


@pytest.mark.parametrize("end", ["jsonl", "json"])
def test_auto_takes_the_file(data: Path, end: str) -> None:
    put(data, "train", end)
    assert resolve_source(HOTPOT, "auto", ("train",)) == Source("file", str(data))
    env = gym.make(HOTPOT.env_id)
    _, info = env.reset(seed=0)
    assert info["source"] == f"file:{data}" and info["task_id"].startswith("mini-hotpotqa-train-")


def test_auto_never_mixes(data: Path) -> None:
    put(data, "train")
    assert resolve_source(HOTPOT, "auto", ("train", "test")) == Source("mini"), "one split is missing"
    put(data, "validation")
    assert resolve_source(HOTPOT, "auto", ("train", "test")) == Source("file", str(data))


def test_auto_of_a_benchmark_without_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SKILLFLOW_DATA", str(tmp_path))
    assert resolve_source(stanza("MuSiQue"), "auto") == Source("mini")


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_DATASETS_CACHE"])
def test_auto_takes_the_hub_s_cache_where_there_is_no_file(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("datasets", reason="needs the hub extra: pip install 'skillflow-gym[hub]'")
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    cache = tmp_path / "elsewhere" if variable == "HF_DATASETS_CACHE" else tmp_path / "elsewhere" / "datasets"
    (cache / "hotpotqa___hotpot_qa").mkdir(parents=True)
    assert resolve_source(HOTPOT, "auto") == Source("hub", "hotpotqa/hotpot_qa")
    assert resolve_source(stanza("MuSiQue"), "auto") == Source("mini")


def test_auto_says_once_what_it_took(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(data, "train")
    with caplog.at_level(logging.INFO, "skillflow_gym"):
        for _ in range(3):
            resolve_source(HOTPOT, "auto")
        resolve_source(HOTPOT, "auto", ("test",))
        resolve_source(HOTPOT, "mini")
    assert [record.getMessage() for record in caplog.records] == [
        f"SkillFlow/HotpotQA-v0: source file:{data} for train",
        "SkillFlow/HotpotQA-v0: source mini for test",
    ]


@pytest.mark.parametrize("source", ["", "minis", "mini:x", "file", "file:", "disk:/x", "auto:x", "https://x", "Mini"])
def test_an_unknown_source_is_refused(source: str) -> None:
    with pytest.raises(SourceError, match=r"is none of auto, mini, hub, hub:ID, file:PATH"):
        resolve_source(HOTPOT, source)


@pytest.mark.parametrize("source", ["hub", "hub:"])
def test_the_canonical_dataset(source: str) -> None:
    assert resolve_source(HOTPOT, source) == Source("hub", "hotpotqa/hotpot_qa")
    with pytest.raises(SourceError, match="SkillFlow/WebShop-v0 has no dataset on the hub"):
        resolve_source(stanza("WebShop"), source)


def test_files_of_a_split(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"source file:{tmp_path}/none: no such file or folder"):
        record_file(HOTPOT, f"{tmp_path}/none", "train")
    with pytest.raises(SourceError, match=r"expected validation\.jsonl or validation\.json for split 'test'"):
        record_file(HOTPOT, str(tmp_path), "test")
    put(tmp_path, "validation", "json")
    assert record_file(HOTPOT, str(tmp_path), "test") == tmp_path / "validation.json"
    put(tmp_path, "validation", "jsonl")
    assert record_file(HOTPOT, str(tmp_path), "test") == tmp_path / "validation.jsonl"
    for split in ("train", "test"):
        assert record_file(HOTPOT, str(tmp_path / "validation.json"), split) == tmp_path / "validation.json"


def test_every_split_that_a_run_needs_must_be_there(tmp_path: Path) -> None:
    put(tmp_path, "train")
    assert resolve_source(HOTPOT, f"file:{tmp_path}", ("train",)) == Source("file", str(tmp_path))
    with pytest.raises(SourceError, match="for split 'test'"):
        resolve_source(HOTPOT, f"file:{tmp_path}", ("train", "test"))


def test_mini_records_come_from_the_benchmark() -> None:
    asked: list[str] = []

    def make(split: str) -> list[dict[str, Any]]:
        asked.append(split)
        return [{"id": 1}]

    assert list(load_records(HOTPOT, Source("mini"), "test", make)) == [{"id": 1}]
    assert asked == ["test"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, derandomize=True)
@given(records=st.lists(st.dictionaries(st.text(), json_values, max_size=3), max_size=4), escaped=st.booleans())
def test_what_is_written_is_read(records: list[dict[str, Any]], escaped: bool, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("records")
    lines = "\n".join(json.dumps(record, ensure_ascii=escaped) for record in records)
    (folder / "a.jsonl").write_bytes(lines.encode())
    (folder / "b.jsonl").write_bytes(lines.replace("\n", "\r\n\r\n").encode() + b"\n\n")
    (folder / "c.json").write_bytes(json.dumps(records, ensure_ascii=escaped, indent=1).encode())
    for name in ("a.jsonl", "b.jsonl", "c.json"):
        assert read_json_records(folder / name) == records


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", '{"a": 1}\n\n{"a": ', r"x\.jsonl: line 3 is not JSON"),
        ("x.jsonl", '{"a": 1} {"b": 2}', r"line 1 is not JSON"),
        ("x.jsonl", '{"a": 1}\n"text"', r"record 1: expected an object, got str"),
        ("x.jsonl", "null", r"record 0: expected an object, got NoneType"),
        ("x.json", "{", r"x\.json: not JSON"),
        ("x.json", "", r"not JSON"),
        ("x.json", '{"a": 1}', r"expected a list of records, got dict"),
        ("x.json", '[{"a": 1}, []]', r"record 1: expected an object, got list"),
        ("x.json", "null", r"expected an object, got NoneType"),
    ],
)
def test_what_holds_no_records_is_refused(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(RecordError, match=message):
        read_json_records(tmp_path / name)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes('{"a": "é"}'.encode("latin-1"))
    with pytest.raises(RecordError, match=r"x\.jsonl: not UTF-8"):
        read_json_records(tmp_path / "x.jsonl")


@pytest.mark.parametrize("source", ["auto", "mini", "package:scienceworld"])
def test_tasks_that_come_with_a_package_come_from_nowhere_else(source: str) -> None:
    entry = stanza("ScienceWorld")
    assert str(resolve_source(entry, source, ("train", "test"))) == "package:scienceworld"
    for other in ("hub", "file:/tmp", "package:other", "disk"):
        with pytest.raises(SourceError, match=f"'{other}' is none of auto, mini, package:scienceworld: .* come with"):
            resolve_source(entry, other)


def plant_games(folder: Path, *splits: str) -> None:
    for split in splits:
        game = folder / "json_2.1.1" / split / "kind-1" / "trial_1" / "game.tw-pddl"
        game.parent.mkdir(parents=True)
        game.write_text("{}")


def test_patterns_of_files_and_the_variable_that_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = stanza("ALFWorld")
    common, own = tmp_path / "data" / "alfworld", tmp_path / "own"
    plant_games(common, "train", "valid_unseen")
    plant_games(own, "train")
    monkeypatch.setenv("SKILLFLOW_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    assert resolve_source(entry, "auto", ("train", "test")) == Source("file", str(common))
    monkeypatch.setenv("ALFWORLD_DATA", str(own))
    assert resolve_source(entry, "auto") == Source("file", str(own))
    assert resolve_source(entry, "auto", ("train", "test")) == Source("file", str(common)), "both splits from one place"
    tree = own / "json_2.1.1"
    assert record_file(entry, str(tree), "train") == tree / "train" / "kind-1" / "trial_1" / "game.tw-pddl"
    assert record_file(entry, str(tree / "train"), "test").is_relative_to(tree / "train"), "it stands for any split"
    with pytest.raises(SourceError, match=r"expected json_2.1.1/valid_unseen/\*/\*/game.tw-pddl or .* for split"):
        record_file(entry, str(own), "test")
