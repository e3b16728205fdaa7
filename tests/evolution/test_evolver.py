"""Evolver: phases on real rollouts and on hand-made credit; what enters, what goes, what is logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from skillflow_gym import Action, InfrastructureError, Trajectory
from skillflow_gym.evolution import Evolver, Settings
from skillflow_gym.evolution.authors import Draft, Pair
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.audit import Protected
from skillflow_gym.skills.store import SkillStore
from tests.contract.harness import taskset
from tests.evolution.making import (
    COUNT,
    DRAWERS,
    LOOK,
    NAME,
    OPEN,
    OVERRIDE,
    Gate,
    Writer,
    changes,
    events,
    evolver_of,
    feed,
    real,
    worth,
)
from tests.flow.making import rollout


def test_a_skill_is_written_from_real_rollouts(tmp_path: Path) -> None:
    author = Writer([[LOOK]])
    evolver = evolver_of(author, store=tmp_path)
    feed(evolver, real(0))
    assert evolver.ready
    library = evolver.end_phase()
    assert library is evolver.library and library.names == ("look-twice",) and evolver.phase == 1
    assert library["look-twice"].content_hash == LOOK.content_hash
    assert library["look-twice"].metadata["created"] == "1"
    (entry,) = SkillStore(tmp_path).entries()
    assert entry.library == library and entry.event["kind"] == "phase" and entry.event["step"] == 1
    (change,) = entry.event["changes"]
    assert (change["kind"], change["skill"]) == ("create", "look-twice")
    evidence = change["evidence"]
    made = {t.id: t for t in real(0)}
    tasks = {made[id].task_id for id in evidence["trajectories"]}
    assert sorted(tasks) == evidence["tasks"] and evidence["gate"] == {"rule": "open"}
    by_outcome = {id: made[id].success for id in evidence["trajectories"]}
    assert sum(by_outcome.values()) == len(by_outcome) / 2, "a success and a failure of each task"
    assert entry.event["cost"] == {"rollouts": 0, "tokens": 11} == evolver.cost
    assert not evolver.ready, "the next phase has just begun"


def test_the_gate_tries_candidates_on_tasks_that_taught_nothing(tmp_path: Path) -> None:
    gate = Gate(harmful=("open-drawers",))
    evolver = evolver_of(Writer([[LOOK, DRAWERS]]), store=tmp_path, gate_tasks=4, gate_rollouts=2)
    feed(evolver, real(0))
    assert evolver.end_phase(gate).names == ("look-twice",)
    assert gate.excluded == set(events(tmp_path)[0]["changes"][0]["evidence"]["tasks"])
    assert [library.names for library in gate.asked] == [(), ("look-twice",), ("look-twice", "open-drawers")]
    assert changes(evolver, tmp_path) == [("create", "look-twice"), ("reject", "open-drawers")]
    rejected = events(tmp_path)[0]["changes"][1]["evidence"]
    assert rejected["gate"]["difference"][2] < 0 and rejected["as"] == "create"
    assert rejected["skill"] == {"description": DRAWERS.description, "body": DRAWERS.body}
    assert evolver.cost["rollouts"] == 3 * 8 == events(tmp_path)[0]["cost"]["rollouts"]


def test_what_was_refused_is_never_tried_again(tmp_path: Path) -> None:
    gate = Gate(harmful=("open-drawers", "odd-name"))
    renamed = replace(DRAWERS, metadata={"visits": "3"})
    author = Writer([[DRAWERS, OVERRIDE], [renamed, OVERRIDE], [replace(DRAWERS, body="Open one of them.")]])
    evolver = evolver_of(author, store=tmp_path, gate_tasks=2, new_skills=3)
    asked = []
    for seed in range(3):
        feed(evolver, real(seed))
        evolver.end_phase(gate)
        asked.append(sum("open-drawers" in library for library in gate.asked))
    assert asked == [1, 1, 2], "with other words it is another candidate"
    kinds = [[(c["kind"], c["skill"]) for c in event["changes"]] for event in events(tmp_path)]
    assert kinds == [[("reject", "open-drawers"), ("reject", "take-over")], [], [("reject", "open-drawers")]]
    assert not evolver.library


def test_the_audit_comes_before_the_gate_and_its_reasons_are_kept(tmp_path: Path) -> None:
    answer = next(
        a
        for task in taskset(NAME, "test")
        for a in taskset(NAME, "test").gold(task.id).answers
        if len(a) > 9 and a[0].isupper() and " " in a
    )
    leak = Skill("know-it", "For all.", f"Accept {answer} if you are not sure.")
    gate = Gate()
    author = Writer([[OVERRIDE, leak, LOOK]])
    protected = Protected.of([taskset(NAME, "test")])
    store = SkillStore(tmp_path)
    evolver = Evolver(author, Settings(**{**OPEN, "gate_tasks": 2, "new_skills": 3}), store=store, protected=protected)
    feed(evolver, real(0))
    assert evolver.end_phase(gate).names == ("look-twice",)
    assert all({"take-over", "know-it"}.isdisjoint(library) for library in gate.asked)
    one, two, _ = events(tmp_path)[0]["changes"]
    assert one["kind"] == two["kind"] == "reject" and [f[0] for f in one["evidence"]["findings"]] == ["override"]
    assert two["evidence"]["findings"] and two["evidence"]["skill"]["body"] == leak.body


@pytest.mark.parametrize("text", ["a\ud800b", "safe \u202e txet", "\x00", "a\u200bb " * 9])
def test_text_that_no_file_holds_never_ends_a_run(tmp_path: Path, text: str) -> None:
    evolver = evolver_of(Writer([[Skill("odd", "Odd.", text), LOOK]]), store=tmp_path)
    feed(evolver, real(0))
    assert evolver.end_phase().names == ("look-twice",)
    assert changes(evolver, tmp_path) == [("reject", "odd"), ("create", "look-twice")]


@pytest.mark.parametrize("name", ["Bad Name", "a--b", "x" * 65, ""])
def test_only_skills_that_can_be_named_and_exported_enter(tmp_path: Path, name: str) -> None:
    evolver = evolver_of(Writer([[replace(LOOK, name=name), DRAWERS]]), store=tmp_path / "store")
    feed(evolver, real(0))
    evolver.end_phase().save(tmp_path / "export")
    assert evolver.library.names == ("open-drawers",)


def test_names_and_texts_that_are_taken_are_refused_with_a_reason(tmp_path: Path) -> None:
    same_name = replace(DRAWERS, name=LOOK.name)
    same_text = replace(LOOK, name="read-again")
    evolver = evolver_of(Writer([[same_name, same_text]]), LOOK, store=tmp_path)
    feed(evolver, real(0))
    assert evolver.end_phase().names == ("look-twice",)
    one, two = [change for change in events(tmp_path)[0]["changes"] if change["kind"] == "reject"]
    assert "of this name" in one["evidence"]["reason"] and "the same as look-twice" in two["evidence"]["reason"]


def test_the_library_never_exceeds_its_capacity(tmp_path: Path) -> None:
    skills = [Skill(f"s{n}", f"Kind {n}.", f"Read{' again' * n}, then look for date {n}.") for n in range(9)]
    author = Writer([skills])
    evolver = evolver_of(author, *skills[:2], store=tmp_path, capacity=4, new_skills=9, merge_at=1.0)
    author.creates = [skills[2:]]
    for seed in range(3):
        feed(evolver, real(seed))
        assert len(evolver.end_phase()) == 4
    assert len(author.room) == 1, "not asked when there is no room"
    with pytest.raises(ValueError, match="capacity of 4"):
        evolver_of(author, *skills[:5], capacity=4)


def test_a_full_library_can_still_prune_and_then_adds(tmp_path: Path) -> None:
    evolver = evolver_of(Writer([[COUNT]]), LOOK, DRAWERS, store=tmp_path, capacity=2)
    for step in range(2):
        feed(evolver, worth({"look-twice": 1.0, "open-drawers": -1.0}, step))
        library = evolver.end_phase()
    assert library.names == ("count-coins", "look-twice")
    assert changes(evolver, tmp_path) == [
        ("retain", "look-twice"),
        ("prune", "open-drawers"),
        ("create", "count-coins"),
    ]
    pruned = events(tmp_path)[-1]["changes"][1]["evidence"]
    assert pruned["g"] == pytest.approx(-1.0) and pruned["below"] == 2 and pruned["visits"] == 40
    assert pruned["g_interval"][2] < 0


def test_what_was_pruned_does_not_come_back_in_the_same_phase(tmp_path: Path) -> None:
    evolver = evolver_of(Writer([[], [DRAWERS]]), LOOK, DRAWERS, store=tmp_path)
    for step in range(2):
        feed(evolver, worth({"look-twice": 1.0, "open-drawers": -1.0}, step))
        evolver.end_phase()
    assert ("prune", "open-drawers") in changes(evolver, tmp_path)
    assert evolver.library.names == ("look-twice",)


def test_what_is_never_offered_or_hardly_read_stays(tmp_path: Path) -> None:
    evolver = evolver_of(Writer(), LOOK, DRAWERS, COUNT, store=tmp_path, capacity=3)
    for step in range(5):
        few = worth({"look-twice": -3.0}, step, "look-twice open-drawers")[:9]
        feed(evolver, [*few, *worth({"open-drawers": 1.0}, step, "look-twice open-drawers")])
        assert evolver.end_phase().names == ("count-coins", "look-twice", "open-drawers")
        evolver._observed.clear()
        assert ("wait", "count-coins") in changes(evolver, tmp_path)
    kinds = {c["skill"]: c["kind"] for c in events(tmp_path)[0]["changes"]}
    assert kinds == {"count-coins": "wait", "look-twice": "wait", "open-drawers": "retain"}


def test_of_two_that_say_the_same_the_better_stays(tmp_path: Path) -> None:
    twin = replace(LOOK, name="a-twin")
    evolver = evolver_of(Writer(), LOOK, twin, DRAWERS, store=tmp_path)
    feed(evolver, worth({"look-twice": 1.0, "a-twin": 0.5, "open-drawers": 0.2}))
    assert evolver.end_phase().names == ("look-twice", "open-drawers")
    merge = next(c for c in events(tmp_path)[0]["changes"] if c["kind"] == "merge")
    assert merge["skill"] == "a-twin" and merge["evidence"]["into"] == "look-twice"
    assert merge["evidence"]["similarity"] == 1.0 and merge["evidence"]["g"] == pytest.approx(0.5)


def test_refining_keeps_the_name_and_says_what_changed(tmp_path: Path) -> None:
    better = "Open the drawer next to you, look into it, and only then go on to the others."
    author = Writer(refines=lambda skill: replace(skill, body=better))
    evolver = evolver_of(author, LOOK, DRAWERS, store=tmp_path)
    feed(evolver, worth({"look-twice": 1.0, "open-drawers": -0.5}))
    library = evolver.end_phase()
    assert library.names == ("look-twice", "open-drawers") and library["open-drawers"].body == better
    assert set(library["open-drawers"].metadata) == {"created"}, "the numbers were of the old text"
    (change,) = [c for c in events(tmp_path)[0]["changes"] if c["skill"] == "open-drawers"]
    assert change["kind"] == "refine" and change["evidence"]["before"]["body"] == DRAWERS.body
    assert change["evidence"]["after"]["body"] == better and change["evidence"]["g"] == pytest.approx(-0.5)
    feed(evolver, worth({"look-twice": 1.0, "open-drawers": -0.5}, 1))
    evolver.end_phase()
    assert "open-drawers" in evolver.library, "a refined skill begins its row anew"


def test_every_skill_has_a_line_in_every_event(tmp_path: Path) -> None:
    evolver = evolver_of(Writer(), LOOK, DRAWERS, store=tmp_path)
    feed(evolver, worth({"look-twice": 1.0, "open-drawers": -0.5}))
    evolver.end_phase()
    assert changes(evolver, tmp_path) == [("retain", "look-twice"), ("wait", "open-drawers")]
    assert "nothing better" in events(tmp_path)[0]["changes"][1]["evidence"]["reason"]


def test_a_refinement_that_was_refused_before_still_has_a_line(tmp_path: Path) -> None:
    author = Writer(refines=lambda skill: replace(skill, body=OVERRIDE.body))
    evolver = evolver_of(author, LOOK, DRAWERS, store=tmp_path, below_phases=9)
    for step in range(2):
        feed(evolver, worth({"look-twice": 1.0, "open-drawers": -0.5}, step))
        evolver.end_phase()
        assert {c["skill"] for c in events(tmp_path)[-1]["changes"]} == {"look-twice", "open-drawers"}
    assert [kind for kind, _ in changes(evolver, tmp_path)] == ["retain", "wait"]


def test_skills_are_judged_by_what_was_seen_of_their_library(tmp_path: Path) -> None:
    evolver = evolver_of(Writer([[COUNT], []]), LOOK, DRAWERS, store=tmp_path)
    feed(evolver, worth({"look-twice": 1.0, "open-drawers": -1.0}))
    assert "count-coins" in evolver.end_phase()
    feed(evolver, worth({"open-drawers": 1.0}, 1, "look-twice open-drawers"))
    evolver.end_phase()
    evidence = {change["skill"]: change["evidence"] for change in events(tmp_path)[1]["changes"]}
    assert evidence["look-twice"]["visits"] == 0 and evidence["open-drawers"]["g"] == pytest.approx(1.0)
    feed(evolver, worth({"open-drawers": 1.0}, 2, "look-twice open-drawers"))
    evolver.end_phase()
    evidence = {change["skill"]: change["evidence"] for change in events(tmp_path)[2]["changes"]}
    assert evidence["open-drawers"]["visits"] == 40, "the library was the same, so nothing was forgotten"


def test_the_latest_pair_of_each_task_is_written_from() -> None:
    shown: list[list[Pair]] = []

    class Reader(Writer):
        def create(self, pairs: Sequence[Pair], library: SkillLibrary, limit: int) -> list[Draft]:
            shown.append(list(pairs))
            return []

    evolver = evolver_of(Reader(), window=2)
    for seed in range(4):
        feed(evolver, real(seed))
    evolver.end_phase()
    (pairs,) = shown
    assert len({pair.task for pair in pairs}) == len(pairs) > 4
    for pair in pairs:
        latest = max(seed for seed in range(4) if len({t.success for t in real(seed) if t.task_id == pair.task}) == 2)
        assert pair.success.id.startswith(f"{latest}/") and pair.failure.id.startswith(f"{latest}/")
        assert pair.success.success and not pair.failure.success


def test_tree_credit_triggers_nothing() -> None:
    author = Writer([[LOOK]])
    evolver = evolver_of(author)
    feed(evolver, real(0), tree=True)
    assert not evolver.end_phase() and author.calls == []


def test_only_train_tasks_with_an_outcome_are_seen() -> None:
    evolver = evolver_of(Writer())
    base = real(0)[0]
    for split in ("test", "validation"):
        with pytest.raises(ValueError, match="train tasks only"):
            evolver.observe(replace(base, split=split))
    evolver.observe(replace(base, unscored=True))
    evolver.observe(replace(base, turns=()))
    assert evolver.pending == 0
    evolver.end_step()
    assert evolver.step == 0 and not evolver.ready, "an empty step is none"
    evolver.observe(replace(base, split=""))
    with pytest.raises(ValueError, match=base.id):
        evolver.observe(base)
    assert evolver.pending == 1


def test_the_gate_needs_rollouts() -> None:
    evolver = evolver_of(Writer([[LOOK]]), gate_tasks=1)
    feed(evolver, real(0))
    before = json.dumps(evolver.state())
    with pytest.raises(ValueError, match="gate_tasks=0"):
        evolver.end_phase()
    assert json.dumps(evolver.state()) == before


class Away(Writer):
    """Its server is away for the first ``failures`` questions."""

    failures = 1

    def _fail(self) -> None:
        if len(self.calls) <= self.failures:
            raise InfrastructureError("the server is away")

    def create(self, pairs: Sequence[Pair], library: SkillLibrary, limit: int) -> list[Draft]:
        drafts = super().create(pairs, library, limit)
        self._fail()
        return drafts

    def refine(self, skill: Skill, pairs: Sequence[Pair]) -> Draft | None:
        draft = super().refine(skill, pairs)
        self._fail()
        return draft


def test_a_phase_goes_on_without_an_author_that_fails_and_the_next_one_asks_again(tmp_path: Path) -> None:
    author = Away([[COUNT]])
    evolver = evolver_of(author, LOOK, DRAWERS, store=tmp_path)
    for step in range(2):
        feed(evolver, worth({"look-twice": 1.0, "open-drawers": 1.0}, step))
        evolver.end_phase()
    first, second = events(tmp_path)
    assert first["changes"][-1] == {
        "kind": "author failed",
        "skill": "",
        "evidence": {"reason": "the server is away"},
    }
    assert [c["kind"] for c in first["changes"][:-1]] == ["retain", "retain"], "what needs no author is done"
    assert [c["kind"] for c in second["changes"]] == ["retain", "retain", "create"] and evolver.phase == 2
    assert author.calls == ["create", "create"] and "count-coins" in evolver.library


def test_an_author_that_failed_is_not_asked_again_in_the_same_phase(tmp_path: Path) -> None:
    author = Away()
    evolver = evolver_of(author, LOOK, DRAWERS, COUNT, store=tmp_path)
    feed(evolver, worth({"look-twice": 1.0, "open-drawers": -0.5, "count-coins": -0.4}))
    evolver.end_phase()
    assert author.calls == ["refine count-coins"]
    found = changes(evolver, tmp_path)
    assert found == [("retain", "look-twice"), ("author failed", "count-coins"), ("wait", "open-drawers")]
    failed, waits = (change["evidence"] for change in events(tmp_path)[0]["changes"][1:])
    assert failed["reason"] == "the server is away" and failed["g"] == pytest.approx(-0.4)
    assert "author had failed" in waits["reason"] and evolver.library.names == (
        "count-coins",
        "look-twice",
        "open-drawers",
    )


def test_phases_without_new_visits_do_not_count(tmp_path: Path) -> None:
    """Whoever ends phases, three of them on one visit's evidence prove no more than one."""
    evolver = evolver_of(Writer(), LOOK, DRAWERS, store=tmp_path, min_visits=1)
    feed(evolver, worth({"look-twice": 1.0, "open-drawers": -1.0}))
    for _ in range(3):
        evolver.end_phase()
    feed(evolver, worth({"look-twice": 1.0}, 1, "look-twice open-drawers"))
    assert evolver.end_phase().names == ("look-twice", "open-drawers"), "offered, but not read again"
    feed(evolver, worth({"look-twice": 1.0, "open-drawers": -1.0}, 2))
    assert evolver.end_phase().names == ("look-twice",)
    rows = [
        c["evidence"]["below"] for event in events(tmp_path) for c in event["changes"] if c["skill"] == DRAWERS.name
    ]
    assert rows == [1, 1, 1, 1, 2]


