"""Names, addresses and numbers that the tasks of the mini sites are about; nobody's."""

from __future__ import annotations

from random import Random

_FIRST = "Amara Bruno Celia Dario Edith Farid Greta Hugo Ines Jonas Karin Luca Mira Nils Olga Pablo Rosa Stefan".split()
_LAST = "Abel Brandt Castro Dahl Egan Fiore Grant Holm Ivers Jansen Keller Lund Moreau Novak Ortega Pires Quinn".split()
NUMBERS = tuple(str(number) for number in range(10_427, 99_999, 1_733))
"""Numbers of five digits."""


def surname(rng: Random) -> str:
    """A last name."""
    return rng.choice(_LAST)


def full_name(rng: Random) -> str:
    """A first and a last name."""
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def email(name: str) -> str:
    """The address of somebody of that name."""
    return f"{name.lower().replace(' ', '.')}@example.org"
