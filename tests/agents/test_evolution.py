"""Runs whose skills evolve: what they keep, that they go on after any kill, and what the final panel sees."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import yaml

from skillflow_gym.agents import evolution, ttb
from skillflow_gym.agents.evolution import EvolveArgs
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.agents.trainer import train
from skillflow_gym.agents.ttb import TTB, Args
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.rollout import Collector
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.load import load_library
from skillflow_gym.skills.store import SkillStore, StoreError
from skillflow_gym.trajectory import read_trajectories
from tests.agents.runs import SMALL, command, kept, resume, same_state, start, vaults
from tests.contract.outsider import registered
from tests.evolution.making import COUNT, DRAWERS, LOOK, OVERRIDE, Writer

SKILLS = [LOOK, DRAWERS, COUNT]
SETTINGS: dict[str, Any] = {
    "when": "periodic",
    "period": 2,
    "window": 4,
    "zeta": -20.0,
    "min_visits": 1,
    "gate_tasks": 2,
    "gate_rollouts": 1,
}
"""A phase every second update, in which every step of a success counts: a short run has learned nothing yet."""


@pytest.fixture(autouse=True)
def benchmark() -> Iterator[None]:
    with registered():
        yield


@pytest.fixture
def author(monkeypatch: pytest.MonkeyPatch) -> Writer:
    """Writes a skill a phase. It holds no state, so that a resumed run has an equal one."""

    class Next(Writer):
        def create(self, pairs: Any, library: SkillLibrary, limit: int) -> Any:
            self.creates = [[skill for skill in SKILLS if skill.name not in library][:1]]
            return super().create(pairs, library, limit)

    writer = Next()
    monkeypatch.setattr(evolution, "_author", lambda args: writer)
    return writer


def evolved(folder: Path, steps: int = 7, tasks_per_step: int = 4, **changes: Any) -> Any:
    """A run of TTB on the vaults whose skills evolve; ``changes`` are of the settings, or else of the run."""
    of_run = {name: changes.pop(name) for name in ("deadline", "trajectories_every") if name in changes}
    settings = {"on": True, **SETTINGS, **changes}
    return vaults(folder, steps=steps, tasks_per_step=tasks_per_step, evolve=settings, **of_run)


def files(folder: Path) -> dict[str, bytes]:
    """What must be the same when the run is made again, the store's files included."""
    return kept(folder) | {f"skills/{file.name}": file.read_bytes() for file in (folder / "skills").iterdir()}


def test_a_run_keeps_every_version_and_what_became_of_it(author: Writer, tmp_path: Path) -> None:
    trainer = evolved(tmp_path / "run")
    entries = list(SkillStore(tmp_path / "run" / "skills").entries())
    assert [entry.event["step"] for entry in entries] == [2, 4, 6]
    assert [len(entry.library) for entry in entries] == [1, 2, 3]
    assert load_library(str(tmp_path / "run")) == trainer.evolution.library == entries[-1].library
    rows = trainer.run.rows("metrics.jsonl")
    assert [row["evolution/skills"] for row in rows] == [0, 1, 1, 2, 2, 3, 3]
    assert [row["evolution/phases"] for row in rows] == [0, 1, 1, 2, 2, 3, 3]
    assert [row["evolution/tokens"] for row in rows] == sorted(row["evolution/tokens"] for row in rows)
    assert rows[-1]["evolution/rollouts"] == sum(entry.event["cost"]["rollouts"] for entry in entries) > 0
    assert rows[-1]["evolution/tokens"] == sum(entry.event["cost"]["tokens"] for entry in entries) > 0
    assert all(isinstance(value, int | float) and np.isfinite(value) for row in rows for value in row.values())
    assert all(row["evolve"] >= 0 for row in trainer.run.rows("timing.jsonl"))
    stored = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["args"]["evolve"]
    assert stored["on"] is True and stored["period"] == 2 and EvolveArgs(**stored) == trainer.args.evolve


def test_the_real_author_runs_and_repeats_itself(tmp_path: Path) -> None:
    """Whatever it has to say of a few vaults."""
    for name in ("a", "b"):
        evolved(tmp_path / name, tasks_per_step=8)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert [entry.event["phase"] for entry in SkillStore(tmp_path / "a" / "skills").entries()] == [1, 2, 3]


