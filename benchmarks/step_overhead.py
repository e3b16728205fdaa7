"""What a step costs beside the tool: SkillEnv.step against the bare call of the same tool, in one run.

python benchmarks/step_overhead.py
"""

from __future__ import annotations

import statistics
import time

import gymnasium as gym

from skillflow_gym import Action
from skillflow_gym.core import SkillEnv


def main() -> None:
    """Print medians in microseconds."""
    env = gym.make("SkillFlow/HotpotQA-v0", source="mini", split="train")
    core = env.unwrapped
    assert isinstance(core, SkillEnv)
    stepped, called = [], []
    for index in range(300):
        env.reset(seed=index, options={"index": index})
        query = f"search: {core.task.prompt}"
        core.act(query)  # the first search of a query ranks the corpus; afterwards both sides find it ranked
        for _ in range(7):
            start = time.perf_counter()
            core.act(query)
            middle = time.perf_counter()
            env.step(Action.act(query))
            called.append(middle - start)
            stepped.append(time.perf_counter() - middle)
    step, tool = statistics.median(stepped) * 1e6, statistics.median(called) * 1e6
    print(f"step {step:.1f} us, tool alone {tool:.1f} us, ratio {step / tool:.2f}")
    print(f"overhead {step - tool:.1f} us (goal: at most 100)")
    env.close()


if __name__ == "__main__":
    main()
