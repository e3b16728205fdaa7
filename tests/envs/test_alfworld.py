"""ALFWorld on its engine: commands and their answers, gold, sources, determinism, and failures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from gymnasium.error import DependencyNotInstalled

from skillflow_gym import Action, InfrastructureError
from skillflow_gym.envs import alfworld
from skillflow_gym.envs.alfworld import ALFWorldEnv
from skillflow_gym.envs.mini.alfworld import specs
from skillflow_gym.envs.mini.alfworld_game import author
from skillflow_gym.envs.mini.alfworld_world import KINDS, Spec
from skillflow_gym.sources import SourceError
from skillflow_gym.tasks import RecordError
from tests.envs.alfworld_games import listed_games, needs_lists, write

pytestmark = pytest.mark.skipif(find_spec("alfworld") is None, reason="needs the extra alfworld")
ROOT = Path(__file__).parents[2]
EXAMPLES = Path(os.environ.get("SKILLFLOW_DATA", "")) / "alfworld" / "example_games"
examples = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="set SKILLFLOW_DATA to a folder with the benchmarks' data")


@pytest.fixture
def env() -> Iterator[ALFWorldEnv]:
    made = ALFWorldEnv("ALFWorld", split="test", source="mini")
    yield made
    made.close()


def begin(env: ALFWorldEnv, kind: str = KINDS[0]) -> tuple[Action, ...]:
    """Reset to the first task of a kind; the actions that win it."""
    task = next(task for task in env.taskset if task.record["kind"] == kind)
    env.reset(options={"task_id": task.id})
    return env.gold_actions(task)


def say(env: ALFWorldEnv, command: str) -> str:
    return str(env.step(Action.act(command))[0]["observation"])


# The game ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_gold_wins_with_commands_that_the_engine_takes(env: ALFWorldEnv, kind: str) -> None:
    gold = begin(env, kind)
    for action in gold[:-1]:
        assert action.argument in env.admissible()
        _, reward, terminated, truncated, info = env.step(action)
        assert (reward, terminated, truncated, info["success"]) == (0.0, False, False, False)
    assert env.step(gold[-1])[1:4] == (1.0, True, False)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_gold_wins_every_task_of_the_test_split() -> None:
    env = ALFWorldEnv("ALFWorld", source="mini", split="test")
    ends = {}
    for task in env.taskset:
        env.reset(options={"task_id": task.id})
        ends[task.id] = [env.step(action)[1:4] for action in env.gold_actions(task)][-1]
    env.close()
    assert len(ends) >= 60 and set(ends.values()) == {(1.0, True, False)}


def test_the_first_observation_is_the_engines(env: ALFWorldEnv) -> None:
    begin(env)
    observation, info = env.reset(seed=0)
    shown = observation["observation"]
    assert shown.startswith("-= Welcome to TextWorld, ALFRED! =-\n\nYou are in the middle of a room. Looking quickly")
    assert shown.endswith(f"\n\nYour task is to: {observation['task']}.")
    assert {"look", "inventory", "help"} < set(info["admissible_actions"])


def test_the_older_phrase_is_answered_by_the_engine(env: ALFWorldEnv) -> None:
    *before, last = begin(env)
    for action in before:
        env.step(action)
    _, thing, place = last.argument.replace("move ", "|").replace(" to ", "|").split("|")
    for phrase in (f"put {thing} in/on {place}", f"put {thing} in {place}"):
        observation, reward, terminated, _, info = env.step(Action.act(phrase))
        assert (observation["observation"], reward, terminated) == ("Nothing happens.", 0.0, False)
        assert info["error"] == "" and last.argument in info["admissible_actions"]
    assert env.step(last)[1:3] == (1.0, True)


@pytest.mark.parametrize("command", ["", "dance", "\ud800 \0 {x} #look#", "go to " * 9999, "look\ninventory", "LOOK"])
def test_what_is_no_command_changes_nothing(env: ALFWorldEnv, command: str) -> None:
    begin(env)
    before = env.admissible()
    assert say(env, command) == "Nothing happens." and env.admissible() == before


def test_accept_gives_up(env: ALFWorldEnv) -> None:
    gold = begin(env)
    env.step(gold[0])
    assert env.step(Action.accept("won"))[1:4] == (0.0, True, False)


def test_fifty_steps(env: ALFWorldEnv) -> None:
    begin(env)
    ends = [env.step(Action.act("look"))[1:4] for _ in range(50)]
    assert ends == [*[(0.0, False, False)] * 49, (0.0, False, True)]


def test_what_is_proposed_is_what_the_engine_takes(env: ALFWorldEnv) -> None:
    from skillflow_gym.episode import Episode
    from skillflow_gym.policy import Decision

    episode = Episode(env, seed=0)
    for action in (Action.act("look"), episode.context.proposals[0]):
        assert episode.context.proposals == tuple(map(Action.act, env.admissible()))
        episode.step(Decision(action, 0.0, 0.0))


# The engine --------------------------------------------------------------------------------------------------------

REPLIES = """
import json, random, sys
games = json.load(open(sys.argv[1]))
if sys.argv[2] == "bare":
    import textworld
    from alfworld.agents.environment.alfred_tw_env import AlfredDemangler
    bare = AlfredDemangler(textworld.envs.PddlEnv(textworld.EnvInfos(won=True, admissible_commands=True)))
    show = lambda state: [state.feedback, bool(state["won"]), list(state["admissible_commands"])]
    load = lambda game: (bare.load(game), show(bare.reset()))[1]
    step = lambda command: show(bare.step(command)[0])
