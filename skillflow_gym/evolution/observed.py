"""What an Evolver has seen since its last phase: trajectories with their credit, in steps."""

from __future__ import annotations

import base64
import json
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skillflow_gym.evolution.evidence import contrast_credits
from skillflow_gym.flow.credit import Credit
from skillflow_gym.flow.reads import RefReads
from skillflow_gym.trajectory import Trajectory


@dataclass
class Record:
    """A trajectory and what the learner told: its credit, log Z of its task in nats, and what its reference reads."""

    trajectory: Trajectory
    credit: Credit | None = None
    log_z: float = 0.0
    ref_reads: RefReads | None = None


@dataclass
class Observed:
    """The trajectories of the last ``window`` steps; a step is what the learner updates on.

    Attributes:
        window: steps that are kept.
        beta, eps: of log R~ = log(R + eps), in the residual log Z + sum of log I(t) - beta log R~.
    """

    window: int
    beta: float = 8.0
    eps: float = 0.1
    _steps: deque[list[Record]] = field(default_factory=deque, init=False, repr=False)
    _open: dict[str, Record] = field(default_factory=dict, init=False, repr=False)

    @property
    def pending(self) -> int:
        """Trajectories of the open step."""
        return len(self._open)

    @property
    def half_credited(self) -> bool:
        """Whether some trajectories of the open step are credited and others are not."""
        return len({record.credit is None for record in self._open.values()}) > 1

    def add(self, trajectory: Trajectory) -> None:
        """Take a scored trajectory into the open step.

        Raises:
            ValueError: the open step has a trajectory of that id.
        """
        if trajectory.id in self._open:
            raise ValueError(f"two trajectories of one step are called {trajectory.id!r}: give each an id of its own")
        self._open[trajectory.id] = Record(trajectory)

    def credit(
        self,
        trajectory_id: str,
        log_pf: ArrayLike,
        log_ref: ArrayLike,
        log_z: float,
        ref_reads: RefReads | None = None,
    ) -> None:
        """The learner's signals for a trajectory of the open step; see `Evolver.credit`."""
        record = self._open.get(trajectory_id)
        if record is None:
            raise ValueError(
                f"no trajectory {trajectory_id!r} was observed since the last step; credit it before end_step()"
            )
        credit = Credit(log_pf, log_ref)
        if len(credit) != len(record.trajectory):
            raise ValueError(
                f"trajectory {trajectory_id!r} has {len(record.trajectory)} turns, its credit {len(credit)}"
            )
        if not np.isfinite(log_z):
            raise ValueError(f"log Z of trajectory {trajectory_id!r} is {log_z}")
        if ref_reads is not None:
            ref_reads = [{name: float(p) for name, p in turn.items()} for turn in ref_reads]
            if len(ref_reads) != len(credit):
                raise ValueError(
                    f"trajectory {trajectory_id!r} has {len(credit)} turns, the reads of its reference {len(ref_reads)}"
                )
            if not all(min(turn.values(), default=0.0) >= 0 and sum(turn.values()) <= 1 + 1e-6 for turn in ref_reads):
                raise ValueError(f"the reads of the reference of trajectory {trajectory_id!r} are no probabilities")
        record.credit, record.log_z, record.ref_reads = credit, float(log_z), ref_reads

    def end_step(self) -> float | None:
        """Close the open step and return the figure whose plateau is looked for; None if the step had no trajectory.

        With the learner's signals it is the mean over trajectories of (residual / beta)^2: beta may follow a schedule,
        and the figure must not rise because of it. Without them it is the mean of 1 - R.
        """
        step = list(self._open.values())
        self._open.clear()
        if not step:
            return None
        self._steps.append(step)
        while len(self._steps) > self.window:
            self._steps.popleft()
        if not self.has_credit(step):
            return float(np.mean([1 - record.trajectory.reward for record in step]))
        residuals = [self._residual(record, record.credit) for record in step if record.credit is not None]
        return float(np.mean(np.square(residuals))) / self.beta**2

    def _residual(self, record: Record, credit: Credit) -> float:
        return record.log_z + credit.total - self.beta * float(np.log(record.trajectory.reward + self.eps))

    def clear(self) -> None:
        """Forget the closed steps."""
        self._steps.clear()

    def has_credit(self, records: Sequence[Record] | None = None) -> bool:
        """Whether the learner has credited all ``records``, or all that is kept; True of nothing."""
        return all(record.credit is not None for record in (self._records() if records is None else records))

    def evidence(self, last: int = 0) -> tuple[list[Trajectory], list[Credit]]:
        """The trajectories of the closed steps and the credit of each: by outcome alone unless all are credited.

        ``last`` takes that many steps only, the latest; 0 takes all.
        """
        records = [record for step in list(self._steps)[-last:] for record in step]
        trajectories = [record.trajectory for record in records]
        credits = [record.credit for record in records if record.credit is not None]
        if len(credits) < len(records):
            credits = contrast_credits(trajectories, self.beta, self.eps)
        return trajectories, credits

    def ref_reads(self) -> list[RefReads | None]:
        """What the learner has told of its reference for each trajectory of the closed steps."""
        return [record.ref_reads for record in self._records()]

    def earned(self) -> tuple[list[Trajectory], list[Credit]]:
        """The trajectories of the latest step with the credit they earned: what the policy gives and what it lacks.

        Of a success that the policy has not learned yet, log I(t) says what it used to do. At zero residual the credit
        adds up to beta log R~ - log Z; what is missing to that, the residual, is shared by all turns alike.
        """
        trajectories, credits = self.evidence(last=1)
        records = self._steps[-1] if self._steps else []
        if not self.has_credit(records):
            return trajectories, credits
        missing = [
            self._residual(record, credit) / len(credit) for record, credit in zip(records, credits, strict=True)
        ]
        full = [Credit(c.log_pf - m, c.log_ref) for c, m in zip(credits, missing, strict=True)]
        return trajectories, full

    def _records(self) -> Iterator[Record]:
        return (record for step in self._steps for record in step)

    def state(self) -> str:
        """The closed steps, packed; an open step is not kept."""
        rows = [
            [[r.trajectory.to_json(), _plain(r.credit), r.log_z, r.ref_reads] for r in step] for step in self._steps
        ]
        return pack(rows)

    def load(self, state: str) -> None:
        """Restore ``state``'s value."""
        rows = unpack(state)
        self._open.clear()
        self._steps = deque(
            [Record(Trajectory.from_json(t), _credit(c), *rest) for t, c, *rest in step] for step in rows
        )


def pack(content: Any) -> str:
    """What JSON can hold, as a short text."""
    return base64.b64encode(zlib.compress(json.dumps(content).encode(), level=1)).decode()


def unpack(text: str) -> Any:
    """What `pack` was given; tuples come back as lists."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


def _plain(credit: Credit | None) -> list[Any] | None:
    return None if credit is None else [credit.log_pf.tolist(), credit.log_ref.tolist()]


def _credit(plain: list[Any] | None) -> Credit | None:
    return None if plain is None else Credit(*plain)
