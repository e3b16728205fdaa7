"""Near-duplicates: how alike two skills are, and which of them stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym.evolution.merge import Merge, duplicates, similarity
from skillflow_gym.flow.skill_flow import SkillFlow
from skillflow_gym.skills import Skill, SkillLibrary
from tests.evolution.test_partition import flow

WORDS = "search the whole question first then read each passage twice and answer with a name or year".split()
BODY = " ".join(WORDS)


def skill(name: str, body: str = BODY, description: str = "For questions.") -> Skill:
    return Skill(name, description, body)


def flows(**g: float | None) -> dict[str, SkillFlow]:
    return {name: flow(value) for name, value in g.items()}


def test_similarity_by_hand() -> None:
    """Neighbours of ``a b c``: (start, a), (a, b), (b, c), (c, end); of ``a b d`` two are the same, of six."""
    one, two = Skill("x", "alpha", "bravo coral"), Skill("y", "alpha", "bravo delta")
    assert similarity(one, two) == pytest.approx(2 / 6)
    assert similarity(one, Skill("z", "alpha bravo", "coral")) == 1.0, "where the description ends does not matter"
    assert similarity(one, Skill("z", "coral", "bravo alpha")) == 0.0, "the order of words does"
    assert similarity(Skill("x", "", ""), Skill("y", "", "")) == 1.0


def test_name_case_and_numbers_in_the_metadata_do_not_matter() -> None:
    other = Skill("b", "for QUESTIONS", f"{BODY.title()}!", {"visits": "3"})
    assert similarity(skill("a"), other) == 1.0


TEXTS = st.text("abc \n", max_size=40)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_similarity_is_symmetric_and_a_share(a: str, b: str, c: str, d: str) -> None:
    one, two = Skill("x", a, b), Skill("y", c, d)
    assert similarity(one, two) == similarity(two, one) and 0 <= similarity(one, two) <= 1
    assert similarity(one, replace(one, name="z")) == 1.0


def test_the_one_with_the_larger_flow_stays() -> None:
    library = SkillLibrary([skill("a"), skill("b"), skill("c", "look around and open every drawer")])
    assert duplicates(library, flows(a=0.5, b=0.9, c=-3.0)) == [Merge("b", "a", 1.0)]
    assert duplicates(library, flows(a=0.5, b=-0.9)) == [Merge("a", "b", 1.0)]
    read_more = {"a": flow(0.5), "b": replace(flow(0.5), visits=21)}
    assert duplicates(library, read_more) == [Merge("b", "a", 1.0)], "equal worth: the one that was read more"
    assert duplicates(library, {}) == [Merge("a", "b", 1.0)], "nothing known: the first by name"
    assert duplicates(library, flows(b=None)) == [Merge("a", "b", 1.0)]
    assert duplicates(SkillLibrary(), {}) == []


def test_the_threshold_is_included() -> None:
    one, two = Skill("a", "alpha", "bravo coral"), Skill("b", "alpha", "bravo coral delta")
    alike = similarity(one, two)  # 3 of 6
    assert alike == 0.5
    library = SkillLibrary([one, two])
    assert duplicates(library, {}, 0.5) == [Merge("a", "b", 0.5)]
    assert duplicates(library, {}, 0.51) == []


@given(
    st.lists(st.lists(st.sampled_from("kilo lima mike".split()), min_size=1, max_size=4), min_size=1, max_size=8),
    st.floats(0.1, 1.0),
    st.data(),
)
def test_what_stays_is_unlike_and_what_goes_is_not(
    bodies: list[list[str]], threshold: float, data: st.DataObject
) -> None:
    library = SkillLibrary(Skill(f"s{n}", "", " ".join(words)) for n, words in enumerate(bodies))
    worth = data.draw(st.lists(st.none() | st.floats(-5, 5), min_size=len(library), max_size=len(library)))
    known = {name: flow(g) for name, g in zip(library, worth, strict=True)}
    merges = duplicates(library, known, threshold)
    gone = [merge.dropped for merge in merges]
    stays = [name for name in library if name not in gone]
    assert len(set(gone)) == len(gone) and stays
    for a in stays:
        assert all(similarity(library[a], library[b]) < threshold for b in stays if b != a)
    for merge in merges:
        assert merge.kept in stays
        assert merge.similarity == similarity(library[merge.kept], library[merge.dropped]) >= threshold
        kept, dropped = known[merge.kept].g, known[merge.dropped].g
        assert dropped is None or (kept is not None and kept >= dropped)
