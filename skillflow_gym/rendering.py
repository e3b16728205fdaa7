"""Render modes: the last step as plain text, the episode so far as a small HTML page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple


class Step(NamedTuple):
    """An action in its text form ("" for reset) and the observation it led to."""

    action: str
    observation: str


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.1rem; } .task { font-size: 1.15rem; font-weight: 600; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0 1rem; font: inherit; }
.action { font: 600 .95rem ui-monospace, monospace; border-left: 3px solid #3b82f6; padding-left: .6rem; }
.catalogue { opacity: .75; font-size: .9rem; }
"""


# What no terminal should obey and no UTF-8 file can hold: control characters but tab and newline, lone surrogates.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def printable(text: str) -> str:
    """``text`` with a backslash escape in place of every control character and lone surrogate."""
    return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)


def render_ansi(task: str, steps: Sequence[Step]) -> str:
    """The task at the start, later the last action and its observation."""
    head = f"Task: {task}" if len(steps) == 1 else f"> {steps[-1].action}"
    return printable(f"{head}\n{steps[-1].observation}".rstrip("\n"))


def render_html(title: str, task: str, catalogue: str, steps: Sequence[Step]) -> str:
    """A self-contained page; every text from the episode is escaped."""
    parts = [f"<h1>{escape(title)}</h1>", f'<pre class="task">{escape(task)}</pre>']
    if catalogue:
        parts.append(f'<pre class="catalogue">{escape(catalogue)}</pre>')
    for step in steps:
        if step.action:
            parts.append(f'<pre class="action">{escape(step.action)}</pre>')
        parts.append(f"<pre>{escape(step.observation)}</pre>")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = "".join(parts)
    page = f"<!doctype html><html lang=en><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>"
    return printable(page)
