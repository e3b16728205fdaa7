"""Runs in the sandbox's warm interpreter, where pytest is imported already: a script around one call of pytest.

Reads a job as JSON: ``files`` (path -> text), ``head`` and ``tail`` (parts of the script, for bash), ``arguments`` (of
pytest). All output goes to standard output, in order.
"""

import json
import os
import subprocess
import sys


def write(files: dict[str, str]) -> None:
    """Write the repository."""
    for path, text in files.items():
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def bash(script: str) -> None:
    """Run a part of the script."""
    if script.strip():
        subprocess.run(["/bin/bash", "-c", script], stdin=subprocess.DEVNULL, check=False)


def run_pytest(arguments: list[str]) -> int:
    """The exit status of ``python -m pytest``."""
    import pytest

    try:
        return int(pytest.main(arguments))
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else 1


def main() -> None:
    """Carry the job out."""
    os.dup2(1, 2)
    job = json.load(sys.stdin)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.dont_write_bytecode = True
    write(job.pop("files"))
    bash(job.pop("head"))
    status = run_pytest(job["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    bash(f"set -uxo pipefail\n(exit {status}) 2>/dev/null\n{job['tail']}" if job["tail"].strip() else "")


main()
