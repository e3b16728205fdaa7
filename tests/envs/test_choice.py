"""MedQA and GPQA-Diamond: which option is right stays hidden, records are checked, the corpus is searched."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from skillflow_gym import Action, ActionKind
from skillflow_gym.envs.choice import check_options
from skillflow_gym.envs.choice_proposals import read_question
from skillflow_gym.envs.gpqa_diamond import GPQADiamondEnv
from skillflow_gym.envs.mini import gpqa, medqa
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision
from skillflow_gym.registration import stanza
from skillflow_gym.scoring.choice import chosen
from skillflow_gym.sources import SourceError
from skillflow_gym.tasks import RecordError
from skillflow_gym.text import words
from tests.contract.harness import careless, core, make, play
from tests.contract.pathsearch import replay
from tests.tools.retriever_server import PASSAGES, retriever_server

Record = dict[str, Any]
DATA = Path(os.environ.get("SKILLFLOW_DATA", "")) / "medqa"
real = pytest.mark.skipif(not (DATA / "test.jsonl").is_file(), reason="set SKILLFLOW_DATA to the benchmarks' data")
CHOICE: Mapping[str, Callable[[str], list[Record]]] = {"MedQA": medqa.records, "GPQA-Diamond": gpqa.records}
both = pytest.mark.parametrize("name", CHOICE)


def write(folder: Path, name: str, records: list[Record]) -> str:
    folder.mkdir(exist_ok=True)
    native = stanza(name).splits["train"]
    (folder / f"{native}.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return f"file:{folder}"


def another_answer(record: Record) -> Record:
    """A record of MedQA with the same public content, and another option as the right one."""
    letter = "ABCD"["BCDA".index(record["answer_idx"])]
    return {**record, "answer_idx": letter, "answer": record["options"][letter]}


def test_nothing_shown_depends_on_which_option_is_right(tmp_path: Path) -> None:
    records = medqa.records("train")[:20]
    same = write(tmp_path / "data", "MedQA", records)
    said = []
    for version in (records, [another_answer(record) for record in records]):
        write(tmp_path / "data", "MedQA", version)
        env = make("MedQA", same, corpus=handbook(tmp_path))
        tapes = [play(env, seed, careless) for seed in range(30)]
        said.append([[without_outcome(entry) for entry in tape.said] for tape in tapes])
        proposed = core(env).taskset[0].fingerprint
        said[-1].append([proposed])
    assert said[0] == said[1], "two worlds that differ in the gold alone look the same until the end"
    assert len({json.dumps(entry) for entry in said[0]}) > 20


def without_outcome(entry: tuple[Any, ...]) -> list[Any]:
    info = {key: value for key, value in entry[-1].items() if key not in ("success", "score")}
    return [entry[0], entry[2:-1], info]


def test_the_order_of_gpqa_does_not_tell_which_option_is_right() -> None:
    env = core(make("GPQA-Diamond"))
    record = gpqa.records("train")[0]
    parsed = [GPQADiamondEnv.parse({**record, "Record ID": f"id {i}"}, i, "train") for i in range(60)]
    assert {gold.answers[0] for _, gold in parsed} == set("ABCD")
    places = [env.taskset.gold(task.id).answers[0] for task in env.taskset]
    assert all(abs(places.count(letter) / len(places) - 0.25) < 0.1 for letter in "ABCD")


@both
def test_only_the_right_option_counts(name: str) -> None:
    env = make(name, split="test")
    tasks = core(env).taskset
    for task in tasks[:12]:
        letter, text = tasks.gold(task.id).answers
        for answer, right in [(text, True), (f"({letter})", True), (f"{letter}) {text}", True)] + [
            (option, option == letter) for option in "ABCD"
        ]:
            env.reset(options={"task_id": task.id})
            _, reward, terminated, _, info = env.step(Action.accept(answer))
            assert (reward, info["success"], info["score"]) == (float(right), right, {"accuracy": float(right)})
            assert terminated is True


@pytest.mark.parametrize(
    ("options", "gold", "message"),
    [
        ({"A": "x", "B": " ", "C": "y"}, "A", "an option is empty"),
        ({"A": "x", "B": "y", "C": " x\n"}, "A", "two options are equal"),
        ({"A": "x", "B": "y", "C": "z"}, "D", "the right option is none of A, B, C"),
        ({"A": "x", "B": "y", "C": "z"}, "a", "the right option is none of A, B, C"),
    ],
)
def test_options_that_cannot_be_scored_are_refused(options: dict[str, str], gold: str, message: str) -> None:
    with pytest.raises(RecordError, match=f"record 7: field options: {message}"):
        check_options(options, gold, 7, "options")


def test_options_that_differ_in_case_are_two() -> None:
    check_options({"A": "AA", "B": "Aa", "C": "aa"}, "B", 0, "options")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer_idx": "E"}, "field options: the right option is none of A, B, C, D"),
        ({"answer": "something else"}, "field answer: it is not the text of option"),
        ({"options": {"A": "1", "B": "1", "C": "2", "D": "3"}}, "field options: two options are equal"),
    ],
)
def test_broken_records_of_medqa_are_refused(change: Record, message: str, tmp_path: Path) -> None:
    records = medqa.records("train")[:3]
    source = write(tmp_path / "data", "MedQA", [records[0], {**records[1], **change}])
    with pytest.raises(RecordError, match=f"record 1: {message}"):
        make("MedQA", source).reset()


def handbook(folder: Path) -> str:
    path = folder / "corpus.jsonl"
    lines = [json.dumps({"title": title, "text": text}) for title, text in medqa.articles("train")]
    path.write_text("\n".join(lines), encoding="utf-8")
    return f"file:{path}"


def tools(env: gym.Env[Any, Any]) -> list[str]:
    shown = env.reset(seed=0)[0]["observation"]
    return [line.partition(":")[0] for line in shown.split("\n")[1:]]


def test_medqa_searches_where_there_is_a_corpus(tmp_path: Path) -> None:
    source = write(tmp_path / "data", "MedQA", medqa.records("train")[:5])
    assert tools(make("MedQA", source)) == ["calculate", "python"], "real records bring no corpus"
    title, text = medqa.articles("train")[0]
    for env in (make("MedQA", source, corpus=handbook(tmp_path)), make("MedQA")):
        assert tools(env) == ["search", "lookup", "calculate", "python"]
        assert env.step(Action.act(f"search: {title}"))[0]["observation"].startswith(f"[1] {title}\n{text}\n[2] ")
    with retriever_server("documents") as (url, _):
        env = make("MedQA", source, corpus=url, top_k=1)
        assert tools(env) == ["search", "lookup", "calculate", "python"]
        shown = env.step(Action.act("search: pear"))[0]["observation"]
    assert shown == f"[1] {PASSAGES[0][0]}\n{PASSAGES[0][1]}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"corpus": "books"}, "corpus 'books' is neither file:PATH nor the http URL of a retriever"),
        ({"corpus": "file:/no/such/file"}, "corpus 'file:/no/such/file': there is no such file"),
        ({"top_k": 0}, "top_k must be at least 1, got 0"),
    ],
)
def test_wrong_arguments_of_medqa(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make("MedQA", **arguments)


def test_a_broken_corpus_is_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"title": "x", "text": "y"}\n{"title": "z"}', encoding="utf-8")
    with pytest.raises(RecordError, match="record 1: field text is missing"):
        make("MedQA", corpus=f"file:{tmp_path / 'corpus.jsonl'}").reset()


def test_gpqa_on_the_hub_says_that_a_token_is_needed(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"The dataset is gated: accept its terms at .*, then give a token"):
        make("GPQA-Diamond", f"hub:{tmp_path / 'nowhere'}", split="test").reset()


def test_gpqa_keeps_its_real_questions_for_the_test() -> None:
    entry = stanza("GPQA-Diamond")
    assert entry.split("test") == "test" and entry.splits["test"] == "train" and entry.confidential
    assert not core(make("GPQA-Diamond")).confidential


@pytest.mark.parametrize(("name", "least"), [("MedQA", 0.75), ("GPQA-Diamond", 1.0)])  # a dose takes a third act
def test_an_act_or_two_of_the_proposals_show_the_right_option(name: str, least: float) -> None:
    env = make(name, split="test")
    tasks = core(env).taskset[:20]
    found = sum(reached(env, task.id, core(env).taskset.gold(task.id).answers[1]) for task in tasks)
    assert found >= least * len(tasks), found


def reached(env: gym.Env[Any, Any], task_id: str, right: str) -> bool:
    """Whether a proposed act, or one that is proposed after it, shows ``right`` as it stands in the options."""

    def shows(actions: tuple[Action, ...]) -> bool:
        shown = replay(core(env), task_id, actions).context.observation
        return f" {' '.join(words(right))} " in f" {' '.join(words(shown))} "

    def acts(actions: tuple[Action, ...]) -> list[Action]:
        offered = replay(core(env), task_id, actions).context.proposals
        return [action for action in offered if action.kind is ActionKind.ACT]

    firsts = acts(())
    return any(shows((act,)) for act in firsts) or any(
        shows((first, then)) for first in firsts[:3] for then in acts((first,))
    )


@real
def test_real_questions_of_medqa_are_read_back() -> None:
    env = make("MedQA", f"file:{DATA}", split="test")
    tasks = core(env).taskset
    assert len(tasks) == len((DATA / "test.jsonl").read_text(encoding="utf-8").split("\n")) - 1
    for index, task in enumerate(tasks):
        question, options = read_question(task.prompt)
        assert dict(options) == {k: " ".join(v.split()) for k, v in task.record["options"].items()}, f"record {index}"
        assert question and task.prompt.startswith(question)


@real
def test_real_questions_of_medqa_are_answered_by_text_and_letter() -> None:
    env = make("MedQA", f"file:{DATA}", split="test")
    tasks = core(env).taskset
    for index, task in enumerate(tasks):
        letter, text = tasks.gold(task.id).answers
        env.reset(options={"index": index})
        assert env.step(Action.accept(letter))[1] == 1.0, f"record {index}"
        named = [chosen(answer, task.record["options"]) for answer in (text, f"{letter}. {text}", f"({letter})")]
        assert named == [letter] * 3, f"record {index}"
    for index in np.random.default_rng(0).choice(len(tasks), 20, replace=False).tolist():
        offered = context(env, index).proposals
        assert sum(core(env).score(a.argument).success for a in offered if a.kind is ActionKind.ACCEPT) == 1


def context(env: gym.Env[Any, Any], index: int) -> Any:
    """The first context of a task in which answers are offered."""
    episode = Episode(env, seed=0, task_id=core(env).taskset[index].id)
    while not any(action.kind is ActionKind.ACCEPT for action in episode.context.proposals):
        episode.step(Decision(episode.context.proposals[0], 0.0, 0.0))
    return episode.context
