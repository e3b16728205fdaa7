"""Rollouts that a thread makes ahead: who played them, that it makes them meanwhile, and how a run with them ends."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from skillflow_gym import InfrastructureError
from skillflow_gym.agents import flowsteer, grpo, reinforce, ttb
from skillflow_gym.agents.ahead import Ahead
from skillflow_gym.agents.args import restore
from skillflow_gym.agents.flowsteer import FlowSteer
from skillflow_gym.agents.grpo import GRPO
from skillflow_gym.agents.policies.lm_args import LMArgs
from skillflow_gym.agents.reinforce import Reinforce
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.agents.trainer import Batch, Loss, Trainer, train
from skillflow_gym.agents.ttb import TTB, Args
from skillflow_gym.cli.common import console
from skillflow_gym.policy import TrainablePolicy, Which
from skillflow_gym.trajectory import read_trajectories
from tests.agents import tiny_models
from tests.agents.runs import SMALL, kept, same_state
from tests.agents.test_lm_training import short_prompts
from tests.agents.together import together
from tests.contract.outsider import VaultEnv, registered


@pytest.fixture(autouse=True)
def surroundings() -> Iterator[None]:
    """The vaults, one thread for torch; and no thread that plays is left behind."""
    with registered(), tiny_models.one_thread():
        yield
    assert not playing()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return short_prompts(tmp_path_factory.mktemp("ahead") / "model")


@pytest.fixture(scope="module")
def whole(model: Path) -> Path:
    """Five updates, two updates stale at most, that nothing disturbed."""
    folder = model.parent / "whole"
    with registered(), tiny_models.one_thread():
        run(folder, model, stale=2)
    return folder


def playing() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def arguments(folder: Path, model: Path, kind: type[Any] = Args, **changes: Any) -> Any:
    """A small run with a language model; every update moves the parameters."""
    few = {"steps": 5, "eval_tasks": 1, "eval_rollouts": 1, "rollouts": 3, "step_limit": 2, "trajectories_every": 1}
    lm = LMArgs(**{"decide": "choose", "rank": 2, "device": "cpu", **changes.pop("lm", {})})
    on_policy = {"replay_groups": 0, "gradient_steps": 1, "learning_rate": 0.02}
    options = {**SMALL, **few, **on_policy, "env": "Vaults", "policy": f"hf:{model}", "lm": lm, "run": str(folder)}
    return kind(**{**options, **changes})


def run(folder: Path, model: Path, **changes: Any) -> Trainer:
    args = arguments(folder, model, **changes)
    return train(args, lambda: TTB(args))


def resume(folder: Path) -> Trainer:
    args = restore(Args, str(folder))
    return train(args, lambda: TTB(args))


def state(folder: Path) -> dict[str, Any]:
    found = RunFolder(folder).load_checkpoint()
    assert found is not None
    return found[1]


# Who plays ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decide", "architecture"), [("choose", "qwen3"), *(("generate", name) for name in tiny_models.ARCHITECTURES)]
)
def test_a_twin_is_the_same_policy_and_goes_its_own_way(decide: str, architecture: str) -> None:
    policy = tiny_models.policy(architecture, hindsight=True, decide=decide, max_new_tokens=3)
    few: dict[str, Any] = {"groups": 1, "each": 2, "steps": 2}
    twin = policy.twin()
    played = tiny_models.rollouts(policy, **few)
    ours, theirs = (list(p.adapted.peft.parameters()) for p in (policy, twin))
    trained = {id(p) for p in (*policy.parameters(), *policy.parameters("hindsight"))}
    assert all((one is other) == (id(one) not in trained) for one, other in zip(ours, theirs, strict=True))
    assert twin.chat.tokenizer is not policy.chat.tokenizer and twin.chat.action_ids != policy.chat.action_ids
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter += 1
    with policy.adapted.using("reference"):  # what is switched in one is not switched in the other
        assert tiny_models.rollouts(twin, **few) == played, "to the last bit of every log-probability"
    twin.load_state_dict(policy.state_dict())
    sides: tuple[Which, ...] = ("policy", "hindsight", "reference")
    for which in sides:
        assert torch.equal(twin.log_prob(played, which)[0], policy.log_prob(played, which)[0])


def test_with_a_bound_of_zero_it_makes_the_run_without_it(model: Path, tmp_path: Path) -> None:
    run(tmp_path / "without", model, steps=3)
    args = arguments(tmp_path / "with", model, steps=3)
    trainer = Trainer(args, TTB(args), console())
    trainer.ahead = Ahead(trainer.policy, 0, args.steps, trainer._play)  # type: ignore[arg-type]
    trainer.train()
    assert kept(tmp_path / "with") == kept(tmp_path / "without")
    made = state(tmp_path / "with")
    assert made.pop("ahead") == {} and same_state(made, state(tmp_path / "without"))


def assert_as_old_as_the_bound(folder: Path, stale: int) -> None:
    rows = RunFolder(folder).rows("metrics.jsonl")
    assert len(rows) >= 4 and all(row["losses/grad_norm"] > 0 for row in rows)
    for update, row in enumerate(rows, start=1):
        made = read_trajectories(folder / "trajectories" / f"step-{update:06d}.jsonl")
        version = max(0, update - 1 - stale)
        assert {int(t.policy_version.rpartition("-")[2]) for t in made} == {version}
        assert row["charts/staleness"] == update - 1 - version


@pytest.mark.parametrize("stale", [1, 9])
def test_the_parameters_that_play_are_as_old_as_the_bound_and_no_older(stale: int, model: Path, tmp_path: Path) -> None:
    run(tmp_path / "run", model, stale=stale, steps=4)
    assert_as_old_as_the_bound(tmp_path / "run", stale)


def test_the_parameters_are_those_of_that_update(whole: Path, model: Path, tmp_path: Path) -> None:
    """What was played is scored alike by the parameters that the run had then, and by no others."""
    assert_as_old_as_the_bound(whole, 2)
    args = arguments(tmp_path / "run", model, stale=2)
    states: dict[int, Any] = {}

    class Watched(TTB):
        def loss(self, policy: Any, batch: Batch) -> Loss:
            states[policy.updates] = policy.state_dict()
            return super().loss(policy, batch)

    trainer = train(args, lambda: Watched(args))
    assert kept(tmp_path / "run") == kept(whole), "again the same run"
    for update in range(1, 6):
        made = read_trajectories(tmp_path / "run" / "trajectories" / f"step-{update:06d}.jsonl")
        stored = torch.tensor([[turn.log_pf for turn in t.turns] + [0.0] * (2 - len(t)) for t in made])
        far = {}
        for version, then in states.items():
            trainer.policy.load_state_dict(then)
            far[version] = float((trainer.policy.log_prob(made)[0].detach() - stored).abs().max())
        assert far.pop(max(0, update - 3)) < 1e-4 and min(far.values()) > 1e-3


@pytest.mark.parametrize(
    ("module", "objective"), [(reinforce, Reinforce), (grpo, GRPO), (flowsteer, FlowSteer), (ttb, TTB)]
)
def test_every_objective_with_weights_or_without_need_of_them_trains(
    module: Any, objective: Any, model: Path, tmp_path: Path
) -> None:
    args = arguments(tmp_path / "run", model, module.Args, stale=1, steps=3)
    stale = []

    class Watched(objective):  # type: ignore[misc]
        def loss(self, policy: TrainablePolicy, batch: Batch) -> Loss:
            stale.append(batch.stale)
            found: Loss = super().loss(policy, batch)
            return found

    train(args, lambda: Watched(args))
    rows = RunFolder(tmp_path / "run").rows("metrics.jsonl")
    assert stale == [False, True, True] and [row["charts/staleness"] for row in rows] == [0, 1, 1]
    assert all(row["losses/grad_norm"] > 0 for row in rows)


# Meanwhile ---------------------------------------------------------------------------------------------------------


def test_episodes_are_played_while_an_update_is_computed(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first update waits for an episode of the second, which waits for the first update: one alone never ends."""
    computing, played, tasks = threading.Event(), threading.Event(), set[str]()
    begin = VaultEnv.begin

    def slow(env: VaultEnv, task: Any) -> str:
        if threading.current_thread() in playing():
            tasks.add(task.id)
            if len(tasks) > 2:  # an update has two
                assert computing.wait(60), "the first update is not begun while the second's episodes are played"
                played.set()
        return begin(env, task)

    class Waits(TTB):
        def loss(self, policy: Any, batch: Batch) -> Loss:
            computing.set()
            assert played.wait(60), "no episode of the second update is played while the first is computed"
            return super().loss(policy, batch)

    monkeypatch.setattr(VaultEnv, "begin", slow)
    args = arguments(tmp_path / "run", model, stale=1, steps=2)
    train(args, lambda: Waits(args))
    assert len(tasks) == 4


