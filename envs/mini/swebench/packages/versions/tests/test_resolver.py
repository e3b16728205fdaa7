import pytest
from versions import Conflict, Registry, parse, resolve


@pytest.fixture
def registry():
    registry = Registry()
    registry.add("web", "1.0.0", http="^1")
    registry.add("web", "2.0.0", http="^2", log=">=1")
    registry.add("http", "1.0.0")
    registry.add("http", "1.5.0")
    registry.add("http", "2.0.0", log="<2")
    registry.add("log", "1.0.0")
    registry.add("log", "2.0.0")
    return registry


def texts(chosen):
    return {name: str(version) for name, version in chosen.items()}


def test_the_highest_versions(registry):
    assert texts(resolve(registry, http="^1")) == {"http": "1.5.0"}
    assert texts(resolve(registry, log="*")) == {"log": "2.0.0"}


def test_what_is_needed(registry):
    assert texts(resolve(registry, web="*")) == {"http": "2.0.0", "log": "1.0.0", "web": "2.0.0"}


def test_goes_back_to_older_versions(registry):
    assert texts(resolve(registry, web="*", http="<2")) == {"http": "1.5.0", "web": "1.0.0"}
    assert texts(resolve(registry, http="*", log="2.x")) == {"http": "1.5.0", "log": "2.0.0"}


def test_conflict(registry):
    with pytest.raises(Conflict) as caught:
        resolve(registry, http="^3")
    assert caught.value.package == "http"
    assert caught.value.wanted == ["^3"]
    assert str(caught.value) == "no version of http fits ^3"


def test_conflict_of_two(registry):
    with pytest.raises(Conflict) as caught:
        resolve(registry, web="^2", log="^2")
    assert caught.value.package == "log"


def test_unknown_package(registry):
    with pytest.raises(KeyError):
        resolve(registry, nothing="*")


def test_yanked(registry):
    registry.yank("http", "1.5.0")
    assert texts(resolve(registry, http="^1")) == {"http": "1.0.0"}
    assert [str(v) for v in registry.versions("http")] == ["2.0.0", "1.0.0"]


def test_published_once(registry):
    with pytest.raises(ValueError):
        registry.add("web", "1.0.0")


def test_outdated(registry):
    chosen = resolve(registry, web="^1")
    assert texts(dict(registry.outdated(chosen))) == {"http": "2.0.0", "web": "2.0.0"}
    assert registry.outdated({"log": parse("2.0.0")}) == []


def test_dependants(registry):
    assert registry.dependants("log") == ["http", "web"]
    assert registry.dependants("web") == []
