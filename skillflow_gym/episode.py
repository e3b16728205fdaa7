"""History and Episode: what one episode showed and did, as Contexts for a policy and as a Trajectory to keep."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import gymnasium as gym

from skillflow_gym.actions import Action, ActionError, describe
from skillflow_gym.core import SkillEnv
from skillflow_gym.policy import Decision
from skillflow_gym.skills.following import follow
from skillflow_gym.trajectory import Context, Trajectory, Turn


class History:
    """The history of one episode of ``env``, told by what its ``reset`` and each ``step`` returned.

    Attributes:
        context: what a policy may condition on now.
        done: whether the episode is over; then ``trajectory`` is complete.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        observation: dict[str, str],
        info: dict[str, Any],
        *,
        seed: int | None = None,
        proposals: bool = False,
    ) -> None:
        """Begin with what ``reset(seed=seed)`` returned. ``proposals`` puts candidate actions into the contexts.

        Raises:
            TypeError: ``env`` is no environment of this suite.
        """
        self._env, self._core, self._proposals, self._seed = env, suite_env(env), proposals, seed
        self._first_info = self._info = info
        self._turns: list[Turn] = []
        self._result = (0.0, False, False)
        self.done = False
        self._observation = observation
        self._set_context(observation["observation"], info["admissible_actions"])

    def _set_context(self, first: str, admissible: tuple[str, ...]) -> None:
        task, catalogue = self._observation["task"], self._observation["skills"]
        step = len(self._turns)
        turns = tuple(self._turns)
        context = Context(task, catalogue, first, turns, admissible, (), step, self._core.step_limit)
        if self._proposals:
            context = replace(context, proposals=follow(context, self._core.proposals(context)))
        self.context = context

    def extend(
        self,
        decision: Decision,
        observation: dict[str, str],
        reward: Any,
        terminated: bool,
        truncated: bool,
        info: dict[str, Any],
    ) -> None:
        """Add the decided action and what ``step`` returned for it."""
        before = self._info["usage"]
        self._info = info
        try:
            action = Action.parse(decision.action)
        except ActionError:
            action = Action.act(decision.action if isinstance(decision.action, str) else describe(decision.action))
        turn = Turn(
            action=action,
            observation=observation["observation"],
            admissible=info["admissible_actions"],
            candidates=self.context.proposals if decision.chosen >= 0 else (),
            chosen=decision.chosen,
            token_ids=decision.token_ids,
            action_mask=decision.action_mask,
            token_log_probs=decision.token_log_probs,
            log_pf=_known(decision.log_pf),
            log_ref=_known(decision.log_ref),
            error=info["error"],
            usage={name: count - before.get(name, 0) for name, count in info["usage"].items()},
        )
        self._turns.append(turn)
        self._result = (float(reward), terminated, truncated)
        self.done = terminated or truncated
        if not self.done:
            self._set_context(self.context.first, info["admissible_actions"])

    def trajectory(self, id: str = "", group: str = "", policy_version: str = "", dropped: bool = False) -> Trajectory:
        """The episode so far; ``dropped`` marks one that was given up, so that no trainer counts it."""
        reward, terminated, truncated = self._result
        info, core = self._info, self._core
        return Trajectory(
            id=id,
            task=self.context.task,
            turns=tuple(self._turns),
            catalogue=self.context.catalogue,
            first=self.context.first,
            first_admissible=self._first_info["admissible_actions"],
            step_limit=core.step_limit,
            env_spec=spec_json(self._env),
            source=info["source"],
            split=info["split"],
            task_id=info["task_id"],
            fingerprint=core.task.fingerprint,
            seed=self._seed,
            group=group,
            library_version=info["library_version"],
            policy_version=policy_version,
            reward=reward,
            score=info["score"],
            success=info["success"],
            terminated=terminated,
            truncated=truncated or dropped,
            unscored=info["unscored"] or dropped,
            confidential=core.confidential,
        )


class Episode(History):
    """One episode that drives ``env`` itself, from its reset on."""

    def __init__(
        self, env: gym.Env[Any, Any], *, seed: int | None = None, task_id: str | None = None, proposals: bool = True
    ) -> None:
        """Reset ``env``; without ``task_id`` the environment draws the task. ``proposals=False`` leaves them out."""
        suite_env(env)
        options = None if task_id is None else {"task_id": task_id}
        super().__init__(env, *env.reset(seed=seed, options=options), seed=seed, proposals=proposals)

    def step(self, decision: Decision) -> None:
        """Take the decided action and extend the history by it."""
        self.extend(decision, *self._env.step(decision.action))


def suite_env(env: gym.Env[Any, Any]) -> SkillEnv:
    """The environment inside all wrappers.

    Raises:
        TypeError: it is none of this suite.
    """
    core = env.unwrapped
    if not isinstance(core, SkillEnv):
        raise TypeError(f"expected an environment of this suite, got {type(core).__name__}")
    return core


def spec_json(env: gym.Env[Any, Any]) -> str:
    """``env.spec`` of the bare environment as JSON, made once per environment; "" if it has none."""
    core = env.unwrapped
    text: str | None = getattr(core, "_spec_json", None)
    if text is None:
        text = core.spec.to_json() if core.spec is not None else ""
        core._spec_json = text  # type: ignore[attr-defined]
    return text


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
