"""Render modes: ansi, human and html, and what hostile text does to them: nothing."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from gymnasium.error import ResetNeeded

from skillflow_gym import Action
from skillflow_gym.rendering import Step, printable, render_ansi, render_html
from tests.contract.harness import core, first_act, make

HOSTILE = [
    "<script>alert(1)</script>",
    "</pre></body><img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp; \" ' <!-- -->",
    "\x1b[2J\x1b]0;title\x07\x9b31m",
    "\ud800 and \udfff",
    "\x00\x08\x7f",
]


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Any]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_ansi_shows_the_task_then_the_last_step(name: str) -> None:
    env = make(name, render_mode="ansi")
    observation, _ = env.reset(options={"index": 0})
    assert env.render() == f"Task: {observation['task']}\n{observation['observation']}"
    action = first_act(core(env))
    observation = env.step(action)[0]
    assert env.render() == f"> {action.to_text()}\n{observation['observation']}"
    env.step("no action")
    assert str(env.render()).startswith("> no action\nexpected skill(id)")


def test_human_prints_each_step(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    env = make(name, render_mode="human")
    env.reset(seed=0)
    assert env.render() is None
    assert capsys.readouterr().out.startswith(f"Task: {core(env).task.prompt}\n")
    for hostile in HOSTILE:
        env.step(hostile)
        out = capsys.readouterr().out
        assert out == f"> {printable(hostile)}\n{core(env)._steps[-1].observation}\n"
        assert not set(out) & set("\x00\x07\x08\x1b\x7f\x9b\ud800\udfff")


def test_html_is_a_page_of_the_episode(name: str) -> None:
    env = make(name, render_mode="html")
    observation, _ = env.reset(seed=0)
    plain = Page(str(env.render()))
    actions = [Action.skill(hostile) for hostile in HOSTILE[:3]] + [Action.act(hostile) for hostile in HOSTILE[3:4]]
    for action in actions:
        env.step(action)
    page = Page(str(env.render()))
    assert f"SkillFlow/{name}-v0" in page.text and observation["task"] in page.text
    for action in actions:
        assert printable(action.to_text()) in page.text
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags} | {"pre"}
    assert page.tags.count(("pre", [("class", "action")])) == len(actions)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(hostile: str) -> None:
    steps = [Step("", hostile), Step(f"act({hostile})", hostile)]
    text = render_html(hostile, hostile, f"- {hostile}: {hostile}", steps)
    text.encode("utf-8")
    page, harmless = Page(text), Page(render_html("t", "t", "- s: d", [Step("", "o"), Step("act(x)", "o")]))
    assert page.tags == harmless.tags
    assert "".join(page.text).count(printable(hostile)) == 8
    render_ansi(hostile, steps).encode("utf-8")


def test_printable_keeps_what_can_be_read() -> None:
    readable = "naïve 漢字 🦉\ttab\nline \u2028 \u00a0"
    assert printable(readable) == readable
    assert printable("a\x1b[1m\r\n\udc80") == "a\\x1b[1m\\r\n\\udc80"


def test_without_a_mode_it_warns(name: str) -> None:
    inner = core(make(name))
    inner.reset(seed=0)
    with pytest.warns(UserWarning, match="without a render mode"):
        assert inner.render() is None


@pytest.mark.parametrize("mode", ["ansi", "human", "html"])
def test_before_the_first_reset_there_is_nothing(name: str, mode: str) -> None:
    with pytest.raises(ResetNeeded, match="nothing to render"):
        core(make(name, render_mode=mode)).render()
