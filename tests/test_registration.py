"""registry.yaml and what becomes of it; benchmarks registered from outside."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import gymnasium as gym
import pytest

import skillflow_gym
from skillflow_gym import SkillEnv, registration
from skillflow_gym.registration import SPLITS, Stanza, register_all, register_benchmark, registry, stanza, stanzas
from tests.contract.outsider import STANZA, registered

PAPER = {
    "iid": {"HotpotQA", "TriviaQA", "AIME-2026", "MedQA", "WebShop", "ALFWorld", "SWEBench"},
    "ood": {"MuSiQue", "NQ-Open", "MATH-Hard", "GPQA-Diamond", "HumanEval", "ScienceWorld", "Mind2Web"},
}


@pytest.fixture(autouse=True)
def registry_as_it_was() -> Iterator[None]:
    before = dict(registration._stanzas), dict(gym.registry)
    yield
    assert (dict(registration._stanzas), dict(gym.registry)) == before


def test_the_fourteen_of_the_paper() -> None:
    listed = {name: entry["distribution"] for name, entry in registry()["benchmarks"].items()}
    assert listed == {name: distribution for distribution, names in PAPER.items() for name in names}
    assert [s.name for s in stanzas()] == list(registry()["benchmarks"])


@pytest.mark.parametrize("entry", stanzas(), ids=lambda s: s.name)
def test_each_stanza_is_complete(entry: Stanza) -> None:
    assert entry.family in ("qa", "reasoning", "code", "interactive")
    assert set(entry.splits) <= set(SPLITS) and entry.splits
    assert entry.step_limit >= 1
    assert bool(entry.folders) != bool(entry.package)
    for text in (entry.metric, entry.reward, entry.success, entry.licence, *entry.folders):
        assert text.strip()
    spec = gym.spec(entry.env_id)
    assert spec.kwargs == {"benchmark": entry.name} and spec.max_episode_steps is None
    assert spec.vector_entry_point == "skillflow_gym.vector:ThreadVectorEnv"


@pytest.mark.parametrize("entry", [s for s in stanzas() if s.built], ids=lambda s: s.name)
def test_entry_points_lead_to_environments_with_a_docstring(entry: Stanza) -> None:
    module, _, attribute = entry.entry_point.partition(":")
    assert module.startswith("skillflow_gym.envs.")
    kind = getattr(import_module(module), attribute)
    assert issubclass(kind, SkillEnv) and kind.__doc__ and kind.metrics


@pytest.mark.parametrize("name", registry()["agents"])
def test_agents_are_listed_with_a_summary(name: str) -> None:
    entry = registry()["agents"][name]
    assert set(entry) == {"module", "summary"} and entry["module"] == f"skillflow_gym.agents.{name}"
    assert entry["summary"] and "\n" not in entry["summary"]


@pytest.mark.parametrize(
    "form", ["HotpotQA", "HotpotQA-v0", "SkillFlow/HotpotQA-v0", "skillflow_gym:SkillFlow/HotpotQA-v0"]
)
def test_forms_of_a_name(form: str) -> None:
    assert stanza(form).env_id == "SkillFlow/HotpotQA-v0"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("HotPotQA", "did you mean HotpotQA"), ("Webshop-v0", "did you mean WebShop"), ("qqqq", "there are HotpotQA, ")],
)
def test_an_unknown_name_lists_close_ones(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"no benchmark is named '{name}'") as caught:
        stanza(name)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("name", "given", "canonical"),
    [
        ("ALFWorld", "valid_seen", "validation"),
        ("ALFWorld", "valid_unseen", "test"),
        ("ALFWorld", "test", "test"),
        ("ScienceWorld", "dev", "validation"),
        ("Mind2Web", "test_task", "test"),
        ("HotpotQA", "validation", "validation"),
        ("HotpotQA", "test", "test"),
        ("AIME-2026", "train", "train"),
    ],
)
def test_native_names_of_splits(name: str, given: str, canonical: str) -> None:
    assert stanza(name).split(given) == canonical


def test_an_ambiguous_or_unknown_split_is_refused() -> None:
    with registered(name="Twins", splits={"validation": "dev", "test": "dev"}) as twins:
        with pytest.raises(ValueError, match=r"'dev' stands for each of \['validation', 'test'\]; choose one of"):
            twins.split("dev")
        with pytest.raises(ValueError, match="split 'train' does not exist; choose one of"):
            twins.split("train")


def test_registering_twice_changes_nothing() -> None:
    before = stanzas()
    register_all()
    assert stanzas() == before
    with registered() as entry:
        assert register_benchmark(STANZA) == entry
        assert stanzas() == (*before, entry)


def test_an_outsider_gets_what_the_built_in_ones_get() -> None:
    with registered() as entry:
        env = gym.make("SkillFlow/Vaults-v0", source="mini", split="dev")
        assert env.reset(seed=0)[1]["split"] == "validation"
        envs = gym.make_vec("SkillFlow/Vaults-v0", num_envs=2, source="mini")
        assert envs.reset(seed=0)[0]["task"][0].startswith("Open vault")
        envs.close()
        assert stanza("Vaults-v0") is entry and entry.built


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, r"unknown fields \['colour'\] in the stanza; expected some of"),
        ({"metric": ...}, r"stanza 'Vaults': missing 1 required positional argument: 'metric'"),
        ({"name": ...}, r"stanza '\?': missing 1 required positional argument: 'name'"),
        ({"entry_point": ...}, r"stanza 'Vaults': entry_point is missing \(module:class\)"),
        ({"entry_point": ""}, r"entry_point is missing"),
        ({"splits": {"exam": "x"}}, r"benchmark 'Vaults': unknown splits \['exam'\]; expected some of \['train'"),
        ({"splits": {}}, r"stanza 'Vaults': no splits; expected some of \['train'"),
        ({"step_limit": 0}, r"benchmark 'Vaults': step_limit must be at least 1, got 0"),
        ({"name": "HotpotQA"}, r"a benchmark named 'HotpotQA' is registered already: choose another name"),
        *(({"name": name}, "the name may hold letters, digits") for name in ("Two Words", "", "A/B", "a:B", "A-v0")),
    ],
)
def test_wrong_stanzas_are_refused(change: dict[str, Any], message: str) -> None:
    entry = {key: value for key, value in {**STANZA, **change}.items() if value is not ...}
    with pytest.raises(ValueError, match=message):
        register_benchmark(entry)


def test_an_entry_point_that_leads_nowhere_fails_when_made() -> None:
    with registered(name="Nowhere", entry_point="no.such.module:Env"), pytest.raises(ModuleNotFoundError):
        gym.make("SkillFlow/Nowhere-v0")


def test_the_package_exports_what_it_says() -> None:
    for name in skillflow_gym.__all__:
        assert getattr(skillflow_gym, name) is not None
