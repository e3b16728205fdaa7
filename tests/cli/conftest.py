"""Runs the command line in this process, with a scripted standard input."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from skillflow_gym.cli import main


class Done(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def skillflow(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """``skillflow("play", "HotpotQA", lines=[...])``: exit code, standard output, standard error."""

    def run(*arguments: object, lines: tuple[str, ...] | list[str] = ()) -> Done:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(line + "\n" for line in lines)))
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exit:  # how tyro ends
            code = int(exit.code or 0)
        return Done(code, *capsys.readouterr())

    return run
