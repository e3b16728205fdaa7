"""Random: uniform over the benchmark's proposals. Nothing is trained, and torch is not needed."""

from __future__ import annotations

import sys

from skillflow_gym.cli import main as skillflow


def main() -> None:
    """Evaluate the uniform policy; the arguments are those of ``skillflow eval``."""
    code = skillflow(["eval", "--policy", "uniform", *sys.argv[1:]])
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
