"""``skillflow export RUN``: the language model that a run has trained, in the forms that other programs load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from skillflow_gym.cli.common import UsageError, console, missing, usage_errors


@dataclass
class Args:
    """Write the adapter of a run's language model, or with --merged a model with the adapter in its weights."""

    run: Positional[Annotated[str, arg(metavar="RUN")]]
    """The folder of a training run with --policy hf:MODEL."""
    out: str
    """Folder to write; it must not exist yet."""
    merged: bool = False
    """Write a whole model and its tokenizer, for transformers, vLLM and others."""


def run(args: Args) -> int:
    """Load the newest checkpoint and write it."""
    out = Path(args.out)
    if out.exists():
        raise UsageError(f"--out {out} exists already: name a new folder")
    try:
        from skillflow_gym.agents.policies.lm import LanguageModel
        from skillflow_gym.agents.policies.load import load_run
    except ModuleNotFoundError as error:
        raise missing(error) from error
    with usage_errors():
        policy = load_run(args.run)
        if not isinstance(policy, LanguageModel):
            raise UsageError(f"{args.run} trained a scorer, not a language model: there is nothing to export")
        if args.merged:
            policy.save_merged(out)
            use = f'AutoModelForCausalLM.from_pretrained("{out}")'
        else:
            policy.save_adapters(out)
            use = f'PeftModel.from_pretrained(base, "{out / "theta"}")'
    console().print(f"written: {out} ({use})", soft_wrap=True, markup=False)
    return 0
