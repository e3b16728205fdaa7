"""log Z(q) as a learned output per task."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from skillflow_gym.agents.policies.vocabulary import BUCKETS, word_ids


class LogZHead(nn.Module):
    """A linear function of the task's hashed words; it starts at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.EmbeddingBag(BUCKETS, 1, mode="mean")
        nn.init.zeros_(self.weights.weight)
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, tasks: Sequence[str]) -> Tensor:
        """Log Z of each task's prompt, [N]."""
        bags = [word_ids(task) or (0,) for task in tasks]
        starts = torch.tensor([0, *(len(bag) for bag in bags[:-1])]).cumsum(0)
        flat = torch.tensor([i for bag in bags for i in bag])
        return self.bias + self.weights(flat, starts).squeeze(1)  # type: ignore[no-any-return]
