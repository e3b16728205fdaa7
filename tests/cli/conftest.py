"""Runs the command line in this process, with a scripted standard input; and places where skills are."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from skillflow_gym import SkillLibrary
from skillflow_gym.cli import main
from skillflow_gym.skills.store import SkillStore
from tests.cli.skill_places import BETTER, ONE, PHASE, TWO
from tests.contract.recycling import recycled_engines


@pytest.fixture(scope="package", autouse=True)
def few_processes() -> Iterator[None]:
    with recycled_engines():
        yield


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    SkillLibrary([ONE, TWO]).save(tmp_path / "folder")
    return tmp_path / "folder"


@pytest.fixture
def store(tmp_path: Path) -> SkillStore:
    store = SkillStore(tmp_path / "store")
    store.append(SkillLibrary([ONE, TWO]), {"kind": "start", "step": 0})
    store.append(SkillLibrary([BETTER]), PHASE)
    return store


@pytest.fixture
def run(tmp_path: Path, store: SkillStore) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text("agent: ttb\n")
    shutil.copytree(store.folder, tmp_path / "run" / "skills")
    return tmp_path / "run"
