"""The Collector: the same every time, drops recorded and honoured, and failures that are never counted as zero."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Lock, current_thread
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from skillflow_gym import Action, Context, InfrastructureError, Task
from skillflow_gym.episode import suite_env
from skillflow_gym.evaluate import Evaluation, evaluate
from skillflow_gym.executors import Result
from skillflow_gym.policy import Decision, FirstProposalPolicy, UniformPolicy
from skillflow_gym.rollout import Collection, Collector, Job, Undecided
from skillflow_gym.tools import Toolbox
from tests.contract.outsider import VaultEnv, registered

Make = Callable[[], "gym.Env[Any, Any]"]


@pytest.fixture(autouse=True)
def vaults() -> Iterator[None]:
    with registered():
        yield


def make() -> gym.Env[Any, Any]:
    return gym.make("SkillFlow/Vaults-v0", source="mini")


def jobs(count: int = 12) -> list[Job]:
    return [Job(f"j{i}", f"train-{i % 5}", f"g{i % 5}", (7, i)) for i in range(count)]


def collect(wanted: Sequence[Job], collector: Collector | None = None, **arguments: Any) -> Collection:
    return (collector or Collector(make)).collect(UniformPolicy(), wanted, **arguments)


def test_one_trajectory_per_job_in_their_order() -> None:
    collection = collect(jobs())
    assert [(t.id, t.task_id, t.group) for t in collection.trajectories] == [(j.id, j.task_id, j.group) for j in jobs()]
    assert collection.env_steps == sum(map(len, collection.trajectories))
    assert collection.dropped == {} and collection.seconds > 0
    assert collection.scored == collection.trajectories
    for trajectory in collection.trajectories:
        assert trajectory.terminated != trajectory.truncated and trajectory.policy_version == "uniform"
        assert trajectory.source == "mini" and trajectory.split == "train" and len(trajectory.fingerprint) == 64
        assert gym.envs.registration.EnvSpec.from_json(trajectory.env_spec).id == "SkillFlow/Vaults-v0"
        assert trajectory.step_limit == 6 and 0.0 <= trajectory.reward <= 1.0
        for turn in trajectory.turns:
            assert turn.candidates[turn.chosen] == turn.action
            assert turn.log_pf == turn.log_ref == pytest.approx(-np.log(len(turn.candidates)))
    assert len({turn.action for t in collection.trajectories for turn in t.turns}) > 5


@pytest.mark.parametrize(("threads", "opened"), [(0, 4), (2, 2), (9, 4)])
def test_no_more_engines_are_opened_than_there_are_threads(
    monkeypatch: pytest.MonkeyPatch, threads: int, opened: int
) -> None:
    expected, made = collect(jobs()).trajectories, list[Any]()
    monkeypatch.setattr(VaultEnv, "parallel", 4)

    def counted() -> gym.Env[Any, Any]:
        made.append(make())
        return made[-1]

    assert collect(jobs(), Collector(counted, threads=threads)).trajectories == expected
    assert len(made) == opened


def test_the_same_jobs_give_the_same_trajectories() -> None:
    expected = collect(jobs()).trajectories
    collector = Collector(make)
    assert collect(jobs(), collector).trajectories == expected
    collect(jobs(3), collector)
    assert collect(jobs(), collector).trajectories == expected, "environments that were used are as good as new"
    threaded = Collector(make, threads=4)
    assert [collect(jobs(), threaded).trajectories for _ in range(2)] == [expected] * 2
    threaded.close()
    threaded.close()


def test_a_job_does_not_depend_on_its_company() -> None:
    expected = {t.id: t for t in collect(jobs()).trajectories}
    for company in (jobs()[3:6], list(reversed(jobs())), jobs()[:1]):
        assert all(t == expected[t.id] for t in collect(company).trajectories)


def test_key_and_task_choose_the_rollout() -> None:
    base = Job("a", "train-0", "g", (1, 2))
    others = [replace(base, key=(1, 3)), replace(base, key=(2, 2)), replace(base, task_id="train-1")]
    draws = [job.rng().integers(2**60) for job in (base, *others)]
    assert len(set(draws)) == 4
    assert replace(base, id="b", group="h").rng().integers(2**60) == draws[0], "names do not matter"


def test_decisions_are_made_in_lockstep() -> None:
    class Watch(UniformPolicy):
        batches: list[list[int]] = []  # noqa: RUF012

        def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
            self.batches.append([context.step for context in contexts])
            return super().act(contexts, rngs)

    turns: list[tuple[int, int]] = []
    collection = Collector(make).collect(Watch(), jobs(), on_turn=lambda done, steps: turns.append((done, steps)))
    assert [set(batch) for batch in Watch.batches] == [{i} for i in range(len(Watch.batches))]
    assert turns[-1] == (12, collection.env_steps) and len(turns) == len(Watch.batches)
    assert [steps for _, steps in turns] == np.cumsum([len(batch) for batch in Watch.batches]).tolist()


class Slow:
    """An executor like a server's: it takes a while, and nobody waits for the slowest."""

    spec, deterministic = "slow", False

    def begin(self, task_id: str, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def run(self, instruction: str, toolbox: Toolbox) -> Result:
        time.sleep(self.rng.uniform(0, 0.004))
        return Result(instruction)

    def close(self) -> None:
        pass


def make_slow() -> gym.Env[Any, Any]:
    env = make()
    suite_env(env).executor = Slow()
    return env


class Asked(UniformPolicy):
    """Remembers which threads asked it, and that no two did at once."""

    def __init__(self, any_thread: bool, most: int = 10_000) -> None:
        self.any_thread, self.most = any_thread, most
        self.threads: set[str] = set()
        self.contexts, self.busy = 0, Lock()

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        assert self.busy.acquire(blocking=False), "asked twice at once"
        try:
            self.threads.add(current_thread().name)
            self.contexts += len(contexts)
            if self.contexts > self.most:
                raise ZeroDivisionError
            time.sleep(0.0005)
            return super().act(contexts, rngs)
        finally:
            self.busy.release()


@pytest.mark.parametrize("any_thread", [False, True])
def test_a_policy_is_asked_in_the_thread_that_collects_unless_any_will_do(any_thread: bool) -> None:
    policy, turns = Asked(any_thread), list[tuple[int, int]]()
    collector = Collector(make_slow)
    for count in (3, 40):
        collection = collector.collect(policy, jobs(count), on_turn=lambda done, steps: turns.append((done, steps)))
        assert [t.id for t in collection.trajectories] == [job.id for job in jobs(count)]
        assert turns[-1] == (count, collection.env_steps) and collection.scored == collection.trajectories
    collector.close()
    here = current_thread().name
    assert all(name.startswith("rollout") for name in policy.threads) if any_thread else policy.threads == {here}


@pytest.mark.parametrize("any_thread", [False, True])
def test_an_error_of_the_policy_ends_the_collection(any_thread: bool) -> None:
    policy, collector = Asked(any_thread, most=30), Collector(make_slow)
    with pytest.raises(ZeroDivisionError):
        collector.collect(policy, jobs(24))
    collector.close()  # waits for the threads
    assert policy.contexts <= 30 + 24, "the others went on to their ends"


def test_no_jobs() -> None:
    collection = collect([])
    assert collection.trajectories == [] and collection.env_steps == 0


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(KeyError, match="no task 'nowhere'"):
        collect([Job("j", "nowhere", "g", (0,))])


def test_past_the_deadline_an_episode_is_dropped_after_its_turn() -> None:
    collection = collect(jobs(), Collector(make, deadline=1e-9))
    dropped = [t for t in collection.trajectories if t.id in collection.dropped]
    assert dropped and set(collection.dropped.values()) == {1}
    for trajectory in dropped:
        assert trajectory.unscored and trajectory.truncated and not trajectory.terminated and len(trajectory) == 1
    finished = [t for t in collection.trajectories if t.id not in collection.dropped]
    assert all(t.terminated and not t.unscored for t in finished), "one that ended in time counts"
    assert collection.scored == finished
    assert collect(jobs(), Collector(make, deadline=1e9)).dropped == {}


def test_recorded_drops_are_honoured_instead_of_the_deadline() -> None:
    whole = {t.id: t for t in collect(jobs()).trajectories}
    longest = max(whole.values(), key=len)
    assert len(longest) > 3
    drop = {longest.id: 2}
    for deadline in (0.0, 1e-9, 1e9):
        again = collect(jobs(), Collector(make, deadline=deadline), drop=drop)
        assert again.dropped == drop
        for trajectory in again.trajectories:
            full = whole[trajectory.id]
            if trajectory.id == longest.id:
                assert trajectory.turns == full.turns[:2] and trajectory.unscored and trajectory.truncated
            else:
                assert trajectory == full
    assert collect(jobs(), Collector(make, deadline=1e-9), drop={}).trajectories == list(whole.values())


def test_a_run_can_be_repeated_from_what_it_dropped() -> None:
    first = collect(jobs(), Collector(make, deadline=1e-9))
    again = collect(jobs(), drop=first.dropped)
    assert again.trajectories == first.trajectories and again.dropped == first.dropped


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vault 1 cannot begin, vault 2 fails when a dial is turned."""
    real_begin, real_act = VaultEnv.begin, VaultEnv.act

    def begin(self: VaultEnv, task: Any) -> str:
        if task.id == "train-1":
            raise InfrastructureError("the vault\nis away")
        return real_begin(self, task)

    def act(self: VaultEnv, text: str) -> Any:
        if self.task.id == "train-2":
            raise InfrastructureError("the vault\nis stuck")
        return real_act(self, text)

    monkeypatch.setattr(VaultEnv, "begin", begin)
    monkeypatch.setattr(VaultEnv, "act", act)


@pytest.mark.parametrize("threads", [0, 3])
def test_failures_are_unscored_and_the_others_unharmed(failing: None, threads: int) -> None:
    collection = collect(jobs(), Collector(make, threads=threads))
    by_task: dict[str, list[Any]] = {}
    for trajectory in collection.trajectories:
        by_task.setdefault(trajectory.task_id, []).append(trajectory)
    assert all(t.unscored and t.truncated and not t.turns and t.reward == 0.0 for t in by_task["train-1"])
    stuck = [t for t in by_task["train-2"] if t.unscored]
    assert stuck and all(t.turns[-1].error == "the vault is stuck" and t.truncated for t in stuck)
    assert {t.task_id for t in collection.scored} >= {"train-0", "train-3", "train-4"}
    assert collection.dropped == {}


def test_the_unscored_are_left_out_of_every_figure(failing: None) -> None:
    tasks = make().unwrapped.taskset[:5]  # type: ignore[attr-defined]
    batches: list[tuple[int, int]] = []
    report = lambda done, total: batches.append((done, total))  # noqa: E731
    evaluation = evaluate(FirstProposalPolicy(), Collector(make), tasks, k=3, batch=4, on_batch=report)
    assert batches == [(4, 15), (8, 15), (12, 15), (15, 15)]
    assert [t.task_id for t in evaluation.trajectories] == [task.id for task in tasks for _ in range(3)]
    assert evaluation.unscored == pytest.approx(6 / 15)
    success = evaluation.per_task(lambda t: float(t.success))
    assert np.isnan(success[1:3]).all() and not np.isnan(success[[0, 3, 4]]).any()
    assert evaluation.success().mean == pytest.approx(np.nanmean(success))
    assert evaluation.metric("progress").mean == pytest.approx(
        np.nanmean(evaluation.per_task(lambda t: t.score["progress"]))
    )
    assert evaluation.summary()["unscored"] == evaluation.unscored


class Lost(UniformPolicy):
    """Is lost in one vault once it has turned a dial, and says so; what it decided elsewhere goes on."""

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        lost = [context.step > 0 and "train-0" in context.task for context in contexts]
        made = super().act(contexts, rngs)
        if any(lost):
            raise Undecided("no idea", [None if gone else d for d, gone in zip(made, lost, strict=True)])
        return made


@pytest.mark.parametrize("threads", [0, 3])
def test_where_the_policy_is_undecided_only_that_episode_is_unscored(threads: int, caplog: Any) -> None:
    whole = collect(jobs())
    collection = Collector(make, threads=threads).collect(Lost(), jobs())
    for found, expected in zip(collection.trajectories, whole.trajectories, strict=True):
        if found.task_id == "train-0" and len(expected) > 1:
            assert found.unscored and found.truncated and found.turns == expected.turns[:1]
        else:
            assert found == expected
    assert any(t.unscored for t in collection.trajectories) and collection.dropped == {}
    assert collection.env_steps == sum(map(len, collection.trajectories))
    assert "no idea" in caplog.text


def test_an_evaluation_of_nothing_scored_is_not_zero(failing: None) -> None:
    tasks = make().unwrapped.taskset[1:2]  # type: ignore[attr-defined]
    evaluation = evaluate(UniformPolicy(), Collector(make), tasks, k=2)
    assert evaluation.unscored == 1.0 and np.isnan(evaluation.success().mean)
    assert np.isnan(evaluation.pass_at(1).mean) and np.isnan(evaluation.steps_per_success())


def test_figures_of_a_hand_made_evaluation() -> None:
    tasks = make().unwrapped.taskset[:2]  # type: ignore[attr-defined]
    base = collect(jobs(1)).trajectories[0]
    turn = replace(base.turns[0], action=Action.accept("x"))

    def outcome(success: bool, length: int, unscored: bool = False) -> Any:
        return replace(
            base, success=success, turns=(turn,) * length, unscored=unscored, score={"progress": length / 10}
        )

    trajectories = [
        outcome(True, 2),
        outcome(False, 6),
        outcome(True, 4),
        outcome(False, 1),
        outcome(False, 3),
        outcome(False, 6, True),
    ]
    evaluation = Evaluation(tasks, trajectories, 3)
    assert evaluation.success().mean == pytest.approx((2 / 3 + 0) / 2)
    assert evaluation.pass_at(2).mean == pytest.approx((1.0 + 0.0) / 2)
    assert evaluation.pass_at(3).mean == 1.0, "only the first task has three scored rollouts"
    assert evaluation.metric("progress").mean == pytest.approx((0.4 + 0.2) / 2)
    assert evaluation.unscored == pytest.approx(1 / 6)
    assert evaluation.steps_per_success() == pytest.approx(3.0)


def test_figures_by_kind_of_task() -> None:
    tasks = [Task("a", "a", {"kind": "boil"}), Task("b", "b"), Task("c", "c", {"kind": "boil"})]
    base = collect(jobs(1)).trajectories[0]
    rewards = (1.0, 0.5, 0.25, 0.25, 0.0, 0.0)
    evaluation = Evaluation(tasks, [replace(base, reward=r, success=r == 1.0) for r in rewards], 2)
    (boil,) = evaluation.by_kind().values()
    assert [task.id for task in boil.tasks] == ["a", "c"]
    assert boil.success().mean == pytest.approx(0.25) and boil.reward().mean == pytest.approx(0.375)
    assert Evaluation(tasks[1:2], evaluation.trajectories[2:4], 2).by_kind() == {}
