"""Where there is no sandbox, a test that runs untrusted code is skipped and says what to install."""

from __future__ import annotations

import shutil
from collections.abc import Generator

import pytest

from skillflow_gym.sandbox import SandboxError


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    return (yield from _without_sandbox())


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup() -> Generator[None, object, object]:
    return (yield from _without_sandbox())


def _without_sandbox() -> Generator[None, object, object]:
    try:
        return (yield)
    except SandboxError as error:
        if shutil.which("bwrap"):
            raise
        pytest.skip(str(error))
