"""The report of run folders: what it holds, what it refuses, and that no text in it is anything but text."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from skillflow_gym.report import (
    ReportError,
    curves,
    intervals,
    is_comparison,
    read_comparison,
    read_run,
    timeline,
    write_report,
)
from skillflow_gym.report import comparison as compared
from skillflow_gym.report.dots import axis_end
from skillflow_gym.report.flow_graph import flow_graph
from skillflow_gym.stats import pass_at_k
from tests.report.making import HOSTILE, comparison, evolved, rollout, run_folder, turn


def test_a_curve_is_the_mean_over_seeds_in_a_band(tmp_path: Path) -> None:
    runs = [read_run(run_folder(tmp_path / str(seed), seed)) for seed in (0, 10)]
    found = curves.curve([run.metrics for run in runs], "charts/success")
    assert found is not None
    steps, mean, low, high = found
    assert steps[-1] == 20 and np.allclose(low, 0.5) and np.allclose(high, 0.6) and np.allclose(mean, 0.55)
    assert curves.curve([run.metrics for run in runs], "flow/residual") is None


def test_a_long_run_is_averaged_over_stretches() -> None:
    rows = [{"step": n, "charts/reward": float(n)} for n in range(1, 801)]
    found = curves.curve([rows], "charts/reward")
    assert found is not None
    steps, mean, *_ = found
    assert len(steps) == curves.POINTS and steps[-1] == 800
    assert mean[0] == pytest.approx(np.mean(range(1, 11))) and mean[-1] == pytest.approx(np.mean(range(791, 801)))


def test_seeds_that_log_at_different_places_are_joined_by_lines() -> None:
    """As PPO's iterations end after any number of rollouts."""
    seeds = [
        [{"step": n, "rollouts": r, "charts/reward": r / 100} for n, r in enumerate(places, start=1)]
        for places in ((10, 40, 100), (20, 70, 100))
    ]
    found = curves.curve(seeds, "charts/reward")
    assert found is not None
    rollouts, mean, low, high = found
    assert rollouts[0] == pytest.approx(20, abs=1.25) and rollouts[-1] == 100 and len(rollouts) == 4
    assert np.abs(mean - rollouts / 100).max() < 0.02 and (high >= low).all()


def test_rows_of_the_table(tmp_path: Path) -> None:
    runs = [read_run(run_folder(tmp_path / str(seed), seed)) for seed in (0, 10)]
    after, random = intervals.rows({"ttb": runs})
    assert (after.arm, after.policy, after.seeds) == ("ttb", "trained", 2)
    assert after.success.mean == pytest.approx((1.5 + 0.5) / 3 / 2 + (1.5 + 0.6) / 3 / 2)
    assert after.success.low <= after.success.mean <= after.success.high
    assert (random.arm, random.policy) == ("", "random")
    # Of four rollouts each: 0, 1 and 0 succeed, so pass@4 is 1/3 and pass@1 the mean.
    assert random.pass_at[1] == pytest.approx(1 / 12) and random.pass_at[4] == pytest.approx(1 / 3)


def test_the_timeline_tells_every_change_but_what_stays(tmp_path: Path) -> None:
    record = read_run(evolved(run_folder(tmp_path / "run")))
    changes = list(timeline.changes(record.history))
    assert [(c.step, c.kind, c.skill) for c in changes] == [
        (5, "create", "look-first"),
        (5, "create", "be-quick"),
        (12, "refine", "look-first"),
        (12, "prune", "be-quick"),
    ]
    refined = changes[2]
    assert ("-", "Look around.") in refined.diff and ("+", f"Look. {HOSTILE}") in refined.diff
    assert json.loads(refined.evidence)["g"] == -0.5
    assert {sign for sign, _ in changes[3].diff} == {"-"}


AGENTS = ("ttb", "grpo --no-std", "random")


def test_a_comparison_is_shown_with_its_runs(tmp_path: Path) -> None:
    record = read_comparison(comparison(tmp_path, AGENTS))
    assert is_comparison(tmp_path) and record.agents == [*AGENTS] and record.envs == ["HotpotQA", "MuSiQue"]
    assert list(record.scopes) == ["all", "iid", "ood", "HotpotQA", "MuSiQue"], "means first"
    assert [(r.env, r.arm, r.seed) for r in record.runs] == [
        (env, arm, seed) for env in record.envs for arm in AGENTS[:2] for seed in (0, 1)
    ]
    assert all(run.evaluations == {} for run in record.runs), "a run's own panel is not the comparison's"
    shown = compared.view(record, dict.fromkeys(AGENTS, "arm0"))
    outcomes, costs = shown["scopes"][3]["tables"]
    (entry,) = [e for e in record.table["results"] if (e["scope"], e["agent"]) == ("HotpotQA", "ttb")]
    cells = dict(zip(outcomes["heads"], outcomes["rows"][0][1], strict=True))
    assert cells["success (pass@1)"]["text"] == f"{entry['success'][0]:.3f}" and cells["success (pass@1)"]["best"]
    assert cells["success (pass@1)"]["note"] == f"{entry['success'][1]:.3f} to {entry['success'][2]:.3f}"
    assert [row[1][-1]["text"] for row in costs["rows"]] == ["30", "31", "32"], "seconds are from their own file"
    page = write_report(tmp_path / "r.html", [], {}, [record]).read_text()
    assert page.count('class="scope"') == 5 and page.count('aria-label="pass@k over k"') == 5
    assert page.count("grpo --no-std: pass@5 ") == 5 and page.count('class="heat"') == 1
    assert "reward over training rollouts" in page and "2 benchmarks" in page