def unread(step: int, turns: int = 1) -> list[Trajectory]:
    """Sixty trajectories in which a third of what is proposed reads ``open-drawers``, and nobody does."""
    made = []
    for n in range(60):
        steps = [(Action.act("look"), -1.0, -1.0)] * turns
        one = rollout(*steps, id=f"{step}/{n}", task_id=f"q{n // 2}", skills="look-twice open-drawers")
        proposed = (Action.act("look"), Action.act("wait"), Action.skill("open-drawers"))
        made.append(replace(one, turns=tuple(replace(turn, candidates=proposed, chosen=0) for turn in one.turns)))
    return made


def test_what_is_avoided_is_pruned_once_it_was_offered_again(tmp_path: Path) -> None:
    evolver = evolver_of(Writer(), LOOK, DRAWERS, store=tmp_path)
    feed(evolver, unread(0))
    for _ in range(3):
        assert evolver.end_phase().names == ("look-twice", "open-drawers")
    feed(evolver, unread(1))
    assert evolver.end_phase().names == ("look-twice",), "look-twice was on offer, but nobody proposed it"
    last = {c["skill"]: c for c in events(tmp_path)[-1]["changes"]}
    assert last["open-drawers"]["kind"] == "prune" and last["look-twice"]["kind"] == "wait"
    assert last["open-drawers"]["evidence"]["expected_visits"] == pytest.approx(40)
    assert last["look-twice"]["evidence"]["expected_visits"] == 0


