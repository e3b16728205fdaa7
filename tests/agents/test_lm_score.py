"""A language model's log-probabilities and their gradients, against the model called on every turn by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from skillflow_gym.agents import objectives as o
from skillflow_gym.agents.policies.lm import LanguageModel
from skillflow_gym.agents.policies.lm_score import Row, micro_batches
from skillflow_gym.policy import UniformPolicy, Which
from skillflow_gym.trajectory import Trajectory
from tests.agents.tiny_models import ARCHITECTURES, model, one_thread, policy, rollouts
from tests.contract.outsider import registered

every_model = pytest.mark.parametrize("architecture", ARCHITECTURES)
every_way = pytest.mark.parametrize("decide", ["generate", "choose"])


@pytest.fixture(autouse=True)
def benchmark() -> Iterator[None]:
    with registered(), one_thread():
        yield


@cache
def made(architecture: str, decide: str) -> tuple[LanguageModel, list[Trajectory]]:
    """A policy and its rollouts, of equal and of different lengths; no test may change the policy."""
    by = policy(architecture, hindsight=True, decide=decide)
    played = rollouts(by, steps=2)
    played[1] = replace(played[1], turns=played[1].turns[:1])
    return by, played


def answers(trajectory: Trajectory) -> Iterator[tuple[list[int], list[int]]]:
    """What the model had read before each answer, and the answer."""
    before: list[int] = []
    for turn in trajectory.turns:
        size = sum(turn.action_mask)
        yield [*before, *turn.token_ids[:-size]], [*turn.token_ids[-size:]]
        before += turn.token_ids


def plain(network: Any, prompt: Sequence[int], answer: Sequence[int], temperature: float = 1.0) -> Tensor:
    """log p(answer | prompt): one text at a time, logits of the whole vocabulary at every position."""
    logits = network(input_ids=torch.tensor([[*prompt, *answer]])).logits[0] / temperature
    picked = torch.log_softmax(logits[:-1], dim=-1).gather(1, torch.tensor([*prompt, *answer])[1:, None])[:, 0]
    return picked[len(prompt) - 1 :].double().sum()


def turn_by_turn(by: LanguageModel, trajectories: Sequence[Trajectory], network: Any) -> Tensor:
    """[N, T], the way that nobody could get wrong."""
    rows = []
    for trajectory in trajectories:
        row = []
        for turn, (prompt, answer) in zip(trajectory.turns, answers(trajectory), strict=True):
            if turn.chosen < 0:
                row.append(plain(network, prompt, answer, by.args.temperature))
            else:
                base = model(by.adapted.model.config.model_type.removesuffix("_text"))
                candidates = [by.chat.action_ids(action) for action in turn.candidates]
                scores = [plain(network, prompt, c) - plain(base, prompt, c).detach() for c in candidates]
                row.append(torch.log_softmax(torch.stack(scores), dim=0)[turn.chosen])
        rows.append(torch.nn.functional.pad(torch.stack(row), (0, max(map(len, trajectories)) - len(row))))
    return torch.stack(rows).float()


def stored(trajectories: Sequence[Trajectory], name: str) -> Tensor:
    """The numbers of that name in the turns, [N, T]."""
    rows = [torch.tensor([getattr(turn, name) for turn in t.turns]) for t in trajectories]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def ttb(log_pf: Tensor, mask: Tensor, log_rho: Tensor) -> Tensor:
    """The loss over all trajectories, coupled by log Z of their groups."""
    reward, groups = torch.tensor([1.0, 0.0, 0.5, 0.0]), torch.tensor([0, 0, 1, 1])
    log_r = o.log_reward(reward)
    log_z = o.vargrad_log_z(o.path_log_ratio(log_pf, log_rho, mask), log_r, groups, beta=2.0)
    residual = o.ttb_residual(log_pf, log_rho, mask, log_r, log_z, beta=2.0)
    return o.ttb_loss(residual, o.path_lengths(mask), torch.ones(4))


def gradients(by: LanguageModel, loss: Callable[[], Tensor], which: Which = "policy") -> list[Tensor]:
    """Of ``loss`` in an adapter's parameters, by ordinary backward."""
    for parameter in (*by.parameters(), *by.parameters("hindsight")):
        parameter.grad = None
    loss().backward()
    return [cast(Tensor, parameter.grad).clone() for parameter in by.parameters(which)]


def assert_same(a: Sequence[Tensor], b: Sequence[Tensor], tolerance: float = 1e-4) -> None:
    largest = max(float(x.abs().max()) for x in b)
    assert largest > 1e-3, "there is a gradient to compare"
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        assert float((x - y).abs().max()) < tolerance * largest


def loss_of(by: LanguageModel, played: Sequence[Trajectory]) -> Callable[[], Tensor]:
    def loss() -> Tensor:
        log_pf, mask = by.log_prob(played)
        return ttb(log_pf, mask, by.log_prob(played, "reference")[0])

    return loss


