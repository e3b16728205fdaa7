"""WebShopEnv: constructor, splits, scores, proposals, and what it never shows, on the mini catalogue."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, ActionKind, Context, Turn
from skillflow_gym.envs.webshop import WebShopEnv, engine
from skillflow_gym.envs.webshop.proposals import queries, shop_proposals
from skillflow_gym.envs.webshop.splits import indices
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision
from skillflow_gym.sources import SourceError
from skillflow_gym.tasks import RecordError
from tests.envs.webshop_files import PRODUCTS, REAL, contents, needs_real, planted, write

SPLITS = ("train", "validation", "test")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def shop(split: str = "train", **arguments: Any) -> WebShopEnv:
    return WebShopEnv("WebShop", split=split, **{"source": "mini", **arguments})


@pytest.mark.parametrize("human", [False, True])
@pytest.mark.parametrize("mode", ["text", "text_rich"])
def test_gold_actions_earn_one(human: bool, mode: str) -> None:
    env = shop("all", human_goals=human, observation_mode=mode)
    assert len(env.taskset) > 200
    for task in env.taskset[:: 1 if human else 7]:
        env.reset(options={"task_id": task.id})
        *before, last = [env.step(action) for action in env.gold_actions(task)]
        assert last[1:4] == (1.0, True, False) and last[4]["success"] is True, task
        assert last[4]["score"] == dict.fromkeys(env.metrics, 1.0)
        assert not any(reward or ended for _, reward, ended, *_ in before)


@pytest.mark.slow
def test_gold_actions_of_all_mini_goals_earn_one() -> None:
    env = shop("all")
    for task in env.taskset:
        env.reset(options={"task_id": task.id})
        assert [env.step(action) for action in env.gold_actions(task)][-1][1] == 1.0, task


def test_a_worse_purchase_earns_its_parts() -> None:
    env = shop("all")
    task = next(task for task in env.taskset if len(env.taskset.gold(task.id).record["options"]) == 2)
    env.reset(options={"task_id": task.id})
    *to_item, _, _, buy = env.gold_actions(task)
    *_, (_, reward, terminated, _, info) = [env.step(action) for action in (*to_item, buy)]
    parts = len(env.gold.record["attributes"]) + 3
    assert terminated and reward == pytest.approx((parts - 2) / parts) and info["success"] is False
    assert info["score"] == {"score": reward, "r_type": 1.0, "r_att": 1.0, "r_option": 0.0, "r_price": 1.0}


def test_accepting_buys_nothing() -> None:
    env = shop()
    env.reset(seed=0)
    for action in env.gold_actions(env.task)[:-1]:
        env.step(action)
    _, reward, terminated, _, info = env.step(Action.accept("everything"))
    assert (reward, terminated, info["success"]) == (0.0, True, False)


def test_the_default_step_limit() -> None:
    env = shop()
    env.reset(seed=0)
    ends = [env.step(Action.act("search[tea]"))[1:4] for _ in range(15)]
    assert ends == [(0.0, False, False)] * 14 + [(0.0, False, True)]


def test_split_names_and_goal_numbers() -> None:
    everything = shop("all")
    assert [task.id for task in everything.taskset[:3]] == ["synthetic-0", "synthetic-1", "synthetic-2"]
    assert everything.reset(options={"index": 17})[1]["task_id"] == "synthetic-17"
    assert everything.reset(options={"index": 17})[1]["split"] == "all"
    ids = [{task.id for task in shop(split).taskset} for split in SPLITS]
    assert set().union(*ids) == {task.id for task in everything.taskset}
    assert sum(map(len, ids)) == len(everything.taskset) and len(ids[0]) > len(ids[2]) > len(ids[1])
    for missing in ("synthetic-01", "synthetic--1", "human-3", "synthetic-999999999999", "synthetic-x", "", 3):
        with pytest.raises(KeyError, match="no task"):
            everything.taskset.by_id(missing)  # type: ignore[arg-type]


def test_no_instruction_is_in_two_splits() -> None:
    for human in (False, True):
        tasksets = [shop(split, human_goals=human).taskset for split in SPLITS]
        wanted = [{tasks.gold(task.id).record["asin"] for task in tasks} for tasks in tasksets]
        assert all(one.isdisjoint(other) for one, other in combinations(wanted, 2)) and all(wanted)


def test_the_full_set_keeps_the_originals_ranges_without_repeats() -> None:
    prints = np.arange(3000, dtype=np.uint64)
    prints[600], prints[2000], prints[2001] = prints[3], prints[4], prints[700]
    found = {split: indices(prints, split, full=True).tolist() for split in (*SPLITS, "all")}
    assert found["test"] == list(range(500)) and found["all"] == list(range(3000))
    assert found["validation"] == [i for i in range(500, 1500) if i != 600]
    assert found["train"] == [i for i in range(1500, 3000) if i not in (2000, 2001)]


def test_goal_seed_changes_bounds_and_nothing_else() -> None:
    one, other = shop("all").taskset, shop("all", goal_seed=1).taskset
    golds = [(one.gold(t.id).record, other.gold(t.id).record) for t in one]
    assert all((a["asin"], a["options"]) == (b["asin"], b["options"]) for a, b in golds)
    assert 0.1 < np.mean([a["price_upper"] == b["price_upper"] for a, b in golds]) < 0.6
    assert [t.prompt for t in one] == [t.prompt for t in shop("all", goal_seed=0).taskset]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"observation_mode": "html"}, ValueError, "observation_mode 'html' is none of"),
        ({"nouns": "magic"}, SourceError, "nouns 'magic' is none of auto, rules, spacy, or the path"),
        ({"split": "exam"}, ValueError, "split 'exam' does not exist"),
        ({"source": "file:/no/such/place"}, SourceError, "no such file or folder"),
        ({"source": "hub"}, SourceError, "has no dataset on the hub"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        shop(**arguments)


def test_files_give_what_the_mini_shop_gives(tmp_path: Path) -> None:
    source = write(tmp_path, contents(1200))
    for human in (False, True):
        mini, files = (shop("all", source=s, human_goals=human, nouns="rules") for s in ("mini", source))
        assert [t.fingerprint for t in mini.taskset] == [t.fingerprint for t in files.taskset]
    assert files.reset(seed=0)[1]["source"] == f"{source}/{PRODUCTS}" == files.taskset.source
    same = shop("all", source=f"{source}/{PRODUCTS}", human_goals=True)
    assert same.taskset is files.taskset


def test_the_noun_table_beside_the_catalogue_counts(tmp_path: Path) -> None:
    files = contents()
    asins = [record["asin"] for record in files[PRODUCTS]]
    source = write(tmp_path, {**files, "name_nouns.json": {asin: [asin] for asin in asins}})
    env = shop("all", source=source)
    env.reset(options={"index": 0})
    other = next(asin for asin in asins if asin != env.gold.record["asin"])
    assert env.details() == {"nouns": "table"}
    assert env._value(other, {}).metrics["r_type"] == 0.0, "no noun of the table is common"
    assert shop("all", source=source, nouns="rules").details() == {"nouns": "rules"}
    assert shop(nouns=str(tmp_path / "name_nouns.json")).details() == {"nouns": "table"}
    write(tmp_path, {"name_nouns.json": {asins[0]: "pan"}})
    with pytest.raises(RecordError, match=rf"name_nouns.json: record 0: field {asins[0]}: expected a list"):
        shop("all", source=source)
    write(tmp_path, {"name_nouns.json": "{"})
    with pytest.raises(RecordError, match=r"name_nouns.json: not JSON"):
        shop("all", source=source)


def test_mini_uses_the_rules_everywhere() -> None:
    assert shop().details() == {"nouns": "rules"}


def test_real_data_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "webshop").mkdir()
    monkeypatch.setenv("SKILLFLOW_DATA", str(tmp_path))
    assert str(shop(source="auto").source) == "mini"
    write(tmp_path / "webshop", contents())
    assert str(shop(source="auto").source) == f"file:{tmp_path}/webshop/{PRODUCTS}"
    write(tmp_path / "webshop", {name.replace("_1000", ""): content for name, content in contents().items()})
    assert str(shop(source="auto").source) == f"file:{tmp_path}/webshop/{engine.FULL}"


def test_many_environments_share_one_catalogue() -> None:
    envs = [shop(observation_mode=mode) for mode in ("text", "text_rich") for _ in range(32)]
    for seed, env in enumerate(envs):
        env.reset(seed=seed)
        env.step(Action.act("search[tea]"))
    assert len({id(env._catalogue) for env in envs}) == len({id(env.taskset) for env in envs}) == 1


@pytest.mark.parametrize("executor", ["direct", "tools"])
def test_executors(executor: str) -> None:
    env = shop(executor=executor)
    env.reset(seed=0)
    command = "search[tea]" if executor == "direct" else "search: tea"
    observation, *_, info = env.step(Action.act(command))
    assert "Total results" in observation["observation"] and info["usage"]["calls"] == 1
    asin = env.admissible()[-1]
    observation = env.step(Action.act(asin if executor == "direct" else f"click: {asin[6:-1]}"))[0]
    assert "Buy Now" in observation["observation"]


def test_admissible_commands_all_lead_somewhere() -> None:
    env = shop()
    env.reset(seed=3)
    assert env.admissible() == ()
    for action in env.gold_actions(env.task)[:-1]:
        env.step(action)
        url = env._shop.url
        for command in env.admissible():
            twin = shop()
            twin.reset(options={"task_id": env.task.id})
            for turn in env._steps[1:]:
                twin.step(turn.action)
            _, _, terminated, *_ = twin.step(Action.act(command))
            assert terminated or twin._shop.url != url or "clicked" in command or twin._shop.options


# Proposals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instruction", "some"),
    [
        (
            "Find me machine wash, slim cut rain jackets with flat seams with color: navy blue, and size: small, "
            "and price lower than 90.00 dollars",
            ["slim cut rain jackets", "rain jackets", "flat seams rain jackets", "slim cut rain jackets navy blue"],
        ),
        (
            "i am looking for a pair of men's black loafers with rubber soles, and price lower than 60.00 dollars",
            ["men black loafers", "black loafers", "rubber soles black loafers"],
        ),
        ("tea", ["tea"]),
        ("[a] [b] tea", ["a b tea"]),
    ],
)
def test_queries_from_the_instruction(instruction: str, some: list[str]) -> None:
    found = queries(instruction)
    assert set(some) <= set(found) and len(set(found)) == len(found) <= 10
    assert not any("dollars" in query for query in found)


@settings(deadline=None)
@given(st.text(max_size=80), st.lists(st.text(max_size=10), max_size=5, unique=True))
def test_any_text_gives_proposals(task: str, names: list[str]) -> None:
    context = Context(task, "", "", (), tuple(f"click[{name}]" for name in names), (), 0, 15)
    found = shop_proposals(context)
    assert len(set(found)) == len(found)
    assert all("[" not in action.argument[7:-1] for action in found if action.argument.startswith("search["))
    turn = Turn(Action.act("search[x]"), "")
    assert Action.accept("") in shop_proposals(replace(context, turns=(turn,), step=1))


@pytest.mark.parametrize("human", [False, True])
def test_proposals_lead_to_success(human: bool) -> None:
    """A shopper who knows the product finds it with one of the proposed searches for nine goals of ten."""
    env = shop("test", human_goals=human)
    found = []
    for task in env.taskset[:: 1 if human else 8]:
        asin = env.taskset.gold(task.id).record["asin"]
        found.append(any(asin in engine.search(query, 20, "mini") for query in queries(task.prompt)))
    assert np.mean(found) > 0.9


@needs_real
@pytest.mark.parametrize(("human", "least"), [(False, 0.7), (True, 0.7)])
def test_proposals_find_real_products(human: bool, least: float) -> None:
    env = shop("all", source=f"file:{REAL}", human_goals=human)
    found = []
    for task in env.taskset[:: 1 if human else 23]:
        asin = env.taskset.gold(task.id).record["asin"]
        found.append(any(asin in engine.search(query, 20, f"file:{REAL}") for query in queries(task.prompt)))
    assert np.mean(found) >= least


# What only the scorer may know ---------------------------------------------------------------------------------------


def test_attributes_and_shelves_are_never_shown(tmp_path: Path) -> None:
    source = planted(tmp_path)
    for human_goals in (False, True):
        env = shop("all", source=source, human_goals=human_goals, render_mode="html")
        assert "zzcanaryzz" in json.dumps(env.taskset.gold(env.taskset[0].id).record)
        said, rng = [repr(env.taskset), repr(env)], np.random.default_rng(0)
        for seed in range(20):
            episode = Episode(env, seed=seed)
            while not episode.done:
                proposals = [a for a in episode.context.proposals if a.kind is ActionKind.ACT]
                episode.step(Decision(proposals[int(rng.integers(len(proposals)))], 0.0, 0.0))
                said.append(repr(episode.context))
            said += [episode.trajectory().to_json(), str(env.render()), repr(env.task)]
        assert [text[:100] for text in said if "zzcanaryzz" in text] == []


def test_gymnasium_makes_it() -> None:
    env = gym.make("SkillFlow/WebShop-v0", source="mini", split="all", goal_seed=3, observation_mode="text_rich")
    observation, _ = env.reset(options={"index": 0})
    assert observation["observation"].startswith("WebShop\nInstruction: \n")
    assert env.spec is not None and gym.spec(env.spec.id).kwargs["benchmark"] == "WebShop"
