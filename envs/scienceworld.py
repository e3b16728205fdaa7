"""ScienceWorld (Wang et al., 2022): thirty elementary science tasks in a text world, on its authors' simulator."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache
from typing import Any, ClassVar

from skillflow_gym.actions import Action
from skillflow_gym.core import Outcome, Score, SkillEnv
from skillflow_gym.envs.engines.java import find_java
from skillflow_gym.envs.engines.scienceworld_engine import Reply, ScienceWorldEngine
from skillflow_gym.envs.scienceworld_proposals import scienceworld_proposals
from skillflow_gym.envs.scienceworld_tasks import check_simplification, find_names, load_tasks, simplified
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.tasks import Task, TaskSet
from skillflow_gym.trajectory import Context


class ScienceWorldEnv(SkillEnv):
    """ScienceWorld 1.2: 30 tasks in 7,207 variations, on the simulator that the package ``scienceworld`` brings.

    Description: ``act(command)`` is one command of the simulator, such as ``open door to kitchen``. One that could mean
    several things is answered with a numbered list, and the next command is the number.

    Arguments beyond SkillEnv's: ``task`` keeps to some of the thirty, by name or official id, several with commas;
    ``simplification`` is ``easy`` or simplifications of the simulator with commas, "" for none;
    ``admissible_actions=False`` leaves ``info["admissible_actions"]`` empty. The simulator takes much longer to find
    them than to carry out a command, so a policy that writes its own commands is then many times faster; policies that
    choose from proposals need them.

    Reset: ``options={"task": name, "variation": number, "simplification": text}``, any of them; what is not given is
    drawn from the split. A task's id is NAME/VARIATION, or NAME/VARIATION/SIMPLIFICATION. The first 30 tasks of a split
    are the first variation of each task.

    Splits: the official train, dev (validation) and test variations. The tasks are always the benchmark's own.

    Rewards: at the end the simulator's score over 100, at least 0, that reached so far where the episode is cut short
    or accepted; a score of 100 is a success. ``info["score"]`` has at every step ``raw``, the simulator's score (-100
    after a mistake that ends the episode), ``score``, which is at least 0, and ``raw_delta``, what the step changed of
    ``raw``; at reset they are what the task begins with. The step limit counts actions; the simulator's own, which
    counts the world's time, is not used.

    Every environment has a Java process, about 300 MB of memory, from its first reset to ``close``.
    """

    metrics: ClassVar[tuple[str, ...]] = ("score", "raw", "raw_delta")
    default_executor: ClassVar[str] = "direct"
    parallel: ClassVar[int] = 8

    def __init__(
        self,
        benchmark: str,
        task: str = "",
        simplification: str = "",
        admissible_actions: bool = True,
        **kwargs: Any,
    ) -> None:
        """See the class; the other arguments are SkillEnv's.

        Raises:
            ValueError: there is no such task or simplification.
            DependencyNotInstalled: the extra ``scienceworld`` is missing, or Java is.
        """
        find_java()
        super().__init__(benchmark, **kwargs)
        self._names = find_names(task)
        self.simplification = check_simplification(simplification, self._names)
        self._lists_admissible = admissible_actions
        self._engine: ScienceWorldEngine | None = None

    def tasks(self) -> TaskSet:
        """The variations of the split; found once per process and shared by all environments that ask the same."""
        native = self.stanza.splits[self.split]
        return load_tasks(self._names, native, self.simplification, self.split, str(self.source))

    def begin(self, task: Task) -> str:
        """Load the variation; the first observation is the room."""
        if self._engine is None or self._engine.closed:
            self._engine = ScienceWorldEngine()
        self._engine.load(task.record["kind"], task.record["variation"], task.record["simplification"])
        reply = self._engine.step("look around")
        self._raw = 0
        self._score.update(self._figures(reply))  # some tasks begin with a few points
        return reply.text

    def act(self, text: str) -> Outcome:
        """Hand the command to the simulator."""
        assert self._engine is not None
        result = self.executor.run(text, self.situation())
        reply = self._engine.step(result.text)
        figures = self._figures(reply)
        return Outcome(reply.text, self._present() if reply.over else None, figures, {"calls": 1, **result.usage})

    def admissible(self) -> tuple[str, ...]:
        """What the simulator would take now, if this environment lists it; nothing once the episode has ended."""
        if self._engine is None or self._ended or not self._lists_admissible:
            return ()
        return tuple(dict.fromkeys(self._engine.valid_actions()))

    def score(self, answer: str) -> Score:
        """The simulator's present score; the answer is ignored."""
        return self._present()

    def unfinished(self) -> Score:
        """The score so far."""
        return self._present()

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """The admissible actions that suit the task best, unread skills, and giving up."""
        return scienceworld_proposals(context)

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """The simulator's own solution, up to some 200 steps; found in a Java process of its own."""
        record = task.record
        return tuple(map(Action.act, _gold(record["kind"], record["variation"], record["simplification"])))

    def step(self, action: Any) -> tuple[dict[str, str], float, bool, bool, dict[str, Any]]:
        """As SkillEnv's; ``raw_delta`` is of this step, also where it asks nothing of the simulator."""
        if not self._over:
            self._score["raw_delta"] = 0.0
        return super().step(action)

    def close(self) -> None:
        """End the Java process; may be called twice."""
        if self._engine is not None:
            self._engine.close()
        super().close()

    def _figures(self, reply: Reply) -> dict[str, float]:
        change = float(reply.score - self._raw)
        self._raw, self._ended = reply.score, reply.over
        return {"score": max(0.0, float(reply.score)), "raw": float(reply.score), "raw_delta": change}

    def _present(self) -> Score:
        return Score(max(0, self._raw) / 100, self._raw == 100)

    def _choose(self, options: Mapping[str, Any]) -> Task:
        named = {name: options[name] for name in ("task", "variation", "simplification") if name in options}
        others = {name: value for name, value in options.items() if name not in named}
        if named and others:
            raise ValueError(f"reset options {sorted(options)}: task_id and index name a task by themselves")
        if "task_id" in others:
            return self._by_id(others)
        drawn = super()._choose(others)
        if not named:
            return drawn
        if "task" in named or "variation" in named:
            drawn = self._draw(named)
        wanted = check_simplification(named.get("simplification", self.simplification), (drawn.record["kind"],))
        return simplified(drawn, wanted)

    def _by_id(self, options: Mapping[str, Any]) -> Task:
        """The task of an id, also of one with another simplification than this environment's."""
        name, _, rest = str(options["task_id"]).partition("/")
        number, _, wanted = rest.partition("/")
        own = f"{name}/{number}/{self.simplification}".rstrip("/")
        found = super()._choose({**options, "task_id": own if number else options["task_id"]})
        return found if own == options["task_id"] else simplified(found, check_simplification(wanted, (name,)))

    def _draw(self, named: Mapping[str, Any]) -> Task:
        wanted = {"variation": named["variation"]} if "variation" in named else {}
        if "task" in named:
            (wanted["kind"],) = find_names(str(named["task"]))
        fitting = [task for task in self.taskset if wanted.items() <= task.record.items()]
        if not fitting:
            numbers = [t.record["variation"] for t in self.taskset if t.record["kind"] == wanted.get("kind")]
            hint = f"its variations there are {min(numbers)} to {max(numbers)}" if numbers else "no variation is there"
            raise ValueError(f"split {self.split!r} of this environment does not have {wanted}: {hint}")
        return fitting[int(self.np_random.integers(len(fitting)))]


@lru_cache(maxsize=1024)
def _gold(name: str, variation: int, simplification: str) -> tuple[str, ...]:
    with closing(ScienceWorldEngine()) as engine:
        engine.load(name, variation, simplification, gold=True)
        found = engine.gold_actions()
        for number, action in enumerate(found, start=1):
            if engine.step(action).over:  # some go on after that
                return found[:number]
        raise InfrastructureError(f"the simulator does not solve {name}, variation {variation}")
