"""``skillflow skills``: look at skill libraries, compare, check and move them, and read a run's history."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from markdown_it import MarkdownIt
from rich import box
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, OmitSubcommandPrefixes, Positional, arg, subcommand

from skillflow_gym.cli.common import EnvArgs, UsageError, console, find, loaded, plain, usage_errors
from skillflow_gym.cli.skills_history import History, Rollback, skills
from skillflow_gym.skills.library import SkillLibrary
from skillflow_gym.skills.load import load_library, target_store
from skillflow_gym.skills.skill import Skill

if TYPE_CHECKING:
    from skillflow_gym.skills.audit import Finding

STATISTICS = ("visits", "g", "gap", "share", "created")
"""What of the metadata has a column of its own."""

_DIFF = {"+": "green", "-": "red", "@": "cyan"}

Library = Positional[Annotated[str, arg(metavar="LIBRARY")]]


@dataclass
class List:
    """The skills of a library with their statistics."""

    library: Library
    """Folder of skills, store, or run; STORE@VERSION for an older version."""

    def run(self) -> int:
        """Print a table."""
        library = load_library(self.library)
        shown = [name for name in STATISTICS if any(name in skill.metadata for skill in library.values())]
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("name", no_wrap=True)
        table.add_column("description")
        for name in shown:
            table.add_column(name, justify="right", no_wrap=True)
        for skill in library.values():
            figures = [plain(_figure(skill.metadata.get(name, ""))) for name in shown]
            table.add_row(plain(skill.name, "bold"), plain(" ".join(skill.description.split())), *figures)
        out = console()
        out.print(table)
        out.print(f"  version {library.version}, {skills(len(library))}")
        return 0


@dataclass
class Show:
    """One skill: as a page in a terminal, as the text it is in a pipe."""

    library: Library
    """Folder of skills, store, or run; STORE@VERSION for an older version."""
    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """The skill's name."""

    def run(self) -> int:
        """Print name, description, metadata and body."""
        library = load_library(self.library)
        if self.name not in library:
            known = ", ".join(map(repr, library.names)) or "nothing"
            raise UsageError(f"{self.library} has no skill {self.name!r}; it has {known}")
        skill = library[self.name]
        out = console(widest=100) if console().is_terminal else console()
        facts = [("name", skill.name), ("description", skill.description)]
        facts += [(f"  {name}", value) for name, value in skill.metadata.items()]
        for name, value in facts:
            fact = Text.assemble(plain(f"{name}: ", "dim"), plain(" ".join(value.split())))
            out.print(fact, soft_wrap=not out.is_terminal)
        out.print()
        if out.is_terminal:
            out.print(_page(skill.body))
        else:
            print(plain(skill.body).plain)  # rich would turn tabs into spaces
        return 0


@dataclass
class Diff:
    """What differs between two libraries; exit code 1 if anything does. Statistics do not count."""

    a: Positional[Annotated[str, arg(metavar="A")]]
    """Folder of skills, store, or run; STORE@VERSION for an older version."""
    b: Positional[Annotated[str, arg(metavar="B")]]
    """The other one."""

    def run(self) -> int:
        """Print names, and a unified diff of each skill that changed."""
        a, b = load_library(self.a), load_library(self.b)
        out, difference = console(), a.diff(b)
        for name in difference.removed:
            out.print(plain(a[name].catalogue_line, "red"), soft_wrap=True)
        for name in difference.added:
            out.print(plain("+" + b[name].catalogue_line[1:], "green"), soft_wrap=True)
        for name in difference.changed:
            out.print(plain(f"~ {name}", "yellow"), soft_wrap=True)
            for line in islice(difflib.unified_diff(_lines(a[name]), _lines(b[name]), lineterm=""), 2, None):
                out.print(plain("    " + line, _DIFF.get(line[0], "")), soft_wrap=True)
        count = sum(map(len, difference))
        out.print(f"{count} differ" if count else f"equal: version {a.version}, {skills(len(a))}")
        return 1 if count else 0


@dataclass
class Export:
    """Write a library as a new folder of skills."""

    library: Library
    """Folder of skills, store, or run; STORE@VERSION for an older version."""
    folder: Positional[Annotated[str, arg(metavar="FOLDER")]]
    """The folder to make."""

    def run(self) -> int:
        """Save the library."""
        library = load_library(self.library)
        library.save(self.folder)
        done = f"{skills(len(library))} of version {library.version} written to {self.folder}"
        console().print(plain(done), soft_wrap=True)
        return 0


@dataclass
class Audited:
    """A library that is checked."""

    library: Library
    """Folder of skills, store, or run; STORE@VERSION for an older version."""
    env: str = ""
    """Benchmark whose questions and gold answers, of all splits, no skill may repeat; empty for none."""
    source: str = "auto"
    """Where its tasks come from: auto, mini, hub, hub:ID or file:PATH."""
    reader: str = ""
    """Who reads the skills: hf:MODEL, a language model in this process; a table of words if empty."""

    def auditor(self) -> Callable[[Skill], tuple[Finding, ...]]:
        """Finds what is wrong with a skill; says first whose tasks it protects."""
        from skillflow_gym.skills.audit import Protected, audit, make_reader

        reader = make_reader(self.reader)
        if not self.env:
            if self.source != "auto":
                raise UsageError("--source says where the tasks of --env come from: give --env too")
            return lambda skill: audit(skill, reader=reader)
        tasksets = []
        for split in find(self.env).splits:
            env = EnvArgs(env=self.env, source=self.source).make_env(split)
            try:
                tasksets.append(loaded(env).taskset)
            finally:
                env.close()
        told = ", ".join(f"{len(tasks)} of {tasks.split} ({tasks.source})" for tasks in tasksets)
        console().print(plain(f"protected tasks of {self.env}: {told}", "dim"), soft_wrap=True)
        protected = Protected.of(tasksets)
        return lambda skill: audit(skill, protected, reader)


