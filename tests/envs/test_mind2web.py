"""Mind2Web as an environment: recorded pages whatever is predicted, and the benchmark's figures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action
from skillflow_gym.envs.mind2web import EXTRA_STEPS, Mind2WebEnv
from skillflow_gym.envs.mind2web_pages import ID
from skillflow_gym.envs.mini import mind2web
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision
from skillflow_gym.sources import SourceError
from skillflow_gym.tasks import RecordError

Record = dict[str, Any]
SPLITS = ("train", "test_task", "test_website", "test_domain")
every_split = pytest.mark.parametrize("split", SPLITS)


def make(split: str = "train", source: str = "mini", **kwargs: Any) -> Mind2WebEnv:
    return Mind2WebEnv("Mind2Web", split=split, source=source, **kwargs)


def write(folder: Path, records: list[Record], native: str = "train") -> str:
    (folder / f"{native}.json").write_text(json.dumps(records), encoding="utf-8")
    return f"file:{folder}"


def candidate(name: str, **more: Any) -> Record:
    return {"tag": "a", "attributes": json.dumps({ID: name}), "backend_node_id": name, **more}


def action(right: list[Record], wrong: list[Record], op: str = "CLICK", value: str = "") -> Record:
    """A page with a link for every candidate."""
    links = "".join(
        f'<a {ID}="{c["backend_node_id"]}"><text {ID}="t">Link {c["backend_node_id"]}</text></a>'
        for c in sorted([*right, *wrong], key=lambda c: int(c["backend_node_id"]))
    )
    return {
        "action_uid": "u",
        "raw_html": "",
        "cleaned_html": f'<html {ID}="1"><body {ID}="2">{links}</body></html>',
        "operation": {"op": op, "original_op": op, "value": value},
        "pos_candidates": right,
        "neg_candidates": wrong,
    }


def record(*actions: Record, name: str = "one") -> Record:
    return {
        "annotation_id": name,
        "website": "w",
        "domain": "d",
        "subdomain": "s",
        "confirmed_task": f"Do {name}",
        "action_reprs": [f"[a]  Link -> {a['operation']['op']} number {i}" for i, a in enumerate(actions)],
        "actions": list(actions),
    }


def results(info: Mapping[str, Any]) -> list[float]:
    return [info["score"][f"last_{name}"] for name in ("element_accuracy", "operation_f1", "step_success")]


# --- gold, and what is less


@every_split
def test_gold_earns_one_and_is_among_the_proposals(split: str) -> None:
    env = make(split)
    for task in env.taskset[:: 4 if split == "train" else 1]:
        episode = Episode(env, task_id=task.id)
        for gold in env.gold_actions(task):
            assert gold in episode.context.proposals, (task.prompt, gold)
            episode.step(Decision(gold, 0.0, 0.0))
        played = episode.trajectory()
        assert (played.reward, played.success, played.terminated) == (1.0, True, True)
        assert set(played.score.values()) == {1.0}


def test_the_next_page_is_the_recorded_one_whatever_is_predicted() -> None:
    env = make()
    task = env.taskset[5]
    said = []
    for acts in (env.gold_actions(task), [Action.act("CLICK [0]")] * len(env.gold_actions(task))):
        first, _ = env.reset(options={"task_id": task.id})
        said.append([first["observation"], *(env.step(act)[0]["observation"] for act in acts)])
    assert said[0] == said[1] and len(set(said[0])) == len(task.record["steps"]) + 1
    assert said[0][-1] == ""


def test_the_history_is_the_recorded_one() -> None:
    env = make()
    task = env.taskset[5]
    reprs = env.taskset.gold(task.id).record["reprs"]
    observation, _ = env.reset(options={"task_id": task.id})
    for step in range(len(reprs)):
        _, history, candidates = observation["observation"].split("\n\n")
        assert history.split("\n") == ["Previous actions:", *(reprs[:step] or ["None"])]
        assert candidates.startswith("Candidates:\n[0] <") and reprs[step] not in observation["observation"]
        observation = env.step(Action.act("CLICK [0]"))[0]


def test_the_figures_of_every_step(tmp_path: Path) -> None:
    right, wrong = candidate("5"), candidate("6")
    steps = [
        action([right], [wrong]),
        action([right], [wrong], "TYPE", "New York City"),
        action([], [wrong]),
        action([right, wrong], [candidate("7")], "SELECT", "Two"),
    ]
    env = make(source=write(tmp_path, [record(*steps)]))
    env.reset(seed=0)
    *_, info = env.step(Action.act("CLICK [1]"))
    assert results(info) == [0.0, 1.0, 0.0]
    *_, info = env.step(Action.act("TYPE [0] New York"))
    assert results(info) == [1.0, pytest.approx(6 / 7), 0.0]
    *_, info = env.step(Action.act("CLICK [0]"))
    assert results(info) == [0.0, 0.0, 0.0], "nothing right to choose from"
    _, reward, terminated, _, info = env.step(Action.act("SELECT [1] Two"))
    assert results(info) == [1.0, 1.0, 1.0] and (reward, terminated) == (0.25, True)
    assert info["score"]["element_accuracy"] == 0.5 and info["score"]["step_success"] == 0.25
    assert info["score"]["operation_f1"] == pytest.approx((1 + 6 / 7 + 0 + 1) / 4)
    assert info["score"]["task_success"] == 0.0 and info["success"] is False


def test_accept_ends_with_the_rest_counted_zero() -> None:
    env = make()
    task = env.taskset[0]
    gold = env.gold_actions(task)
    env.reset(options={"task_id": task.id})
    env.step(gold[0])
    _, reward, terminated, truncated, info = env.step(Action.accept("done"))
    assert (reward, terminated, truncated) == (1 / len(gold), True, False) and info["success"] is False


@pytest.mark.parametrize(
    "text",
    [
        *["", "CLICK", "CLICK 3", "CLICK [x]", "click [0]", "PRESS [0]", "CLICK [-1]", "CLICK [0", "CLICK [ 0 ]"],
        *["TYPE", "I CLICK [0]", "CLICK [1234567]", "CLICK[]", "\ud800", "CLICK [९]"],
    ],
)
def test_what_is_no_prediction_counts_as_a_wrong_one(text: str) -> None:
    env = make()
    env.reset(seed=0)
    expected = make()
    expected.reset(seed=0)
    after = expected.step(Action.act("CLICK [0]"))[0]["observation"]
    observation, reward, terminated, truncated, info = env.step(Action.act(text))
    problem, _, page = observation["observation"].partition("\n\n")
    assert problem == "not understood: expected CLICK [number], TYPE [number] text or SELECT [number] option"
    assert page == after and (reward, terminated, truncated, info["error"]) == (0.0, False, False, "")
    assert results(info) == [0.0, 0.0, 0.0]


def test_an_unknown_candidate_counts_as_a_wrong_one() -> None:
    env = make()
    env.reset(seed=0)
    observation, *_, info = env.step(Action.act("CLICK [999]"))
    assert observation["observation"].startswith("no candidate has the number 999\n\n<html>")
    assert results(info) == [0.0, 0.0, 0.0]


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40) | st.from_regex(r"(CLICK|TYPE|SELECT) ?\[\d{1,4}\].{0,9}", fullmatch=True))
def test_any_text_is_answered(text: str) -> None:
    env = make()
    env.reset(seed=1)
    observation, _, terminated, truncated, info = env.step(Action.act(text))
    assert "\n\nPrevious actions:\n[" in observation["observation"] and not (terminated or truncated)
    assert 0.0 <= info["score"]["last_operation_f1"] <= 1.0


# --- steps


def test_a_skill_costs_a_step_and_keeps_the_page() -> None:
    env = make()
    task = env.taskset[2]
    env.reset(options={"task_id": task.id})
    for _ in range(EXTRA_STEPS):
        assert env.step(Action.skill("none"))[1:4] == (0.0, False, False)
    gold = env.gold_actions(task)
    *_, last = [env.step(act) for act in gold]
    assert last[1] == 1.0 and last[2:4] == (True, False), "the steps beyond the recorded ones are enough for ten skills"


@pytest.mark.parametrize("fixed", [0, 3])
def test_the_limit_is_the_recorded_steps_and_ten(fixed: int) -> None:
    env = make(step_limit=fixed)
    for index in (0, 9, 100):
        env.reset(options={"index": index})
        limit = fixed or len(env.task.record["steps"]) + 10
        assert env.step_limit == limit
        taken = [env.step(Action.skill("none")) for _ in range(limit)]
        assert [step[3] for step in taken] == [False] * (limit - 1) + [True] and taken[-1][1] == 0.0


def test_what_was_done_before_the_limit_counts() -> None:
    env = make(step_limit=2)
    gold = env.gold_actions(env.taskset[0])
    env.reset(options={"index": 0})
    env.step(gold[0])
    _, reward, terminated, truncated, info = env.step(gold[1])
    assert (reward, terminated, truncated) == (2 / len(gold), False, True) and info["success"] is False


# --- candidates


def test_ranks_decide_what_is_shown(tmp_path: Path) -> None:
    wrong = [candidate(str(10 + i), rank=i) for i in range(6)]
    one = record(action([candidate("3", rank=6)], wrong), name="low")
    two = record(action([candidate("30", rank=0), candidate("4", rank=9)], wrong[1:]), name="high")
    source = write(tmp_path, [one, two])
    assert gold_and_links(source, "low", top_k=5) == (0.0, ["10", "11", "12", "13", "14"]), "the right one ranks below"
    assert gold_and_links(source, "high", top_k=5) == (1.0, ["11", "12", "13", "14", "30"])
    for top_k in (7, 0):
        assert gold_and_links(source, "low", top_k=top_k) == (1.0, ["3", "10", "11", "12", "13", "14", "15"])


def gold_and_links(source: str, name: str, top_k: int) -> tuple[float, list[str]]:
    """What the gold actions earn, and the links among the first page's candidates."""
    env = make(source=source, top_k=top_k)
    first, _ = env.reset(options={"task_id": name})
    *_, last = [env.step(act) for act in env.gold_actions(env.task)]
    return last[1], re.findall(r"Link (\d+)<", first["observation"].partition("\nCandidates:\n")[2])


