"""Evolver: what is kept, in its state and in the store, and that it goes on equally from there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.evolution import Evolver
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.store import SkillStore
from tests.evolution.making import COUNT, DRAWERS, LOOK, OVERRIDE, Gate, Writer, evolver_of, feed, real, worth


def run(evolver: Evolver, phases: Iterable[int]) -> None:
    for phase in phases:
        for n in range(2):
            names = evolver.library.names
            known = {name: 1.0 if name < "m" else -0.4 for name in names}
            feed(evolver, [*real(2 * phase + n), *(worth(known, phase) if known else [])])
        evolver.end_phase(Gate(harmful=("bad",)))


SERIES = [[LOOK, Skill("bad", "Bad.", "Do the worst thing first of all, then stop.")], [DRAWERS], [COUNT], [OVERRIDE]]


@pytest.mark.parametrize("ablation", [{}, {"what": "random"}, {"where": "random"}])
def test_a_restored_evolver_goes_on_equally(tmp_path: Path, ablation: dict[str, Any]) -> None:
    def fresh(name: str) -> Evolver:
        more: dict[str, Any] = {"gate_tasks": 2, "period": 2, "window": 3, **ablation}
        return evolver_of(Writer(SERIES), store=tmp_path / name, **more)

    whole, first, second = fresh("whole"), fresh("parts"), fresh("parts")
    for evolver in (whole, first):
        run(evolver, range(3))
        feed(evolver, real(99))
    second.load(json.loads(json.dumps(first.state())))
    assert second.library == first.library and second.cost == first.cost
    second._author.room += first._author.room  # type: ignore[attr-defined]  # it goes on in its series
    for evolver in (whole, second):
        run(evolver, range(6, 9))
    assert [(e.event, e.library) for e in SkillStore(tmp_path / "whole").entries()] == [
        (e.event, e.library) for e in SkillStore(tmp_path / "parts").entries()
    ]
    assert json.dumps(second.state()) == json.dumps(whole.state()) and whole.phase == 6


def test_beta_is_restored() -> None:
    one, other = evolver_of(Writer(), when="plateau", window=1), evolver_of(Writer(), when="plateau", window=1)
    one.set_beta(2.0)
    other.load(json.loads(json.dumps(one.state())))
    for evolver in (one, other):
        feed(evolver, real(0))
    assert one._plateau.signal == other._plateau.signal


def test_the_store_holds_every_version_and_event(tmp_path: Path) -> None:
    evolver = evolver_of(Writer(SERIES), store=tmp_path, gate_tasks=2, period=2)
    seen = []
    for phase in range(5):
        run(evolver, [phase])
        seen.append(evolver.library)
    entries = list(SkillStore(tmp_path).entries())
    assert [entry.library for entry in entries] == seen
    assert [entry.event["phase"] for entry in entries] == [1, 2, 3, 4, 5]
    assert len({library.version for library in seen}) > 2
    for entry in entries:
        text = json.dumps(entry.event, allow_nan=False)
        assert json.loads(text) == entry.event and entry.event["reason"] == "periodic"
        kinds = {change["kind"] for change in entry.event["changes"]}
        assert kinds <= {"create", "refine", "prune", "merge", "retain", "wait", "reject"}
    assert sum(entry.event["cost"]["rollouts"] for entry in entries) == evolver.cost["rollouts"]
    changed = SkillLibrary()
    for entry in entries:  # the log says what the diff says
        difference = changed.diff(entry.library)
        by_kind = {
            kind: {c["skill"] for c in entry.event["changes"] if c["kind"] == kind}
            for kind in ("create", "prune", "merge", "refine")
        }
        assert set(difference.added) == by_kind["create"] and set(difference.changed) == by_kind["refine"]
        assert set(difference.removed) == by_kind["prune"] | by_kind["merge"]
        changed = entry.library


def test_the_store_holds_the_library_it_began_with(tmp_path: Path) -> None:
    evolver = evolver_of(Writer([[COUNT]]), LOOK, store=tmp_path)
    first = evolver.library
    feed(evolver, real(0))
    assert evolver.end_phase() != first
    assert SkillStore(tmp_path).load(first.version) == first, "so that nothing is lost and a roll back is possible"


def test_statistics_are_kept_without_a_new_version(tmp_path: Path) -> None:
    evolver = evolver_of(Writer(), LOOK, DRAWERS, store=tmp_path)
    version = evolver.library.version
    feed(evolver, worth({"look-twice": 1.0, "open-drawers": 0.5}))
    library = evolver.end_phase()
    assert library.version == version and library["look-twice"].metadata["visits"] == "20"
    assert float(library["look-twice"].metadata["g"]) == pytest.approx(1.0)
    assert float(library["look-twice"].metadata["share"]) == pytest.approx(0.25)
