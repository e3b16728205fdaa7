"""Sampling with a cache, many prompts at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from skillflow_gym.agents.policies.lm_generate import Sampled, _draw, generate
from tests.agents.tiny_models import ARCHITECTURES, model, one_thread

every_model = pytest.mark.parametrize("architecture", ARCHITECTURES)
PROMPTS = [list(range(10, 10 + size)) for size in (90, 7, 40, 90)] + [[20, 30, 40]]
END = 100


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    with one_thread():
        yield


def sample(network: Any, prompts: list[list[int]], seeds: list[int], **options: Any) -> list[Sampled]:
    rngs = [np.random.default_rng(seed) for seed in seeds]
    return generate(network, prompts, rngs, **{"ends": {END, 4}, "most": 30, **options})


@every_model
def test_what_a_prompt_draws_does_not_depend_on_the_others(architecture: str) -> None:
    network = model(architecture)
    together = sample(network, PROMPTS, [1, 2, 3, 4, 5])
    assert together == sample(network, PROMPTS, [1, 2, 3, 4, 5]), "the same seeds give the same texts"
    assert len({s.ids for s in together}) == 5
    for budget in (1, 300):
        for one, other in zip(together, sample(network, PROMPTS, [1, 2, 3, 4, 5], budget=budget), strict=True):
            assert one.ids == other.ids
            np.testing.assert_allclose(one.log_probs, other.log_probs, atol=5e-5)


@every_model
def test_log_probabilities_are_those_of_a_full_pass(architecture: str) -> None:
    network = model(architecture)
    for prompt, drawn in zip(PROMPTS, sample(network, PROMPTS, [1, 2, 3, 4, 5], temperature=0.7), strict=True):
        with torch.no_grad():
            logits = network(input_ids=torch.tensor([[*prompt, *drawn.ids]])).logits[0] / 0.7
        log_p = torch.log_softmax(logits, dim=-1)[len(prompt) - 1 : -1]
        expected = log_p.gather(1, torch.tensor(drawn.ids)[:, None])[:, 0]
        np.testing.assert_allclose(drawn.log_probs, expected, atol=1e-5)


@every_model
def test_a_text_ends_with_the_first_end_or_at_its_limit(architecture: str) -> None:
    network = model(architecture)
    ends = set(range(7, 40))
    texts = sample(network, PROMPTS * 4, list(range(20)), ends=ends, most=12)
    assert {len(text.ids) for text in texts} > {12} and all(len(text.ids) == len(text.log_probs) for text in texts)
    for text in texts:
        assert not ends & set(text.ids[:-1]) and (text.ids[-1] in ends or len(text.ids) == 12)


@every_model
def test_greedy_takes_the_likeliest(architecture: str) -> None:
    network = model(architecture)
    (drawn,) = sample(network, [PROMPTS[2]], [0], greedy=True, most=5)
    ids = [*PROMPTS[2]]
    for token in drawn.ids:
        with torch.no_grad():
            assert token == int(network(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
        ids.append(token)


def test_draws_have_the_distribution_of_the_logits() -> None:
    logits = torch.tensor([2.0, 0.0, -torch.inf, 1.0, -3.0])
    uniforms = ((torch.arange(10_000) + 0.5) / 10_000).tolist()
    chosen, log_p = _draw(logits.expand(10_000, -1), uniforms)
    frequencies = torch.bincount(chosen, minlength=5) / 10_000
    torch.testing.assert_close(frequencies, logits.softmax(dim=0), atol=2e-4, rtol=0)
    torch.testing.assert_close(log_p, torch.log_softmax(logits, dim=0)[chosen])
