"""skillflow-gym: fourteen agent benchmarks behind one action type, ``skill(id) | act(text) | accept(answer)``."""

from __future__ import annotations

from pathlib import Path

# In a checkout the folders `agents` and `envs` stand beside this package; in a wheel they lie inside it. Either way
# their canonical names are `skillflow_gym.agents` and `skillflow_gym.envs`, which no other package can shadow.
_root = Path(__file__).resolve().parent.parent
if (_root / "registry.yaml").is_file():
    __path__.append(str(_root))

from skillflow_gym.actions import Action, ActionKind  # noqa: E402
from skillflow_gym.core import Outcome, Score, SkillEnv  # noqa: E402
from skillflow_gym.errors import InfrastructureError  # noqa: E402
from skillflow_gym.registration import register_all, register_benchmark  # noqa: E402
from skillflow_gym.skills import Skill, SkillLibrary  # noqa: E402
from skillflow_gym.tasks import Gold, Task, TaskSet  # noqa: E402
from skillflow_gym.trajectory import Context, Trajectory, Turn  # noqa: E402

__version__ = "0.1.0"
__all__ = [
    "Action",
    "ActionKind",
    "Context",
    "Gold",
    "InfrastructureError",
    "Outcome",
    "Score",
    "Skill",
    "SkillEnv",
    "SkillLibrary",
    "Task",
    "TaskSet",
    "Trajectory",
    "Turn",
    "register_benchmark",
]

register_all()
