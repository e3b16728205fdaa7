"""Many texts in one row: what the row holds, and that a model reads each text in it as if it stood alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym.agents.policies import lm_choose
from skillflow_gym.agents.policies.lm_choose import Node, rows_of, scores
from skillflow_gym.agents.policies.lm_score import Scoring, log_probs
from skillflow_gym.agents.policies.lm_tree import Trie, attend, can_branch, can_branch_off
from tests.agents.tiny_models import ARCHITECTURES, model, one_thread

branching = [name for name in ARCHITECTURES if can_branch(model(name).config)]
texts = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8), min_size=1, max_size=8)


@pytest.fixture(autouse=True)
def torch_alone() -> Iterator[None]:
    with one_thread():
        yield


@given(texts)
def test_a_trie_holds_every_beginning_once_and_every_text_along_its_parents(some: list[list[int]]) -> None:
    trie = Trie()
    places = [trie.add(text) for text in some]
    assert len(trie) == len({tuple(text[: n + 1]) for text in some for n in range(len(text))})
    for text, own in zip(some, places, strict=True):
        assert [trie.ids[place] for place in own] == text
        assert [trie.parents[place] for place in own] == [-1, *own[:-1]]
        assert trie.sight()[own[-1]].nonzero().flatten().tolist() == own == trie.add(text)
        assert trie.known([*text, 9, text[0]]) == len(text)


@given(texts)
def test_masks_and_positions(some: list[list[int]]) -> None:
    config = model("gemma3").config
    window, tries = config.sliding_window, [Trie(), Trie()]
    places = [tries[0].add(text) for text in some]
    tries[1].add([1])
    width = max(map(len, tries)) + 1
    inputs = attend(tries, width, config, torch.float32)
    full, sliding = (inputs["attention_mask"][kind] == 0 for kind in ("full_attention", "sliding_attention"))
    assert full.shape == sliding.shape == (2, 1, width, width)
    assert bool(full.any(dim=-1).all()), "a row without anything to see has no softmax"
    for own in places:
        assert inputs["position_ids"][0, own].tolist() == [*range(len(own))]
        assert full[0, 0, own[-1]].nonzero().flatten().tolist() == own
        assert sliding[0, 0, own[-1]].nonzero().flatten().tolist() == own[-window:]


NODES = [
    Node((5, 6, 7, 8), ((9, 10, 11), (9, 10), (9, 12, 11), (13,))),
    Node((5, 6, 7, 8, 9, 10, 20, 21), ((9, 10, 11), (14, 15)), (3,)),
    Node((5, 6, 30), ((9, 10, 11), (9, 12, 11))),
]


def alone(network: Any, node: Node) -> torch.Tensor:
    """A forward pass over each text."""
    values = []
    for candidate in node.candidates:
        ids = torch.tensor([[*node.history, *candidate]])
        logits = torch.log_softmax(network(input_ids=ids).logits[0], dim=-1)
        picked = logits[:-1].gather(1, ids[0, 1:, None])[len(node.history) - 1 :]
        values.append(picked.double().sum())
    return torch.stack(values)


@pytest.mark.parametrize("width", [1, 18, 2048])
@pytest.mark.parametrize("architecture", branching)
@torch.no_grad()
def test_a_row_of_many_texts_reads_each_as_if_alone(
    architecture: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lm_choose, "_WIDTH", width)
    network = model(architecture)
    rows = rows_of(NODES, branching=True)
    assert len(rows) == {1: 3, 18: 2, 2048: 1}[width]
    found = log_probs(Scoring(network, nullcontext, 1.0, 64), rows, 8)
    torch.testing.assert_close(found, torch.cat([alone(network, node) for node in NODES]), atol=1e-5, rtol=1e-6)


@pytest.mark.parametrize("budget", [1, 2048])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_candidates_are_scored_behind_what_was_read(architecture: str, budget: int) -> None:
    network = model(architecture)
    assert can_branch_off(network.config) == (architecture == "qwen3")
    for node in NODES:
        values, reading = scores(network, node, 1.0, budget)
        torch.testing.assert_close(values, alone(network, node), atol=1e-5, rtol=1e-6)
        assert reading.ids == node.history[:-1]
        assert torch.equal(scores(network, node, 1.0, budget, reading)[0], values), "the reading was not written to"


def test_a_row_holds_what_texts_share_once() -> None:
    (row,) = rows_of(NODES, branching=True)
    read = {(*node.history, *ids[:-1]) for node in NODES for ids in node.candidates}  # nothing comes after the last id
    assert len(row) == len({text[: n + 1] for text in read for n in range(len(text))})
