"""Reads against what the reference would have read: worked out by hand, at zero residual, and when chance rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import exp, log

import numpy as np
import pytest

from skillflow_gym import Action, Trajectory
from skillflow_gym.flow.credit import Credit
from skillflow_gym.flow.reads import MATERIAL, RefReads, Side, SkillReads, ref_reads, skill_reads
from skillflow_gym.stats import Interval
from tests.flow.making import rollout, tree

ACTS = tuple(Action.act(f"act {n}") for n in range(3))
A, B = Action.skill("a"), Action.skill("b")


def choosing(*chosen: Action, log_i: float = 0.0, task_id: str = "q", skills: Sequence[Action] = (A, B)) -> Trajectory:
    """A trajectory that chooses among three acts and the skills it has not read; log I is ``log_i`` at each turn."""
    steps = [(action, log_i - 5.0, -5.0) for action in chosen]
    made = rollout(*steps, task_id=task_id, skills=" ".join(skill.argument for skill in skills))
    left = [tuple(s for s in skills if s not in chosen[:t]) for t in range(len(chosen))]
    return replace(made, turns=tuple(replace(u, candidates=(*ACTS, *c)) for u, c in zip(made.turns, left, strict=True)))


def reads_of(trajectories: Sequence[Trajectory], told: Sequence[RefReads | None] | None = None) -> SkillReads:
    credits = [Credit.of(trajectory) for trajectory in trajectories]
    return skill_reads(trajectories, credits, ["a"], told, min_tasks=1, resamples=100)["a"]


def test_reads_by_hand() -> None:
    """Of three acts and two skills each is proposed with 1/5; between one skill and the acts it is 1/4."""
    rollouts = [choosing(ACTS[0], A, ACTS[1], log_i=1.0), choosing(B, ACTS[0], log_i=1.0)]
    reads = reads_of(rollouts)
    assert reads.reads == 1
    assert reads.expected == pytest.approx(1 / 5 + 1 / 5 + 0 + 1 / 5 + 1 / 4), "read once, it is proposed no longer"
    helps, hurts = reads.helps, reads.hurts
    assert helps is not None and hurts is not None
    assert (helps.reads, helps.tasks) == (0, 1), "of the second rollout the first says: it was read, log I > 0"
    assert (hurts.reads, hurts.tasks) == (1, 1), "of the first the second says: it was not read"
    assert helps.expected == pytest.approx(1 / 4) and hurts.expected == pytest.approx(2 / 4)
    assert helps.excess.mean == pytest.approx(-1 / 4) and hurts.excess.mean == pytest.approx(1 / 2)
    assert hurts.value == pytest.approx(log(1.5 / 1.0))


def test_what_the_reference_would_have_read_is_told_or_nothing_is_known() -> None:
    plain = rollout((A, -1.0, -2.0), (ACTS[0], -1.0, -1.0), skills="a")
    assert reads_of([plain]) == SkillReads(0.0, 0.0), "no proposals"
    reads = reads_of([plain] * 3, [[{"a": 0.1, "b": 0.5}, {}], None, [{"a": 0.2}, {"b": 1.0}]])
    assert reads.reads == 2 and reads.expected == pytest.approx(0.3)
    assert ref_reads(plain) == [{}, {}]
    assert ref_reads(choosing(ACTS[0], B)) == [{"a": 0.2, "b": 0.2}] * 2


def test_a_reference_that_can_only_read() -> None:
    reads = reads_of([rollout((A, -1.0, -1.0), skills="a")] * 2, [[{"a": 0.5, "b": 0.5}]] * 2)
    assert reads.helps is None and reads.hurts is None and reads.expected == 1.0, "log I is 0: neither side"


def test_at_zero_residual_the_odds_of_reading_show_what_it_is_worth_rather_than_acting() -> None:
    """The first action of the tree: 0 reads a skill, 1 another, 2 and 3 act."""
    made = tree(seed=3, branching=4)
    first = made.log_ref[0] + made.log_middle - made.log_z
    sample = np.random.default_rng(0).choice(4, size=20_000, p=np.exp(first))
    kinds = [Action.skill("a"), Action.skill("b"), Action.act("x"), Action.act("y")]
    rollouts = [rollout((kind, first[i], made.log_ref[0][i]), id=f"{i}", skills="a b") for i, kind in enumerate(kinds)]
    told = [{"a": exp(made.log_ref[0][0]), "b": exp(made.log_ref[0][1])}]
    some = [rollouts[i] for i in sample]
    reads = skill_reads(some, [Credit.of(t) for t in some], ["a", "b"], [told] * len(some), min_tasks=1, resamples=1)
    acts = np.exp(made.log_ref[0][2:])
    worth_of_acts = log(acts @ np.exp(made.log_middle[2:]) / acts.sum())
    for i, name in enumerate("ab"):
        side = reads[name].helps or reads[name].hurts
        assert side is not None
        turns = sum(kinds[n].kind != A.kind or n == i for n in sample)
        odds = log(side.reads / (turns - side.reads)) - log(side.expected / (turns - side.expected))
        assert odds == pytest.approx(made.log_middle[i] - worth_of_acts, abs=0.06)
        assert log(reads[name].reads / reads[name].expected) == pytest.approx(made.log_middle[i] - made.log_z, abs=0.06)


@cache
def once(read: bool, log_i: float, task: int) -> tuple[Trajectory, Credit]:
    made = choosing(A if read else ACTS[0], log_i=log_i if read else 0.0, task_id=f"q{task}", skills=[A])
    return made, Credit.of(made)


def drawn(rng: np.random.Generator, worth: Sequence[float], belief: Sequence[float]) -> SkillReads:
    """Reads by an optimal policy of a skill worth that much more than acting in each task, in eight rollouts of each.

    ``belief`` is log I of a read: what the policy takes it to be worth, perhaps wrongly.
    """
    some = []
    for task, (value, log_i) in enumerate(zip(worth, belief, strict=True)):
        odds = exp(value) / 3  # three acts
        some += [once(bool(read), log_i, task) for read in rng.random(8) < odds / (1 + odds)]
    return skill_reads([t for t, _ in some], [credit for _, credit in some], ["a"], resamples=200)["a"]


@pytest.mark.parametrize("worth", [0.0, 1.5, -1.5])
def test_an_even_skill_is_not_taken_for_an_unstable_one(worth: float) -> None:
    """Forty tasks, all of the same worth; a policy that is misled about each of them."""
    rng = np.random.default_rng(0)
    found = [drawn(rng, [worth] * 40, rng.choice([worth - 2.0, worth + 2.0], 40).tolist()) for _ in range(25)]
    assert np.mean([reads.unstable for reads in found]) <= 0.05
    assert worth == 0 or np.mean([reads.avoided for reads in found]) == (worth < 0)


def test_neither_side_is_biased_by_who_is_on_it() -> None:
    rng = np.random.default_rng(1)
    found = [drawn(rng, [0.0] * 40, rng.choice([-1.0, 1.0], 40).tolist()) for _ in range(40)]
    for side in ("helps", "hurts"):
        means = [getattr(reads, side).excess.mean for reads in found]
        assert abs(np.mean(means)) < 3 * np.std(means) / np.sqrt(len(means))


def test_a_skill_that_helps_some_tasks_and_hurts_others_is_unstable() -> None:
    rng = np.random.default_rng(2)
    worth = [1.5, -1.5] * 20
    assert np.mean([drawn(rng, worth, worth).unstable for _ in range(20)]) >= 0.9


def test_what_is_hardly_worth_a_thought_is_neither_help_nor_harm() -> None:
    clear = Side(100.0, 20.0, 9, Interval(5.0, 4.0, 6.0)), Side(20.0, 100.0, 9, Interval(-5.0, -6.0, -4.0))
    assert SkillReads(1.0, 1.0, *clear).unstable
    for helps, hurts in ((None, clear[1]), (clear[0], None)):
        assert not SkillReads(1.0, 1.0, helps, hurts).unstable
    unsure = clear[1]._replace(excess=Interval(-5.0, -6.0, 0.1))
    slight = clear[1]._replace(reads=100 * exp(-MATERIAL) + 1)
    for hurts in (unsure, slight):
        assert not SkillReads(1.0, 1.0, clear[0], hurts).unstable


def test_too_few_tasks_make_no_side() -> None:
    few = [choosing(A, log_i=1.0, task_id=f"q{q}") for q in range(4) for _ in range(9)]
    credits = [Credit.of(trajectory) for trajectory in few]
    assert skill_reads(few, credits, ["a"])["a"].helps is None
    assert skill_reads(few, credits, ["a"], min_tasks=4)["a"].helps is not None
    assert skill_reads([], [], ["a"]) == {"a": SkillReads(0.0, 0.0)}
