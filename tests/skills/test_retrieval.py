"""Which skills a task sees: the best by BM25, the same ones every time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Skill, SkillLibrary
from skillflow_gym.skills import retrieval
from skillflow_gym.skills.retrieval import retrieve
from skillflow_gym.tools.search import BM25Retriever
from tests.tools.test_search import bm25

VOCABULARY = "drawer recipe coin lamp fridge river poem train medal virus bridge novel".split()


def random_library(rng: np.random.Generator, size: int) -> SkillLibrary:
    def text(low: int, high: int) -> str:
        return " ".join(str(word) for word in rng.choice(VOCABULARY, size=rng.integers(low, high)))

    return SkillLibrary(Skill(f"s{i}-{rng.choice(VOCABULARY)}", text(1, 5), text(0, 20)) for i in range(size))


def test_the_best_come_from_name_description_and_body() -> None:
    rng = np.random.default_rng(0)
    library = random_library(rng, 30)
    documents = [f"{s.name} {s.description} {s.body}".replace("-", " ").split() for s in library.values()]
    # In the words' own stems, so that the formula sees what the index sees.
    stems = {"recipe": "recip", "bridge": "bridg", "virus": "virus"}
    documents = [[stems.get(word, word) for word in document] for document in documents]
    for _ in range(20):
        query = [str(word) for word in rng.choice(VOCABULARY, size=3, replace=False)]
        scores = np.round(bm25([stems.get(word, word) for word in query], documents), 5)
        best = sorted(range(30), key=lambda i: (-scores[i], library.names[i]))[:8]
        found = retrieve(library, f"Where is the {query[0]}, and the {query[1]} of this {query[2]}?")
        assert set(found) == {library.names[i] for i in best}


def test_each_part_of_a_skill_is_searched_in_any_form() -> None:
    skills = [Skill("open-drawers", "x", "y"), Skill("b", "Read recipes.", "y"), Skill("c", "x", "Count the coins.")]
    library = SkillLibrary([*skills, Skill("a", "nothing", "at all")])
    for task, name in (("A DRAWER opened", "open-drawers"), ("reading a recipe", "b"), ("the coin", "c")):
        assert retrieve(library, task, 1).names == (name,)


def test_ties_and_what_matches_nothing_come_by_name() -> None:
    library = SkillLibrary(Skill(name, "alike", "text") for name in "gfedcba")
    assert retrieve(library, "alike", 3).names == ("a", "b", "c")
    for task in ("", "the of", "banana", "\ud800"):
        assert retrieve(library, task, 3).names == ("a", "b", "c")
    odd = SkillLibrary([*library.values(), Skill("z", "banana", "")])
    assert retrieve(odd, "a banana", 3).names == ("a", "b", "z"), "the one that matches, then the first"


def test_a_small_library_is_returned_as_it_is() -> None:
    library = random_library(np.random.default_rng(0), 8)
    assert retrieve(library, "drawer") is library and retrieve(library, "drawer", 100) is library
    assert retrieve(SkillLibrary(), "drawer", 1) == SkillLibrary()
    assert len(retrieve(library, "drawer", 7)) == 7
    for k in (0, -1):
        with pytest.raises(ValueError, match=f"k must be at least 1, got {k}"):
            retrieve(library, "drawer", k)


def test_an_index_is_built_once_per_version(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []

    class Counting(BM25Retriever):
        def __init__(self, passages: object) -> None:
            super().__init__(passages)  # type: ignore[arg-type]
            built.append(len(self.passages))

    monkeypatch.setattr(retrieval, "BM25Retriever", Counting)
    library = random_library(np.random.default_rng(7), 20)
    later = SkillLibrary(Skill(s.name, s.description, s.body, {"visits": "3"}) for s in library.values())
    assert later.version == library.version
    assert retrieve(library, "drawer").names == retrieve(later, "drawer").names
    assert all(skill.metadata == {"visits": "3"} for skill in retrieve(later, "coin").values()), "its own statistics"
    assert built == [20]
    smaller = SkillLibrary(list(library.values())[1:])
    retrieve(smaller, "drawer")
    assert built == [20, 19]


texts = st.text(max_size=20) | st.lists(st.sampled_from(VOCABULARY), max_size=5).map(" ".join)
skills = st.builds(Skill, st.text(min_size=1, max_size=5), texts, texts)


@settings(deadline=None, derandomize=True)
@given(st.lists(skills, max_size=12, unique_by=lambda skill: skill.name), texts, st.integers(1, 12))
def test_any_task_gets_k_skills_whatever_their_order(chosen: list[Skill], task: str, k: int) -> None:
    library = SkillLibrary(chosen)
    found = retrieve(library, task, k)
    assert len(found) == min(k, len(chosen)) and found.items() <= library.items()
    retrieval._index.cache_clear()
    assert retrieve(SkillLibrary(reversed(chosen)), task, k) == found
