"""Rollouts that try new skills: a policy that has learned to do without would hardly find out what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.agents.policies.skill_features import fitting_skills
from skillflow_gym.policy import Decision, Policy
from skillflow_gym.trajectory import Context


class Categorical(Policy, Protocol):
    """A policy over proposals that tells all its probabilities."""

    def distributions(self, contexts: Sequence[Context]) -> list[NDArray[np.float64]]:
        """The log-probabilities of the proposals of each context, [N] in nats."""


class SkillTrials:
    """``policy``, but a share of its episodes begins by reading a new skill, one that fits the task if any does.

    The decisions carry the log-probabilities of ``policy`` itself. So what is made of them must hold off-policy, as
    trajectory balance does: its loss is 0 for every trajectory of the optimal policy, whoever sampled it. (Malkin et
    al., arXiv 2201.13259, section 3.3, train on trajectories of a more exploring policy in the same way.)

    Where no new skill is offered it is ``policy``, draw for draw.

    Attributes:
        new: the names of the skills to try: those that were not judged yet.
    """

    def __init__(self, policy: Categorical, share: float) -> None:
        self._policy, self._share = policy, share
        self.new: frozenset[str] = frozenset()

    @property
    def version(self) -> str:
        """That of ``policy``."""
        return self._policy.version

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        """The decisions of ``policy``, but for first turns that try a skill."""
        decisions = self._policy.act(contexts, rngs)
        tried: dict[int, int] = {}
        for number, (context, rng) in enumerate(zip(contexts, rngs, strict=True)):
            if not self.new or context.step or not (fitting := fitting_skills(context, self.new)):
                continue
            if rng.random() < self._share:
                tried[number] = fitting[int(rng.integers(len(fitting)))]
        if tried:
            rows = self._policy.distributions([contexts[number] for number in tried])
            for (number, index), row in zip(tried.items(), rows, strict=True):
                action = contexts[number].proposals[index]
                decisions[number] = Decision(action, float(row[index]), -float(np.log(len(row))), index)
        return decisions
