"""Stores of skills on the command line: their history with a line per change, and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from rich.console import Console
from rich.text import Text
from tyro.conf import FlagCreatePairsOff, Positional, arg

from skillflow_gym.cli.common import UsageError, console, plain
from skillflow_gym.skills.library import LibraryDiff, SkillLibrary
from skillflow_gym.skills.load import find_version, open_store
from skillflow_gym.skills.store import Entry, StoreError


def skills(count: int) -> str:
    """``3 skills``."""
    return f"{count} skill{'' if count == 1 else 's'}"


@dataclass
class Rollback:
    """Make an older version the present one; the history keeps what was there between."""

    store: Positional[Annotated[str, arg(metavar="STORE")]]
    """Store, or the folder of a run."""
    version: Positional[Annotated[str, arg(metavar="VERSION")]]
    """4 digits or more of a version, or the number of an entry, as the history shows them."""

    def run(self) -> int:
        """Append the version and print what it changes."""
        store, out = open_store(self.store), console()
        after = find_version(store, self.version.removeprefix("@"))
        if after.version == store.head:
            out.print(f"nothing to do: {after.version} is the present version")
            return 0
        try:
            changes = _difference(store.load(store.head).diff(after))
        except StoreError:
            changes = f"version {store.head}, which was the present one, is damaged and cannot be compared"
        entry = store.rollback(after.version)
        out.print(f"back to version {entry.version}, {skills(len(entry.library))}, as entry {entry.number}")
        out.print(plain(changes), soft_wrap=True)
        return 0


@dataclass
class History:
    """Every change of a store, oldest first, with the evidence for it."""

    store: Positional[Annotated[str, arg(metavar="RUN")]]
    """Folder of a run, or a store."""
    skill: str = ""
    """Only the changes of this skill; empty for all."""
    full: FlagCreatePairsOff[bool] = False
    """Print the evidence whole, as JSON."""

    def run(self) -> int:
        """Print a line per change; before a damaged entry, what can be read."""
        lines: list[Line] = []
        try:
            for line in history(open_store(self.store).entries(), self.skill, self.full):
                lines.append(line)
        finally:
            if lines:
                show(console(), lines)
        if not lines:
            raise UsageError(f"{self.store}: no entry changes a skill {self.skill!r}")
        return 0


# --- Lines -----------------------------------------------------------------------------------------------------------

_STYLES = {
    "create": "green",
    "import": "green",
    "refine": "yellow",
    "merge": "magenta",
    "prune": "red",
    "reject": "red",
    "rollback": "bold yellow",
}
_LONGEST = 60


class Line(NamedTuple):
    """What a line says.

    Attributes:
        where: number, step and version of the entry.
        kind: create, refine, ...; of an entry that lists no change, its own kind.
        skills: the names that it concerns.
        skill: the name that it shows; "" for none.
        evidence: why it was changed, in short or as JSON.
        about: the entry's own facts, such as the cost of its phase; "" on all its lines but the first.
    """

    where: tuple[str, str, str]
    kind: str
    skills: tuple[str, ...]
    skill: str
    evidence: str
    about: str


def history(entries: Iterable[Entry], skill: str = "", full: bool = False) -> Iterator[Line]:
    """The lines of ``entries``; only those that concern ``skill``, if it is given."""
    before = SkillLibrary()
    for entry in entries:
        lines = [line for line in _entry(entry, before, full) if skill in ("", *line.skills)]
        yield from (line._replace(about="" if i else line.about) for i, line in enumerate(lines))
        before = entry.library


def show(out: Console, lines: Iterable[Line]) -> None:
    """Print the lines in columns; none is broken, so that each can be searched and counted."""
    lines = list(lines)
    columns = [(*line.where, line.kind, line.skill or "-") for line in lines]
    widths = [max(map(len, column)) for column in zip(*columns, strict=True)]
    for line, column in zip(lines, columns, strict=True):
        number, step, version, kind, skill = (
            plain(text).plain.ljust(width) for text, width in zip(column, widths, strict=True)
        )
        text = Text.assemble((f"{number}  {step}  {version}  ", "dim"), (kind, _STYLES.get(line.kind, "")))
        text.append_text(Text.assemble("  ", (skill, "bold"), "  ", plain(line.evidence)))
        if line.about:
            text.append_text(Text.assemble("  " if line.evidence else "", plain(f"({line.about})", "dim")))
        text.rstrip()
        out.print(text, soft_wrap=True)


def _entry(entry: Entry, before: SkillLibrary, full: bool) -> Iterator[Line]:
    """The lines of one entry, each with all that is said about it. Whoever wrote the event, every shape is shown."""
    event: Any = entry.event
    event = event if isinstance(event, dict) else {"event": event}
    step = event.get("step")
    where = (f"@{entry.number}", f"step {'-' if step is None else _value(step)}", entry.version[:8])
    about = {name: value for name, value in event.items() if name not in ("kind", "step", "changes")}
    changes = event.get("changes")
    if isinstance(changes, list) and changes:
        told = _json(about) if full else _about(about)
        for change in changes:
            fields = change if isinstance(change, dict) else {"evidence": change}
            named = fields.get("skill", "")
            names = tuple(map(_text, named if isinstance(named, list) else [named]))
            evidence = fields.get("evidence")
            text = _json(evidence) if full else _short(evidence)
            yield Line(where, _value(fields.get("kind", "?")), names, ", ".join(names), text, told if about else "")
        return
    if changes:
        about["changes"] = changes
    difference = before.diff(entry.library)
    text = ", ".join(part for part in (_difference(difference), _json(about) if full and about else "") if part)
    names = tuple(name for group in difference for name in group)
    yield Line(where, _value(event.get("kind", "?")), names, "", text, "" if full else _about(about))


def _difference(difference: LibraryDiff) -> str:
    """``+added -removed ~changed``."""
    return " ".join(f"{mark}{name}" for mark, names in zip("+-~", difference, strict=True) for name in names)


def _about(facts: dict[str, Any]) -> str:
    """The entry's facts in short: the reason first, the cost last, without the signal's numbers."""
    cost = facts.get("cost")
    parts = [_value(facts["reason"])] if "reason" in facts else []
    parts += [part for n, v in facts.items() if n not in ("reason", "signal", "cost") and (part := _part(n, v))]
    if isinstance(cost, dict):
        parts += [f"{_value(amount)} {_value(unit)}" for unit, amount in cost.items()]
    elif cost is not None:
        parts.append(_part("cost", cost))
    return ", ".join(parts)


def _short(evidence: Any) -> str:
    """The evidence of a change on one line."""
    if evidence is None:
        return ""
    if not isinstance(evidence, dict):
        return _value(evidence)
    # The text of a rejected skill is no figure.
    parts = (_part(n, v) for n, v in evidence.items() if not (n == "skill" and isinstance(v, dict)))
    return ", ".join(part for part in parts if part)


def _part(name: str, value: Any) -> str:
    """``name value``; of a list of ids how many, of a mapping its scalars."""
    name = _value(name)
    if value is None:
        return ""
    if name == "findings" and isinstance(value, list):
        return "; ".join(_finding(finding) for finding in value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_value(n)} {_value(v)}" for n, v in value.items() if not isinstance(v, (dict, list)))
        return f"{name} ({inner or len(value)})"
    if isinstance(value, list) and not _interval(value):
        return f"{len(value)} {name}"
    return f"{name} {_value(value)}"


def _finding(finding: Any) -> str:
    if isinstance(finding, list) and len(finding) == 2:
        return f"{_value(finding[0])}: {_value(finding[1])}"
    return _value(finding)


def _value(value: Any) -> str:
    """A number with two decimals, an interval, a text on one line; of anything else the beginning of its JSON."""
    if isinstance(value, list) and _interval(value):
        mean, low, high = map(_value, value)
        return f"{mean} [{low}, {high}]"
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 1e6 else f"{value:.3g}"
    text = _text(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else _json(value)


def _interval(value: list[Any]) -> bool:
    """Whether it may be ``[mean, low, high]``."""
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in value)
    return len(value) == 3 and numbers and value[1] <= value[0] <= value[2]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
