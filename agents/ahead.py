"""Rollouts made ahead: a thread plays the episodes of later updates while the present one is computed.

With a bound of N updates, those of update u are played by the parameters as they were after update max(0, u - 1 - N).
Who plays is thus a function of the update's number and not of the clock: a run gives the same numbers every time,
resumed or not, and no episode is ever older than the bound. What the thread has made by a checkpoint is not stored; it
is made again, from the parameters of the last N updates, which are.

The thread acts with a policy of its own, of which only the frozen weights are shared; so neither waits for the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import numpy as np

from skillflow_gym.agents.policies.lm import LanguageModel
from skillflow_gym.policy import Decision, Policy
from skillflow_gym.rollout import Collection
from skillflow_gym.trajectory import Context


class Ahead:
    """Has the rollouts of updates played up to ``stale`` updates before they are needed.

    For ``play`` it is the policy; it stops playing where the run is over.
    """

    def __init__(self, policy: LanguageModel, stale: int, last: int, play: Callable[[Policy, int], Collection]) -> None:
        """Play for the training of ``policy``.

        Args:
            policy: what is trained.
            stale: how many updates old the parameters that play are, after the first few updates.
            last: the number of the last update.
            play: makes the rollouts of an update with a policy; called in one thread, in the order of the updates.
        """
        self._policy, self._actor = policy, policy.twin()
        self._stale, self._last, self._play = stale, last, play
        self._after: dict[int, dict[str, Any]] = {}  # update -> the parameters after it
        self._under_way: dict[int, Future[Collection]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._over = Event()

    def collect(self, step: int) -> Collection:
        """The rollouts of update ``step``, all before which are done; those of later ones begin.

        Raises:
            Exception: whatever ended the rollouts.
        """
        self._after[step - 1] = self._policy.state_dict()
        for update in range(step, min(step + self._stale, self._last) + 1):
            if update not in self._under_way:
                parameters = self._after[max(0, update - 1 - self._stale)]
                self._under_way[update] = self._thread.submit(self._make, update, parameters)
        self._after = {update: kept for update, kept in self._after.items() if update >= step - self._stale}
        return self._under_way.pop(step).result()

    def close(self) -> None:
        """End the thread, once the decisions are made that it is about to make; may be called twice."""
        self._over.set()
        self._thread.shutdown(cancel_futures=True)

    def state(self) -> dict[int, dict[str, Any]]:
        """The parameters after the last updates, without which their rollouts cannot be made again."""
        return dict(self._after)

    def load(self, state: dict[int, dict[str, Any]]) -> None:
        """Restore ``state``'s value, before the first ``collect``."""
        self._after = dict(state)

    # The policy that plays, in the thread ----------------------------------------------------------------------------

    @property
    def version(self) -> str:
        """Names the parameters that act."""
        return self._actor.version

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        """Decide with the parameters of the update that is being played.

        Raises:
            CancelledError: the run is over.
        """
        self._go_on()
        return self._actor.act(contexts, rngs)

    def _make(self, update: int, parameters: dict[str, Any]) -> Collection:
        try:
            self._go_on()
            self._actor.load_state_dict(parameters)
            return self._play(self, update)
        except BaseException:  # training will raise it when it gets to this update: what follows would be in vain
            self._over.set()
            raise

    def _go_on(self) -> None:
        if self._over.is_set():
            raise CancelledError
