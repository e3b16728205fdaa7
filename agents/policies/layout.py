"""What the arrays of a kind of features hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Layout:
    """What the arrays of a kind of features hold.

    Attributes:
        numbers: how many numbers describe a candidate.
        groups: widths of the groups of word ids that describe it; the first is its verb.
        attends: the group that is compared with the words of the task.
        task: how many word ids describe the task.
        context: widths of further groups that describe what all candidates share, after the task's words.
        prior: what a number is worth before training, by its index, in nats; the others are worth nothing.
    """

    numbers: int
    groups: tuple[int, ...]
    attends: int
    task: int
    context: tuple[int, ...] = ()
    prior: Mapping[int, float] = field(default_factory=dict)
