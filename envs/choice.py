"""What the two multiple-choice benchmarks share: options under letters, and accuracy by letter."""

from __future__ import annotations

from collections.abc import Mapping

from skillflow_gym.actions import Action
from skillflow_gym.envs.choice_proposals import choice_proposals
from skillflow_gym.envs.reasoning import ReasoningEnv
from skillflow_gym.scoring import choice
from skillflow_gym.tasks import Gold, RecordError
from skillflow_gym.trajectory import Context


class ChoiceEnv(ReasoningEnv):
    """A question with one right option.

    Description: the task is the question and its options, a line each. ``accept`` takes the letter (``B``, ``(B)``,
    ``B.``), the letter and the text (``B. text``, ``B) text``) or the text of the option; anything else is wrong.
    """

    def correct(self, answer: str, gold: Gold) -> bool:
        """Whether the answer names the right option and no other."""
        return choice.correct(answer, self.task.record["options"], gold.answers[0])

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """Tool calls that the shown text suggests, and the options."""
        return choice_proposals(context)


def show_question(question: str, options: Mapping[str, str]) -> str:
    """The question, then ``A. text`` and so on, a line each."""
    return "\n".join([question.strip(), *(f"{letter}. {' '.join(text.split())}" for letter, text in options.items())])


def check_options(options: Mapping[str, str], gold: str, index: int, field: str) -> None:
    """Refuse options that cannot be told apart, or whose right one is missing; the message shows no text of them.

    Args:
        options: letter -> text.
        gold: the letter of the right one.
        index: the record's position.
        field: the field that holds the options.

    Raises:
        RecordError: an option is empty, two are equal, or ``gold`` is none of them.
    """
    texts = [" ".join(text.split()) for text in options.values()]
    if not all(texts):
        raise RecordError(f"record {index}: field {field}: an option is empty")
    if len(set(texts)) < len(texts):
        raise RecordError(f"record {index}: field {field}: two options are equal")
    if gold not in options:
        raise RecordError(f"record {index}: field {field}: the right option is none of {', '.join(options)}")