def test_pass_at_k_is_the_unbiased_estimate_for_every_k(tmp_path: Path) -> None:
    record = read_comparison(comparison(tmp_path, AGENTS))
    found = compared._pass_at_every_k(record)
    for env in record.envs:
        counts = [r["successes"] for r in record.rows if (r["env"], r["agent"], r["panel"]) == (env, "ttb", "test")]
        expected = [np.mean([pass_at_k(c, 16, k) for c in counts]) for k in range(1, 17)]
        assert found[env, "ttb"] == pytest.approx(expected)
        (entry,) = [e for e in record.table["results"] if (e["scope"], e["agent"]) == (env, "ttb")]
        assert found[env, "ttb"][4] == pytest.approx(entry["pass@5"][0], abs=1e-6), "as in the table"
    mean = np.mean([found[env, "ttb"] for env in record.envs], axis=0)
    assert found["all", "ttb"] == pytest.approx(mean) and found["ood", "ttb"] == found["MuSiQue", "ttb"]


def test_a_failed_agent_is_shown_as_failed(tmp_path: Path) -> None:
    page = write_report(tmp_path / "r.html", [], {}, [read_comparison(comparison(tmp_path, failed="ttb"))]).read_text()
    assert "This comparison does not hold:" in page and "ttb on MuSiQue: 2 failed runs" in page
    assert page.count('<td class="failed">0<small>') == 5 and "not known" in page


def test_a_comparison_without_a_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "compare.json").write_text("{}")
    with pytest.raises(ReportError, match="has no table yet"):
        read_comparison(tmp_path)
    (tmp_path / "table.json").write_text('{"results": []}')
    with pytest.raises(ReportError, match="was not written by a comparison"):
        read_comparison(tmp_path)


class Tags(HTMLParser):
    """The elements of a page, with their attributes' names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag, *(name for name, _ in attrs if name.startswith("on"))]


def test_hostile_text_is_text(tmp_path: Path) -> None:
    run = evolved(run_folder(tmp_path / "run"))
    graph = flow_graph([rollout(0, 1.0, turn(HOSTILE, HOSTILE), turn("accept:x", ""), first=HOSTILE)])
    page = write_report(tmp_path / "r.html", [read_run(run)], {HOSTILE: (HOSTILE, {"after": graph})}).read_text()
    tags = Tags(page).found
    assert tags.count("script") == 2, "the data and our own"
    assert "img" not in tags and "onerror" not in tags
    assert json.loads(nodes(page))["0-after"][0]["text"].startswith("</script>")


def test_hostile_names_in_a_comparison_are_text(tmp_path: Path) -> None:
    record = read_comparison(comparison(tmp_path, (HOSTILE, "random")))
    tags = Tags(write_report(tmp_path / "r.html", [], {}, [record]).read_text()).found
    assert tags.count("script") == 2 and "img" not in tags and "onerror" not in tags


def nodes(page: str) -> str:
    found = re.search(r'<script type="application/json" id="nodes">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_a_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = write_report(tmp_path / "r.html", [read_run(run_folder(tmp_path / "run"))]).read_text()
    assert not re.search(r'(?:src|href)\s*=\s*["\'](?!#)', page) and "@import" not in page and "url(" not in page


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"no config\.yaml"):
        read_run(tmp_path)
    (tmp_path / "config.yaml").write_text("agent: ttb")
    with pytest.raises(ReportError, match="not written by a run"):
        read_run(tmp_path)
    with pytest.raises(ReportError, match="at least one run"):
        write_report(tmp_path / "r.html", [])


def test_an_axis_ends_at_the_next_tenth() -> None:
    known = ([0.12, math.nan], [0.3], [0.97, 0.2], [0.0], [math.nan])
    assert [axis_end(values) for values in known] == [0.2, 0.3, 1.0, 0.1, 1.0]
