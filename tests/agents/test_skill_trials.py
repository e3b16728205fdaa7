"""Rollouts that try new skills: how often, which ones, and that the policy is else what it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skillflow_gym import Action, Context, Skill, SkillLibrary
from skillflow_gym.agents import evolution
from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.agents.policies.skill_features import fitting_skills
from skillflow_gym.agents.policies.skill_trials import SkillTrials
from skillflow_gym.agents.reinforce import Reinforce
from skillflow_gym.agents.trainer import Trainer
from skillflow_gym.agents.ttb import TTB, Args
from skillflow_gym.cli.common import console
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.trajectory import Trajectory, read_trajectories
from tests.agents.runs import SMALL, vaults
from tests.contract.harness import make, taskset
from tests.contract.outsider import registered
from tests.evolution.making import Writer

TASK = "In which year was the painter Ada Lovelace born?"
BORN = Skill("year-of-birth", "For painters: born, year.", "1. Do `search: {name in the task}`.")
YEARS = Skill("any-year", "For tasks that say year.", "1. Do `search: {the task}`.")
CLOCKS = Skill("wind-clocks", "Wind up clocks.", "1. Do `search: {the task}`.")
EVERY = SkillLibrary([BORN, YEARS, CLOCKS])
WHAT = Skill("ask-first", "For questions of many kinds.", BORN.body)
"""It fits no task, and so it is tried in all where no other is new."""


def scorer(seed: int = 0) -> Scorer:
    """A policy that is not uniform."""
    made = Scorer(seed=seed, skills=True)
    rng = np.random.default_rng(seed)
    for parameter in made.parameters():
        parameter.data.add_(0.3 * parameter.data.new_tensor(rng.normal(size=tuple(parameter.shape))))
    return made


def start(library: SkillLibrary = EVERY, task: str = TASK) -> Context:
    read = tuple(Action.skill(name) for name in library.names)
    searches = tuple(Action.act(f"search: {text}") for text in ("Ada Lovelace", TASK, "painter", "year"))
    return Context(task, library.catalogue, "Tools: search.", (), (), (*read, *searches), 0, 8)


def new(policy: Scorer, share: float, *skills: Skill) -> SkillTrials:
    trials = SkillTrials(policy, share)
    trials.new = frozenset(skill.name for skill in skills)
    return trials


def collected(policy: Any, library: SkillLibrary, tasks: int = 12) -> list[Trajectory]:
    """Rollouts of mini questions."""
    collector = Collector(lambda: make("HotpotQA"), library=library)
    jobs = [Job(f"{n}", task.id, task.id, (n,)) for n, task in enumerate(taskset("HotpotQA", "train")[:tasks])]
    trajectories = collector.collect(policy, jobs).trajectories
    collector.close()
    return trajectories


def firsts(policy: SkillTrials, context: Context, count: int) -> Counter[Action]:
    """First actions of ``count`` episodes."""
    decisions = policy.act([context] * count, [np.random.default_rng([7, n]) for n in range(count)])
    return Counter(Action.parse(decision.action) for decision in decisions)


@pytest.mark.parametrize("new_ones", [(), (Skill("elsewhere", "For what is not offered.", "Wait."),)])
def test_without_a_new_skill_it_is_the_policy_draw_for_draw(new_ones: Sequence[Skill]) -> None:
    policy = scorer()
    assert collected(new(policy, 1.0, *new_ones), EVERY) == collected(policy, EVERY)
    assert new(policy, 1.0).version == policy.version
    policy.bump()
    assert new(policy, 1.0).version == policy.version == "scorer-1"


def test_with_a_share_of_nothing_nothing_is_tried() -> None:
    policy = scorer()
    expected = policy.act([start()] * 50, [np.random.default_rng(n) for n in range(50)])
    assert new(policy, 0.0, BORN).act([start()] * 50, [np.random.default_rng(n) for n in range(50)]) == expected


@pytest.mark.parametrize("share", [0.08, 0.5])
def test_the_share_is_as_asked_and_what_fits_is_tried_equally_often(share: float) -> None:
    """Beside what the policy reads of its own accord; within four standard deviations of 4,000 draws."""
    policy, count = scorer(), 4000
    seen = firsts(new(policy, share, BORN, YEARS, CLOCKS), start(), count)
    own = dict(zip(start().proposals, np.exp(policy.distributions([start()])[0]), strict=True))
    for action, probability in own.items():
        tried = share / 2 if action.argument in (BORN.name, YEARS.name) else 0.0
        expected = (1 - share) * probability + tried
        assert abs(seen[action] / count - expected) < 4 * np.sqrt(expected * (1 - expected) / count) + 1e-4, action


def test_a_skill_that_does_not_fit_is_tried_only_where_no_new_one_does() -> None:
    policy, clocks = scorer(), Action.skill(CLOCKS.name)
    assert firsts(new(policy, 1.0, BORN, CLOCKS), start(), 50) == {Action.skill(BORN.name): 50}
    assert firsts(new(policy, 1.0, CLOCKS), start(), 50) == {clocks: 50}
    assert firsts(new(policy, 1.0, BORN, CLOCKS), start(task="Who winds up the clocks?"), 50) == {clocks: 50}


def test_skills_are_tried_at_the_start_alone() -> None:
    policy = scorer()
    later = replace(start(), step=1)
    rngs = [[np.random.default_rng(n) for n in range(50)] for _ in range(2)]
    assert new(policy, 1.0, BORN).act([later] * 50, rngs[0]) == policy.act([later] * 50, rngs[1])


def test_the_log_probabilities_are_the_policys_own() -> None:
    """Of tried turns and all others: what the loss is made of can be computed again from the trajectory."""
    policy, library = scorer(), SkillLibrary([WHAT, CLOCKS])
    trajectories = collected(new(policy, 0.5, WHAT), library, tasks=40)
    read = [t.turns[0].action == Action.skill(WHAT.name) for t in trajectories]
    assert 10 < sum(read) < len(read), "tried in at least a half, but not in all"
    log_pf, mask = (tensor.detach() for tensor in policy.log_prob(trajectories))
    log_ref, _ = policy.log_prob(trajectories, "reference")
    for n, trajectory in enumerate(trajectories):
        assert int(mask[n].sum()) == len(trajectory)
        for t, turn in enumerate(trajectory.turns):
            assert turn.candidates[turn.chosen] == turn.action
            assert turn.log_pf == pytest.approx(float(log_pf[n, t]), abs=1e-5)
            assert turn.log_ref == pytest.approx(float(log_ref[n, t]), abs=1e-5)
            assert turn.log_ref == pytest.approx(-np.log(len(turn.candidates)))
    assert {t.policy_version for t in trajectories} == {policy.version}


def trainer_of(objective: Any, folder: Path, evolve: bool) -> Trainer:
    kept = {} if objective is TTB else {"replay_groups": 0}
    args = Args(**{**SMALL, **kept, "env": "Vaults", "run": str(folder), "evolve": {"on": evolve}})
    return Trainer(args, objective(args), console())


def test_only_objectives_that_hold_off_policy_get_trials(tmp_path: Path) -> None:
    with registered():
        assert isinstance(trainer_of(TTB, tmp_path / "a", evolve=True).actor, SkillTrials)
        plain = [trainer_of(TTB, tmp_path / "b", False), trainer_of(Reinforce, tmp_path / "c", True)]
        assert all(trainer.actor is trainer.policy for trainer in plain)


def test_a_skill_is_new_until_a_phase_has_judged_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every training rollout tries it until then."""
    monkeypatch.setattr(evolution, "_author", lambda args: Writer())
    vault = Skill("open-vault", "Open a vault.", "Turn a dial, and listen.")
    SkillLibrary([vault]).save(tmp_path / "skills")
    settings = {"on": True, "when": "periodic", "period": 2, "min_visits": 1, "gate_tasks": 0, "try_skills": 1.0}
    changes: dict[str, Any] = {"library": str(tmp_path / "skills"), "evolve": settings, "trajectories_every": 1}
    with registered():
        trainer = vaults(tmp_path / "run", steps=3, tasks_per_step=4, **changes)
    assert trainer.evolution.library[vault.name].metadata["visits"] and not trainer.evolution.new_skills
    tried = {}
    for step in range(1, 4):
        made = read_trajectories(tmp_path / "run" / "trajectories" / f"step-{step:06d}.jsonl")
        tried[step] = {t.turns[0].action == Action.skill(vault.name) for t in made}
    assert tried[1] == tried[2] == {True} and False in tried[3]
    assert all(fitting_skills(next(t.contexts()), frozenset({vault.name})) for t in made), "it is still on offer"
