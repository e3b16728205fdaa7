"""A folder of skills, a store and a run, for the tests of the skills command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skillflow_gym import Skill
from skillflow_gym.skills.store import SkillStore

ONE = Skill("one-fact", "For questions about one fact", "Search it.\nAccept it.", {"visits": "12", "g": "0.31415"})
TWO = Skill("two-facts", "For questions about two facts", "# Both\n\n1. Search one.\n2. Search the other.")
BETTER = Skill(TWO.name, TWO.description, TWO.body + "\n3. Compare.", {"created": "30", "g": "-0.5"})
ESCAPES = Skill("red", "Red \x1b[31m alert", "Clear\x1b[2J the screen\x07 [bold]now[/]\x9b", {"g\x1b": "\x1b]0;t"})

PHASE: dict[str, Any] = {
    "kind": "phase",
    "step": 30,
    "phase": 1,
    "reason": "plateau",
    "signal": {"decrease": 0.012},
    "changes": [
        {"kind": "refine", "skill": "two-facts", "evidence": {"g": [-0.2345, -0.5, 0.1], "visits": 61, "gap": 1.41421}},
        {"kind": "prune", "skill": "one-fact", "evidence": {"trajectories": ["a", "b", "c"], "share": -0.8}},
        {
            "kind": "reject",
            "skill": "bad",
            "evidence": {"findings": [["gold answer", "Namor Peak"]], "skill": {"name": "bad", "body": "Namor Peak"}},
        },
    ],
    "cost": {"seconds": 12.345, "rollouts": 96, "tokens": 1200},
}


def rows(out: str) -> dict[str, str]:
    return {line.split()[0]: line for line in out.splitlines() if line.strip()}


def failure(done: Any) -> str:
    """What went wrong, which is one line without control characters."""
    assert (done.code, done.out) == (2, "") and done.err.count("\n") == 1
    assert done.err.rstrip("\n").isprintable()
    return str(done.err)


def damage(store: SkillStore, number: int) -> Path:
    (file,) = store.folder.glob(f"{number:06d}-*.json")
    file.write_text("{}")
    return file


def entries(store: SkillStore) -> list[Any]:
    return [*store.entries()]
