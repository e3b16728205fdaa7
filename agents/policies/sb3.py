"""The scorer's network and features inside Stable-Baselines3: of PPO only the algorithm is another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from skillflow_gym.agents.policies.layout import Layout
from skillflow_gym.agents.policies.network import ScorerNetwork
from skillflow_gym.agents.policies.scorer import FEATURES
from skillflow_gym.policy import Decision
from skillflow_gym.trajectory import Context
from skillflow_gym.wrappers.discrete_action import slotted

Observation = dict[str, NDArray[Any]]


class SlotFeatures(gym.Wrapper[Any, Any, Any, Any]):
    """Shows the slots of a ``DiscreteAction`` as the scorer's features; the step limit is an end like any other.

    Stable-Baselines3 takes a truncated episode for one that could go on, and adds the value of its last state. Here the
    step limit belongs to the task and is paid as such.
    """

    def __init__(self, env: gym.Env[Any, Any], kind: str) -> None:
        """Wrap ``env``; ``kind`` is a name in ``FEATURES``."""
        super().__init__(env)
        self._kind, self._slots = kind, env.get_wrapper_attr("slots")
        self.observation_space = observation_space(kind, self._slots)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        _, info = self.env.reset(seed=seed, options=options)
        return self._observe(), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take ``action``."""
        _, reward, terminated, truncated, info = self.env.step(action)
        return self._observe(), reward, terminated or truncated, False, info

    def _observe(self) -> Observation:
        return observe(self.env.get_wrapper_attr("context"), self._kind, self._slots)


def observation_space(kind: str, slots: int) -> spaces.Dict:
    """What ``observe`` returns: numbers and word ids of each slot, word ids of what the slots share, which are real."""
    layout = FEATURES[kind][1]
    shapes = {
        "numbers": (slots, layout.numbers),
        "words": (slots, sum(layout.groups)),
        "shared": (layout.task + sum(layout.context),),
        "real": (slots,),
    }
    return spaces.Dict({name: spaces.Box(-np.inf, np.inf, shape, np.float32) for name, shape in shapes.items()})


def observe(context: Context, kind: str, slots: int) -> Observation:
    """A context as arrays; empty slots are zeros. Word ids are floats, as Stable-Baselines3 would make them."""
    kept = slotted(context.proposals, slots)
    found = FEATURES[kind][0](context)
    rows = np.linspace(0, len(context.proposals) - 1, len(kept)).astype(int)
    space = observation_space(kind, slots)
    arrays: Observation = {name: np.zeros(box.shape, np.float32) for name, box in space.spaces.items() if box.shape}
    arrays["numbers"][: len(kept)] = found.numbers[rows]
    arrays["words"][: len(kept)] = found.words[rows]
    arrays["shared"][:] = found.task
    arrays["real"][: len(kept)] = 1
    return arrays


class SlotExtractor(BaseFeaturesExtractor):
    """Logits of the slots by the scorer's network, and what the value is read off: [B, slots + 2 numbers]."""

    def __init__(self, observation_space: spaces.Dict, layout: Layout) -> None:
        slots = observation_space["real"].shape
        assert slots is not None
        super().__init__(observation_space, slots[0] + 2 * layout.numbers)
        self.network = ScorerNetwork(layout, dropout=0.0)  # it would blur the ratio to what was sampled
        self.empty = nn.Parameter(torch.zeros(()))

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """Every empty slot has the same learned logit; a mask, if there is one, is put on later."""
        real = observations["real"] > 0  # [B, S]
        numbers, words = observations["numbers"][real], observations["words"][real].long()
        row_of = real.nonzero()[:, 0]
        logits = self.empty.expand(real.shape).masked_scatter(
            real, self.network(numbers, words, observations["shared"].long(), row_of)
        )  # [B, S]
        mean = observations["numbers"].sum(dim=1) / real.sum(dim=1, keepdim=True).clamp(min=1)
        most = observations["numbers"].masked_fill(~real[:, :, None], -1.0).amax(dim=1)
        return torch.cat([logits, mean, most], dim=1)


