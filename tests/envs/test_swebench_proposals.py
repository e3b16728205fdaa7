"""Candidate actions for repairs: what is read back of an episode, changes of lines, and how far they lead."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, ActionKind, Context, Turn
from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.envs.mini.swebench.packages import files
from skillflow_gym.envs.swebench.cues import Cues, functions
from skillflow_gym.envs.swebench.env import SWEBenchEnv
from skillflow_gym.envs.swebench.history import Edit, read_history
from skillflow_gym.envs.swebench.mutations import mutations
from skillflow_gym.envs.swebench.proposals import searches, swebench_proposals
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision

pytest.importorskip("swebench", reason="needs the swebench extra: pip install 'skillflow-gym[swebench]'")

ISSUE = (
    "`withdraw` gives a wrong result\n\n```python\nbank = Bank()\nprint(bank.withdraw('ann', 5))\n```\n\nI get `1`.\n"
)
VIEW = """bank.py, lines 3 to 8 of 20:
    3 def withdraw(self, name, cents):
    4     if cents < 0:
    5         raise TypeError("no")
    6     self.balance += cents
    7     return True
    8 """
RUN = """F.
tests/test_bank.py:4: in test_it
    bank.withdraw("ann", 5)
bank.py:6: in withdraw
    self.balance += cents
