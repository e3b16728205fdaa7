"""What an executor returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Result:
    """The outcome of one instruction.

    Attributes:
        text: what the policy gets to see, or the engine's command.
        calls: how many tools were called.
        usage: tokens used, by kind; empty without a language model.
    """

    text: str
    calls: int = 0
    usage: Mapping[str, int] = field(default_factory=dict)
