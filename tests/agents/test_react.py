"""ReAct against servers on loopback: the conversation, the functions, bad answers, and an agent that solves a task."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from skillflow_gym import Action, InfrastructureError, Skill, SkillLibrary
from skillflow_gym.actions import TOOLS
from skillflow_gym.agents import react
from skillflow_gym.agents.policies.api import MAX_SHOWN, ReactPolicy, messages
from skillflow_gym.core import SkillEnv
from skillflow_gym.episode import Episode
from skillflow_gym.evaluate import evaluate
from skillflow_gym.rollout import Collector
from skillflow_gym.trajectory import read_trajectories

pytest.importorskip("openai")

Reply = dict[str, Any]


def says(text: str) -> Reply:
    return {"role": "assistant", "content": text}


def calls(name: str, arguments: str, thought: str | None = None) -> Reply:
    call = {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": thought, "tool_calls": [call]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, reply: Callable[[dict[str, Any]], Reply | int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply, self.requests = reply, list[dict[str, Any]]()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append(request)
            reply = self.server.reply(request)
        if isinstance(reply, int):
            status, content = reply, {"error": {"message": "sorry"}}
        else:
            status = 200
            usage = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}
            choice = {"index": 0, "message": reply, "finish_reason": "stop"}
            content = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
            content["usage"] = usage
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""


@contextmanager
def serving(reply: Callable[[dict[str, Any]], Reply | int]) -> Iterator[_Server]:
    server = _Server(reply)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def policy(server: _Server, **more: Any) -> ReactPolicy:
    return ReactPolicy("m", server.url, **{"at_once": 1, "backoff": 0.01, "timeout": 10.0, **more})


def hotpotqa(**more: Any) -> Any:
    return gym.make("SkillFlow/HotpotQA-v0", source="mini", split="test", **more)


def play(policy: ReactPolicy, env: Any) -> Any:
    episode, rng = Episode(env, seed=0, proposals=False), np.random.default_rng(0)
    while not episode.done:
        (decision,) = policy.act([episode.context], [rng])
        episode.step(decision)
    return episode.trajectory()


def test_it_thinks_acts_observes_and_accepts() -> None:
    """The model searches for the task's first capitalised word and then gives up with what it found."""

    def reply(request: dict[str, Any]) -> Reply:
        turns = sum(m["role"] == "tool" for m in request["messages"])
        if turns == 0:
            return calls("act", json.dumps({"text": "search: river"}), "I should look for a river.")
        return calls("accept", json.dumps({"answer": "nothing"}), "That will not help.")

    with serving(reply) as server:
        env = hotpotqa()
        trajectory = play(policy(server), env)
    assert [turn.action for turn in trajectory.turns] == [Action.act("search: river"), Action.accept("nothing")]
    assert trajectory.terminated and trajectory.reward == 0.0
    assert all(turn.log_pf is None and turn.candidates == () for turn in trajectory.turns)
    first, second = server.requests
    assert first["tools"] == TOOLS and first["tool_choice"] == "required" and first["model"] == "m"
    assert [m["role"] for m in first["messages"]] == ["system", "user"]
    assert trajectory.task in first["messages"][1]["content"]
    assert [m["role"] for m in second["messages"]] == ["system", "user", "assistant", "tool"]
    assert second["messages"][2]["content"] == "I should look for a river.", "it remembers what it thought"
    assert Action.parse(second["messages"][2]["tool_calls"][0]) == Action.act("search: river")
    assert second["messages"][3]["content"] == trajectory.turns[0].observation
    assert second["messages"][3]["tool_call_id"] == second["messages"][2]["tool_calls"][0]["id"]
    assert first["seed"] != second["seed"], "from the episode's generator"