@dataclass
class Audit(Audited):
    """Check every skill before it is used; exit code 1 if anything is found."""

    def run(self) -> int:
        """Print the findings of each skill."""
        library, audit, out = load_library(self.library), self.auditor(), console()
        refused = 0
        for skill in library.values():
            if findings := audit(skill):
                refused += 1
                _refused(out, skill, findings)
            else:
                out.print(Text.assemble(("ok ", "green"), plain(skill.name)))
        out.print(f"{refused} of {skills(len(library))} refused", style="bold red" if refused else "bold green")
        return 1 if refused else 0


@dataclass(kw_only=True)
class Import(Audited):
    """Add the skills of a library to a store, after an audit; exit code 1 if none was added because of it."""

    into: Annotated[str, arg(metavar="STORE")]
    """Store, or the folder of a run; a store that does not exist is made."""
    accept_rest: FlagCreatePairsOff[bool] = False
    """Add those that the audit accepts though it refuses others."""

    def run(self) -> int:
        """Audit all, append those that may be, say what became of each."""
        library, audit, store, out = load_library(self.library), self.auditor(), target_store(self.into), console()
        before, step = SkillLibrary(), 0
        for entry in store.entries():
            before = entry.library
            step = number if isinstance(number := entry.event.get("step"), int) else step
        findings = {skill.name: found for skill in library.values() if (found := audit(skill))}
        for name, found in findings.items():
            _refused(out, library[name], found)
        if findings and not self.accept_rest:
            refused = f"{len(findings)} of {skills(len(library))} refused"
            out.print(f"{refused}, nothing imported: --accept-rest imports the others", style="bold red")
            return 1
        new: dict[str, Skill] = {}
        for name, skill in library.items():
            if name in findings:
                continue
            there = before.get(name)
            if there is not None and there.content_hash == skill.content_hash:
                out.print(plain(f"=  {name} is there already", "dim"))
                continue
            new[name] = skill
            out.print(plain(f"~  {name} replaces another of that name" if there else f"+  {name}", "green"))
        changes: list[dict[str, Any]] = [
            {"kind": "import", "skill": name, "evidence": {"from": self.library}} for name in new
        ]
        for name, found in findings.items():
            evidence = {"findings": [[f.rule, f.excerpt] for f in found], "skill": asdict(library[name])}
            changes.append({"kind": "reject", "skill": name, "evidence": evidence})
        if changes:
            event = {"kind": "import", "step": step, "changes": changes}
            entry = store.append(SkillLibrary({**before, **new}.values()), event)
            done = f"{skills(len(new))} imported into {store.folder}: entry {entry.number}, version {entry.version}"
            out.print(plain(done), soft_wrap=True)
        else:
            out.print("nothing to import")
        return 1 if findings and len(findings) == len(library) else 0


_Command = (
    Annotated[List, subcommand("list")]
    | Annotated[Show, subcommand("show")]
    | Annotated[Diff, subcommand("diff")]
    | Annotated[Export, subcommand("export")]
    | Annotated[Import, subcommand("import")]
    | Annotated[Audit, subcommand("audit")]
    | Annotated[Rollback, subcommand("rollback")]
    | Annotated[History, subcommand("history")]
)


@dataclass
class Args:
    """Look at skill libraries; compare, check, move and roll them back; read their history."""

    command: OmitArgPrefixes[OmitSubcommandPrefixes[_Command]]


def run(args: Args) -> int:
    """Run the sub-command."""
    try:
        with usage_errors():
            return args.command.run()
    except UsageError as error:
        raise UsageError(plain(str(error)).plain) from error  # a message may quote what a file holds


# --- How things are shown --------------------------------------------------------------------------------------------


def _figure(text: str) -> str:
    """A statistic with two decimals, unless it is whole or no number."""
    try:
        return text if text.lstrip("+-").isdecimal() else f"{float(text):.2f}"
    except ValueError:
        return text


def _lines(skill: Skill) -> list[str]:
    return f"{skill.description}\n\n{skill.body}".split("\n")


def _refused(out: Console, skill: Skill, findings: tuple[Finding, ...]) -> None:
    out.print(Text.assemble(("x  ", "bold red"), plain(skill.name)))
    for finding in findings:
        excerpt = plain(" ".join(finding.excerpt.split()))
        out.print(Text.assemble("     ", (finding.rule, "yellow"), ": ", excerpt), soft_wrap=True)


def _page(body: str) -> Markdown:
    """The body as Markdown, but with the comments, HTML and targets of links that it would hide."""
    text = plain(body).plain
    page = Markdown(text, hyperlinks=False)
    page.parsed = MarkdownIt().enable(["strikethrough", "table"]).disable(_HIDING).parse(text)
    return page


_HIDING = ["html_block", "html_inline", "reference", "link", "image", "entity"]
