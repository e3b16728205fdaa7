"""With a real instruct model: as the executor in this process, as the policy, and as the executor on a server.

What a small model says may differ between machines; what is asserted is that it uses the tool and is understood.
"""

from __future__ import annotations

import importlib.util
import math
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import gymnasium as gym
import pytest

from skillflow_gym import Action
from skillflow_gym.executors import make_executor
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.tools import Toolbox
from tests import pretrained

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

LOADING = 300.0
"""Most seconds that the server may take to load the model."""


def search(query: str) -> str:
    """Search the encyclopedia and return the best passage."""
    return "The Remen is a river of 282 kilometres. It rises in the Osk mountains."


def test_the_executor_calls_a_tool_and_answers_with_what_it_found() -> None:
    executor = make_executor(f"hf:{pretrained.folder()}?tokens=64&timeout=600&deadline=1200")
    result = executor.run("Use search to find out: how long is the river Remen in kilometres?", Toolbox(search))
    executor.close()
    assert result.calls >= 2, "a call, and the answer"
    assert "282" in result.text
    assert result.usage["prompt_tokens"] > 100 and 0 < result.usage["completion_tokens"] <= 64 * result.calls


def test_the_policy_plays_short_episodes() -> None:
    pytest.importorskip("peft")
    from skillflow_gym.agents.policies.load import make_policy
    from skillflow_gym.agents.ttb import Args

    args = Args(policy=f"hf:{pretrained.folder()}")
    args.lm.max_new_tokens = 48
    policy = make_policy(args, "qa", hindsight=False)
    collector = Collector(lambda: gym.make("SkillFlow/HotpotQA-v0", source="mini", step_limit=2))
    task = collector.make_env().unwrapped.taskset[0].id  # type: ignore[attr-defined]
    # Untrained and sampled at temperature 1 it often calls a tool that is not there.
    trajectories = collector.collect(policy, [Job(str(n), task, task, (n,)) for n in range(6)]).trajectories
    collector.close()
    assert all(not trajectory.unscored and 1 <= len(trajectory) <= 2 for trajectory in trajectories)
    turns = [turn for trajectory in trajectories for turn in trajectory.turns]
    assert any(not turn.error for turn in turns), "some of its answers are read as actions"
    for turn in turns:
        assert 0 < sum(turn.action_mask) <= 48 and turn.log_pf is not None and -math.inf < turn.log_pf < 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of llama.cpp's own server on loopback, as users start it."""
    for package in ("openai", "llama_cpp", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"no package {package}: pip install -e '.[llama]', which compiles for minutes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"model": pretrained.gguf(), "host": "127.0.0.1", "port": port, "n_ctx": 4096, "model_alias": "executor"}
    command = [sys.executable, "-m", "llama_cpp.server", *(str(w) for n, v in options.items() for w in (f"--{n}", v))]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}/v1"
    try:
        _wait(process, url, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[Any], url: str, log: Path) -> None:
    """Until the server answers."""
    end = time.monotonic() + LOADING
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the server ended with {process.returncode}:\n{log.read_text()[-2000:]}")
        try:
            with urlopen(f"{url}/models", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"the server did not answer within {LOADING:g} s:\n{log.read_text()[-2000:]}")


def test_an_episode_is_played_with_a_server(server: str) -> None:
    executor = f"openai:executor@{server}?tokens=64&timeout=600&deadline=1200"
    env = gym.make("SkillFlow/HotpotQA-v0", source="mini", executor=executor, step_limit=2)
    env.reset(seed=0, options={"index": 0})
    task = env.unwrapped.task.prompt  # type: ignore[attr-defined]
    observation, *_, info = env.step(Action.act(f"Search for this and say what you found: {task}"))
    assert not info["unscored"] and not info["error"] and observation["observation"]
    assert (
        info["usage"]["calls"] >= 1 and info["usage"]["prompt_tokens"] > 50 and info["usage"]["completion_tokens"] > 0
    )
    _, _, terminated, _, info = env.step(Action.accept(observation["observation"]))
    env.close()
    assert terminated and not info["unscored"] and set(info["score"]) == {"em", "f1"}
