"""EvolvingLibrary: many environments and threads share one Evolver, and no episode sees a library change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from skillflow_gym import Action, InfrastructureError, Trajectory
from skillflow_gym.evolution import Evolver, Settings
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.store import SkillStore
from skillflow_gym.vector import ThreadVectorEnv
from skillflow_gym.wrappers import EvolvingLibrary, RecordTrajectory, TextAction
from tests.contract.harness import core
from tests.contract.outsider import VaultEnv, registered
from tests.evolution.making import COUNT, DRAWERS, LOOK, OPEN, Gate, Writer

SKILLS = [LOOK, DRAWERS, COUNT]


@pytest.fixture(autouse=True)
def vaults() -> Iterator[None]:
    with registered():
        yield


def make(**kwargs: Any) -> gym.Env[Any, Any]:
    return gym.make("SkillFlow/Vaults-v0", source="mini", **kwargs)


def evolver_of(*skills: Skill, store: Path | None = None, **settings: Any) -> Evolver:
    """One that gains a skill in every phase: ``LOOK``, ``DRAWERS``, ``COUNT``, then no more."""
    kept = None if store is None else SkillStore(store)
    author = Writer([[skill] for skill in SKILLS])
    return Evolver(author, Settings(**{**OPEN, **settings}), SkillLibrary(skills), store=kept)


def play(env: gym.Env[Any, Any], solve: bool, task: str = "train-0") -> dict[str, Any]:
    """An episode that opens the vault or gives up; the info of its end."""
    _, info = env.reset(seed=0, options={"task_id": task})
    actions = core(env).gold_actions(core(env).task) if solve else (Action.act("turn it"), Action.accept(""))
    for action in actions:
        *_, terminated, truncated, info = env.step(action)
    assert terminated or truncated
    return info


def confident(trajectory: Trajectory) -> dict[str, Any]:
    """Signals of a learner for which every turn of a success was a decision, and whose residual is small."""
    sign = 1.0 if trajectory.success else -1.0
    return {"log_pf": [sign - 3.0] * len(trajectory), "log_ref": [-3.0 - sign] * len(trajectory), "log_z": -4.0}


def test_the_library_changes_between_episodes_and_never_within_one(tmp_path: Path) -> None:
    evolver = evolver_of(store=tmp_path)
    env, other = (EvolvingLibrary(make(), evolver, episodes_per_step=2) for _ in range(2))
    other.reset(seed=1, options={"task_id": "train-1"})
    for solve in (True, False):
        play(env, solve)
        env.credit(**confident(env.trajectory))
    assert evolver.pending == 2 and not evolver.library, "a phase ends at a reset"
    observation, info = env.reset(seed=0)
    assert evolver.library.names == ("look-twice",) and evolver.step == 1 and evolver.pending == 0
    assert info["library_version"] == evolver.library.version and info["skills"] == ("look-twice",)
    assert observation["skills"] == evolver.library.catalogue
    observation, *_, info = other.step(Action.skill("look-twice"))
    assert info["error"] and observation["skills"] == "" and info["library_version"] == SkillLibrary().version
    assert other.reset(seed=2)[1]["skills"] == ("look-twice",)
    assert [entry.version for entry in SkillStore(tmp_path).entries()] == [evolver.library.version]


def test_the_trajectory_is_the_episode(tmp_path: Path) -> None:
    env = EvolvingLibrary(make(), evolver_of(LOOK, period=99))
    with pytest.raises(ValueError, match="no episode is finished"):
        _ = env.trajectory
    with pytest.raises(ValueError, match="no episode is finished"):
        env.credit([0.0], [0.0], 0.0)
    env.reset(seed=5, options={"task_id": "train-3"})
    env.step(Action.skill("look-twice"))
    env.step("accept()")
    trajectory = env.trajectory
    assert (trajectory.task_id, trajectory.split, trajectory.source, trajectory.seed) == (
        "train-3",
        "train",
        "mini",
        5,
    )
    assert [turn.action for turn in trajectory.turns] == [Action.skill("look-twice"), Action.accept("")]
    assert trajectory.terminated and trajectory.catalogue == env.evolver.library.catalogue
    assert trajectory.library_version == env.evolver.library.version and trajectory.id
    env.reset(seed=6)
    assert env.trajectory == trajectory, "the last finished one, also while another runs"
    env.reset(seed=6)
    assert env.evolver.pending == 1, "an episode that was not finished is forgotten"


def test_the_environment_is_as_without_the_wrapper() -> None:
    wrapped, plain = EvolvingLibrary(make(), evolver_of(period=99)), make()
    assert wrapped.reset(seed=3) == plain.reset(seed=3)
    for action in (Action.act("turn it"), "what?", Action.skill("none"), Action.accept("")):
        assert wrapped.step(action) == plain.step(action)


def test_credit_reaches_the_evolver() -> None:
    evolver = evolver_of(when="plateau", window=1, flat_windows=1)
    env = EvolvingLibrary(make(), evolver, episodes_per_step=1)
    play(env, solve=True)
    length = len(env.trajectory)
    for wrong in ([0.0], [0.0] * (length + 1), [np.nan] * length):
        with pytest.raises(ValueError, match=f"{env.trajectory.id}|finite"):
            env.credit(wrong, [0.0] * len(wrong), 0.0)
    env.credit([-1.0] * length, np.full(length, -1.5), log_z=2.0)
    env.reset(seed=0)
    expected = ((2.0 + length / 2 - 8 * np.log(1.1)) / 8) ** 2
    assert evolver._plateau.signal["windows"] == [pytest.approx(expected)]
    with pytest.raises(ValueError, match=f"{env.trajectory.id}.*before end_step"):
        env.credit([-1.0] * length, [-1.0] * length, 0.0)


def test_without_credit_the_log_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    """The outsider's policy knows no probabilities: outcomes decide."""
    evolver = evolver_of()
    envs = [EvolvingLibrary(make(), evolver, episodes_per_step=4) for _ in range(2)]
    with caplog.at_level(logging.WARNING, "skillflow_gym"):
        for n in range(12):
            play(envs[n % 2], solve=n % 4 < 2)
        envs[0].reset(seed=0)
    said = [record for record in caplog.records if "no credit from the learner" in record.getMessage()]
    assert len(said) == 1 and said[0].levelno == logging.WARNING
    assert evolver.step == 3 and evolver.phase == 3 and len(evolver.library) == 3


