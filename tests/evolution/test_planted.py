"""Planted skills in real episodes of mini questions, read by a policy whose choice to read is the optimum of TTB.

The policy is a frozen base to which the solution's next step is twenty times as likely as any other proposal. What an
opened skill leaves of the proposals is the suite's business (`skills.following`). Before its first step the policy may
read one skill; to the reference each of them, and none, is equally likely. It reads by the fixed point of TTB:
pi = pi_ref F / Z, with F the mean of (R + eps)^beta over real rollouts of the base that were made to read or not.
Three actions are allowed. The solution takes two, so that reading anything leaves no time for a mistake.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import log
from pathlib import Path

import numpy as np
import pytest

from skillflow_gym import Action, ActionKind, Context, Trajectory
from skillflow_gym.episode import Episode
from skillflow_gym.evolution import Evolver, Settings
from skillflow_gym.flow.credit import Credit
from skillflow_gym.flow.skill_flow import SkillFlow, offered_skills, skill_flows
from skillflow_gym.policy import Decision
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.store import SkillStore
from tests.contract.harness import make, taskset
from tests.evolution.making import NAME, Writer, gold

SOLVE = Skill(
    "name-one",
    "For questions.",
    "1. Do `search: {the task}`.\n2. Answer with `accept: {name in the task}`.\n"
    "Do not look anything else up, and do not think about it for longer than that.",
)
"""Useful where the question names its answer: the right search and few names are left."""
TWIN = Skill("say-a-name", "For questions.", f"{SOLVE.body} Then stop.")
"""Says the same."""
UNEVEN = Skill(
    "name-or-deny",
    "For questions.",
    "1. Do `search: {the task}`.\n2. Answer with `accept: {name in the task}` or `accept: {yes or no}`.",
)
"""Useful in the same way where the question names its answer; fatal elsewhere, since it leaves no other answer."""
THINK = Skill("think-first", "For questions.", "Think about the question, then search, then answer it.")
"""Harmful: proposes nothing, and costs a step where none is to spare."""
STRAY = Skill("stray-first", "For questions.", "1. Do `search: {name in the task}`.\n2. Do `search: {the task}`.")
"""Fatal: its two steps and the reading leave no time for an answer."""
CLOCKS = Skill("wind-clocks", "For clocks.", "Turn the key of each clock eight times, and listen.")
"""Not offered where the catalogue has no room: it fits a question least."""
SKILLS = {skill.name: skill for skill in (SOLVE, TWIN, UNEVEN, THINK, STRAY, CLOCKS)}


@cache
def tasks(named: bool = True, most: int = 12) -> tuple[str, ...]:
    """Ids of questions that name their answer, or do not, and whose answer the right search proposes."""
    found, env = [], make(NAME)
    for task in taskset(NAME, "train"):
        search, accept = gold(task.prompt)
        if (accept.argument in task.prompt) is not named or accept.argument in ("yes", "no"):
            continue
        episode = Episode(env, seed=0, task_id=task.id)
        if search in episode.context.proposals:
            episode.step(Decision(search, 0.0, 0.0))
            if accept in episode.context.proposals:
                found.append(task.id)
        if len(found) == most:
            break
    return tuple(found)


@dataclass
class Planted:
    """The policy of this module; ``worth`` is log F of a first reading, or of none (""), by task prompt."""

    worth: dict[tuple[str, str], float] = field(default_factory=dict)
    forced: str | None = None
    version: str = "planted"

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        return [self._decide(context, rng) for context, rng in zip(contexts, rngs, strict=True)]

    def _decide(self, context: Context, rng: np.random.Generator) -> Decision:
        if context.step:
            return self._base(context, rng)
        options = ["", *(a.argument for a in context.proposals if a.kind is ActionKind.SKILL)]
        if self.forced is not None:
            log_p = np.where([name == self.forced for name in options], 0.0, -np.inf)
        else:
            value = np.array([self.worth[context.task, name] for name in options])
            log_p = value - value.max() - np.log(np.exp(value - value.max()).sum())
        n = int(rng.choice(len(options), p=np.exp(log_p)))
        log_pf, log_ref = float(log_p[n]), -log(len(options))
        if options[n]:
            return Decision(Action.skill(options[n]), log_pf, log_ref)
        base = self._base(context, rng)
        return Decision(base.action, base.log_pf + log_pf, base.log_ref + log_ref)

    def _base(self, context: Context, rng: np.random.Generator) -> Decision:
        """The frozen base: it learns nothing, so that its log I is 0."""
        options = [action for action in context.proposals if action.kind is not ActionKind.SKILL]
        done = sum(turn.action in gold(context.task) for turn in context.turns)
        right = gold(context.task)[min(done, 1)]
        p = np.array([20.0 if action == right else 1.0 for action in options])
        p /= p.sum()
        n = int(rng.choice(len(options), p=p))
        return Decision(options[n], log(p[n]), log(p[n]))


def rolled(
    policy: Planted, library: SkillLibrary, seed: int, rollouts: int, ids: Sequence[str], catalogue: int = 8
) -> list[Trajectory]:
    collector = Collector(lambda: make(NAME, step_limit=3, catalogue=catalogue), library=library)
    jobs = [Job(f"{seed}/{id}/{k}", id, id, (seed, k)) for id in ids for k in range(rollouts)]
    made = collector.collect(policy, jobs).trajectories
    collector.close()
    return made


@cache
def outcomes(name: str, named: bool = True, rollouts: int = 24) -> dict[str, tuple[float, ...]]:
    """Rewards of real rollouts of the base that read the skill ``name`` first, or none (""), by task prompt."""
    library = SkillLibrary([SKILLS[name]] if name else [])
    rewards: dict[str, list[float]] = {}
    for trajectory in rolled(Planted(forced=name), library, 77, rollouts, tasks(named)):
        rewards.setdefault(trajectory.task, []).append(trajectory.reward)
    return {task: tuple(values) for task, values in rewards.items()}


def optimal(library: SkillLibrary, named: Sequence[bool], beta: float) -> Planted:
    """The policy that reads by the fixed point of TTB on both kinds of questions."""
    worth = {
        (task, name): log(float(np.mean((np.array(rewards) + 0.1) ** beta)))
        for kind in named
        for name in ("", *library)
        for task, rewards in outcomes(name, kind).items()
    }
    return Planted(worth)


def reference(trajectory: Trajectory) -> list[dict[str, float]]:
    """How likely the reference was to read each skill: before the first step as likely as none, and never after it."""
    offered = offered_skills(trajectory)
    return [{name: 1 / (1 + len(offered)) for name in offered if not t} for t in range(len(trajectory))]


@dataclass
class Evolved:
    """After each phase of two steps: the skills, what became of each, their flows; and what the author was asked."""

    libraries: list[tuple[str, ...]] = field(default_factory=list)
    verdicts: list[dict[str, str]] = field(default_factory=list)
    flows: list[dict[str, SkillFlow]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def evolve(
    folder: Path,
    names: Collection[str],
    phases: int = 3,
    beta: float = 8.0,
    named: Sequence[bool] = (True,),
    catalogue: int = 8,
    seed: int = 0,
) -> Evolved:
    settings = Settings(when="periodic", period=2, gate_tasks=0, zeta=0.0)  # the base earns 0 at each of its steps
    skills = SkillLibrary(SKILLS[name] for name in names)
    author = Writer()
    evolver = Evolver(author, settings, skills, store=SkillStore(folder), beta=beta)
    ids = [id for kind in named for id in tasks(kind)[: 12 // len(named)]]
    evolved = Evolved()
    for phase in range(phases):
        made = []
        for step in range(2):
            policy = optimal(evolver.library, named, beta)
            now = rolled(policy, evolver.library, 100 * seed + 2 * phase + step, 12, ids, catalogue)
            for trajectory in now:
                credit = Credit.of(trajectory)
                evolver.observe(trajectory)
                evolver.credit(trajectory.id, credit.log_pf, credit.log_ref, 0.0, reference(trajectory))
            evolver.end_step()
            made += now
        evolved.flows.append(skill_flows(made, skills=evolver.library.names, resamples=500))
        evolved.libraries.append(evolver.end_phase().names)
        *_, entry = SkillStore(folder).entries()
        evolved.verdicts.append({change["skill"]: change["kind"] for change in entry.event["changes"]})
    evolved.asked = [call for call in author.calls if call != "create"]
    return evolved


def test_the_skills_are_what_their_names_say() -> None:
    """Success of the base, by what it read first."""
    mean = {name: np.mean([*outcomes(name).values()]) for name in ("", "name-one", "think-first", "stray-first")}
    assert mean["name-one"] > 0.9 > 0.4 > mean[""] > 1.3 * mean["think-first"] > 0 == mean["stray-first"]
    uneven, elsewhere = (np.mean([*outcomes("name-or-deny", named).values()]) for named in (True, False))
    assert uneven > 2 * mean[""] and elsewhere < 0.6 * np.mean([*outcomes("", False).values()])


@pytest.mark.parametrize("seed", range(4))
def test_a_harmful_skill_is_pruned_within_three_phases_and_a_useful_one_is_retained(tmp_path: Path, seed: int) -> None:
    evolved = evolve(tmp_path, ["name-one", "think-first"], seed=seed)
    assert evolved.libraries == [("name-one", "think-first"), ("name-one",), ("name-one",)]
    assert [verdicts["name-one"] for verdicts in evolved.verdicts] == ["retain"] * 3
    assert evolved.verdicts[1]["think-first"] == "prune"
    first = evolved.flows[0]
    useful, harmful = first["name-one"], first["think-first"]
    assert useful.g_interval is not None and useful.g_interval.low > 0.3 and useful.gap < 0.1
    assert harmful.g_interval is not None and harmful.g_interval.high < -0.3


def test_a_near_duplicate_is_merged(tmp_path: Path) -> None:
    evolved = evolve(tmp_path, ["name-one", "say-a-name"], phases=1)
    flows = evolved.flows[0]
    better = max(flows, key=lambda name: flows[name].g or 0.0)
    assert evolved.libraries == [(better,)], "the one with the larger flow stays"
    assert sorted(evolved.verdicts[0].values()) == ["merge", "retain"]


def test_a_skill_that_is_never_offered_is_left_alone(tmp_path: Path) -> None:
    evolved = evolve(tmp_path, ["name-one", "wind-clocks"], catalogue=1)
    assert evolved.libraries == [("name-one", "wind-clocks")] * 3
    assert [verdicts["wind-clocks"] for verdicts in evolved.verdicts] == ["wait"] * 3
    assert all(flows["wind-clocks"].never_offered for flows in evolved.flows)


@pytest.mark.parametrize("seed", range(4))
def test_a_fatal_skill_is_pruned_within_three_phases(tmp_path: Path, seed: int) -> None:
    """Offered in 288 trajectories a phase; by chance 96 would read it. At beta 8 the optimum reads it never."""
    evolved = evolve(tmp_path, ["name-one", "stray-first"], seed=seed)
    assert evolved.libraries[-1] == ("name-one",)
    assert {verdicts["name-one"] for verdicts in evolved.verdicts} == {"retain"}
    assert [flows["stray-first"].visits for flows in evolved.flows[:2]] == [0, 0]


def test_a_fatal_skill_is_pruned_while_beta_is_low(tmp_path: Path) -> None:
    evolved = evolve(tmp_path, ["name-one", "stray-first"], beta=1.0)
    assert evolved.libraries[-1] == ("name-one",) and "prune" in {v.get("stray-first") for v in evolved.verdicts}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("beta", [1.0, 8.0])
def test_a_skill_that_helps_one_kind_of_question_and_hurts_another_is_refined(
    tmp_path: Path, beta: float, seed: int
) -> None:
    """It lifts success from 0.3 to 0.9 where the question names its answer, and to nothing elsewhere."""
    evolved = evolve(tmp_path, ["name-or-deny"], named=(True, False), beta=beta, phases=1, seed=seed)
    assert evolved.verdicts[0]["name-or-deny"] != "retain"
    assert evolved.asked == ["refine name-or-deny"], "the author is asked to write it anew"
    assert evolved.flows[0]["name-or-deny"].gap < 0.2, "the visits look even"


def balanced(a: float) -> tuple[float, float]:
    """G and gap of a skill worth +a nats in half of the tasks and -a in the other half, read by the optimum.

    It is read in proportion to exp(X), so exp(2a) times as often where it helps.
    """
    weight = np.exp([a, -a]) / np.exp([a, -a]).sum()
    g = float(weight @ [a, -a])
    return g, float(np.log(weight @ np.exp([a, -a]))) - g


@pytest.mark.parametrize("a", [0.25, 0.5, 1.0, 2.0, 4.0, 8.0])
def test_what_the_optimum_reads_looks_even(a: float) -> None:
    """Why the gap does not show it: G = a tanh a >= 0, and the gap log(cosh 2a / cosh a) - a tanh a is at most 0.14."""
    g, gap = balanced(a)
    assert g == pytest.approx(a * np.tanh(a)) and gap == pytest.approx(np.log(np.cosh(2 * a) / np.cosh(a)) - g)
    assert g > 0 and 0 < gap < 0.14
