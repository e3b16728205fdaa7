"""The scorer: uniform before training, log-probabilities the same however they are computed, gradients where due."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch

from skillflow_gym import Action, ActionKind, Context
from skillflow_gym.agents.policies import scorer as module
from skillflow_gym.agents.policies.features import features
from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.policy import TrainablePolicy, UniformPolicy, Which
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.trajectory import Trajectory, Turn, read_trajectories, write_trajectories
from tests.contract.outsider import registered

BENCHMARKS = ("HotpotQA", "Vaults")


@pytest.fixture(autouse=True, scope="module")
def vaults() -> Iterator[None]:
    with registered():
        yield


def trained(seed: int = 0, hindsight: bool = False) -> Scorer:
    """A scorer that is far from uniform, as one that has learned."""
    policy = Scorer(seed, hindsight)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for network in filter(None, (policy.network, policy.phi)):
            added = [module for module in (network.more, network.relate_more) if module is not None]
            for parameter in [p for m in (network.leave, network.relate, *added) for p in m.parameters()]:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / 4)
    return policy


def collect(policy: Scorer, name: str, count: int = 20, seed: int = 0) -> list[Trajectory]:
    collector = Collector(lambda: gym.make(f"SkillFlow/{name}-v0", source="mini"))
    ids = [task.id for task in collector.make_env().unwrapped.taskset[:5]]  # type: ignore[attr-defined]
    jobs = [Job(f"{i}", ids[i % 5], ids[i % 5], (seed, i)) for i in range(count)]
    trajectories = collector.collect(policy, jobs).trajectories
    collector.close()
    assert len({len(t) for t in trajectories}) > 1, "of different lengths, so that there is padding"
    return trajectories


@pytest.fixture(scope="module", params=BENCHMARKS)
def sampled(request: pytest.FixtureRequest) -> list[Trajectory]:
    """What ``trained()`` played."""
    return collect(trained(), request.param)


def stored(trajectories: Sequence[Trajectory]) -> list[list[float]]:
    return [[turn.log_pf if turn.log_pf is not None else np.nan for turn in t.turns] for t in trajectories]


def scored(policy: Scorer, trajectories: Sequence[Trajectory], which: Which = "policy") -> list[list[float]]:
    with torch.no_grad():
        values, mask = policy.log_prob(trajectories, which)
    assert values.shape == mask.shape == (len(trajectories), max(map(len, trajectories)))
    assert mask.dtype == torch.bool and mask.sum(dim=1).tolist() == [len(t) for t in trajectories]
    assert (values[~mask] == 0).all() and torch.isfinite(values).all()
    return [row[: len(t)].tolist() for row, t in zip(values, trajectories, strict=True)]


def assert_close(one: list[list[float]], other: list[list[float]], tolerance: float = 1e-5) -> None:
    assert [len(row) for row in one] == [len(row) for row in other]
    assert np.concatenate(one) == pytest.approx(np.concatenate(other), abs=tolerance)


def test_it_is_a_trainable_policy() -> None:
    assert isinstance(Scorer(), TrainablePolicy)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_untrained_it_is_exactly_uniform(name: str) -> None:
    trajectories = collect(Scorer(seed=4, hindsight=True), name)
    uniform = [[-np.log(np.float32(len(turn.candidates))) for turn in t.turns] for t in trajectories]
    assert_close(stored(trajectories), uniform, 1e-6)
    for which in ("policy", "reference", "hindsight"):
        assert_close(scored(Scorer(seed=4, hindsight=True), trajectories, which), uniform, 1e-6)
    assert all(turn.log_ref == pytest.approx(-np.log(len(turn.candidates))) for t in trajectories for turn in t.turns)


def test_scoring_gives_what_was_stored_when_sampling(sampled: list[Trajectory]) -> None:
    assert_close(scored(trained(), sampled), stored(sampled))
    assert np.std(np.concatenate(stored(sampled))) > 0.3, "far from uniform"


def test_dropout_is_on_while_training_only(sampled: list[Trajectory]) -> None:
    policy = trained(hindsight=True)
    plain: dict[Which, list[list[float]]] = {w: scored(policy, sampled, w) for w in ("policy", "hindsight")}
    policy.train()
    for which, values in plain.items():
        torch.manual_seed(0)
        first, second = scored(policy, sampled, which), scored(policy, sampled, which)
        torch.manual_seed(0)
        assert scored(policy, sampled, which) == first != second
        assert np.mean(np.abs(np.concatenate(first) - np.concatenate(values))) > 1e-3
    policy.train(False)
    for which, values in plain.items():
        assert scored(policy, sampled, which) == values


def test_scoring_needs_no_environment(sampled: list[Trajectory], tmp_path: Path) -> None:
    write_trajectories(tmp_path / "kept.jsonl", sampled)
    loaded = read_trajectories(tmp_path / "kept.jsonl")
    assert loaded == sampled
    assert_close(scored(trained(), loaded), stored(sampled))


def test_the_reference_is_uniform_over_the_proposals(sampled: list[Trajectory]) -> None:
    uniform = [[-np.log(len(turn.candidates)) for turn in t.turns] for t in sampled]
    assert_close(scored(trained(), sampled, "reference"), uniform)
    assert [[turn.log_ref for turn in t.turns] for t in sampled] == [pytest.approx(row) for row in uniform]


def test_company_changes_nothing(sampled: list[Trajectory]) -> None:
    together = scored(trained(), sampled)
    alone = [scored(trained(), [trajectory])[0] for trajectory in sampled]
    backwards = scored(trained(), sampled[::-1])[::-1]
    assert_close(alone, together)
    assert_close(backwards, together)


def test_acting_alone_or_in_company_is_the_same(sampled: list[Trajectory]) -> None:
    policy = trained()
    contexts = [context for t in sampled for context in t.contexts()]
    rngs = [np.random.default_rng([1, i]) for i in range(len(contexts))]
    together = policy.act(contexts, copy.deepcopy(rngs))
    alone = [policy.act([context], [rng])[0] for context, rng in zip(contexts, rngs, strict=True)]
    assert [d.chosen for d in together] == [d.chosen for d in alone]
    assert [d.log_pf for d in together] == pytest.approx([d.log_pf for d in alone], abs=1e-5)
    for context, decision in zip(contexts, together, strict=True):
        assert decision.action == context.proposals[decision.chosen]


def test_samples_follow_the_probabilities(sampled: list[Trajectory]) -> None:
    policy, context = trained(), next(sampled[0].contexts())
    draws = 3000
    rngs = [np.random.default_rng([7, i]) for i in range(draws)]
    decisions = policy.act([context] * draws, rngs)
    frequency = np.bincount([d.chosen for d in decisions], minlength=len(context.proposals)) / draws
    expected = np.zeros(len(context.proposals))
    for decision in decisions:
        expected[decision.chosen] = np.exp(decision.log_pf)
    assert 0.9 < expected.sum() <= 1 + 1e-5
    assert frequency == pytest.approx(expected, abs=4 * np.sqrt(0.25 / draws))


def test_greedy_takes_the_likeliest(sampled: list[Trajectory]) -> None:
    policy = trained()
    for context in [context for t in sampled[:4] for context in t.contexts()]:
        size = len(context.proposals)
        turns = [Turn(a, "", candidates=context.proposals, chosen=i) for i, a in enumerate(context.proposals)]
        base = replace(sampled[0], task=context.task, first=context.first, catalogue=context.catalogue)
        every = [replace(base, turns=(*context.turns, turn), step_limit=context.step_limit) for turn in turns]
        log_p = [row[-1] for row in scored(policy, every)]
        assert np.exp(log_p).sum() == pytest.approx(1.0, abs=1e-5), "all candidates together"
        (decision,) = policy.as_greedy().act([context], [np.random.default_rng(0)])
        assert decision.chosen == int(np.argmax(log_p)) and decision.log_pf == pytest.approx(max(log_p), abs=1e-5)
        assert decision.log_ref == pytest.approx(-np.log(size))


def test_greedy_shares_the_parameters_and_leaves_the_policy_alone() -> None:
    policy = trained()
    greedy = policy.as_greedy()
    assert greedy.greedy and not policy.greedy
    assert all(a is b for a, b in zip(policy.parameters(), greedy.parameters(), strict=True))


def test_gradients_reach_the_policy_only(sampled: list[Trajectory]) -> None:
    policy = trained(hindsight=True)
    values, mask = policy.log_prob(sampled)
    (values * mask).sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in policy.parameters())
    assert any(p.grad.abs().max() > 0 for p in policy.parameters() if p.grad is not None)
    assert all(p.grad is None for p in policy.parameters("hindsight"))
    assert not policy.log_prob(sampled, "reference")[0].requires_grad and policy.parameters("reference") == []


def test_the_gradient_is_that_of_the_sum(sampled: list[Trajectory]) -> None:
    """Against finite differences in the last layer, where the log-probabilities are smooth."""
    policy = trained()
    last = list(policy.network.leave.parameters())
    generator = torch.Generator().manual_seed(1)
    direction = [torch.randn(p.shape, generator=generator) for p in last]
    policy.log_prob(sampled)[0].sum().backward()
    slope = sum(float((p.grad * d).sum()) for p, d in zip(last, direction, strict=True) if p.grad is not None)
    ends = []
    for step in (0.01, -0.01):
        moved = trained()
        with torch.no_grad():
            for p, d in zip(moved.network.leave.parameters(), direction, strict=True):
                p.add_(step * d)
        ends.append(float(np.concatenate(scored(moved, sampled)).sum()))
    assert (ends[0] - ends[1]) / 0.02 == pytest.approx(slope, rel=0.01, abs=0.02)


def test_hindsight_is_a_model_of_its_own(sampled: list[Trajectory]) -> None:
    policy = trained(hindsight=True)
    own, other = policy.parameters(), policy.parameters("hindsight")
    assert not {id(p) for p in own} & {id(p) for p in other}
    difference = np.concatenate(scored(policy, sampled, "hindsight")) - np.concatenate(scored(policy, sampled))
    assert np.abs(difference).max() > 0.1
    policy.log_prob(sampled, "hindsight")[0].sum().backward()
    assert all(p.grad is not None for p in other) and all(p.grad is None for p in own)


def test_hindsight_sees_what_followed_and_the_policy_does_not(sampled: list[Trajectory]) -> None:
    policy = trained(hindsight=True)
    trajectory = next(t for t in sampled if len(t) > 1)
    turn = trajectory.turns[-1]
    told = replace(turn, observation=" ".join(candidate.argument for candidate in turn.candidates[:3]))
    other = replace(trajectory, turns=(*trajectory.turns[:-1], told))
    assert scored(policy, [other]) == scored(policy, [trajectory])
    before, after = scored(policy, [trajectory], "hindsight")[0], scored(policy, [other], "hindsight")[0]
    assert before[:-1] == pytest.approx(after[:-1], abs=1e-5) and abs(before[-1] - after[-1]) > 1e-4


def test_without_a_hindsight_model_it_says_how_to_get_one(sampled: list[Trajectory]) -> None:
    with pytest.raises(ValueError, match="make it with hindsight=True"):
        Scorer().log_prob(sampled, "hindsight")
    assert Scorer().parameters("hindsight") == []


def test_a_trajectory_without_candidates_cannot_be_scored(sampled: list[Trajectory]) -> None:
    bare = replace(sampled[0], turns=(Turn(Action.act("look"), "You see."),))
    with pytest.raises(ValueError, match="only trajectories over proposals can be scored"):
        Scorer().log_prob([bare])


def test_a_state_comes_back(sampled: list[Trajectory]) -> None:
    policy = trained(3, hindsight=True)
    policy.bump()
    other = Scorer(seed=8, hindsight=True)
    other.load_state_dict(copy.deepcopy(policy.state_dict()))
    assert other.version == policy.version == "scorer-1"
    assert scored(other, sampled) == scored(policy, sampled)
    assert scored(other, sampled, "hindsight") == scored(policy, sampled, "hindsight")


def test_the_seed_makes_the_parameters_and_nothing_else_is_touched() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, again, other = Scorer(seed=1), Scorer(seed=1), Scorer(seed=2)
    assert torch.equal(torch.rand(3), expected), "the global generator goes on as if nothing had happened"
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), again.parameters(), strict=True))
    assert not torch.equal(one.network.enter.weight, other.network.enter.weight)


def test_the_cache_gives_what_a_fresh_computation_gives(sampled: list[Trajectory]) -> None:
    cache = module._FeatureCache(20, features, skills=False)
    for context in [context for t in sampled for context in t.contexts()] * 2:
        kept, fresh = cache(module._key(context), context), features(context)
        for name in ("numbers", "words", "task"):
            assert np.array_equal(getattr(kept, name), getattr(fresh, name))
    assert len(cache._kept) <= 20


def test_the_cache_knows_contexts_apart() -> None:
    """Every pair that the features tell apart has keys of its own."""
    base = Context("Which?", "", "A cat.", (), (), (Action.accept("cat"), Action.accept("no")), 0, 5)
    turn = Turn(Action.act("look: cat"), "A dog.")
    variants = [
        base,
        replace(base, task="Who?"),
        replace(base, first="A dog."),
        replace(base, step_limit=6),
        replace(base, turns=(turn,), step=1),
        replace(base, turns=(replace(turn, observation="Nothing."),), step=1),
        replace(base, turns=(replace(turn, action=Action.act("look: dog")),), step=1),
        replace(base, proposals=(*base.proposals, Action.accept("no"))),
        replace(base, proposals=(Action.accept("cat"), Action.accept("yes"))),
        replace(base, catalogue="- a: One.", proposals=(Action.skill("a"), Action.accept("no"))),
        replace(base, catalogue="- b: Two.", proposals=(Action.skill("b"), Action.accept("no"))),
    ]
    assert len({module._key(context) for context in variants}) == len(variants)


def test_one_proposal_is_certain() -> None:
    context = Context("Open it.", "", "A door.", (), (), (Action.act("open"),), 0, 5)
    (decision,) = trained().act([context], [np.random.default_rng(0)])
    assert (decision.chosen, decision.log_pf, decision.log_ref) == (0, 0.0, 0.0)


def test_with_and_without_skills_the_other_parameters_are_the_same() -> None:
    """So that runs with and without evolution are equal until the first skill."""
    plain, skilled = Scorer(seed=3).state_dict()["network"], Scorer(seed=3, skills=True).state_dict()["network"]
    assert all(torch.equal(skilled[name], value) for name, value in plain.items())
    assert all(not value.any() for name, value in skilled.items() if name not in plain) and len(skilled) > len(plain)


def test_the_uniform_policy_and_the_untrained_scorer_agree(sampled: list[Trajectory]) -> None:
    contexts = [list(t.contexts())[-1] for t in sampled]
    rngs = [np.random.default_rng(i) for i in range(len(contexts))]
    for one, other in zip(UniformPolicy().act(contexts, rngs), Scorer().act(contexts, rngs), strict=True):
        assert other.log_pf == pytest.approx(one.log_pf, abs=1e-6) and other.log_ref == pytest.approx(one.log_ref)
    kinds = {action.kind for context in contexts for action in context.proposals}
    assert ActionKind.ACT in kinds and ActionKind.ACCEPT in kinds