def test_no_more_is_played_than_the_run_needs(model: Path, tmp_path: Path) -> None:
    asked = []
    args = arguments(tmp_path / "run", model, stale=3, steps=2)
    trainer = Trainer(args, TTB(args), console())
    assert trainer.ahead is not None
    play = trainer.ahead._play
    trainer.ahead._play = lambda policy, step: (asked.append(step), play(policy, step))[1]
    trainer.train()
    assert asked == [1, 2]


# How it ends -------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


def kill_and_resume(folder: Path, model: Path, at: int, stale: int, **options: Any) -> None:
    """A run whose process is gone after update ``at`` + 1, one after a checkpoint, and which then goes on."""
    append = RunFolder.append

    def die(run_folder: RunFolder, name: str, row: Any) -> None:
        append(run_folder, name, row)
        if name == "timing.jsonl" and row["step"] == at + 1:
            raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(RunFolder, "append", die)
        run(folder, model, stale=stale, **options)
    assert not playing()
    found = RunFolder(folder).load_checkpoint()
    assert found is not None and found[0] == at
    assert set(found[1]["ahead"]) == set(range(max(0, at - stale), at)), "the parameters that are still to play"
    resume(folder)


def assert_same_run(folder: Path, other: Path) -> None:
    assert kept(folder) == kept(other)
    assert same_state(state(folder), state(other))