class Heads(nn.Module):
    """Passes the logits on and reads a value off the rest."""

    def __init__(self, slots: int, rest: int, width: int = 64) -> None:
        super().__init__()
        self.slots, self.latent_dim_pi, self.latent_dim_vf = slots, slots, width
        self.value = nn.Sequential(nn.Linear(rest, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Both latent vectors."""
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: Tensor) -> Tensor:
        """The logits."""
        return features[:, : self.slots]

    def forward_critic(self, features: Tensor) -> Tensor:
        """What the value is a linear function of."""
        latent: Tensor = self.value(features[:, self.slots :])
        return latent


class ScoringPolicy(ActorCriticPolicy):
    """Scores its slots one by one instead of mixing them all; for PPO."""

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _heads(self)  # type: ignore[assignment]

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        _pass_logits(self, lr_schedule)


class MaskableScoringPolicy(MaskableActorCriticPolicy):
    """Scores its slots one by one instead of mixing them all; for MaskablePPO."""

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _heads(self)  # type: ignore[assignment]

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        _pass_logits(self, lr_schedule)


def _heads(policy: Any) -> Heads:
    slots = int(policy.action_space.n)
    return Heads(slots, policy.features_dim - slots)


def _pass_logits(policy: Any, lr_schedule: Any) -> None:
    """The latent vector of the actor is the logits already."""
    policy.action_net = nn.Identity()
    policy.optimizer = policy.optimizer_class(policy.parameters(), lr=lr_schedule(1), **policy.optimizer_kwargs)


class SB3Policy:
    """A model of Stable-Baselines3 as a policy of this suite.

    Attributes:
        model: what acts.
        updates: how often it was updated.
    """

    def __init__(self, model: Any, kind: str, masks: bool, greedy: bool = False) -> None:
        """``kind`` names the features; ``masks`` says whether the model's policy takes masks."""
        self.model, self._kind, self._masks, self._greedy = model, kind, masks, greedy
        self.updates = 0
        self._slots = int(model.action_space.n)

    @property
    def version(self) -> str:
        """``ppo-<number of updates>``."""
        return f"ppo-{self.updates}"

    def as_greedy(self) -> SB3Policy:
        """The same, always taking the likeliest slot."""
        other = SB3Policy(self.model, self._kind, self._masks, greedy=True)
        other.updates = self.updates
        return other

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        """Sample a slot for each context; an empty one is an action that no environment knows."""
        decisions = []
        for context, log_p, rng in zip(contexts, self.log_probs(contexts), rngs, strict=True):
            if self._greedy:
                chosen = int(log_p.argmax())
            else:
                chosen = min(int(np.searchsorted(np.cumsum(np.exp(log_p)), rng.random())), len(log_p) - 1)
            kept = slotted(context.proposals, self._slots)
            log_ref = -float(np.log(len(context.proposals)))
            if chosen < len(kept):
                index = context.proposals.index(kept[chosen])
                decisions.append(Decision(kept[chosen], float(log_p[chosen]), log_ref, index))
            else:
                decisions.append(Decision(f"slot {chosen} is empty", float(log_p[chosen]), log_ref))
        return decisions

    def log_probs(self, contexts: Sequence[Context]) -> NDArray[np.float64]:
        """Log-probabilities of the slots of each context, [C, slots]."""
        arrays = [observe(context, self._kind, self._slots) for context in contexts]
        batch = {name: np.stack([a[name] for a in arrays]) for name in arrays[0]}
        policy = self.model.policy
        policy.set_training_mode(False)
        tensors, _ = policy.obs_to_tensor(batch)
        more = {"action_masks": batch["real"] > 0} if self._masks else {}
        with torch.no_grad():
            logits = policy.get_distribution(tensors, **more).distribution.logits
        return np.asarray(logits.numpy(), dtype=np.float64)
