"""The mini set of Mind2Web: the real record format, sites and domains apart, tasks that say what their steps need."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from skillflow_gym.envs.mind2web_pages import ID
from skillflow_gym.envs.mini import mind2web
from skillflow_gym.envs.mini.mind2web.browser import Browser
from skillflow_gym.envs.mini.mind2web.markup import Html, element
from skillflow_gym.envs.mini.mind2web.site import choose, click, enter
from skillflow_gym.tasks import check_record
from skillflow_gym.text import words

ROOT = Path(__file__).parents[2]
SPLITS = ("train", "test_task", "test_website", "test_domain")
every_split = pytest.mark.parametrize("split", SPLITS)
CANDIDATE = {"tag": str, "attributes": str, "backend_node_id": str}
FORMAT = {
    **dict.fromkeys(("annotation_id", "website", "domain", "subdomain", "confirmed_task"), str),
    "action_reprs": [str],
    "actions": [
        {
            **dict.fromkeys(("action_uid", "raw_html", "cleaned_html"), str),
            "operation": {"op": str, "original_op": str, "value": str},
            "pos_candidates": [{**CANDIDATE, "is_original_target": bool, "is_top_level_target": bool}],
            "neg_candidates": [CANDIDATE],
        }
    ],
}
"""A record of the published set, with all of its fields."""


@cache
def records(split: str) -> list[dict[str, Any]]:
    return mind2web.records(split)


def actions(split: str) -> list[dict[str, Any]]:
    return [action for record in records(split) for action in record["actions"]]


# --- what there is


def test_sizes() -> None:
    assert {split: len(records(split)) for split in SPLITS} == {
        "train": 168,
        "test_task": 63,
        "test_website": 30,
        "test_domain": 30,
    }
    assert len(mind2web.SITES) == 8 == len({site.name for site in mind2web.SITES})
    assert Counter(len(r["actions"]) for split in SPLITS for r in records(split)).keys() == {4, 5, 6, 7, 8, 9}
    with pytest.raises(ValueError, match="no split 'validation': choose one of train, test_task, test_website"):
        mind2web.records("validation")


def test_the_test_splits_differ_by_task_by_site_and_by_domain() -> None:
    sites = {split: {record["website"] for record in records(split)} for split in SPLITS}
    domains = {split: {record["domain"] for record in records(split)} for split in SPLITS}
    texts = {split: {record["confirmed_task"] for record in records(split)} for split in SPLITS}
    assert sites["test_task"] == sites["train"] and texts["test_task"].isdisjoint(texts["train"])
    assert sites["test_website"].isdisjoint(sites["train"]) and domains["test_website"] <= domains["train"]
    assert sites["test_domain"].isdisjoint(sites["train"] | sites["test_website"])
    assert domains["test_domain"].isdisjoint(domains["train"])
    assert sum(map(len, texts.values())) == len(set().union(*texts.values())) == sum(len(records(s)) for s in SPLITS)


@every_split
def test_records_have_every_field_of_the_published_set(split: str) -> None:
    for index, record in enumerate(records(split)):
        check_record(record, index, FORMAT)
        assert len(record["action_reprs"]) == len(record["actions"])
    assert len({r["annotation_id"] for r in records(split)}) == len(records(split))
    assert len({a["action_uid"] for a in actions(split)}) == len(actions(split))
    assert {a["operation"]["op"] for a in actions(split)} == {"CLICK", "TYPE", "SELECT"}


def test_records_are_the_same_in_every_process() -> None:
    code = (
        "import hashlib, json, sys; from skillflow_gym.envs.mini import mind2web;"
        "print(hashlib.sha256(json.dumps(mind2web.records('test_website')).encode()).hexdigest())"
    )
    here = hashlib.sha256(json.dumps(records("test_website")).encode()).hexdigest()
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


def test_records_are_new_objects() -> None:
    mind2web.records("test_domain")[0]["actions"].clear()
    assert mind2web.records("test_domain")[0]["actions"]


# --- pages


@every_split
def test_pages_hold_every_candidate_and_its_html_is_real(split: str) -> None:
    for action in actions(split):
        raw = html.document_fromstring(action["raw_html"])
        clean = etree.fromstring(action["cleaned_html"])
        on_page = {node.get(ID): node.tag for node in clean.iter("*")}
        candidates = [*action["pos_candidates"], *action["neg_candidates"]]
        assert 10 < len(candidates) <= 50 and len({c["backend_node_id"] for c in candidates}) == len(candidates)
        for candidate in candidates:
            assert on_page[candidate["backend_node_id"]] == candidate["tag"]
            (node,) = raw.xpath(f"//*[@{ID}='{candidate['backend_node_id']}']")
            assert node.tag == candidate["tag"] and set(node.attrib) == set(json.loads(candidate["attributes"]))
        assert sum(c["is_original_target"] for c in action["pos_candidates"]) == 1
        assert action["raw_html"].startswith("<!DOCTYPE html>") and len(action["raw_html"]) < 8_000


@every_split
def test_the_operation_fits_its_element(split: str) -> None:
    for action in actions(split):
        op, value = action["operation"]["op"], action["operation"]["value"]
        (target,) = [c for c in action["pos_candidates"] if c["is_original_target"]]
        raw = html.document_fromstring(action["raw_html"])
        (node,) = raw.xpath(f"//*[@{ID}='{target['backend_node_id']}']")
        assert target["tag"] in {"TYPE": ("input", "textarea"), "SELECT": ("select",)}.get(op, ("a", "button", "input"))
        assert bool(value) == (op != "CLICK")
        if op == "SELECT":
            assert value in node.value_options and node.value != value, "the option does not hold yet"
        if op == "TYPE":
            assert not node.value, "nothing is typed yet"
        if node.get("type") in ("radio", "checkbox"):
            assert "checked" not in node.attrib, "it is not ticked yet"
            assert {c["tag"] for c in action["pos_candidates"]} == {"input", "label"}


def test_every_kind_of_control_is_used() -> None:
    kinds = Counter()
    for action in [a for split in SPLITS for a in actions(split)]:
        (target,) = [c for c in action["pos_candidates"] if c["is_original_target"]]
        kinds[target["tag"], json.loads(target["attributes"]).get("type", "")] += 1
    assert kinds.keys() == {
        *(("a", ""), ("button", "submit"), ("select", ""), ("textarea", "")),
        *(("input", kind) for kind in ("text", "email", "radio", "checkbox")),
    }
    assert min(kinds.values()) >= 5


@every_split
def test_what_is_done_is_seen_on_the_next_page_of_the_same_address(split: str) -> None:
    marked = 0
    for record in records(split):
        for before, after in zip(record["actions"], record["actions"][1:], strict=False):
            value = before["operation"]["value"]
            if value:
                seen = etree.fromstring(after["cleaned_html"])
                (target,) = before["pos_candidates"]
                (node,) = seen.xpath(f"//*[@{ID}='{target['backend_node_id']}']")
                chosen = node.xpath("./option[@option_selected]/@value")
                assert value in (node.get("input_value"), *chosen)
                marked += 1
    assert marked >= 60


# --- tasks


@every_split
def test_the_task_says_what_has_to_be_typed_and_chosen(split: str) -> None:
    for record in records(split):
        said = f" {' '.join(words(record['confirmed_task']))} "
        for action in record["actions"]:
            for word in words(action["operation"]["value"]):
                assert f" {word} " in said or word in ("author",), (record["confirmed_task"], action["operation"])


@every_split
def test_no_first_guess_solves_a_step(split: str) -> None:
    places = [
        [c["backend_node_id"] for c in sorted(candidates, key=lambda c: int(c["backend_node_id"]))].index(name)
        for action in actions(split)
        for candidates in [[*action["pos_candidates"], *action["neg_candidates"]]]
        for name in [action["pos_candidates"][0]["backend_node_id"]]
    ]
    assert Counter(places).most_common(1)[0][1] < len(places) / 3, "no place on the page is right a third of the time"


# --- the recorder


def test_a_control_that_is_not_there_is_an_error() -> None:
    visit = Browser(mind2web.SITES[0])
    for step in (click("Book a flight"), enter("Month", "May"), choose("Month", "Brumaire")):
        with pytest.raises(LookupError, match=f"harbourstay: .* for Step\\(op='{step.op}'"):
            visit.perform(step)


def test_markup_is_escaped() -> None:
    made = element(
        "a", 'x < y & "z"', Html("<b>bold</b>"), href='/?q="1"', hidden=True, title="", for_="me", aria_label="l"
    )
    assert made == ('<a href="/?q=&quot;1&quot;" hidden for="me" aria-label="l">x &lt; y &amp; "z"<b>bold</b></a>')
    assert element("input", checked=False, type="radio") == '<input type="radio">'
