"""Scoring choices among proposals in rows of many texts, against a row for each proposal, with gradients.

python benchmarks/lm_choices.py [--layers 12 --hidden 256] [--turns 4]

Rollouts of a task begin alike, and so do the calls that write proposals down. Both ways score the same choices with the
same weights and must come to the same values and gradients. The weights are random: speed does not depend on them.
Seconds are the process's own, whatever else the machine does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import tyro
from torch import Tensor
from transformers import Qwen3Config
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from skillflow_gym.agents.policies.lm_choose import Node, rows_of
from skillflow_gym.agents.policies.lm_score import Row, Scoring, log_probs


@dataclass
class Args:
    """The size of the model and of the choices."""

    hidden: int = 128
    """Width of the model."""
    layers: int = 4
    """Its depth."""
    tasks: int = 2
    """Tasks; a prompt has 500 ids."""
    rollouts: int = 8
    """Rollouts of each."""
    turns: int = 2
    """Turns of a rollout; an observation has 30 ids."""
    proposals: int = 10
    """Proposals of a choice: 8 ids that all share, 4 to 20 of their own, 6 that end them alike."""


def choices(args: Args) -> list[Node]:
    """The choices of all rollouts, each of which takes proposals by chance; equal ones once."""
    draw, nodes = np.random.default_rng(0), dict[Node, None]()

    def ids(size: int) -> tuple[int, ...]:
        return tuple(draw.integers(1, 8192, size=size).tolist())

    begin, end = ids(8), ids(6)
    for _ in range(args.tasks):
        offered = tuple((*begin, *ids(int(draw.integers(4, 21))), *end) for _ in range(args.proposals))
        prompt, shown = ids(500), {proposal: ids(30) for proposal in offered}
        for _ in range(args.rollouts):
            text = prompt
            for _ in range(args.turns):
                nodes[Node(text, offered)] = None
                taken = offered[int(draw.integers(len(offered)))]
                text = (*text, *taken, *shown[taken])
    return list(nodes)


def measure(model: Any, rows: Sequence[Row], count: int) -> tuple[float, Tensor, list[Tensor]]:
    """Seconds for values and gradients; both."""
    parameters = [p for name, p in model.named_parameters() if "norm" in name]  # few, but the graph is the whole one's
    start = time.process_time()
    values = log_probs(Scoring(model, nullcontext, 1.0, 8192), rows, count, parameters)
    gradients = torch.autograd.grad(values.sin().sum(), parameters)
    return time.process_time() - start, values.detach(), list(gradients)


def main(args: Args) -> None:
    """Print both ways and the ratios."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=8192,
        hidden_size=args.hidden,
        intermediate_size=3 * args.hidden,
        num_hidden_layers=args.layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=64,
    )
    model = AutoModelForCausalLM.from_config(config).eval()
    nodes = choices(args)
    count = sum(len(node.candidates) for node in nodes)
    ways = {"a row each": rows_of(nodes, branching=False), "merged": rows_of(nodes, branching=True)}
    found = {way: measure(model, rows, count) for way, rows in ways.items()}
    for way, rows in ways.items():
        print(f"{way:10} {sum(map(len, rows)):9,d} ids in {len(rows):4d} rows {found[way][0]:8.2f} s")
    (slow, values, gradients), (fast, again, others) = found.values()
    torch.testing.assert_close(again, values, atol=1e-3, rtol=1e-5)
    for one, other in zip(others, gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)
    ids = [sum(map(len, rows)) for rows in ways.values()]
    print(f"{ids[0] / ids[1]:.1f}x fewer ids, {slow / fast:.1f}x faster, the same values and gradients")


if __name__ == "__main__":
    main(tyro.cli(Args))
