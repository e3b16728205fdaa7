"""versions: version numbers, ranges of them, and which versions fit together."""

from versions.ranges import Range, parse_range
from versions.resolver import Conflict, Registry, resolve
from versions.version import InvalidVersion, Version, latest, parse

__all__ = [
    "Conflict",
    "InvalidVersion",
    "Range",
    "Registry",
    "Version",
    "latest",
    "parse",
    "parse_range",
    "resolve",
]
