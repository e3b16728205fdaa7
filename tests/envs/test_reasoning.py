"""What the reasoning benchmarks share: the tools, and what is said without them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym import Action
from skillflow_gym.envs import reasoning
from skillflow_gym.sandbox import SandboxError
from skillflow_gym.sandbox.bwrap import works
from skillflow_gym.tasks import Gold
from tests.contract.harness import make

pytest.importorskip("sympy", reason="needs the reasoning extra")


@pytest.fixture
def env() -> Any:
    made = make("AIME-2026")
    made.reset(seed=0)
    return made


@pytest.mark.parametrize(
    ("instruction", "shown"),
    [
        ("calculate: binomial(9, 2) + 1", "37"),
        ("calculate: solve(x^2 - 5x + 6, x)", "[2, 3]"),
        ("python: print(6 * 7)", "42"),
        ("python: for i in range(3):\n    if i:\n        print(i)", "1\n2"),
        ("python:\ntotal = 0\nfor i in range(4):\n    total += i\nprint(total)\n", "6"),
        ("Python : print('a: b')", "a: b"),
    ],
)
def test_the_tools(env: Any, instruction: str, shown: str) -> None:
    observation, reward, terminated, truncated, info = env.step(Action.act(instruction))
    assert observation["observation"] == shown
    assert (reward, terminated, truncated, info["error"], info["usage"]["calls"]) == (0.0, False, False, "", 1)


def test_the_first_observation_lists_them(env: Any) -> None:
    observation, info = env.reset(seed=0)
    lines = observation["observation"].split("\n")
    assert lines[0] == "Tools:" and [line.partition(":")[0] for line in lines[1:]] == ["calculate", "python"]
    assert info["deterministic"] is True


def test_without_a_sandbox_the_first_reset_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reasoning, "_tools", {})
    monkeypatch.setenv("PATH", str(tmp_path))
    works.cache_clear()
    made = make("AIME-2026")
    with pytest.raises(SandboxError, match="bubblewrap is not installed: apt-get install"):
        made.reset(seed=0)
    assert made.unwrapped.correct("7", Gold(("7",))), "what needs no sandbox works without"  # type: ignore[attr-defined]


def test_an_unknown_sandbox_is_refused() -> None:
    with pytest.raises(ValueError, match="sandbox 'cellar'"):
        make("AIME-2026", sandbox="cellar").reset(seed=0)


@pytest.mark.parametrize(
    ("name", "module"), [("AIME-2026", "sympy"), ("MATH-Hard", "sympy"), ("MATH-Hard", "math_verify")]
)
def test_without_the_extra_it_says_what_to_install(name: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda wanted: None if wanted == module else found(wanted))
    with pytest.raises(ModuleNotFoundError, match=r"needs? the reasoning extra: pip install .*\[reasoning\]") as caught:
        make(name)
    assert caught.value.name == module
