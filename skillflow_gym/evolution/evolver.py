"""Evolver: decides between phases which skills stay, which are written anew, which go, and which enter."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.evolution.authors import Author, Draft, Pair
from skillflow_gym.evolution.evidence import pairs
from skillflow_gym.evolution.gate import Rollout, Trial
from skillflow_gym.evolution.merge import duplicates
from skillflow_gym.evolution.observed import Observed, pack, unpack
from skillflow_gym.evolution.partition import Judged, flow_evidence, partition, random_partition, reads_evidence
from skillflow_gym.evolution.phase import Phase
from skillflow_gym.evolution.plateau import Plateau
from skillflow_gym.evolution.settings import Settings
from skillflow_gym.flow.reads import RefReads, SkillReads, skill_reads
from skillflow_gym.flow.skill_flow import SkillFlow, offered_skills, skill_flows, skill_visits
from skillflow_gym.skills.audit import Finding, Protected, Reader, audit
from skillflow_gym.skills.library import SkillLibrary
from skillflow_gym.skills.skill import Skill
from skillflow_gym.skills.store import SkillStore
from skillflow_gym.trajectory import Trajectory

logger = logging.getLogger("skillflow_gym")

KEPT_PAIRS = 500
"""Tasks whose latest pair of a success and a failure is kept."""


class Evolver:
    """Evolves a skill library from train trajectories and the learner's signals. It knows no environment.

    ```
    for each update:
        for each rollout:          evolver.observe(trajectory)
                                   evolver.credit(trajectory.id, log_pf, log_ref, log_z)
        evolver.end_step()
        if evolver.ready:          library = evolver.end_phase(rollout)     # the next rollouts see this library
    ```

    *When*: `Plateau` of the mean squared residual. *Where*: the steps with log I(t) >= zeta of successes beside
    failures of the same task. *What*: `partition` by the flow through each skill and by its reads. *Who writes*: an
    `Author`; if its server fails, the phase goes on without it, and the next one asks again. Every
    candidate passes the audit, then the gate (`Trial`). Skills are judged by the last ``settings.window`` steps and by
    one library; they are written from the latest pair of each task.

    log I(t) compares the policy with its frozen reference, so it needs the ``reference`` anchor: with ``tree`` it is
    never positive. Without `credit`, outcomes alone decide (`contrast_credits`), and a warning says so once.

    Source: SkillFlow (arXiv 2605.14089), sections on recursive skill evolution, with what docs/evolution.md lists as
    repaired.

    Attributes:
        library: the present library.
        settings: the numbers.
        phase: how many phases have ended.
        step: how many steps have ended.
        cost: rollouts of the gate and tokens of the author so far.
        named: the trajectories that the event of the last phase names as evidence, each once.
        lock: to be held by whoever shares the Evolver with other threads.
    """

    def __init__(
        self,
        author: Author,
        settings: Settings | None = None,
        library: SkillLibrary | None = None,
        *,
        store: SkillStore | None = None,
        protected: Protected | None = None,
        reader: Reader | None = None,
        beta: float = 8.0,
        eps: float = 0.1,
        seed: int = 0,
    ) -> None:
        """Begin with ``library``, which must pass the audit.

        Args:
            author: writes the skills.
            settings: the numbers; the defaults if None.
            library: the skills to begin with; none if None.
            store: keeps every version and event; nothing is kept if None.
            protected: what no skill may repeat (gold answers, questions).
            reader: reads skills for the audit; None for its table of words.
            beta: inverse temperature of the learner's reward.
            eps: added to the reward inside the logarithm.
            seed: of what is drawn.

        Raises:
            ValueError: a skill of ``library`` does not pass the audit, or there are more than ``settings.capacity``.
        """
        self.settings = settings or Settings()
        self.library = library if library is not None else SkillLibrary()
        self._author, self._store, self._seed = author, store, seed
        self._audit = partial(audit, protected=protected, reader=reader)
        if len(self.library) > self.settings.capacity:
            raise ValueError(f"{len(self.library)} skills exceed the capacity of {self.settings.capacity}: raise it")
        for skill in self.library.values():
            if findings := self._audit(skill):
                raise ValueError(f"skill {skill.name!r} does not pass the audit: {_reasons(findings)}")
        self._observed = Observed(self.settings.window, beta, eps)
        self._plateau = Plateau(self.settings.window, self.settings.rho, self.settings.flat_windows)
        self._below: dict[str, int] = {}
        self._refused: set[str] = set()
        self._pairs: dict[str, Pair] = {}
        self._last_phase = 0
        self._warned = False
        self._named = 0
        self.phase = self.step = 0
        self.cost = {"rollouts": 0, "tokens": 0}
        self.named: tuple[Trajectory, ...] = ()
        self.lock = RLock()
        if store is not None:
            self.keep_in(store)

    def keep_in(self, store: SkillStore) -> None:
        """Keep every version and event in ``store`` from now on; an empty one begins with the present library."""
        self._store = store
        if self.library and not store.head:
            store.append(self.library, {"kind": "start", "step": self.step})

    def observe(self, trajectory: Trajectory) -> None:
        """Take a trajectory of the present step; one without an outcome is passed over.

        Raises:
            ValueError: it is of another split than train, it is confidential, or its step has one of that id already.
        """
        if trajectory.split not in ("train", ""):
            raise ValueError(
                f"trajectory {trajectory.id!r} is of split {trajectory.split!r}: skills may come from train tasks only"
            )
        if trajectory.confidential:
            raise ValueError(
                f"trajectory {trajectory.id!r} shows records whose text must not be written, and skills are written "
                "from it: evolve on another benchmark or on source 'mini'"
            )
        if not trajectory.unscored and trajectory.turns:
            self._observed.add(trajectory)

    def credit(
        self,
        trajectory_id: str,
        log_pf: ArrayLike,
        log_ref: ArrayLike,
        log_z: float,
        ref_reads: RefReads | None = None,
    ) -> None:
        """Give the learner's signals for a trajectory that was observed in this step.

        Args:
            trajectory_id: its id.
            log_pf: log pi(a_t|H_{t-1}) of each turn, [T], in nats.
            log_ref: log pi_ref(a_t|H_{t-1}) of each turn, [T], in nats.
            log_z: log Z of its task, in nats.
            ref_reads: pi_ref(s|H_{t-1}) of each turn, [T], by skill: how likely the reference was to read it. A policy
                whose trajectories keep its proposals need not tell it. Of others, a skill that is read nowhere, or
                only where it helps, is else never found out.

        Raises:
            ValueError: no such trajectory, other lengths, a number that is not finite, or no probabilities.
        """
        self._observed.credit(trajectory_id, log_pf, log_ref, log_z, ref_reads)

    def set_beta(self, beta: float) -> None:
        """Follow the learner's schedule of beta."""
        self._observed.beta = beta

    def end_step(self) -> None:
        """Close the step: what was observed since the last call is what the learner updates on once."""
        value = self._observed.end_step()
        if value is None:
            return
        self.step += 1
        shuffle = np.random.default_rng([self._seed, self.step, 2]) if self.settings.where == "random" else None
        for pair in pairs(*self._observed.earned(), self.settings.zeta, shuffle):
            self._pairs.pop(pair.task, None)
            self._pairs[pair.task] = pair
        for task in list(self._pairs)[:-KEPT_PAIRS]:
            del self._pairs[task]
        if not self._observed.has_credit() and not self._warned:
            self._warned = True
            logger.warning("evolution has no credit from the learner: outcomes alone decide where and what")
        self._plateau.observe(value)

    def new_id(self) -> str:
        """An id for a trajectory that has none; no other has it."""
        self._named += 1
        return f"episode-{self._named}"

    @property
    def pending(self) -> int:
        """Trajectories that were observed since the last step."""
        return self._observed.pending

    def step_is_over(self, size: int) -> bool:
        """Whether ``size`` trajectories were observed since the last step, and all of them credited if any is.

        Where environments share the Evolver, one may begin anew while another's episode waits for its credit. With
        twice as many the step is over in any case.
        """
        waits = self._observed.half_credited and self.pending < 2 * size
        return self.pending >= size and not waits

    @property
    def eps(self) -> float:
        """Added to the reward inside the logarithm."""
        return self._observed.eps

    @property
    def ready(self) -> bool:
        """Whether a phase should end now."""
        if self.settings.when == "periodic":
            return self.step - self._last_phase >= self.settings.period
        return self._plateau.reached

    def end_phase(self, rollout: Rollout | None = None) -> SkillLibrary:
        """End the phase: judge every skill, write new ones, and return the library of the next phase.

        Args:
            rollout: tries the candidates of the gate; may be None only if ``settings.gate_tasks`` is 0.

        Raises:
            ValueError: the gate needs rollouts and there is no ``rollout``.
        """
        if rollout is None and self.settings.gate_tasks:
            raise ValueError("the gate needs a rollout function; without one set gate_tasks=0")
        trajectories, credits = self._observed.evidence()
        rng = np.random.default_rng([self._seed, self.phase])
        flows = skill_flows(
            trajectories, credits, skills=self.library.names, min_visits=self.settings.min_visits, seed=self._seed
        )
        before, tokens = self.library, self._author_tokens()
        phase = Phase(self.library, self.step, self._audit, self.settings.merge_at)
        reads = skill_reads(trajectories, credits, self.library.names, self._observed.ref_reads(), seed=self._seed)
        judged = self._judge(phase, flows, reads, rng)
        drafts = self._drafts(phase, judged, flows, reads)
        written_from = frozenset(pair.task for _, draft, _ in drafts for pair in draft.pairs)
        seed = int(np.random.default_rng([self._seed, self.phase, 1]).integers(2**31))
        trial = Trial(self.settings, rollout, written_from, seed)
        below = {name: judged[name].below for name in phase.library}
        for kind, draft, evidence in drafts:
            if phase.enter(draft, kind, evidence, trial):
                below[draft.skill.name] = 0
        library = phase.library
        spent = {"rollouts": trial.rollouts, "tokens": self._author_tokens() - tokens}
        event = {
            "kind": "phase",
            "phase": self.phase + 1,
            "step": self.step,
            "reason": self.settings.when,
            "signal": self._plateau.signal,
            "changes": phase.changes,
            "cost": spent,
        }
        if self._store is not None:
            self._store.append(library, event)
        pruned = {self.library[name].content_hash for name, verdict in judged.items() if verdict.verdict == "prune"}
        self._refused |= phase.refused | pruned
        self.library, self._below = library, below
        self.phase += 1
        self._last_phase = self.step
        for name, amount in spent.items():
            self.cost[name] += amount
        self._plateau.reset()
        self.named = tuple(phase.named.values())
        if library.version != before.version:
            self._observed.clear()
        return library

    def _judge(
        self, phase: Phase, flows: Mapping[str, SkillFlow], reads: Mapping[str, SkillReads], rng: np.random.Generator
    ) -> dict[str, Judged]:
        """Judge every skill, prune and merge."""
        settings, names = self.settings, self.library.names
        if settings.what == "random":
            judged = random_partition(names, rng)
        else:
            judged = partition(
                flows,
                names,
                self._below,
                reads,
                self._fresh(reads),
                patience=settings.below_phases,
                gap=settings.max_gap,
            )
        for name in names:
            if judged[name].verdict != "refine":
                phase.log(judged[name].verdict, name, _evidence(name, judged, flows, reads))
            if judged[name].verdict == "prune":
                phase.drop(name)
            else:
                phase.put(_with_statistics(self.library[name], flows.get(name), self.step))
        for merge in duplicates(phase.library, flows, settings.merge_at):
            phase.drop(merge.dropped)
            evidence = {"into": merge.kept, "similarity": merge.similarity, **flow_evidence(flows.get(merge.dropped))}
            phase.log("merge", merge.dropped, evidence)
        return judged

    def _fresh(self, reads: Mapping[str, SkillReads]) -> set[str]:
        """The skills that were read since the last phase, or that are avoided and were offered since."""
        steps = self.step - self._last_phase
        found: set[str] = set()
        for trajectory, credit in zip(*self._observed.evidence(last=steps), strict=True) if steps else ():
            found.update(name for name, _ in skill_visits(trajectory, credit))
            found.update(name for name in offered_skills(trajectory) if name in reads and reads[name].avoided)
        return found

    def _drafts(
        self,
        phase: Phase,
        judged: Mapping[str, Judged],
        flows: Mapping[str, SkillFlow],
        reads: Mapping[str, SkillReads],
    ) -> list[tuple[str, Draft, dict[str, Any]]]:
        """What the author writes: kind, draft and evidence of each. None that was refused before."""
        found = list(self._pairs.values())
        drafts: list[tuple[str, Draft, dict[str, Any]]] = []
        failed = False  # then it is not asked again in this phase: each question may take minutes
        for name in phase.library:
            if judged[name].verdict != "refine":
                continue
            evidence = _evidence(name, judged, flows, reads)
            draft = None
            if found and not failed:
                try:
                    draft = self._author.refine(self.library[name], found)
                except InfrastructureError as error:
                    failed = True
                    self._log_failure(phase, name, evidence, error)
                    continue
            if draft is None or draft.skill.content_hash in self._refused:
                reason = "the author had failed" if failed else "the author had nothing better to say"
                phase.log("wait", name, {**evidence, "reason": reason})
            else:
                drafts.append(("refine", draft, evidence))
        room = min(self.settings.new_skills, self.settings.capacity - len(phase.library))
        if room > 0 and found and not failed:
            try:
                new = self._author.create(found, phase.library, 2 * room + 4)  # some may have been refused before
            except InfrastructureError as error:
                self._log_failure(phase, "", {}, error)
                return drafts
            gone = self._refused | {self.library[n].content_hash for n in self.library if n not in phase.library}
            fresh = [draft for draft in new if draft.skill.content_hash not in gone]
            drafts += [("create", draft, {}) for draft in fresh[:room]]
        return drafts

    def _log_failure(self, phase: Phase, name: str, evidence: Mapping[str, Any], error: InfrastructureError) -> None:
        logger.warning("phase %d goes on without its author: %s", self.phase + 1, error)
        phase.log("author failed", name, {**evidence, "reason": str(error)})

    def _author_tokens(self) -> int:
        usage = self._author.usage
        return usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0)

    def state(self) -> dict[str, Any]:
        """All that ``load`` needs, as plain data."""
        return {
            "library": [asdict(replace(skill, metadata=dict(skill.metadata))) for skill in self.library.values()],
            "observed": self._observed.state(),
            "pairs": pack([[p.success.to_json(), p.failure.to_json(), p.triggers] for p in self._pairs.values()]),
            "plateau": self._plateau.state(),
            "below": dict(self._below),
            "refused": sorted(self._refused),
            "counts": [self.phase, self.step, self._last_phase, self._named],
            "cost": dict(self.cost),
            "beta": self._observed.beta,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore ``state``'s value."""
        self.library = SkillLibrary(Skill(**skill) for skill in state["library"])
        self._observed.load(state["observed"])
        loaded = [
            Pair(Trajectory.from_json(success), Trajectory.from_json(failure), tuple(triggers))
            for success, failure, triggers in unpack(state["pairs"])
        ]
        self._pairs = {pair.task: pair for pair in loaded}
        self._plateau.load(state["plateau"])
        self._below, self._refused = dict(state["below"]), set(state["refused"])
        self.phase, self.step, self._last_phase, self._named = state["counts"]
        self.cost, self._observed.beta = dict(state["cost"]), state["beta"]


def _evidence(
    name: str, judged: Mapping[str, Judged], flows: Mapping[str, SkillFlow], reads: Mapping[str, SkillReads]
) -> dict[str, Any]:
    """The numbers behind the verdict on a skill."""
    return {**flow_evidence(flows.get(name)), "below": judged[name].below, **reads_evidence(reads[name])}


def _with_statistics(skill: Skill, flow: SkillFlow | None, step: int) -> Skill:
    """The skill with what is known of it; its content hash stays."""
    if flow is None or flow.g is None:
        return skill
    numbers = {"visits": str(flow.visits), "g": f"{flow.g:.3f}", "gap": f"{flow.gap:.3f}", "judged": str(step)}
    if flow.share is not None:
        numbers["share"] = f"{flow.share.mean:.3f}"
    return replace(skill, metadata={**skill.metadata, **numbers})


def _reasons(findings: Iterable[Finding]) -> str:
    return "; ".join(f"{finding.rule} ({finding.excerpt})" for finding in findings)
