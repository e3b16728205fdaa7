"""``skillflow train AGENT ...``: the same as ``python -m agents.AGENT``, under a name that nothing can shadow."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from skillflow_gym.cli.common import UsageError, missing
from skillflow_gym.registration import registry


@dataclass
class Args:
    """Train an agent; what follows its name goes to the agent: skillflow train AGENT --help."""

    agent: Positional[Annotated[str, arg(metavar="AGENT")]]
    """Name of the agent, as in: skillflow list."""


def run(args: Args) -> int:
    """Run the agent without arguments."""
    return run_agent(args.agent, ())


def run_agent(name: str, arguments: Sequence[str]) -> int:
    """Run the agent's ``main`` with ``arguments`` as its command line.

    Raises:
        UsageError: there is no such agent, or it needs an extra that is not installed.
    """
    agents = registry()["agents"]
    if name not in agents:
        raise UsageError(f"no agent is named {name!r}: choose one of {', '.join(agents)}")
    module = agents[name]["module"]
    try:
        main = importlib.import_module(module).main
    except ModuleNotFoundError as error:
        if error.name == module:
            raise UsageError(f"agent {name} is not built yet") from error
        raise missing(error) from error
    before = sys.argv
    sys.argv = [f"skillflow train {name}", *arguments]
    try:
        main()
    finally:
        sys.argv = before
    return 0
