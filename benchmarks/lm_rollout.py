"""Rollouts of a language model that keeps what it has read between turns, against reading every transcript anew.

python benchmarks/lm_rollout.py [--layers 12 --hidden 256 --answer 30] [--architecture qwen3_5]

Episodes of a group begin alike; each turn makes the prompt 100 to 400 ids longer. Measured are free generation, and the
choice among proposals by the policy alone: what its base says of them is computed in the same way. Counted are the ids
of prompts that go through the first layer, padding included. Both ways must come to the same answers. The weights are
random: speed does not depend on them. On a CPU seconds are the process's own, whatever else the machine does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
import tyro
from torch import nn

from skillflow_gym.agents.policies.lm_cache import Readings
from skillflow_gym.agents.policies.lm_choose import Node, scores
from skillflow_gym.agents.policies.lm_generate import generate
from skillflow_gym.agents.policies.lm_tree import Ids, can_branch_off


@dataclass
class Args:
    """The size of the model and of the rollouts."""

    architecture: Literal["qwen3", "qwen3_5", "gemma3"] = "qwen3"
    """Full attention, three layers of linear attention to one of full, or five of sliding windows to one."""
    hidden: int = 128
    """Width of the model."""
    layers: int = 2
    """Its depth."""
    vocabulary: int = 8192
    """Its vocabulary."""
    groups: int = 1
    """Tasks, of 4 episodes each."""
    turns: int = 8
    """Turns of an episode."""
    answer: int = 60
    """Ids of an answer, sampled one by one."""
    proposals: int = 8
    """Proposals of a choice, of 12 ids each."""
    threads: int = 1
    """Threads of torch."""
    device: str = "cpu"
    """cpu or cuda."""


def network(args: Args) -> Any:
    """A model with random weights, in fp32."""
    from transformers import AutoConfig, AutoModelForCausalLM

    heads = max(1, args.hidden // 64)
    kind = {
        "qwen3": {},
        "qwen3_5": {
            "linear_num_key_heads": heads,
            "linear_num_value_heads": heads,
            "linear_key_head_dim": 64,
            "linear_value_head_dim": 64,
        },
        "gemma3": {"sliding_window": 512},
    }
    config = AutoConfig.for_model(
        args.architecture + ("" if args.architecture == "qwen3" else "_text"),
        vocab_size=args.vocabulary,
        hidden_size=args.hidden,
        intermediate_size=3 * args.hidden,
        num_hidden_layers=args.layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=64,
        initializer_range=0.05,
        **kind[args.architecture],
    )
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).to(args.device).eval()


def observations(args: Args) -> list[list[Ids]]:
    """What each episode shows before each turn, random ids: first 400 to 600, then 40 to 340."""
    draw = np.random.default_rng(0)

    def ids(low: int, high: int) -> Ids:
        return tuple(draw.integers(1, args.vocabulary, size=draw.integers(low, high + 1)).tolist())

    first = [ids(400, 600) for _ in range(args.groups)]
    return [[first[n // 4], *(ids(40, 340) for _ in range(args.turns - 1))] for n in range(4 * args.groups)]


def write(model: Any, args: Args, readings: Readings) -> list[Ids]:
    """The episodes' transcripts, answers sampled."""
    shown = observations(args)
    rngs = [np.random.default_rng(number) for number in range(len(shown))]
    texts = [Ids() for _ in shown]
    for turn in range(args.turns):
        known = readings.take("policy", [(text, (len(text) - 1,)) for text in texts])
        texts = [(*text, *new[turn]) for text, new in zip(texts, shown, strict=True)]
        drawn = generate(
            model,
            texts,
            rngs,
            ends=(),
            most=args.answer,
            budget=16384,
            known=known,
            keep=lambda _, __, reading: readings.keep("policy", reading),
        )
        texts = [(*text, *sampled.ids) for text, sampled in zip(texts, drawn, strict=True)]
    return texts


def choose(model: Any, args: Args, readings: Readings) -> list[Ids]:
    """The episodes' transcripts, answers chosen among proposals: drawn, so that rollouts part."""
    shown, draw = observations(args), np.random.default_rng(1)
    texts, pauses = [Ids() for _ in shown], [Ids() for _ in shown]
    for turn in range(args.turns):
        offered = tuple(tuple(row) for row in draw.integers(1, args.vocabulary, size=(args.proposals, 12)).tolist())
        nodes = [Node((*t, *new[turn]), offered, p) for t, new, p in zip(texts, shown, pauses, strict=True)]
        different = list(dict.fromkeys(nodes))
        known = readings.take("policy", [(node.history, node.pauses) for node in different])
        chosen = dict[Node, Ids]()
        for node, reading in zip(different, known, strict=True):
            values, read = scores(model, node, 1.0, 16384, reading)
            readings.keep("policy", read)
            chosen[node] = offered[int(values.argmax())]
        texts = [(*node.history, *chosen[node]) for node in nodes]
        pauses = [(*node.pauses, len(node.history) - 1) for node in nodes]
    return texts


def measure(play: Callable[..., list[Ids]], model: Any, args: Args, most: int) -> tuple[float, int, Sequence[Ids]]:
    """Seconds, ids fed, and transcripts of rollouts that keep readings of ``most`` ids."""
    fed = 0

    def count(module: nn.Module, inputs: Any) -> None:
        nonlocal fed
        fed += inputs[0].numel()

    handle = model.get_input_embeddings().register_forward_pre_hook(count)
    clock = time.process_time if args.device == "cpu" else time.perf_counter
    start = clock()
    texts = play(model, args, Readings(most))
    if args.device != "cpu":
        torch.cuda.synchronize()
    handle.remove()
    return clock() - start, fed, texts


def main(args: Args) -> None:
    """Print both ways of acting, each with and without readings, and the ratios."""
    torch.set_num_threads(args.threads)
    model = network(args)
    episodes = 4 * args.groups
    written = episodes * args.turns * (args.answer - 1)
    each = 1 + args.proposals * 11 if can_branch_off(model.config) else args.proposals * 12
    offered = (args.groups + (args.turns - 1) * episodes) * each  # equal prompts are one choice
    for name, play, others in (("generate", write, written), ("choose", choose, offered)):
        measure(play, model, replace(args, turns=1), 0)  # warm
        found = [measure(play, model, args, most) for most in (0, 1 << 30)]
        for way, (seconds, fed, _) in zip(("anew", "kept"), found, strict=True):
            print(f"{name:8} {way} {seconds:8.2f} s {fed - others:10,d} ids of prompts", flush=True)
        (slow, many, texts), (fast, few, again) = found
        same = "the same" if texts == again else "OTHER"
        print(f"{name}: {(many - others) / (few - others):.1f}x fewer ids, {slow / fast:.1f}x faster, {same} answers")


if __name__ == "__main__":
    main(tyro.cli(Args))
