"""The executor on a language model, against a real server on loopback: tools, commands, faults, deadlines."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from skillflow_gym import Action, InfrastructureError
from skillflow_gym.executors import make_executor
from skillflow_gym.executors.model import ANSWER
from skillflow_gym.policy import UniformPolicy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.tools import Toolbox
from tests.executors.chat_server import Server, calls, serving

pytest.importorskip("openai")


class Desk:
    """Two tools."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def search(self, query: str) -> str:
        """Look something up."""
        self.asked.append(query)
        return f"found {query}"

    def view(self, path: str, line: int = 1) -> str:
        """Show a line."""
        self.asked.append(f"{path}:{line}")
        return "x = 1"

    @property
    def tools(self) -> Toolbox:
        return Toolbox(self.search, self.view)


def spec(server: Server, **options: Any) -> str:
    return f"openai:m@{server.url}?" + "&".join(f"{name}={value}" for name, value in options.items())


def said(request: dict[str, Any], role: str) -> list[str]:
    return [message["content"] for message in request["messages"] if message["role"] == role]


def test_the_model_calls_tools_until_it_answers() -> None:
    desk = Desk()

    def answer(request: dict[str, Any]) -> Any:
        found = said(request, "tool")
        return " It is 282. " if found else calls(("search", {"query": "Remen"}), ("view", {"path": "a.py", "line": 3}))

    with serving(answer) as server:
        executor = make_executor(spec(server, rounds=4))
        result = executor.run("How long is the Remen?", desk.tools)
        executor.close()
    assert desk.asked == ["Remen", "a.py:3"]
    assert (result.text, result.calls) == ("It is 282.", 2)
    assert result.usage == {"prompt_tokens": 20, "completion_tokens": 4}
    first, second = server.requests
    assert said(first, "user") == ["How long is the Remen?"]
    assert [tool["function"]["name"] for tool in first["tools"]] == ["search", "view"]
    assert said(second, "tool") == ["found Remen", "x = 1"]


def test_in_its_last_round_it_has_to_answer() -> None:
    desk = Desk()

    def answer(request: dict[str, Any]) -> Any:
        return "I give up." if request.get("tool_choice") == "none" else calls(("search", {"query": "more"}))

    with serving(answer) as server:
        assert make_executor(spec(server, rounds=3)).run("go", desk.tools).text == "I give up."
    assert desk.asked == ["more", "more"] and len(server.requests) == 3


def test_once_it_only_repeats_itself_it_has_to_answer() -> None:
    desk = Desk()

    def answer(request: dict[str, Any]) -> Any:
        if request.get("tool_choice") == "none":
            return said(request, "user")[-1]
        return calls(("search", {"query": "more" if said(request, "tool") else "first"}))

    with serving(answer) as server:
        assert make_executor(spec(server, rounds=9)).run("go", desk.tools).text == ANSWER
    assert desk.asked == ["first", "more", "more"] and len(server.requests) == 4


def test_the_same_call_may_find_something_new() -> None:
    pages = iter(("one", "two", "three"))

    def turn() -> str:
        """The next page."""
        return next(pages)

    def answer(request: dict[str, Any]) -> Any:
        return "read" if len(said(request, "tool")) == 3 else calls(("turn", {}))

    with serving(answer) as server:
        assert make_executor(spec(server)).run("Read all pages.", Toolbox(turn)).text == "read"


@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        ("sing", {}, "No tool is named 'sing'. There are search, view."),
        ("search", "{", "could not be read"),
        ("search", [1], "expected a JSON object"),
        ("search", {}, "the arguments ['query'] are missing"),
        ("search", {"query": 7}, "query must be str, got int"),
        ("search", {"query": "a", "sudo": True}, "unknown arguments ['sudo']"),
    ],
)
def test_what_is_wrong_with_a_call_is_told_to_the_model(name: str, arguments: Any, complaint: str) -> None:
    desk = Desk()

    def answer(request: dict[str, Any]) -> Any:
        return "done" if said(request, "tool") else calls((name, arguments))

    with serving(answer) as server:
        assert make_executor(spec(server)).run("go", desk.tools).text == "done"
    assert complaint in said(server.requests[1], "tool")[0] and desk.asked == []


