"""Groups of past rollouts, for more gradient steps: trajectory balance holds for rollouts of any policy."""

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
    """The latest groups: rollouts of one task, collected together."""

    def __init__(self, size: int) -> None:
        """Keep ``size`` groups; 0 keeps none."""
        self._groups: deque[Group] = deque(maxlen=size)

    def __len__(self) -> int:
        return len(self._groups)

    def extend(self, groups: Sequence[Group]) -> None:
        """Add groups; the oldest make room. Confidential ones are not kept: a checkpoint could not hold their texts."""
        self._groups.extend(group for group in groups if not any(t.confidential for t in group))

    def sample(self, rng: np.random.Generator, count: int) -> list[Group]:
        """``count`` different groups, or all if there are fewer."""
        chosen = rng.choice(len(self._groups), size=min(count, len(self._groups)), replace=False)
        return [self._groups[int(i)] for i in chosen]

    def state(self) -> dict[str, Tensor | list[int]]:
        """The content as compressed JSON lines, and the size of each group."""
        lines = "\n".join(t.to_json() for group in self._groups for t in group)
        packed = torch.frombuffer(bytearray(zlib.compress(lines.encode(), level=1)), dtype=torch.uint8)
        return {"sizes": [len(group) for group in self._groups], "packed": packed}

    def load(self, state: dict[str, Tensor | list[int]]) -> None:
        """Restore ``state``'s value."""
        packed, sizes = state["packed"], state["sizes"]
        assert isinstance(packed, Tensor)
        lines = zlib.decompress(packed.numpy().tobytes()).decode().split("\n")
        trajectories = iter([Trajectory.from_json(line) for line in lines if line])
        self._groups.clear()
        self._groups.extend([next(trajectories) for _ in range(int(size))] for size in sizes)
