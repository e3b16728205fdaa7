"""The Java process: values both ways, errors, deadlines, and that none is left behind, whatever happens."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gymnasium.error import DependencyNotInstalled
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action
from skillflow_gym.envs.engines import java
from skillflow_gym.envs.engines.java import Java, JavaError, Ref, static
from skillflow_gym.envs.engines.scienceworld_engine import ScienceWorldEngine, _py4j_jar
from skillflow_gym.errors import InfrastructureError
from tests.envs.scienceworld_making import alive, needs_simulator, opened, resident, state

pytestmark = needs_simulator

ROOT = Path(__file__).resolve().parents[2]
LOOK = Action.act("look around")
OBJECTS = static("java.util.Objects")


@pytest.fixture(scope="module")
def process() -> Iterator[Java]:
    made = Java([_py4j_jar()])
    yield made
    made.close()


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.text(st.characters(codec="utf-8"), max_size=50))
def test_text_comes_back(process: Java, text: str) -> None:
    assert process.call(OBJECTS, "toString", text, "none") == text


@pytest.mark.parametrize("value", [0, -7, 2**31 - 1, True, False, 0.25, -1e30, None])
def test_values_come_back(process: Java, value: int | float | bool | None) -> None:
    found = process.call(OBJECTS, "requireNonNullElse", value, "none")
    assert found == ("none" if value is None else value) and type(found) is type("" if value is None else value)


def test_objects_lists_and_letting_go(process: Java) -> None:
    made = process.new("java.util.ArrayList")
    assert isinstance(made, Ref) and process.lines(made, "subList", 0, 0) == ()
    for word in ("one", "two \\n words", "drei ü"):
        assert process.call(made, "add", word) is True
    assert process.call(made, "size") == 3
    assert process.lines(made, "subList", 0, 3) == ("one", "two \\n words", "drei ü")
    process.free(made)
    with pytest.raises(JavaError):
        process.call(made, "size")
    assert process.call(OBJECTS, "toString", "it goes on", "") == "it goes on"


def test_exceptions_are_errors_of_one_line(process: Java) -> None:
    with pytest.raises(JavaError) as caught:
        process.call(static("java.lang.Integer"), "parseInt", "no number")
    assert len(str(caught.value).splitlines()) == 1 and not process.closed


def test_several_calls_at_once(process: Java) -> None:
    made = process.new("java.util.ArrayList")
    assert process.calls(made, ("add", "one"), ("size",), ("get", 0)) == [True, 1, "one"]
    with pytest.raises(JavaError):
        process.calls(made, ("add", "two"), ("get", 7), ("add", "three"))
    assert process.call(made, "size") == 3, "all are carried out, and no answer is left behind"


def test_no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DependencyNotInstalled, match="apt-get install -y default-jre"), opened(task="boil"):
        pass
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(DependencyNotInstalled, match="or set JAVA_HOME"):
        Java([_py4j_jar()])


def test_java_that_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"Java does not start: .*nonsense"):
        Java([_py4j_jar()], ["-XX:nonsense"])
    fake = tmp_path / "bin" / "java"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nsleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(java, "DEADLINE", 0.3)
    start = time.monotonic()
    with pytest.raises(InfrastructureError, match="Java does not start"):
        Java([_py4j_jar()])
    assert time.monotonic() - start < 30


def test_a_call_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ScienceWorldEngine()
    engine._java._socket.settimeout(0.3)
    os.kill(engine.pid, signal.SIGSTOP)
    assert within(20, lambda: state(engine.pid) == "T"), "all its threads have stopped"
    with pytest.raises(InfrastructureError, match="did not answer within"):
        engine.step("look around")
    assert engine.closed and not alive(engine.pid)
    with pytest.raises(InfrastructureError, match="is closed"):
        engine.step("look around")


def test_a_dead_process_ends_the_episode_unscored_and_is_replaced() -> None:
    with opened(task="boil") as env:
        first = env.reset(options={"index": 0})
        assert env._engine is not None
        os.kill(env._engine.pid, signal.SIGKILL)
        observation, reward, terminated, truncated, info = env.step(LOOK)
        assert (observation["observation"], reward, terminated, truncated) == ("", 0.0, False, True)
        assert info["unscored"] and info["error"] == "the Java process is dead"
        assert env.reset(options={"index": 0}) == first
        assert env.step(LOOK)[4]["unscored"] is False


def test_an_interrupted_call_does_not_leave_its_answer_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(task="boil") as env:
        first = env.reset(options={"index": 0})
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            while True:
                env.act("look around")
        assert env.reset(options={"index": 0}) == first


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether something comes true in that time."""
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        time.sleep(0.05)
    return condition()


def ends(pid: int) -> bool:
    """Whether the process ends by itself."""
    return within(20, lambda: not alive(pid))


@pytest.mark.parametrize("how", ["close", "collect"])
def test_none_is_left_here(how: str) -> None:
    engine = ScienceWorldEngine()
    pid = engine.pid
    assert alive(pid)
    if how == "close":
        engine.close()
        engine.close()
    else:
        del engine
        gc.collect()
    assert not alive(pid), "at once"


CHILD = """
import os, signal, sys, time
from skillflow_gym.envs.scienceworld import ScienceWorldEnv
env = ScienceWorldEnv("ScienceWorld", task="boil", admissible_actions=False)
env.reset(seed=0)
print(env._engine.pid, flush=True)
if sys.argv[1] == "raise":
    raise SystemError("planned")
if sys.argv[1] == "fork":  # a forked child outlives the owner, and must not keep Java alive
    if os.fork() == 0:
        assert env._engine.closed
        time.sleep(60)
        os._exit(0)
if sys.argv[1] != "end":
    time.sleep(60)
"""


@pytest.mark.parametrize("how", ["end", "raise", "kill", "term", "fork"])
def test_none_is_left_when_its_owner_ends(how: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, how], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    try:
        if how in ("kill", "term", "fork"):
            assert alive(pid)
            process.send_signal(signal.SIGTERM if how == "term" else signal.SIGKILL)
        process.wait(timeout=60)
        assert ends(pid)
    finally:
        process.kill()
        process.stdout.close()


def test_a_forked_process_leaves_it_to_its_owner() -> None:
    engine = ScienceWorldEngine()
    if (child := os.fork()) == 0:
        closed = engine.closed
        engine.close()
        os._exit(0 if closed else 1)
    assert os.waitpid(child, 0)[1] == 0
    engine.load("boil", 0, "")
    assert engine.step("look around").text.startswith("This ")
    engine.close()


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_memory_is_bounded_and_flat() -> None:
    envs = [opened(split="train") for _ in range(8)]
    with opened(split="train") as first:
        tasks = [task.id for task in first.taskset[:300]]
    seen: list[float] = []
    entered = [env.__enter__() for env in envs]
    try:
        for start in range(0, 304, 8):
            for i, env in enumerate(entered):
                env.reset(options={"task_id": tasks[(start + i) % 300]})
                for _ in range(3):
                    env.step(LOOK)
            seen.append(sum(resident(env._engine.pid) for env in entered if env._engine is not None))
    finally:
        for env in envs:
            env.__exit__(None, None, None)
    assert max(seen) < 4096, seen
    assert max(seen[-10:]) < 1.1 * max(seen[10:20]), seen
