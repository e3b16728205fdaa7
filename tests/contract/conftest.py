"""Fixtures of the contract tests: every built benchmark of the registry, and one from outside it."""

from __future__ import annotations

from collections.abc import Iterator

import gymnasium as gym
import pytest

from skillflow_gym.registration import stanza
from tests.contract import outsider
from tests.contract.harness import BUILT, QA, core, make, no_network, short, taskset
from tests.contract.recycling import recycled_engines


@pytest.fixture(scope="package", autouse=True)
def few_processes() -> Iterator[None]:
    with recycled_engines():
        yield


@pytest.fixture(autouse=True)
def offline() -> Iterator[None]:
    with no_network():
        yield


@pytest.fixture(params=[*BUILT, outsider.STANZA["name"]])
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a benchmark; the contract holds for each."""
    if request.param != outsider.STANZA["name"]:
        yield request.param
        return
    with outsider.registered():
        yield request.param
    taskset.cache_clear()


@pytest.fixture(autouse=True)
def has_the_split(request: pytest.FixtureRequest) -> None:
    """A benchmark is not asked for a split that it does not have."""
    split = request.node.callspec.params.get("split") if hasattr(request.node, "callspec") else None
    if split and "name" in request.fixturenames and split not in stanza(request.getfixturevalue("name")).splits:
        pytest.skip(f"no split {split}")


@pytest.fixture(params=QA)
def qa_name(request: pytest.FixtureRequest) -> str:
    """The name of a question-answering benchmark."""
    return str(request.param)


@pytest.fixture
def record_name(name: str) -> str:
    """The name of a benchmark whose tasks are records in a file."""
    if not hasattr(type(core(make(name))), "schema"):
        pytest.skip(f"{name}'s data are no records")
    return name


@pytest.fixture
def env(name: str) -> Iterator[gym.Env]:
    """Train split, mini tasks."""
    made = short(name)
    yield made
    made.close()
