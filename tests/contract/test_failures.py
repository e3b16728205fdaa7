"""When infrastructure fails, the episode ends unscored, without an exception; when it works, its passages are seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from skillflow_gym import Action, Context, InfrastructureError
from skillflow_gym.policy import Decision, UniformPolicy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.tools.search import HTTPRetriever, read_passages
from tests.contract.harness import core, make, taskset
from tests.tools.retriever_server import BODIES, MISBEHAVING, PASSAGES, closed_port, retriever_server

SEARCH = Action.act("search: pear")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One try of a fifth of a second."""
    monkeypatch.setattr(HTTPRetriever.__init__, "__defaults__", (0.2, 1))
    yield


def check_unscored(env: Any, step: tuple[Any, ...], shown: str) -> None:
    observation, reward, terminated, truncated, info = step
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["unscored"] is True and info["success"] is False
    assert shown in info["error"] and len(info["error"].splitlines()) == 1
    assert observation["observation"] == ""
    json.dumps(info)


def test_nobody_listens(qa_name: str) -> None:
    env = make(qa_name, retrieval=closed_port())
    _, first = env.reset(seed=0)
    check_unscored(env, env.step(SEARCH), "refused")
    _, again = env.reset(seed=0)
    assert again == first and again["unscored"] is False, "the next episode starts clean"
    assert env.step(Action.accept("x"))[1:4] == (0.0, True, False), "what needs no retriever still works"


@pytest.mark.parametrize("mode", [*MISBEHAVING, "no JSON", "hits a text"])
def test_a_failing_retriever(qa_name: str, mode: str) -> None:
    with retriever_server(mode) as (url, _):
        env = make(qa_name, retrieval=url)
        env.reset(seed=0)
        check_unscored(env, env.step(SEARCH), f"retriever {url}: ")
        assert env.reset(seed=0)[1]["unscored"] is False, "the next episode starts clean"


def test_a_retriever_that_fails_later(qa_name: str) -> None:
    with retriever_server("documents", "status 500") as (url, _):
        env = make(qa_name, retrieval=url)
        env.reset(seed=0)
        assert env.step(SEARCH)[4]["usage"]["calls"] == 1
        check_unscored(env, env.step(SEARCH), "HTTP status 500")


@pytest.mark.parametrize("mode", BODIES)
@pytest.mark.parametrize("top_k", [1, 2])
def test_a_working_retriever_is_seen(qa_name: str, mode: str, top_k: int) -> None:
    with retriever_server(mode) as (url, requests):
        env = make(qa_name, retrieval=url, top_k=top_k)
        env.reset(seed=0)
        observation, *_, info = env.step(SEARCH)
        assert [tuple(p) for p in read_passages(observation["observation"])] == PASSAGES[:top_k]
        assert requests == [{"queries": ["pear"], "topk": top_k, "return_scores": True}]
        assert info["error"] == "" and info["deterministic"] is True
        observation = env.step(Action.act("lookup: blet"))[0]
        assert ("Medlars blet." in observation["observation"]) is (top_k > 2)
        assert len(requests) == 1, "a look-up needs no server"


class SearchOrAccept:
    """The first of two episodes searches, the second accepts."""

    version = "search-or-accept"

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        return [Decision(Action.accept("x") if i % 2 else SEARCH, 0.0, 0.0) for i in range(len(contexts))]


def test_the_collector_goes_on(qa_name: str) -> None:
    with retriever_server("documents", "documents", "status 500") as (url, _):
        collector = Collector(lambda: make(qa_name, retrieval=url))
        jobs = [Job(str(i), task.id, task.id, (i,)) for i, task in enumerate(taskset(qa_name, "train")[:10])]
        collection = collector.collect(SearchOrAccept(), jobs)
    ends = ["failed" if t.unscored else "scored" for t in collection.trajectories]
    assert ends == ["failed", "scored", "scored", "scored", *["failed", "scored"] * 3]
    assert collection.scored == [t for t in collection.trajectories if not t.unscored]
    failed = [t for t in collection.trajectories if t.unscored]
    assert all(t.truncated and not t.terminated and t.reward == 0.0 and t.turns[-1].error for t in failed)
    assert collection.dropped == {} and collection.env_steps == 12


def test_an_episode_that_cannot_begin(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(self: Any, task: Any) -> str:
        raise InfrastructureError("the engine is gone")

    monkeypatch.setattr(type(core(make(name))), "begin", begin)
    broken = make(name)
    with pytest.raises(InfrastructureError, match="the engine is gone"):
        broken.reset(seed=0)
    with pytest.raises(ResetNeeded):
        broken.step(SEARCH)
    tasks = taskset(name, "train")
    collection = Collector(lambda: make(name)).collect(UniformPolicy(), [Job("j", tasks[0].id, "g", (0,))])
    (trajectory,) = collection.trajectories
    assert trajectory.unscored and trajectory.truncated and not trajectory.turns and collection.scored == []
    assert (trajectory.id, trajectory.task_id, trajectory.group) == ("j", tasks[0].id, "g")


@pytest.mark.parametrize("retrieval", ["google", "ftp://x", "", "file:///etc/passwd"])
def test_a_retrieval_that_is_none(qa_name: str, retrieval: str) -> None:
    with pytest.raises(ValueError, match="is none of pooled, own, or the http URL"):
        make(qa_name, retrieval=retrieval)


def test_at_least_one_passage(qa_name: str) -> None:
    with pytest.raises(ValueError, match="top_k must be at least 1, got 0"):
        make(qa_name, top_k=0)
