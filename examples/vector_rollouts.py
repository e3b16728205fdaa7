"""Vector rollouts: four environments in threads, autoreset disabled, finished ones reset by mask."""

from __future__ import annotations

import gymnasium as gym
import numpy as np

import skillflow_gym  # noqa: F401  (registers the environments)
from skillflow_gym import Action


def main() -> None:
    """Search, accept the title of the best passage, start again; four at a time."""
    envs = gym.make_vec("SkillFlow/HotpotQA-v0", num_envs=4, source="mini", split="train")
    observations, _ = envs.reset(seed=0)
    finished = successes = 0
    for _ in range(12):
        actions = tuple(
            Action.accept(shown.split("\n")[0].partition("] ")[2])
            if shown.startswith("[1]")
            else Action.act(f"search: {task}")
            for task, shown in zip(observations["task"], observations["observation"], strict=True)
        )
        observations, _, terminated, truncated, infos = envs.step(actions)
        over = np.logical_or(terminated, truncated)
        finished, successes = finished + int(over.sum()), successes + int(infos["success"].sum())
        if over.any():
            observations, _ = envs.reset(options={"reset_mask": over})
    print(f"{finished} episodes, {successes} successes")
    envs.close()


if __name__ == "__main__":
    main()