else:
    from skillflow_gym.envs.engines.textworld_engine import TextWorldEngine
    engine = TextWorldEngine()
    load, step = (lambda game: list(engine.load(game))), (lambda command: list(engine.step(command)))
replies = []
for game, walkthrough in games:
    for seed in (0, 1):
        rng = random.Random(seed)
        replies.append(load(game))
        for number in range(30):
            wise = seed == 0 and number < len(walkthrough)
            command = walkthrough[number] if wise else rng.choice([*replies[-1][2], "put a in b", " look "])
            replies.append(step(command))
json.dump(replies, sys.stdout)
"""


def replies(games: Path, engine: str, cache: Path, hash_seed: str) -> Any:
    """What the engine says in a process of its own; the bare one prints before it."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": hash_seed,
        "XDG_CACHE_HOME": str(cache),
        "ALFWORLD_DATA": str(cache),
    }
    done = subprocess.run(
        [sys.executable, "-c", REPLIES, str(games), engine], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_reply_is_the_bare_engines(tmp_path: Path) -> None:
    chosen = [next(spec for spec in specs("test") if spec.kind == kind) for kind in KINDS]
    games = [(author(spec).data, author(spec).walkthrough) for spec in chosen]
    (tmp_path / "games.json").write_text(json.dumps(games), encoding="utf-8")
    expected = replies(tmp_path / "games.json", "bare", tmp_path, "1")
    assert len(expected) == 2 * 31 * len(KINDS)
    for _ in ("translated anew", "from the disk"):
        assert replies(tmp_path / "games.json", "ours", tmp_path, "2") == expected
    assert len(list((tmp_path / "skillflow-gym" / "alfworld").glob("*.sas.zlib"))) == len(KINDS)


def test_a_broken_translation_on_the_disk_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skillflow_gym.envs.engines import worker

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    worker.stop_servers()
    env = ALFWorldEnv("ALFWorld", source="mini")
    first = env.reset(options={"index": 1})
    (kept,) = (tmp_path / "skillflow-gym" / "alfworld").glob("*.zlib")
    kept.write_bytes(b"not a translation")
    other = ALFWorldEnv("ALFWorld", source="mini")
    assert other.reset(options={"index": 1}) == first and kept.read_bytes() != b"not a translation"
    env.close()
    other.close()
    worker.stop_servers()


TOGETHER = """
import json, os, sys
from skillflow_gym.envs.engines import textworld_engine
game, count = json.loads(sys.argv[1]), sys.argv[2]
translate = textworld_engine._engine_pddl2sas
def counted(*arguments):
    with open(count, "a") as file:
        file.write("translated\\n")
    return translate(*arguments)
textworld_engine._engine_pddl2sas = counted
children = []
for _ in range(3):
    children.append(os.fork())
    if children[-1] == 0:
        textworld_engine.TextWorldEngine().load(game)
        os._exit(0)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


def test_what_begins_in_many_processes_is_translated_in_one(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    game = json.dumps(dict(author(specs("test")[0]).data))
    arguments = [sys.executable, "-c", TOGETHER, game, str(tmp_path / "count")]
    subprocess.run(arguments, env=environment, capture_output=True, check=True, timeout=120)
    assert (tmp_path / "count").read_text() == "translated\n"


TRANSCRIPT = """
import hashlib, json
from skillflow_gym.envs.alfworld import ALFWorldEnv
env = ALFWorldEnv("ALFWorld", split="test", source="mini")
said = []
for seed in (0, 1):
    said.append(env.reset(seed=seed))
    for number in range(12):
        commands = said[-1][-1]["admissible_actions"]
        said.append(env.step(("act", commands[(seed + 7 * number) % len(commands)])))
env.close()
print(hashlib.sha256(json.dumps(said).encode()).hexdigest())
"""


def test_two_processes_say_the_same() -> None:
    said = set()
    for hash_seed in ("0", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", TRANSCRIPT]
        said.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(said) == 1 and len(said.pop().strip()) == 64


# Sources -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree as ALFWorld's, with two games a split."""
    for split, native in (("train", "train"), ("validation", "valid_seen"), ("test", "valid_unseen")):
        for spec in specs(split)[:2]:
            write(tmp_path / "json_2.1.1" / native, spec)
    return tmp_path


def test_kinds_of_tasks() -> None:
    env = ALFWorldEnv("ALFWorld", split="test", source="mini", task=f"{KINDS[2]},{KINDS[0]}")
    assert {task.record["kind"] for task in env.taskset} == {KINDS[0], KINDS[2]} and len(env.taskset) == 20
    assert env.reset(options={"index": 1})[1]["task_id"] == env.taskset[1].id
    env.close()
    with pytest.raises(ValueError, match="ALFWorld has no kind of task 'cooking': pick_and_place_simple, "):
        ALFWorldEnv("ALFWorld", source="mini", task="cooking")


def test_a_tree_of_games(tree: Path) -> None:
    for split in ("train", "validation", "test"):
        for place in (tree, tree / "json_2.1.1"):
            env = ALFWorldEnv("ALFWorld", split=split, source=f"file:{place}")
            assert [task.id for task in env.taskset] == sorted(spec.id for spec in specs(split)[:2])
            mini = ALFWorldEnv("ALFWorld", split=split, source="mini")
            assert all(mini.taskset.by_id(task.id).fingerprint == task.fingerprint for task in env.taskset)
    task = env.taskset[1]
    _, info = env.reset(options={"task_id": task.id})
    assert info["source"] == f"file:{tree / 'json_2.1.1'}" and info["task_id"] == task.id
    assert [env.step(action) for action in env.gold_actions(task)][-1][1] == 1.0
    env.close()


@needs_lists
def test_the_tree_of_alfworlds_own_games(tmp_path: Path) -> None:
    games = listed_games()
    content = {"pddl_domain": "", "pddl_problem": "", "grammar": '"rhs": "Your task is to: look around."'}
    for game in games:
        folder = tmp_path.joinpath("json_2.1.1", *game)
        folder.mkdir(parents=True)
        (folder / "game.tw-pddl").write_text(json.dumps(content), encoding="utf-8")
    found = set()
    for split, native in (("train", "train"), ("test", "valid_unseen")):
        tasks = ALFWorldEnv("ALFWorld", split=split, source=f"file:{tmp_path}").taskset
        found |= {(native, *task.id.split("/")) for task in tasks}
        assert all(task.id.startswith(f"{task.record['kind']}-") for task in tasks)
        assert all(task.id.split("/")[0].endswith(f"-{task.record['scene']}") for task in tasks)
    assert found == {game for game in games if "Sliced" not in game[1]}, "as in ALFWorld, nothing is to be sliced"
    assert len(found) > 3000


@needs_lists
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_tasks_of_alfworld_in_rooms_that_are_furnished_here_can_be_won(tmp_path: Path) -> None:
    for name in sorted({name for _, name, _ in listed_games()})[::25]:
        kind, thing, _, place, scene = name.split("-")
        write(tmp_path, Spec(kind, thing, place, int(scene)))
    env = ALFWorldEnv("ALFWorld", source=f"file:{tmp_path}")
    for task in env.taskset:
        env.reset(options={"task_id": task.id})
        assert [env.step(action)[1:4] for action in env.gold_actions(task)][-1] == (1.0, True, False), task.id
    assert len(env.taskset) > 60
    env.close()


def test_a_folder_of_games_stands_for_any_split(tree: Path) -> None:
    folder = tree / "json_2.1.1" / "valid_seen"
    env = ALFWorldEnv("ALFWorld", split="test", source=f"file:{folder}")
    assert {task.id for task in env.taskset} == {spec.id for spec in specs("validation")[:2]}


def test_auto_takes_alfworlds_data_where_the_split_is(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKILLFLOW_DATA", raising=False)
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    assert str(ALFWorldEnv("ALFWorld").source) == "mini"
    monkeypatch.setenv("ALFWORLD_DATA", str(tree / "json_2.1.1" / "train"))
    assert str(ALFWorldEnv("ALFWorld", split="test").source) == "mini", "games of another split"
    monkeypatch.setenv("ALFWORLD_DATA", str(tree))
    assert str(ALFWorldEnv("ALFWorld").source) == f"file:{tree}"


@pytest.mark.parametrize(
    ("place", "message"),
    [("nowhere", "no such file or folder"), ("", r"expected json_2\.1\.1/valid_unseen/\*/\*/game\.tw-pddl or ")],
)
def test_a_folder_without_games_is_refused(tmp_path: Path, place: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        ALFWorldEnv("ALFWorld", split="test", source=f"file:{tmp_path / place}")


def test_games_that_alfworld_leaves_out(tmp_path: Path) -> None:
    good, bad = specs("train")[:2]
    write(tmp_path, good)
    write(tmp_path, bad, solvable=False)
    for name in (
        "pick_heat_then_place_in_recep-AppleSliced-None-Fridge-1",
        "pick_and_place_with_movable_recep-A-B-C-1",
    ):
        file = tmp_path / name / "trial_1" / "game.tw-pddl"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(author(good).data), encoding="utf-8")
    assert [task.id for task in ALFWorldEnv("ALFWorld", source=f"file:{tmp_path}").taskset] == [good.id]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "expected an object, got list"),
        ('{"pddl_domain": ""}', "record 0: field pddl_problem is missing"),
        ('{"pddl_domain": "", "pddl_problem": "", "grammar": ""}', "field grammar: .* names no task"),
    ],
)
def test_a_broken_game_is_refused(tmp_path: Path, content: str, message: str) -> None:
    write(tmp_path, specs("train")[0]).write_text(content, encoding="utf-8")
    with pytest.raises(RecordError, match=message):
        _ = ALFWorldEnv("ALFWorld", source=f"file:{tmp_path}").taskset


