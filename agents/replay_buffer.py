"""Groups of past rollouts. Trajectory balance holds for any rollouts, so they need no importance weights."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from skillflow_gym.trajectory import Trajectory

Group = Sequence[Trajectory]


class ReplayBuffer:
    """The latest groups: rollouts of one task, collected together, each with the weight that it has in the loss."""

    def __init__(self, size: int) -> None:
        """Keep ``size`` groups; 0 keeps none."""
        self._groups: deque[tuple[float, Group]] = deque(maxlen=size)

    def __len__(self) -> int:
        return len(self._groups)

    def extend(self, groups: Sequence[Group], weights: Sequence[float]) -> None:
        """Add groups and their weights; the oldest make room."""
        self._groups.extend(zip(weights, groups, strict=True))

    def sample(self, rng: np.random.Generator, count: int) -> list[Group]:
        """``count`` different groups, drawn in proportion to their weights; fewer if fewer weigh anything.

        A mean over them needs no weights any more, and no gradient step is spent on groups that hardly count.
        """
        weights = np.array([weight for weight, _ in self._groups], dtype=np.float64)
        count = min(count, int(np.count_nonzero(weights)))
        if not count:
            return []
        chosen = rng.choice(len(weights), size=count, replace=False, p=weights / weights.sum())
        return [self._groups[int(i)][1] for i in chosen]

    def state(self) -> dict[str, Tensor | list[int] | list[float]]:
        """The content as compressed JSON lines, and the size and weight of each group."""
        lines = "\n".join(t.to_json() for _, group in self._groups for t in group)
        packed = torch.frombuffer(bytearray(zlib.compress(lines.encode(), level=1)), dtype=torch.uint8)
        weights, sizes = [weight for weight, _ in self._groups], [len(group) for _, group in self._groups]
        return {"weights": weights, "sizes": sizes, "packed": packed}

    def load(self, state: dict[str, Tensor | list[int] | list[float]]) -> None:
        """Restore ``state``'s value."""
        packed, sizes, weights = state["packed"], state["sizes"], state["weights"]
        assert isinstance(packed, Tensor)
        lines = zlib.decompress(packed.numpy().tobytes()).decode().split("\n")
        trajectories = iter([Trajectory.from_json(line) for line in lines if line])
        self._groups.clear()
        groups = ([next(trajectories) for _ in range(int(size))] for size in sizes)
        self._groups.extend((float(weight), group) for weight, group in zip(weights, groups, strict=True))
