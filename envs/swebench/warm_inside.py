"""Runs in the sandbox's warm interpreter, where pytest is imported already: a script around one call of pytest.

Reads a job as JSON: ``files`` (path -> text), ``changed`` (those that differ from the repository's), ``compiled``
(path -> byte code in base64), ``head`` and ``tail`` (parts of the script, for bash), ``arguments`` (of pytest). All
output goes to standard output, in order. With ``compile`` it collects the tests of the files instead, and prints the
byte code that pytest and Python keep of them, as JSON.
"""

import base64
import json
import os
import subprocess
import sys

MADE = 1_000_000_000
"""When unchanged files were made, so that their byte code, which knows time and size of its source, is current."""


def write(files: dict[str, str], changed: list[str], compiled: dict[str, str]) -> None:
    """Write the repository."""
    for path in {os.path.dirname(path) for path in (*files, *compiled)} - {""}:
        os.makedirs(path, exist_ok=True)
    for path, text in files.items():
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if path not in changed:
            os.utime(path, (MADE, MADE))
    for path, code in compiled.items():
        with open(path, "wb") as binary:
            binary.write(base64.b64decode(code))


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


def compiled_files() -> dict[str, str]:
    """What is in the repository's folders of byte code."""
    found = {}
    for folder, _, names in os.walk("."):
        for name in names if os.path.basename(folder) == "__pycache__" else ():
            path = os.path.normpath(os.path.join(folder, name))
            with open(path, "rb") as file:
                found[path] = base64.b64encode(file.read()).decode()
    return found


def main() -> None:
    """Carry the job out."""
    job = json.load(sys.stdin)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.dont_write_bytecode = not job["compile"]
    write(job.pop("files"), job.pop("changed"), job.pop("compiled"))
    if job["compile"]:
        out = os.dup(1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        run_pytest(["--collect-only", "-p", "no:cacheprovider"])
        sys.stdout.flush()
        os.dup2(out, 1)
        print(json.dumps(compiled_files()))
        return
    os.dup2(1, 2)
    bash(job.pop("head"))
    status = run_pytest(job["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    bash(f"set -uxo pipefail\n(exit {status}) 2>/dev/null\n{job['tail']}" if job["tail"].strip() else "")


main()
