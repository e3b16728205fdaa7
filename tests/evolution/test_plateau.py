"""Plateau: fires where a series has stopped falling, and never where it falls or rises."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym.evolution.plateau import Plateau


def fires(series: Iterable[float], plateau: Plateau | None = None) -> list[int]:
    """After how many values there was a plateau."""
    plateau = plateau or Plateau()
    return [n for n, value in enumerate(series, start=1) if plateau.observe(value)]


def noisy(means: Iterable[float], noise: float, seed: int) -> list[float]:
    """Values around ``means`` with a relative standard deviation of ``noise``."""
    rng = np.random.default_rng(seed)
    return [float(mean * max(1 + noise * rng.normal(), 0.0)) for mean in means]


def test_a_flat_series_fires_after_three_windows_and_stays() -> None:
    assert fires([3.0] * 60) == list(range(30, 61))


def test_the_fall_of_a_window_is_relative_to_the_window_before() -> None:
    assert fires([100, 95, 90.25, 85.7375], Plateau(1, 0.049)) == [], "by 5% each"
    assert fires([100, 96, 92, 89], Plateau(1, 0.05)) == [3, 4], "by 4% of 100, then 4.2% of 96"
    assert fires([100, 96, 90, 86.5, 83], Plateau(1, 0.05)) == [5], "a fall between flat windows starts anew"
    assert fires([0.0] * 4, Plateau(1, 0.05)) == [3, 4], "nothing can fall below 0"


def test_means_of_windows_count_and_not_single_values() -> None:
    assert fires([1, 9, 5, 5, 9, 1], Plateau(2, 0.05)) == [6]
    assert fires([10, 10, 10, 8, 8, 8, 8], Plateau(2, 0.05)) == [], "10, 9 and 8: no full window more"
    assert fires([10, 10, 10, 8, 8, 8, 8, 8, 8, 8], Plateau(2, 0.05)) == [10], "10, 9, 8, 8, 8"


@pytest.mark.parametrize("seed", range(20))
def test_a_noisy_fall_is_no_plateau(seed: int) -> None:
    assert fires(noisy(np.geomspace(100, 0.1, 300), 0.15, seed)) == [], "by 20% a window"


def test_a_noisy_flat_series_fires_soon() -> None:
    first = [fires(noisy([2.0] * 400, 0.1, seed))[0] for seed in range(50)]
    assert min(first) == 30 and np.median(first) <= 60 and max(first) <= 200


@pytest.mark.parametrize("growth", [1.004, 1.01, 1.05, 1.2, 1.5])
def test_a_rise_is_no_plateau(growth: float) -> None:
    """From 4% a window, which two windows make 8%, to 58 times."""
    assert fires(growth ** np.arange(150)) == []
    assert fires(np.linspace(1, growth**150, 150)) == []


@pytest.mark.parametrize("growth", [2.0, 3.0, 10.0])
def test_the_fastest_rise_is_no_plateau(growth: float) -> None:
    assert fires(growth ** np.arange(100)) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_noisy_rise_is_no_plateau(seed: int) -> None:
    assert fires(noisy(np.geomspace(1, 1000, 300), 0.15, seed)) == []


def test_a_rise_then_flat_fires_on_the_level_it_reached() -> None:
    series = [1.0] * 20 + [2.0] * 60
    assert fires(series)[0] == 50, "the window of the rise begins the row; two more are flat"
    slow = [1.0] * 10 + [1.04] * 10 + [1.09] * 10 + [1.09] * 20
    assert fires(slow)[0] == 50, "9% above where the row began is a rise, though each window rises by less than 5%"


def test_a_fall_then_flat_fires_two_windows_later() -> None:
    assert fires([float(v) for v in range(100, 50, -1)] + [50.0] * 60)[0] == 80


def test_reset_forgets_and_ignores_a_window() -> None:
    plateau = Plateau()
    assert fires([1.0] * 30, plateau) == [30] and plateau.signal == {"windows": [1.0] * 3, "flat": 2}
    plateau.reset()
    assert plateau.signal == {"windows": [], "flat": 0} and not plateau.reached
    assert fires([99.0] * 10 + [1.0] * 30, plateau) == [40], "whatever the ignored ones are"
    plateau.reset()
    assert fires([1.0] * 5, plateau) == []
    plateau.reset()
    assert fires([1.0] * 50, plateau)[0] == 40, "a half-filled window is forgotten, too"


@pytest.mark.parametrize("value", [-1e-9, float("nan"), float("inf"), float("-inf")])
def test_what_no_mean_square_can_be_is_refused(value: float) -> None:
    plateau = Plateau()
    with pytest.raises(ValueError, match="finite and not negative"):
        plateau.observe(value)
    assert fires([1.0] * 30, plateau) == [30], "it left nothing behind"


@pytest.mark.parametrize("numbers", [(0, 0.05, 2), (10, 0.0, 2), (10, -1.0, 2), (10, float("nan"), 2), (10, 0.05, 0)])
def test_numbers_that_make_no_sense_are_refused(numbers: tuple[int, float, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Plateau(*numbers)


SHAPES = st.tuples(st.integers(1, 12), st.floats(0.001, 0.5), st.integers(1, 4))
VALUES = st.floats(0, 1e12, allow_subnormal=False)


@given(SHAPES, VALUES)
def test_a_constant_series_fires_at_exactly_patience_plus_one_windows(
    shape: tuple[int, float, int], value: float
) -> None:
    window, _, patience = shape
    assert fires([value] * (window * (patience + 3)), Plateau(*shape))[0] == window * (patience + 1)


@given(SHAPES, st.floats(0.05, 0.999), st.floats(1e-3, 1e9))
def test_a_geometric_fall_below_one_minus_rho_a_window_never_fires(
    shape: tuple[int, float, int], speed: float, start: float
) -> None:
    window, rho, patience = shape
    ratio = ((1 - rho) * speed) ** (1 / window)
    count = window * (patience + 8)
    assert fires(start * ratio ** np.arange(count), Plateau(window, rho, patience)) == []


@given(SHAPES, st.floats(1.01, 1.3), st.floats(1e-3, 1e3))
def test_a_geometric_rise_above_rho_a_window_never_fires(
    shape: tuple[int, float, int], speed: float, start: float
) -> None:
    window, rho, patience = shape
    ratio = ((1 + rho) * speed) ** (1 / window)
    count = window * (patience + 8)
    assert fires(start * ratio ** np.arange(count), Plateau(window, rho, patience)) == []


@given(SHAPES, st.lists(VALUES, max_size=120), st.integers(0, 120), st.booleans())
def test_a_restored_plateau_goes_on_equally(
    shape: tuple[int, float, int], values: list[float], at: int, reset: bool
) -> None:
    one, other = Plateau(*shape), Plateau(*shape)
    fires(values[:at], one)
    if reset:
        one.reset()
    other.load(json.loads(json.dumps(one.state())))
    assert fires(values[at:], one) == fires(values[at:], other)
    assert (other.reached, other.signal, other.state()) == (one.reached, one.signal, one.state())


@given(st.lists(VALUES, min_size=1, max_size=60), st.floats(1e-6, 1e6))
def test_the_unit_does_not_matter(values: list[float], unit: float) -> None:
    """Powers of two change no digit, so that the answers are equal and not only close."""
    scale = 2.0 ** round(np.log2(unit))
    small = [0.0 if v < 1e-6 else v for v in values]
    assert fires(small, Plateau(3)) == fires([scale * v for v in small], Plateau(3))
