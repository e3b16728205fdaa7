"""The numbers of evolution: what makes no sense is refused, and the message names the flag."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from skillflow_gym.evolution import Settings


def test_the_defaults_are_those_of_the_paper_where_it_has_one() -> None:
    chosen = Settings()
    assert (chosen.window, chosen.rho, chosen.flat_windows, chosen.zeta) == (10, 0.05, 2, 1.0)
    assert (chosen.below_phases, chosen.max_gap) == (2, 1.0)


WHOLE = ("window", "flat_windows", "period", "below_phases", "min_visits", "capacity", "gate_rollouts")
WRONG: list[tuple[str, Any]] = [
    *((name, 0) for name in WHOLE),
    *((name, -1) for name in ("gate_tasks", "new_skills")),
    *((name, wrong) for name in ("window", "gate_tasks") for wrong in (2.5, nan, "3", True, None)),
    *((name, wrong) for name in ("zeta", "rho", "max_gap", "merge_at") for wrong in (nan, inf, -inf, "1", None, True)),
    *((name, wrong) for name in ("rho", "merge_at") for wrong in (0.0, -1.0, 1.01)),
    ("rho", 1.0),
    ("max_gap", -0.1),
    *((name, "sometimes") for name in ("when", "where", "what", "gate_rule")),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_makes_no_sense_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"--evolve\.{name.replace('_', '-')} must be .*, got "):
        Settings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("zeta", -20.0), ("zeta", 0), ("rho", 0.9), ("max_gap", 0.0), ("merge_at", 1.0), ("gate_tasks", 0), ("window", 1)],
)
def test_what_makes_sense_is_taken(name: str, value: Any) -> None:
    assert getattr(Settings(**{name: value}), name) == value
