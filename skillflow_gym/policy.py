"""The Policy protocol: what acts, and what a trainer needs of it; with the two policies that need no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from skillflow_gym.actions import Action
from skillflow_gym.trajectory import Context, Trajectory

if TYPE_CHECKING:
    from torch import Tensor

Which = Literal["policy", "reference", "hindsight"]


@dataclass(frozen=True, slots=True)
class Decision:
    """An action, how likely it was, and what is needed to score it again.

    Attributes:
        action: the action, or text that the environment will parse.
        log_pf: log pi(a | H) of the action sampled, in nats.
        log_ref: log pi_ref(a | H), in nats.
        chosen: its index among the context's proposals; -1 for a language model.
        token_ids, action_mask, token_log_probs: as in Turn; empty without a language model.
    """

    action: Action | str
    log_pf: float
    log_ref: float
    chosen: int = -1
    token_ids: tuple[int, ...] = ()
    action_mask: tuple[int, ...] = ()
    token_log_probs: tuple[float, ...] = ()


class Policy(Protocol):
    """Chooses actions for a batch of contexts.

    A policy with the attribute ``any_thread = True`` is asked in whichever thread has just brought an episode back,
    though never in two at once; that saves a change of threads per step. Others are asked in the thread that collects.
    """

    @property
    def version(self) -> str:
        """Names the parameters that act; every trajectory holds it."""

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        """One decision per context; all randomness from that context's generator."""


@runtime_checkable
class TrainablePolicy(Policy, Protocol):
    """A policy whose log-probabilities can be recomputed with gradient, so that objectives differ only in the loss."""

    def log_prob(self, trajectories: Sequence[Trajectory], which: Which = "policy") -> tuple[Tensor, Tensor]:
        """Log-probabilities of the actions taken, [N, T] in nats, and the mask of real turns, [N, T] bool.

        ``reference`` is pi_ref(a_t | H_{t-1}); ``hindsight`` is P_phi(a_t | H_{t-1}, o_t), which sees what the action
        led to. Masked entries are 0.
        """

    def parameters(self, which: Which = "policy") -> Sequence[Any]:
        """The parameters that ``which`` trains."""

    def train(self, mode: bool = True) -> None:
        """Apply dropout in ``log_prob`` from now on, or (as at first) no longer; a policy does not act meanwhile."""

    def state_dict(self) -> dict[str, Any]:
        """All that a checkpoint needs."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore ``state_dict``'s value."""


class UniformPolicy:
    """Uniform over the proposals: what an untrained scorer is, and the reference of the ``reference`` anchor."""

    version, any_thread = "uniform", True

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        """Draw a proposal for each context."""
        return [_choose(c, int(rng.integers(len(c.proposals)))) for c, rng in zip(contexts, rngs, strict=True)]


class FirstProposalPolicy:
    """Always the first proposal: shows what the order of the proposals is worth by itself."""

    version, any_thread = "first-proposal", True

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        """Take the first proposal of each context."""
        return [_choose(context, 0) for context in contexts]


def _choose(context: Context, index: int) -> Decision:
    probability = -log(len(context.proposals))
    return Decision(context.proposals[index], probability, probability, index)
