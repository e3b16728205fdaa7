"""Processes that each hold a part of one base come to what one process comes to, however many passes each makes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest
import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from skillflow_gym.agents.policies.lm import LanguageModel
from skillflow_gym.agents.policies.lm_args import LMArgs
from skillflow_gym.agents.policies.load import load_run
from skillflow_gym.agents.processes import ALONE, Processes
from skillflow_gym.agents.ttb import main
from skillflow_gym.cli import main as skillflow
from skillflow_gym.policy import Which
from skillflow_gym.trajectory import Trajectory
from tests.agents import tiny_models
from tests.agents.runs import command, flat, resume, start
from tests.agents.test_processes import figures, policy, short_prompts
from tests.agents.together import together
from tests.contract.outsider import registered

Decide: TypeAlias = Literal["generate", "choose"]
SHARDED = {"ACCELERATE_USE_FSDP": "true", "FSDP_CPU_RAM_EFFICIENT_LOADING": "true"}
"""What ``accelerate launch --use_fsdp`` puts into the environment."""


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    with tiny_models.one_thread():
        yield


# The update --------------------------------------------------------------------------------------------------------


def work(by: LanguageModel, processes: Processes) -> Iterator[dict[str, Any]]:
    """What the main process samples by itself; values and gradients of it all, then of an episode, one process's."""
    with registered():
        played = processes.from_main(lambda: tiny_models.rollouts(by, groups=1, steps=2))
    yield {"values": [torch.tensor([turn.log_pf for t in played for turn in t.turns])]}
    played = [replace(t, turns=tuple(replace(turn, log_ref=None) for turn in t.turns)) for t in played]
    yield update(by, played)
    by.args = replace(by.args, checkpointing=True)
    yield update(by, played[:1])


def update(by: LanguageModel, played: Sequence[Trajectory]) -> dict[str, Any]:
    """The values of a loss over all trajectories, and its gradients."""
    sides: tuple[Which, ...] = ("policy", "hindsight", "reference")
    log_pf, log_rho, log_ref = values = [by.log_prob(played, which)[0] for which in sides]
    loss = (log_pf - log_rho).sum() ** 2 + (log_pf - log_ref).square().sum()
    parameters = [*by.parameters(), *by.parameters("hindsight")]
    return {"values": [v.detach() for v in values], "gradients": list(torch.autograd.grad(loss, parameters))}


def work_together(folder: Path, architecture: str, decide: Decide) -> None:
    os.environ.update(SHARDED)
    processes = Processes.join("hf:tiny", LMArgs(device="cpu"))
    by = policy(decide, architecture, checkpointing=True)
    by.args = replace(by.args, checkpointing=False)
    by.join(processes)
    by.load_state_dict(by.state_dict())  # as a run that is resumed
    layers, most = by.adapted.model.model.layers, 0

    def count(layer: nn.Module, inputs: Any) -> None:
        nonlocal most
        most = max(most, sum(map(is_whole, layers)))

    for layer in layers:
        layer.register_forward_pre_hook(count)
    made = list(work(by, processes))
    kept = sum(weight.to_local().numel() for weight in by.adapted.frozen if isinstance(weight, DTensor))
    share = kept / sum(weight.numel() for weight in by.adapted.frozen)
    torch.save({"made": made, "share": share, "whole": most}, folder / f"{processes.index}.pt")
    processes.leave()


def is_whole(layer: nn.Module) -> bool:
    return not any(isinstance(weight, DTensor) for weight in layer.parameters())


@pytest.mark.parametrize(
    ("architecture", "decide"), [("qwen3", "choose"), ("qwen3_5", "generate"), ("gemma3", "generate")]
)
def test_two_processes_with_half_of_the_base_make_what_one_makes(
    architecture: str, decide: Decide, tmp_path: Path
) -> None:
    by = policy(decide, architecture, checkpointing=True)
    by.args = replace(by.args, checkpointing=False)
    expected = list(work(by, ALONE))
    codes, said = together(2, tmp_path / "said", work_together, tmp_path, architecture, decide)
    assert codes == [0, 0], said
    found = [torch.load(tmp_path / f"{n}.pt") for n in range(2)]
    for step, one, other in zip(expected, found[0]["made"], found[1]["made"], strict=True):
        for name, tensors in step.items():
            largest = max(float(tensor.abs().max()) for tensor in tensors)
            assert largest > 1e-3, "there is something to compare"
            for a, b, tensor in zip(one[name], other[name], tensors, strict=True):
                assert torch.equal(a, b), "bit by bit the same in both processes"
                assert float((a - tensor).abs().max()) < 1e-5 * largest
    for process in found:
        assert 0.45 < process["share"] < 0.55
        assert process["whole"] <= 2, "a layer, and the one that is gathered ahead"


# The run -----------------------------------------------------------------------------------------------------------


def train(words: list[str]) -> None:
    sys.argv = ["ttb", *words]
    main()


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys() and len(one) > 20
    for name, value in other.items():
        if isinstance(value, Tensor):
            torch.testing.assert_close(one[name], value, rtol=0, atol=1e-5)
        else:
            assert one[name] == (pytest.approx(value, rel=1e-5, abs=1e-5) if isinstance(value, float) else value), name


@pytest.mark.slow
def test_the_command_with_a_model_in_parts_makes_the_run_of_whole_models(tmp_path: Path) -> None:
    model = short_prompts(tmp_path)
    paper = "--anchor hindsight --log-z head --steps 2 --rollouts 3 --eval-tasks 2 --eval-rollouts 1 --step-limit 2"
    few = "--lm.rank 2 --lm.hindsight-rank 2 --lm.max-new-tokens 6 --lm.device cpu --lm.wait 60"
    changes = {"policy": f"hf:{model}", "tasks_per_step": 1, "checkpoint_every": 1}
    words = command("ttb", *paper.split(), *few.split(), **changes)[3:]
    codes, said = together(2, tmp_path / "said", train, [*words, "--run", str(tmp_path / "whole")])
    assert codes == [0, 0], said
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--use_fsdp", "--num_processes", "2"]
    none = "--num_machines 1 --main_process_port 0 --mixed_precision no --dynamo_backend no"
    made = start([*launch, *none.split(), "-m", "agents.ttb", *words, "--run", str(tmp_path / "parts")])
    out, error = made.communicate(timeout=240)
    assert made.returncode == 0, error
    assert "success gained over untrained" in out
    whole, parts = figures(tmp_path / "whole"), figures(tmp_path / "parts")
    assert all(parts[f"/metrics/{step}/losses/grad_norm"] > 0 for step in range(2))
    assert_same(parts, whole)
    # What it wrote is for one process with a whole model as well.
    states = [flat(load_run(str(tmp_path / name)).state_dict()) for name in ("parts", "whole")]
    assert_same(*states)
    assert skillflow(["export", str(tmp_path / "parts"), "--out", str(tmp_path / "merged"), "--merged"]) == 0
    (tmp_path / "parts" / "checkpoints" / "step-000002.pt").unlink()
    resume(tmp_path / "parts")
    assert_same(figures(tmp_path / "parts"), whole)
