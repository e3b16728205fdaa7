"""ScienceWorld's contract: tasks, splits and options, rewards, the simulator's dialogue, and what a step asks of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym import Action
from skillflow_gym.envs import scienceworld
from skillflow_gym.envs.engines.java import Java
from skillflow_gym.envs.engines.scienceworld_engine import ScienceWorldEngine, task_names
from skillflow_gym.envs.scienceworld import ScienceWorldEnv
from skillflow_gym.envs.scienceworld_tasks import SIMPLIFICATIONS
from tests.contract.recycling import recycled_engines
from tests.envs.scienceworld_making import DATA, needs_data, needs_simulator, opened, parts, play, recorded

pytestmark = needs_simulator

ROOT = Path(__file__).resolve().parents[2]
SPLITS = {"train": 3592, "validation": 1796, "test": 1819}
LOOK = Action.act("look around")
SHORT = ("find-non-living-thing", "lifespan-longest-lived", "identify-life-stages-2")
"""Tasks with short solutions."""


@pytest.fixture(scope="module", autouse=True)
def few_processes() -> Iterator[None]:
    with recycled_engines():
        yield


# Tasks and splits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("split", "count"), SPLITS.items())
def test_all_variations_in_turn(split: str, count: int) -> None:
    with opened(split=split) as env:
        tasks = env.taskset
    assert len(tasks) == count
    assert [task.record["kind"] for task in tasks[:30]] == list(task_names().values())
    assert all(task.prompt.startswith("Your task is to ") and task.prompt.endswith(".") for task in tasks)
    assert all(task.id == f"{task.record['kind']}/{task.record['variation']}" for task in tasks)


@needs_data
def test_the_splits_are_the_recorded_ones() -> None:
    for split, native in {"train": "train", "validation": "dev", "test": "test"}.items():
        with opened(split=split) as env:
            found: dict[str, list[int]] = {}
            for task in env.taskset:
                found.setdefault(task.record["kind"], []).append(task.record["variation"])
        for row in json.loads((DATA / "variations_splits.json").read_text()):
            first, last, count = row[native]
            assert found[row["task"]] == list(range(first, last + 1)) and len(found[row["task"]]) == count


def test_descriptions_are_what_the_simulator_says_when_it_has_loaded_the_variation() -> None:
    engine = ScienceWorldEngine()
    with opened() as env:
        for task in env.taskset[30:120:3]:
            engine.load(*task.record.values())
            assert engine.description() == task.prompt, task.id
    engine.close()


def test_names_ids_and_several_tasks() -> None:
    with opened(task="find-living-thing") as env:
        assert len(env.taskset) == 150 and {t.record["kind"] for t in env.taskset} == {"find-living-thing"}
    with opened(task="4-1,1-1", split="dev") as env:
        assert len(env.taskset) == 75 + 7 and env.split == "validation"
        assert [t.id for t in env.taskset[:3]] == ["find-living-thing/150", "boil/14", "find-living-thing/151"]
    with pytest.raises(ValueError, match="ScienceWorld has no task 'fry'; its tasks are boil, melt"):
        ScienceWorldEnv("ScienceWorld", task="boil,fry")


def test_simplifications() -> None:
    engine = ScienceWorldEngine()
    assert ("easy", *engine.simplifications()) == SIMPLIFICATIONS
    engine.close()
    for wrong, message in {
        "hard": "no simplification 'hard'",
        "easy,openDoors": "easy stands alone",
        "noElectricalAction": "task power-component cannot be done",
    }.items():
        with pytest.raises(ValueError, match=message):
            ScienceWorldEnv("ScienceWorld", simplification=wrong)
    with opened(task="boil", simplification="openDoors,noElectricalAction") as env:
        assert env.taskset[0].id == "boil/0/openDoors,noElectricalAction"


def test_options_name_a_task() -> None:
    with opened(simplification="easy") as env:
        for options, expected in [
            ({"task": "boil", "variation": 3}, "boil/3/easy"),
            ({"task": "1-1", "variation": 3, "simplification": ""}, "boil/3"),
            ({"task_id": "boil/3/easy"}, "boil/3/easy"),
            ({"task_id": "boil/3"}, "boil/3"),
            ({"task_id": "boil/3/openDoors"}, "boil/3/openDoors"),
            ({"index": 30}, "boil/1/easy"),
        ]:
            observation, info = env.reset(options=options)
            assert info["task_id"] == expected == env.task.id
            assert observation["task"].startswith("Your task is to boil ")
        drawn = {env.reset(seed=seed, options={"task": "melt"})[1]["task_id"] for seed in range(6)}
        assert len(drawn) > 1 and all(name.startswith("melt/") and name.endswith("/easy") for name in drawn)
        assert env.reset(seed=3)[1]["task_id"] == env.reset(seed=3)[1]["task_id"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "boil", "variation": 20}, r"does not have .*'variation': 20.*: its variations there are 0 to 13"),
        ({"task": "fry"}, "ScienceWorld has no task 'fry'"),
        ({"task": "melt"}, "does not have .*melt.*: no variation is there"),
        ({"task": "boil", "variation": "3"}, "its variations there are 0 to 13"),
        ({"simplification": "hard"}, "no simplification 'hard'"),
        ({"task": "boil", "index": 3}, "task_id and index name a task by themselves"),
        ({"speed": 3}, "unknown reset options"),
    ],
)
def test_options_that_name_none(options: dict[str, Any], message: str) -> None:
    with opened(task="boil") as env, pytest.raises(ValueError, match=message):
        env.reset(options=options)


def test_files_are_refused() -> None:
    with pytest.raises(ValueError, match="tasks come with that package, and from nowhere else"):
        ScienceWorldEnv("ScienceWorld", source=f"file:{__file__}")


# Rewards --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHORT)
def test_gold_earns_everything(name: str) -> None:
    with opened(task=name, simplification="easy") as env:
        said = play(env, env.gold_actions(env.taskset[0]), index=0)
    _, reward, terminated, truncated, info = said[-1]
    assert (reward, terminated, truncated, info["success"]) == (1.0, True, False, True)
    assert info["score"]["raw"] == 100.0
    assert all(entry[1] == 0.0 for entry in said[1:-1])
    assert sum(entry[-1]["score"]["raw_delta"] for entry in said) == 100.0


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("simplification", ["", "easy"])
@pytest.mark.parametrize("split", SPLITS)
def test_gold_of_the_first_variation_of_all_tasks(split: str, simplification: str) -> None:
    with opened(split=split, simplification=simplification, step_limit=1000) as env:
        ends = {task.id: play(env, env.gold_actions(task), task_id=task.id)[-1] for task in env.taskset[:30]}
    assert len(ends) == 30
    assert {name: end[1:4] for name, end in ends.items() if end[1:4] != (1.0, True, False)} == {}
    assert all(end[4]["success"] for end in ends.values())


def test_where_an_episode_is_played_no_solution_is_known() -> None:
    with opened(task="find-non-living-thing") as env:
        env.reset(options={"index": 0})
        assert env.gold_actions(env.task)
        assert env._engine is not None and env._engine.gold_actions() == ()


def test_a_mistake_that_ends_the_episode_pays_nothing() -> None:
    with opened(task="find-living-thing") as env:
        env.reset(options={"index": 0})
        _, reward, terminated, truncated, info = env.step(Action.act("focus on agent"))
        assert (reward, terminated, truncated, info["success"]) == (0.0, True, False, False)
        assert info["score"] == {"score": 0.0, "raw": -100.0, "raw_delta": -100.0}


@pytest.mark.parametrize("end", ["accept", "limit"])
def test_the_score_so_far_is_paid(end: str) -> None:
    with opened(task="find-non-living-thing", simplification="easy") as env:
        gold = env.gold_actions(env.taskset[0])
        raw = [entry[-1]["score"]["raw"] for entry in play(env, gold, index=0)]
    half, total = next((number, score) for number, score in enumerate(raw) if score > raw[0])
    assert 0 < total < 100
    actions = (*gold[:half], Action.accept("ignored")) if end == "accept" else (Action.skill("none"), *gold[:half])
    with opened(task="find-non-living-thing", simplification="easy", step_limit=half + 1) as env:
        _, reward, terminated, truncated, info = play(env, actions, index=0)[-1]
    assert (reward, terminated, truncated) == (total / 100, end == "accept", end == "limit")
    assert info["score"]["raw"] == total and not info["success"]


def test_a_step_that_asks_nothing_changes_nothing() -> None:
    with opened(task="find-non-living-thing", simplification="easy") as env:
        gold = env.gold_actions(env.taskset[0])
        env.reset(options={"index": 0})
        score = next(score for action in gold if (score := env.step(action)[4]["score"])["raw_delta"])
        for nothing in (Action.skill("none"), "no action"):
            assert env.step(nothing)[4]["score"] == {**score, "raw_delta": 0.0}


# What the simulator says ----------------------------------------------------------------------------------------------


SLOW = [9, *range(11, 20)]
"""Episodes that take long. Number 10 waits for bees, which the simulator moves without a seed: the package itself shows
other bees and flowers in every run, so that no run repeats the recorded one to its end."""


@needs_data
@pytest.mark.parametrize("number", [0, 5, 8, *(pytest.param(i, marks=pytest.mark.slow) for i in SLOW)])
def test_recorded_episodes(number: int) -> None:
    episode = recorded()[number]
    with opened(split="test", step_limit=1000) as env:
        options = {name: episode[name] for name in ("task", "variation", "simplification")}
        observation, info = env.reset(options=options)
        assert observation["task"] == episode["task_description"]
        assert parts(observation["observation"]) == parts(episode["reset_observation"])
        start = info["score"]["raw"]
        for step, (action, text, change, score, done, _) in enumerate(episode["steps"]):
            observation, _, terminated, _, info = env.step(Action.act(action))
            assert parts(observation["observation"]) == parts(text), (step, action)
            assert info["score"] == {"score": score, "raw": score, "raw_delta": change} and terminated is done, (
                step,
                action,
            )
            start += change
            assert start == score
    assert terminated and info["success"]


def test_what_is_no_command_is_answered_by_the_simulator() -> None:
    with opened(task="boil") as env:
        env.reset(options={"index": 0})
        for text in ("dance", "", "\n", "öffne die Tür \ud800 \u2028", "x" * 5000):
            observation, _, terminated, _, info = env.step(Action.act(text))
            assert observation["observation"] == "No known action matches that input." and not terminated
            assert info["error"] == "" and info["score"]["raw_delta"] == 0.0


def test_ambiguous_commands_are_asked_back() -> None:
    with opened(task="boil", admissible_actions=True) as env:
        env.reset(options={"index": 0})
        twice = next(a for a in ("go kitchen", "open door", "look at door") if _asks(env, a))
        _, info = env.reset(options={"index": 0})
        assert len(info["admissible_actions"]) > 50
        *_, info = env.step(Action.act(twice))
        numbers = info["admissible_actions"]
        assert numbers == tuple(map(str, range(len(numbers)))) and len(numbers) > 1
        observation, *_, info = env.step(Action.act("0"))
        assert "Ambiguous" not in observation["observation"] and len(info["admissible_actions"]) > 50


def _asks(env: ScienceWorldEnv, command: str) -> bool:
    env.reset(options={"index": 0})
    return env.step(Action.act(command))[0]["observation"].startswith("Ambiguous request: Please enter the number")


def test_a_step_asks_only_for_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = Java._ask

    def watched(self: Java, *commands: str) -> Any:
        asked.extend(command.split("\n")[2] if command.startswith("c") else command[:1] for command in commands)
        return ask(self, *commands)

    monkeypatch.setattr(Java, "_ask", watched)
    with opened(task="boil") as env:
        _, info = env.reset(options={"index": 0})
        asked.clear()
        *_, later = env.step(LOOK)
        assert asked == ["step", "getScore", "getCompleted"]
        assert info["admissible_actions"] == later["admissible_actions"] == ()
        asked.clear()
        env.step(Action.skill("none"))
        env.step("no action")
        assert asked == []
    with opened(task="boil", admissible_actions=True) as env:
        env.reset(options={"index": 0})
        asked.clear()
        *_, info = env.step(LOOK)
        assert asked[:4] == ["step", "getScore", "getCompleted", "getValidActionObjectCombinations"] and len(asked) == 6
        assert len(info["admissible_actions"]) == len(set(info["admissible_actions"])) > 50


def test_admissible_actions_are_understood() -> None:
    with opened(task="find-plant", simplification="easy", admissible_actions=True) as env:
        _, info = env.reset(options={"index": 0})
        for action in info["admissible_actions"][::12]:
            env.reset(options={"index": 0})
            shown = env.step(Action.act(action))[0]["observation"]
            assert shown != "No known action matches that input." and not shown.startswith("Ambiguous"), action


# Determinism ----------------------------------------------------------------------------------------------------------

ELSEWHERE = """
import hashlib, sys
from tests.envs.test_scienceworld import wander
print(hashlib.sha256(wander().encode()).hexdigest())
"""


def wander() -> str:
    """Two episodes of admissible actions, with all that they showed."""
    with opened(simplification="easy", admissible_actions=True, step_limit=12) as env:
        said = []
        for seed in (1, 2):
            observation, info = env.reset(seed=seed)
            over = False
            while not over:
                said.append(json.dumps([observation, info]))
                action = info["admissible_actions"][7 * len(said) % len(info["admissible_actions"])]
                observation, *ends, info = env.step(Action.act(action))
                over = ends[1] or ends[2]
        return "\n".join(said)


@pytest.mark.slow
def test_two_processes_agree() -> None:
    command = [sys.executable, "-c", ELSEWHERE]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    digests = [process.communicate()[0] for process in both]
    assert digests[0] == digests[1] and len(digests[0]) == 65


@pytest.mark.slow
def test_what_was_played_before_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scienceworld, "ScienceWorldEngine", ScienceWorldEngine)  # no recycled ones
    with opened(split="test", simplification="easy") as used, opened(split="test", simplification="easy") as new:
        for index in (0, 18, 26):
            play(used, (LOOK, Action.act("inventory")), index=index)
        gold = used.gold_actions(used.taskset[18])[:20]
        assert play(used, gold, index=18) == play(new, gold, index=18)