def test_without_ranks_our_own_rule_chooses(tmp_path: Path) -> None:
    task = record(action([candidate("3")], [candidate(str(10 + i)) for i in range(89)]))
    task["confirmed_task"] = "Follow the link 3"
    assert gold_and_links(write(tmp_path, [task]), "one", top_k=4) == (1.0, ["3", "10", "11", "12"])


def test_the_order_of_candidates_does_not_tell_which_is_right() -> None:
    places = []
    env = make()
    for task in env.taskset:
        episode = Episode(env, task_id=task.id, proposals=False)
        for step, gold in enumerate(env.gold_actions(task)):
            count = episode.context.observation.rpartition("Candidates:")[2].count("\n[")
            places.append(int(gold.argument.split("[")[1].split("]")[0]) / count)
            public = task.record["steps"][step]
            assert public["candidates"] == sorted(public["candidates"], key=int) and set(public) == {
                "page",
                "candidates",
                "ranks",
            }
            episode.step(Decision(gold, 0.0, 0.0))
    assert 0.3 < sum(places) / len(places) < 0.7 and min(places) < 0.1 and max(places) > 0.8


@pytest.mark.parametrize("top_k", [-1, -50])
def test_a_negative_number_of_candidates_is_refused(top_k: int) -> None:
    with pytest.raises(ValueError, match=f"top_k must be at least 0 .*, got {top_k}"):
        make(top_k=top_k)


