from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from skillflow_gym.sandbox import Sandbox, SandboxError, make_sandbox
from tests.sandbox.running import WAYS, RunPython


@pytest.fixture(scope="session")
def bwrap() -> Iterator[Sandbox]:
    try:
        sandbox = make_sandbox("bwrap")
    except SandboxError as error:
        pytest.skip(str(error))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def unsafe() -> Iterator[Sandbox]:
    sandbox = make_sandbox("unsafe-subprocess")
    yield sandbox
    sandbox.close()


@pytest.fixture(params=WAYS)
def run_python(request: pytest.FixtureRequest, bwrap: Sandbox) -> RunPython:
    """Run Python code under bubblewrap, in each way that there is."""
    return partial(WAYS[request.param], bwrap)


@pytest.fixture(params=WAYS)
def run_alone(request: pytest.FixtureRequest, bwrap: Sandbox) -> Iterator[RunPython]:
    """The same in a sandbox of its own, so that the processes of an idle one are always as many."""
    sandbox = make_sandbox("bwrap")
    yield partial(WAYS[request.param], sandbox)
    sandbox.close()
