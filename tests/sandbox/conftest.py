from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from skillflow_gym.sandbox import Sandbox, SandboxError, make_sandbox
from tests.sandbox.running import RunPython, cold, warm


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


@pytest.fixture(params=["cold", "warm"])
def run_python(request: pytest.FixtureRequest, bwrap: Sandbox) -> RunPython:
    """Run Python code under bubblewrap: started for the run, or from the warm interpreter."""
    return partial(warm if request.param == "warm" else cold, bwrap)