def test_a_game_that_the_engine_cannot_load_is_no_score(tmp_path: Path) -> None:
    write(tmp_path, specs("train")[0], pddl_problem="(define (problem x))")
    env = ALFWorldEnv("ALFWorld", source=f"file:{tmp_path}")
    with pytest.raises(InfrastructureError, match="the engine failed in load"):
        env.reset(seed=0)
    env.close()


@examples
def test_gold_of_the_example_games() -> None:
    env = ALFWorldEnv("ALFWorld", split="test", source=f"file:{EXAMPLES}")
    assert sorted(task.record["kind"] for task in env.taskset) == sorted(KINDS)
    for task in env.taskset:
        env.reset(options={"task_id": task.id})
        assert [env.step(action)[1:4] for action in env.gold_actions(task)][-1] == (1.0, True, False), task.id
    env.close()


# What is seen, and what is needed ----------------------------------------------------------------------------------


def test_what_only_the_scorer_knows_is_never_shown(tmp_path: Path) -> None:
    write(tmp_path, specs("train")[0], walkthrough=["zzcanaryzz"], comment="zzcanaryzz")
    env = ALFWorldEnv("ALFWorld", source=f"file:{tmp_path}", render_mode="html")
    out = [*env.reset(seed=0), *env.step(Action.act("help")), *env.step(Action.accept("")), env.render()]
    assert env.gold_actions(env.task)[0].argument == "zzcanaryzz"
    assert "zzcanaryzz" not in repr([out, env.task, env.taskset, env.gold, vars(env)])
    env.close()


