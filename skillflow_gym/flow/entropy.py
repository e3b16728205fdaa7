"""How widely a policy spreads over the ways of doing one task, in nats: flow entropy and Monte-Carlo entropy.

Source: SkillFlow (arXiv 2605.14089) reports a flow entropy over a whole batch. Flows of different tasks share no unit,
so such a number is bounded by the log of the batch's size and says little of any task; here tasks are never mixed.
Log-probabilities are those stored when the trajectories were sampled, not divided by their length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from skillflow_gym.actions import Action
from skillflow_gym.flow.credit import Floats, one_task, stored_log_probs
from skillflow_gym.trajectory import Trajectory


def flow_entropy(group: Sequence[Trajectory]) -> float:
    """Entropy of the flows of one task's distinct sampled trajectories, normalised to sum to 1, in nats.

    The flow of a trajectory is Z(q) pi(tau), and Z(q) cancels: H = -sum p log p with p = pi(tau) / sum of pi over the
    distinct trajectories of the group. It lies between 0 and the log of their number, so never above the log of
    the group's size: compare groups of equal size only.

    **Duplicates** count once. A trajectory is known by its actions and observations, so n times the same one has
    entropy 0. Counted n times they would have log n, the maximum, and a policy that only ever does one thing would
    seem the most diverse. Where a language model found the same actions by different tokens, those flows are added.

    It describes the sample, not the policy: ways that were not sampled are missing, and a rare one that was adds
    little. `monte_carlo_entropy` estimates the policy's own.

    Args:
        group: rollouts of one task by one policy.

    Raises:
        ValueError: no trajectory, more than one task; or as `stored_log_probs`.
    """
    one_task(group)
    flows: dict[tuple[tuple[Action, str], ...], dict[tuple[tuple[int, ...], ...], float]] = {}
    for trajectory in group:
        steps = tuple((turn.action, turn.observation) for turn in trajectory.turns)
        tokens = tuple(turn.token_ids for turn in trajectory.turns)
        flows.setdefault(steps, {})[tokens] = _log_pi(trajectory)
    log_flow: Floats = np.array([np.logaddexp.reduce(list(ways.values())) for ways in flows.values()])
    log_p = log_flow - np.logaddexp.reduce(log_flow)
    return max(0.0, -float(np.sum(np.exp(log_p) * log_p)))  # rounding may leave -1e-17


def flow_entropy_per_group(trajectories: Iterable[Trajectory]) -> dict[tuple[str, str], float]:
    """`flow_entropy` by (task id, group), in nats: a task's rollouts in one step are one group.

    Trajectories without a group are one group per task.

    Raises:
        ValueError: as `stored_log_probs`.
    """
    groups: dict[tuple[str, str], list[Trajectory]] = {}
    for trajectory in trajectories:
        groups.setdefault((trajectory.task_id, trajectory.group), []).append(trajectory)
    return {key: flow_entropy(group) for key, group in groups.items()}


def flow_entropy_per_task(trajectories: Iterable[Trajectory]) -> dict[str, float]:
    """Mean of `flow_entropy` over the groups of each task, by task id, in nats.

    Groups of different steps are not pooled: the policy, and so the unit of the flows, changed between them.

    Raises:
        ValueError: as `stored_log_probs`.
    """
    found: dict[str, list[float]] = {}
    for (task_id, _), entropy in flow_entropy_per_group(trajectories).items():
        found.setdefault(task_id, []).append(entropy)
    return {task_id: float(np.mean(entropies)) for task_id, entropies in found.items()}


def monte_carlo_entropy(trajectories: Sequence[Trajectory]) -> float:
    """-mean of log pi(tau), in nats: an unbiased estimate of the entropy of the policy that sampled them.

    Of several tasks with equally many rollouts it is the mean of their entropies. It has no bound by the number of
    samples. Duplicates count as often as they were sampled: that is what makes it unbiased. Randomness of the
    environment is not in it, only that of the actions; and a longer episode has more actions to be random in.

    Raises:
        ValueError: no trajectory; or as `stored_log_probs`.
    """
    if not trajectories:
        raise ValueError("the entropy of no trajectories is not defined")
    return -float(np.mean([_log_pi(trajectory) for trajectory in trajectories]))


def _log_pi(trajectory: Trajectory) -> float:
    return float(stored_log_probs(trajectory, "log_pf").sum())
