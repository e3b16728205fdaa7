"""The default policy: a small network that scores a benchmark's proposals. Trains in minutes on two cores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skillflow_gym.agents.policies import skill_features
from skillflow_gym.agents.policies.command_features import LAYOUT as COMMANDS
from skillflow_gym.agents.policies.command_features import command_features
from skillflow_gym.agents.policies.features import LAYOUT as PASSAGES
from skillflow_gym.agents.policies.features import Features, features
from skillflow_gym.agents.policies.layout import Layout
from skillflow_gym.agents.policies.network import ScorerNetwork
from skillflow_gym.policy import Decision, Which
from skillflow_gym.text import words
from skillflow_gym.trajectory import Context, Trajectory

Key = tuple[Any, ...]


FEATURES: Mapping[str, tuple[Callable[[Context], Features], Layout]] = {
    "passages": (features, PASSAGES),
    "commands": (command_features, COMMANDS),
}
"""Kinds of features: for answers and searches in passages, and for commands to engines, pages and workspaces."""


def features_for(family: str) -> str:
    """The kind of features that suits a family of benchmarks."""
    return "commands" if family in ("interactive", "code") else "passages"


class Scorer:
    """A categorical policy over the proposals of each context.

    The reference is uniform over the same proposals, which is also what the untrained network plays. The hindsight
    model P_phi is a second network that also sees how each candidate relates to the observation that followed.

    Attributes:
        version: changes whenever the parameters are loaded or ``bump`` is called after an update.
    """

    def __init__(
        self,
        seed: int = 0,
        hindsight: bool = False,
        greedy: bool = False,
        skills: bool = False,
        features: str = "passages",
    ) -> None:
        """Initialise from ``seed``.

        Args:
            seed: of the parameters.
            hindsight: whether there is a P_phi.
            greedy: take the likeliest candidate.
            skills: describe candidates by what skills say, too; of use where there is a library.
            features: how candidates are described, a name in ``FEATURES``.
        """
        extract, layout = FEATURES[features]
        extra = skill_features.SIZE if skills else 0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = ScorerNetwork(layout, extra)
            self.phi = ScorerNetwork(layout, extra + 2) if hindsight else None
        self.train(False)
        self.greedy = greedy
        self.updates = 0
        self.skills, self.features = skills, features
        self._features: Callable[[Key, Context], Features] = _FeatureCache(40_000, extract, skills)

    @property
    def version(self) -> str:
        """``scorer-<number of updates>``."""
        return f"scorer-{self.updates}"

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        """Sample a proposal for each context, or take the likeliest if ``greedy``."""
        decisions = []
        for context, row, rng in zip(contexts, self.distributions(contexts), rngs, strict=True):
            if self.greedy:
                index = int(row.argmax())
            else:
                index = min(int(np.searchsorted(np.cumsum(np.exp(row)), rng.random())), len(row) - 1)
            decisions.append(Decision(context.proposals[index], float(row[index]), -float(np.log(len(row))), index))
        return decisions

    def distributions(self, contexts: Sequence[Context]) -> list[NDArray[np.float64]]:
        """The log-probabilities of the proposals of each context, [N] in nats."""
        batch, place = self._batch(contexts)
        with torch.no_grad():
            log_probs = _log_softmax(self.network, batch).numpy()
        rows = log_probs[place].astype(np.float64)
        return [row[: len(context.proposals)] for context, row in zip(contexts, rows, strict=True)]

    def log_prob(self, trajectories: Sequence[Trajectory], which: Which = "policy") -> tuple[Tensor, Tensor]:
        """Log-probabilities of the actions taken, [N, T] in nats (0 where masked), and the mask [N, T].

        Raises:
            ValueError: ``hindsight`` without P_phi, or a trajectory that no scorer made.
        """
        longest = max(len(t) for t in trajectories)
        mask = torch.tensor([[i < len(t) for i in range(longest)] for t in trajectories])
        turns = [turn for t in trajectories for turn in t.turns]
        if any(turn.chosen < 0 for turn in turns):
            raise ValueError("a turn without candidates: only trajectories over proposals can be scored here")
        if which == "reference":
            values = -torch.log(torch.tensor([len(turn.candidates) for turn in turns], dtype=torch.float32))
        else:
            batch, place = self._batch([context for t in trajectories for context in t.contexts()])
            extra = None
            network = self.network
            if which == "hindsight":  # it sees what followed, so that equal contexts differ
                if self.phi is None:
                    raise ValueError("this scorer has no hindsight model: make it with hindsight=True")
                network = self.phi
                batch, place = [batch[i] for i in place], list(range(len(place)))
                extra = [_aftermath(turn.candidates, turn.observation) for turn in turns]
            chosen = torch.tensor([turn.chosen for turn in turns])
            values = _log_softmax(network, batch, extra)[torch.tensor(place), chosen]
        return torch.zeros(mask.shape).masked_scatter(mask, values), mask

    def _batch(self, contexts: Sequence[Context]) -> tuple[list[Features], list[int]]:
        """The features of the different contexts, and which of them each context is: rollouts share their starts."""
        keys = [_key(context) for context in contexts]
        rows = {key: row for row, key in enumerate(dict.fromkeys(keys))}
        different = {key: context for key, context in zip(keys, contexts, strict=True)}
        return [self._features(key, different[key]) for key in rows], [rows[key] for key in keys]

    def parameters(self, which: Which = "policy") -> list[nn.Parameter]:
        """The parameters of the policy or of P_phi; the reference has none."""
        network = {"policy": self.network, "hindsight": self.phi}.get(which)
        return list(network.parameters()) if network is not None else []

    def as_greedy(self) -> Scorer:
        """The same policy, always taking the likeliest candidate; it shares the parameters."""
        other = copy(self)
        other.greedy = True
        return other

    def train(self, mode: bool = True) -> None:
        """Apply dropout in ``log_prob`` from now on, or no longer; at first it is not applied."""
        for network in (self.network, self.phi):
            if network is not None:
                network.train(mode)

    def bump(self) -> None:
        """Count an update: the parameters have changed."""
        self.updates += 1

    def state_dict(self) -> dict[str, Any]:
        """Parameters and the number of updates."""
        phi = self.phi.state_dict() if self.phi is not None else None
        made = {"updates": self.updates, "skills": self.skills, "features": self.features}
        return {"network": self.network.state_dict(), "phi": phi, **made}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore ``state_dict``'s value."""
        self.network.load_state_dict(state["network"])
        if self.phi is not None and state["phi"] is not None:
            self.phi.load_state_dict(state["phi"])
        self.updates = state["updates"]