@every_way
@every_model
def test_one_pass_gives_the_log_probabilities_of_every_turn(
    architecture: str, decide: str, request: pytest.FixtureRequest
) -> None:
    if (architecture, decide) == ("qwen3_5", "choose"):
        why = (
            "1.3e-5 on one machine: the hybrid's recurrence in single precision, summed over the tokens of a candidate"
        )
        request.applymarker(pytest.mark.xfail(strict=False, reason=why))
    by, played = made(architecture, decide)
    log_pf, mask = by.log_prob(played)
    assert mask.sum(dim=1).tolist() == [len(t) for t in played] and len({len(t) for t in played}) > 1
    with torch.no_grad(), by.adapted.using("policy"):
        expected = turn_by_turn(by, played, by.adapted.peft)
    torch.testing.assert_close(log_pf.detach(), expected, atol=1e-5, rtol=1e-6)
    torch.testing.assert_close(log_pf.detach(), stored(played, "log_pf"), atol=1e-5, rtol=1e-6)


@every_way
@every_model
def test_gradients_equal_those_of_one_graph_over_single_turns(architecture: str, decide: str) -> None:
    by, played = made(architecture, decide)
    played = played if decide == "generate" else [replace(t, turns=t.turns[:1]) for t in played]

    def separate() -> Tensor:
        return ttb(turn_by_turn(by, played, by.adapted.peft), mask, by.log_prob(played, "reference")[0])

    packed = gradients(by, loss_of(by, played))
    mask = by.log_prob(played)[1]
    with by.adapted.using("policy"):
        assert_same(packed, gradients(by, separate))


@every_way
@every_model
def test_micro_batches_change_nothing(architecture: str, decide: str) -> None:
    by, played = made(architecture, decide)
    played = played if decide == "generate" else [replace(t, turns=t.turns[:1]) for t in played]
    whole = gradients(by, loss_of(by, played))
    args = by.args
    try:
        by.args = replace(args, token_budget=1)
        assert_same(gradients(by, loss_of(by, played)), whole)
    finally:
        by.args = args


@every_model
def test_checkpointing_changes_nothing(architecture: str) -> None:
    by, played = made(architecture, "generate")
    calls = []
    for checkpointing in (True, False):
        saving = policy(architecture, hindsight=True, checkpointing=checkpointing, token_budget=1)
        again = rollouts(saving, groups=1, each=1, steps=2)[0].turns
        assert [t.token_ids for t in again] == [t.token_ids for t in played[0].turns[:2]], "sampling keeps its cache"
        part = saving.adapted.model.model.layers[0].input_layernorm
        part.register_forward_hook(lambda *_, number=checkpointing: calls.append(number))
        assert_same(gradients(saving, loss_of(saving, played)), gradients(by, loss_of(by, played)))
    assert calls.count(True) > calls.count(False), "layers are computed again"


@every_model
def test_the_reference_is_the_model_without_adapters(architecture: str) -> None:
    by, played = made(architecture, "generate")
    with torch.no_grad():
        expected = turn_by_turn(by, played, model(architecture))
        reference = by.log_prob(played, "reference")[0]
    torch.testing.assert_close(reference, expected, atol=1e-5, rtol=1e-6)
    assert not torch.allclose(reference, by.log_prob(played)[0], atol=0.1)
    known = by.with_reference(played)
    assert torch.equal(by.log_prob(known, "reference")[0], reference)
    assert torch.equal(stored(known, "log_ref"), reference)
    assert by.with_reference(known) == known


@every_model
def test_fresh_adapters_are_the_reference(architecture: str) -> None:
    fresh = LanguageModel(model(architecture), made(architecture, "generate")[0].chat.tokenizer)
    played = made(architecture, "generate")[1]
    assert torch.equal(fresh.log_prob(played)[0].detach(), fresh.log_prob(played, "reference")[0])


def test_another_reference_changes_the_anchor_and_the_kl() -> None:
    one, played = made("qwen3", "generate")
    played = one.with_reference(played)  # what is stored belongs to the first base
    other = policy("qwen3", seed=1, hindsight=True)
    log_pf, mask = (value.detach() for value in one.log_prob(played))
    references = [by.log_prob(played, "reference")[0] for by in (one, other)]
    expected = turn_by_turn(one, played, model("qwen3", seed=1)).detach()
    torch.testing.assert_close(references[1], expected, atol=1e-5, rtol=1e-6)
    kl = [float((log_pf - reference).sum(dim=1).mean()) for reference in references]
    losses = [float(ttb(log_pf, mask, reference)) for reference in references]
    assert abs(kl[0] - kl[1]) > 0.1 and abs(losses[0] - losses[1]) > 0.1