# --- sources and splits


@every_split
def test_the_three_test_sets_are_splits(split: str, tmp_path: Path) -> None:
    env = make(split)
    assert [task.id for task in env.taskset] == [r["annotation_id"] for r in mind2web.records(split)]
    assert env.split == ("train" if split == "train" else "test") == env.reset(seed=0)[1]["split"]
    source = write(tmp_path, mind2web.records(split)[:3], split)
    assert len(make(split, source).taskset) == 3
    for other in set(SPLITS) - {split}:
        with pytest.raises(SourceError, match=rf"expected {other}\.jsonl or {other}\.json"):
            make(other, source)


def test_test_is_test_task() -> None:
    assert make("test").taskset.sha256 == make("test_task").taskset.sha256


def test_the_hub_gives_the_same_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets", reason="needs the hub extra: pip install 'skillflow-gym[hub]'")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets.disable_progress_bars()
    (tmp_path / "dataset" / "data").mkdir(parents=True)
    rows = datasets.Dataset.from_list(mind2web.records("train")[:6])
    rows.to_parquet(tmp_path / "dataset" / "data" / "train-00000-of-00001.parquet")
    env, mini = make(source=f"hub:{tmp_path}/dataset"), make()
    assert [task.fingerprint for task in env.taskset] == [task.fingerprint for task in mini.taskset[:6]]
    for task in env.taskset:
        env.reset(options={"task_id": task.id})
        *_, last = [env.step(act) for act in env.gold_actions(task)]
        assert last[1] == 1.0


