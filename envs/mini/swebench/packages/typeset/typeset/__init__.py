"""typeset: plain text in lines, columns, tables and lists."""

from typeset.inline import dedent, indent, shorten, slugify, title_case
from typeset.layout import align, columns, justify, wrap
from typeset.lists import bullets, numbered, outline, roman
from typeset.table import Table
from typeset.units import bytes_text, duration_text, plural

__all__ = [
    "Table",
    "align",
    "bullets",
    "bytes_text",
    "columns",
    "dedent",
    "duration_text",
    "indent",
    "justify",
    "numbered",
    "outline",
    "plural",
    "roman",
    "shorten",
    "slugify",
    "title_case",
    "wrap",
]
