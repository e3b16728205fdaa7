"""One update of a language model on stored episodes: our passes against a plain implementation, turn by turn.

python benchmarks/lm_update.py

The plain one is written from the description of the paper's released trainer: each turn's whole prompt is encoded
again, values come from passes of their own without gradients, micro-batches are consecutive turns (8 for the policy, 4
for P_phi) padded to the longest, and logits are of the whole vocabulary at every position. Compared are

- the same objective (TTB, reference anchor, log Z from the group): gradients must be equal;
- our default objective against the paper's (P_phi learned with the policy, and a pass of the reference for the KL).

Token-forwards count every id that goes through the first layer, padding and recomputation included. The weights are
random: neither speed nor memory depends on them. On a CPU memory is the growth of the process, sampled.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import tyro
from torch import Tensor, nn

from skillflow_gym.agents import objectives as o
from skillflow_gym.agents.policies.lm_adapters import AdaptedModel
from skillflow_gym.agents.policies.lm_args import LMArgs
from skillflow_gym.agents.policies.lm_score import Row, Scoring, log_probs
from skillflow_gym.policy import Which


@dataclass
class Args:
    """The size of the model and of the update."""

    hidden: int = 128
    """Width of the model."""
    layers: int = 2
    """Its depth."""
    vocabulary: int = 8192
    """Its vocabulary."""
    groups: int = 2
    """Tasks in the update, of 4 episodes each."""
    turns: int = 8
    """Turns of an episode; each makes the prompt 100 to 400 ids longer."""
    answer: int = 60
    """Ids of an answer."""
    token_budget: int = 8192
    """Most ids in one of our micro-batches."""
    checkpointing: bool = True
    """Gradient checkpointing, in both."""
    threads: int = 1
    """Threads of torch."""
    device: str = "cpu"
    """cpu or cuda."""


@dataclass(frozen=True)
class Episode:
    """What was read before each answer, and the answers."""

    contexts: list[list[int]]
    answers: list[list[int]]


def episodes(args: Args) -> list[Episode]:
    """Random ids: first prompts of 400 to 600, then answers and observations."""
    draw = torch.Generator().manual_seed(0)

    def ids(low: int, high: int) -> list[int]:
        size = int(torch.randint(low, high + 1, (), generator=draw))
        return torch.randint(args.vocabulary, (size,), generator=draw).tolist()  # type: ignore[no-any-return]

    size = args.answer
    return [
        Episode(
            [ids(400, 600), *(ids(max(1, 100 - size), 400 - size) for _ in range(args.turns - 1))],
            [ids(size, size) for _ in range(args.turns)],
        )
        for _ in range(4 * args.groups)
    ]


def ttb(log_pf: Tensor, log_rho: Tensor) -> Tensor:
    """Our default loss of groups of 4, one of which succeeds; both are [N, T]."""
    reward = torch.tensor([1.0, 0.0, 0.0, 0.0]).repeat(len(log_pf) // 4)
    groups, mask = torch.arange(len(log_pf)) // 4, torch.ones(log_pf.shape, dtype=torch.bool)
    log_r = o.log_reward(reward)
    log_z = o.vargrad_log_z(o.path_log_ratio(log_pf, log_rho, mask), log_r, groups, beta=4.0)
    residual = o.ttb_residual(log_pf, log_rho, mask, log_r, log_z, beta=4.0)
    return o.ttb_loss(residual, o.path_lengths(mask), torch.ones(len(log_pf)))


def packed(adapted: AdaptedModel, played: Sequence[Episode], args: Args) -> None:
    """Our update: a row for each episode."""
    rows = []
    for number, episode in enumerate(played):
        ids, places, owners = list[int](), list[int](), list[int]()
        for turn, (context, answer) in enumerate(zip(episode.contexts, episode.answers, strict=True)):
            places += range(len(ids) + len(context), len(ids) + len(context) + len(answer))
            owners += [number * args.turns + turn] * len(answer)
            ids += context + answer
        rows.append(Row.text(ids, places, owners))

    def values(which: Which) -> Tensor:
        scoring = Scoring(
            adapted.model, partial(adapted.using, which), 1.0, args.token_budget, checkpointing=args.checkpointing
        )
        flat = log_probs(scoring, rows, len(played) * args.turns, adapted.parameters(which))
        return flat.reshape(len(played), args.turns).float()

    ttb(values("policy"), values("reference")).backward()


class Plain:
    """Every turn a text of its own."""

    def __init__(self, adapted: AdaptedModel, played: Sequence[Episode], checkpointing: bool) -> None:
        self.adapted, self.checkpointing = adapted, checkpointing
        self.shape = (len(played), len(played[0].answers))
        self.texts, self.hindsight = list[tuple[list[int], int]](), list[tuple[list[int], int]]()
        for episode in played:
            before: list[int] = []
            followed = [*episode.contexts[1:], []]
            for context, answer, observation in zip(episode.contexts, episode.answers, followed, strict=True):
                before = before + context
                self.texts.append((before + answer, len(answer)))
                self.hindsight.append((before + observation + answer, len(answer)))
                before = before + answer

    def _batch(self, texts: Sequence[tuple[list[int], int]]) -> Tensor:
        device = self.adapted.model.device
        rows = [torch.tensor(ids) for ids, _ in texts]
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device)
        mask = nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], batch_first=True).to(device)
        logits = self.adapted.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        log_p = torch.log_softmax(logits[:, :-1].float(), dim=-1).gather(2, ids[:, 1:, None]).squeeze(2)
        ends = [(len(text) - 1, size) for text, size in texts]
        return torch.stack([row[end - size : end].sum() for row, (end, size) in zip(log_p, ends, strict=True)])

    def values(self, which: Which, texts: Sequence[tuple[list[int], int]], size: int) -> Tensor:
        """Log p of each answer, without gradients, [N, T]."""
        with torch.no_grad(), self.adapted.using(which):
            return torch.cat([self._batch(texts[i : i + size]) for i in range(0, len(texts), size)]).reshape(self.shape)

    def backward(self, which: Which, texts: Sequence[tuple[list[int], int]], size: int, weights: Tensor) -> None:
        """Add ``weights`` times the gradients of the answers' log-probabilities, micro-batch after micro-batch."""
        flat = weights.flatten()
        with self.adapted.using(which):
            self.adapted.model.train(self.checkpointing)
            for i in range(0, len(texts), size):
                (self._batch(texts[i : i + size]) * flat[i : i + size]).sum().backward()
            self.adapted.model.eval()

    def default(self) -> None:
        """Our objective."""
        log_pf = self.values("policy", self.texts, 8).requires_grad_()
        ttb(log_pf, self.values("reference", self.texts, 8)).backward()
        assert log_pf.grad is not None
        self.backward("policy", self.texts, 8, log_pf.grad)

    def paper(self) -> None:
        """The paper's: P_phi is the anchor and learns, answers count by their means, the reference is for the KL."""
        tokens = torch.tensor([size for _, size in self.texts]).reshape(self.shape)
        log_pf = self.values("policy", self.texts, 8).requires_grad_()
        log_pb = self.values("hindsight", self.hindsight, 4).requires_grad_()
        self.values("reference", self.texts, 8)
        ttb(log_pf / tokens, log_pb / tokens).backward()
        assert log_pf.grad is not None and log_pb.grad is not None
        self.backward("policy", self.texts, 8, log_pf.grad)
        self.backward("hindsight", self.hindsight, 4, log_pb.grad)


