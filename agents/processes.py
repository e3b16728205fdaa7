"""Several processes that train one language model: each rolls out and scores its part, and all hold the whole update.

After the rollouts every process has all trajectories, and after scoring all log-probabilities, so that each computes
the same loss on the whole batch: log Z of the groups, baselines and means are those of one process. Only what is
expensive is divided: generating, and the passes with and without a graph (``lm_score``). A gradient is the sum of the
parts' gradients, whatever the objective, and every process takes the same step of the optimiser.

Each holds the whole frozen base, or with ``accelerate launch --use_fsdp`` a part of it (``sharding``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from skillflow_gym.agents.policies.lm_args import PREFIX, LMArgs
from skillflow_gym.agents.sharding import Sharding
from skillflow_gym.installation import install
from skillflow_gym.rollout import Collection

T = TypeVar("T")

_OTHER_WAYS = ("ACCELERATE_USE_DEEPSPEED", "ACCELERATE_USE_MEGATRON_LM")


@dataclass(frozen=True)
class Processes:
    """This process among those that train together. All of them must call each method, in the same order.

    Attributes:
        index: its number; 0 is the main one, which alone evaluates, prints and writes.
        count: how many there are.
        device: where what they exchange must lie.
        sharding: how they share the frozen base, if it is in parts.
    """

    index: int = 0
    count: int = 1
    device: str = "cpu"
    sharding: Sharding | None = None

    @classmethod
    def join(cls, policy: str, lm: LMArgs, stale: int = 0) -> Processes:
        """Those that ``accelerate launch`` or ``torchrun`` has started for a run of ``policy``, or this one alone.

        Args:
            policy: what is trained.
            lm: its arguments, if it is a language model.
            stale: how many updates are played ahead in a thread.

        Raises:
            ValueError: this policy, or this way of dividing the work, is for one process.
        """
        if not started():
            return ALONE
        if not policy.startswith(PREFIX):
            raise ValueError(f"--policy {policy} trains in one process: leave out accelerate launch")
        if any(map(_asked, _OTHER_WAYS)):
            message = "a model is whole in every process, or sharded by FSDP: launch without DeepSpeed and Megatron-LM"
            raise ValueError(message)
        sharded = _asked("ACCELERATE_USE_FSDP")
        if sharded and stale:
            raise ValueError("--stale reads in a thread of its own, a model sharded by FSDP all at once: leave one out")
        if lm.device not in ("", "cpu", "cuda"):
            raise ValueError(f"--lm.device {lm.device} is for one process: leave it out, and each takes a GPU")
        try:
            from accelerate import PartialState  # type: ignore[import-untyped]
        except ModuleNotFoundError as error:
            raise ValueError(f"several processes need the package accelerate: {install('lm')}") from error

        state = PartialState(
            cpu=lm.device == "cpu" or not torch.cuda.is_available(), timeout=timedelta(seconds=lm.wait)
        )
        if not state.is_main_process:
            from transformers.utils.logging import disable_progress_bar

            disable_progress_bar()
        joined = cls(state.process_index, state.num_processes, str(state.device))
        if not sharded:
            return joined
        os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] = "false"  # else transformers loads weights in one process alone
        return replace(joined, sharding=Sharding(joined.largest, joined.count, joined.device))

    @property
    def main(self) -> bool:
        """Whether this is the process that evaluates, prints and writes."""
        return self.index == 0

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """Every ``count``-th item: of a list by size, a fair share."""
        return items[self.index :: self.count]

    def owns(self, key: object) -> bool:
        """Whether what ``key``, made of numbers, stands for is this process's to compute; always the same one's."""
        return hash(key) % self.count == self.index

    def part(self, items: Sequence[T]) -> Sequence[T]:
        """A run of the items, in their order; those of all processes together are all of them."""
        first, last = (len(items) * i // self.count for i in (self.index, self.index + 1))
        return items[first:last]

    def gather(self, made: Collection) -> Collection:
        """What all have made of their ``part`` of the jobs."""
        if self.count == 1:
            return made
        parts: list[Any] = [None] * self.count
        with self._together():
            dist.all_gather_object(parts, made)
        return Collection(
            [trajectory for part in parts for trajectory in part.trajectories],
            {job: turns for part in parts for job, turns in part.dropped.items()},
            sum(part.env_steps for part in parts),
            max(part.seconds for part in parts),
        )

    def total(self, *tensors: Tensor) -> list[Tensor]:
        """The sums of the tensors over the processes; all of one type and device."""
        if self.count == 1:
            return list(tensors)
        flat = torch.cat([tensor.flatten() for tensor in tensors]).to(self.device)
        with self._together():
            dist.all_reduce(flat)
        parts = flat.to(tensors[0].device).split([tensor.numel() for tensor in tensors])
        return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` is true in one of them."""
        return bool(self.total(torch.tensor(float(flag)))[0])

    def largest(self, number: int) -> int:
        """The largest of their numbers."""
        found = torch.tensor(number, device=self.device)
        with self._together():
            dist.all_reduce(found, dist.ReduceOp.MAX)
        return int(found)

    def from_main(self, make: Callable[[], T]) -> T:
        """What ``make`` gives in the main process; in the others it is not called."""
        if self.count == 1:
            return make()
        made: list[Any] = [make() if self.main else None]
        with self._together():
            dist.broadcast_object_list(made, device=torch.device(self.device))
        found: T = made[0]
        return found

    def leave(self) -> None:
        """End the exchange, when all is done."""
        if self.count > 1:
            with self._together():
                dist.destroy_process_group()

    @contextmanager
    def _together(self) -> Iterator[None]:
        """An exchange; who has a part of the base lends it until all have come to it.

        One that fails because another process is gone, or waits too long for one, is no bug of this one. Nor is it one
        that an episode could survive, as an ``InfrastructureError``.
        """
        try:
            if self.sharding is not None:
                self.sharding.wait()
            yield
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise ConnectionError(f"another process has failed or took longer than --lm.wait: {reason}") from error


ALONE = Processes()


def started() -> str:
    """``process 2 of 4``, or nothing where there is only one."""
    count = int(os.environ.get("WORLD_SIZE", 1))
    return f"process {int(os.environ.get('RANK', 0)) + 1} of {count}" if count > 1 else ""


def _asked(name: str) -> bool:
    """Whether ``accelerate launch`` was told so."""
    return os.environ.get(name, "false").lower() == "true"
