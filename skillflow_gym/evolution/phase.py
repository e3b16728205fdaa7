"""Phase: the library while a phase ends, and the log of what became of each skill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from skillflow_gym.evolution.authors import Draft
from skillflow_gym.evolution.gate import Trial
from skillflow_gym.evolution.merge import similarity
from skillflow_gym.skills.audit import Finding
from skillflow_gym.skills.library import SkillLibrary
from skillflow_gym.skills.skill import Skill
from skillflow_gym.trajectory import Trajectory


class Phase:
    """Takes changes one after the other.

    Attributes:
        changes: what became of each skill: ``kind`` (create, refine, prune, merge, retain, wait, reject, or author
            failed), ``skill`` ("" of a failure to create) and ``evidence``, as JSON holds them.
        refused: content hashes of the candidates that were refused.
        named: the trajectories that ``changes`` name, by id.
    """

    def __init__(
        self,
        library: SkillLibrary,
        step: int,
        audit: Callable[[Skill], tuple[Finding, ...]],
        merge_at: float,
    ) -> None:
        """Begin with ``library``; no new skill may have findings of the ``audit``, or be too alike to another."""
        self._skills, self._merge_at = dict(library), merge_at
        self._step, self._audit = step, audit
        self.changes: list[dict[str, Any]] = []
        self.refused: set[str] = set()
        self.named: dict[str, Trajectory] = {}

    @property
    def library(self) -> SkillLibrary:
        """The library as it is now."""
        return SkillLibrary(self._skills.values())

    def put(self, skill: Skill) -> None:
        """Set the skill of that name."""
        self._skills[skill.name] = skill

    def drop(self, name: str) -> None:
        """Take a skill out."""
        del self._skills[name]

    def log(self, kind: str, skill: str, evidence: Mapping[str, Any]) -> None:
        """Add to ``changes``."""
        self.changes.append({"kind": kind, "skill": skill, "evidence": dict(evidence)})

    def enter(self, draft: Draft, kind: str, evidence: Mapping[str, Any], trial: Trial) -> bool:
        """Audit a candidate, try it at the gate, and let it in (``kind`` is create or refine) or log why not."""
        skill = replace(draft.skill, metadata={"created": str(self._step)})
        trajectories = {t.id: t for pair in draft.pairs for t in (pair.success, pair.failure)}
        self.named |= trajectories
        tasks = sorted({pair.success.task_id for pair in draft.pairs})
        evidence = {**evidence, "trajectories": list(trajectories), "tasks": tasks}
        text = {"description": skill.description, "body": skill.body}
        problem = self._problem(skill, kind)
        if not problem:
            candidate = SkillLibrary([*(s for s in self._skills.values() if s.name != skill.name), skill])
            accepted, numbers = trial(self.library, candidate)
            evidence["gate"] = numbers
        if problem or not accepted:
            self.refused.add(skill.content_hash)
            self.log("reject", skill.name, {**evidence, **problem, "as": kind, "skill": text})
            return False
        before = self._skills.get(skill.name)
        if before is not None:
            evidence["before"] = {"description": before.description, "body": before.body}
        self.put(skill)
        self.log(kind, skill.name, {**evidence, "after": text})
        return True

    def _problem(self, skill: Skill, kind: str) -> dict[str, Any]:
        """Why a candidate may not even be tried; empty if it may."""
        if problem := skill.problem:
            return {"reason": problem}
        if findings := self._audit(skill):
            return {"findings": [list(finding) for finding in findings]}
        if kind == "create" and skill.name in self._skills:
            return {"reason": "the library has a skill of this name"}
        others = [other for name, other in self._skills.items() if name != skill.name]
        alike = [other.name for other in others if similarity(other, skill) >= self._merge_at]
        return {"reason": f"it says the same as {alike[0]}"} if alike else {}
