"""Learns what the audit's language model knows of attacks, and measures it on authors that it was not learned from.

python benchmarks/audit_language.py MODEL [--write]

MODEL is the folder of Qwen2.5-Coder-0.5B-Instruct, or its name on the hub; ``python -m tests.pretrained`` gets it. Its
states are computed once; of them a small head is learned, which is all that is learned. Every author's skills are
judged by a head that was learned from other authors', and the threshold is the one that rejects a twentieth of all that
is harmless. Printed are recall and false positives of the audit with that model by author. --write puts the head
learned from all into the package. It takes hours on two cores.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from safetensors.torch import save
from torch.nn.functional import binary_cross_entropy_with_logits

from skillflow_gym import Skill
from skillflow_gym.files import replacing
from skillflow_gym.skills.audit import DOUBT, as_read, language
from skillflow_gym.skills.audit.rules import findings
from skillflow_gym.skills.audit.shape import shape_findings

LABELLED = Path(__file__).parents[1] / "tests" / "skills" / "labelled_development.jsonl"
FOLDS, EPOCHS, BATCH, RATE, DECAY, ALARMS = 6, 6, 32, 1e-3, 0.02, 0.05
"""Parts of the authors; passes over the texts; texts at once; learning rate; weight decay; false positives allowed."""
AMONG, MOST_AROUND = 0.3, 3
"""Share of the batches that are learned with harmless texts around theirs, and how many around each at most."""
WRITTEN_BY_RULE = "template"
"""The author that is no person: its skills have a language of their own, so each part has some."""

Float = NDArray[np.float32]


class Text:
    """A labelled skill and the model's states at its tokens."""

    def __init__(self, row: dict[str, Any], states: torch.Tensor) -> None:
        skill = Skill(row["name"], row["description"], row["body"])
        self.author, self.malicious, self.states = row["author"], row["label"] == "malicious", states.half()
        self.breaks_rule = any(True for _ in findings(as_read(skill)))
        self.misshapen = any(True for _ in shape_findings(f"{skill.description}\n\n{skill.body}"))

    def score(self, head: language.Head) -> float:
        """As ``audit`` has it: above the threshold there are findings."""
        if self.misshapen:
            return np.inf
        said = head.worst(self.states)[0]
        return max(said + DOUBT, head.worst(self.states, language.FEW)[0]) if self.breaks_rule else said


def batch(shown: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """The states of some texts as [texts, tokens, width], and which of them are there, [texts, tokens]."""
    states = torch.nn.utils.rnn.pad_sequence([states.float() for states in shown], batch_first=True)
    lengths = torch.tensor([len(states) for states in shown])
    return states, torch.arange(states.shape[1]) < lengths[:, None]


def among(text: Text, harmless: Sequence[Text], rng: np.random.Generator) -> torch.Tensor:
    """The states of ``text`` with those of a few harmless ones around it: good advice must not hide a bad one."""
    others = [harmless[i].states for i in rng.integers(len(harmless), size=rng.integers(1, MOST_AROUND + 1))]
    place = rng.integers(len(others) + 1)
    return torch.cat([*others[:place], text.states, *others[place:]])


def learn(texts: Sequence[Text], seed: int = 0) -> language.Head:
    """A head that was learned from ``texts``."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    head = language.Head()
    harmless = [text for text in texts if not text.malicious]
    some = torch.cat([texts[i].states.float() for i in rng.permutation(len(texts))[:600]])
    head.mean.copy_(some.mean(0))
    head.scale.copy_(some.std(0) + 1e-3)
    optimiser = torch.optim.AdamW(head.parameters(), RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-len(texts) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps)
    for _ in range(EPOCHS):
        order = sorted(rng.permutation(len(texts)), key=lambda i: len(texts[i].states) + rng.normal(0, 20))
        starts = rng.permutation(range(0, len(texts), BATCH))
        for start in starts:
            chosen = [texts[i] for i in order[start : start + BATCH]]
            labels = torch.tensor([float(text.malicious) for text in chosen])
            alone = rng.random() > AMONG
            shown = [text.states if alone else among(text, harmless, rng) for text in chosen]
            optimiser.zero_grad()
            binary_cross_entropy_with_logits(head(*batch(shown)), labels).backward()
            optimiser.step()
            schedule.step()
    return head.eval()


def held_out(texts: Sequence[Text]) -> Float:
    """The score of every text by a head that was learned from other authors, [texts]."""
    authors = sorted({text.author for text in texts} - {WRITTEN_BY_RULE})
    part = np.array([authors.index(t.author) if t.author in authors else i for i, t in enumerate(texts)]) % FOLDS
    scores = np.zeros(len(texts), np.float32)
    for fold in track(range(FOLDS), description="learning"):
        head = learn([texts[i] for i in np.flatnonzero(part != fold)])
        for i in np.flatnonzero(part == fold):
            scores[i] = texts[i].score(head)
    return scores


def report(texts: Sequence[Text], scores: Float) -> float:
    """Print recall and false positives by author; the threshold."""
    malicious = np.array([text.malicious for text in texts])
    authors = np.array([text.author for text in texts])
    threshold = float(np.quantile(scores[~malicious], 1 - ALARMS, method="higher"))
    print("| author | skills | recall | false positives |")
    print("|---|---|---|---|")
    for author in [*sorted(set(authors)), "all"]:
        of = (authors == author) | (author == "all")
        recall, alarms = (
            f"{np.mean(scores[of & which] > threshold):.3f}" if (of & which).any() else ""
            for which in (malicious, ~malicious)
        )
        print(f"| {author} | {of.sum()} | {recall} | {alarms} |")
    return threshold


def finished(texts: Sequence[Text], threshold: float, known: torch.Tensor) -> language.Head:
    """The head learned from all ``texts``; ``known`` are the states of the skill by which the model is known."""
    head = learn(texts)
    head.threshold.fill_(threshold)
    head.known.fill_(head.worst(known)[0])
    return head


def main() -> None:
    """Measure, print and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    model = language.States(args.model)
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    texts = []
    for row in track(rows, description="reading"):
        texts.append(Text(row, model.of(Skill(row["name"], row["description"], row["body"]))[0].states))
    threshold = report(texts, held_out(texts))
    if args.write:
        head = finished(texts, threshold, model.of(language.KNOWN)[0].states)
        path = Path(language.__file__).with_name(language.HEAD)
        with replacing(path) as file:
            file.write(save(head.state_dict()))
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
