"""One run of a comparison, in a process of its own: train, evaluate, and write a row per benchmark, panel and task.

A run that was killed goes on from its newest checkpoint.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np

from skillflow_gym.agents.args import one_line_errors, parse
from skillflow_gym.agents.compare_plan import Contender
from skillflow_gym.agents.load import load_agent
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.cli.common import EnvArgs, find, loaded
from skillflow_gym.evaluate import Evaluation, evaluate
from skillflow_gym.files import replacing
from skillflow_gym.flow.entropy import monte_carlo_entropy
from skillflow_gym.flow.paths import PathFinder
from skillflow_gym.policy import Policy, UniformPolicy
from skillflow_gym.rollout import Collector
from skillflow_gym.skills.load import load_library
from skillflow_gym.tasks import Task
from skillflow_gym.trajectory import Trajectory

PANELS = ("test", "train")
USAGE = ("calls", "prompt_tokens", "completion_tokens")


@dataclass(frozen=True)
class Spec:
    """What a cell does; plain data.

    Attributes:
        agent, flags: the contender.
        env: arguments of the environments, as ``EnvArgs`` has them; ``env`` names those to train on.
        evaluate: benchmarks to evaluate on.
        seed, steps: of the training.
        tasks, rollouts: size of each panel, and rollouts per task.
        deadline, threads: as in ``RunArgs``.
    """

    agent: str
    flags: tuple[str, ...]
    env: dict[str, Any]
    evaluate: tuple[str, ...]
    seed: int
    steps: int
    tasks: int
    rollouts: int
    deadline: float
    threads: int


def run_cell(spec: Spec, folder: Path) -> None:
    """Train unless that is done, evaluate, and write ``rows.jsonl``, ``panels.json`` and ``times.json``."""
    start = time.perf_counter()
    contender = Contender(spec.agent, spec.flags)
    policy, library = _policy(contender, spec, folder / "run")
    times = {"train": time.perf_counter() - start, "evaluate": 0.0, "paths": 0.0}
    rows: list[dict[str, Any]] = []
    engines = 0
    panels: dict[str, dict[str, Any]] = {}
    for name in spec.evaluate:
        args = EnvArgs(**{**spec.env, "env": name})
        found = find(name).name
        panels[found] = {}
        for panel in PANELS:
            make_env = partial(args.make_env, panel)
            core = loaded(make_env())
            engines = max(engines, min(core.parallel, spec.threads or core.parallel))
            tasks = core.taskset[: spec.tasks or None]
            begun = time.perf_counter()
            collector = Collector(make_env, spec.deadline, spec.threads)
            if library:
                collector.library = load_library(library)
            result = evaluate(policy, collector, tasks, spec.rollouts, spec.seed)
            greedy = None
            if hasattr(policy, "as_greedy"):
                greedy = evaluate(policy.as_greedy(), collector, tasks, 1, spec.seed)
            collector.close()
            times["evaluate"] += time.perf_counter() - begun
            begun = time.perf_counter()
            paths = _paths(make_env, result, library) if core.executor.deterministic else None
            times["paths"] += time.perf_counter() - begun
            rows += [
                {"env": found, "panel": panel, **row} for row in _rows(tasks, result, greedy, paths, spec.rollouts)
            ]
            panels[found][panel] = {"tasks": len(tasks), "sha256": result.sha256, "source": str(core.source)}
            core.close()
    usage, engine = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = usage.ru_maxrss + engines * engine.ru_maxrss  # of its engines only the largest is known
    times |= {"seconds": time.perf_counter() - start, "cpu": usage.ru_utime + usage.ru_stime}
    _write(folder / "times.json", json.dumps({**times, "peak_mb": peak / 1024}))
    _write(folder / "panels.json", json.dumps(panels))
    _write(folder / "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))  # last: it says that all is done


def _policy(contender: Contender, spec: Spec, run: Path) -> tuple[Policy, str]:
    """What is evaluated, and the library that it evolved, if any."""
    module = contender.module
    if contender.agent == "random":
        return UniformPolicy(), ""
    if not contender.trained:
        policy: Policy = module.make_policy(parse(module.Args, {}, spec.flags))
        return policy, ""
    resumes = any(f.name == "resume" for f in fields(module.Args))
    if resumes and (run / "config.yaml").is_file():
        words = ["--resume", str(run)]
    else:
        rmtree(run, ignore_errors=True)
        first, *more = spec.env["env"].split(",")
        given = {
            **spec.env,
            "env": first,
            **({"also": ",".join(more)} if more else {}),
            "seed": spec.seed,
            "steps": spec.steps,
            "eval-tasks": 1,
            "eval-rollouts": 1,
            "run": run,
        }
        given |= {"deadline": spec.deadline, "threads": spec.threads}
        words = [*spec.flags, *(w for name, v in given.items() for w in (f"--{name.replace('_', '-')}", str(v)))]
    sys.argv = [contender.agent, *words]
    module.main()
    evolved = RunFolder(run).config()["args"].get("evolve", {}).get("on", False)
    return load_agent(str(run)), str(run) if evolved else ""


def _paths(make_env: Any, result: Evaluation, library: str) -> dict[str, int]:
    finder = PathFinder(lambda: _with(make_env(), library))
    found = dict(finder.count([t for t in result.trajectories if not t.unscored]))
    finder.close()
    return found


def _with(env: Any, library: str) -> Any:
    if library:
        env.unwrapped.library = load_library(library)
    return env


def _rows(
    tasks: Sequence[Task], result: Evaluation, greedy: Evaluation | None, paths: dict[str, int] | None, k: int
) -> list[dict[str, Any]]:
    """A row per task: means over its scored rollouts, None where there is nothing to take a mean of."""
    rows = []
    for i, task in enumerate(tasks):
        scored = [t for t in result.trajectories[i * k : (i + 1) * k] if not t.unscored]
        won = [t for t in scored if t.success]
        best = greedy.trajectories[i] if greedy is not None else None
        known = [t for t in scored if t.turns and all(turn.log_pf is not None for turn in t.turns)]
        row: dict[str, Any] = {
            "task": task.id,
            "rollouts": k,
            "scored": len(scored),
            "successes": len(won),
            "success": _mean([float(t.success) for t in scored]),
            "reward": _mean([t.reward for t in scored]),
            "score": {n: _mean([t.score[n] for t in scored]) for n in (scored[0].score if scored else {})},
            "greedy": float(best.success) if best is not None and not best.unscored else None,
            "paths": None if paths is None else paths.get(task.id, 0),
            "entropy": round(monte_carlo_entropy(known), 6) if known else None,
            "steps": _mean([len(t) for t in scored]),
            "steps_per_success": _mean([len(t) for t in won]),
        }
        row |= {name: _mean([_usage(t, name) for t in scored]) for name in USAGE}
        rows.append(row)
    return rows


def _usage(trajectory: Trajectory, name: str) -> int:
    return sum(turn.usage.get(name, 0) for turn in trajectory.turns)


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 6) if values else None


def _write(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode())


def start(file: str, holder: Connection) -> None:
    """The cell whose spec is in ``file``, as the whole of a process: it prints into ``log.txt`` beside the spec.

    It ends when the other end of ``holder`` does, and so with who started it, even if they are killed.
    """
    os.setsid()  # so that all that it starts can be ended with it
    spec = Path(file)
    log = os.open(spec.with_name("log.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    threading.Thread(target=_end_with, args=(holder,), daemon=True).start()
    with one_line_errors():
        content = json.loads(spec.read_text(encoding="utf-8"))
        lists = {name: tuple(content[name]) for name in ("flags", "evaluate")}
        run_cell(Spec(**{**content, **lists}), spec.parent)


def _end_with(holder: Connection) -> None:
    with suppress(EOFError, OSError):
        holder.recv_bytes()  # nobody sends: it returns when the other end is closed
    os.killpg(0, signal.SIGKILL)
