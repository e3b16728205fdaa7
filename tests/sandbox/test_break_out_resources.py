"""Programs that try to use up memory, or to drown the reader."""

from __future__ import annotations

import time

from skillflow_gym.sandbox import Limits
from tests.sandbox.running import RunPython


def test_memory_is_limited(run_python: RunPython) -> None:
    done = run_python("kept = []\nwhile True: kept.append(bytearray(1 << 24))", limits=Limits(memory=1 << 28))
    assert done.exit == 1 and done.stderr.endswith("MemoryError\n") and done.exceeded == ("memory",)


def test_memory_under_the_limit_can_be_used(run_python: RunPython) -> None:
    assert run_python("print(len(bytearray(1 << 27)))", limits=Limits(memory=1 << 28)).stdout == f"{1 << 27}\n"


def test_endless_output_is_cut_and_killed_in_time(run_python: RunPython) -> None:
    code = "import os\nwhile True:\n    os.write(1, bytes(1 << 16)); os.write(2, bytes(1 << 16))"
    start = time.monotonic()
    done = run_python(code, limits=Limits(wall=1.0, output=5000))
    assert (len(done.stdout), len(done.stderr), done.exceeded) == (5000, 5000, ("wall", "output"))
    assert time.monotonic() - start < 10


def test_much_output_does_not_block_the_program(run_python: RunPython) -> None:
    code = "import sys\nfor stream in (sys.stderr, sys.stdout):\n    stream.write('x' * (1 << 22))"
    done = run_python(code, limits=Limits(output=10))
    assert (done.exit, done.stdout, done.stderr, done.exceeded) == (0, "x" * 10, "x" * 10, ("output",))


def test_input_that_is_not_read_does_not_block(run_python: RunPython) -> None:
    assert run_python("print(1)", stdin="x" * (1 << 22)).stdout == "1\n"
