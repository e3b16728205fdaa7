"""Build hook for the folders ``agents`` and ``envs``, whose canonical names lie inside ``skillflow_gym``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INSIDE = ("agents", "envs")


class CustomBuildHook(BuildHookInterface[Any]):
    """Lays out the wheel; for an editable install, shows the canonical names to type checkers."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if version == "editable":
            self.link_for_type_checkers(root)
        else:
            build_data["force_include"].update(wheel_layout(root))

    def link_for_type_checkers(self, root: Path) -> None:
        """Make ``.typing/skillflow_gym/{agents,envs}``, links that hide themselves from git; nothing imports them."""
        package = root / ".typing" / "skillflow_gym"
        package.mkdir(parents=True, exist_ok=True)
        (package.parent / ".gitignore").write_text("*\n")
        for folder in INSIDE:
            link = package / folder
            if link.is_symlink():
                continue
            try:
                link.symlink_to(os.path.relpath(root / folder, package), target_is_directory=True)
            except OSError as error:
                self.app.display_warning(f"mypy will not see skillflow_gym.{folder}: {error}")


def wheel_layout(root: Path) -> dict[str, str]:
    """Source -> path in the wheel.

    The runnable agents stand a second time in a top-level ``agents`` without ``__init__.py``, for ``python -m
    agents.ttb``: a namespace portion that leaves the ``agents`` package of openai-agents alone, whichever comes first.
    """
    layout = {folder: f"skillflow_gym/{folder}" for folder in INSIDE} | {"registry.yaml": "skillflow_gym/registry.yaml"}
    for module in sorted((root / "agents").glob("*.py")):
        if 'if __name__ == "__main__":' in module.read_text(encoding="utf-8"):
            layout[f"agents/{module.name}"] = f"agents/{module.name}"
    return layout
