"""README.md and docs/ say nothing that is not so: tables, examples, commands, links."""

from __future__ import annotations

import importlib
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
import tyro

from skillflow_gym.cli import COMMANDS
from skillflow_gym.registration import registry, stanza

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TABLES = runpy.run_path(str(ROOT / "docs" / "tables.py"))
page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)


def fences(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


# --- Tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["benchmarks", "agents"])
def test_table_is_what_registry_yaml_says(name: str) -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    table = TABLES["TABLES"][name]()
    assert TABLES["between"](name, text)[1].strip() == table, "registry.yaml has changed: run python docs/tables.py"
    rows = table.split("\n")[2:]
    assert len(rows) == len(registry()[name])
    for entry, row in zip(registry()[name], rows, strict=True):
        assert entry in row


def test_table_tells_the_built_from_the_announced() -> None:
    rows = TABLES["benchmark_table"]().split("\n")[2:]
    for name, row in zip(registry()["benchmarks"], rows, strict=True):
        assert row.endswith("| ready |") == ("entry_point" in registry()["benchmarks"][name])


def test_writing_the_tables_changes_nothing_else() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    assert TABLES["with_tables"](text) == text
    emptied = re.sub(r"(<!-- benchmarks -->\n).*(<!-- /benchmarks -->)", r"\1\2", text, flags=re.DOTALL)
    assert emptied != text
    assert TABLES["with_tables"](emptied) == text
    with pytest.raises(ValueError, match="put both back"):
        TABLES["with_tables"](text.replace("<!-- /agents -->", ""))


def test_the_place_for_results_stands() -> None:
    assert TABLES["between"]("results", PAGES[0].read_text(encoding="utf-8"))[1].strip()


# --- Examples and commands -------------------------------------------------------------------------------------------


def test_examples_run_and_print_what_they_show(tmp_path: Path) -> None:
    """In a process of their own, as a reader would: what they register is no concern of other tests."""
    assert sum(">>> " in path.read_text(encoding="utf-8") for path in PAGES) >= 3
    environment = {k: v for k, v in os.environ.items() if k != "SKILLFLOW_DATA"} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-m", "doctest", "-o", "ELLIPSIS", *map(str, PAGES)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_walk_through_quotes_the_example() -> None:
    text = (ROOT / "examples" / "own_benchmark.py").read_text(encoding="utf-8")
    example = {line.strip() for line in text.splitlines()}
    quoted = fences((ROOT / "docs" / "writing-a-benchmark.md").read_text(encoding="utf-8"), "python")
    lines = [line.strip() for block in quoted if ">>>" not in block for line in block.splitlines()]
    assert len(lines) > 20
    assert [line for line in lines if line not in example] == []


def commands(text: str) -> Iterator[list[str]]:
    """Every command of the page's shell blocks, split as the shell would."""
    for block in fences(text, "bash"):
        for line in re.split(r"\n|&&", block.replace("\\\n", " ").replace("<this repository>", "URL")):
            if words := shlex.split(line, comments=True):
                yield words


def parse(arguments: Any, words: list[str]) -> Any:
    """What the command's own parser makes of its arguments; it ends the test where it would end the command."""
    try:
        return tyro.cli(arguments, args=words)
    except SystemExit as error:
        pytest.fail(f"not understood: {shlex.join(words)} (exit code {error.code})")


def check_ours(words: list[str]) -> None:
    """An agent or a ``skillflow`` command: its flags, its benchmark, its source."""
    if words[0] == "skillflow" and words[1] == "train":
        words = ["python", "-m", f"agents.{words[2]}", *words[3:]]
    if words[0] == "skillflow":
        args = parse(COMMANDS[words[1]].Args, words[2:])
    else:
        agent = words[2].removeprefix("agents.")
        module = importlib.import_module(f"skillflow_gym.agents.{agent}")
        args = parse(getattr(module, "Args", COMMANDS["eval"].Args), words[3:])
    if hasattr(args, "env") and not getattr(args, "resume", ""):
        assert args.source != "auto", f"name the source: {shlex.join(words)}"
        for named in args.env.split(","):
            name = named.strip().rpartition(":")
            assert name[0] or stanza(name[2]).built, f"not built: {shlex.join(words)}"
    if library := getattr(args, "library", ""):
        assert (ROOT / library).is_dir()


def check_pip(words: list[str]) -> None:
    """Files and extras that ``pip install`` names exist."""
    extras = set(metadata("skillflow-gym").get_all("Provides-Extra") or ())
    assert words[:2] == ["pip", "install"]
    if "-c" in words:
        assert (ROOT / words[words.index("-c") + 1]).is_file()
    for name in re.findall(r"\.\[([\w,-]+)\]", " ".join(words)):
        assert set(name.split(",")) <= extras


@page
def test_commands_exist_as_written(page: Path) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        if words[:2] == ["accelerate", "launch"]:  # the same command, in several processes
            words = ["python", *words[words.index("-m") :]]
        if words[0] == "skillflow" or (words[:2] == ["python", "-m"] and words[2].startswith("agents.")):
            check_ours(words)
        elif words[0] == "pip":
            check_pip(words)
        elif words[0] == "python" and words[1].endswith(".py"):
            script = (ROOT / words[1]).read_text(encoding="utf-8")
            flags = {word for word in words if word.startswith("--")}
            fields = {f"--{name.replace('_', '-')}" for name in re.findall(r"^    (\w+): ", script, re.MULTILINE)}
            assert [flag for flag in flags - fields if f'"{flag}"' not in script] == []
        elif words[0] == "cd":
            assert words[1] == "skillflow-gym" or (ROOT / words[1]).is_dir()
        else:
            assert words[:3] in (
                ["git", "clone", "URL"],
                ["python", "-m", "venv"],
                ["python", "-m", "pytest"],
                ["python", "-m", "llama_cpp.server"],  # run by test_pretrained.py
                [".", ".venv/bin/activate"],
            ), words


def test_the_first_block_trains_and_the_second_tests() -> None:
    first, second = fences(PAGES[0].read_text(encoding="utf-8"), "bash")[:2]
    assert first.strip().endswith("python -m agents.ttb --env HotpotQA-v0 --source mini")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip()
    assert second.strip().partition(" && ")[2] == script.rpartition("\n")[2], "CI runs another test command"


def test_inline_flags_exist() -> None:
    """Flags that the text names in passing are arguments of an agent or of a command."""
    modules = [importlib.import_module(entry["module"]) for entry in registry()["agents"].values()]
    modules += [importlib.import_module("skillflow_gym.agents.compare")]
    modules += [module for module in COMMANDS.values() if is_dataclass(module.Args)]
    known = {field.name for module in modules if hasattr(module, "Args") for field in fields(module.Args)}
    for path in PAGES:
        for flag in re.findall(r"`--([a-z][a-z-]*)", path.read_text(encoding="utf-8")):
            assert flag == "help" or flag.replace("-", "_") in known, f"{path.name}: --{flag}"


# --- Links and hygiene -----------------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists() and linked.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), target


HOSTS = {"127.0.0.1", "agentskills.io", "github.com", "arxiv.org", "gymnasium.farama.org", "huggingface.co"}
"""All hosts that a page may link to."""


@page
def test_no_path_or_host_of_one_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])/(?:work|home|root|tmp|mnt|opt|Users)/\S*", text) == []
    assert set(re.findall(r"https?://([\w-]+(?:\.[\w-]+)+)", text)) <= HOSTS
    installs = re.findall(r"pip install ([^&|\n`]*)", text)
    assert {flag for line in installs for flag in re.findall(r"(?<!\S)-\S+", line)} <= {"-c", "-e"}
