"""What: which skills stay, are written anew, or go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from math import sqrt
from typing import Any, Literal, NamedTuple

import numpy as np

from skillflow_gym.actions import ActionKind
from skillflow_gym.flow.skill_flow import SkillFlow
from skillflow_gym.trajectory import Trajectory

Verdict = Literal["retain", "refine", "prune", "wait"]


class Judged(NamedTuple):
    """A verdict, and for how many phases in a row the skill has been below average."""

    verdict: Verdict
    below: int


def partition(
    flows: Mapping[str, SkillFlow],
    names: Iterable[str],
    below: Mapping[str, int],
    avoided: Collection[str] = (),
    *,
    patience: int = 2,
    gap: float = 1.0,
) -> dict[str, Judged]:
    """Judge each of ``names`` by its flow.

    - wait: too few visits for an interval. A skill that was hardly offered is not punished.
    - avoided: offered, but read so seldom that the policy must have learned to (`is_avoided`). The worse a skill is,
      the fewer visits it has, and an interval of G would wait for them for ever. It counts as below average.
    - below average: Lambda~(s) < 0. Where fewer than two skills have a share there is no average to be below; then a
      skill is below if G(s) < 0, that is, below its own tasks' starts.
    - prune: below average ``patience`` phases in a row (K), and by now avoided, or the whole interval of G(s) lies
      below 0. Some share is always negative, so that a share alone proves nothing.
    - retain: G(s) >= 0 and the Jensen gap is at most ``gap``.
    - refine: the others; a skill that is worth much at times and little at others, or not enough.

    Args:
        flows: of all skills, as `skill_flows` gives them.
        names: the skills to judge.
        below: for how many phases in a row each was below average before.
        avoided: the skills that are avoided.
        patience: K.
        gap: in nats.
    """
    shares = sum(flow.share is not None for flow in flows.values())
    result = {}
    for name in names:
        flow = flows.get(name)
        if name in avoided:
            count = below.get(name, 0) + 1
            result[name] = Judged("prune" if count >= patience else "wait", count)
            continue
        if flow is None or flow.share is None or flow.g_interval is None or flow.g is None:
            result[name] = Judged("wait", below.get(name, 0))
            continue
        is_below = flow.share.mean < 0 if shares > 1 else flow.g < 0
        count = below.get(name, 0) + 1 if is_below else 0
        if count >= patience and flow.g_interval.high < 0:
            result[name] = Judged("prune", count)
        elif flow.g >= 0 and flow.gap <= gap:
            result[name] = Judged("retain", count)
        else:
            result[name] = Judged("refine", count)
    return result


def expected_reads(trajectories: Iterable[Trajectory]) -> dict[str, float]:
    """How often the reference, uniform over the proposals, would have read each skill where it was proposed.

    The mean over those turns of pi(read) / pi_ref(read) is the mean of exp(log I): 1 for a skill that is worth nothing.
    Of policies without proposals nothing is known.
    """
    expected: defaultdict[str, float] = defaultdict(float)
    for trajectory in trajectories:
        for turn in trajectory.turns:
            for action in turn.candidates:
                if action.kind is ActionKind.SKILL:
                    expected[action.argument] += 1 / len(turn.candidates)
    return dict(expected)


def is_avoided(reads: int, expected: float) -> bool:
    """Whether ``expected`` reads lie above what ``reads`` leave to chance: the 97.5% bound of a Poisson mean.

    >>> is_avoided(3, 34.0), is_avoided(3, 5.0), is_avoided(0, 0.0)
    (True, False, False)
    """
    return reads + 1.96 * sqrt(reads + 1) + 2.5 < expected


def random_partition(names: Iterable[str], rng: np.random.Generator) -> dict[str, Judged]:
    """Verdicts drawn at random, whatever the skills are worth: the ablation of *what*."""
    options: tuple[Verdict, ...] = ("retain", "refine", "prune", "wait")
    return {name: Judged(options[int(rng.integers(len(options)))], 0) for name in names}


def flow_evidence(flow: SkillFlow | None) -> dict[str, Any]:
    """The numbers behind a verdict, for a log."""
    if flow is None:
        return {}
    interval = None if flow.g_interval is None else list(flow.g_interval)
    share = None if flow.share is None else list(flow.share)
    counts = {"visits": flow.visits, "tasks": flow.tasks, "offered": flow.offered}
    return {**counts, "g": flow.g, "g_interval": interval, "lambda1": flow.lambda1, "gap": flow.gap, "share": share}
