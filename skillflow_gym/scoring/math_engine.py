"""math-verify in a worker: what it takes for equivalent, without its known mistakes."""

from __future__ import annotations

import logging
import resource
import signal
from typing import Any

from math_verify import LatexExtractionConfig, parse, verify
from sympy import I

from skillflow_gym.scoring.math_hard import named_value, split_unit
from skillflow_gym.scoring.math_worker import CPU_SECONDS

MEMORY = 2 << 30

_CONFIG = (LatexExtractionConfig(),)
_WARM = (
    (r"\frac{1}{2}", "0.25"),
    (r"\frac{\sqrt{3}}{2}", r"\sqrt{5}+\frac{1}{2}"),
    ("[1,2)", r"1 \le x < 2"),
    (r"(-\infty,-1)\cup(1,\infty)", "(2,3)"),
    (r"\{1,2\}", "1, -2"),
    (r"(3,\frac{\pi}{2})", r"(1, 2, 3)"),
    ("x^2-1", "(x-1)(x+1)"),
    ("x^{2}+y^{2}=25", r"y=2x+\frac{3}{4}"),
    (r"\frac{n(n+1)}{2}", r"2^{n+1} \cdot 3"),
    ("3+4i", r"1 - \sqrt{2}"),
    (r"25\%", r"\binom{5}{2}"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\begin{pmatrix} 1 \\ -2 \end{pmatrix}"),
)
"""The parser learns its grammar's decisions as it meets them, and every worker inherits what the server has learnt."""
_LIMIT_OFF = None  # math-verify's own uses SIGALRM and cannot end a long multiplication


class MathEngine:
    """Compares answers; for a process of its own, which ends when an answer takes more than CPU_SECONDS."""

    def __init__(self) -> None:
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    @staticmethod
    def warm_up() -> None:
        """Load the parser and what simplification needs."""
        logging.disable(logging.CRITICAL)
        for gold, answer in _WARM:
            _equivalent(gold, answer)

    def equivalent(self, gold: str, answer: str) -> bool:
        """Whether ``answer`` is equivalent to ``gold``, both cleaned."""
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        try:
            return _equivalent(gold, answer)
        except Exception:  # what no algebra system understands is no right answer
            return False
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _equivalent(gold: str, answer: str) -> bool:
    if "=" not in gold:
        left, right = named_value(answer)
        if left and not _verify(left, right):  # 3+2=5 says 5, 2x+3=5 does not
            return False
    return _verify(split_unit(gold)[0], split_unit(answer)[0])


def _verify(gold: str, answer: str) -> bool:
    ours, theirs = _parse(gold), _parse(answer)
    return bool(verify(ours, theirs, allow_set_relation_comp=True, timeout_seconds=_LIMIT_OFF))


def _parse(latex: str) -> list[Any]:
    found = parse(f"${latex}$", _CONFIG, parsing_timeout=_LIMIT_OFF)
    return [_complex(value) for value in found if not isinstance(value, str)]


def _complex(value: Any) -> Any:
    """``i`` is the imaginary unit, wherever it stands."""
    units = [symbol for symbol in getattr(value, "free_symbols", ()) if symbol.name == "i"]
    return value.subs({unit: I for unit in units}) if units else value
