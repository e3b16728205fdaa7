"""Splits: their names, and that no task of one is in another."""

from __future__ import annotations

import os
from itertools import combinations

import pytest

from skillflow_gym.registration import stanza
from skillflow_gym.tasks import require_disjoint
from tests.built import mini_source
from tests.contract.harness import BUILT, core, make, real_folder, record_path, taskset

SPLITS = ("train", "validation", "test")


def test_train_is_the_default(name: str) -> None:
    assert core(make(name)).split == "train"


def test_mini_tasks_are_disjoint_by_content(name: str) -> None:
    for one, other in combinations(stanza(name).splits, 2):
        require_disjoint(taskset(name, one), taskset(name, other))
        if hasattr(type(core(make(name))), "schema"):  # elsewhere what is asked recurs, in another world
            prompts = {task.prompt.casefold() for task in taskset(name, one)}
            assert prompts.isdisjoint(task.prompt.casefold() for task in taskset(name, other))


@pytest.mark.parametrize("split", SPLITS)
def test_tasks_have_ids_and_contents_of_their_own(name: str, split: str) -> None:
    tasks = taskset(name, split)
    assert len({task.id for task in tasks}) == len(tasks) == len({task.fingerprint for task in tasks})
    assert tasks.split == split and tasks.source == mini_source(name)
    assert all(tasks.by_id(task.id) is task for task in tasks)
    assert all(task.prompt.strip() == task.prompt != "" for task in tasks)


def test_native_names_stand_for_their_split(name: str) -> None:
    entry = stanza(name)
    natives = list(entry.splits.values())
    for split, native in entry.splits.items():
        assert core(make(name, split=split)).split == split
        if native not in entry.splits and natives.count(native) == 1:
            env = make(name, split=native)
            assert core(env).split == split
            assert env.reset(seed=0)[1]["split"] == split


@pytest.mark.skipif("SKILLFLOW_DATA" not in os.environ, reason="set SKILLFLOW_DATA to the benchmarks' data")
@pytest.mark.parametrize("name", BUILT)
def test_real_train_and_validation_are_disjoint(name: str) -> None:
    folder = real_folder(name)
    if not all(record_path(name, folder, split).is_file() for split in ("train", "validation")):
        pytest.skip(f"{folder} does not hold both splits")
    train, validation = (core(make(name, f"file:{folder}", split=s)).taskset for s in ("train", "validation"))
    require_disjoint(train, validation)
    assert {task.fingerprint for task in train}.isdisjoint(task.fingerprint for task in validation)
