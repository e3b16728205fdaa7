"""Runs a function in several processes that train together, over gloo on this machine."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from skillflow_gym.agents.args import one_line_errors
from tests.agents import tiny_models  # noqa: F401  # the server of forks has it loaded, and with it transformers


def together(count: int, folder: Path, function: Callable[..., None], *arguments: Any) -> tuple[list[int], list[str]]:
    """Call ``function(*arguments)`` in ``count`` processes; their exit codes, and what each printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    folder.mkdir()
    made = [
        context.Process(target=_call, args=(n, count, port, folder / f"{n}.txt", function, arguments))
        for n in range(count)
    ]
    for process in made:
        process.start()
    try:
        for process in made:
            process.join(120)
    finally:
        for process in made:
            process.kill()
            process.join()
    codes = [code if (code := process.exitcode) is not None else -1 for process in made]
    return codes, [(folder / f"{n}.txt").read_text() for n in range(count)]


def _call(
    index: int, count: int, port: int, log: Path, function: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    place = {"RANK": index, "LOCAL_RANK": index, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
    os.environ.update({name: str(value) for name, value in {**place, **address}.items()})
    torch.set_num_threads(1)
    with log.open("w", buffering=1) as file:
        sys.stdout = sys.stderr = file
        with one_line_errors():
            function(*arguments)
