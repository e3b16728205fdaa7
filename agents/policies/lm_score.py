"""Log-probabilities of token ids with gradients that are exact in any number of micro-batches and any memory.

A loss over a whole batch couples its trajectories (log Z of a group, say), yet no graph of the whole batch need exist.
`log_probs` computes the values without a graph. When the loss is differentiated, autograd hands back d loss / d value,
one number per value, and each micro-batch is run again with a graph and differentiated with these as weights:

    d loss / d theta = sum over micro-batches of sum over values of (d loss / d value) (d value / d theta)

so every objective is a pure function of log-probabilities, and only one micro-batch is ever held. Values that fit into
one micro-batch keep their graph and are not computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from skillflow_gym.agents.policies.lm_tree import Trie, attend
from skillflow_gym.agents.processes import ALONE, Processes


@dataclass(frozen=True)
class Row:
    """Ids that are read, and some that are scored, each given all before it.

    Attributes:
        ids: the ids that are read, [L].
        sources: the places whose outputs predict the scored ids, [K]: in a text, the place before.
        targets: the scored ids, [K].
        owners: the value that each one's log-probability is added to, [K].
        trie: what sees what, where the ids are not one text. All rows of a call have one, or none.
    """

    ids: Sequence[int]
    sources: Sequence[int]
    targets: Sequence[int]
    owners: Sequence[int]
    trie: Trie | None = None

    def __len__(self) -> int:
        """How many ids must be fed: no more than to the last source."""
        return max(self.sources) + 1 if self.trie is None else len(self.ids)

    @classmethod
    def text(cls, ids: Sequence[int], places: Sequence[int], owners: Sequence[int]) -> Row:
        """A text in which the ids at ``places``, never the first, are scored given all before them."""
        return cls(ids, [place - 1 for place in places], [ids[place] for place in places], owners)


@dataclass(frozen=True)
class Scoring:
    """How rows are scored.

    Attributes:
        model: the causal model, adapters inside.
        active: puts the adapter that scores in place, for a while.
        temperature: divides the logits.
        budget: most ids in a micro-batch, padding included; a longer row is one by itself.
        checkpointing: whether the model keeps only its layers' inputs for the backward pass.
        processes: those that score together, each its part of the rows; all call with the same rows and get all values.
    """

    model: Any
    active: Callable[[], AbstractContextManager[None]]
    temperature: float
    budget: int
    checkpointing: bool = False
    processes: Processes = ALONE

    @contextmanager
    def graph(self) -> Iterator[None]:
        """Compute with a graph. Layers are checkpointed in training mode alone, where they would keep no cache."""
        with self.active(), torch.enable_grad():
            self.model.train(self.checkpointing)
            try:
                yield
            finally:
                self.model.eval()


def log_probs(scoring: Scoring, rows: Sequence[Row], count: int, parameters: Sequence[nn.Parameter] = ()) -> Tensor:
    """``count`` values in nats, each the sum of the log-probabilities of the ids that it owns; added up in fp64.

    Differentiable in ``parameters``, unless there are none or gradients are disabled.
    """
    if not torch.is_grad_enabled() or not parameters:
        with torch.no_grad():
            return scoring.processes.total(_values(scoring, _batches(scoring, rows), count))[0]
    values: Tensor = _Scored.apply(scoring, rows, count, *parameters)
    return values


class _Scored(torch.autograd.Function):
    """The two passes as one node of autograd's graph."""

    @staticmethod
    def forward(ctx: Any, scoring: Scoring, rows: Sequence[Row], count: int, *parameters: nn.Parameter) -> Tensor:
        batches = _batches(scoring, rows)
        ctx.scoring, ctx.batches, ctx.parameters, ctx.kept = scoring, batches, parameters, None
        if len(batches) != 1 or scoring.processes.sharding is not None:  # in parts, a pass goes back at once
            return scoring.processes.total(_values(scoring, batches, count))[0]
        with scoring.graph():
            ctx.kept = _token_log_probs(scoring, batches[0])
        return scoring.processes.total(_add(ctx.kept.detach(), batches[0], count))[0]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, weights: Tensor) -> tuple[Any, ...]:
        totals = [torch.zeros_like(parameter) for parameter in ctx.parameters]
        for batch in ctx.batches:
            owned = weights[_owners(batch, weights.device)]  # [K]
            if not bool(owned.any()):
                continue
            with ctx.scoring.graph():
                tokens = ctx.kept if ctx.kept is not None else _token_log_probs(ctx.scoring, batch)
                gradients = torch.autograd.grad(tokens, ctx.parameters, owned.to(tokens), allow_unused=True)
            for total, gradient in zip(totals, gradients, strict=True):
                if gradient is not None:
                    total += gradient
        ctx.kept = None
        return (None, None, None, *ctx.scoring.processes.total(*totals))


