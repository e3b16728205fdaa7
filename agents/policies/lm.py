"""The language-model policy: a causal model writes tool calls; a LoRA adapter is trained, the base is the reference."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from copy import copy, deepcopy
from dataclasses import replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.agents.policies.lm_adapters import AdaptedModel, load_base
from skillflow_gym.agents.policies.lm_args import LMArgs
from skillflow_gym.agents.policies.lm_cache import Reading, Readings
from skillflow_gym.agents.policies.lm_chat import Chat
from skillflow_gym.agents.policies.lm_choose import Node, rows_of, scores
from skillflow_gym.agents.policies.lm_generate import Sampled, generate
from skillflow_gym.agents.policies.lm_score import Row, Scoring, log_probs
from skillflow_gym.agents.policies.lm_tree import Ids, can_branch
from skillflow_gym.agents.processes import ALONE, Processes
from skillflow_gym.policy import Decision, Which
from skillflow_gym.trajectory import Context, Trajectory, Turn

logger = logging.getLogger("skillflow_gym")


class LanguageModel:
    """A policy that reads an episode as one growing transcript and writes its actions, or chooses among proposals.

    Every turn stores the ids that it added to the transcript and which of them were sampled. Nothing is ever rendered
    or tokenised again, so the log-probabilities of all turns come from one causal pass over the transcript, and are of
    the ids that were sampled.

    Generating, log pi(a|H) is the sum over the ids of the turn: thoughts, the call, and the id that ends it; log pi_ref
    is that sum under the base. Choosing, see ``lm_choose``.

    Attributes:
        args: how it decides and is scored.
        chat: the model's chat format.
        adapted: the model and its adapters.
        updates: the number of updates that the parameters have seen.
        greedy: take the likeliest id or proposal.
        processes: those that score trajectories together; each acts by itself.
    """

    def __init__(
        self, base: nn.Module, tokenizer: Any, args: LMArgs | None = None, hindsight: bool = False, seed: int = 0
    ) -> None:
        """Put adapters into ``base``, a causal model, and read the chat format of ``tokenizer``.

        Raises:
            ValueError: the model or its chat template cannot be used; the message says why.
        """
        self.args = args or LMArgs()
        self.chat = Chat(tokenizer, _ends(base, tokenizer), self.args.thinking)
        longest = getattr(base.config, "max_position_embeddings", None) or 1 << 30
        self._context_tokens = self.args.context_tokens or longest
        self.adapted = AdaptedModel(base, self.args, hindsight, seed)
        self.updates, self.greedy, self._warned = 0, False, False
        self.processes = ALONE
        self._readings = Readings(self.args.cache_tokens)
        self._base_scores: dict[Node, Tensor] = {}

    @classmethod
    def load(cls, path: str, args: LMArgs, hindsight: bool = False, seed: int = 0) -> LanguageModel:
        """The model in the folder ``path``, or of that name on the hub.

        Raises:
            ValueError: there is none, or it cannot be used.
        """
        return cls(*load_base(path, args), args, hindsight, seed)

    @property
    def version(self) -> str:
        """``lm-<hash of the base>-t<temperature>-<number of updates>``."""
        return f"{self._reference}-{self.updates}"

    @property
    def _reference(self) -> str:
        return f"lm-{self.adapted.fingerprint}-t{self.args.temperature:g}"

    # Acting ----------------------------------------------------------------------------------------------------------

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        """Decide in each context; ``log_ref`` is known at once only for proposals: see ``with_reference``."""
        transcripts = [self._transcript(context) for context in contexts]
        room = self.args.max_new_tokens if self.args.decide == "generate" else 1
        full = [len(before) + len(new) + room > self._context_tokens for before, new in transcripts]
        full = [f or any(not turn.token_ids for turn in c.turns) for f, c in zip(full, contexts, strict=True)]
        if any(full) and not self._warned:
            logger.warning("an episode no longer fits into %d tokens: its turns are errors", self._context_tokens)
            self._warned = True
        decisions = [Decision("", 0.0, 0.0)] * len(contexts)
        going = [i for i, stopped in enumerate(full) if not stopped]
        if not going:
            return decisions
        decide = self._generate if self.args.decide == "generate" else self._choose
        made = decide([contexts[i] for i in going], [transcripts[i] for i in going], [rngs[i] for i in going])
        for i, decision in zip(going, made, strict=True):
            decisions[i] = decision
        return decisions

    def _generate(
        self, contexts: list[Context], transcripts: list[tuple[Ids, Ids]], rngs: list[np.random.Generator]
    ) -> list[Decision]:
        prompts = [(*before, *new) for before, new in transcripts]

        def keep(number: int, sampled: Sampled, reading: Reading) -> None:
            if not _last(contexts[number], self.chat.parse(sampled.ids)):
                self._readings.keep("policy", reading)

        with self.adapted.using("policy"):
            drawn = generate(
                self.adapted.model,
                prompts,
                rngs,
                ends=self.chat.ends,
                most=self.args.max_new_tokens,
                temperature=self.args.temperature,
                greedy=self.greedy,
                budget=self.args.token_budget,
                # The last id of an answer was sampled and not read.
                known=self._readings.take("policy", [(before, (len(before) - 1,)) for before, _ in transcripts]),
                keep=keep,
            )
        return [
            Decision(self.chat.parse(ids), math.fsum(values), math.nan, -1, *_segment(new, ids, values))
            for (_, new), (ids, values) in zip(transcripts, drawn, strict=True)
        ]

    def _choose(
        self, contexts: list[Context], transcripts: list[tuple[Ids, Ids]], rngs: list[np.random.Generator]
    ) -> list[Decision]:
        nodes = [
            Node((*before, *new), tuple(map(self.chat.action_ids, context.proposals)), _pauses(context.turns))
            for context, (before, new) in zip(contexts, transcripts, strict=True)
        ]
        found, decisions, going = self._distributions(nodes), [], set[Ids]()
        for context, (_, new), node, rng in zip(contexts, transcripts, nodes, rngs, strict=True):
            row = found[node]
            if self.greedy:
                index = int(row.argmax())
            else:
                index = min(int(np.searchsorted(np.cumsum(np.exp(row)), rng.random())), len(row) - 1)
            decisions.append(self._decision(context, new, row, index))
            if not _last(context, context.proposals[index]):
                going.add(node.history[:-1])
        ended = {node.history[:-1] for node in nodes} - going
        self._readings.drop([(which, ids) for which in ("policy", "reference") for ids in ended])
        return decisions

    def _decision(self, context: Context, new: Ids, row: NDArray[np.float64], index: int) -> Decision:
        action, reference = context.proposals[index], -math.log(len(row))
        ids = self.chat.action_ids(action)
        # The proposal is one choice: its probability is nowhere divided among the ids that write it down.
        segment = _segment(new, ids, (float(row[index]), *[0.0] * (len(ids) - 1)))
        return Decision(action, float(row[index]), reference, index, *segment)

    def _distributions(self, nodes: Sequence[Node]) -> dict[Node, NDArray[np.float64]]:
        """The log-probabilities of the proposals of each node, [N] in nats."""
        different = list(dict.fromkeys(nodes))  # rollouts of a task begin alike
        policy, base = self._scores("policy", different), self._base(different)
        return {node: torch.log_softmax(policy[node] - base[node], dim=0).numpy() for node in different}

    def _transcript(self, context: Context) -> tuple[Ids, Ids]:
        """The transcript so far, and what comes before the next answer.

        Raises:
            ValueError: another policy has made the turns so far.
        """
        if not context.turns:
            return (), tuple(self.chat.opening(context))
        last = context.turns[-1]
        if not last.token_ids:
            if last.log_pf != 0.0 or last.action.argument:
                raise ValueError("a turn without token ids: a language model can only continue its own episodes")
            return (), ()
        before = tuple(i for turn in context.turns for i in turn.token_ids)
        return before, tuple(self.chat.reply(context.observation, context.admissible, before[-1]))

    # Scoring ---------------------------------------------------------------------------------------------------------

    def log_prob(self, trajectories: Sequence[Trajectory], which: Which = "policy") -> tuple[Tensor, Tensor]:
        """Log-probabilities of the actions taken, [N, T] in nats (0 where masked), and the mask [N, T].

        Of the reference's, those that this model stored are taken as they are.

        Raises:
            ValueError: ``hindsight`` without P_phi, or a trajectory that no language model made.
        """
        longest = max(len(t) for t in trajectories)
        mask = torch.tensor([[i < len(t) for i in range(longest)] for t in trajectories])
        chosen = {turn.chosen >= 0 for t in trajectories for turn in t.turns if turn.token_ids}
        if any(turn.log_pf != 0.0 for t in trajectories for turn in t.turns if not turn.token_ids):
            raise ValueError("a turn without token ids: only trajectories of a language model can be scored here")
        if len(chosen) > 1:
            raise ValueError("some turns were generated and some were chosen: score them in batches of their own")
        if chosen == {True}:
            values = self._choice_log_probs(trajectories, which)
        elif which == "reference":
            values = self._reference_log_probs(trajectories)
        else:
            values = self._written_log_probs(trajectories, which)
        return torch.zeros(mask.shape).masked_scatter(mask, values.float()), mask

    def with_reference(self, trajectories: Sequence[Trajectory]) -> list[Trajectory]:
        """The trajectories with log pi_ref in all their turns, from one pass of the base over each transcript."""
        unknown = [t for t in trajectories if any(turn.log_ref is None for turn in t.turns)]
        if not unknown:
            return list(trajectories)
        with torch.no_grad():
            rows = self.log_prob(unknown, "reference")[0].tolist()
        known = {
            id(t): replace(t, turns=tuple(replace(turn, log_ref=v) for turn, v in zip(t.turns, row, strict=False)))
            for t, row in zip(unknown, rows, strict=True)
        }
        return [known.get(id(t), t) for t in trajectories]

    def _reference_log_probs(self, trajectories: Sequence[Trajectory]) -> Tensor:
        """Those that were stored when this base sampled the trajectories; the others from a pass of the base."""
        stored: list[list[float] | None] = []
        for t in trajectories:
            known = [turn.log_ref for turn in t.turns if turn.log_ref is not None]
            own = t.policy_version.rpartition("-")[0] == self._reference
            stored.append(known if own and len(known) == len(t) else None)
        missing = [t for t, values in zip(trajectories, stored, strict=True) if values is None]
        computed = iter(self._written_log_probs(missing, "reference").tolist() if missing else [])
        flat: list[float] = []
        for t, values in zip(trajectories, stored, strict=True):
            flat += values if values is not None else [next(computed) for _ in t.turns]
        return torch.tensor(flat, dtype=torch.float64)

    def _written_log_probs(self, trajectories: Sequence[Trajectory], which: Which) -> Tensor:
        """The log-probability of every turn, [sum of T]: a row for each transcript, for P_phi one for each turn."""
        rows, owner = [], 0
        for trajectory in trajectories:
            made = self._hindsight_rows if which == "hindsight" else _transcript_rows
            rows += made(trajectory, owner)
            owner += len(trajectory)
        return log_probs(self._scoring(which), rows, owner, self.adapted.parameters(which))

    def _hindsight_rows(self, trajectory: Trajectory, owner: int) -> list[Row]:
        """The transcript up to each turn, nothing said, the observation that came of it, and then the answer."""
        rows, before = [], list[int]()
        for number, turn in enumerate(trajectory.turns):
            new, answer = _parts(turn)
            if answer:
                after = self.chat.reply(turn.observation, turn.admissible, -1)
                ids = (*before, *new, *after, *answer)
                rows.append(Row.text(ids, range(len(ids) - len(answer), len(ids)), [owner + number] * len(answer)))
            before += turn.token_ids
        return rows

    def _choice_log_probs(self, trajectories: Sequence[Trajectory], which: Which) -> Tensor:
        """The log-probability of every turn of trajectories over proposals, [sum of T]."""
        turns = [turn for t in trajectories for turn in t.turns]
        if which == "reference":
            return -torch.tensor([float(len(turn.candidates) or 1) for turn in turns]).log()
        nodes = [node for t in trajectories for node in self._nodes(t, which)]
        different = [node for node in dict.fromkeys(nodes) if node.candidates]  # rollouts of a task begin alike
        rows = rows_of(different, can_branch(self.adapted.model.config))
        firsts = dict(zip(different, accumulate((len(node.candidates) for node in different), initial=0), strict=False))
        count = sum(len(node.candidates) for node in different)
        own = [node for node in firsts if self.processes.owns(node)]
        known = self._base(own)  # those of the other nodes are for other processes to know
        parts = [known.get(node, torch.zeros(len(node.candidates), dtype=torch.float64)) for node in firsts]
        base = self.processes.total(torch.cat([torch.zeros(0, dtype=torch.float64), *parts]))[0]
        scored = log_probs(self._scoring(which), rows, count, self.adapted.parameters(which))
        differences, values = scored - base, []
        for turn, node in zip(turns, nodes, strict=True):
            if node.candidates:
                part = differences[firsts[node] :][: len(node.candidates)]
                values.append(torch.log_softmax(part, dim=0)[turn.chosen])
            else:
                values.append(torch.zeros((), dtype=torch.float64))
        return torch.stack(values)

    def _nodes(self, trajectory: Trajectory, which: Which) -> list[Node]:
        """What was chosen from at each turn, and after what: for P_phi also after the observation that followed."""
        nodes, before, pauses = list[Node](), Ids(), _pauses(trajectory.turns)
        for number, turn in enumerate(trajectory.turns):
            history, earlier = (*before, *_parts(turn)[0]), pauses[:number]
            if which == "hindsight":
                history += tuple(self.chat.reply(turn.observation, turn.admissible, -1))
                earlier = pauses[: number + 1]
            nodes.append(Node(history, tuple(map(self.chat.action_ids, turn.candidates)), earlier))
            before += turn.token_ids
        return nodes

    def _base(self, nodes: Sequence[Node]) -> dict[Node, Tensor]:
        """The base's scores of nodes, which never change; a twin in another thread finds them for both."""
        found = {node: values for node in nodes if (values := self._base_scores.get(node)) is not None}
        new = self._scores("reference", [node for node in nodes if node not in found])
        if len(self._base_scores) + len(new) > 4096:
            self._base_scores.clear()
        self._base_scores.update(new)
        return found | new

    def _scores(self, which: Which, nodes: Sequence[Node]) -> dict[Node, Tensor]:
        """The scores of the candidates of each node, [N] in nats."""
        found = dict[Node, Tensor]()
        with self.adapted.using(which):
            readings = self._readings.take(which, [(node.history, node.pauses) for node in nodes])
            for node, known in zip(nodes, readings, strict=True):
                # What another node has read meanwhile may be the beginning of this one: they may be of one trajectory.
                known = known or self._readings.take(which, [(node.history, node.pauses)])[0]
                limits = (self.args.temperature, self.args.token_budget)
                found[node], reading = scores(self.adapted.model, node, *limits, known)
                self._readings.keep(which, reading)
        return found

    def _scoring(self, which: Which) -> Scoring:
        self._readings.clear()  # acting is over: there is memory to be had
        active = partial(self.adapted.using, which)
        args = self.args
        limits = (args.temperature, args.token_budget, args.checkpointing)
        return Scoring(self.adapted.model, active, *limits, self.processes)

    # What a trainer needs --------------------------------------------------------------------------------------------

    def parameters(self, which: Which = "policy") -> list[nn.Parameter]:
        """The adapter that ``which`` trains; the reference has none."""
        return self.adapted.parameters(which)

    def join(self, processes: Processes) -> None:
        """Score trajectories together with the other processes, and divide the base among them if they shard it."""
        self.processes = processes
        if processes.sharding is not None:
            processes.sharding.divide(self.adapted)

    def as_greedy(self) -> LanguageModel:
        """The same policy, always taking the likeliest id or proposal; it shares the parameters."""
        other = copy(self)
        other.greedy = True
        return other

    def twin(self) -> LanguageModel:
        """The same policy with adapters of its own: it may act in a thread while this one is trained in another."""
        chat = Chat(deepcopy(self.chat.tokenizer), self.chat.ends, self.args.thinking)  # a tokenizer is for one thread
        shared = [self._base_scores, *self.adapted.frozen]
        return deepcopy(self, {id(self.chat): chat, **{id(part): part for part in shared}})

    def train(self, mode: bool = True) -> None:
        """Nothing changes: there is no dropout, so that what is scored is what was sampled."""

    def bump(self) -> None:
        """Count an update: the parameters have changed."""
        self.updates += 1
        self._readings.clear()

    def state_dict(self) -> dict[str, Any]:
        """The adapters, the number of updates, and the hash of the base that they belong to."""
        return {
            "adapters": self.adapted.state_dict(),
            "updates": self.updates,
            "base": self.adapted.fingerprint,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore ``state_dict``'s value.

        Raises:
            ValueError: it belongs to another base, or has other adapters.
        """
        if state["base"] != self.adapted.fingerprint:
            raise ValueError("the adapters were trained on other weights than the model now has: restore its folder")
        self.adapted.load_state_dict(state["adapters"])
        self._readings.clear()
        self.updates = state["updates"]

    def save_adapters(self, folder: Path) -> None:
        """Write the adapters in peft's own form: ``folder/theta`` and, if there is one, ``folder/phi``."""
        self.adapted.save(folder)

    def save_merged(self, folder: Path) -> None:
        """Write an ordinary model, the adapter in its weights, and its tokenizer; this policy is spent after it."""
        self.adapted.merge().save_pretrained(str(folder))
        self.chat.tokenizer.save_pretrained(str(folder))


def _ends(base: Any, tokenizer: Any) -> set[int]:
    """The ids that end an answer."""
    configured = getattr(getattr(base, "generation_config", None), "eos_token_id", None)
    ids = configured if isinstance(configured, list) else [configured]
    return {i for i in (*ids, tokenizer.eos_token_id) if i is not None}


def _segment(new: Ids, ids: Ids, values: Sequence[float]) -> tuple[Ids, Ids, tuple[float, ...]]:
    """The ids that a turn adds to the transcript, which of them were sampled, and their log-probabilities."""
    return (*new, *ids), (*[0] * len(new), *[1] * len(ids)), (*[0.0] * len(new), *values)


def _parts(turn: Turn) -> tuple[Ids, Ids]:
    """What came before a turn's answer, and the answer."""
    start = turn.action_mask.index(1) if 1 in turn.action_mask else len(turn.token_ids)
    return turn.token_ids[:start], turn.token_ids[start:]


def _pauses(turns: Sequence[Turn]) -> tuple[int, ...]:
    """How many ids had been read when each turn was decided: all but the last one before its answer."""
    pauses, size = list[int](), 0
    for turn in turns:
        pauses.append(size + len(_parts(turn)[0]) - 1)
        size += len(turn.token_ids)
    return tuple(pauses)


def _last(context: Context, action: Action | str) -> bool:
    """Whether ``action`` ends the episode, as far as a policy can tell: a benchmark may end it at any time."""
    accepts = isinstance(action, Action) and action.kind is ActionKind.ACCEPT
    return accepts or context.step + 1 >= context.step_limit


def _transcript_rows(trajectory: Trajectory, owner: int) -> list[Row]:
    """The whole transcript as a row in which every sampled id is scored for its turn; none if nothing was sampled."""
    ids = [i for turn in trajectory.turns for i in turn.token_ids]
    owners = [owner + n if sampled else -1 for n, turn in enumerate(trajectory.turns) for sampled in turn.action_mask]
    places = [place for place, mine in enumerate(owners) if mine >= 0]
    return [Row.text(ids, places, [owners[place] for place in places])] if places else []
