"""The ScienceWorld simulator in a Java process of its own; needs the extra ``scienceworld``, and Java."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from gymnasium.error import DependencyNotInstalled

from skillflow_gym.envs.engines.java import Java, Ref, static
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.installation import install

OPTIONS: Final = (
    *("-Xms32m", "-Xmx256m", "-XX:+UseSerialGC"),  # a bounded heap, and the collector that needs no threads
    "-XX:-UsePerfData",  # no files under /tmp
    # The simulator keeps what lies in a room in sets that are ordered by the objects' identity hash codes. By default
    # those depend on all that the process did before, so the same episode lists, and moves, things in another order.
    *("-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2"),
)

SHUFFLED: Final = "inclined-plane"
"""How the names of the tasks begin whose descriptions name two things in an order that is drawn."""

SETS: Final = {"train": "getVariationsTrain", "dev": "getVariationsDev", "test": "getVariationsTest"}


class Reply(NamedTuple):
    """What a command led to.

    Attributes:
        text: what the simulator shows.
        score: the raw score, at most 100; negative after a mistake that ends the episode.
        over: whether the episode has ended.
    """

    text: str
    score: int
    over: bool


class ScienceWorldEngine:
    """Plays one episode at a time. All methods raise InfrastructureError when the process is dead or too slow."""

    def __init__(self) -> None:
        """Start Java.

        Raises:
            DependencyNotInstalled: the package scienceworld is missing, or Java is.
        """
        self._java = Java((_py4j_jar(), _folder() / "scienceworld.jar"), OPTIONS)
        self._simulator = self._java.new("scienceworld.runtime.pythonapi.PythonInterface")

    @property
    def pid(self) -> int:
        """Java's process id."""
        return self._java.pid

    @property
    def closed(self) -> bool:
        """Whether the process has ended."""
        return self._java.closed

    def close(self) -> None:
        """End the process; may be called twice."""
        self._java.close()

    def load(self, task: str, variation: int, simplification: str, gold: bool = False) -> None:
        """Begin an episode; ``gold`` has the simulator solve it first, for ``gold_actions``."""
        error = self._java.text(self._simulator, "load", task, variation, simplification, gold)
        if error:
            raise InfrastructureError(f"ScienceWorld cannot load {task}, variation {variation}: {error}")

    def step(self, command: str) -> Reply:
        """Carry out a command; what is none is answered in the simulator's own words.

        The simulator counts moves of its own, but no limit of it counts here.
        """
        requests = (("step", command), ("getScore",), ("getCompleted",))
        text, share, completed = self._java.calls(self._simulator, *requests)
        score = round(100 * float(share))  # type: ignore[arg-type]
        return Reply(str(text), score, score < 0 or bool(completed))

    def valid_actions(self) -> tuple[str, ...]:
        """The commands that the simulator takes now; it looks for them anew, which costs much more than a step."""
        return self._java.lines(self._simulator, "getValidActionObjectCombinations")

    def description(self) -> str:
        """The task that is loaded, in words."""
        return self._java.text(self._simulator, "getTaskDescription")

    def gold_actions(self) -> tuple[str, ...]:
        """The simulator's own solution of what was loaded with ``gold``."""
        return self._java.lines(self._simulator, "getGoldActionSequence")

    def simplifications(self) -> tuple[str, ...]:
        """The names of all simplifications, without the preset ``easy``."""
        return tuple(self._java.text(self._simulator, "getPossibleSimplifications").split(", "))

    def variations(self, task: str, native: str) -> tuple[int, ...]:
        """The numbers of the variations of ``task`` that are in the official set ``native``: train, dev or test."""
        self._java.call(self._simulator, "taskStr_$eq", task)  # the sets are those of the task that is loaded
        found = self._java.ref(self._simulator, SETS[native])
        numbers = json.loads(self._java.text(found, "toString"))
        self._java.free(found)
        return tuple(numbers)

    def descriptions(self, task: str, variations: Iterable[int]) -> Iterator[str]:
        """What ``description`` says of variations of ``task``, without loading them: a thousand a second."""
        java = self._java
        maker = java.ref(self._simulator, "taskMaker")
        option = java.ref(maker, "getTask", task)
        definition = java.ref(option, "get")
        for variation in variations:
            if task.startswith(SHUFFLED):
                yield self._shuffled_description(maker, task, variation)
            else:
                goals = java.ref(definition, "setupGoals", variation)
                yield java.text(goals, "description").strip()
                java.free(goals)
        java.free(definition, option, maker)

    def _shuffled_description(self, maker: Ref, task: str, variation: int) -> str:
        """A description whose words are shuffled with the generator that the making of the world seeds and uses."""
        java = self._java
        world = java.ref(static("scienceworld.environments.EnvironmentMaker"), "mkKitchenEnvironment", variation)
        universe, agent = java.ref(world, "_1"), java.ref(world, "_2")
        pair = java.ref(maker, "doTaskSetup", task, variation, universe, agent)
        option = java.ref(pair, "_1")
        made = java.ref(option, "get")
        text = java.text(made, "description").strip()
        java.free(world, universe, agent, pair, option, made)
        return text


def task_names() -> dict[str, str]:
    """Official id (1-1 to 10-2) -> name of all tasks, in the official order."""
    tasks = json.loads((_folder() / "tasks.json").read_text(encoding="utf-8"))
    return {task["task_id"]: task["task_name"] for task in tasks}


def package() -> str:
    """Name and version of the package that holds the simulator and its tasks."""
    return f"scienceworld {version('scienceworld')}"


def _folder() -> Path:
    """Where the package lies; it is not imported, for it needs nothing but its files."""
    spec = importlib.util.find_spec("scienceworld")
    if spec is None or spec.origin is None:
        raise DependencyNotInstalled(f"ScienceWorld needs the Python package scienceworld: {install('scienceworld')}")
    return Path(spec.origin).parent


def _py4j_jar() -> str:
    from py4j.java_gateway import find_jar_path  # the one inside scienceworld.jar is older and asks for no token

    return str(find_jar_path())