def test_with_credit_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    env = EvolvingLibrary(make(), evolver_of(), episodes_per_step=2)
    with caplog.at_level(logging.WARNING, "skillflow_gym"):
        for n in range(7):
            play(env, solve=bool(n % 2))
            env.credit(**confident(env.trajectory))
    assert not caplog.records and env.evolver.phase == 3


def test_the_gate_gets_the_rollouts() -> None:
    gate = Gate(harmful=("look-twice",))
    evolver = evolver_of(gate_tasks=2, gate_rollouts=3)
    env = EvolvingLibrary(make(), evolver, episodes_per_step=2, rollout=gate)
    for n in range(5):
        play(env, solve=bool(n % 2))
        env.credit(**confident(env.trajectory))
    assert evolver.library.names == ("open-drawers",) and gate.excluded == {"train-0"}
    assert evolver.cost["rollouts"] == 6 * len(gate.asked)


def test_what_is_refused() -> None:
    evolver = evolver_of()
    with pytest.raises(ValueError, match=r"'test'.*train tasks only"):
        EvolvingLibrary(make(split="test"), evolver)
    with pytest.raises(ValueError, match="gate_tasks=0"):
        EvolvingLibrary(make(), evolver_of(gate_tasks=1))
    with pytest.raises(ValueError, match="at least 1, got 0"):
        EvolvingLibrary(make(), evolver, episodes_per_step=0)
    with pytest.raises(TypeError, match=r"TextAction\(EvolvingLibrary\(env\)\)"):
        EvolvingLibrary(TextAction(make()), evolver)
    with pytest.raises(TypeError, match="environment of this suite"):
        EvolvingLibrary(gym.make("CartPole-v1"), evolver)


def test_other_wrappers_go_around_it(tmp_path: Path) -> None:
    env = TextAction(EvolvingLibrary(make(), evolver_of()))
    env.reset(seed=0)
    env.step("accept()")
    assert env.get_wrapper_attr("trajectory").turns[-1].action == Action.accept("")
    inside = EvolvingLibrary(RecordTrajectory(make(), tmp_path / "t.jsonl"), evolver_of())
    play(inside, solve=True)


def test_an_unscored_episode_is_no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    def act(self: VaultEnv, text: str) -> Any:
        raise InfrastructureError("stuck")

    monkeypatch.setattr(VaultEnv, "act", act)
    env = EvolvingLibrary(make(), evolver_of(), episodes_per_step=1)
    env.reset(seed=0)
    *_, truncated, info = env.step(Action.act("turn blue"))
    assert truncated and info["unscored"] and env.trajectory.unscored and env.evolver.pending == 0
    env.reset(seed=0)
    assert env.evolver.step == 0