BROKEN: list[tuple[str, Any, str]] = [
    ("confirmed_task", ..., "field confirmed_task is missing"),
    ("annotation_id", 7, "field annotation_id: expected str, got int"),
    ("actions", [], "field actions: expected at least one action, got none"),
    ("action_reprs", ["x"], "field action_reprs: 1 representations of 7 actions"),
    ("actions.2.cleaned_html", "<html><p></html>", r"field actions\[2\]\.cleaned_html: not well-formed XML"),
    ("actions.1.cleaned_html", ..., r"field actions\[1\]\.cleaned_html is missing"),
    ("actions.1.operation", "CLICK", r"field actions\[1\]\.operation: expected an object, got str"),
    ("actions.0.operation.op", "HOVER", r"field actions\[0\]\.operation\.op: expected one of CLICK, TYPE, SELECT, got"),
    ("actions.0.operation.value", None, r"field actions\[0\]\.operation\.value: expected str, got NoneType"),
    ("actions.3.pos_candidates.0.backend_node_id", 4, r"pos_candidates\[0\]\.backend_node_id: expected str, got int"),
    ("actions.0.neg_candidates.1", "{}", r"field actions\[0\]\.neg_candidates\[1\]: expected an object, got str"),
    (
        "actions.0.neg_candidates.1.rank",
        3,
        r"actions\[0\]: rank of candidate .*: expected an int of at least 0, got None",
    ),
    ("actions.0.pos_candidates.0.rank", -1, r"actions\[0\]: rank of candidate"),
]


@pytest.mark.parametrize(("path", "new", "message"), BROKEN, ids=[path for path, *_ in BROKEN])
def test_broken_records_are_refused_with_record_and_field(path: str, new: Any, message: str, tmp_path: Path) -> None:
    records = mind2web.records("train")[:3]
    place: Any = records[1]
    *way, last = path.split(".")
    for name in way:
        place = place[int(name) if name.isdigit() else name]
    if new is ...:
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = new
    with pytest.raises(RecordError, match=f"record 1: .*{message}"):
        make(source=write(tmp_path, records)).reset(seed=0)


def test_rows_of_the_multimodal_version_are_refused(tmp_path: Path) -> None:
    row = {"action_uid": "u", "operation": "{}", "pos_candidates": [], "confirmed_task": "x", "annotation_id": "y"}
    with pytest.raises(RecordError, match="record 0: field website is missing"):
        make(source=write(tmp_path, [row])).reset(seed=0)


def test_environments_share_their_pages() -> None:
    one, other = make(), make(top_k=10)
    assert one.taskset is other.taskset and one._pages is other._pages
