"""Versions of three numbers, with pre-releases and builds."""

import re
from functools import total_ordering

_PATTERN = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?")


class InvalidVersion(ValueError):
    """The text is no version."""


@total_ordering
class Version:
    """``major.minor.patch-pre+build``. The build does not count when versions are compared."""

    def __init__(self, major, minor=0, patch=0, pre=(), build=""):
        self.major = major
        self.minor = minor
        self.patch = patch
        self.pre = tuple(pre)
        self.build = build

    def __repr__(self):
        return f"Version({str(self)!r})"

    def __str__(self):
        text = f"{self.major}.{self.minor}.{self.patch}"
        if self.pre:
            text += "-" + ".".join(str(part) for part in self.pre)
        if self.build:
            text += "+" + self.build
        return text

    def __eq__(self, other):
        if not isinstance(other, Version):
            return NotImplemented
        return self._key() == other._key()

    def __lt__(self, other):
        if not isinstance(other, Version):
            return NotImplemented
        return self._key() < other._key()

    def __hash__(self):
        return hash(self._key())

    @property
    def release(self):
        """The three numbers."""
        return (self.major, self.minor, self.patch)

    @property
    def is_prerelease(self):
        """Whether it comes before the release of the same numbers."""
        return bool(self.pre)

    @property
    def is_stable(self):
        """Whether it is a release from 1.0.0 on."""
        return self.major >= 1 and not self.pre

    def bump(self, part):
        """The next version: ``major``, ``minor``, ``patch``, or ``pre`` for the next pre-release."""
        if part == "major":
            return Version(self.major + 1)
        if part == "minor":
            return Version(self.major, self.minor + 1)
        if part == "patch":
            if self.pre:
                return Version(*self.release)
            return Version(self.major, self.minor, self.patch + 1)
        if part == "pre":
            return self._next_prerelease()
        raise ValueError(f"no such part: {part}")

    def difference(self, other):
        """The first part in which two versions differ: major, minor, patch, pre, or None."""
        for name in ("major", "minor", "patch", "pre"):
            if getattr(self, name) != getattr(other, name):
                return name
        return None

    def compatible_with(self, other):
        """Whether this one can stand in for ``other``: not older, and no breaking change between them."""
        if self < other or self.major != other.major:
            return False
        if self.major == 0:
            return self.minor == other.minor
        return True

    def _next_prerelease(self):
        if not self.pre:
            return Version(self.major, self.minor, self.patch + 1, (1,))
        last = self.pre[-1]
        if isinstance(last, int):
            return Version(*self.release, (*self.pre[:-1], last + 1))
        return Version(*self.release, (*self.pre, 1))

    def _key(self):
        if not self.pre:
            return (self.release, 1, ())
        parts = tuple((0, part, "") if isinstance(part, int) else (1, 0, part) for part in self.pre)
        return (self.release, 0, parts)


def parse(text):
    """The version of a text; missing numbers are zero."""
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise InvalidVersion(f"not a version: {text!r}")
    numbers = [int(number or 0) for number in match.groups()[:3]]
    pre = []
    if match[4]:
        for part in match[4].split("."):
            if not part:
                raise InvalidVersion(f"an empty part in {text!r}")
            pre.append(int(part) if part.isdigit() else part)
    return Version(*numbers, pre, match[5] or "")


def latest(versions, prereleases=False):
    """The highest version; pre-releases only if asked for, or if there is nothing else. None of nothing."""
    versions = list(versions)
    stable = [version for version in versions if not version.is_prerelease]
    if stable and not prereleases:
        versions = stable
    return max(versions) if versions else None