def test_a_learner_may_credit_every_finished_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite cuts an episode off when infrastructure fails; a learner that credits all must not die of it."""

    def act(self: VaultEnv, text: str) -> Any:
        raise InfrastructureError("stuck")

    monkeypatch.setattr(VaultEnv, "act", act)
    env = EvolvingLibrary(make(), evolver_of(), episodes_per_step=1)
    env.reset(seed=0)
    env.step(Action.act("turn blue"))
    env.credit([-1.0], [-1.0], 0.0)
    assert env.trajectory.unscored and env.evolver.pending == 0, "it was passed over"


@pytest.mark.parametrize("mode", ["vector_entry_point", "sync"])
def test_a_vector_environment_shares_one_evolver(mode: str) -> None:
    evolver = evolver_of()
    if mode == "sync":
        wrap = [lambda env: EvolvingLibrary(env, evolver, episodes_per_step=4)]
        reset = {"autoreset_mode": gym.vector.AutoresetMode.DISABLED}
        envs: Any = gym.make_vec("SkillFlow/Vaults-v0", 4, "sync", vector_kwargs=reset, wrappers=wrap, source="mini")
    else:
        envs = gym.make_vec("SkillFlow/Vaults-v0", num_envs=4, source="mini")
        assert isinstance(envs, ThreadVectorEnv)
        envs.envs = [EvolvingLibrary(env, evolver, episodes_per_step=4) for env in envs.envs]
    for phase in range(3):
        _, infos = envs.reset(seed=phase, options={"task_id": "train-0"})
        assert infos["library_version"].tolist() == [evolver.library.version] * 4
        assert len(evolver.library) == phase
        solution = core(envs.envs[0]).gold_actions(core(envs.envs[0]).task)
        give_up = (Action.act("turn it"), Action.accept(""))
        for one, other in zip(solution, give_up, strict=True):
            *_, terminations, truncations, infos = envs.step((one, one, other, other))
        assert (terminations | truncations).all() and evolver.pending == 4
        for env in envs.envs:
            env.credit(**confident(env.trajectory))
    assert len({env.trajectory.id for env in envs.envs}) == 4
    envs.close()


def test_many_threads_lose_no_episode(tmp_path: Path) -> None:
    """Eight threads, an environment each, without credit: every episode counts once and sees one library."""
    evolver, episodes, per_step = evolver_of(store=tmp_path, capacity=3), 30, 5
    seen: list[tuple[str, str, str]] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        env = EvolvingLibrary(make(), evolver, episodes_per_step=per_step)
        rng = np.random.default_rng(number)
        for episode in range(episodes):
            observation, info = env.reset(seed=episode, options={"task_id": f"train-{rng.integers(4)}"})
            first = (info["library_version"], observation["skills"], info["skills"])
            done = False
            while not done:
                dial = rng.choice(info["admissible_actions"])
                observation, _, terminated, truncated, info = env.step(Action.act(str(dial)))
                assert (info["library_version"], observation["skills"], info["skills"]) == first
                done = terminated or truncated
            trajectory = env.trajectory
            with lock:
                seen.append((trajectory.id, trajectory.library_version, trajectory.catalogue))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(seen) == len({id for id, *_ in seen}) == 8 * episodes
    entries = list(SkillStore(tmp_path).entries())
    catalogues = {SkillLibrary().version: "", **{entry.version: entry.library.catalogue for entry in entries}}
    assert all(catalogues[version] == catalogue for _, version, catalogue in seen)
    assert len({version for _, version, _ in seen}) == 4, "every library was used"
    steps = [entry.event["step"] for entry in entries]
    assert steps == sorted(set(steps)) and len(entries) == evolver.phase == evolver.step
    assert evolver.step <= 8 * episodes / per_step and evolver.step >= 8 * episodes / (per_step + 8) - 1


def test_an_episode_may_be_credited_until_the_next_reset_of_its_environment() -> None:
    """Two threads of one learner: both episodes end, one thread goes on before the other has given its credit."""
    evolver = evolver_of()
    one, other = (EvolvingLibrary(make(), evolver, episodes_per_step=2) for _ in range(2))
    for env, solve in ((one, True), (other, False)):
        play(env, solve)
    one.credit(**confident(one.trajectory))
    one.reset(seed=0)
    assert evolver.step == 0 and evolver.pending == 2, "the step waits for the other's credit"
    other.credit(**confident(other.trajectory))
    one.reset(seed=0)
    assert evolver.step == 1 and evolver.pending == 0


def test_the_wrapper_is_plain_to_gymnasium() -> None:
    env = EvolvingLibrary(make(), evolver_of(period=99))
    assert env.observation_space.contains(env.reset(seed=0)[0]) and env.unwrapped is core(env)
    env.close()
