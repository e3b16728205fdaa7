"""HumanEval (Chen et al., 2021, arXiv 2107.03374): what a completion is made into, and the unbiased estimate of pass@k.

The benchmark runs ``prompt + completion``, then the record's hidden test, then ``check(entry_point)``.
"""

from __future__ import annotations

import re
from math import comb
from textwrap import dedent, indent

__all__ = ["TIME_LIMIT", "pass_at_k", "readings"]

TIME_LIMIT = 3.0
"""Seconds that a program and its hidden test may take."""

_FENCED = re.compile(r"\A.*?^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_BODY = "    "


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """The chance that at least one of ``k`` samples, drawn without replacement, is correct: 1 - C(n-c, k) / C(n, k).

    Args:
        samples: n, how many programs were graded for the problem.
        correct: c, how many of them passed.
        k: how many are drawn.

    Raises:
        ValueError: not 0 <= correct <= samples, or not 1 <= k <= samples.
    """
    if not 0 <= correct <= samples:
        raise ValueError(f"expected 0 <= correct <= samples, got correct={correct}, samples={samples}")
    if not 1 <= k <= samples:
        raise ValueError(f"expected 1 <= k <= samples, got k={k}, samples={samples}")
    return 1.0 - comb(samples - correct, k) / comb(samples, k)


def readings(prompt: str, entry_point: str, code: str) -> tuple[str, ...]:
    """The programs that ``code`` may stand for, likeliest first; the first that compiles is meant.

    Code that defines the entry point is a whole program and gets the prompt's lines above its function (imports and
    helpers). Any other code continues the prompt: as it is, with the first line's lost indentation restored, or
    indented as the function's body. A fenced block stands for what is inside the first fence.
    """
    fenced = _FENCED.match(code)
    text = (fenced[1] if fenced else code).rstrip() + "\n"
    if _definition(entry_point).search(text):
        start = _definition(entry_point).search(prompt)
        return (f"{prompt[: start.start()] if start else ''}\n{text}",)
    completions = (text, _BODY + text.lstrip(), indent(dedent(text), _BODY))
    return tuple(dict.fromkeys(prompt + completion for completion in completions))


def _definition(name: str) -> re.Pattern[str]:
    return re.compile(rf"^(?:async\s+)?def\s+{re.escape(name)}\s*\(", re.MULTILINE)
