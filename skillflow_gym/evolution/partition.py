"""What: which skills stay, are written anew, or go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from skillflow_gym.flow.skill_flow import SkillFlow

Verdict = Literal["retain", "refine", "prune", "wait"]


class Judged(NamedTuple):
    """A verdict, and for how many phases in a row the skill has been below average."""

    verdict: Verdict
    below: int


def partition(
    flows: Mapping[str, SkillFlow],
    names: Iterable[str],
    below: Mapping[str, int],
    *,
    patience: int = 2,
    gap: float = 1.0,
) -> dict[str, Judged]:
    """Judge each of ``names`` by its flow.

    - wait: too few visits for an interval. A skill that was never offered, or hardly read, is not punished.
    - below average: Lambda~(s) < 0. Where fewer than two skills have a share there is no average to be below; then a
      skill is below if G(s) < 0, that is, below its own tasks' starts.
    - prune: below average ``patience`` phases in a row (K), and by now the whole interval of G(s) lies below 0. Some
      share is always negative, so that a share alone proves nothing.
    - retain: G(s) >= 0 and the Jensen gap is at most ``gap``.
    - refine: the others; a skill that is worth much at times and little at others, or not enough.

    Args:
        flows: of all skills, as `skill_flows` gives them.
        names: the skills to judge.
        below: for how many phases in a row each was below average before.
        patience: K.
        gap: in nats.
    """
    shares = sum(flow.share is not None for flow in flows.values())
    result = {}
    for name in names:
        flow = flows.get(name)
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