def test_what_the_reference_would_have_read_may_be_told(tmp_path: Path) -> None:
    """The same without proposals; and numbers that are no probabilities, or too few, are refused."""
    evolver = evolver_of(Writer(), DRAWERS, store=tmp_path)
    for step in range(2):
        for one in unread(step):
            plain = replace(one, turns=tuple(replace(turn, candidates=(), chosen=-1) for turn in one.turns))
            evolver.observe(plain)
            evolver.credit(plain.id, [-1.0], [-1.0], 0.0, [{"open-drawers": 1 / 3}])
        evolver.end_step()
        evolver.end_phase()
    assert not evolver.library
    evolver.observe(one)
    refused: list[list[dict[str, float]]] = [[], [{}, {}], [{"a": -0.1}], [{"a": 0.6, "b": 0.6}], [{"a": float("nan")}]]
    for wrong in refused:
        with pytest.raises(ValueError, match=rf"{one.id}"):
            evolver.credit(one.id, [-1.0], [-1.0], 0.0, wrong)


def test_the_trajectories_that_an_event_names_can_be_kept(tmp_path: Path) -> None:
    evolver = evolver_of(Writer([[LOOK, DRAWERS], []]), store=tmp_path)
    feed(evolver, real(0))
    evolver.end_phase()
    ids = {id for change in events(tmp_path)[0]["changes"] for id in change["evidence"]["trajectories"]}
    assert {t.id for t in evolver.named} == ids and len(evolver.named) == len(ids) > 0
    assert all(trajectory in real(0) for trajectory in evolver.named)
    feed(evolver, real(1))
    evolver.end_phase()
    assert evolver.named == ()