def test_an_agent_that_knows_the_way_solves_its_tasks() -> None:
    """The server plays the gold actions of each task, which only the test looks up."""
    env = hotpotqa()
    core = env.unwrapped
    assert isinstance(core, SkillEnv)
    tasks = core.taskset[:3]
    gold = {task.prompt: core.gold_actions(task) for task in tasks}

    def reply(request: dict[str, Any]) -> Reply:
        (task,) = [prompt for prompt in gold if prompt in request["messages"][1]["content"]]
        action = gold[task][sum(m["role"] == "tool" for m in request["messages"])]
        call = action.to_tool_call()["function"]
        return calls(call["name"], call["arguments"])

    with serving(reply) as server:
        asked = policy(server, at_once=2)
        collector = Collector(hotpotqa)
        result = evaluate(asked, collector, tasks, k=2)
        collector.close()
    assert result.success().mean == 1.0 and result.unscored == 0.0
    turns = sum(len(t) for t in result.trajectories)
    assert asked.usage == {"calls": turns, "prompt_tokens": 100 * turns, "completion_tokens": 7 * turns}


def test_skills_and_commands_are_shown() -> None:
    library = SkillLibrary([Skill("buy-it", "Buy the first thing.", "Click buy now.")])
    env = gym.make("SkillFlow/WebShop-v0", source="mini")
    env.unwrapped.library = library  # type: ignore[attr-defined]
    replies = iter(
        [calls("skill", '{"id": "buy-it"}'), calls("act", '{"text": "search[shoe]"}'), calls("accept", "{}")]
    )
    with serving(lambda request: next(replies, says("accept()"))) as server:
        trajectory = play(policy(server), env)
    told = server.requests[0]["messages"][1]["content"]
    assert "- buy-it: Buy the first thing." in told
    assert "Click buy now." in server.requests[1]["messages"][3]["content"]
    shown = [m for m in server.requests[2]["messages"] if m["role"] == "tool"]
    commands = trajectory.turns[1].admissible
    assert commands and "\n".join(commands) in shown[-1]["content"], "the present commands"
    assert "Commands that act takes now" not in shown[0]["content"], "and no others"


