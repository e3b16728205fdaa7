"""When: has the residual stopped falling?"""

from __future__ import annotations

from collections import deque
from math import isfinite, sqrt
from typing import Any

import numpy as np


class Plateau:
    """Watches the mean squared residual of one update after the other.

    The values are cut into windows of ``window``. A window is flat if its mean lies less than ``rho`` below that of the
    window before, relative to it, and does not rise. A plateau is ``patience`` flat windows in a row. A rise is a
    window that lies above the one before, or above the one before the row began, by more than ``rho`` and by more than
    two standard errors of the difference; it starts the count anew, since a policy that unlearns has not converged.

    After ``reset``, which a change of the library calls for, ``window`` values are ignored: the new skills alone make
    the residual rise, and then fall.

    Source: SkillFlow (arXiv 2605.14089), section on the evolution's trigger: W = 10, rho = 0.05, M = 2. The released
    code counts steps of a sliding window instead of windows, and takes a rising loss for a plateau.

    >>> plateau = Plateau(window=2, rho=0.05, patience=2)
    >>> [plateau.observe(value) for value in (8, 8, 4, 4, 4, 4, 4, 4)]
    [False, False, False, False, False, False, False, True]
    """

    def __init__(self, window: int = 10, rho: float = 0.05, patience: int = 2) -> None:
        """Take W, rho and M.

        Raises:
            ValueError: ``window`` or ``patience`` below 1, or ``rho`` not positive.
        """
        if window < 1 or patience < 1 or not rho > 0:
            raise ValueError(f"window and patience must be at least 1, rho above 0; got {window}, {patience}, {rho}")
        self.window, self.rho, self.patience = window, rho, patience
        self._ignore = 0
        self._values: list[float] = []
        self._windows: deque[tuple[float, float]] = deque(maxlen=patience + 1)  # mean and squared standard error
        self._flat = 0

    @property
    def reached(self) -> bool:
        """Whether the last ``patience`` windows were flat."""
        return self._flat >= self.patience

    @property
    def signal(self) -> dict[str, Any]:
        """The numbers behind ``reached``, for a log: the means of the last windows, and how many of them were flat."""
        return {"windows": [mean for mean, _ in self._windows], "flat": self._flat}

    def observe(self, value: float) -> bool:
        """Take the value of the next update; whether there is a plateau now.

        Raises:
            ValueError: ``value`` is not finite, or negative, which no squared residual is.
        """
        if not (isfinite(value) and value >= 0):
            raise ValueError(f"a mean squared residual is finite and not negative, got {value}")
        if self._ignore:
            self._ignore -= 1
            return False
        self._values.append(float(value))
        if len(self._values) == self.window:
            self._close_window()
        return self.reached

    def reset(self) -> None:
        """Forget what was seen, and ignore the next ``window`` values."""
        self._ignore, self._flat = self.window, 0
        self._values.clear()
        self._windows.clear()

    def state(self) -> dict[str, Any]:
        """All that ``load`` needs, as JSON holds it."""
        windows = [list(window) for window in self._windows]
        return {"ignore": self._ignore, "values": list(self._values), "windows": windows, "flat": self._flat}

    def load(self, state: dict[str, Any]) -> None:
        """Restore ``state``'s value."""
        self._ignore, self._values, self._flat = state["ignore"], list(state["values"]), state["flat"]
        self._windows = deque([(mean, error) for mean, error in state["windows"]], maxlen=self.patience + 1)

    def _close_window(self) -> None:
        values = np.array(self._values)
        now = (float(values.mean()), float(values.var(ddof=1) / len(values)) if len(values) > 1 else 0.0)
        self._values.clear()
        if self._windows:
            before, start = self._windows[-1], self._windows[max(0, len(self._windows) - 1 - self._flat)]
            falls = before[0] - now[0] >= self.rho * before[0] > 0
            self._flat = 0 if falls or self._rises(before, now) or self._rises(start, now) else self._flat + 1
        self._windows.append(now)

    def _rises(self, before: tuple[float, float], now: tuple[float, float]) -> bool:
        rise = now[0] - before[0]
        # A window that itself rises spreads widely for that reason; the narrower of the two shows the noise.
        return rise > self.rho * before[0] and rise > 2 * sqrt(2 * min(before[1], now[1]))
