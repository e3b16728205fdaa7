"""Several processes that train one language model come to the update, and to the run, of one process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from skillflow_gym.agents.args import restore
from skillflow_gym.agents.policies.lm import LanguageModel
from skillflow_gym.agents.policies.lm_args import LMArgs
from skillflow_gym.agents.processes import Processes
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.agents.trainer import train
from skillflow_gym.agents.ttb import TTB, Args, main
from skillflow_gym.policy import Which
from skillflow_gym.trajectory import Trajectory
from tests.agents import tiny_models
from tests.agents.runs import SMALL, flat, kept, same_state
from tests.agents.test_lm_score import ttb
from tests.agents.together import together
from tests.contract.outsider import registered


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    with tiny_models.one_thread():
        yield


# The update --------------------------------------------------------------------------------------------------------

WAYS = ("generate", "choose")


def policy(decide: str, architecture: str = "qwen3", checkpointing: bool = False) -> LanguageModel:
    """Two adapters, and micro-batches of few transcripts."""
    made = tiny_models.tokenizer(architecture)
    made.chat_template = None  # short prompts
    args = LMArgs(decide=decide, token_budget=600, max_new_tokens=6, checkpointing=checkpointing)
    by = LanguageModel(tiny_models.model(architecture), made, args, True)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in (*by.parameters(), *by.parameters("hindsight")):
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return by


def update(by: LanguageModel, played: list[Trajectory]) -> dict[str, list[torch.Tensor]]:
    """The values of a loss over all trajectories, coupled by log Z of their groups, and its gradients."""
    sides: tuple[Which, ...] = ("policy", "hindsight", "reference")
    values, masks = zip(*(by.log_prob(played, which) for which in sides), strict=True)
    log_pf, log_rho, log_ref = values
    loss = ttb(log_pf, masks[0], log_rho) + (log_pf - log_ref).sum() ** 2
    parameters = [*by.parameters(), *by.parameters("hindsight")]
    return {"values": [v.detach() for v in values], "gradients": list(torch.autograd.grad(loss, parameters))}


def update_together(folder: Path, played: list[list[Trajectory]]) -> None:
    processes = Processes.join("hf:tiny", LMArgs(device="cpu"))
    made = []
    for decide, trajectories in zip(WAYS, played, strict=True):
        by = policy(decide)
        by.join(processes)
        made.append(update(by, trajectories))
    torch.save(made, folder / f"{processes.index}.pt")
    processes.leave()


def test_the_update_is_that_of_one_process(tmp_path: Path) -> None:
    played, expected = [], []
    for decide in WAYS:
        by = policy(decide)
        with registered():
            made = tiny_models.rollouts(by, steps=2)
        made[1] = replace(made[1], turns=made[1].turns[:1])
        made = [replace(t, turns=tuple(replace(turn, log_ref=None) for turn in t.turns)) for t in made]
        played.append(made)
        expected.append(update(by, made))
    codes, said = together(2, tmp_path / "said", update_together, tmp_path, played)
    assert codes == [0, 0], said
    found = [torch.load(tmp_path / f"{n}.pt") for n in range(2)]
    for number, way in enumerate(expected):
        for name, tensors in way.items():
            largest = max(float(tensor.abs().max()) for tensor in tensors)
            assert largest > 1e-3, "there is something to compare"
            for one, other, tensor in zip(found[0][number][name], found[1][number][name], tensors, strict=True):
                assert torch.equal(one, other), "bit by bit the same in both processes"
                assert float((one - tensor).abs().max()) < 1e-5 * largest


# The run -----------------------------------------------------------------------------------------------------------


def short_prompts(folder: Path) -> Path:
    """A tiny model without a chat template."""
    model = tiny_models.save("qwen3", folder / "model")
    (model / "chat_template.jinja").unlink()
    return model


def run(folder: Path, model: Path, **changes: Any) -> None:
    lm = LMArgs(decide="generate", rank=2, hindsight_rank=2, max_new_tokens=6, device="cpu", wait=60)
    few: dict[str, Any] = {"steps": 3, "eval_tasks": 2, "eval_rollouts": 1, "rollouts": 3, "step_limit": 2}
    paper: dict[str, Any] = {"anchor": "hindsight", "log_z": "head"}
    options = {**SMALL, **few, **paper, "env": "Vaults", "policy": f"hf:{model}", "lm": lm}
    args = Args(**{**options, "run": str(folder), **changes})
    with registered():
        train(args, lambda: TTB(args))


def resume(folder: Path) -> None:
    args = restore(Args, str(folder))
    with registered():
        train(args, lambda: TTB(args))


def run_and_die(folder: Path, model: Path) -> None:
    """The main process is gone after its second update."""
    save = RunFolder.save_checkpoint

    def die(kept: RunFolder, step: int, state: Any) -> None:
        save(kept, step, state)
        if step == 2:
            raise OSError("the disk is full")

    RunFolder.save_checkpoint = die  # type: ignore[method-assign]  # in a process of its own
    run(folder, model)


def figures(folder: Path) -> dict[str, Any]:
    """All numbers that a run leaves, by their place."""
    files = sorted((folder / "evaluations").iterdir())
    evaluations = {file.stem: json.loads(file.read_text()) for file in files}
    return flat({"metrics": RunFolder(folder).rows("metrics.jsonl"), "evaluations": evaluations})


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if "tensorboard" not in file.parts}


@pytest.mark.slow
def test_two_processes_make_the_run_of_one(tmp_path: Path) -> None:
    model = short_prompts(tmp_path)
    run(tmp_path / "one", model)
    assert all(row["losses/grad_norm"] > 0 for row in RunFolder(tmp_path / "one").rows("metrics.jsonl"))
    codes, said = together(2, tmp_path / "said", run, tmp_path / "two", model)
    assert codes == [0, 0], said
    assert "success gained over untrained" in said[0] and said[1] == "", "the main process alone prints"
    assert {path.name for path in tmp_path.iterdir()} == {"model", "said", "one", "two"}, "one run folder"
    assert files(tmp_path / "one") == files(tmp_path / "two")
    one, two = figures(tmp_path / "one"), figures(tmp_path / "two")
    assert one.keys() == two.keys() and len(one) > 50
    for name, value in one.items():
        same = pytest.approx(value, rel=1e-5, abs=1e-5) if isinstance(value, float) else value
        assert two[name] == same, name


@pytest.mark.slow
def test_when_one_process_fails_all_end_and_the_run_can_be_resumed(tmp_path: Path) -> None:
    model = short_prompts(tmp_path)
    codes, said = together(2, tmp_path / "said", run, tmp_path / "whole", model)
    assert codes == [0, 0], said
    codes, said = together(2, tmp_path / "broken", run_and_die, tmp_path / "run", model)
    assert codes == [2, 2], said
    assert said[0].endswith("error: process 1 of 2: the disk is full\n")
    assert said[1].startswith("error: process 2 of 2: another process has failed"), said[1]
    codes, said = together(2, tmp_path / "again", resume, tmp_path / "run")
    assert codes == [0, 0], said
    assert kept(tmp_path / "run") == kept(tmp_path / "whole")
    states = [RunFolder(tmp_path / name).load_checkpoint() for name in ("run", "whole")]
    assert states[0] is not None and states[1] is not None and same_state(states[0][1], states[1][1])


# What is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "environment", "message"),
    [
        ("", {}, "--policy scorer trains in one process"),
        ("--policy hf:x", {"ACCELERATE_USE_DEEPSPEED": "true"}, "a model is whole in every process, or"),
        ("--policy hf:x --stale 1", {"ACCELERATE_USE_FSDP": "true"}, "--stale reads in a thread of its own"),
        ("--policy hf:x --lm.device cuda:1", {}, "--lm.device cuda:1 is for one process"),
    ],
)
def test_what_several_processes_cannot_do_is_one_line(
    words: str,
    environment: dict[str, str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["ttb", "--env", "HotpotQA-v0", "--source", "mini", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    error = capsys.readouterr().err
    assert ended.value.code == 2 and error.startswith(f"error: process 2 of 2: {message}") and error.count("\n") == 1
