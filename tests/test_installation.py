"""The command that installs what is missing."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from skillflow_gym import installation
from skillflow_gym.installation import install

ROOT = Path(installation.__file__).parents[1]


def test_a_checkout_is_installed_from_where_it_stands_with_its_constraints() -> None:
    words = shlex.split(install("train"))
    assert words == ["pip", "install", "-c", str(ROOT / "constraints.txt"), "-e", f"{ROOT}[train]"]


@pytest.mark.parametrize(
    ("extra", "options", "command"),
    [
        ("", "", "pip install skillflow-gym"),
        ("hub", "--force-reinstall ", "pip install --force-reinstall 'skillflow-gym[hub]'"),
    ],
)
def test_a_wheel_is_installed_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: str, options: str, command: str
) -> None:
    monkeypatch.setattr(installation, "__file__", str(tmp_path / "skillflow_gym" / "installation.py"))
    assert install(extra, options) == command
