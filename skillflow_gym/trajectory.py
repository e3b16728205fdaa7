"""What a policy sees and what is kept of it: Context, Turn, Trajectory, and their JSONL form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from skillflow_gym.actions import Action
from skillflow_gym.files import replacing

SCHEMA_VERSION = 1


class TrajectoryError(ValueError):
    """A trajectory file that cannot be read. The message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One action and what it led to: the pair (a_t, o_t) that extends the history H_{t-1} to H_t.

    Attributes:
        action: the action taken; for text that could not be parsed, ``act`` with that text.
        observation: what the environment showed after it, o_t.
        admissible: the admissible actions after it; empty where the action set is open.
        candidates: the proposals that a small policy chose from; empty for a language model.
        chosen: index of ``action`` in ``candidates``; -1 without candidates.
        token_ids: for a language model, the ids of this turn's segment of the transcript, as sampled.
        action_mask: 1 where an id was sampled by the policy, 0 where it is context; as long as ``token_ids``.
        token_log_probs: the sampler's log-probability of each id, 0 where masked; as long as ``token_ids``.
        log_pf: log pi(a_t | H_{t-1}) when it was sampled, in nats; None if unknown.
        log_ref: log pi_ref(a_t | H_{t-1}) when it was sampled, in nats; None if unknown.
        error: info["error"] after the action.
        usage: the executor's usage in this turn.
    """

    action: Action
    observation: str
    admissible: tuple[str, ...] = ()
    candidates: tuple[Action, ...] = ()
    chosen: int = -1
    token_ids: tuple[int, ...] = ()
    action_mask: tuple[int, ...] = ()
    token_log_probs: tuple[float, ...] = ()
    log_pf: float | None = None
    log_ref: float | None = None
    error: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """All that a policy may condition on before its next action: the history H_{t-1} and what is on offer.

    Attributes:
        task: the task's prompt.
        catalogue: a line per skill; "" when the library is empty.
        first: the observation of reset.
        turns: the turns so far.
        admissible: the admissible actions now; empty where the action set is open.
        proposals: candidate actions now, for policies that choose from a list.
        step: number of turns so far.
        step_limit: number of turns after which the environment truncates.
    """

    task: str
    catalogue: str
    first: str
    turns: tuple[Turn, ...]
    admissible: tuple[str, ...]
    proposals: tuple[Action, ...]
    step: int
    step_limit: int

    @property
    def observation(self) -> str:
        """What the environment showed last."""
        return self.turns[-1].observation if self.turns else self.first


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One episode, complete enough to be scored again by any policy without the environment.

    Attributes:
        id: unique in its run.
        env_spec: ``env.spec.to_json()``; "" if the environment has no spec.
        source, split, task_id, fingerprint: which task it was, and the hash of its public content.
        seed: the seed of reset; None if it was not given.
        group: rollouts of the same task in the same step share it.
        library_version, policy_version: what was seen and what acted.
        task, catalogue, first, first_admissible: as in Context.
        step_limit: as in Context.
        turns: the turns, oldest first.
        reward: R in [0, 1].
        score: the benchmark's figures at the end.
        success, terminated, truncated, unscored: as the environment said at the end.
        confidential: whether what it shows must not be written; then its JSON form withholds every text of the episode.
        withheld: whether the texts are gone: it was read from such a form.
        schema_version: version of this form.
    """

    id: str
    task: str
    turns: tuple[Turn, ...]
    catalogue: str = ""
    first: str = ""
    first_admissible: tuple[str, ...] = ()
    step_limit: int = 0
    env_spec: str = ""
    source: str = ""
    split: str = ""
    task_id: str = ""
    fingerprint: str = ""
    seed: int | None = None
    group: str = ""
    library_version: str = ""
    policy_version: str = ""
    reward: float = 0.0
    score: Mapping[str, float] = field(default_factory=dict)
    success: bool = False
    terminated: bool = False
    truncated: bool = False
    unscored: bool = False
    confidential: bool = False
    withheld: bool = False
    schema_version: int = SCHEMA_VERSION

    def __len__(self) -> int:
        return len(self.turns)

    def contexts(self) -> Iterator[Context]:
        """The context before each turn, as the policy saw it."""
        admissible = self.first_admissible
        for t, turn in enumerate(self.turns):
            yield Context(
                self.task, self.catalogue, self.first, self.turns[:t], admissible, turn.candidates, t, self.step_limit
            )
            admissible = turn.admissible

    def to_json(self) -> str:
        """One line of JSON; ``from_json`` restores an equal trajectory, or what ``withhold`` leaves if confidential."""
        kept = self.withhold() if self.confidential else self
        # Lone surrogates survive because non-ASCII is escaped.
        return json.dumps(_shallow(kept) | {"turns": [_shallow(turn) for turn in kept.turns]}, separators=(",", ":"))

    def withhold(self) -> Trajectory:
        """A copy without the texts of the episode: a hash stands for each, token ids are gone, figures and ids stay.

        Equal texts have equal hashes, so what was done can still be counted and compared, but not read or scored again.
        """
        if self.withheld:
            return self
        return replace(
            self,
            task=digest(self.task),
            first=digest(self.first),
            first_admissible=tuple(map(digest, self.first_admissible)),
            turns=tuple(map(_withhold, self.turns)),
            withheld=True,
        )

    @classmethod
    def from_json(cls, line: str) -> Trajectory:
        """Restore a trajectory from its JSON line.

        Raises:
            TrajectoryError: it is no trajectory, or of another schema version.
        """
        try:
            content = json.loads(line)
            if content["schema_version"] != SCHEMA_VERSION:
                raise TrajectoryError(
                    f"schema version {content['schema_version']}; this release reads {SCHEMA_VERSION}"
                )
            content["turns"] = tuple(_turn(turn) for turn in content["turns"])
            content["first_admissible"] = tuple(content["first_admissible"])
            return cls(**content)
        except TrajectoryError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise TrajectoryError(f"no trajectory: {type(error).__name__}: {error}") from error


