"""Registers the vaults for good, for commands in a process of their own."""

from __future__ import annotations

from skillflow_gym.registration import register_benchmark
from tests.contract.outsider import STANZA

register_benchmark(STANZA)
