"""Stable-Baselines3 on any benchmark of the suite: two wrappers, and PPO trains. Needs the extra sb3."""

from __future__ import annotations

import argparse

import gymnasium as gym
from stable_baselines3 import PPO

import skillflow_gym
from skillflow_gym.wrappers import DiscreteAction, EmbedObservation


def main() -> None:
    """Train for a while, play one episode, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    steps = parser.parse_args().steps
    discrete = DiscreteAction(gym.make("SkillFlow/HotpotQA-v0", source="mini", split="train"), slots=64)
    env = EmbedObservation(discrete)
    model = PPO("MlpPolicy", env, n_steps=256, gamma=1.0, seed=0, device="cpu")
    model.learn(steps)
    print(f"skillflow-gym {skillflow_gym.__version__}: trained {model.num_timesteps} steps")
    observation, info = env.reset(seed=0)
    over = False
    while not over:
        slot, _ = model.predict(observation)
        action = discrete.proposals[slot].to_text() if info["action_mask"][slot] else "an empty slot"
        observation, reward, terminated, truncated, info = env.step(slot)
        over = terminated or truncated
        print(f"{action}: reward {reward}")
    env.close()


if __name__ == "__main__":
    main()
