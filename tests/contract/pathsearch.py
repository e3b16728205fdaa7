"""Successful ways through a question-answering task, found with the help of its gold: for tests only."""

from __future__ import annotations

import json
from collections.abc import Iterator

from skillflow_gym import Action, ActionKind, SkillEnv
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision
from skillflow_gym.text import content_words
from skillflow_gym.tools.search import read_passages
from skillflow_gym.trajectory import Trajectory

DEPTH, BEAM, WIDTH = 5, 3, 12
"""Acts in a row, histories kept from one depth to the next, and acts tried after each."""


def successes(env: SkillEnv, task_id: str) -> Iterator[Trajectory]:
    """Successful episodes made of proposals only: breadth-first over searches and look-ups, then a right answer.

    Actions that share words with the gold are tried first, and histories that show more of the gold's words are kept.
    """
    gold = env.taskset.gold(task_id)
    wanted = set(content_words(json.dumps([gold.answers, gold.record], ensure_ascii=False)))
    wanted -= set(content_words(env.taskset.by_id(task_id).prompt))
    beam: list[tuple[Action, ...]] = [()]
    for _ in range(min(DEPTH, env.step_limit - 1)):
        grown: dict[frozenset[str], tuple[Action, ...]] = {}
        for actions in beam:
            for action in promising(replay(env, task_id, actions), wanted):
                episode = replay(env, task_id, (*actions, action))
                for answer in episode.context.proposals:
                    if answer.kind is ActionKind.ACCEPT and env.score(answer.argument).success:
                        ended = replay(env, task_id, (*actions, action, answer))
                        yield ended.trajectory()
                        break
                shown = frozenset(p.text for turn in episode.context.turns for p in read_passages(turn.observation))
                grown.setdefault(shown, (*actions, action))
        ranked = sorted(grown, key=lambda shown: -len(wanted & set(content_words(" ".join(sorted(shown))))))
        beam = [grown[shown] for shown in ranked[:BEAM]]


def promising(episode: Episode, wanted: set[str]) -> list[Action]:
    """The proposed acts, those first whose words are wanted."""
    acts = [action for action in episode.context.proposals if action.kind is ActionKind.ACT]
    return sorted(acts, key=lambda act: -len(wanted & set(content_words(act.argument))))[:WIDTH]


def replay(env: SkillEnv, task_id: str, actions: tuple[Action, ...]) -> Episode:
    """An episode of these proposals."""
    episode = Episode(env, seed=0, task_id=task_id)
    for action in actions:
        episode.step(Decision(action, 0.0, 0.0, episode.context.proposals.index(action)))
    return episode
