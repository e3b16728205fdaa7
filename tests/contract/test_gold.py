"""Gold earns 1.0 and is a success; anything else is not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

import pytest

from skillflow_gym import Action, SkillEnv, Task
from skillflow_gym.registration import stanza
from tests.contract.harness import PLAYABLE, core, few, make, quick, real_folder, record_path

SPLITS = ("train", "validation", "test")
FIRST = 10
"""Tasks of each split that the fast suite plays."""
NONSENSE = "a teapot made of zinc and of Tuesdays"


def real_splits(name: str) -> list[str]:
    """The splits whose native file lies under SKILLFLOW_DATA."""
    return [split for split in stanza(name).splits if record_path(name, real_folder(name), split).is_file()]


OWN_IMAGES = {"SWEBench"}
"""Real tasks of these run in images of several GiB each; tests/envs has some that do not."""
REAL = [
    (name, split)
    for name in PLAYABLE
    if os.environ.get("SKILLFLOW_DATA") and name not in OWN_IMAGES
    for split in real_splits(name)
]


def check_gold(env: SkillEnv, tasks: Iterable[Task]) -> int:
    """The number of tasks whose gold actions earned 1.0: all, or the test fails."""
    count = 0
    for task in tasks:
        count += 1
        env.reset(options={"task_id": task.id})
        *before, last = [env.step(action) for action in env.gold_actions(task)]
        assert last[1] == 1.0 and last[4]["success"] is True and last[2] is True, task
        assert not any(step[1] or step[2] or step[3] or step[4]["error"] for step in before), task
    return count


def check_wrong(env: SkillEnv, tasks: Iterable[Task]) -> int:
    """The number of tasks checked. Nonsense and the next task's answer fail, unless the metric takes them as right."""
    tasks = list(tasks)
    for task, other in zip(tasks, [*tasks[1:], tasks[0]], strict=True):
        accepted = {normalised(answer) for answer in env.taskset.gold(task.id).answers}
        borrowed = env.taskset.gold(other.id).answers[:1]
        for answer in (*borrowed, NONSENSE, ""):
            env.reset(options={"task_id": task.id})
            _, reward, terminated, _, info = env.step(Action.accept(answer))
            assert terminated
            if normalised(answer) not in accepted:
                assert reward < 1.0 and info["success"] is False, (task, answer)
    return len(tasks)


def normalised(answer: str) -> str:
    """Coarser than every metric here: letters and digits, without articles; x = 5 is 5."""
    answer = re.sub(r"^\s*[a-zA-Z]\s*=", "", answer)
    words = "".join(c if c.isalnum() else " " for c in answer.lower()).split()
    return "".join(word for word in words if word not in ("a", "an", "the"))


@pytest.mark.parametrize("split", SPLITS)
def test_gold_of_the_first_tasks(name: str, split: str) -> None:
    env = core(quick(name, split=split))
    tasks = env.taskset[: few(name, FIRST)]
    assert check_gold(env, tasks) == len(tasks) > 0


@pytest.mark.parametrize("split", SPLITS)
def test_wrong_answers_to_the_first_tasks(name: str, split: str) -> None:
    env = core(make(name, split=split))
    tasks = env.taskset[: few(name, FIRST)]
    assert check_wrong(env, tasks) == len(tasks) > 0


@pytest.mark.slow
@pytest.mark.parametrize("split", SPLITS)
def test_all_mini_tasks(name: str, split: str) -> None:
    env = core(make(name, split=split))
    assert check_gold(env, env.taskset) == check_wrong(env, env.taskset) == len(env.taskset)


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason="set SKILLFLOW_DATA to a folder with the benchmarks' data")
@pytest.mark.parametrize(("name", "split"), REAL)
def test_all_real_tasks(name: str, split: str) -> None:
    env = core(make(name, split=split, source=f"file:{real_folder(name)}"))
    assert check_gold(env, env.taskset) == check_wrong(env, env.taskset) == len(env.taskset)
