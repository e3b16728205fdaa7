"""The store of library versions: nothing that was appended is lost, and nothing damaged is taken for sound."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillflow_gym import Skill, SkillLibrary
from skillflow_gym.skills.store import SkillStore, StoreError
from tests.skills import appender

ROOT = Path(__file__).resolve().parents[2]
ONE = SkillLibrary([Skill("look", "Look around", "Look first.", {"visits": "1"})])
TWO = SkillLibrary([Skill("look", "Look around", "Look twice."), Skill("ask", "Ask", "Ask.")])
LATER = SkillLibrary([Skill("look", "Look around", "Look first.", {"visits": "9"})])


@pytest.fixture
def store(tmp_path: Path) -> SkillStore:
    return SkillStore(tmp_path / "skills")


def files(store: SkillStore) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.folder.iterdir()}


def history(store: SkillStore) -> list[tuple[int, str, str]]:
    return [(entry.number, entry.version, entry.parent) for entry in store.entries()]


def test_a_new_store_is_empty(store: SkillStore) -> None:
    assert (store.head, store.versions, history(store)) == ("", (), [])
    with pytest.raises(StoreError, match="holds no version 'x': it has 0 entries"):
        store.load("x")
    with pytest.raises(StoreError, match="holds no version 'x'"):
        store.rollback("x")
    assert not store.folder.exists(), "reading makes nothing"


def test_every_version_is_kept_with_its_evidence(store: SkillStore) -> None:
    event = {"kind": "refine", "evidence": {"gap": [0.1, 1e-300], "why": "Évora\n\ud800"}, "pair": ("a", "b")}
    empty = SkillLibrary()
    entries = [store.append(library, {**event, "n": n}) for n, library in enumerate((empty, ONE, TWO))]
    again = SkillStore(str(store.folder))
    assert list(again.entries()) == entries
    assert history(again) == [(1, empty.version, ""), (2, ONE.version, empty.version), (3, TWO.version, ONE.version)]
    assert again.head == TWO.version and again.versions == (empty.version, ONE.version, TWO.version)
    assert [again.load(version) for version in again.versions] == [empty, ONE, TWO]
    assert entries[2].event == {**event, "pair": ["a", "b"], "n": 2}


def test_statistics_are_kept_for_each_append(store: SkillStore) -> None:
    for n, library in enumerate((ONE, TWO, LATER)):
        store.append(library, {"n": n})
    assert ONE.version == LATER.version == store.head and store.versions == (ONE.version, TWO.version)
    assert store.load(ONE.version) == LATER != ONE, "those of the last append"
    assert [entry.library for entry in store.entries()] == [ONE, TWO, LATER]


def test_appending_what_the_head_holds_changes_nothing(store: SkillStore) -> None:
    first = store.append(ONE, {"a": 1, "b": 2})
    second = store.append(TWO, {})
    before = files(store)
    same = Skill("ask", "Ask", "Ask.\n")
    assert store.append(SkillLibrary([TWO["look"], same]), {}) == second and files(store) == before
    assert store.append(ONE, {"b": 2, "a": 1}).number == 3, "it was the head once, but no more"
    assert store.append(ONE, {"a": 1, "b": 2}).number == 3
    assert store.append(LATER, {"a": 1, "b": 2}).number == 4, "other statistics"
    assert store.append(LATER, {"a": 1}).number == 5, "another reason"
    assert next(store.entries()) == first and store.append(LATER, {"a": 1}).parent == ONE.version


def test_rollback_is_an_append(store: SkillStore) -> None:
    store.append(ONE, {"n": 1})
    store.append(LATER, {"n": 2})
    store.append(TWO, {"n": 3})
    before = files(store)
    entry = store.rollback(ONE.version)
    assert entry[:4] == (4, ONE.version, TWO.version, {"kind": "rollback", "version": ONE.version})
    assert store.load(store.head) == entry.library == LATER
    assert store.rollback(ONE.version).number == 4, "repeated, it adds nothing"
    store.rollback(TWO.version)
    assert store.rollback(ONE.version).number == 6
    assert before.items() <= files(store).items(), "what was written stays as it was"


def test_a_file_can_be_checked_by_hand(store: SkillStore) -> None:
    store.append(ONE, {"n": 1})
    ((name, content),) = files(store).items()
    assert name == f"000001-{ONE.version}-{hashlib.sha256(content).hexdigest()[:16]}.json"
    skill = {"name": "look", "description": "Look around", "body": "Look first.", "metadata": {"visits": "1"}}
    assert json.loads(content) == {"event": {"n": 1}, "skills": [skill]}


@pytest.mark.parametrize("event", [{"x": math.nan}, {"x": math.inf}, {"x": object()}, {"x": {1, 2}}, {1: 2, "a": 3}])
def test_an_event_that_is_no_json_is_refused(store: SkillStore, event: dict[Any, Any]) -> None:
    with pytest.raises(StoreError, match=f"version {ONE.version} cannot be appended: no JSON"):
        store.append(ONE, event)
    assert store.head == "" and not store.folder.exists()


@pytest.mark.parametrize("skill", [Skill("a", "d", "\ud83d\ude00"), Skill("a", "d", "b", {1: "x"})])  # type: ignore[dict-item]
def test_a_skill_that_would_come_back_changed_is_refused(store: SkillStore, skill: Skill) -> None:
    with pytest.raises(StoreError, match="JSON does not give its skills back"):
        store.append(SkillLibrary([skill]), {})
    assert store.head == "" and not store.folder.exists()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["\r\n", "---", "\x00", "\ud800"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
libraries = st.lists(
    st.builds(Skill, texts, texts, texts, st.dictionaries(texts, texts, max_size=3)),
    max_size=3,
    unique_by=lambda skill: skill.name,
).map(SkillLibrary)


@settings(deadline=None, derandomize=True, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(libraries, st.dictionaries(texts, json_values, max_size=3)), max_size=4))
def test_any_history_comes_back(
    tmp_path_factory: pytest.TempPathFactory, appends: list[tuple[SkillLibrary, dict[str, Any]]]
) -> None:
    store = SkillStore(tmp_path_factory.mktemp("store"))
    entries = [store.append(library, {**event, "n": n}) for n, (library, event) in enumerate(appends)]
    assert list(store.entries()) == entries
    assert [(e.library, e.event) for e in entries] == [(x, {**event, "n": n}) for n, (x, event) in enumerate(appends)]


@pytest.fixture
def full(store: SkillStore) -> SkillStore:
    for n, library in enumerate((ONE, TWO, LATER)):
        store.append(library, {"n": n})
    return store


def assert_refused(store: SkillStore, version: str, file: Path) -> None:
    message = f"version {version} is damaged: the content of {file} does not match its name; restore the file"
    for read in (lambda: store.load(version), lambda: list(store.entries())):
        with pytest.raises(StoreError, match=re.escape(message)) as caught:
            read()
        assert "\n" not in str(caught.value)


def test_a_flipped_bit_is_refused(full: SkillStore) -> None:
    (file,) = full.folder.glob("000002-*.json")
    content = file.read_bytes()
    for position in range(len(content)):
        for bit in (1, 0x20, 0x80) if position % 16 == 0 else (1,):
            file.write_bytes(content[:position] + bytes([content[position] ^ bit]) + content[position + 1 :])
            assert_refused(full, TWO.version, file)
    file.write_bytes(content)
    assert full.load(TWO.version) == TWO


def test_a_truncated_file_is_refused(full: SkillStore) -> None:
    (file,) = full.folder.glob("000002-*.json")
    content = file.read_bytes()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        assert_refused(full, TWO.version, file)
    file.write_bytes(content + b" ")
    assert_refused(full, TWO.version, file)
    assert full.load(ONE.version) == LATER, "the others can be used"


def test_a_version_that_its_content_does_not_have_is_refused(full: SkillStore) -> None:
    (file,) = full.folder.glob("000002-*.json")
    other = file.rename(file.with_name(file.name.replace(TWO.version, "0" * 16)))
    assert_refused(full, "0" * 16, other)


def test_a_store_goes_on_from_a_damaged_head(full: SkillStore) -> None:
    (file,) = full.folder.glob("000003-*.json")
    file.write_bytes(b"")
    assert_refused(full, LATER.version, file)
    assert full.append(LATER, {"n": 2}).number == 3, "appending it again repairs it"
    assert full.load(LATER.version) == LATER and len(list(full.entries())) == 3
    file.write_bytes(b"")
    assert full.rollback(TWO.version).number == 4
    assert full.load(full.head) == TWO


def test_a_missing_and_a_doubled_entry_are_refused(full: SkillStore) -> None:
    (file,) = full.folder.glob("000002-*.json")
    content = file.read_bytes()
    reads = (lambda: full.head, lambda: full.versions, lambda: full.load(ONE.version), lambda: full.append(ONE, {}))
    file.unlink()
    for read in reads:
        with pytest.raises(StoreError, match=r"entry 2 is missing: restore 000002-\*.json from a copy"):
            read()
    for name in (file.name, file.name.replace(TWO.version, "0" * 16)):
        file.with_name(name).write_bytes(content)
    for read in reads:
        with pytest.raises(StoreError, match=r"entry 2 is there twice: .* move all but one of 000002-\*.json away"):
            read()


def test_what_was_half_written_is_never_seen(full: SkillStore) -> None:
    before = list(full.entries())
    (full.folder / "notes.txt").write_text("mine")
    content = next(full.folder.glob("000003-*.json")).read_bytes()
    for length in range(0, len(content), 7):
        (full.folder / "000004.json.partial").write_bytes(content[:length])
        assert list(SkillStore(full.folder).entries()) == before and full.head == LATER.version
    assert full.append(TWO, {"n": 3}).number == 4
    names = sorted(path.name for path in full.folder.iterdir())
    assert len(names) == 5 and names[-1] == "notes.txt", "and the next append clears it away"


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_an_append_that_fails_is_none(full: SkillStore, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("no space left on device")

    before = list(full.entries())
    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(OSError, match="no space"):
            full.append(TWO, {"n": 3})
    assert list(full.entries()) == before
    assert full.append(TWO, {"n": 3}).number == 4


@pytest.mark.parametrize("kills", [10, pytest.param(50, marks=pytest.mark.slow)])
def test_a_process_killed_at_any_moment_loses_nothing(kills: int, tmp_path: Path) -> None:
    rng = random.Random(0)
    done: dict[int, tuple[str, int]] = {}
    halves = 0
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-m", "tests.skills.appender", str(tmp_path / "store")]
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        assert process.stdin and process.stdout
        for _ in range(kills):
            print("start", file=process.stdin, flush=True)
            child = int(process.stdout.readline())
            time.sleep(rng.uniform(0, 0.05))
            os.kill(child, signal.SIGKILL)
            reported = [json.loads(line) for line in iter(process.stdout.readline, "gone\n")]
            done.update({number: (version, n) for number, version, n in reported})
            halves += any((tmp_path / "store").glob("*.partial"))
            entries = list(SkillStore(tmp_path / "store").entries())
            assert len(done) <= len(entries)
            for number, (version, n) in done.items():
                assert (entries[number - 1].version, number) == (version, n)
            for entry in entries:
                if entry.event["kind"] == "refine":
                    assert entry.event["n"] == entry.number and entry.library == appender.library(entry.number)
        process.stdin.close()
    assert process.returncode == 0
    assert done and (halves or kills < 50), "the kills left time for appends, and came in the middle of some"
    assert len(entries) - len(done) <= kills, "at most the append under way goes unreported"
