"""What is read once is not read again, and nothing else changes: against policies that read every transcript anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from transformers import AutoConfig
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from skillflow_gym import Action
from skillflow_gym.agents.policies.lm import LanguageModel
from skillflow_gym.agents.policies.lm_cache import Reading, Readings
from skillflow_gym.agents.policies.lm_generate import Sampled, generate
from skillflow_gym.episode import Episode
from skillflow_gym.trajectory import Trajectory
from tests.agents.tiny_models import ARCHITECTURES, model, one_thread, policy, rollouts
from tests.contract.outsider import registered

every_model = pytest.mark.parametrize("architecture", ARCHITECTURES)
every_way = pytest.mark.parametrize("decide", ["generate", "choose"])


@pytest.fixture(autouse=True)
def benchmark() -> Iterator[None]:
    with registered(), one_thread():
        yield


def made(architecture: str, decide: str, **args: Any) -> LanguageModel:
    """A policy whose answers, where it writes them, are of many lengths."""
    by = policy(architecture, decide=decide, **args)
    if decide == "generate":
        by.chat.ends |= set(range(50, 90))
    return by


@contextmanager
def counting(by: LanguageModel) -> Iterator[list[int]]:
    """How many ids each pass of the model is fed."""
    fed: list[int] = []
    layer = by.adapted.model.get_input_embeddings()
    handle = layer.register_forward_pre_hook(lambda _, inputs: fed.append(inputs[0].numel()))
    try:
        yield fed
    finally:
        handle.remove()


def assert_same(played: list[Trajectory], expected: list[Trajectory]) -> None:
    assert [len(t) for t in played] == [len(t) for t in expected]
    for turn, other in zip((u for t in played for u in t.turns), (u for t in expected for u in t.turns), strict=True):
        assert turn.token_ids == other.token_ids and turn.action == other.action
        np.testing.assert_allclose(turn.token_log_probs, other.token_log_probs, atol=1e-5)


@every_way
@every_model
def test_what_was_read_is_not_read_again(architecture: str, decide: str) -> None:
    by, anew = made(architecture, decide), made(architecture, decide, cache_tokens=0)
    with counting(by) as fed, counting(anew) as fed_anew:
        played, expected = (rollouts(each, groups=2, each=3, steps=5) for each in (by, anew))
    assert_same(played, expected)
    assert sum(fed) < 0.6 * sum(fed_anew)
    if decide == "choose":
        assert played == expected, "to the last bit: base scores outlive the readings, and resumed runs have none"
    else:
        sizes = {len(turn.token_ids) for t in played for turn in t.turns[1:]}
        assert len(sizes) > 3, "rows of a batch go on from different lengths, by different numbers of ids"
        openings = {(t.task_id, len(t.turns[0].token_ids) - sum(t.turns[0].action_mask)) for t in played}
        new = sum(len(turn.token_ids) for t in played for turn in t.turns[1:])
        first = sum(sum(t.turns[0].action_mask) for t in played) + 2 * max(size for _, size in openings)
        assert sum(fed) <= new + first, "every id once, an opening once for its task, with its padding"


def two_turns(network: Any, budget: int = 1 << 20) -> int:
    """Write, go on from readings as from whole prompts, and say how many readings there were.

    The prompts are shorter and longer than a window; some have equally many new ids, of one nothing is known.
    """
    kept = dict[int, Reading]()

    def turn(prompts: list[list[int]], **options: Any) -> list[Sampled]:
        rngs = [np.random.default_rng(seed) for seed in range(len(prompts))]
        return generate(network, prompts, rngs, ends={4, *range(50, 90)}, most=20, **options)

    prompts = [list(range(10, 10 + size)) for size in (9, 150, 40, 90, 63, 64, 9)]
    drawn = turn(prompts, keep=lambda i, _, reading: kept.update({i: reading}))
    for number, new in enumerate((5, 5, 80, 1, 30, 5, 70)):
        prompts[number] += [*drawn[number].ids, *range(100, 100 + new)]
    known = [None if number == 3 else kept.get(number) for number in range(len(prompts))]
    assert all(r is None or prompt[: len(r.ids)] == [*r.ids] for prompt, r in zip(prompts, known, strict=True))
    for one, other in zip(turn(prompts, known=known, budget=budget), turn(prompts), strict=True):
        assert one.ids == other.ids
        np.testing.assert_allclose(one.log_probs, other.log_probs, atol=1e-5)
    return len(kept)


@pytest.mark.parametrize("budget", [1 << 20, 400])
@every_model
def test_readings_of_any_length_go_on_together(architecture: str, budget: int) -> None:
    assert two_turns(model(architecture), budget) == 7


@pytest.mark.parametrize(
    ("name", "options", "readings"),
    [
        ("mistral", {"sliding_window": 64}, 7),
        ("lfm2", {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False}, 7),
        ("llama4_text", {"attention_chunk_size": 64, "intermediate_size_mlp": 128, "num_local_experts": 2}, 0),
        ("falcon_h1", {"mamba_d_ssm": 64, "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 16}, 0),
    ],
)
def test_other_architectures_go_on_or_read_anew(name: str, options: dict[str, Any], readings: int) -> None:
    shared = {"vocab_size": 400, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "head_dim": 16}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.1, "pad_token_id": 0}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = AutoConfig.for_model(name, **shared, **heads, **options)
        network = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    assert two_turns(network) == readings


@every_way
@every_model
def test_the_oldest_make_room(architecture: str, decide: str) -> None:
    some, anew, whole = (made(architecture, decide, cache_tokens=most) for most in (2000, 0, 1 << 20))
    played, sums = list[list[Trajectory]](), list[int]()
    for by in (some, anew, whole):
        with counting(by) as fed:
            played.append(rollouts(by, groups=2, each=3, steps=4))
        sums.append(sum(fed))
        assert_same(played[-1], played[0])
    assert sum(len(turn.token_ids) for t in played[0] for turn in t.turns) > 2500, "they do not all fit"
    assert sums[2] < sums[0] < sums[1]


def test_the_newest_are_kept() -> None:
    readings = Readings(10)
    for ids in ((1, 2, 3, 4), (5, 6, 7), (1, 2, 3, 4), (8, 9, 10, 11)):
        readings.keep("policy", Reading(ids, None))
    assert len(readings) == 8
    texts = [((1, 2, 3, 4, 5), (2, 4)), ((5, 6, 7, 8), (3,)), ((8, 9, 10, 11, 12), (3,))]
    assert [found and found.ids for found in readings.take("policy", texts)] == [(1, 2, 3, 4), None, None]
    assert len(readings) == 4, "what is taken is not kept"
    assert readings.take("reference", [((8, 9, 10, 11, 12), (4,))]) == [None], "the base has readings of its own"
    readings.keep("policy", Reading(tuple(range(11)), None))
    assert len(readings) == 0, "one that is too long is not kept"


def first_turn(by: LanguageModel, **changes: Any) -> Episode:
    """An episode after one turn, whose first context was changed."""
    episode = Episode(gym.make("SkillFlow/Vaults-v0", source="mini"), seed=0, task_id="train-0")
    episode.step(by.act([replace(episode.context, **changes)], [np.random.default_rng(3)])[0])
    return episode


@pytest.mark.parametrize("restored", [False, True])
@every_way
@every_model
def test_readings_do_not_survive_an_update(architecture: str, decide: str, restored: bool) -> None:
    by, anew = made(architecture, decide), made(architecture, decide, cache_tokens=0)
    state = by.state_dict()

    def change() -> None:
        with torch.no_grad():
            for parameter in by.parameters():
                parameter.add_(0.1)

    if restored:
        change()
    episode = first_turn(by)
    assert len(by._readings) > 0 and not episode.done
    if restored:
        by.load_state_dict(state)
    else:
        change()
        by.bump()
    anew.load_state_dict(by.state_dict())
    decisions = [each.act([episode.context], [np.random.default_rng(4)])[0] for each in (by, anew)]
    assert decisions[0].token_ids == decisions[1].token_ids
    np.testing.assert_allclose(decisions[0].token_log_probs, decisions[1].token_log_probs, atol=1e-5)


@every_way
def test_an_episode_that_ends_keeps_nothing(decide: str) -> None:
    by = made("qwen3", decide)
    episode = first_turn(by)
    assert len(by._readings) > 0 and not episode.done
    before = len(by._readings)
    by.act([replace(episode.context, step_limit=2)], [np.random.default_rng(4)])
    assert len(by._readings) == 0 < before, "the second turn was the last"
    if decide == "choose":
        assert first_turn(by, proposals=(Action.accept(""),)).done and len(by._readings) == 0
    first_turn(by)
    assert len(by._readings) > 0
    by.log_prob(rollouts(by, groups=1, steps=2))
    assert len(by._readings) == 0, "nothing goes on while an update is made"
