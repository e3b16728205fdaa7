"""The evaluation script of a record: what it runs, and how it is changed before it runs here."""

from __future__ import annotations

import random
import re
import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

START = ">>>>> Start Test Output"
END = ">>>>> End Test Output"
EXIT_CODE = ">>>>> Test Exit Code"
TESTBED = "/testbed"
"""Where the official images have the repository."""

_NEW_FILE = re.compile(r"^\+\+\+ b/(.+?)\t?$", re.MULTILINE)
_SETUP = re.compile(r"(?:export|source|conda|cd|locale-gen|sed -i .*locale) ")


@dataclass(frozen=True)
class Sentinels:
    """Tests that run beside the record's own: some must pass and some must fail, whatever the patch does.

    Attributes:
        text: lines of the script that add them to the test files.
        expected: the id of each, and whether it passes.
    """

    text: str
    expected: tuple[tuple[str, bool], ...]

    def names(self) -> frozenset[str]:
        """The names of the functions."""
        return frozenset(test.rpartition("::")[2] for test, _ in self.expected)


def test_files(test_patch: str) -> list[str]:
    """The files that a record's test patch changes or adds."""
    return list(dict.fromkeys(name for name in _NEW_FILE.findall(test_patch) if name != "/dev/null"))


def test_command(script: str) -> str:
    """The first command between the markers, or "" if there is none."""
    _, _, rest = script.partition(START)
    lines = rest.split("\n")[1:]
    command = next((line for line in lines if line.strip()), "")
    return "" if END in command else command.strip()


def runs_pytest(script: str) -> bool:
    """Whether the record's tests run under pytest."""
    return re.search(r"\bpy\.?test\b", test_command(script)) is not None


def selection_script(script: str, test_patch: str, selection: Sequence[str]) -> str:
    """A script that runs some of the tests that are in the repository, in the way of the record's script.

    Nothing that the script says about the record's own tests is in it.
    """
    setup = [line for line in script.partition(START)[0].split("\n") if _SETUP.match(line)]
    if runs_pytest(script):
        command = "python -m pytest -q --tb=short -p no:cacheprovider"
    else:
        hidden = {name for path in test_files(test_patch) for name in (path, _dotted(path))}
        command = shlex.join(word for word in shlex.split(test_command(script)) if word not in hidden)
        selection = [_dotted(path) if "runtests.py" in command else path for path in selection]
    return "\n".join([*setup, f"{command} {shlex.join(selection)}", ""])


def _dotted(path: str) -> str:
    """A test file as Django's runner names it."""
    return path.removeprefix("tests/").removesuffix(".py").replace("/", ".")


def make_sentinels(paths: Sequence[str], sources: Sequence[str]) -> Sentinels:
    """Two sentinels that pass and two that fail for each of ``paths``, named and written like its other tests.

    Args:
        paths: test files.
        sources: their texts; words of their tests' names go into the new names.
    """
    rng = random.Random(secrets.randbits(128))
    lines, expected = [], []
    for path, source in zip(paths, sources, strict=True):
        words = sorted({word for name in re.findall(r"def test_(\w+)", source) for word in name.split("_") if word})
        end = f"EOF_{secrets.token_hex(8)}"
        functions = []
        outcomes = [True, True, False, False]
        rng.shuffle(outcomes)
        for passes in outcomes:
            chosen = [*rng.sample(words, min(2, len(words))), rng.choice("abcdefgh") + secrets.token_hex(3)]
            rng.shuffle(chosen)
            name = f"test_{'_'.join(chosen)}"
            values = [rng.randrange(100) for _ in range(rng.randrange(2, 5))]
            total = sum(values) if passes else sum(values) + rng.randrange(1, 9)
            functions.append(f"def {name}():\n    values = {values}\n    assert sum(values) == {total}\n")
            expected.append((f"{path}::{name}", passes))
        text = "\n\n".join(functions)
        lines.append(f"cat >> {shlex.quote(path)} <<'{end}'\n\n\n{text}{end}")
    return Sentinels("\n".join(lines), tuple(expected))


def insert_before_start(script: str, text: str) -> str:
    """``script`` with ``text`` before the line that marks the start of the tests' output."""
    lines = script.split("\n")
    at = next(number for number, line in enumerate(lines) if START in line)
    return "\n".join([*lines[:at], text, *lines[at:]])
