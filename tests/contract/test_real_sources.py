"""``file:`` and ``hub:`` sources in the schema of the hub: what they give, and how a broken record is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.tasks import RecordError
from tests.contract.harness import core, make, mini_records, record_path

Record = dict[str, Any]
COUNT = 12
BROKEN = 1
"""The record that the tests break."""


def write(folder: Path, name: str, records: list[Record], end: str = ".jsonl") -> str:
    """Records as the train split of a file source."""
    text = json.dumps(records) if end == ".json" else "\n".join(json.dumps(r, ensure_ascii=False) for r in records)
    path = record_path(name, folder, end=end)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return f"file:{folder}"


def leaves(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every field of a schema with what it should be; "*" stands for the elements of a list."""
    if path:
        yield path, schema
    if isinstance(schema, dict):
        for field, inner in schema.items():
            yield from leaves(inner, (*path, field))
    elif isinstance(schema, list):
        yield from leaves(schema[0], (*path, "*"))


def changed(value: Any, path: tuple[str, ...], new: Any) -> Any:
    """A copy of ``value`` with ``new`` at ``path``; ... deletes the field."""
    if not path:
        return new
    if path[0] == "*":
        items = list(value) or [None]
        return [changed(items[0], path[1:], new), *items[1:]]
    copy = dict(value)
    if len(path) == 1 and new is ...:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(copy[path[0]], path[1:], new)
    return copy


def dotted(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".*", "[0]")


WRONG: dict[Any, list[Any]] = {
    str: [None, 7, ["x"], True],
    int: [None, "7", 1.5, True],
    bool: [None, "true", 1],
    list: [None, "abc", {"0": "a"}, 3],
    dict: [None, "abc", ["a"], 3],
}


def test_every_broken_field_is_named(record_name: str, tmp_path: Path) -> None:
    records = mini_records(record_name)[:COUNT]
    schema = type(core(make(record_name))).schema  # type: ignore[attr-defined]
    cases = [(path, new) for path, kind in leaves(schema) for new in WRONG[kind if type(kind) is type else type(kind)]]
    cases += [(path, ...) for path, _ in leaves(schema) if path[-1] != "*"]
    assert len(cases) > 8
    for number, (path, new) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        broken = [changed(r, path, new) if i == BROKEN else r for i, r in enumerate(records)]
        env = make(record_name, write(folder, record_name, broken))
        with pytest.raises(RecordError) as caught:
            env.reset(seed=0)
        message = str(caught.value)
        end = " is missing" if new is ... else ": expected "
        assert message.startswith(f"record {BROKEN}: field {dotted(path)}{end}"), (path, new, message)


@pytest.mark.parametrize(
    ("name", "path", "new", "field"),
    [
        ("HotpotQA", ("context", "sentences"), [["one"]], "context"),
        ("TriviaQA", ("entity_pages", "wiki_context"), ["one"], "entity_pages"),
        ("NQ-Open", ("answer",), [], "answer"),
    ],
)
def test_fields_that_do_not_fit_each_other(
    name: str, path: tuple[str, ...], new: Any, field: str, tmp_path: Path
) -> None:
    records = mini_records(name)[:COUNT]
    records[BROKEN] = changed(records[BROKEN], path, new)
    with pytest.raises(RecordError, match=f"record {BROKEN}: field {field}"):
        make(name, write(tmp_path, name, records)).reset(seed=0)


@pytest.mark.parametrize("name", ["HotpotQA", "MuSiQue", "TriviaQA", "Vaults"], indirect=True)
def test_an_id_that_stands_twice_is_refused(name: str, tmp_path: Path) -> None:
    records = mini_records(name)[:COUNT]
    with pytest.raises(RecordError, match=f"record {COUNT}: the id '.*' stands at 0"):
        make(name, write(tmp_path, name, [*records, records[0]])).reset(seed=0)


@pytest.mark.parametrize("end", [".jsonl", ".json"])
def test_a_file_gives_the_same_tasks(record_name: str, end: str, tmp_path: Path) -> None:
    records = mini_records(record_name)[:COUNT]
    source = write(tmp_path, record_name, records, end)
    for place in (source, f"file:{record_path(record_name, tmp_path, end=end)}"):
        env = make(record_name, place)
        tasks, mini = core(env).taskset, core(make(record_name)).taskset
        assert [task.fingerprint for task in tasks] == [task.fingerprint for task in mini[:COUNT]]
        assert [tasks.gold(task.id).answers for task in tasks] == [mini.gold(t.id).answers for t in mini[:COUNT]]
        _, info = env.reset(options={"index": COUNT - 1})
        assert info["source"] == place == tasks.source and info["split"] == "train"
        assert env.reset(options={"index": 5})[0]["task"] == mini[5].prompt, "the index is the position in the file"
        assert env.spec is not None and json.loads(env.spec.to_json())["kwargs"]["source"] == place


def test_separators_of_lines_inside_strings(qa_name: str, tmp_path: Path) -> None:
    strange = "who \u2028 was \u2029 \x85 \u000b \x1c there?"
    records = [{**deepcopy(record), "question": f"{strange} {i}"} for i, record in enumerate(mini_records(qa_name)[:3])]
    source = write(tmp_path, qa_name, records)
    assert "\u2028" in (tmp_path / "train.jsonl").read_text(encoding="utf-8"), "it is in the file as it is"
    prompts = [task.prompt for task in core(make(qa_name, source)).taskset]
    assert prompts == [f"{strange} {i}" for i in range(3)]


def test_more_fields_than_needed_do_no_harm(record_name: str, tmp_path: Path) -> None:
    records = [{**record, "comment": {"by": "nobody"}} for record in mini_records(record_name)[:COUNT]]
    tasks = core(make(record_name, write(tmp_path, record_name, records))).taskset
    assert [t.fingerprint for t in tasks] == [t.fingerprint for t in core(make(record_name)).taskset[:COUNT]]


def test_a_changed_file_is_read_again(record_name: str, tmp_path: Path) -> None:
    source = write(tmp_path, record_name, mini_records(record_name)[:COUNT])
    assert len(core(make(record_name, source)).taskset) == COUNT
    write(tmp_path, record_name, mini_records(record_name)[: COUNT - 2])
    assert len(core(make(record_name, source)).taskset) == COUNT - 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"file:.* has no record in split 'train'"),
        ("\n\n", r"has no record"),
        ("[1, 2]", r"record 0: expected an object, got list"),
        ('{"id": 1}\n{"id": ', r"line 2 is not JSON"),
        ("nonsense", r"line 1 is not JSON"),
    ],
)
def test_files_that_hold_no_records(record_name: str, content: str, message: str, tmp_path: Path) -> None:
    path = record_path(record_name, tmp_path)
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RecordError, match=message):
        make(record_name, f"file:{tmp_path}").reset(seed=0)


def test_a_missing_file_is_named(record_name: str, tmp_path: Path) -> None:
    one, other = (record_path(record_name, Path(), "test", end) for end in (".jsonl", ".json"))
    with pytest.raises(ValueError, match=re.escape(f"expected {one} or {other} for split 'test'")):
        make(record_name, f"file:{tmp_path}", split="test")
