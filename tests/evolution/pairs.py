"""Pairs of a success and a failure whose every word is known: what an author should find in them is planted."""

from __future__ import annotations

from collections.abc import Sequence

from skillflow_gym import Action, Trajectory, Turn
from skillflow_gym.evolution.authors import Pair

PEOPLE = "Ada Lovelace,Tvelmund Orsk,Mira Qalat,Jon Remen,Oda Namor,Pia Vesk,Ole Drum,Una Falk".split(",")
TOWNS = "Turin,Miwalu,Fehin,Sorvik,Andal,Brest,Calix,Dovre".split(",")


def rollout(task: str, task_id: str, *steps: tuple[Action, str], reward: float = 0.0) -> Trajectory:
    """A trajectory of actions and what was shown after each."""
    turns = tuple(Turn(action, shown) for action, shown in steps)
    return Trajectory("t", task, turns, task_id=task_id, reward=reward, success=reward > 0)


def born(i: int, *, skill: str = "", failing_skill: str = "", right: bool = False) -> Pair:
    """The success searches the name and answers with the year of birth; the failure searches the whole task.

    What tells the year is a word that the task does not say.

    With ``right`` the failure does the same steps, and answers with another year.
    """
    who, where, year = PEOPLE[i], TOWNS[i], 1800 + i
    task = f"In which year was the painter {who} born?"
    text = f"{who} was christened in {year} near {where}. The museum opened to visitors after {year + 60} there."
    found = f"[1] {who}\n{text}"
    read = [(Action.skill(skill), found)] if skill else []
    failing = [(Action.skill(failing_skill), found)] if failing_skill else []
    search = (Action.act(f"search: {who}"), found)
    other = search if right else (Action.act(f"search: {task}"), found)
    good = rollout(task, f"b{i}", *read, search, (Action.accept(f"{year}"), ""), reward=1.0)
    bad = rollout(task, f"b{i}", *failing, other, (Action.accept(f"{year + 60}"), ""))
    return Pair(good, bad, tuple(range(len(good))))


def bigger(i: int) -> Pair:
    """The success searches both towns; the failure answers after the first."""
    one, two = TOWNS[i], TOWNS[i - 1]
    task = f"Which town is larger, {one} or {two}?"
    first = (Action.act(f"search: {one}"), f"[1] {one}\n{one} has {100 + i} inhabitants.")
    second = (Action.act(f"lookup: {two}"), f"[1] {two}\n{two} has {200 + i} inhabitants.")
    good = rollout(task, f"s{i}", first, second, (Action.accept(two), ""), reward=1.0)
    bad = rollout(task, f"s{i}", first, (Action.accept(one), ""))
    return Pair(good, bad, (1, 2))


def chosen(shown: str, *candidates: Action) -> Turn:
    """The turn that takes the first of ``candidates``."""
    return Turn(candidates[0], shown, candidates=candidates, chosen=0)


def asked(number: int, task: str, text: str, *answers: str, title: str = "") -> Pair:
    """A question about a passage: the success takes the first of ``answers``, the failure the last of them."""
    who = title or f"Qal{'abcdefghijklmnopqrstuvwxyz'[number]}"
    prompt, found = task.replace("{}", who), f"[1] {who}\n{text}".replace("{}", who)
    search = chosen(found, Action.act(f"search: {who}"), Action.act(f"search: {prompt}"))
    accepts = [Action.accept(answer) for answer in answers]
    return Pair(
        _trajectory(prompt, f"q{number}", (search, chosen("", *accepts)), 1.0),
        _trajectory(prompt, f"q{number}", (search, chosen("", *accepts[::-1])), 0.0),
        (0, 1),
    )


def hop(i: int) -> Pair:
    """The success goes from a person to the town of birth; the failure to the town of work, and takes its age."""
    who, where, other = PEOPLE[i], TOWNS[i], TOWNS[i - 1]
    task = f"How many people live in the home town of {who}?"
    one = f"[1] {who}\n{who} was born in {where}. Later {who} worked in {other}."
    towns = {
        town: f"[1] {town}\n{town} has {800 + i} inhabitants. It was founded in {1100 + i}." for town in (where, other)
    }
    searches = [Action.act(f"search: {town}") for town in (where, other)]
    accepts = [Action.accept(f"{800 + i}"), Action.accept(f"{1100 + i}")]
    first = chosen(one, Action.act(f"search: {who}"), Action.act(f"search: {task}"))
    good = (first, chosen(towns[where], *searches), chosen("", *accepts))
    bad = (first, chosen(towns[other], *searches[::-1]), chosen("", *accepts[::-1]))
    return Pair(_trajectory(task, f"h{i}", good, 1.0), _trajectory(task, f"h{i}", bad, 0.0), (0, 1, 2))


def _trajectory(task: str, task_id: str, turns: Sequence[Turn], reward: float) -> Trajectory:
    return Trajectory("t", task, tuple(turns), task_id=task_id, reward=reward, success=reward > 0)
