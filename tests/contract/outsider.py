"""A benchmark outside this repository, as its author would write it: the contract tests hold for it as well.

Vaults: turn dials until the vault opens. A pair of dials opens it, or the lever alone, so every vault has two ways in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any, ClassVar

import gymnasium as gym

from skillflow_gym import Action, Gold, Outcome, Score, SkillEnv, Task, TaskSet, register_benchmark, registration
from skillflow_gym.registration import Stanza
from skillflow_gym.sources import load_records
from skillflow_gym.tasks import check_record, from_records
from skillflow_gym.tools import Toolbox

STANZA: dict[str, Any] = {
    "name": "Vaults",
    "entry_point": "tests.contract.outsider:VaultEnv",
    "family": "interactive",
    "distribution": "iid",
    "step_limit": 6,
    "splits": {"train": "learn", "validation": "dev", "test": "final"},
    "data": "vaults",
    "metric": "progress",
    "reward": "share of the pair that is turned; 1 when the vault is open",
    "success": "the vault is open",
    "licence": "Apache-2.0",
}
DIALS = tuple("amber blue coral denim ebony fawn green hazel ivory jade khaki lilac".split())


class VaultEnv(SkillEnv):
    """``act("turn blue")`` turns a dial. The master code opens every vault and is never shown."""

    metrics: ClassVar[tuple[str, ...]] = ("progress",)
    default_executor: ClassVar[str] = "direct"
    schema: ClassVar[Mapping[str, Any]] = {"id": str, "dials": [str], "pair": [str], "lever": str}

    @classmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        check_record(record, index, cls.schema)
        task = Task(record["id"], f"Open vault {record['id']}.", {"dials": record["dials"]})
        return task, Gold((record["lever"],), {"pair": record["pair"]})

    def tasks(self) -> TaskSet:
        records = load_records(self.stanza, self.source, self.split, mini_records)
        return from_records(records, lambda r, i: self.parse(r, i, self.split), self.split, str(self.source))

    def begin(self, task: Task) -> str:
        self._turned: set[str] = set()
        return f"Dials: {', '.join(task.record['dials'])}"

    def admissible(self) -> tuple[str, ...]:
        return tuple(f"turn {dial}" for dial in self.task.record["dials"])

    def act(self, text: str) -> Outcome:
        command = self.executor.run(text, Toolbox()).text
        if command not in ("turn master", *self.admissible()):
            return Outcome("Nothing happens.", running=self.present().metrics)
        self._turned.add(command.removeprefix("turn "))
        present = self.present()
        shown = "The vault opens." if present.success else f"{command.removeprefix('turn ')} clicks."
        return Outcome(shown, present if present.success else None, present.metrics, {"calls": 1})

    def present(self) -> Score:
        pair = set(self.gold.record["pair"])
        opened = bool(self._turned & {self.gold.answers[0], "master"}) or pair <= self._turned
        progress = 1.0 if opened else len(pair & self._turned) / len(pair)
        return Score(progress, opened, {"progress": progress})

    def score(self, answer: str) -> Score:
        return self.present()

    def unfinished(self) -> Score:
        return self.present()

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        return tuple(Action.act(f"turn {dial}") for dial in self.taskset.gold(task.id).record["pair"])


def mini_records(split: str) -> list[dict[str, Any]]:
    """Twenty vaults of a split."""
    records = []
    for index in range(20):
        dials = Random(f"{split}-{index}").sample(DIALS, 6)
        records.append({"id": f"{split}-{index}", "dials": sorted(dials), "pair": dials[:2], "lever": dials[2]})
    return records


@contextmanager
def registered(**changes: Any) -> Iterator[Stanza]:
    """The benchmark registered for a while, with changes to its stanza; other tests see the registry as it was."""
    stanza = register_benchmark({**STANZA, **changes})
    try:
        yield stanza
    finally:
        registration._stanzas.pop(stanza.name)
        gym.registry.pop(stanza.env_id)
