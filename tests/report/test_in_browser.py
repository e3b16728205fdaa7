"""The report of a real run in a real browser: it loads without complaint, and clicks and keys do what they say.

Needs Chromium and something to drive it: ``apt-get install chromium`` and ``pip install playwright``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.cli import main
from tests.report.making import HOSTILE, comparison, evolved

playwright = pytest.importorskip("playwright.sync_api", reason="needs pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of three updates each, one of them with a made-up history of its library."""
    folder = tmp_path_factory.mktemp("runs")
    train = ["train", "ttb", "--env", "TriviaQA", "--source", "mini", "--steps", "3", "--eval-tasks", "4"]
    for seed in (0, 1):
        main([*train, "--tasks-per-step", "2", "--seed", str(seed), "--run", str(folder / str(seed))])
    evolved(folder / "1")
    assert main(["report", str(folder / "0"), str(folder / "1"), "--rollouts", "16", "--flow-tasks", "1"]) == 0
    return folder / "0" / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


LOOKS = pytest.mark.parametrize("look", [("light", 1200), ("dark", 390)], ids=["light-wide", "dark-phone"])


@contextmanager
def opened(browser: Any, look: tuple[str, int], report: Path) -> Iterator[Any]:
    """The report in a tab, which must not complain nor ask for anything."""
    scheme, width = look
    tab = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith("file:") else None)
    tab.goto(report.as_uri())
    yield tab
    tab.close()
    assert complaints == []


@pytest.fixture(params=LOOKS.args[1], ids=LOOKS.kwargs["ids"])
def page(request: pytest.FixtureRequest, browser: Any, report: Path) -> Iterator[Any]:
    with opened(browser, request.param, report) as tab:
        yield tab


def test_everything_is_there_and_fits(page: Any, report: Path) -> None:
    assert page.title() == "skillflow-gym report" and report.stat().st_size < 5e6
    assert page.locator("figure svg polyline").count() == 4
    assert page.locator("svg.flow").count() == 2 and page.locator(".node").count() > 4
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "only tables and flows scroll"


def test_a_click_on_a_node_shows_what_was_seen_there(page: Any) -> None:
    first = page.locator(".view:not([hidden]) .node").first
    first.locator("rect").click()
    details = page.locator(".details")
    assert "After 0 actions: 16 rollouts" in details.inner_text() and "Tools:" in details.inner_text()
    assert "chosen" in first.get_attribute("class")


def test_keys_follow_the_strongest_edge_and_come_back(page: Any) -> None:
    page.locator(".view:not([hidden]) .node").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    assert "After 1 action:" in page.locator(".details").inner_text()
    page.keyboard.press("ArrowLeft")
    assert "After 0 actions" in page.locator(".details").inner_text()


def test_tabs_switch_between_before_and_after(page: Any) -> None:
    before = page.get_by_role("tab", name="before")
    before.click()
    assert before.get_attribute("aria-selected") == "true"
    assert page.locator(".view:not([hidden])").get_attribute("data-view") == "before"


def test_a_change_of_the_library_unfolds_to_its_text(page: Any) -> None:
    refined = page.locator(".timeline li.refine")
    assert not refined.locator("pre.diff").is_visible()
    refined.locator("summary").click()
    assert "- Look around." in refined.locator("pre.diff").inner_text()
    assert page.title() == "skillflow-gym report", "hostile text in a skill stays text"


@LOOKS
def test_a_comparison_is_drawn_and_unfolds(browser: Any, look: tuple[str, int], tmp_path: Path) -> None:
    comparison(tmp_path, ("ttb", "ttb --preset paper", HOSTILE, "random"), ("HotpotQA", "MuSiQue", "WebShop"))
    assert main(["report", str(tmp_path), "--flow-tasks", "0"]) == 0
    with opened(browser, look, tmp_path / "report.html") as page:
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "only tables scroll"
        plots = page.get_by_role("img", name="pass@k over k")
        assert plots.count() == 1 and plots.locator("polyline").count() == 4, "the others are folded"
        assert plots.locator("circle").count() == 4 * 3, "1, 3 and 5 have intervals"
        colours = plots.locator("polyline").evaluate_all("lines => lines.map(line => getComputedStyle(line).stroke)")
        assert len(set(colours)) == 4
        cells = page.locator(".heat tbody tr").first.locator("td")
        assert cells.count() == 6 and len(set(cells.evaluate_all("all => all.map(c => c.style.cssText)"))) > 1
        musique = page.locator("details.scope", has_text="MuSiQue").last
        assert not musique.locator("table").first.is_visible()
        musique.locator("summary").focus()
        page.keyboard.press("Enter")
        assert musique.locator("table").first.is_visible() and plots.count() == 2
        assert page.title() == "skillflow-gym report", "hostile names stay names"