E   TypeError: x
FAILED tests/test_bank.py::test_it - TypeError: x
1 failed, 1 passed
"""


def context(*turns: tuple[str, str], task: str = ISSUE) -> Context:
    made = tuple(Turn(Action.act(text), shown) for text, shown in turns)
    return Context(task, "", "Tools: ...", made, (), (), len(made), 28)


def acts(*turns: tuple[str, str]) -> list[str]:
    return [action.argument for action in swebench_proposals(context(*turns)) if action.kind is ActionKind.ACT]


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("    if a < b:", "    if a <= b:"),
        ("    if a >= b:", "    if a > b:"),
        ("    return x == 1", "    return x != 1"),
        ("    if a and b:", "    if a or b:"),
        ("    if not done:", "    if done:"),
        ("    if ready:", "    if not ready:"),
        ("    return min(a, b)", "    return max(a, b)"),
        ("    x = f(a, b)", "    x = f(b, a)"),
        ("    x = f(a, b, c)", "    x = f(b, a, c)"),
        ("    total += x", "    total -= x"),
        ("    return items[-1]", "    return items[0]"),
        ("    return items[0]", "    return items[-1]"),
        ("    for i in range(n):", "    for i in range(n + 1):"),
        ("    return (self.month) // 3", "    return (self.month - 1) // 3"),
        ("    return n - 1", "    return n"),
        ("    x = 7", "    x = 8"),
        ("    x = 7", "    x = 6"),
        ("    raise TypeError(text)", "    raise ValueError(text)"),
        ("    return True", "    return False"),
        ("    if key in self.items:", "    if key not in self.items:"),
        ("    if x is None:", "    if x is not None:"),
        ("    return a if c else b", "    return b if c else a"),
        ("def f(a, wide=False):", "def f(a, wide=True):"),
        ("def f(a, size=10):", "def f(a, size=9):"),
        ("    return a // b", "    return a % b"),
    ],
)
def test_small_changes(line: str, new: str) -> None:
    assert new in [text for text, _ in mutations(line)]


@pytest.mark.parametrize("line", ["", "# a < b", "import os", "@property", 'x = "a < b"', "class A(B):", "    name"])
def test_lines_that_nothing_is_changed_in(line: str) -> None:
    assert not [text for text, _ in mutations(line) if "<=" in text or "os" in text or text.startswith(("#", "@"))]


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(st.sampled_from("ab(,)[]<>=+-1 'x:#.\"\\ifnotreturn "), max_size=60))
def test_any_line_has_finitely_many_changes(line: str) -> None:
    found = mutations(line)
    assert len({text for text, _ in found}) == len(found) < 400
    assert all(text != line and "\n" not in text for text, _ in found)


def test_at_first_searches_a_list_and_runs() -> None:
    first = acts()
    assert first[0] == "search: def withdraw" and "list: " in first and "run: " in first
    assert not any(text.startswith("edit") for text in first)
    assert searches(ISSUE)[:2] == ("search: def withdraw", "search: def Bank")


def test_hits_lead_to_views() -> None:
    shown = acts(("search: def withdraw", "bank.py:30: def withdraw(self):\ntests/test_bank.py:3: withdraw"))
    assert "view: bank.py:18-54" in shown and "view: bank.py" in shown
    assert not any(text.startswith("view: tests") for text in shown) and "search: def withdraw" not in shown


def test_views_lead_to_edits() -> None:
    shown = [text for text in acts(("view: bank.py", VIEW)) if text.startswith("edit: bank.py\n")]
    assert Edit("bank.py", "    if cents < 0:", "    if cents <= 0:").text() in shown
    assert Edit("bank.py", "    self.balance += cents", "    self.balance -= cents").text() in shown
    assert len(shown) <= 20


def test_an_edit_leads_to_tests_taking_back_and_accepting() -> None:
    edit = Edit("bank.py", "    if cents < 0:", "    if cents <= 0:")
    done = ("Edited " + VIEW).replace("cents < 0", "cents <= 0")
    shown = acts(("run: ", RUN), ("view: bank.py", VIEW), (edit.text(), done))
    assert shown == ["run: tests/test_bank.py::test_it", edit.inverse().text()]
    assert swebench_proposals(context(("view: bank.py", VIEW), (edit.text(), done)))[-1] == Action.accept("")
    back = acts(("view: bank.py", VIEW), (edit.text(), done), (edit.inverse().text(), "Edited " + VIEW))
    assert edit.text() not in back and any(text.startswith("edit: bank.py") for text in back)


def test_a_failed_edit_is_none() -> None:
    edit = Edit("bank.py", "    if cents < 0:", "    if cents <= 0:")
    shown = acts(("view: bank.py", VIEW), (edit.text(), "Not edited: bank.py: the old text is not in the file"))
    assert edit.text() not in shown and any(text.startswith("edit") for text in shown)


def test_tracebacks_are_read() -> None:
    history = read_history([("run: ", RUN)])
    assert history.failing == ["tests/test_bank.py::test_it"]
    assert ("bank.py", 6) in history.traced and history.places[0] == ("bank.py", 6)


CODE = {
    1: "class Bank:",
    2: "    def __init__(self):",
    3: "        self.rows = []",
    4: "    def withdraw(self, name, cents):",
    5: "        if cents < 0:",
    6: '            raise TypeError("no")',
    7: "        if name == 1:",
    8: '            raise KeyError("no")',
    9: "        return self.add(",
    10: "            -cents,",
    11: "        )",
    12: "    def add(self, cents):",
    13: "        return store(cents)",
    14: "def store(x):",
    15: "    return x",
    16: "def other(x):",
    17: "    return x",
    18: "limit = 3",
}


def test_the_function_around_a_line() -> None:
    around = functions(CODE)
    assert [around.get(number, "") for number in CODE] == [
        *(["Bank"] * 3 + ["withdraw"] * 8 + ["add"] * 2 + ["store"] * 2 + ["other"] * 2 + [""])
    ]


def test_what_speaks_for_a_line() -> None:
    view = "bank.py, lines 1 to 18 of 18:\n" + "\n".join(f"{number:5d} {text}" for number, text in CODE.items())
    issue = ISSUE.replace("I get `1`", "It raises `TypeError: no`").replace("Bank()", "open()")
    before = Cues(issue, read_history([("view: bank.py", view)]))
    weights = {number: before.weight("bank.py", number) for number in CODE}
    assert weights[10] > weights[13] > weights[15] > weights[17], "named, used there, used in turn, and none of it"
    assert weights[17] == weights[18] and before.names("withdraw") and not before.names("store")
    assert weights[6] > weights[8] and weights[5] > weights[7], "the error that the issue names, and its condition"
    traced = Cues(issue, read_history([("view: bank.py", view), ("run: ", "bank.py:15: in store\n    x")]))
    gained = {number: traced.weight("bank.py", number) - weights[number] for number in CODE}
    assert gained[15] > gained[14] > gained[17] == 0.0


def test_equal_lines_get_lines_around_them() -> None:
    view = (
        "a.py, lines 1 to 4 of 4:\n    1 def f(x):\n    2     return x + 1\n    3 def g(x):\n    4     return x + 1\n"
    )
    shown = [text for text in acts(("view: a.py", view)) if text.startswith("edit")]
    assert shown and Edit("a.py", "def g(x):\n    return x + 1", "def g(x):\n    return x - 1").text() in shown
    assert not any("SEARCH\n    return x + 1\n===" in text for text in shown)


any_line = st.text(st.characters(), max_size=60)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(any_line, st.lists(st.tuples(any_line | st.sampled_from(["run: ", "list: ", "view: a"]), any_line), max_size=4))
def test_any_text_gives_proposals(task: str, turns: list[tuple[str, str]]) -> None:
    proposals = swebench_proposals(context(*turns, task=task))
    assert len(set(proposals)) == len(proposals) >= 1
    assert Action.accept("") not in proposals or len(proposals) == 1, "nothing was edited: nothing to submit"


def test_never_many() -> None:
    made = SWEBenchEnv("SWEBench", source="mini")
    sizes = []
    for record in mini.records("train")[::60]:
        episode = Episode(made, task_id=record["instance_id"])
        for wanted in ("list: ", "search: ", "view: ", "view: ", "run: ", "view: ", "search: "):
            action = next((a for a in episode.context.proposals if a.argument.startswith(wanted)), None)
            if action is not None:
                episode.step(Decision(action, 0.0, 0.0))
                sizes.append(len(episode.context.proposals))
    assert max(sizes) <= 45


def fix_is_proposed(made: SWEBenchEnv, one: mini.Planted, task_id: str) -> bool:
    """Whether the repair is among the proposals after the file was viewed, which was proposed after ``list``."""
    base, clean = one.base()[one.path], files(one.package)[one.path]
    episode = Episode(made, task_id=task_id)
    for text in ("list: ", f"view: {one.path}"):
        if Action.act(text) not in episode.context.proposals:
            return False
        episode.step(Decision(Action.act(text), 0.0, 0.0))
    edits = [a.argument for a in episode.context.proposals if a.argument.startswith(f"edit: {one.path}\n")]
    for edit in edits:
        old, new = edit.split("SEARCH\n")[1].removesuffix("\n>>>>>>> REPLACE").split("\n=======\n")
        if base.count(f"{old}\n") == 1 and base.replace(f"{old}\n", f"{new}\n") == clean:
            return True
    return False


def test_many_repairs_are_within_reach() -> None:
    made = SWEBenchEnv("SWEBench", source="mini")
    pairs = list(zip(mini.split("train"), made.taskset, strict=True))[::6]
    reached = [fix_is_proposed(made, one, task.id) for one, task in pairs]
    assert sum(reached) / len(reached) >= 0.5
