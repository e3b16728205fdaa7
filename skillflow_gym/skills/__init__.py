"""Skills: folders with a SKILL.md, and libraries of them as immutable snapshots."""

from skillflow_gym.skills.library import SkillLibrary
from skillflow_gym.skills.skill import Skill, SkillError

__all__ = ["Skill", "SkillError", "SkillLibrary"]
