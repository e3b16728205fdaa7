"""The recorded pages in a real browser: they show well, and the recorded actions lead from each to the next.

Needs a browser and something to drive it: ``apt-get install chromium`` and ``pip install playwright``. Without them the
tests are skipped. ``pytest -m slow tests/envs/test_mini_mind2web_in_chromium.py`` runs them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from skillflow_gym.envs.mini import mind2web
from skillflow_gym.envs.mini.mind2web.browser import Browser
from skillflow_gym.envs.mini.mind2web.site import Site

playwright = pytest.importorskip("playwright.sync_api", reason="needs pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

HOST = "http://mini.test"
RECORDED = f"{HOST}/recorded-page"
STATE = """() => {
    const own = ["backend_node_id", "value", "checked", "selected"];
    const read = (node) => {
        if (node.nodeType === Node.TEXT_NODE) return node.textContent.trim();
        const attributes = [...node.attributes].filter((a) => !own.includes(a.name)).map((a) => [a.name, a.value]);
        const live = node.tagName === "OPTION" ? node.selected : [node.value, node.checked];
        const inside = node.tagName === "TEXTAREA" ? [] : [...node.childNodes].map(read).filter((x) => x !== "");
        return [node.tagName, attributes.sort(), live, inside];
    };
    return JSON.stringify(read(document.body));
}"""
"""A page as its user sees it: elements, texts, and what is typed, chosen and ticked."""
HIDDEN = """() => [...document.querySelectorAll("a, button, input, select, textarea, label, h1, p, li")]
    .filter((node) => node.type !== "hidden").filter((node) => {
        const box = node.getBoundingClientRect();
        const empty = node.tagName === "P" && node.textContent === "";
        return !empty && (box.width < 5 || box.height < 5 || box.left < 0 || box.right > window.innerWidth);
    }).map((node) => node.outerHTML)"""
"""What cannot be seen, or lies beside the page."""


class Screen:
    """Two tabs: one plays a site, the other shows recorded pages."""

    def __init__(self, browser: Any) -> None:
        self.playing, self.showing = (browser.new_page(viewport={"width": 1000, "height": 800}) for _ in range(2))
        self.site: Site = mind2web.SITES[0]
        self.html = ""
        self.states: dict[str, str] = {}
        self.complaints: list[str] = []
        for tab in (self.playing, self.showing):
            tab.route("**/*", self.serve)
            tab.on("pageerror", lambda error: self.complaints.append(str(error)))
            tab.on("console", lambda message: self.complaints.append(message.text))

    def serve(self, route: Any) -> None:
        """The recorded page at its own address, the site everywhere else."""
        url = route.request.url
        assert url.startswith(HOST), f"the page asks for {url}"
        if url == f"{HOST}/favicon.ico":
            route.fulfill(status=204)
            return
        parts = urlsplit(url)
        body = self.html if url == RECORDED else self.site.render(f"{parts.path}?{parts.query}")
        route.fulfill(content_type="text/html; charset=utf-8", body=body)

    def show(self, html: str) -> None:
        """Load a recorded page."""
        self.html = html
        self.showing.goto(RECORDED)

    def recorded(self, html: str) -> str:
        """What is seen of a recorded page."""
        if html not in self.states:
            self.show(html)
            self.states[html] = str(self.showing.evaluate(STATE))
        return self.states[html]

    def act(self, tab: Any, element: str, operation: dict[str, str]) -> str:
        """What ``tab`` shows after an operation on an element, named by its number in the order of the page."""
        node = tab.evaluate_handle("number => document.querySelectorAll('*')[number - 1]", int(element)).as_element()
        assert node.is_visible() and node.is_enabled()
        if operation["op"] == "TYPE":
            node.fill(operation["value"])
        elif operation["op"] == "SELECT":
            node.select_option(label=operation["value"])
        elif node.evaluate("node => node.matches('a, button')"):
            with tab.expect_navigation(timeout=60_000):
                node.click()
        else:
            node.click()
        return str(tab.evaluate(STATE))


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with playwright.sync_playwright() as driver:
        # Inside a container Chromium's own sandbox needs rights that a test run seldom has.
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Screen(browser)
        browser.close()


def last_page(number: int, split: str) -> str:
    """What the site shows after the last step of a task."""
    site, (_, steps) = mind2web.drafts(split)[number]
    visit = Browser(site)
    for step in steps:
        visit.perform(step)
    return visit.source()


@pytest.mark.parametrize("split", ["train", "test_task", "test_website", "test_domain"])
def test_gold_actions_lead_from_each_page_to_the_next(screen: Screen, split: str) -> None:
    sites = {site.name: site for site in mind2web.SITES}
    ticked: set[str] = set()
    for number, record in enumerate(mind2web.records(split)):
        screen.site = sites[record["website"]]
        pages = [action["raw_html"] for action in record["actions"]] + [last_page(number, split)]
        screen.playing.goto(f"{HOST}/")
        assert screen.playing.evaluate(STATE) == screen.recorded(pages[0])
        for action, before, after in zip(record["actions"], pages[:-1], pages[1:], strict=True):
            target, *others = sorted(action["pos_candidates"], key=lambda c: not c["is_original_target"])
            seen = screen.act(screen.playing, target["backend_node_id"], action["operation"])
            assert seen == screen.recorded(after) != screen.recorded(before), action["action_uid"]
            for other in others if before not in ticked else ():
                screen.show(before)
                assert screen.act(screen.showing, other["backend_node_id"], action["operation"]) == seen
                ticked.add(before)
    assert screen.complaints == []


@pytest.mark.parametrize("split", ["train", "test_website", "test_domain"])
def test_every_page_shows_well(screen: Screen, split: str) -> None:
    sites = {site.name: site for site in mind2web.SITES}
    seen: set[str] = set()
    for record in mind2web.records(split):
        screen.site = sites[record["website"]]
        for action in record["actions"]:
            if action["raw_html"] in seen:
                continue
            seen.add(action["raw_html"])
            screen.show(action["raw_html"])
            assert screen.showing.evaluate(HIDDEN) == []
            assert screen.showing.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            assert screen.showing.evaluate("document.compatMode") == "CSS1Compat"
            assert screen.showing.title() == screen.site.title
            assert screen.showing.locator("h1").count() == 1
            for control in screen.showing.locator("input:not([type=hidden]), select, textarea").all():
                assert control.evaluate("node => node.labels.length") == 1, "every control has its label"
    assert len(seen) > 30 and screen.complaints == []