def test_skills_to_begin_with_must_pass_the_audit() -> None:
    with pytest.raises(ValueError, match=r"'take-over' does not pass the audit: override"):
        evolver_of(Writer(), OVERRIDE)


def test_without_credit_outcomes_decide_and_the_log_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    author = Writer([[LOOK]])
    evolver = evolver_of(author, period=3)
    with caplog.at_level(logging.WARNING, "skillflow_gym"):
        for seed in range(3):
            for trajectory in real(seed):
                evolver.observe(trajectory)
            evolver.end_step()
    assert [record.getMessage() for record in caplog.records if "no credit" in record.getMessage()] == [
        "evolution has no credit from the learner: outcomes alone decide where and what"
    ]
    assert evolver.end_phase().names == ("look-twice",)


def test_periodic_phases_come_by_the_period_and_others_at_a_plateau() -> None:
    evolver = evolver_of(Writer(), period=3)
    ready = []
    for seed in range(7):
        feed(evolver, real(seed))
        ready.append(evolver.ready)
        if evolver.ready:
            evolver.end_phase()
    assert ready == [False, False, True, False, False, True, False]
    evolver = evolver_of(Writer(), when="plateau", window=2, flat_windows=2)
    ready = []
    for _ in range(16):
        feed(evolver, real(0))
        ready.append(evolver.ready)
        if evolver.ready:
            evolver.end_phase()
    assert [n for n, now in enumerate(ready, start=1) if now] == [6, 14], "2 ignored, then 3 windows of 2"


def test_the_ablations_draw(tmp_path: Path) -> None:
    """Chance judges skills that are all good; steps are drawn where credit found some."""
    skills = [Skill(f"s{n}", f"Kind {n}.", f"Read{' again' * n}, then look for date {n}.") for n in range(12)]
    evolver = evolver_of(Writer(), *skills, store=tmp_path, what="random", merge_at=1.0)
    feed(evolver, worth({skill.name: 1.0 for skill in skills}))
    evolver.end_phase()
    kinds = {kind for kind, _ in changes(evolver, tmp_path)}
    assert {"retain", "prune", "wait"} <= kinds and 0 < len(evolver.library) < 12
    evolver = evolver_of(Writer([[LOOK]]), where="random")
    feed(evolver, real(0))
    assert evolver.end_phase().names == ("look-twice",)


def test_new_ids_are_new() -> None:
    evolver = evolver_of(Writer())
    assert len({evolver.new_id() for _ in range(100)}) == 100
