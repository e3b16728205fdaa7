"""Choose versions that fit together."""

from versions.ranges import parse_range
from versions.version import parse


class Conflict(Exception):
    """No choice of versions fits; ``package`` is the one that could not be chosen."""

    def __init__(self, package, wanted):
        super().__init__(f"no version of {package} fits {', '.join(wanted)}")
        self.package = package
        self.wanted = wanted


class Registry:
    """Packages, their versions, and what each version needs."""

    def __init__(self):
        self._packages = {}
        self._yanked = set()

    def add(self, package, version, **needs):
        """Publish a version; ``needs`` maps packages to ranges. A version is published once."""
        versions = self._packages.setdefault(package, {})
        parsed = parse(version)
        if parsed in versions:
            raise ValueError(f"{package} {version} is published")
        versions[parsed] = {name: parse_range(text) for name, text in needs.items()}

    def yank(self, package, version):
        """Take a version back: it is no longer chosen."""
        self._yanked.add((package, parse(version)))

    def versions(self, package):
        """The versions that can be chosen, the highest first; KeyError for an unknown package."""
        if package not in self._packages:
            raise KeyError(package)
        known = self._packages[package]
        return sorted((v for v in known if (package, v) not in self._yanked), reverse=True)

    def needs(self, package, version):
        """What a version needs."""
        return self._packages[package][version]

    def outdated(self, chosen):
        """Packages of ``chosen`` with a higher version, with that version, sorted by name."""
        found = []
        for package, version in sorted(chosen.items()):
            newest = self.versions(package)[0]
            if newest > version:
                found.append((package, newest))
        return found

    def dependants(self, package):
        """Packages of which some version needs ``package``, sorted."""
        found = set()
        for name, versions in self._packages.items():
            if any(package in needs for needs in versions.values()):
                found.add(name)
        return sorted(found)


def resolve(registry, **wanted):
    """Versions for the wanted packages and all they need, the highest possible; Conflict if there are none."""
    ranges = [(name, parse_range(text)) for name, text in wanted.items()]
    chosen = _choose(registry, ranges, {})
    if chosen is None:
        name, conflicting = _blame(registry, ranges)
        raise Conflict(name, conflicting)
    return dict(sorted(chosen.items()))


def _choose(registry, wanted, chosen):
    for package, allowed in wanted:
        if package in chosen and chosen[package] not in allowed:
            return None
    open_ = [name for name, _ in wanted if name not in chosen]
    if not open_:
        return chosen
    package = open_[0]
    limits = [allowed for name, allowed in wanted if name == package]
    for version in registry.versions(package):
        if not all(version in allowed for allowed in limits):
            continue
        more = list(registry.needs(package, version).items())
        result = _choose(registry, wanted + more, {**chosen, package: version})
        if result is not None:
            return result
    return None


def _blame(registry, wanted):
    for package, allowed in wanted:
        if allowed.best(registry.versions(package)) is None:
            return package, [str(allowed)]
    names = [name for name, _ in wanted]
    return names[-1], [str(allowed) for _, allowed in wanted]