def test_an_engine_gets_one_command() -> None:
    with serving(lambda request: "`go to desk 1`\n") as server:
        executor = make_executor(spec(server))
        result = executor.run(
            "walk to the desk", Toolbox(shown="You are in a room.", commands=("go to desk 1", "look"))
        )
    assert result.text == "go to desk 1"
    (told,) = said(server.requests[0], "user")
    assert (
        "You are in a room." in told and "go to desk 1\nlook" in told and told.endswith("Instruction: walk to the desk")
    )


def test_an_environment_plays_with_it() -> None:
    def answer(request: dict[str, Any]) -> Any:
        return "The Remen." if said(request, "tool") else calls(("search", {"query": "Remen"}))

    with serving(answer) as server:
        env = gym.make("SkillFlow/HotpotQA-v0", source="mini", executor=spec(server))
        env.reset(seed=3)
        observation, *_, info = env.step(Action.act("find the river"))
        env.close()
    assert observation["observation"] == "The Remen." and info["deterministic"] is False
    assert info["usage"] == {"calls": 2, "prompt_tokens": 20, "completion_tokens": 4}


def test_the_seed_is_the_episodes() -> None:
    with serving(lambda request: "look") as server:
        env = gym.make("SkillFlow/WebShop-v0", source="mini", executor=spec(server))
        for seed in (5, 5, 6):
            env.reset(seed=seed)
            env.step(Action.act("look"))
        env.close()
    assert [request["seed"] for request in server.requests] == [5, 5, 6]


MALFORMED: list[Any] = [7, "call", ["call"], {"id": "1"}, [{"id": "1"}], [{"id": "1", "function": {"name": "search"}}]]
MALFORMED += [[{"id": "1", "function": {"name": "search", "arguments": {"query": "x"}}}]]
"""Tool calls in forms that no server should send."""


@pytest.mark.parametrize(
    "fault",
    [
        *(500, 503, 429, 408, "hangs up", "garbage", {"role": "assistant", "content": None}),
        *({"role": "assistant", "content": None, "tool_calls": calls} for calls in MALFORMED),
    ],
)
def test_what_may_pass_is_tried_again(fault: Any) -> None:
    replies = iter([fault, "fine"])
    with serving(lambda request: next(replies)) as server:
        executor = make_executor(spec(server))
        executor._chat.backoff = 0.01  # type: ignore[attr-defined]
        assert executor.run("go", Toolbox()).text == "fine"
    assert len(server.requests) == 2


def test_a_server_that_knows_no_seed_is_asked_without() -> None:
    with serving(lambda request: 400 if "seed" in request else "fine") as server:
        executor = make_executor(spec(server, tries=1))
        assert executor.run("go", Toolbox()).text == "fine"
        assert executor.run("go", Toolbox()).text == "fine"
    assert ["seed" in request for request in server.requests] == [True, False, False]


@pytest.mark.parametrize("late", ["hangs", "drips"])
def test_a_late_server_ends_the_episode_unscored(late: str) -> None:
    with serving(lambda request: late) as server:
        env = gym.make("SkillFlow/WebShop-v0", source="mini", executor=spec(server, timeout=0.3, deadline=0.5, tries=9))
        env.reset(seed=0)
        start = time.monotonic()
        _, _, terminated, truncated, info = env.step(Action.act("look"))
        assert time.monotonic() - start < 3
        env.close()
    assert (terminated, truncated, info["unscored"]) == (False, True, True) and "deadline" in info["error"]


def test_the_deadline_is_of_the_whole_episode() -> None:
    with serving(lambda request: "fine", latency=0.2) as server:
        executor = make_executor(spec(server, deadline=0.5))
        with pytest.raises(InfrastructureError, match=r"deadline|are over"):
            for _ in range(5):
                executor.run("go", Toolbox())
        executor.begin("next", 0)
        assert executor.run("go", Toolbox()).text == "fine"