def test_the_engine_is_imported_in_its_own_process_only() -> None:
    code = (
        "import sys, gymnasium as gym, skillflow_gym\n"
        "from skillflow_gym.envs.alfworld import ALFWorldEnv\n"
        "ALFWorldEnv('ALFWorld', source='mini').taskset\n"
        "print({'textworld', 'alfworld', 'fast_downward'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from skillflow_gym.envs.mini import alfworld_wheel

    alfworld_wheel.wheel.cache_clear()
    monkeypatch.setattr(alfworld_wheel, "find_spec", lambda name: None)
    with pytest.raises(DependencyNotInstalled, match=r"needs the Python package alfworld: pip install .*alfworld\]"):
        ALFWorldEnv("ALFWorld", source="mini")


# Failures ----------------------------------------------------------------------------------------------------------


def check_unscored(step: tuple[Any, ...], message: str) -> None:
    observation, reward, terminated, truncated, info = step
    assert (observation["observation"], reward, terminated, truncated) == ("", 0.0, False, True)
    assert info["unscored"] is True and message in info["error"]


def test_an_engine_that_dies_is_replaced(env: ALFWorldEnv) -> None:
    gold = begin(env)
    assert env._worker is not None
    os.kill(env._worker.pid, signal.SIGKILL)
    check_unscored(env.step(gold[0]), "the engine's process died during step")
    assert begin(env) == gold
    assert [env.step(action) for action in gold][-1][1] == 1.0, "another engine plays on"


def test_an_engine_that_died_between_episodes_is_replaced(env: ALFWorldEnv) -> None:
    begin(env)
    assert env._worker is not None
    os.kill(env._worker.pid, signal.SIGKILL)
    while not env._worker.closed:
        pass
    assert [env.step(action) for action in begin(env)][-1][1] == 1.0


def test_an_engine_that_hangs_is_ended(env: ALFWorldEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    gold = begin(env)
    assert env._worker is not None
    os.kill(env._worker.pid, signal.SIGSTOP)
    monkeypatch.setattr(alfworld, "DEADLINE", 0.1)
    check_unscored(env.step(gold[0]), "the engine took more than 0.1 s for step and was ended")


def test_a_closed_environment_can_be_reset(env: ALFWorldEnv) -> None:
    begin(env)
    env.close()
    env.close()
    assert [env.step(action) for action in begin(env)][-1][1] == 1.0