BAD: dict[str, tuple[Reply, str, str]] = {
    "an unknown function": (calls("fly", "{}"), '{"name": "fly", "arguments": "{}"}', "expected skill(id)"),
    "arguments that are no JSON": (calls("act", "{"), '{"name": "act", "arguments": "{"}', "expected skill(id)"),
    "text that is no action": (says("I give up."), "I give up.", "expected skill(id)"),
    "an unknown skill": (calls("skill", '{"id": "nope"}'), "", "no skill is named 'nope'"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_an_error_of_the_episode_and_is_told(name: str) -> None:
    bad, written, error = BAD[name]
    replies = iter([bad])
    with serving(lambda request: next(replies, calls("accept", '{"answer": "x"}'))) as server:
        trajectory = play(policy(server), hotpotqa())
    assert len(trajectory) == 2 and error in trajectory.turns[0].error
    if written:
        assert trajectory.turns[0].action == Action.act(written)
    assert error in server.requests[1]["messages"][3]["content"]


def test_actions_may_be_written_where_there_are_no_functions() -> None:
    replies = iter([says("I need the river.\nact(search: river)"), says("accept(Osta)")])

    def reply(request: dict[str, Any]) -> Reply | int:
        return 400 if "tools" in request else next(replies)

    with serving(reply) as server:
        trajectory = play(policy(server), hotpotqa())
    assert [turn.action.to_text() for turn in trajectory.turns] == ["act(search: river)", "accept(Osta)"]
    assert server.requests[-1]["messages"][2]["content"] == "I need the river."
    assert sum("tools" in request for request in server.requests) == 3, "tried once for each variant, not every turn"


def test_an_empty_answer_and_a_busy_server_are_asked_again() -> None:
    replies: Iterator[Reply | int] = iter([says(""), 503, 429])
    with serving(lambda request: next(replies, calls("accept", '{"answer": "x"}'))) as server:
        trajectory = play(policy(server), hotpotqa())
    assert len(trajectory) == 1 and len(server.requests) == 4


def test_a_server_that_fails_for_good_is_an_infrastructure_error() -> None:
    with serving(lambda request: 500) as server, pytest.raises(InfrastructureError, match="model m at http"):
        play(policy(server, tries=2), hotpotqa())
    assert len(server.requests) == 2


def test_episodes_of_a_server_that_fails_for_good_are_unscored() -> None:
    """The first batch is played to its end; then the server is gone, in the second turn of the second batch."""

    def reply(request: dict[str, Any]) -> Reply | int:
        if len(server.requests) > 6:
            return 500
        turns = sum(m["role"] == "tool" for m in request["messages"])
        return calls("accept", '{"answer": "x"}') if turns else calls("act", '{"text": "search: river"}')

    env = hotpotqa()
    tasks = env.unwrapped.taskset[:4]
    with serving(reply) as server:
        collector = Collector(hotpotqa)
        result = evaluate(policy(server, tries=2), collector, tasks, batch=2)
        collector.close()
    assert [t.unscored for t in result.trajectories] == [False, False, True, True]
    assert [len(t) for t in result.trajectories] == [2, 2, 1, 1] and result.unscored == 0.5
    assert [t.task_id for t in result.trajectories] == [task.id for task in tasks]
    assert all(t.truncated and not t.terminated for t in result.trajectories[2:])
    assert len(server.requests) == 6 + 2 * 2, "each of the two was given up after two tries"


def test_episodes_do_not_see_each_others_thoughts() -> None:
    def reply(request: dict[str, Any]) -> Reply:
        if any(m["role"] == "tool" for m in request["messages"]):
            return calls("accept", '{"answer": "x"}')
        return calls("act", '{"text": "search: river"}', f"thought {request['seed']}")

    with serving(reply) as server:
        asked, envs = policy(server, at_once=4), [hotpotqa() for _ in range(4)]
        episodes = [Episode(env, seed=i, proposals=False) for i, env in enumerate(envs)]
        rngs = [np.random.default_rng(i) for i in range(4)]
        for _ in range(2):
            for episode, decision in zip(episodes, asked.act([e.context for e in episodes], rngs), strict=True):
                episode.step(decision)
    seeds = {f"thought {r['seed']}": r["messages"][1]["content"] for r in server.requests if len(r["messages"]) == 2}
    later = {
        r["messages"][2]["content"]: r["messages"][1]["content"] for r in server.requests if len(r["messages"]) == 4
    }
    assert later == seeds and len(later) == 4


def test_long_observations_are_cut() -> None:
    with serving(lambda request: says("accept(x)")):
        episode = Episode(hotpotqa(), seed=0, proposals=False)
    context = episode.context
    from dataclasses import replace

    (_, user) = messages(replace(context, first="y" * 3 * MAX_SHOWN), [])
    assert len(user["content"]) < MAX_SHOWN + len(context.task) + 100 and user["content"].endswith("…")


def test_the_command_writes_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    with serving(lambda request: calls("accept", '{"answer": "x"}')) as server:
        words = ["react", "--env", "HotpotQA-v0", "--source", "mini", "--model", "m", "--url", server.url]
        monkeypatch.setattr(sys, "argv", [*words, "--tasks", "3", "--run", str(tmp_path / "run")])
        react.main()
    printed = capsys.readouterr().out
    assert "react-m on SkillFlow/HotpotQA-v0, source mini" in printed and "success 0.000" in printed
    summary = json.loads((tmp_path / "run" / "evaluations" / "react.json").read_text())
    assert summary["tasks"] == 3 and summary["usage"]["calls"] == 3 and summary["panel_sha256"] in printed
    kept = read_trajectories(tmp_path / "run" / "trajectories" / "step-000000.jsonl")
    assert [t.policy_version for t in kept] == ["react-m"] * 3


def test_the_command_ends_where_the_server_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    with serving(lambda request: 401) as server:
        words = ["react", "--env", "HotpotQA-v0", "--source", "mini", "--model", "m", "--url", server.url]
        monkeypatch.setattr(sys, "argv", [*words, "--tasks", "3", "--run", str(tmp_path / "run")])
        react.main()
    assert "unscored 100.0%" in capsys.readouterr().out
    summary = json.loads((tmp_path / "run" / "evaluations" / "react.json").read_text())
    assert summary["unscored"] == 1.0 and summary["success"] == [None, None, None], "never counted as failures"


def test_a_server_must_be_named(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["react", "--env", "HotpotQA-v0", "--source", "mini"])
    with pytest.raises(SystemExit) as ended:
        react.main()
    assert ended.value.code == 2 and "react needs --model and --url" in capsys.readouterr().err
