"""ReAct: a prompted language model on any OpenAI-compatible server. Nothing is trained.

``python -m agents.react --env HotpotQA-v0 --source mini --model MODEL --url http://127.0.0.1:8000/v1``
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from skillflow_gym.agents.args import one_line_errors, parse
from skillflow_gym.agents.policies.api import ReactPolicy
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.cli.common import EnvArgs, console, find, loaded
from skillflow_gym.evaluate import Evaluation, evaluate
from skillflow_gym.rollout import Collector


@dataclass
class Args(EnvArgs):
    """Evaluate a prompted language model."""

    model: str = ""
    """The model's name on the server."""
    url: str = ""
    """The server, as in http://127.0.0.1:8000/v1; its key is read from OPENAI_API_KEY."""
    temperature: float = 0.7
    """Of the sampling."""
    tokens: int = 512
    """Most tokens of an answer."""
    at_once: int = 8
    """Calls at a time."""
    timeout: float = 120.0
    """Seconds for a call."""
    split: str = "test"
    """train, validation or test."""
    tasks: int = 50
    """Size of the panel: the first tasks of the split; 0 for all."""
    rollouts: int = 1
    """Rollouts per task."""
    seed: int = 0
    """Seeds every rollout, as far as the server keeps to it."""
    deadline: float = 0.0
    """Seconds per episode, after which it is unscored; 0 for none."""
    run: str = ""
    """Folder of the run; empty for runs/<env>-react."""

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            ValueError: the server is not named, or a number is too small.
        """
        if not self.model or not self.url:
            raise ValueError("react needs --model and --url, as in --model qwen --url http://127.0.0.1:8000/v1")
        least = {"temperature": 0, "tokens": 1, "at_once": 1, "tasks": 0, "rollouts": 1, "seed": 0, "deadline": 0}
        for name, smallest in least.items():
            if not getattr(self, name) >= smallest:
                raise ValueError(f"--{name.replace('_', '-')} must be at least {smallest}, got {getattr(self, name)}")
        self.more_arguments()


def make_policy(args: Args) -> ReactPolicy:
    """The policy that ``args`` name."""
    return ReactPolicy(args.model, args.url, args.temperature, args.tokens, args.at_once, args.timeout)


def run(args: Args) -> Evaluation:
    """Evaluate, print the figures, and keep them with the trajectories in the run's folder.

    Raises:
        ValueError: an argument is wrong.
        InfrastructureError: the server failed for good.
    """
    benchmark, out = find(args.env), console()
    make_env = partial(args.make_env, args.split)
    core = loaded(make_env())
    panel = core.taskset[: args.tasks or None]
    policy = make_policy(args)
    data = {args.split: {"tasks": len(core.taskset), "sha256": core.taskset.sha256}}
    place = Path(args.run or Path("runs") / f"{benchmark.name}-react")
    folder = RunFolder.create(place, {"agent": "react", "args": asdict(args), "data": data})
    out.print(
        f"{policy.version} on {benchmark.env_id}, source {core.source}\nrun folder: {folder.path}", soft_wrap=True
    )
    collector = Collector(make_env, args.deadline, args.at_once)

    def tell(done: int, of: int) -> None:
        out.print(f"{done} of {of} rollouts")

    result = evaluate(policy, collector, panel, args.rollouts, args.seed, batch=8 * args.at_once, on_batch=tell)
    collector.close()
    core.close()
    summary = result.summary() | {"usage": policy.usage}
    folder.write_text("evaluations/react.json", json.dumps(summary, indent=2) + "\n")
    folder.write_trajectories(0, result.trajectories)
    out.print(f"success {result.success()}; unscored {result.unscored:.1%}")
    out.print(f"panel: {len(panel)} tasks of {args.split}, sha256 {result.sha256}; {policy.usage}", soft_wrap=True)
    return result


def main() -> None:
    """Run from the command line."""
    with one_line_errors():
        run(parse(Args))


if __name__ == "__main__":
    main()