def test_rollouts_see_the_library_of_their_phase(author: Writer, tmp_path: Path) -> None:
    evolved(tmp_path / "run")
    entries = list(SkillStore(tmp_path / "run" / "skills").entries())
    versions = {entry.event["step"]: entry.version for entry in entries}
    for step in (2, 4, 6):
        trajectories = read_trajectories(tmp_path / "run" / "trajectories" / f"step-{step:06d}.jsonl")
        expected = versions.get(step - 2, SkillLibrary().version)
        assert {t.library_version for t in trajectories} == {expected}, "the phase ends after its rollouts"
    offered = [t.catalogue for t in trajectories]
    assert set(offered) == {entries[1].library.catalogue}
    for entry in entries:
        for change in entry.event["changes"]:
            assert set(change["evidence"].get("trajectories", ())) <= {
                f"{step}/{slot}/{k}" for step in range(1, 8) for slot in range(4) for k in range(4)
            }


def test_without_evolution_there_are_no_skills(tmp_path: Path) -> None:
    trainer = vaults(tmp_path / "run")
    assert not (tmp_path / "run" / "skills").exists() and not trainer.policy.skills
    assert not any(name.startswith("evolution/") for row in trainer.run.rows("metrics.jsonl") for name in row)


def test_the_final_panel_sees_the_evolved_library(
    author: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every rollout of the test panel after training, by sampling and greedily, and none before."""
    seen: list[tuple[str, str, str]] = []
    real = Collector.collect

    def collect(self: Collector, policy: Any, jobs: Any, **arguments: Any) -> Any:
        collection = real(self, policy, jobs, **arguments)
        seen.extend((t.split, t.policy_version, t.library_version) for t in collection.trajectories)
        return collection

    monkeypatch.setattr(Collector, "collect", collect)
    trainer = evolved(tmp_path / "run")
    version = trainer.evolution.library.version
    assert len(trainer.evolution.library) == 3
    panel = [(policy, library) for split, policy, library in seen if split == "test"]
    assert {library for policy, library in panel if policy == "scorer-7"} == {version}
    assert {library for policy, library in panel if policy != "scorer-7"} == {SkillLibrary().version}
    assert {split for split, _, _ in seen} == {"train", "test"}


def test_the_library_of_the_command_line_is_where_it_begins(author: Writer, tmp_path: Path) -> None:
    SkillLibrary([LOOK]).save(tmp_path / "skills")
    settings = {"on": True, **SETTINGS}
    trainer = vaults(tmp_path / "run", steps=2, evolve=settings, library=str(tmp_path / "skills"))
    first = SkillLibrary([LOOK]).version
    trajectories = read_trajectories(tmp_path / "run" / "trajectories" / "step-000002.jsonl")
    assert {t.library_version for t in trajectories} == {first}
    assert LOOK.name in load_library(str(trainer.run.path)) and trainer.collector.library != SkillLibrary([LOOK])


SWITCHES: dict[str, dict[str, Any]] = {
    "credit and flow": {},
    "where random": {"where": "random"},
    "what random": {"what": "random"},
    "when plateau": {"when": "plateau", "window": 1, "flat_windows": 1, "rho": 0.9},
    "benefit": {"gate_rule": "benefit"},
    "open gate": {"gate_tasks": 0},
}


@pytest.mark.parametrize("name", SWITCHES)
def test_every_switch_runs_and_repeats_itself(author: Writer, tmp_path: Path, name: str) -> None:
    trainer = evolved(tmp_path / "a", **SWITCHES[name])
    evolved(tmp_path / "b", **SWITCHES[name])
    assert files(tmp_path / "a") == files(tmp_path / "b")
    entries = list(SkillStore(tmp_path / "a" / "skills").entries())
    assert entries and entries[-1].library == trainer.evolution.library
    kinds = {change["kind"] for entry in entries for change in entry.event["changes"]}
    assert kinds & {"create", "reject"} and all(entry.event["phase"] == entry.number for entry in entries)
    assert {entry.event["reason"] for entry in entries} == {SWITCHES[name].get("when", "periodic")}


def one_line(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        ttb.main()
    out, error = capsys.readouterr()
    assert ended.value.code == 2 and out == "" and error.startswith("error: ") and error.count("\n") == 1
    return error


BASE = ["ttb", "--env", "Vaults", "--source", "mini", "--evolve"]


@pytest.mark.parametrize("more", [["--anchor", "tree"], ["--anchor", "hindsight"], ["--preset", "paper"]])
def test_other_anchors_are_refused_in_one_line(
    more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = one_line([*BASE, *more, "--run", str(tmp_path / "run")], monkeypatch, capsys)
    assert "--evolve needs --anchor reference" in error


def test_an_author_without_a_server_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*BASE, "--evolve.author", "llm", "--run", str(tmp_path / "run")]
    assert "--evolve.author-model and --evolve.author-url" in one_line(words, monkeypatch, capsys)


def test_a_reader_that_is_none_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*BASE, "--evolve.reader", "words", "--run", str(tmp_path / "run")]
    assert "no reader 'words'; it is hf:MODEL" in one_line(words, monkeypatch, capsys)


@pytest.mark.parametrize("flag", ["window 0", "rho 0", "rho -1", "merge-at 1.1", "max-gap -1", "gate-tasks -1"])
def test_numbers_that_make_no_sense_name_their_flag(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, value = flag.split()
    monkeypatch.setattr(sys, "argv", [*BASE, f"--evolve.{name}", value, "--run", str(tmp_path / "run")])
    with pytest.raises(SystemExit) as ended:
        ttb.main()
    assert ended.value.code == 2 and f"--evolve.{name}" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_a_library_that_does_not_pass_the_audit_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    SkillLibrary([OVERRIDE]).save(tmp_path / "skills")
    words = [*BASE, "--library", str(tmp_path / "skills"), "--run", str(tmp_path / "run")]
    assert "'take-over' does not pass the audit" in one_line(words, monkeypatch, capsys)


def test_what_is_refused_leaves_no_run_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one_line([*BASE, "--anchor", "tree", "--run", str(tmp_path / "run")], monkeypatch, capsys)
    assert not (tmp_path / "run").exists()


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("phase", [0, 1, 2])
@pytest.mark.parametrize("after", [True, False])
def test_a_run_killed_at_a_change_of_the_library_goes_on_equally(
    author: Writer, tmp_path: Path, phase: int, after: bool
) -> None:
    """Just before or just after the store has the new version, and before anything else of the update is kept."""
    evolved(tmp_path / "whole")
    real, count = SkillStore.append, 0

    def append(self: SkillStore, library: SkillLibrary, event: Any) -> Any:
        nonlocal count
        count += 1
        if count - 1 != phase:
            return real(self, library, event)
        if after:
            real(self, library, event)
        raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(SkillStore, "append", append)
        evolved(tmp_path / "run")
    assert len(SkillStore(tmp_path / "run" / "skills").versions) == phase + after
    resume(tmp_path / "run")
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_the_evidence_of_every_event_is_kept_once(author: Writer, tmp_path: Path) -> None:
    evolved(tmp_path / "run", trajectories_every=3)
    folder = tmp_path / "run" / "trajectories"
    files = sorted(folder.iterdir())
    assert {file.name.partition("-")[0] for file in files} == {"step", "evidence"}
    kept = [trajectory for file in files for trajectory in read_trajectories(file)]
    ids = [trajectory.id for trajectory in kept]
    assert len(ids) == len(set(ids))
    for entry in SkillStore(tmp_path / "run" / "skills").entries():
        named = {id for change in entry.event["changes"] for id in change["evidence"].get("trajectories", ())}
        assert named and named <= set(ids), "whoever reads an event finds what it speaks of"


def test_evidence_is_kept_where_no_other_trajectories_are(author: Writer, tmp_path: Path) -> None:
    evolved(tmp_path / "run", trajectories_every=0)
    names = {file.name for file in (tmp_path / "run" / "trajectories").iterdir()}
    assert names and names <= {f"evidence-{phase:06d}.jsonl" for phase in (1, 2, 3)}


class Impatient(Collector):
    """Its clock ends episodes at their second turn; what was recorded is honoured instead, as always."""

    drops: ClassVar[list[dict[str, int]]] = []

    def collect(self, policy: Any, jobs: Any, drop: Any = None, on_turn: Any = None) -> Any:
        late = {job.id: 1 for job in jobs if job.id.startswith("gate/")}
        self.drops.append(late if drop is None else drop)
        return super().collect(policy, jobs, self.drops[-1] if late else drop, on_turn)


def test_what_the_clock_ended_in_the_gate_is_ended_again_after_a_kill(
    author: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evolution, "Collector", Impatient)
    evolved(tmp_path / "whole", deadline=60.0)
    rows = RunFolder(tmp_path / "whole").rows("gate_drops.jsonl")
    assert rows and all(set(row) == {"phase", "library", "dropped"} for row in rows)
    assert {job.partition("/")[0] for row in rows for job in row["dropped"]} == {"gate"}
    real = SkillStore.append

    def append(self: SkillStore, library: SkillLibrary, event: Any) -> Any:
        raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(SkillStore, "append", append)
        evolved(tmp_path / "run", deadline=60.0)
    assert SkillStore.append is real
    with (tmp_path / "run" / "gate_drops.jsonl").open("a") as file:
        file.write('{"phase": 9, "lib')  # and half a line
    monkeypatch.setattr(evolution, "Collector", Collector)  # the clock is patient now
    resume(tmp_path / "run")
    first = next(iter(SkillStore(tmp_path / "run" / "skills").entries()))
    assert first == next(iter(SkillStore(tmp_path / "whole" / "skills").entries()))
    again = RunFolder(tmp_path / "run").rows("gate_drops.jsonl")
    assert again[: len([row for row in rows if row["phase"] == 1])] == [row for row in rows if row["phase"] == 1]


def test_the_gate_never_sees_a_task_that_a_candidate_was_written_from(
    author: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor if more tasks are asked for than are left; of these each is tried."""
    asked: list[tuple[set[str], set[str]]] = []
    real = evolution.Evolution._roll_out

    def roll_out(self: Any, policy: Any, library: Any, **arguments: Any) -> Any:
        made = real(self, policy, library, **arguments)
        asked.append((set(arguments["exclude"]), {t.task_id for t in made}))
        return made

    monkeypatch.setattr(evolution.Evolution, "_roll_out", roll_out)
    trainer = evolved(tmp_path / "run", gate_tasks=1000)
    everything = {task.id for task in trainer.train_tasks}
    assert asked and all(excluded and tried == everything - excluded for excluded, tried in asked)


def test_a_run_goes_on_without_its_author(author: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its server is away in the second phase of three."""
    real, asked = type(author).create, 0

    def create(self: Any, pairs: Any, library: SkillLibrary, limit: int) -> Any:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise InfrastructureError("author m at http://127.0.0.1:1/v1: refused")
        return real(self, pairs, library, limit)

    monkeypatch.setattr(type(author), "create", create)
    trainer = evolved(tmp_path / "run", min_visits=1000)
    entries = list(SkillStore(tmp_path / "run" / "skills").entries())
    assert [len(entry.library) for entry in entries] == [1, 1, 2] and trainer.done == 7
    failed = [change for change in entries[1].event["changes"] if change["kind"] == "author failed"]
    assert [change["evidence"]["reason"] for change in failed] == ["author m at http://127.0.0.1:1/v1: refused"]


def test_a_finished_run_that_is_resumed_stays_as_it_is(author: Writer, tmp_path: Path) -> None:
    evolved(tmp_path / "run")
    before = files(tmp_path / "run")
    trainer = resume(tmp_path / "run")
    assert files(tmp_path / "run") == before and len(trainer.evolution.library) == 3  # type: ignore[union-attr]


def assert_same_run(folder: Path, whole: Path) -> None:
    assert files(folder) == files(whole)
    one, other = RunFolder(folder).load_checkpoint(), RunFolder(whole).load_checkpoint()
    assert one is not None and other is not None and one[0] == other[0]
    assert same_state(one[1], other[1]), "parameters, optimiser, generator and evolver are equal bit by bit"


REAL: dict[str, Any] = {
    "seed": 1,
    "steps": 12,
    "eval_tasks": 2,
    "eval_rollouts": 1,
    "tasks_per_step": 4,
    "contrast_weight": 1,
}
EVOLVE: dict[str, Any] = {**SETTINGS, "period": 1, "what": "random", "gate_tasks": 1, "min_visits": 2}
"""Chance prunes and refines, so that the library changes at every other update."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Skills to begin with, for chance to prune."""
    folder = tmp_path_factory.mktemp("evolution") / "skills"
    kinds = "amber blue coral denim ebony fawn green hazel".split()
    SkillLibrary(Skill(f"see-{kind}", f"About {kind}.", f"Look for {kind} first.") for kind in kinds).save(folder)
    return folder


@pytest.fixture(scope="module")
def whole(library: Path) -> Path:
    """The run that nobody disturbed."""
    folder = library.parent / "whole"
    evolve = {"on": True, **EVOLVE}
    args = Args(
        **{**SMALL, "env": "HotpotQA-v0", **REAL, "library": str(library), "evolve": evolve, "run": str(folder)}
    )
    trainer = train(args, lambda: TTB(args))
    assert all(row["losses/grad_norm"] > 0 for row in trainer.run.rows("metrics.jsonl"))
    assert len(SkillStore(folder / "skills").versions) >= 4
    return folder


def seen(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """What a reader finds in the store; every file is verified."""
    return [(entry.version, entry.event) for entry in SkillStore(folder / "skills").entries()]


def wait_for_rows(process: subprocess.Popen[str], folder: Path, rows: int) -> None:
    end = time.monotonic() + 120
    file = folder / "metrics.jsonl"
    while (file.read_bytes().count(b"\n") if file.is_file() else 0) < rows:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "the run makes no progress"
        time.sleep(0.002)


def killed_and_resumed(folder: Path, whole: Path, library: Path, kills: int, seed: int) -> Path:
    """The folder of a run that was killed at random moments; at each the store is whole and has lost nothing."""
    rng = np.random.default_rng(seed)
    flags = [word for name, value in EVOLVE.items() for word in (f"--evolve.{name.replace('_', '-')}", f"{value}")]
    words = command("ttb", "--evolve", *flags, **REAL, library=library, run=folder)
    expected, before = seen(whole), 0
    for _ in range(kills):
        process = start(words)
        wait_for_rows(process, folder, int(rng.integers(0, REAL["steps"] - 1)))
        time.sleep(float(rng.uniform(0, 0.1)))
        process.kill()
        process.communicate()
        assert process.returncode in (0, -signal.SIGKILL)
        now = seen(folder)
        assert now == expected[: len(now)] and len(now) >= before, "no version is lost, none is half written"
        assert json.dumps([event for _, event in now], allow_nan=False)
        before = len(now)
        if (folder / "config.yaml").is_file():
            words = [*words[:3], "--resume", str(folder)]
    process = start(words)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    assert f"run folder: {folder}" in out
    return folder


@pytest.mark.slow
def test_a_process_killed_twice_comes_to_the_same_library(whole: Path, library: Path, tmp_path: Path) -> None:
    folder = killed_and_resumed(tmp_path / "run", whole, library, kills=2, seed=1)
    assert_same_run(folder, whole)
    assert seen(folder) == seen(whole) != []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_a_process_killed_fifty_times_comes_to_the_same_library(
    whole: Path, library: Path, tmp_path: Path, seed: int
) -> None:
    """Ten runs, each killed five times."""
    folder = killed_and_resumed(tmp_path / "run", whole, library, kills=5, seed=seed)
    assert_same_run(folder, whole)
    assert seen(folder) == seen(whole) != []


def test_a_damaged_store_is_told(author: Writer, tmp_path: Path) -> None:
    evolved(tmp_path / "run", steps=2)
    (file,) = (tmp_path / "run" / "skills").iterdir()
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(StoreError, match="damaged"):
        list(SkillStore(tmp_path / "run" / "skills").entries())
