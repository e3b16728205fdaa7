"""Java processes of ScienceWorld that serve one environment after the other, since starting one takes seconds.

That what was played before does not show, and that none is left behind, is tested in tests/envs with fresh ones.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from skillflow_gym.envs import scienceworld
from skillflow_gym.envs.engines.scienceworld_engine import ScienceWorldEngine

_idle: list[ScienceWorldEngine] = []


class Recycled:
    """A ScienceWorldEngine that waits for the next to ask for one when it is closed or no longer referred to."""

    def __init__(self) -> None:
        self._engine = _idle.pop() if _idle else ScienceWorldEngine()
        self._return = weakref.finalize(self, _put_back, self._engine)

    @property
    def closed(self) -> bool:
        return self._engine.closed or not self._return.alive

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def close(self) -> None:
        self._return()


def _put_back(engine: ScienceWorldEngine) -> None:
    if not engine.closed:
        _idle.append(engine)


@contextmanager
def recycled_engines() -> Iterator[None]:
    """All ScienceWorld environments made meanwhile share a few processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scienceworld, "ScienceWorldEngine", Recycled)
        yield
    while _idle:
        _idle.pop().close()
