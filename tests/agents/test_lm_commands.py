"""The commands that docs/language-models.md gives for a large model, read by the command line."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from skillflow_gym.agents.args import parse
from skillflow_gym.agents.ttb import PRESETS, Args

DOCS = Path(__file__).resolve().parents[2] / "docs" / "language-models.md"
BLOCKS = re.findall(r"```bash\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)
COMMANDS = [shlex.split(block.replace("\\\n", " ")) for block in BLOCKS if "Qwen3.5-9B" in block]


def test_one_and_four_processes_have_a_command() -> None:
    assert [command[: command.index("-m")] for command in COMMANDS] == [
        ["python"],
        ["accelerate", "launch", "--multi_gpu", "--num_processes", "4"],
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_they_have_the_numbers_of_the_paper(command: list[str]) -> None:
    words = command[command.index("-m") + 1 :]
    assert words[0] == "agents.ttb"
    args = parse(Args, PRESETS, words[1:])
    assert (args.policy, args.steps, args.step_limit, args.checkpoint_every) == ("hf:Qwen/Qwen3.5-9B", 250, 12, 10)
    assert (args.tasks_per_step, args.rollouts, args.gradient_steps, args.replay_groups) == (7, 4, 1, 0)
    assert (args.anchor, args.log_z, args.edge, args.beta, args.beta_start) == ("hindsight", "head", "per_token", 1, 1)
    assert (args.eps, args.contrast_weight, args.max_grad_norm) == (0.1, 1, 3)
    assert (args.learning_rate, args.hindsight_lr, args.log_z_lr, args.weight_decay) == (1e-4, 0.5, 1.5, 0.01)
    assert (args.lm.rank, args.lm.hindsight_rank, args.lm.temperature, args.lm.max_new_tokens) == (64, 16, 0.8, 512)
    assert args.lm.checkpointing and args.lm.token_budget == 32768 and args.lm.context_tokens == 16384
