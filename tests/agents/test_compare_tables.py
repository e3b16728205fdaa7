"""From rows to tables: scopes, failures, unscored shares, and figures worked by hand."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest

from skillflow_gym.agents.compare_tables import Results, as_csv, as_json, markdown, void


def row(agent: str, env: str, seed: int, task: str, successes: int, panel: str = "test", **more: Any) -> dict[str, Any]:
    scored = more.get("scored", 5)
    success = successes / scored if scored else None
    figures = {"reward": success, "score": {"em": success}, "greedy": 1.0, "paths": min(successes, 2), "entropy": 2.0}
    cost = {"steps": 3.0, "steps_per_success": 2.0 if successes else None, "calls": 2.0}
    tokens = {"prompt_tokens": 10.0, "completion_tokens": 5.0}
    base = {"agent": agent, "env": env, "seed": seed, "panel": panel, "task": task, "failed": False}
    return {
        **base,
        "rollouts": 5,
        "scored": 5,
        "successes": successes,
        "success": success,
        **figures,
        **cost,
        **tokens,
    } | more


def rows() -> list[dict[str, Any]]:
    made = []
    for env in ("HotpotQA", "MuSiQue"):
        for seed in (0, 1):
            made += [row("a", env, seed, "t0", 5), row("a", env, seed, "t1", 1 + seed)]
            made += [row("b", env, seed, "t0", 2), row("b", env, seed, "t1", 0)]
    return made


def entries(made: list[dict[str, Any]], baseline: str = "b") -> dict[tuple[str, str], dict[str, Any]]:
    return {(e["scope"], e["agent"]): e for e in Results(made).table(baseline)}


def test_scopes_are_the_benchmarks_their_mean_and_both_halves() -> None:
    found = entries(rows())
    assert [scope for scope, agent in found if agent == "a"] == ["HotpotQA", "MuSiQue", "all", "iid", "ood"]
    assert [e["runs"] for (scope, _), e in found.items() if scope == "all"] == [4, 4]
    alone = entries([r for r in rows() if r["env"] == "MuSiQue"])
    assert {scope for scope, _ in alone} == {"MuSiQue"}


def test_figures_worked_by_hand() -> None:
    a, b = (entries(rows())["HotpotQA", agent] for agent in "ab")
    assert a["success"].mean == pytest.approx((5 + 1 + 5 + 2) / 20) and b["success"].mean == pytest.approx(0.2)
    assert a["difference"].mean == pytest.approx(0.65 - 0.2) and a["improvement"] == (1.0, 1.0, 1.0)
    assert str(b["difference"].mean) == str(b["improvement"].mean) == "nan", "nobody is compared with themselves"
    # pass@3 of 1 and of 2 successes in 5: 1 - C(4, 3) / C(5, 3) and 1 - C(3, 3) / C(5, 3)
    assert a["pass@3"].mean == pytest.approx((1 + 0.6 + 1 + 0.9) / 4) and a["pass@5"].mean == 1.0
    assert a["paths"].mean == pytest.approx((2 + 1 + 2 + 2) / 4)
    assert a["steps_per_success"] == 2.0 and a["tokens"] == 15.0 and a["score"] == {"em": pytest.approx(0.65)}
    assert str(a["train_success"].mean) == "nan", "no rows of that panel"


def test_the_gap_between_the_halves() -> None:
    made = [r for r in rows() if r["agent"] == "a"]
    for r in made:
        if r["env"] == "MuSiQue":
            r["success"] = 0.1
    assert Results(made).gap("a") == pytest.approx(0.65 - 0.1)
    assert str(Results([r for r in made if r["env"] == "MuSiQue"]).gap("a")) == "nan"
    unknown = [{**r, "success": None} if (r["agent"], r["task"]) == ("a", "t1") else r for r in made]
    assert Results(unknown).gap("a") == pytest.approx(1.0 - 0.1), "a task without a score is left out"
    failed = [*made, *({"agent": "c", "env": env, "seed": 0, "failed": True} for env in ("HotpotQA", "MuSiQue"))]
    assert str(Results(failed).gap("c")) == "nan"


def test_too_many_unscored_rollouts_void_the_comparison() -> None:
    good = [row("a", "HotpotQA", 0, f"t{i}", 1) for i in range(40)]
    assert void(Results(good).table("a")) == []
    two = [*good[:-1], row("a", "HotpotQA", 0, "t39", 1, scored=3)]
    assert void(Results(two).table("a")) == [], "2 of 200 are 1%"
    three = [*good[:-1], row("a", "HotpotQA", 0, "t39", 1, scored=2)]
    assert void(Results(three).table("a")) == ["a on HotpotQA: 1.5% unscored"]


def test_a_task_without_a_score_is_left_out_of_the_mean() -> None:
    nothing = row("a", "HotpotQA", 0, "t1", 0, scored=0, greedy=None, entropy=None, score={}, paths=0)
    found = entries([row("a", "HotpotQA", 0, "t0", 5), nothing])["HotpotQA", "a"]
    assert found["success"].mean == 1.0 and found["unscored"] == 0.5 and found["score"] == {"em": 1.0}


def test_a_failed_run_is_counted_where_it_belongs() -> None:
    made = [*rows(), {"agent": "b", "env": "MuSiQue", "seed": 2, "failed": True}]
    made += [{"agent": "c", "env": "HotpotQA", "seed": 0, "failed": True}]
    found = entries(made)
    failed = {key: e["failed"] for key, e in found.items() if e["failed"]}
    assert failed == {
        k: 1 for k in (("MuSiQue", "b"), ("all", "b"), ("ood", "b"), ("HotpotQA", "c"), ("all", "c"), ("iid", "c"))
    }
    assert void(list(found.values())) == ["c on HotpotQA: 1 failed runs", "b on MuSiQue: 1 failed runs"], "each once"
    text = markdown(list(found.values()), "b")
    assert "| b | 2 (1 FAILED) |" in text and "| c | 0 (1 FAILED) | - | - |" in text


def test_the_three_forms_say_the_same() -> None:
    made = list(entries(rows()).values())
    read = json.loads(as_json(made, {"baseline": "b"}))
    lines = list(csv.DictReader(as_csv(made).splitlines()))
    assert read["baseline"] == "b" and len(read["results"]) == len(lines) == 10
    for entry, line, exact in zip(read["results"], lines, made, strict=True):
        assert [float(line[f"success{end}"]) for end in ("", "_low", "_high")] == entry["success"]
        assert entry["success"][0] == pytest.approx(exact["success"].mean, abs=1e-6)
        assert float(line["score_em"]) == entry["score"]["em"]
        assert (line["improvement"] == "") == (entry["improvement"] == [None] * 3) == (entry["agent"] == "b")
    assert "NaN" not in as_json(made, {})


def test_a_label_cannot_break_the_table() -> None:
    made = [row("a --x 1|2", "HotpotQA", 0, "t", 1)]
    lines = markdown(Results(made).table("a"), "a").splitlines()
    assert any(line.startswith("| a --x 1\\|2 | 1 |") for line in lines)
