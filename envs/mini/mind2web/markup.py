"""HTML as nested calls: ``element("a", "Home", href="/")``; texts are escaped, markup is not."""

from __future__ import annotations

from html import escape

_VOID = frozenset(("input", "br", "hr", "meta", "link"))


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def element(tag: str, /, *children: str, **attributes: str | bool) -> Html:
    """An element.

    An attribute that is ``True`` has no value, one that is ``False`` or "" is left out. ``for_`` is ``for``,
    ``aria_label`` is ``aria-label``.
    """
    written = [tag]
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            written.append(key)
        elif value is not False and value != "":
            written.append(f'{key}="{escape(value)}"')
    head = f"<{' '.join(written)}>"
    return Html(head) if tag in _VOID else Html(f"{head}{join(*children)}</{tag}>")


def join(*children: str) -> Html:
    """Several pieces in a row."""
    return Html("".join(child if isinstance(child, Html) else escape(child, quote=False) for child in children))