def test_at_most_so_many_calls_at_a_time() -> None:
    with serving(lambda request: "fine", latency=0.05) as server:
        executors = [make_executor(spec(server, at_once=3)) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda e: e.run("go", Toolbox()).text, executors)) == ["fine"] * 8
    assert 1 < server.busiest <= 3


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("openai:qwen", "expected openai:MODEL@URL"),
        ("openai:qwen@localhost:8000", "expected openai:MODEL@URL"),
        ("openai:@http://localhost:8000/v1", "expected openai:MODEL@URL"),
        ("openai:m@http://h/v1?sudo=1", "no option 'sudo'"),
        ("openai:m@http://h/v1?timeout=soon", "timeout is no number"),
        ("openai:m@http://h/v1?rounds=0", "rounds is too small: '0'"),
        ("openai:m@http://h/v1?temperature=-1", "temperature is too small: '-1'"),
        ("opanai:m@http://h/v1", "does not exist; choose one of direct, tools, openai:MODEL@URL"),
    ],
)
def test_a_wrong_spec_is_refused(wrong: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="executor") as caught:
        make_executor(wrong)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("rollouts", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_no_episode_is_lost_or_falsely_scored_when_one_call_in_eight_fails(rollouts: int) -> None:
    """10% of the calls fail and 2% hang; a call is tried twice, so some episodes fail for good and must say so."""
    rng, drawing = np.random.default_rng(0), threading.Lock()

    def answer(request: dict[str, Any]) -> Any:
        with drawing:
            draw = rng.random()
        return "hangs" if draw < 0.02 else [500, "hangs up", "garbage"][int(draw * 1e4) % 3] if draw < 0.12 else "look"

    with serving(answer) as server:
        place = spec(server, timeout=3, tries=2)
        collector = Collector(
            lambda: gym.make("SkillFlow/WebShop-v0", source="mini", executor=place, step_limit=5), threads=32
        )
        tasks = [task.id for task in collector.make_env().unwrapped.taskset[:50]]  # type: ignore[attr-defined]
        jobs = [Job(f"{task}/{k}", task, task, (k,)) for task in tasks for k in range(rollouts)]
        found = collector.collect(UniformPolicy(), jobs).trajectories
        collector.close()
    assert [t.id for t in found] == [job.id for job in jobs]
    assert all(t.terminated or len(t) == t.step_limit for t in found if not t.unscored), "scored at its end"
    failed = [t for t in found if t.unscored]
    assert 0 < len(failed) < len(jobs) / 5
    assert all(t.turns[-1].error.startswith("model m at") for t in failed)


def test_a_cassette_plays_what_was_recorded(tmp_path: Any) -> None:
    numbers = iter(range(100))
    with serving(lambda request: f"search[mug {next(numbers)}]") as server:
        recorded = play(f"record:{tmp_path / 'tape.jsonl'}|{spec(server)}")
    assert recorded == play(f"replay:{tmp_path / 'tape.jsonl'}"), "and the server is gone"
    lines = (tmp_path / "tape.jsonl").read_text().splitlines()
    assert len(lines) == 6 and set(json.loads(lines[0])) == {"key", "text", "calls", "usage"}
    with pytest.raises(AssertionError, match="no answer to this instruction"):
        play(f"replay:{tmp_path / 'tape.jsonl'}", "something else")
    with pytest.raises(AssertionError, match="record it first"):
        play(f"replay:{tmp_path / 'none.jsonl'}")


def play(executor: str, instruction: str = "look for mugs") -> list[Any]:
    """What two seeds of two tasks see in a step or two; both episodes of a seed see the same."""
    env = gym.make("SkillFlow/WebShop-v0", source="mini", executor=executor)
    out = []
    for seed in (1, 2):
        for index in (0, 1):
            env.reset(seed=seed, options={"index": index})
            for _ in range(1 + index):
                *seen, info = env.step(Action.act(instruction))
                assert not info["unscored"], info["error"]
                out.append([*seen, info["usage"]])
    env.close()
    return out


def test_a_cassette_needs_a_name() -> None:
    with pytest.raises(ValueError, match=r"record:PATH\|SPEC"):
        make_executor("record:tape.jsonl")
