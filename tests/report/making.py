"""Run folders and rollouts for the tests of the report, in the form that a training run leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from skillflow_gym import Action, Skill, SkillLibrary
from skillflow_gym.agents import compare_tables as tables
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


def comparison(
    folder: Path,
    agents: Sequence[str] = ("ttb", "grpo --no-std", "random"),
    envs: Sequence[str] = ("HotpotQA", "MuSiQue"),
    failed: str = "",
) -> Path:
    """A comparison's folder as the command leaves it, of two seeds; agents further back have fewer successes.

    ``failed`` names an agent whose runs all failed.
    """
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for env in envs:
        for number, agent in enumerate(agents):
            for seed in (0, 1):
                name = {"agent": agent, "seed": seed, "env": env}
                if agent == failed:
                    rows.append({**name, "failed": True})
                    continue
                for panel in ("test", "train"):
                    for task in range(10):
                        chance = rng.beta(4 / (number + 1), 2)
                        rows.append({**name, "failed": False, "panel": panel, **_played(task, int(chance * 16 + 0.5))})
                place = folder / "cells" / f"agent{number}" / env / f"seed{seed}"
                if agent != "random":
                    run_folder(place / "run", seed, env, success=0.8 - 0.2 * number)
                    words = agent.split()
                    (place / "spec.json").write_text(json.dumps({"agent": words[0], "flags": words[1:]}))
    results = tables.Results(rows)
    entries = results.table(agents[-1])
    panels = {env: {"test": {"tasks": 10, "sha256": "cd" * 32, "source": "mini"}} for env in envs}
    about: dict[str, Any] = {"baseline": agents[-1], "panels": panels, "problems": tables.void(entries)}
    about |= {"seeds": 2, "episodes": 67_200, "tasks": 10, "rollouts": 16}
    about |= {"scopes": dict(results.scopes()), "columns": tables.headings(agents[-1])}
    about["gaps"] = {agent: None if np.isnan(gap := results.gap(agent)) else gap for agent in agents}
    times = [
        {"agent": a, "seed": 0, "train_on": [f"{e}-v0"], "seconds": 30.0 + n}
        for e in envs
        for n, a in enumerate(agents)
        if a != failed
    ]
    (folder / "compare.json").write_text("{}")
    (folder / "table.json").write_text(tables.as_json(entries, about))
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "times.jsonl").write_text("".join(json.dumps(row) + "\n" for row in times))
    return folder


def _played(task: int, successes: int) -> dict[str, Any]:
    success = successes / 16
    figures = {"success": success, "reward": success, "score": {"em": success}, "greedy": 1.0, "paths": successes / 4}
    cost = {"steps": 3.0, "steps_per_success": 2.0 if successes else None, "calls": 2.0, "entropy": 3.0}
    tokens = {"prompt_tokens": 0.0, "completion_tokens": 0.0}
    return {"task": f"t{task}", "rollouts": 16, "scored": 16, "successes": successes, **figures, **cost, **tokens}
