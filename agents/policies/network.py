"""The network of the scorer: candidates, as numbers and hashed words, to logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skillflow_gym.agents.policies.layout import Layout
from skillflow_gym.agents.policies.vocabulary import BUCKETS


class ScorerNetwork(nn.Module):
    """Candidates to logits: numbers and hashed words through two hidden layers. It starts uniform but for the prior.

    In training mode a tenth of the first hidden layer is dropped out.
    """

    def __init__(
        self, layout: Layout, extra: int = 0, width: int = 64, embedding: int = 12, dropout: float = 0.1
    ) -> None:
        """``extra`` more numbers per candidate than ``layout`` says; at first they count for nothing.

        All other parameters are the same with and without them, so that runs with and without can be compared in pairs.
        """
        super().__init__()
        self.layout = layout
        self.embed = nn.Embedding(BUCKETS, embedding, padding_idx=0)
        nn.init.normal_(self.embed.weight, std=0.5)
        with torch.no_grad():
            self.embed.weight[0] = 0.0
        self.query = nn.Linear(embedding, embedding)
        self.enter = nn.Linear(layout.numbers + (len(layout.groups) + 1) * embedding, width)
        self.gate = nn.Linear((1 + len(layout.context)) * embedding, width)
        self.dropout = nn.Dropout(dropout)
        self.middle = nn.Linear(width, width)
        self.leave = nn.Linear(width, 1)
        self.relate = nn.Linear(embedding, layout.numbers)
        for last in (self.leave, self.relate):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        with torch.no_grad():
            for index, worth in layout.prior.items():
                self.relate.bias[index] = worth
        self.more = nn.Linear(extra, width, bias=False) if extra else None
        self.relate_more = nn.Linear(embedding, extra, bias=False) if extra else None
        for added in (self.more, self.relate_more):
            if added is not None:
                nn.init.zeros_(added.weight)

    def forward(self, numbers: Tensor, words: Tensor, shared: Tensor, row_of: Tensor) -> Tensor:
        """Logits [R] of R candidates.

        Args:
            numbers: [R, layout.numbers + extra].
            words: word ids [R, sum of layout.groups].
            shared: word ids [C, layout.task + sum of layout.context] of C contexts.
            row_of: index of each candidate's context, [R].
        """
        size = self.layout.numbers
        groups = [self._mean(ids) for ids in words.split(self.layout.groups, dim=1)]  # [R, E] each
        task, *context = shared.split((self.layout.task, *self.layout.context), dim=1)
        numbers, extra = numbers[:, :size].contiguous(), numbers[:, size:]
        inputs = torch.cat([numbers, *groups, self._attend(groups[self.layout.attends], task, row_of)], dim=1)
        entered = self.enter(inputs)
        # What the task asks decides what the numbers are worth: earlier or later, same or both, who or when. The
        # direct product finds such a thing early, when the hidden layers have not.
        asked = nn.functional.embedding_bag(task, self.embed.weight, mode="sum", padding_idx=0)  # [C, E]
        direct = (numbers * self.relate(asked)[row_of]).sum(dim=1)  # [R]
        if self.more is not None and self.relate_more is not None:
            entered = entered + self.more(extra)
            direct = direct + (extra * self.relate_more(asked)[row_of]).sum(dim=1)
        gates = self.gate(torch.cat([asked, *(self._mean(ids) for ids in context)], dim=1))
        hidden = torch.relu(entered * (1 + gates)[row_of])  # [R, width]
        logits: Tensor = self.leave(torch.relu(self.middle(self.dropout(hidden)))).squeeze(1) + direct
        return logits

    def _attend(self, near: Tensor, task: Tensor, row_of: Tensor) -> Tensor:
        """How the words of a group fit the words of the task that they attend to, [R, E]."""
        size = torch.bincount(row_of, minlength=len(task))
        column = torch.arange(len(row_of)) - (size.cumsum(0) - size)[row_of]
        padded = near.new_zeros(len(task), int(size.max()), near.shape[1])
        padded = padded.index_put((row_of, column), self.query(near))  # [C, N, E]
        asked = self.embed(task)  # [C, W, E]
        scores = padded @ asked.transpose(1, 2)  # [C, N, W]
        weights = scores.masked_fill((task == 0)[:, None, :], -1e9).softmax(dim=2)
        fit: Tensor = near * (weights @ asked)[row_of, column]
        return fit

    def _mean(self, ids: Tensor) -> Tensor:
        """Mean embedding of the ids that are no padding, [R, E]."""
        if ids.shape[1] == 1:
            alone: Tensor = self.embed(ids[:, 0])
            return alone
        return nn.functional.embedding_bag(ids.contiguous(), self.embed.weight, mode="mean", padding_idx=0)
