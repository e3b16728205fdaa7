"""Ranges: ``^1.2``, ``~1.2.3``, ``>=1,<2``, ``1.x``, ``1.0 - 1.4``, and any of them joined by ``||``."""

import re

from versions.version import Version, parse

_COMPARATOR = re.compile(r"(>=|<=|>|<|=|!=)?\s*(\S+)")


class Range:
    """Any of several lists of comparators, each a pair (operator, version) that must hold."""

    def __init__(self, alternatives, text=""):
        self.alternatives = alternatives
        self.text = text

    def __str__(self):
        return self.text

    def __contains__(self, version):
        return any(self._fits(version, comparators) for comparators in self.alternatives)

    def filter(self, versions):
        """The versions that are in the range, ascending."""
        return sorted(version for version in versions if version in self)

    def best(self, versions):
        """The highest version in the range; None if there is none."""
        fitting = self.filter(versions)
        return fitting[-1] if fitting else None

    def _fits(self, version, comparators):
        if not all(_holds(version, operator, bound) for operator, bound in comparators):
            return False
        if version.is_prerelease:
            return any(bound.is_prerelease and bound.release == version.release for _, bound in comparators)
        return True


def _holds(version, operator, bound):
    if operator == ">=":
        return version >= bound
    if operator == ">":
        return version > bound
    if operator == "<=":
        return version <= bound
    if operator == "<":
        return version < bound
    if operator == "!=":
        return version != bound
    return version == bound


def parse_range(text):
    """The range of a text; an empty text or ``*`` is every release."""
    alternatives = [_parse_alternative(part.strip()) for part in text.split("||")]
    return Range(alternatives, text)


def _parse_alternative(text):
    if text in ("", "*", "x"):
        return []
    if " - " in text:
        low, high = text.split(" - ")
        return [(">=", parse(low)), ("<=", parse(high))]
    comparators = []
    for part in re.split(r"\s*,\s*|\s+(?=[<>=!^~])", text):
        comparators += _parse_part(part)
    return comparators


def _parse_part(part):
    if part.startswith("^"):
        return _caret(part[1:])
    if part.startswith("~"):
        return _tilde(part[1:])
    if part.endswith((".x", ".*")):
        return _wildcard(part[:-2])
    match = _COMPARATOR.fullmatch(part)
    if match is None:
        raise ValueError(f"not a range: {part!r}")
    return [(match[1] or "=", parse(match[2]))]


def _caret(text):
    low = parse(text)
    if low.major > 0:
        high = Version(low.major + 1)
    elif low.minor > 0:
        high = Version(0, low.minor + 1)
    else:
        high = Version(0, 0, low.patch + 1)
    return [(">=", low), ("<", high)]


def _tilde(text):
    low = parse(text)
    high = Version(low.major, low.minor + 1) if "." in text else Version(low.major + 1)
    return [(">=", low), ("<", high)]


def _wildcard(text):
    numbers = [int(number) for number in text.split(".")]
    if len(numbers) == 1:
        return [(">=", Version(numbers[0])), ("<", Version(numbers[0] + 1))]
    if len(numbers) == 2:
        return [(">=", Version(*numbers)), ("<", Version(numbers[0], numbers[1] + 1))]
    raise ValueError("a wildcard stands for the last number")
