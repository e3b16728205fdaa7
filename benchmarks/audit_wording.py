"""Learns the audit's table of words from labelled skills, and measures it on authors that it was not learned from.

python benchmarks/audit_wording.py [--write]

Every author's skills are judged by a table that was learned from other authors', the pruning of small weights included,
and the threshold is the one that rejects a twentieth of all that is harmless. Printed are recall and false positives by
author: if every finding of a rule counted, and of the whole audit. --write puts the table learned from all into the
package.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from skillflow_gym import Skill
from skillflow_gym.skills.audit import as_read, wording
from skillflow_gym.skills.audit.rules import findings
from skillflow_gym.skills.audit.shape import shape_findings

LABELLED = Path(__file__).parents[1] / "tests" / "skills" / "labelled_development.jsonl"
KEPT, LEAST, STRENGTH, ALARMS = 20_000, 2, 10.0, 0.05
"""Terms of the table; texts that must hold a term; inverse regularisation; share of false positives that is allowed."""
FOLDS = 8
"""Parts into which the authors are dealt."""
LATER = {f"{author:02d}" for author in range(25, 31)}
"""Authors of whom the table knows nothing."""
MENDED_ON = {f"{author:02d}" for author in range(1, 8)}
"""Authors on whose skills the rules about words were mended: what these say of them tells nothing."""

Terms = dict[str, float]
Float = NDArray[np.float64]


class Text:
    """A labelled skill and its terms."""

    def __init__(self, row: dict[str, Any]) -> None:
        skill = Skill(row["name"], row["description"], row["body"])
        text = as_read(skill)
        self.author, self.malicious = row["author"], row["label"] == "malicious"
        broken = [] if self.author in MENDED_ON else [around for _, around in findings(text)]
        self.broken = [wording.terms(around) for around in broken]
        self.whole = wording.terms(text)
        self.passages = [wording.terms(passage) for passage in wording.passages(text)]
        self.misshapen = any(True for _ in shape_findings(f"{skill.description}\n\n{skill.body}"))

    def score(self, weights: Terms) -> float:
        """As ``wording.read`` has it, without the bias."""
        said = (wording.weigh(self.whole, weights) + max(wording.weigh(p, weights) for p in self.passages)) / 2
        return max([said, *(wording.weigh(around, weights) + wording.RULE for around in self.broken)])


def learn(texts: Sequence[Text]) -> Terms:
    """The weights of the heaviest terms, by logistic regression with L2 on terms scaled by how rare they are."""
    seen = Counter(term for text in texts for term in text.whole)
    vocabulary = {term: i for i, term in enumerate(sorted(term for term, count in seen.items() if count >= LEAST))}
    labels = torch.tensor([text.malicious for text in texts], dtype=torch.float64)
    weights = fit(texts, vocabulary, labels, seen)
    heaviest = sorted(weights, key=lambda term: (-abs(weights[term]), term))[:KEPT]
    return fit(texts, {term: i for i, term in enumerate(sorted(heaviest))}, labels, seen)


def fit(texts: Sequence[Text], vocabulary: dict[str, int], labels: torch.Tensor, seen: Counter[str]) -> Terms:
    """The weights of ``vocabulary``. There is no bias: a text of unknown words speaks for neither label."""
    rarity = {term: (log((1 + len(texts)) / (1 + seen[term])) + 1) / 5 for term in vocabulary}
    held = [
        [(vocabulary[term], rarity[term] * count) for term, count in text.whole.items() if term in vocabulary]
        for text in texts
    ]
    index = torch.tensor([i for row in held for i, _ in row])
    values = torch.tensor([value for row in held for _, value in row], dtype=torch.float64)
    starts = torch.tensor([0, *np.cumsum([len(row) for row in held])[:-1]])
    weights = torch.zeros(len(vocabulary), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=150, history_size=20, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        sums = torch.nn.functional.embedding_bag(index, weights[:, None], starts, mode="sum", per_sample_weights=values)
        value = torch.nn.functional.binary_cross_entropy_with_logits(sums[:, 0], labels, reduction="sum")
        value = value + weights.square().sum() / (2 * STRENGTH)
        value.backward()
        return value

    optimiser.step(loss)
    found = weights.detach().numpy()
    return {term: float(found[i] * rarity[term]) for term, i in vocabulary.items()}


def held_out(texts: Sequence[Text]) -> Float:
    """The score of every text by a table that was learned from other authors, [texts]."""
    scores = np.zeros(len(texts))
    authors = sorted({text.author for text in texts})
    for fold in track(range(FOLDS), description="learning"):
        judged = set(authors[fold::FOLDS])
        weights = learn([text for text in texts if text.author not in judged])
        for i, text in enumerate(texts):
            if text.author in judged:
                scores[i] = text.score(weights)
    return scores


def main() -> None:
    """Measure, print and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    texts = [Text(row) for row in rows if row["author"] not in LATER]
    scores = held_out(texts)
    malicious = np.array([text.malicious for text in texts])
    misshapen = np.array([text.misshapen for text in texts])
    authors = np.array([text.author for text in texts])
    threshold = float(np.quantile(scores[~malicious], 1 - ALARMS))
    rules = np.array([bool(text.broken) for text in texts])
    whole = (scores > threshold) | misshapen
    print("| author | skills | recall: rules | false positives | recall: whole audit | false positives |")
    print("|---|---|---|---|---|---|")
    for author in [*sorted(set(authors)), "all"]:
        of = (authors == author) | (author == "all")
        cells = [
            f"{np.mean(found[of & which]):.3f}" if (of & which).any() else ""
            for found in (rules | misshapen, whole)
            for which in (malicious, ~malicious)
        ]
        print(f"| {author} | {of.sum()} | {' | '.join(cells)} |")
    if args.write:
        weights = learn(texts)
        lines = [f"\t{-threshold:.4f}", *(f"{term}\t{weight:.3f}" for term, weight in sorted(weights.items()))]
        path = Path(wording.__file__).with_name(wording.TABLE)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{path}: {len(weights):,} terms")


if __name__ == "__main__":
    main()