@pytest.mark.parametrize("at", [2, 4])
def test_a_resumed_run_comes_to_the_same_numbers(at: int, whole: Path, model: Path, tmp_path: Path) -> None:
    kill_and_resume(tmp_path / "run", model, at, stale=2)
    assert_same_run(tmp_path / "run", whole)


@pytest.mark.slow
@pytest.mark.parametrize("stale", [1, 3])
def test_so_does_one_with_two_adapters_and_replay(stale: int, model: Path, tmp_path: Path) -> None:
    two: dict[str, Any] = {"anchor": "hindsight", "lm": {"hindsight_rank": 2}, "replay_groups": 3, "gradient_steps": 2}
    run(tmp_path / "whole", model, stale=stale, **two)
    kill_and_resume(tmp_path / "run", model, at=2, stale=stale, **two)
    assert_same_run(tmp_path / "run", tmp_path / "whole")


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_the_thread_and_the_run_can_go_on(times: int, whole: Path, model: Path, tmp_path: Path) -> None:
    pressed = 0

    class Interrupted(TTB):
        def loss(self, policy: Any, batch: Batch) -> Loss:
            nonlocal pressed
            while policy.updates == 2 and pressed < times:
                assert playing()
                pressed += 1
                signal.raise_signal(signal.SIGINT)
            return super().loss(policy, batch)

    args = arguments(tmp_path / "run", model, stale=2)
    with pytest.raises(SystemExit if times == 1 else KeyboardInterrupt):
        train(args, lambda: Interrupted(args))
    assert not playing() and pressed == times
    found = RunFolder(tmp_path / "run").load_checkpoint()
    assert found is not None and found[0] == (3 if times == 1 else 2)
    resume(tmp_path / "run")
    assert_same_run(tmp_path / "run", whole)


def fails(at: int) -> Callable[[VaultEnv, Any], str]:
    """``VaultEnv.begin`` that fails in the thread, once it has begun tasks of ``at`` updates."""
    begin, tasks = VaultEnv.begin, set[str]()

    def failing(env: VaultEnv, task: Any) -> str:
        if threading.current_thread() in playing():
            tasks.add(task.id)
            if len(tasks) > 2 * (at - 1):
                raise OSError("the disk is gone")
        return begin(env, task)

    return failing


def test_an_error_in_the_thread_ends_the_run_where_it_is_needed(
    whole: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(VaultEnv, "begin", fails(at=3))
        args = arguments(tmp_path / "run", model, stale=2)
        patch.setattr(ttb, "parse", lambda *rest: args)
        with pytest.raises(SystemExit) as ended:
            ttb.main()
    assert ended.value.code == 2 and capsys.readouterr().err.endswith("\nerror: the disk is gone\n")
    assert not playing()
    assert [row["step"] for row in RunFolder(tmp_path / "run").rows("metrics.jsonl")] == [1, 2]
    resume(tmp_path / "run")
    assert_same_run(tmp_path / "run", whole)


def test_episodes_that_infrastructure_failed_are_left_out(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, tasks = VaultEnv.begin, dict[str, int]()

    def away(env: VaultEnv, task: Any) -> str:
        if threading.current_thread() in playing() and tasks.setdefault(task.id, len(tasks)) in (1, 2, 3):
            raise InfrastructureError("away")
        return begin(env, task)

    monkeypatch.setattr(VaultEnv, "begin", away)
    run(tmp_path / "run", model, stale=1, steps=4)
    rows = RunFolder(tmp_path / "run").rows("metrics.jsonl")
    assert [row["charts/unscored"] for row in rows] == [0.5, 1, 0, 0]
    # The second update learns nothing, so the third's rollouts are of the very parameters that it trains.
    assert [row.get("charts/staleness") for row in rows] == [0, None, 0, 1]


@pytest.mark.slow
def test_two_processes_make_the_run_of_one(model: Path, tmp_path: Path) -> None:
    run(tmp_path / "one", model, stale=1)
    codes, said = together(2, tmp_path / "said", run_registered, tmp_path / "two", model)
    assert codes == [0, 0], said
    rows = [RunFolder(tmp_path / name).rows("metrics.jsonl") for name in ("one", "two")]
    for one, two in zip(*rows, strict=True):
        assert one == pytest.approx(two, rel=1e-4, abs=1e-5)


def run_registered(folder: Path, model: Path) -> None:
    with registered():
        run(folder, model, stale=1)


# What is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "words", "message"),
    [
        (ttb, "", "--stale needs --policy hf:MODEL"),
        (ttb, "--policy hf:x --evolve", "--stale plays ahead of the changes that --evolve makes to the library"),
        (
            flowsteer,
            "--policy hf:x --preset released",
            "flowsteer is on-policy: leave --replay-groups and --stale at 0",
        ),
    ],
)
def test_what_cannot_play_ahead_is_one_line(
    agent: Any, words: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "--env", "Vaults", "--source", "mini", "--stale", "1", *words.split()])
    with pytest.raises(SystemExit) as ended:
        agent.main()
    error = capsys.readouterr().err
    assert ended.value.code == 2 and error.startswith(f"error: {message}") and error.count("\n") == 1
