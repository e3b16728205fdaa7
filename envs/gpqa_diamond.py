"""GPQA Diamond (Rein et al., 2023): graduate-level questions in physics, chemistry and biology, four options each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, ClassVar

from skillflow_gym.envs.choice import ChoiceEnv, check_options, show_question
from skillflow_gym.envs.mini import gpqa as mini
from skillflow_gym.sources import SourceError
from skillflow_gym.tasks import Gold, Task, TaskSet

LETTERS = "ABCD"
_ANSWERS = ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")


class GPQADiamondEnv(ChoiceEnv):
    """GPQA Diamond.

    Description: see ChoiceEnv. Tools: ``calculate`` and ``python``. The order of the options follows from the record's
    id: the same on every machine, and the right one is as often at each place.

    Its owners ask that no example be shown in plain text online. So the text of real records is never written:
    trajectories, checkpoints and pages hold ids, figures and hashes in its place, nothing evolves on it, and past
    rollouts are not kept for replay. The mini tasks have nothing of GPQA and are free.

    Splits: the real set has one, ``train`` on the hub, and it is the test split here; ``train`` and ``validation`` are
    mini tasks, or your own files ``training.jsonl`` and ``validation.jsonl``. Metric: accuracy. Licence and source: CC
    BY 4.0, ``Idavidrein/gpqa``, gated: a token that may read it is needed.
    """

    schema: ClassVar[Mapping[str, Any]] = {
        "Record ID": str,
        "Question": str,
        **dict.fromkeys(_ANSWERS, str),
        "Subdomain": str,
        "High-level domain": str,
    }

    @classmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        """The options in the order of their hashes; the domains are public, what explains the answer is gold."""
        identifier = record["Record ID"]
        order = sorted(
            _ANSWERS, key=lambda field: sha256(f"{identifier}/{field}".encode("utf-8", "surrogatepass")).digest()
        )
        options = {letter: record[field] for letter, field in zip(LETTERS, order, strict=True)}
        letter = LETTERS[order.index("Correct Answer")]
        check_options(options, letter, index, "Correct Answer")
        public = {"options": options, "domain": record["High-level domain"], "subdomain": record["Subdomain"]}
        task = Task(identifier, show_question(record["Question"], options), public)
        return task, Gold((letter, options[letter]), {"explanation": str(record.get("Explanation") or "")})

    @classmethod
    def mini_records(cls, split: str) -> Iterable[dict[str, Any]]:
        """Computed questions."""
        return mini.records(split)

    def tasks(self) -> TaskSet:
        """The questions of the split.

        Raises:
            SourceError: they cannot be had; of the hub the message says what token it needs.
        """
        try:
            return super().tasks()
        except SourceError as error:
            if self.source.kind != "hub":
                raise
            raise SourceError(
                f"{error}. The dataset is gated: accept its terms at https://huggingface.co/datasets/Idavidrein/gpqa, "
                "then give a token that may read it (hf auth login, or the environment variable HF_TOKEN). It has the "
                "split test only; source='mini' has all three"
            ) from error
