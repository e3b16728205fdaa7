"""What a small policy sees of skills: the features of those that it may read."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skillflow_gym import Action, ActionKind, Context, Turn
from skillflow_gym.agents.policies import skill_features as sf
from skillflow_gym.agents.policies.load import load_run
from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.agents.ttb import Args
from skillflow_gym.policy import UniformPolicy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.following import follow
from tests.agents.runs import same_state
from tests.contract.harness import make, taskset

TASK = "In which year was the painter Ada Lovelace born?"
FOUND = "[1] Ada Lovelace\nAda Lovelace was born in 1815 near Turin. The museum opened to all in 1875."
BORN = Skill(
    "year-of-birth",
    "For painters: born, year.",
    "1. Do `search: {name in the task}`.\n"
    '2. Answer with `accept: {number in the passage asked for}` near "born" or "christened".\n'
    "Do not search: {the task} in place of step 1.",
)
CLOCKS = Skill("wind-clocks", "Wind up clocks.", "Wind the clock, and do `lookup: {the task}` then.")
SEARCH_NAME, SEARCH_TASK = Action.act("search: Ada Lovelace"), Action.act(f"search: {TASK}")
ACCEPT, OTHER = Action.accept("1815"), Action.accept("1875")
PROPOSALS = (Action.skill(BORN.name), Action.skill(CLOCKS.name), SEARCH_NAME, SEARCH_TASK, ACCEPT, OTHER)


def read(skill: Skill, shown: str = "Tools: search, lookup.", **fields: Any) -> Turn:
    """The turn that reads ``skill``, as the environment shows it."""
    return Turn(Action.skill(skill.name), f"{shown}\n\nSkill {skill.name}:\n{skill.body}", **fields)


def seen(*turns: Turn, skills: tuple[Skill, ...] = (BORN, CLOCKS)) -> Context:
    catalogue = SkillLibrary(skills).catalogue
    return Context(TASK, catalogue, "Tools: search, lookup.", turns, (), PROPOSALS, len(turns), 8)


def column(name: str, context: Context) -> list[float]:
    table = sf.skill_features(context)
    assert table.shape == (len(context.proposals), sf.SIZE) and table.dtype == np.float32
    assert ((table >= 0) & (table <= 1)).all()
    return [float(value) for value in table[:, sf.NAMES.index(name)]]


def test_without_a_catalogue_all_is_zero() -> None:
    for turns in ((), (read(BORN),), (read(BORN), Turn(SEARCH_NAME, FOUND))):
        assert not sf.skill_features(seen(*turns, skills=())).any()


def test_whether_a_skill_was_opened() -> None:
    failed = Turn(Action.skill("none"), "no skill is named 'none'", error="no skill is named 'none'")
    for turns, opened in (((), 0), ((failed,), 0), ((read(BORN),), 1), ((read(BORN), Turn(SEARCH_NAME, FOUND)), 1)):
        assert column("any_open", seen(*turns)) == [opened] * len(PROPOSALS)


def test_a_skill_fits_by_the_words_that_it_shares_with_the_task() -> None:
    """Painters, born and year: three of the four words that count in full; of the clocks none."""
    assert column("fits_task", seen()) == [0.75, 0, 0, 0, 0, 0]
    assert column("best_fit", seen()) == [1, 0, 0, 0, 0, 0]
    assert column("describes_nothing_of_it", seen()) == [0, 1, 0, 0, 0, 0]
    vague = replace(BORN, description="...")
    assert column("fits_task", seen(skills=(vague,)))[0] == 0.0
    assert column("best_fit", seen(skills=(vague, CLOCKS))) == [0] * 6, "none fits"
    assert column("fits_task", seen(skills=(CLOCKS,)))[0] == 0.0, "a skill that is not in the catalogue"
    many = replace(BORN, description=TASK)
    assert column("fits_task", seen(skills=(many,)))[0] == 1.0
    equal = replace(CLOCKS, description="In which year was it born? Ask the painter.")
    assert column("best_fit", seen(skills=(BORN, equal)))[:2] == [1, 1]


def test_what_is_no_skill_has_no_fit() -> None:
    for name in ("fits_task", "best_fit", "describes_nothing_of_it"):
        assert not any(column(name, seen(read(BORN), Turn(SEARCH_NAME, FOUND)))[2:])


def test_which_skills_fit_a_task() -> None:
    """Those of the names that share a content word with it, or all if none does: where they stand in the proposals."""
    names = frozenset({BORN.name, CLOCKS.name})
    assert sf.fitting_skills(seen(), names) == [0]
    equal = replace(CLOCKS, description="In which year was it born? Ask the painters.")
    assert sf.fitting_skills(seen(skills=(BORN, equal)), names) == [0, 1]
    assert sf.fitting_skills(seen(skills=(BORN, equal)), frozenset({CLOCKS.name})) == [1]
    assert sf.fitting_skills(seen(skills=(BORN, equal)), frozenset({"another"})) == []
    assert sf.fitting_skills(seen(), frozenset({CLOCKS.name})) == [1], "none of them fits"
    assert sf.fitting_skills(seen(skills=()), names) == []
    unread = replace(seen(skills=(BORN, equal)), proposals=PROPOSALS[1:])
    assert sf.fitting_skills(unread, names) == [0], "one that was read is not proposed"
    vague = replace(BORN, description="In which of the")
    assert sf.fitting_skills(seen(skills=(vague, equal)), names) == [1], "stop words tell nothing"
    assert sf.fitting_skills(seen(skills=(vague, CLOCKS)), names) == [0, 1]


def test_real_contexts_give_what_the_environment_shows() -> None:
    """A body as skill(id) shows it is read again from the observation, and proposals are narrowed to its steps."""
    library = SkillLibrary([BORN, CLOCKS])
    collector = Collector(lambda: make("HotpotQA"), library=library)
    jobs = [Job(f"{n}", task.id, task.id, (n,)) for n, task in enumerate(taskset("HotpotQA", "train")[:60])]
    opened = led = 0
    for trajectory in collector.collect(UniformPolicy(), jobs).trajectories:
        names: list[str] = []
        for context, turn in zip(trajectory.contexts(), trajectory.turns, strict=True):
            assert column("any_open", context) == [float(bool(names))] * len(context.proposals)
            assert follow(context, context.proposals) == context.proposals, "they are what is left"
            opened += bool(names)
            led += bool(names) and len({action.argument.partition(":")[0] for action in context.proposals}) == 1
            if turn.action.kind is ActionKind.SKILL:
                names.append(turn.action.argument)
    assert opened > 10 and led > 3


@pytest.mark.parametrize("skills", [True, False])
def test_a_scorer_with_skills_is_loaded_as_one(tmp_path: Path, skills: bool) -> None:
    args = Args(env="HotpotQA", source="mini")
    run = RunFolder.create(tmp_path / "run", {"agent": "ttb", "args": asdict(args), "data": {}, "versions": {}})
    scorer = Scorer(seed=3, skills=skills)
    scorer.network.leave.weight.data.fill_(0.1)
    scorer.network.relate.weight.data.normal_()
    scorer.bump()
    run.save_checkpoint(1, {"policy": scorer.state_dict()})
    loaded = load_run(str(run.path))
    assert loaded.skills is skills and loaded.version == "scorer-1"
    assert same_state(loaded.state_dict(), scorer.state_dict())
    collector = Collector(lambda: make("HotpotQA"), library=SkillLibrary([BORN, CLOCKS]))
    jobs = [Job(f"{n}", task.id, task.id, (n,)) for n, task in enumerate(taskset("HotpotQA", "train")[:4])]
    one, other = (collector.collect(policy, jobs).trajectories for policy in (scorer, loaded))
    assert one == other
    assert scorer.log_prob(one)[0].tolist() == loaded.log_prob(one)[0].tolist()


def test_a_scorer_starts_uniform_with_skills_too() -> None:
    collector = Collector(lambda: make("HotpotQA"), library=SkillLibrary([BORN, CLOCKS]))
    jobs = [Job(f"{n}", task.id, task.id, (n,)) for n, task in enumerate(taskset("HotpotQA", "train")[:4])]
    for trajectory in collector.collect(Scorer(skills=True), jobs).trajectories:
        for turn in trajectory.turns:
            assert turn.log_pf == pytest.approx(-np.log(len(turn.candidates)), abs=1e-6)
