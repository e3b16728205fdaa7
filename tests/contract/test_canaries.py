"""Nothing that only the scorer may know is ever seen: canaries planted in every gold-only field, searched for in all
that comes out; and proposals, rendering and acting that never touch a Gold."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skillflow_gym import Action, ActionKind, Context, TaskSet
from skillflow_gym.policy import UniformPolicy
from skillflow_gym.registration import stanza
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.trajectory import write_trajectories
from tests.contract.garbage import garbage
from tests.contract.harness import careless, core, few, make, mini_records, play, short, uniform
from tests.envs import alfworld_games, humaneval_files, math_files, swebench_files, webshop_files

GOLD_FIELDS: Mapping[str, tuple[str, ...]] = {
    "HotpotQA": ("answer", "type", "level", "supporting_facts.title.*", "supporting_facts.sent_id.*"),
    "MuSiQue": (
        "answer",
        "answer_aliases.*",
        "question_decomposition.*.id",
        "question_decomposition.*.question",
        "question_decomposition.*.answer",
        "question_decomposition.*.paragraph_support_idx",
    ),
    "TriviaQA": (
        "answer.value",
        "answer.aliases.*",
        "answer.normalized_value",
        "answer.normalized_aliases.*",
        "answer.matched_wiki_entity_name",
        "answer.normalized_matched_wiki_entity_name",
        "answer.type",
    ),
    "NQ-Open": ("answer.*",),
    # Which candidate is right has a test of its own: all of them are on the page. The short form of an action is
    # public once its step is over.
    "Mind2Web": (
        "actions.*.action_uid",
        "actions.*.operation.original_op",
        "actions.*.operation.value",
    ),
    # Which option is right has a test of its own (tests/envs/test_choice.py): all of them are shown.
    "MedQA": ("meta_info",),
    "GPQA-Diamond": ("Explanation",),
    "Vaults": ("pair.*", "lever"),
}
"""The fields of a record that only the scorer may see; ``*`` stands for every element."""

PLANTED: Mapping[str, Callable[[Path], str]] = {
    "WebShop": webshop_files.planted,
    "ALFWorld": alfworld_games.planted,
    "HumanEval": humaneval_files.planted,
    "MATH-Hard": math_files.planted,
    "SWEBench": swebench_files.planted,
}
"""Benchmarks whose data are no records: the source that each makes of canaries in a folder."""

WORD, NUMBER = "zzcanaryzz", "86753090"
"""Every planted text holds the one, every planted number starts with the other."""


def plant(value: Any, path: str, number: int) -> Any:
    """``value`` with a canary in place of what ``path`` leads to."""
    if not path:
        return int(f"{NUMBER}{number}") if isinstance(value, int) else f"{WORD}{number}"
    step, _, rest = path.partition(".")
    if step == "*":
        return [plant(item, rest, number) for item in (value or ["an alias"])]
    return {**value, step: plant(value[step], rest, number)}


@pytest.fixture
def planted(name: str, tmp_path: Path) -> str:
    """A source whose gold-only fields are all canaries, a hundred records at most."""
    if name in PLANTED:
        return PLANTED[name](tmp_path)
    if stanza(name).package:
        pytest.skip(
            f"{name}'s tasks are in a package, not in files: what it knows of solutions is tested in tests/envs"
        )
    if name == "AIME-2026":
        pytest.skip("an answer has three digits at most: tests/envs/test_aime.py changes it, and nothing else changes")
    assert name in GOLD_FIELDS, f"say in GOLD_FIELDS which fields of a {name} record only the scorer may see"
    records = mini_records(name)[:100]
    for index in range(len(records)):
        for path in GOLD_FIELDS[name]:
            records[index] = plant(records[index], path, index)
    native = stanza(name).splits["train"]
    (tmp_path / f"{native}.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return f"file:{tmp_path}"


def canaries(text: str) -> bool:
    return WORD in text.lower() or NUMBER in text


def test_the_canaries_are_in_every_gold(name: str, planted: str) -> None:
    tasks = core(make(name, planted)).taskset
    for task in tasks:
        gold = tasks.gold(task.id)
        options = task.record.get("options", {})
        assert all(WORD in answer for answer in gold.answers if answer not in {*options, *options.values()})
        assert json.dumps([gold.answers, gold.record]).count(WORD) >= 1
        assert not canaries(repr(gold) + str(gold))


def test_nothing_that_comes_out_holds_a_canary(
    name: str, planted: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    out: list[str] = []
    for mode in ("ansi", "human", "html"):
        env = short(name, source=planted, render_mode=mode)
        inner = core(env)
        for seed in range(few(name, 10)):
            tape = play(env, seed, careless)
            out += [json.dumps(entry) for entry in tape.said]
            out.append(str(env.render()))
        rng = np.random.default_rng(0)
        for index in range(few(name, 20)):
            env.reset(options={"index": index})
            over = False
            while not over:
                *said, over, stopped, info = env.step(garbage(rng))
                over = over or stopped
                out += [json.dumps([*said, info]), str(env.render())]
        out += [repr(inner.taskset), str(inner), repr(env), repr(inner.task), str(inner.task), str(env.spec)]
        out += [repr(vars(task)) + task.fingerprint for task in inner.taskset]

    collector = Collector(lambda: short(name, source=planted))
    jobs = [Job(f"j{i}", inner.taskset[i].id, "g", (i,)) for i in range(few(name, 20))]
    trajectories = collector.collect(UniformPolicy(), jobs).trajectories
    write_trajectories(tmp_path / "out.jsonl", trajectories)
    proposals = [repr(turn.candidates) for trajectory in trajectories for turn in trajectory.turns]
    assert max(map(len, proposals)) > 20
    out += [(tmp_path / "out.jsonl").read_text(encoding="utf-8"), *proposals, *map(repr, trajectories)]
    out += [record.getMessage() for record in caplog.records]
    printed = capsys.readouterr()
    assert printed.out, "human mode prints"
    out += [printed.out, printed.err]
    assert [text[:200] for text in out if canaries(text)] == []


class Untouchable:
    """Stands for a Gold that is not there: whatever is asked of it is an error."""

    def __getattribute__(self, attribute: str) -> Any:
        raise AssertionError(f"gold.{attribute} was touched")


def test_proposals_need_no_gold(name: str) -> None:
    env = short(name)
    inner = core(env)

    def blind(context: Context, rng: np.random.Generator) -> Action:
        """Proposals once more, with Gold deleted; nothing is accepted, since scoring needs it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(inner.taskset, "_golds", [Untouchable()] * len(inner.taskset))
            with pytest.raises(AssertionError, match="was touched"):
                _ = inner.gold.answers
            patch.setattr(TaskSet, "gold", Untouchable())
            assert inner.proposals(context) == context.proposals
        return uniform(context, rng)

    for seed in range(few(name, 5)):
        play(env, seed, blind)


def test_question_answering_acts_without_gold(qa_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    env = make(qa_name, render_mode="html")
    monkeypatch.setattr(core(env).taskset, "_golds", [Untouchable()] * len(core(env).taskset))

    def act(context: Context, rng: np.random.Generator) -> Action:
        acts = [action for action in context.proposals if action.kind is ActionKind.ACT]
        return acts[int(rng.integers(len(acts)))]

    for seed in range(5):
        tape = play(env, seed, act)
        assert tape.said[-1][3] is True, "it ran to the step limit"
        assert env.render()
    with pytest.raises(AssertionError, match=r"gold\.answers was touched"):
        env.reset()
        env.step(Action.accept("x"))
