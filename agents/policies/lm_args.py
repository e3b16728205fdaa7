"""The arguments of a language-model policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PREFIX = "hf:"
"""What ``--policy`` begins with when it names a language model."""


@dataclass
class LMArgs:
    """Arguments of ``--policy hf:MODEL``."""

    decide: Literal["generate", "choose"] = "generate"
    """generate writes a tool call, token by token; choose is a categorical over the benchmark's proposals."""
    rank: int = 16
    """Rank of the policy's LoRA adapter; its alpha is twice that."""
    hindsight_rank: int = 16
    """Rank of the adapter of P_phi, if the objective has one."""
    targets: str = ""
    """Linear layers that get adapters, names with commas; empty for the attention's, linear attention included."""
    thinking: bool = False
    """Let the model think before it acts, if its chat template can; its thoughts are scored as part of the action."""
    temperature: float = 1.0
    """Of the policy and its reference alike: what is scored is what was sampled."""
    max_new_tokens: int = 256
    """Most tokens of a turn; an action that is cut off is read as far as it goes."""
    context_tokens: int = 0
    """Most tokens of an episode; 0 for what the model was made for. Beyond it every further turn is an error."""
    token_budget: int = 16384
    """Most tokens in a batch, padding included: of training, of scoring and of the prompts of generation."""
    cache_tokens: int = 65536
    """Most tokens of unfinished episodes that stay read between turns: each takes what the model keeps of a token. 0
    for none: every turn reads the whole transcript."""
    checkpointing: bool = False
    """Keep only the inputs of each layer for the backward pass and compute the rest again: slower, less memory."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the frozen weights; auto is what they were stored in. Adapters are always float32."""
    device: str = ""
    """cpu, cuda, cuda:1 ...; empty for the first GPU if there is one."""

    wait: float = 7200.0
    """Seconds that one of several processes waits for the others, evaluations included, before the run is given up."""

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: a number is too small, or two arguments contradict each other.
        """
        least = {
            "rank": 1,
            "hindsight_rank": 1,
            "max_new_tokens": 1,
            "context_tokens": 0,
            "token_budget": 1,
            "cache_tokens": 0,
        }
        for name, smallest in least.items():
            if not getattr(self, name) >= smallest:
                shown = name.replace("_", "-")
                raise ValueError(f"--lm.{shown} must be at least {smallest}, got {getattr(self, name)}")
        for name in ("temperature", "wait"):
            if not getattr(self, name) > 0:
                raise ValueError(f"--lm.{name} must be positive, got {getattr(self, name)}")
        if self.thinking and self.decide == "choose":
            raise ValueError("--lm.thinking needs --lm.decide generate: proposals come without thoughts")
