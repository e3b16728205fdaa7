"""Vector environments: threads by default, sync and async as Gymnasium makes them, and all show the same text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import CustomSpaceError, ResetNeeded

from skillflow_gym import Action
from skillflow_gym.registration import stanza
from skillflow_gym.vector import ThreadVectorEnv
from tests.contract.harness import BUILT, few, make, taskset

Envs = gym.vector.VectorEnv[Any, Any, Any]
MODES: dict[str, dict[str, Any]] = {
    "threads": {},
    "sync": {"vectorization_mode": "sync"},
    # spawn, since a fork of a process with threads may hang
    "async": {"vectorization_mode": "async", "vector_kwargs": {"shared_memory": False, "context": "spawn"}},
}
SCRIPT = [
    Action.act("search: the town"),
    Action.skill("none"),
    Action.act("lookup: the"),
    Action.accept("Évora \ud800 🦉"),
]


def slow(parameter: Any) -> Any:
    """The parameter as one for the slow suite: starting processes takes seconds."""
    return pytest.param(*parameter.values, id=parameter.id, marks=[*parameter.marks, pytest.mark.slow])


def make_vec(name: str, mode: str = "threads", num_envs: int = 2, **kwargs: Any) -> Envs:
    return gym.make_vec(stanza(name).env_id, num_envs=num_envs, source="mini", **MODES[mode], **kwargs)


@pytest.fixture
def envs(name: str) -> Iterator[Envs]:
    made = make_vec(name, num_envs=3)
    yield made
    made.close()


def plain(value: Any) -> Any:
    """Arrays as lists, so that whole answers can be compared."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def run(envs: Envs) -> list[Any]:
    """The same episodes in every kind of vector environment."""
    said: list[Any] = [envs.reset(seed=7)]
    said += [envs.step((action,) * envs.num_envs) for action in SCRIPT]
    envs.close()
    return [[plain(part) for part in answer] for answer in said]


def by_hand(name: str, seed: int) -> list[Any]:
    env = make(name)
    return [env.reset(seed=seed), *(env.step(action) for action in SCRIPT)]


@pytest.mark.parametrize("mode", ["threads", "sync"])
def test_each_shows_what_single_environments_show(name: str, mode: str) -> None:
    said = run(make_vec(name, mode))
    singles = [by_hand(name, 7), by_hand(name, 8)]
    for together, *apart in zip(said, *singles, strict=True):
        for i, alone in enumerate(apart):
            assert {key: texts[i] for key, texts in together[0].items()} == alone[0]
            assert {k: v[i] for k, v in together[-1].items() if k in alone[-1] and k not in ("score", "usage")} == {
                k: v for k, v in alone[-1].items() if k not in ("score", "usage")
            }
            for group in ("score", "usage"):
                assert {k: v[i] for k, v in together[-1][group].items() if not k.startswith("_")} == alone[-1][group]
            assert [values[i] for values in together[1:-1]] == list(alone[1:-1])


@pytest.mark.parametrize("name", [p if p.id in ("HotpotQA", "ALFWorld") else slow(p) for p in BUILT])
def test_async_shows_the_same(name: str) -> None:
    assert run(make_vec(name, "async")) == run(make_vec(name, "threads"))


@pytest.mark.parametrize("name", BUILT)
def test_shared_memory_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises((CustomSpaceError, ValueError)) as caught:
        gym.make_vec(stanza(name).env_id, num_envs=1, source="mini", vectorization_mode="async")
    told: BaseException | None = caught.value
    messages = []
    while told is not None:
        messages.append(str(told))
        told = told.__cause__ or told.__context__
    assert "shared_memory=False" in "\n".join(messages)


def test_threads_are_the_default(name: str, envs: Envs) -> None:
    assert isinstance(envs, ThreadVectorEnv) and envs.num_envs == 3
    assert envs.metadata["autoreset_mode"] is gym.vector.AutoresetMode.DISABLED
    assert envs.spec is not None and envs.spec.id == f"SkillFlow/{name}-v0"


def test_batches_belong_to_the_space(envs: Envs) -> None:
    observations, infos = envs.reset(seed=0)
    assert observations in envs.observation_space
    observations, rewards, terminations, truncations, infos = envs.step((Action.act("x"), (1, "y"), "accept(z)"))
    assert observations in envs.observation_space
    assert rewards.shape == terminations.shape == truncations.shape == (3,)
    assert terminations.tolist() == [False, False, True]
    assert infos["task_id"].dtype == object and infos["success"].dtype == np.bool_


def test_sampled_actions_are_understood(name: str, envs: Envs) -> None:
    envs.reset(seed=0)
    envs.action_space.seed(1)
    kinds = set()
    for _ in range(max(8, few(name, 30))):
        actions = envs.action_space.sample()
        kinds |= {int(kind) for kind, _ in actions}
        *_, terminations, truncations, infos = envs.step(actions)
        assert all("expected" not in error for error in infos["error"])
        if (over := terminations | truncations).any():
            envs.reset(seed=0, options={"reset_mask": over})
    assert kinds == {0, 1, 2}


def test_finished_ones_must_be_reset(envs: Envs) -> None:
    first, _ = envs.reset(seed=0)
    on = Action.skill("none")
    _, _, terminations, truncations, _ = envs.step((on, Action.accept("x"), on))
    assert terminations.tolist() == [False, True, False]
    with pytest.raises(ResetNeeded, match=r"environments \[1\] are over"):
        envs.step((on, on, on))
    observations, infos = envs.reset(seed=[None, 5, None], options={"reset_mask": terminations | truncations})  # type: ignore[arg-type]
    assert infos["_task_id"].tolist() == [False, True, False]
    assert observations["task"][0] == first["task"][0] and observations["task"][2] == first["task"][2]
    assert observations["observation"][0] == "no skill is named 'none'", "the others stay where they are"
    assert observations["task"][1] == envs.envs[1].unwrapped.task.prompt  # type: ignore[attr-defined]
    assert envs.step((on, on, on))[2].tolist() == [False] * 3


def test_before_reset_and_after_close(envs: Envs) -> None:
    with pytest.raises(ResetNeeded):
        envs.step((Action.act("x"),) * 3)
    envs.close()
    envs.close()


def test_a_task_for_all(name: str, envs: Envs) -> None:
    task = taskset(name, "train")[2]
    observations, infos = envs.reset(options={"task_id": task.id})
    assert set(observations["task"]) == {task.prompt} and set(infos["task_id"]) == {task.id}


@pytest.mark.parametrize("seed", [3, [3, 4, 5], (3, 4, 5), np.int64(3), np.array([3, 4, 5])])
def test_seeds(name: str, envs: Envs, seed: Any) -> None:
    _, infos = envs.reset(seed=seed)
    assert infos["task_id"].tolist() == [make(name).reset(seed=s)[1]["task_id"] for s in (3, 4, 5)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": [1, 2]},
        {"options": {"reset_mask": np.array([False] * 3)}},
        {"options": {"reset_mask": np.array([True])}},
        {"options": {"reset_mask": np.array([1, 0, 1])}},
    ],
)
def test_wrong_seeds_and_masks_are_refused(envs: Envs, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give 3 seeds, and a boolean reset_mask of 3 with a True"):
        envs.reset(**arguments)