_NAMES = {cls: tuple(f.name for f in fields(cls)) for cls in (Turn, Trajectory)}
_TUPLES = tuple(f.name for f in fields(Turn) if str(f.type).startswith("tuple") and f.name != "candidates")


def _shallow(item: Turn | Trajectory) -> dict[str, Any]:
    """The fields as they are: ``asdict`` copies every candidate, and takes five times as long."""
    return {name: getattr(item, name) for name in _NAMES[type(item)]}


def _turn(content: dict[str, Any]) -> Turn:
    content.update({name: tuple(content[name]) for name in _TUPLES})
    content["action"] = Action.parse(content["action"])
    content["candidates"] = tuple(Action.parse(pair) for pair in content["candidates"])
    return Turn(**content)


def digest(text: str) -> str:
    """What stands for a text that is withheld; "" for none."""
    return f"withheld:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}" if text else ""


def _withhold(turn: Turn) -> Turn:
    return replace(
        turn,
        action=turn.action._replace(argument=digest(turn.action.argument)),
        observation=digest(turn.observation),
        admissible=tuple(map(digest, turn.admissible)),
        candidates=tuple(action._replace(argument=digest(action.argument)) for action in turn.candidates),
        token_ids=(),
        action_mask=(),
        token_log_probs=(),
        error=digest(turn.error),
    )


def write_trajectories(path: Path | str, trajectories: Iterable[Trajectory]) -> None:
    """Write a JSONL file, a trajectory a line; the file appears whole or not at all."""
    with replacing(Path(path)) as file:
        for trajectory in trajectories:
            file.write((trajectory.to_json() + "\n").encode())


def read_trajectories(path: Path | str) -> list[Trajectory]:
    """Read a JSONL file of trajectories.

    Raises:
        TrajectoryError: a line is no trajectory; the message names file and line.
        FileNotFoundError: there is no such file.
    """
    trajectories = []
    with Path(path).open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                trajectories.append(Trajectory.from_json(line))
            except TrajectoryError as error:
                raise TrajectoryError(f"{path}: line {number}: {error}") from error
    return trajectories


__all__ = ["Context", "Trajectory", "TrajectoryError", "Turn", "read_trajectories", "write_trajectories"]
