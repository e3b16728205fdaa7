"""ThreadVectorEnv itself: environments that really run at the same time, and errors that come through."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from skillflow_gym import Action
from skillflow_gym.vector import ThreadVectorEnv
from tests.contract.outsider import VaultEnv, registered

SIZE = 4


@pytest.fixture
def envs() -> Iterator[ThreadVectorEnv]:
    with registered():
        made = gym.make_vec("SkillFlow/Vaults-v0", num_envs=SIZE, source="mini")
        assert isinstance(made, ThreadVectorEnv)
        yield made
        made.close()


@pytest.mark.parametrize("method", ["begin", "act"])
def test_all_of_them_run_at_the_same_time(envs: ThreadVectorEnv, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(SIZE)
    real = getattr(VaultEnv, method)

    def meet(self: VaultEnv, argument: Any) -> Any:
        meeting.wait(timeout=10)  # raises unless all arrive
        return real(self, argument)

    monkeypatch.setattr(VaultEnv, method, meet)
    envs.reset(seed=0)
    envs.step([Action.act("turn blue")] * SIZE)
    assert not meeting.broken and meeting.n_waiting == 0


def test_each_gets_its_own_action(envs: ThreadVectorEnv) -> None:
    envs.reset(options={"index": 0})
    dials = envs.envs[0].unwrapped.task.record["dials"]  # type: ignore[attr-defined]
    observations = envs.step([Action.act(f"turn {dial}") for dial in dials[:SIZE]])[0]["observation"]
    for dial, shown in zip(dials, observations, strict=False):
        assert shown in (f"{dial} clicks.", "The vault opens.")


def test_what_was_returned_is_not_changed_later(envs: ThreadVectorEnv) -> None:
    first, _ = envs.reset(seed=0)
    kept = {key: tuple(value) for key, value in first.items()}
    _, rewards, terminations, _, _ = envs.step([Action.act("x")] * SIZE)
    envs.step([Action.accept("x")] * SIZE)
    assert first == kept
    assert rewards.tolist() == [0.0] * SIZE and terminations.tolist() == [False] * SIZE


def test_only_those_of_the_mask_are_reset(envs: ThreadVectorEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    envs.reset(seed=0)
    begun: list[int] = []
    real = VaultEnv.begin
    order = {id(env.unwrapped): i for i, env in enumerate(envs.envs)}

    def note(self: VaultEnv, task: Any) -> str:
        begun.append(order[id(self)])
        return real(self, task)

    monkeypatch.setattr(VaultEnv, "begin", note)
    envs.reset(options={"reset_mask": np.array([True, False, False, True]), "index": 2})
    assert sorted(begun) == [0, 3]


def test_an_error_in_one_comes_through(envs: ThreadVectorEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: VaultEnv, text: str) -> Any:
        raise ZeroDivisionError("a bug in the engine")

    envs.reset(seed=0)
    monkeypatch.setattr(VaultEnv, "act", fail)
    with pytest.raises(ZeroDivisionError, match="a bug in the engine"):
        envs.step([Action.act("x")] * SIZE)


@pytest.mark.parametrize("arguments", [{"split": "exam"}, {"step_limit": -1}])
def test_wrong_arguments_are_refused_when_made(arguments: dict[str, Any]) -> None:
    with registered(), pytest.raises(ValueError, match=r"exam|step_limit"):
        gym.make_vec("SkillFlow/Vaults-v0", num_envs=2, source="mini", **arguments)


def test_its_threads_end_with_it() -> None:
    before = set(threading.enumerate())
    with registered():
        envs = gym.make_vec("SkillFlow/Vaults-v0", num_envs=SIZE, source="mini")
        envs.reset(seed=0)
        started = set(threading.enumerate()) - before
        assert started and all(thread.name.startswith("skillflow-env") for thread in started)
        envs.close()
    assert not [thread for thread in started if thread.is_alive()]