@every_way
@every_model
def test_hindsight_sees_what_followed(architecture: str, decide: str) -> None:
    by, played = made(architecture, decide)
    first = [replace(t, turns=t.turns[:1]) for t in played]
    with torch.no_grad():
        before = by.log_prob(first, "hindsight")[0]
        changed = [replace(t, turns=(replace(t.turns[0], observation="Something else."),)) for t in first]
        after = by.log_prob(changed, "hindsight")[0]
        torch.testing.assert_close(by.log_prob(changed)[0], by.log_prob(first)[0], atol=0, rtol=0)
    assert float((before - after).abs().max()) > 1e-3
    if decide == "generate":
        expected = []
        with torch.no_grad(), by.adapted.using("hindsight"):
            for t in first:
                prompt, answer = next(answers(t))
                shown = by.chat.reply(t.turns[0].observation, t.turns[0].admissible, -1)
                expected.append(plain(by.adapted.peft, [*prompt, *shown], answer))
        torch.testing.assert_close(before[:, 0], torch.stack(expected).float(), atol=1e-5, rtol=1e-6)


@pytest.mark.parametrize("budget", [1, 1 << 20])
@pytest.mark.parametrize("checkpointing", [False, True])
@every_model
def test_two_adapters_in_one_loss_get_their_own_gradients(architecture: str, checkpointing: bool, budget: int) -> None:
    """d/dx (x - y)^2 with the other adapter's value as a number: what a single graph over both would give."""
    played = [replace(t, turns=t.turns[:1]) for t in made(architecture, "generate")[1]][:2]
    by = policy(architecture, hindsight=True, checkpointing=checkpointing, token_budget=budget)
    separate: dict[Which, list[Tensor]] = {}
    values = {which: by.log_prob(played, which)[0].detach() for which in ("policy", "hindsight")}
    sides: list[tuple[Which, Which]] = [("policy", "hindsight"), ("hindsight", "policy")]
    for which, other in sides:
        separate[which] = gradients(
            by, lambda w=which, v=values[other]: ((by.log_prob(played, w)[0] - v) ** 2).sum(), which
        )

    def loss() -> Tensor:
        policy_side, hindsight = by.log_prob(played)[0], by.log_prob(played, "hindsight")[0]
        by.log_prob(played, "reference")  # switches adapters between forward and backward
        return ((policy_side - hindsight) ** 2).sum()

    for which, _ in sides:
        assert_same(gradients(by, loss, which), separate[which])


@every_model
def test_temperature_belongs_to_the_policy_and_to_its_reference(architecture: str) -> None:
    by = policy(architecture, temperature=2.0)
    played = rollouts(by, groups=1, steps=1)
    torch.testing.assert_close(by.log_prob(played)[0].detach(), stored(played, "log_pf"), atol=1e-5, rtol=1e-6)
    with torch.no_grad():
        expected = [[plain(model(architecture), *next(answers(t)), temperature=2.0)] for t in played]
    torch.testing.assert_close(
        by.log_prob(played, "reference")[0], torch.tensor(expected).float(), atol=1e-5, rtol=1e-6
    )


@every_model
def test_a_bf16_base_trains_fp32_adapters(architecture: str) -> None:
    base = model(architecture).to(torch.bfloat16)
    by = LanguageModel(base, made(architecture, "generate")[0].chat.tokenizer)
    played = made(architecture, "generate")[1]
    assert {p.dtype for p in by.parameters()} == {torch.float32}
    found = gradients(by, loss_of(by, played))
    assert all(bool(torch.isfinite(gradient).all()) for gradient in found)
    assert max(float(gradient.abs().max()) for gradient in found) > 0
    frozen = [p for n, p in by.adapted.peft.named_parameters() if "lora_" not in n]
    assert frozen and not any(p.requires_grad for p in frozen) and {p.dtype for p in frozen} == {torch.bfloat16}
    assert by.log_prob(played)[0].dtype == torch.float32


def test_only_trajectories_of_a_language_model_can_be_scored() -> None:
    by, _ = made("qwen3", "generate")
    with pytest.raises(ValueError, match="without token ids"):
        by.log_prob(rollouts(UniformPolicy(), groups=1))
    mixed = [made("qwen3", decide)[1][0] for decide in ("generate", "choose")]
    with pytest.raises(ValueError, match="some turns were generated and some were chosen"):
        by.log_prob(mixed)
    with pytest.raises(ValueError, match="no hindsight model"):
        policy("qwen3").log_prob(mixed[:1], "hindsight")


def test_micro_batches_hold_rows_of_like_length_within_the_budget() -> None:
    rows = [Row.text(range(size), [size - 1], [0]) for size in (5, 9, 3, 8, 30, 4)]
    batches = micro_batches(rows, budget=16)
    assert [[len(row) for row in batch] for batch in batches] == [[29], [8, 7], [4, 3, 2]]
