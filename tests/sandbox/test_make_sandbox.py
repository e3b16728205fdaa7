"""Which sandbox one gets: the one that was asked for, or an error that says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillflow_gym.sandbox import Sandbox, SandboxError, bwrap, make_sandbox


@pytest.fixture
def found_anew() -> Iterator[None]:
    bwrap.works.cache_clear()
    yield
    bwrap.works.cache_clear()


def test_the_default_is_bubblewrap(bwrap: Sandbox) -> None:
    assert bwrap.spec == "bwrap" and make_sandbox().spec == "bwrap"


@pytest.mark.parametrize("spec", ["", "none", "bwrap:x", "unsafe", "unsafe-subprocess:x"])
def test_an_unknown_name_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="expected bwrap, docker, docker:IMAGE or unsafe-subprocess"):
        make_sandbox(spec)


def test_without_bubblewrap_there_is_no_second_choice(
    found_anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="apt-get install bubblewrap"):
        make_sandbox("bwrap")


@pytest.mark.parametrize("says", ["bwrap: No permissions to create new namespace", "Unknown option --disable-userns"])
def test_a_bubblewrap_that_does_not_work_is_quoted(
    found_anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    for name in ("bwrap", "prlimit"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match=says):
        make_sandbox("bwrap")