@contextmanager
def growth(device: str) -> Iterator[list[float]]:
    """The memory that its block takes at most beyond what was there before, in MB; known afterwards."""
    result: list[float] = []
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        yield result
        result.append((torch.cuda.max_memory_allocated() - before) / 1e6)
        return
    done, sizes = threading.Event(), [_resident()]

    def watch() -> None:
        while not done.wait(0.005):
            sizes.append(_resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield result
    finally:
        done.set()
        watcher.join()
    result.append(max(sizes) - sizes[0])


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def measure(name: str, args: Args) -> tuple[float, int, float, Tensor]:
    """Seconds, token-forwards, MB and the policy's gradient of one update, in a process of its own."""
    from transformers import AutoModelForCausalLM, Qwen3Config

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    heads = max(1, args.hidden // 64)
    config = Qwen3Config(
        vocab_size=args.vocabulary,
        hidden_size=args.hidden,
        intermediate_size=3 * args.hidden,
        num_hidden_layers=args.layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=64,
        tie_word_embeddings=True,
        initializer_range=0.05,
    )
    base = AutoModelForCausalLM.from_config(config, dtype=torch.float32).to(args.device)
    adapted = AdaptedModel(base, LMArgs(rank=16, checkpointing=args.checkpointing), hindsight=True)
    with torch.no_grad():
        for parameter in (*adapted.parameters(), *adapted.parameters("hindsight")):
            parameter += 0.01 * torch.randn_like(parameter)
    played = episodes(args)
    plain = Plain(adapted, played, args.checkpointing)
    updates = {"packed": lambda: packed(adapted, played, args), "plain": plain.default, "paper": plain.paper}
    tokens = 0

    def count(module: nn.Module, inputs: Any, output: Tensor) -> None:
        nonlocal tokens
        tokens += output.shape[0] * output.shape[1]

    adapted.model.model.layers[0].input_layernorm.register_forward_hook(count)
    with growth(args.device) as taken:
        start = time.perf_counter()
        updates[name]()
        if args.device != "cpu":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - start
    gradient = torch.cat([p.grad.flatten().cpu() for p in adapted.parameters() if p.grad is not None])
    return seconds, tokens, taken[0], gradient


def main(args: Args) -> None:
    """Print the table and the ratios."""
    found = {}
    for name in ("packed", "plain", "paper"):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found[name] = pool.apply(measure, (name, args))
        seconds, tokens, size, _ = found[name]
        print(f"{name:8} {seconds:8.2f} s {tokens:10,d} token-forwards {size:8.0f} MB", flush=True)
    ours, plain = found["packed"][3], found["plain"][3]
    worst = float((ours - plain).abs().max() / plain.abs().max())
    print(f"gradients differ by at most {worst:.1e} of the largest")
    for name, goal in (("plain", "goals 4.5, 3, 2"), ("paper", "goals 8, 5")):
        seconds, tokens, size = (a / b for a, b in zip(found[name][:3], found["packed"][:3], strict=True))
        print(f"{name}: {tokens:.1f}x the token-forwards, {seconds:.1f}x the time, {size:.1f}x the memory ({goal})")


if __name__ == "__main__":
    main(tyro.cli(Args))