def _batches(scoring: Scoring, rows: Sequence[Row]) -> list[list[Row]]:
    """The micro-batches of this process."""
    return micro_batches(scoring.processes.share(sorted(rows, key=len, reverse=True)), scoring.budget)


def micro_batches(rows: Sequence[Row], budget: int) -> list[list[Row]]:
    """The rows by length, the longest first, in batches of at most ``budget`` ids with their padding."""
    batches: list[list[Row]] = []
    for row in sorted(rows, key=len, reverse=True):  # stable, so the same every time
        if batches and (len(batches[-1]) + 1) * len(batches[-1][0]) <= budget:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _values(scoring: Scoring, batches: Sequence[Sequence[Row]], count: int) -> Tensor:
    values = torch.zeros(count, dtype=torch.float64)
    with scoring.active():
        for batch in batches:
            values = values + _add(_token_log_probs(scoring, batch), batch, count)
    return values


def _owners(batch: Sequence[Row], device: torch.device) -> Tensor:
    return torch.tensor([owner for row in batch for owner in row.owners], device=device)


def _add(tokens: Tensor, batch: Sequence[Row], count: int) -> Tensor:
    """Values [count] on the CPU, where the order of additions is always the same, from log-probabilities [K]."""
    sums = torch.zeros(count, dtype=torch.float64)
    return sums.index_add(0, _owners(batch, torch.device("cpu")), tokens.cpu().double())


def _token_log_probs(scoring: Scoring, batch: Sequence[Row]) -> Tensor:
    """The log-probability of each scored id, [K] in fp32.

    Padding stands on the right, where nothing that is causal can see it: texts need no mask, and so there is no
    difference between full, sliding and linear attention.
    """
    device = scoring.model.device
    ids = torch.zeros(len(batch), max(len(row) for row in batch), dtype=torch.long)
    for number, row in enumerate(batch):
        ids[number, : len(row)] = torch.tensor(row.ids[: len(row)])
    tries = [row.trie for row in batch if row.trie is not None]
    sight = attend(tries, ids.shape[1], scoring.model.config, scoring.model.dtype) if tries else {}
    which = torch.tensor([number for number, row in enumerate(batch) for _ in row.sources], device=device)
    where = torch.tensor([source for row in batch for source in row.sources], device=device)
    targets = torch.tensor([target for row in batch for target in row.targets], device=device)
    inputs = {"input_ids": ids.to(device), "use_cache": False, **_move(sight, device)}
    return predictions(scoring.model, inputs, which, where, targets, scoring.temperature)


def predictions(
    model: Any, inputs: dict[str, Any], which: Tensor, where: Tensor, targets: Tensor, temperature: float
) -> Tensor:
    """The log-probability of each target after the id at its place in its row, [K] in fp32.

    Where texts part, one id has several targets: its logits are computed once.
    """
    columns = int(where.max()) + 1
    outputs, number = torch.unique(which * columns + where, return_inverse=True)
    with only(model, outputs // columns, outputs % columns):
        logits = model(**inputs).logits
    return torch.log_softmax(logits.float() / temperature, dim=-1)[number, targets]


def _move(inputs: Any, device: torch.device) -> Any:
    if isinstance(inputs, dict):
        return {name: _move(value, device) for name, value in inputs.items()}
    return inputs.to(device)


@contextmanager
def only(model: Any, which: Tensor, where: Tensor) -> Iterator[None]:
    """Make ``model`` compute logits at positions ``where`` of rows ``which`` alone: [K, V] instead of [R, L, V].

    The positions are gathered before the output layer, so whatever the model does to its logits stays as it is. The
    gathered block is contiguous: on a CPU, bf16 products of strided views are tens of times slower.
    """

    def gather(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (inputs[0][which, where], *inputs[1:])  # [K, H]

    handle = model.get_output_embeddings().register_forward_pre_hook(gather)
    try:
        yield
    finally:
        handle.remove()
