"""Spaces for text: any Unicode string, a skill's name, and the action and observation spaces made of them."""

from __future__ import annotations

import string
from typing import Any

from gymnasium import spaces
from gymnasium.error import CustomSpaceError
from gymnasium.vector.utils import create_shared_memory

MAX_TEXT = 10_000_000
"""The longest text a space holds, in characters: a guard against runaway output, not a limit of any benchmark."""


class Unicode(spaces.Text):
    """Any Unicode text up to ``MAX_TEXT`` characters.

    ``gymnasium.spaces.Text`` checks each character against an alphabet; here only the type and the length count, in
    constant time. Samples are short and printable. Shared memory cannot hold such text, so
    ``gym.make_vec(..., vectorization_mode="async")`` fails loudly unless ``shared_memory=False`` is given.
    """

    def __init__(self, seed: Any = None) -> None:
        super().__init__(MAX_TEXT, min_length=0, charset=string.ascii_letters + string.digits + " .,:'?!-", seed=seed)

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A short printable text, at most 32 characters."""
        if mask is None and probability is None:
            length = int(self.np_random.integers(0, 33))
            return "".join(self.np_random.choice(self.character_list, size=length))
        return super().sample(mask, probability)

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is a string of at most ``MAX_TEXT`` characters."""
        return isinstance(x, str) and len(x) <= self.max_length

    @property
    def is_np_flattenable(self) -> bool:
        """False: text has no fixed-size array form. Embed it instead."""
        return False

    def __repr__(self) -> str:
        return "Unicode()"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Unicode)

    __hash__ = None  # type: ignore[assignment]


@create_shared_memory.register(Unicode)
def _refuse_shared_memory(space: Unicode, n: int = 1, ctx: Any = None) -> Any:
    raise CustomSpaceError(
        "Unicode text does not fit shared memory: pass shared_memory=False to AsyncVectorEnv "
        '(gym.make_vec(..., vectorization_mode="async", vector_kwargs={"shared_memory": False})), '
        "or use the default gym.make_vec, which runs threads"
    )


def skill_id_space() -> spaces.Text:
    """The name of a skill: 1 to 64 of ``a-z 0-9 -`` (the Agent Skills specification)."""
    return spaces.Text(64, min_length=1, charset=string.ascii_lowercase + string.digits + "-")


def action_space() -> spaces.OneOf[Any]:
    """``skill(id) | act(text) | accept(answer)`` as a sum type; an ``Action`` is a member as it is.

    A skill is named, not indexed: the library may change size between episodes, the space may not.
    """
    return spaces.OneOf((skill_id_space(), Unicode(), Unicode()))


def observation_space() -> spaces.Dict:
    """``task``, ``observation`` and ``skills`` (the catalogue), each any Unicode text."""
    return spaces.Dict(task=Unicode(), observation=Unicode(), skills=Unicode())
