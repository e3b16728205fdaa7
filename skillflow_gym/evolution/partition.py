"""What: which skills stay, are written anew, or go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from skillflow_gym.flow.reads import Side, SkillReads
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
    reads: Mapping[str, SkillReads] | None = None,
    fresh: Collection[str] | None = None,
    *,
    patience: int = 2,
    gap: float = 1.0,
) -> dict[str, Judged]:
    """Judge each of ``names`` by its flow, and by how often it was read beside how often the reference would.

    - wait: too few visits for an interval. A skill that was hardly offered is not punished.
    - unstable: it helps in some tasks and hurts in others (`SkillReads.unstable`). A policy that has learned to read it
      only where it helps makes its visits look even, and its gap small.
    - avoided: offered, but read so seldom that the policy must have learned to (`SkillReads.avoided`), and not
      unstable. The worse a skill is, the fewer visits it has, and an interval of G would wait for them for ever. It
      counts as below average.
    - below average: Lambda~(s) < 0. Where fewer than two skills have a share there is no average to be below; then a
      skill is below if G(s) < 0, that is, below its own tasks' starts.
    - prune: below average ``patience`` phases in a row (K), and by now avoided, or the whole interval of G(s) lies
      below 0. Some share is always negative, so that a share alone proves nothing.
    - retain: G(s) >= 0, the Jensen gap is at most ``gap``, and it is not unstable.
    - refine: the others; a skill that is worth much at times and little at others, or not enough.

    Args:
        flows: of all skills, as `skill_flows` gives them.
        names: the skills to judge.
        below: for how many phases in a row each was below average before.
        reads: of the skills, as `skill_reads` gives them; without them none is avoided or unstable.
        fresh: the skills of which something new was seen since the last phase; None for all. A phase in which nothing
            new was seen does not count as one more below average.
        patience: K.
        gap: in nats.
    """
    shares = sum(flow.share is not None for flow in flows.values())
    result = {}
    for name in names:
        flow, before = flows.get(name), below.get(name, 0)
        again = before + (fresh is None or name in fresh)
        known = (reads or {}).get(name, SkillReads(0.0, 0.0))
        avoided = known.avoided and not known.unstable
        if flow is None or flow.share is None or flow.g_interval is None or flow.g is None:
            count = again if avoided else before
            result[name] = Judged("prune" if avoided and count >= patience else "wait", count)
            continue
        is_below = avoided or (flow.share.mean < 0 if shares > 1 else flow.g < 0)
        count = again if is_below else 0
        if count >= patience and (avoided or flow.g_interval.high < 0):
            result[name] = Judged("prune", count)
        elif flow.g >= 0 and flow.gap <= gap and not known.unstable:
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


def reads_evidence(reads: SkillReads) -> dict[str, Any]:
    """How often a skill was read beside how often the reference would, and where it helps and hurts, for a log."""
    return {"expected_visits": reads.expected, "helps": _plain(reads.helps), "hurts": _plain(reads.hurts)}


def _plain(side: Side | None) -> dict[str, Any] | None:
    return None if side is None else {**side._asdict(), "excess": list(side.excess), "value": side.value}
