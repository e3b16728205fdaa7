"""A benchmark outside the package: one class and one stanza, and it is used like the built-in ones."""

from __future__ import annotations

import gymnasium as gym

import skillflow_gym
from skillflow_gym import Action, Gold, Outcome, Score, SkillEnv, Task, TaskSet


class CountdownEnv(SkillEnv):
    """Say how many letters a word has; ``act("count: word")`` counts for you."""

    metrics = ("accuracy",)
    default_executor = "direct"

    def tasks(self) -> TaskSet:
        """Twelve words a split, none of them in two."""
        words = {"train": "apple", "validation": "river", "test": "winter"}[self.split]
        pairs = []
        for n in range(12):
            word = words * (n + 1)
            pairs.append((Task(f"{self.split}-{n}", f"How many letters has {word}?"), Gold((str(len(word)),))))
        return TaskSet(pairs, self.split, str(self.source))

    def begin(self, task: Task) -> str:
        """Say what can be done."""
        return "Commands: count: WORD"

    def act(self, text: str) -> Outcome:
        """Run a command."""
        command, _, word = text.partition(": ")
        return Outcome(f"{word} has {len(word)} letters." if command == "count" else "Commands: count: WORD")

    def score(self, answer: str) -> Score:
        """Right or wrong."""
        right = answer.strip() in self.gold.answers
        return Score(float(right), right, {"accuracy": float(right)})

    def admissible(self) -> tuple[str, ...]:
        """Count the word that the task names."""
        return (f"count: {self.task.prompt.removeprefix('How many letters has ').rstrip('?')}",)

    def proposals(self, context: skillflow_gym.Context) -> tuple[Action, ...]:
        """Count, or accept a number that was shown, or 5."""
        numbers = [word for turn in context.turns for word in turn.observation.split() if word.isdigit()]
        return (*map(Action.act, context.admissible), *map(Action.accept, dict.fromkeys([*numbers, "5"])))

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """The right number."""
        return (Action.accept(self.taskset.gold(task.id).answers[0]),)


skillflow_gym.register_benchmark(
    {
        "name": "Countdown",
        "entry_point": f"{__name__}:CountdownEnv",
        "family": "reasoning",
        "distribution": "ood",
        "step_limit": 4,
        "splits": {"train": "train", "validation": "validation", "test": "test"},
        "metric": "accuracy",
        "reward": "the number is right",
        "success": "the number is right",
        "licence": "Apache-2.0",
    }
)


def main() -> None:
    """Solve one task."""
    env = gym.make("SkillFlow/Countdown-v0", split="test", source="mini")
    observation, info = env.reset(seed=0)
    print(observation["task"])
    observation, *_, info = env.step(Action.act(info["admissible_actions"][0]))
    print(observation["observation"])
    answer = observation["observation"].split()[-2]
    _, reward, terminated, _, info = env.step(Action.accept(answer))
    print(f"accept({answer}): reward {reward}, terminated {terminated}, success {info['success']}")


if __name__ == "__main__":
    main()
