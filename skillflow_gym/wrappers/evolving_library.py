"""EvolvingLibrary: lets a skill library evolve between the episodes of any learner."""

from __future__ import annotations

from math import nan
from typing import Any

import gymnasium as gym
from numpy.typing import ArrayLike

from skillflow_gym.episode import History, suite_env
from skillflow_gym.evolution.evolver import Evolver
from skillflow_gym.evolution.gate import Rollout
from skillflow_gym.flow.reads import RefReads
from skillflow_gym.policy import Decision
from skillflow_gym.trajectory import Trajectory


class EvolvingLibrary(gym.Wrapper[dict[str, str], Any, dict[str, str], Any]):
    """Shows every finished episode to an ``Evolver``, and its library to every new one.

    Many environments may share one Evolver, from many threads. At a reset, once ``episodes_per_step`` episodes were
    seen, a step of the learner is over; if the Evolver is ready then, a phase ends and the library changes. An episode
    keeps the library with which it began.

    A learner that knows its probabilities tells them by ``credit`` after the end of an episode and before the next
    reset; ``trajectory`` is the episode. A learner that does not is judged by outcomes alone, and the log says so.

    The wrapper goes around the environment itself, below wrappers that change actions or observations. Its Evolver is
    an object, so ``env.spec.make()`` cannot make it again.

    Example:
        >>> import gymnasium as gym, skillflow_gym
        >>> from skillflow_gym import Action
        >>> from skillflow_gym.evolution import Evolver, Settings
        >>> from skillflow_gym.evolution.authors.template import TemplateAuthor
        >>> from skillflow_gym.wrappers import EvolvingLibrary
        >>> evolver = Evolver(TemplateAuthor(), Settings(gate_tasks=0))
        >>> env = EvolvingLibrary(gym.make("SkillFlow/HotpotQA-v0", source="mini"), evolver)
        >>> observation, info = env.reset(seed=0)
        >>> _ = env.step(Action.accept("1969"))
        >>> env.credit(log_pf=[-1.0], log_ref=[-3.7], log_z=-18.4)
        >>> env.trajectory.reward, len(evolver.library)
        (0.0, 0)
    """

    def __init__(
        self,
        env: gym.Env[dict[str, str], Any],
        evolver: Evolver,
        episodes_per_step: int = 64,
        rollout: Rollout | None = None,
    ) -> None:
        """Wrap ``env``.

        Args:
            env: an environment of the suite, on its train split.
            evolver: shared by all environments of a learner.
            episodes_per_step: episodes, of all environments together, that make a step.
            rollout: rolls out the learner's policy for the gate; None if ``evolver.settings.gate_tasks`` is 0.

        Raises:
            TypeError: a wrapper inside changes actions or observations, or ``env`` is none of this suite.
            ValueError: the split is not train, or the gate has no ``rollout``.
        """
        super().__init__(env)
        core = suite_env(env)
        if (env.action_space, env.observation_space) != (core.action_space, core.observation_space):
            raise TypeError(
                "a wrapper inside changes the spaces: put it outside, as in TextAction(EvolvingLibrary(env))"
            )
        if core.split != "train":
            raise ValueError(f"the split is {core.split!r}: a library may evolve on train tasks only")
        if rollout is None and evolver.settings.gate_tasks:
            raise ValueError("the gate needs a rollout function: give one, or Settings(gate_tasks=0)")
        if episodes_per_step < 1:
            raise ValueError(f"episodes_per_step must be at least 1, got {episodes_per_step}")
        self.evolver, self._episodes_per_step, self._rollout = evolver, episodes_per_step, rollout
        self._trajectory: Trajectory | None = None

    @property
    def trajectory(self) -> Trajectory:
        """The last finished episode.

        Raises:
            ValueError: none is finished.
        """
        if self._trajectory is None:
            raise ValueError("no episode is finished yet")
        return self._trajectory

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Begin an episode with the present library; an episode that was not finished is forgotten."""
        with self.evolver.lock:
            if self.evolver.step_is_over(self._episodes_per_step):
                self.evolver.end_step()
                if self.evolver.ready:
                    self.evolver.end_phase(self._rollout)
            suite_env(self.env).library = self.evolver.library
        observation, info = self.env.reset(seed=seed, options=options)
        self._history = History(self.env, observation, info, seed=seed)
        return observation, info

    def step(self, action: Any) -> tuple[dict[str, str], Any, bool, bool, dict[str, Any]]:
        """Take ``action``; at its end, the episode goes to the Evolver."""
        result = self.env.step(action)
        self._history.extend(Decision(action, nan, nan), *result)
        if self._history.done:
            with self.evolver.lock:
                self._trajectory = self._history.trajectory(id=self.evolver.new_id())
                self.evolver.observe(self._trajectory)
        return result

    def credit(self, log_pf: ArrayLike, log_ref: ArrayLike, log_z: float, ref_reads: RefReads | None = None) -> None:
        """Tell the Evolver the learner's signals for the last finished episode; see ``Evolver.credit``.

        Raises:
            ValueError: no episode is finished, its step is over, or the numbers do not fit it.
        """
        with self.evolver.lock:
            if not self.trajectory.unscored:  # what infrastructure cut off is no evidence
                self.evolver.credit(self.trajectory.id, log_pf, log_ref, log_z, ref_reads)
