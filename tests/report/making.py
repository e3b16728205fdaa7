"""Run folders and rollouts for the tests of the report, in the form that a training run leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from skillflow_gym import Action, Skill, SkillLibrary
from skillflow_gym.skills.store import SkillStore
from skillflow_gym.trajectory import Trajectory, Turn

HOSTILE = '</script><script>document.title="broken"</script><img src=x onerror="document.title=1">"\'&\u202e'
"""What must come out as text wherever it goes in."""


def turn(text: str, observation: str, log_pf: float = -1.0, log_ref: float = -2.0) -> Turn:
    action = Action.accept(text[7:]) if text.startswith("accept:") else Action.act(text)
    return Turn(action, observation, candidates=(action,), chosen=0, log_pf=log_pf, log_ref=log_ref)


def rollout(number: int, reward: float, *turns: Turn, task: str = "t1", first: str = "go") -> Trajectory:
    return Trajectory(
        f"r{number}",
        f"prompt of {task}",
        turns,
        first=first,
        task_id=task,
        reward=reward,
        success=reward == 1.0,
        terminated=True,
    )


def evaluation(success: Sequence[float], k: int = 4) -> dict[str, Any]:
    mean = sum(success) / len(success)
    summary = {"success": [mean, 0.0, 1.0], "steps_per_success": 3.0, "unscored": 0.0, "tasks": len(success)}
    return {
        "summary": {**summary, "rollouts_per_task": k, "panel_sha256": "ab" * 32},
        "task_ids": [f"t{i}" for i in range(len(success))],
        "per_task": {"success": list(success), "f1": list(success)},
    }


def run_folder(path: Path, seed: int = 0, name: str = "HotpotQA", success: float = 0.5) -> Path:
    """A run of 20 updates whose figures are ``success`` plus a hundredth of the seed."""
    (path / "evaluations").mkdir(parents=True)
    args = {
        "env": f"{name}-v0",
        "seed": seed,
        "source": "mini",
        "executor": "",
        "env_args": "{}",
        "evolve": {"on": False},
    }
    config = {"agent": "ttb", "args": args, "data": {}, "versions": {"python": "3"}}
    (path / "config.yaml").write_text(yaml.safe_dump(config))
    value = success + seed / 100
    rows = [{"step": n, "charts/reward": value, "charts/success": value, "flow/entropy": 3.0} for n in range(1, 21)]
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"step": 21, "cha')
    (path / "timing.jsonl").write_text('{"step": 1, "collect": 2.0, "update": 1.0, "env_steps_per_second": 9}\n')
    (path / "evaluations" / "after.json").write_text(json.dumps(evaluation([1.0, 0.5, value])))
    (path / "evaluations" / "random.json").write_text(json.dumps(evaluation([0.0, 0.25, 0.0])))
    return path


def evolved(path: Path) -> Path:
    """Give a run a library that was created, refined and lost a skill."""
    one, better = (
        Skill("look-first", "Look first", "Look around."),
        Skill("look-first", "Look first", f"Look. {HOSTILE}"),
    )
    other = Skill("be-quick", "Be quick", "Accept at once.")
    store = SkillStore(path / "skills")
    created = [{"kind": "create", "skill": s, "evidence": {"trajectories": ["r1"]}} for s in ("look-first", "be-quick")]
    store.append(SkillLibrary([one, other]), {"kind": "phase", "step": 5, "changes": created})
    refined = {"kind": "refine", "skill": "look-first", "evidence": {"g": -0.5, "why": HOSTILE}}
    pruned = {"kind": "prune", "skill": "be-quick", "evidence": {"g": -2.0}}
    kept = {"kind": "retain", "skill": "look-first", "evidence": {}}
    store.append(SkillLibrary([better]), {"kind": "phase", "step": 12, "changes": [refined, pruned, kept]})
    return path
