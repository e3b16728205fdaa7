"""Task, Gold, TaskSet, the check of records, and disjoint splits."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Gold, Task, TaskSet
from skillflow_gym.tasks import RecordError, check_record, from_records, panel_sha256, require_disjoint

quick = settings(deadline=None, derandomize=True)


def make(*prompts: str, split: str = "train") -> TaskSet:
    pairs = [(Task(f"{split}-{i}", prompt), Gold((f"answer {i}",))) for i, prompt in enumerate(prompts)]
    return TaskSet(pairs, split, "mini")


def test_it_is_a_sequence_in_the_order_of_its_source() -> None:
    tasks = make("a", "b", "c")
    assert len(tasks) == 3 and [task.prompt for task in tasks] == ["a", "b", "c"]
    assert tasks[1].id == "train-1" == tasks[-2].id and tasks[1:] == [tasks[1], tasks[2]]
    assert tasks[0] in tasks and next(reversed(tasks)).prompt == "c"
    with pytest.raises(IndexError):
        tasks[3]


def test_tasks_and_golds_by_id() -> None:
    tasks = make("a", "b")
    assert tasks.by_id("train-1") is tasks[1]
    assert tasks.gold("train-1").answers == ("answer 1",)
    with pytest.raises(KeyError, match="no task 'x' in split 'train' of mini; one is 'train-0'"):
        tasks.by_id("x")


def test_an_empty_set_and_double_ids_are_refused() -> None:
    with pytest.raises(RecordError, match="mini has no record in split 'test'"):
        TaskSet([], "test", "mini")
    with pytest.raises(RecordError, match="record 2: the id 'x' stands at 0"):
        TaskSet([(Task(i, i), Gold()) for i in ("x", "y", "x")], "train", "mini")


def test_nothing_printed_tells_a_gold() -> None:
    gold = Gold(("secret",), {"hint": "secret"})
    tasks = TaskSet([(Task("x", "prompt", {"text": "public but long"}), gold)], "train", "mini")
    for text in (repr(gold), str(gold), f"{gold}", repr([gold]), repr(tasks), repr(tasks[0])):
        assert "secret" not in text and "long" not in text
    assert repr(tasks) == "TaskSet(1 tasks, split='train', source='mini')"


def test_tasks_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        make("a")[0].prompt = "b"  # type: ignore[misc]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@quick
@given(st.text(st.characters()), st.dictionaries(st.text(), json_values, max_size=3))
def test_the_fingerprint_is_of_the_content_alone(prompt: str, record: dict[str, Any]) -> None:
    task = Task("one", prompt, record)
    turned = dict(reversed(record.items()))
    assert task.fingerprint == Task("other id", prompt, turned).fingerprint and len(task.fingerprint) == 64
    assert task.fingerprint != Task("one", prompt + "!", record).fingerprint
    assert task.fingerprint != Task("one", prompt, {**record, "one more": 1}).fingerprint


def test_tuples_and_lists_are_the_same_content() -> None:
    assert Task("x", "p", {"a": [["t", "u"]]}).fingerprint == Task("x", "p", {"a": [("t", "u")]}).fingerprint


def test_the_panel_is_ids_contents_and_order() -> None:
    tasks = make("a", "b", "c")
    assert tasks.sha256 == panel_sha256(tasks) == make("a", "b", "c").sha256
    others = [tasks[:2], [tasks[1], tasks[0], tasks[2]], make("a", "b", "d"), make("a", "b", "c", split="test")]
    assert len({tasks.sha256, *map(panel_sha256, others)}) == 5


def test_disjoint_by_content() -> None:
    train = make("a", "b", "c")
    require_disjoint(train, make("d", "e", split="test"))
    with pytest.raises(
        ValueError, match=r"2 tasks of split 'test' are in split 'train' too \(first: 'test-1', there"
    ) as e:
        require_disjoint(train, make("d", "c", "a", split="test"))
    assert "'train-2'): choose another source" in str(e.value)


def test_from_records_counts_from_zero() -> None:
    def parse(record: Any, index: int) -> tuple[Task, Gold]:
        return Task(f"{record['x']}@{index}", "p"), Gold()

    tasks = from_records([{"x": "a"}, {"x": "b"}], parse, "dev", "file:x")
    assert [task.id for task in tasks] == ["a@0", "b@1"] and (tasks.split, tasks.source) == ("dev", "file:x")


SCHEMA = {"id": str, "count": int, "share": float, "yes": bool, "list": [str], "deep": {"more": [{"x": int}]}}
GOOD = {"id": "", "count": 0, "share": 0.5, "yes": False, "list": [], "deep": {"more": [{"x": 1}, {"x": 2}]}}


@pytest.mark.parametrize(
    "change", [{}, {"unknown": 1}, {"list": ("a", "b")}, {"deep": {"more": []}}, {"count": -(10**30)}]
)
def test_records_that_fit(change: dict[str, Any]) -> None:
    assert check_record({**GOOD, **change}, 3, SCHEMA) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": 5}, "record 3: field id: expected str, got int"),
        ({"id": None}, "record 3: field id: expected str, got NoneType"),
        ({"id": ...}, "record 3: field id is missing"),
        ({"count": True}, "record 3: field count: expected int, got bool"),
        ({"count": 1.0}, "record 3: field count: expected int, got float"),
        ({"yes": 1}, "record 3: field yes: expected bool, got int"),
        ({"list": "abc"}, "record 3: field list: expected a list, got str"),
        ({"list": {"a": 1}}, "record 3: field list: expected a list, got dict"),
        ({"list": ["a", 2]}, "record 3: field list[1]: expected str, got int"),
        ({"deep": []}, "record 3: field deep: expected an object, got list"),
        ({"deep": {}}, "record 3: field deep.more is missing"),
        ({"deep": {"more": [{"x": 1}, {}]}}, "record 3: field deep.more[1].x is missing"),
        ({"deep": {"more": [{"x": 1}, {"x": "1"}]}}, "record 3: field deep.more[1].x: expected int, got str"),
    ],
)
def test_records_that_do_not_fit_are_named(change: dict[str, Any], message: str) -> None:
    record = {key: value for key, value in {**GOOD, **change}.items() if value is not ...}
    with pytest.raises(RecordError) as caught:
        check_record(record, 3, SCHEMA)
    assert str(caught.value) == message


def test_a_record_that_is_none() -> None:
    with pytest.raises(RecordError, match=r"record 0: field \(whole\): expected an object, got list"):
        check_record([], 0, SCHEMA)