class _FeatureCache:
    """The features of the contexts seen last: rollouts of one task share their first turns."""

    def __init__(self, size: int, extract: Callable[[Context], Features], skills: bool) -> None:
        self._size, self._extract, self._skills = size, extract, skills
        self._kept: dict[Key, Features] = {}

    def __call__(self, key: Key, context: Context) -> Features:
        found = self._kept.get(key)
        if found is None:
            found = self._extract(context)
            if self._skills:
                more = skill_features.skill_features(context)
                found = replace(found, numbers=np.concatenate([found.numbers, more], axis=1))
            self._kept[key] = found
            if len(self._kept) > self._size:
                del self._kept[next(iter(self._kept))]
        return found


def _key(context: Context) -> Key:
    """All that ``features`` depends on; tuples of strings, whose hashes Python keeps."""
    history = tuple((turn.action, turn.observation) for turn in context.turns)
    offered = (context.catalogue, len(context.proposals), context.proposals[-1])
    return (context.task, context.first, history, context.step_limit, offered)


def _log_softmax(network: ScorerNetwork, batch: list[Features], extra: list[np.ndarray] | None = None) -> Tensor:
    """Log-probabilities [C, most candidates]; -inf beyond a context's candidates."""
    sizes = torch.tensor([len(item.numbers) for item in batch])
    numbers = np.concatenate([item.numbers for item in batch])
    if extra is not None:
        numbers = np.concatenate([numbers, np.concatenate(extra)], axis=1)
    words = torch.from_numpy(np.concatenate([item.words for item in batch]))
    task = torch.from_numpy(np.stack([item.task for item in batch]))
    row_of = torch.repeat_interleave(torch.arange(len(batch)), sizes)
    logits = network(torch.from_numpy(numbers), words, task, row_of)
    real = torch.arange(int(sizes.max()))[None, :] < sizes[:, None]
    padded = torch.full(real.shape, -torch.inf).masked_scatter(real, logits)
    return torch.log_softmax(padded, dim=1)


@lru_cache(maxsize=8192)
def _bag(text: str) -> frozenset[str]:
    return frozenset(words(text))


def _aftermath(candidates: Sequence[Any], observation: str) -> np.ndarray:
    """For P_phi: the share of each candidate's words in the observation that followed, and whether all are, [N, 2]."""
    after = _bag(observation)
    shares = [len(bag & after) / len(bag) if (bag := _bag(c.argument)) else 0.0 for c in candidates]
    return np.array([[share, float(share == 1.0)] for share in shares], dtype=np.float32)
