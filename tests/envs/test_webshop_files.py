"""Catalogue files: what is left out, what is refused and how, and reading them in pieces."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym.envs.webshop import WebShopEnv, engine, reading
from skillflow_gym.sources import SourceError
from skillflow_gym.tasks import RecordError
from tests.envs.webshop_files import ATTRIBUTES, HUMAN, PRODUCTS, contents, write


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def change(files: dict[str, Any], index: int, **fields: Any) -> None:
    """Set fields of a product; ... deletes one."""
    for name, value in fields.items():
        if value is ...:
            del files[PRODUCTS][index][name]
        else:
            files[PRODUCTS][index][name] = value


PRODUCT = [
    ({"name": ...}, "field name is missing"),
    ({"name": 7}, "field name: expected str, got int"),
    ({"asin": ...}, "field asin is missing"),
    ({"asin": "ÄÖÜ"}, "field asin: expected at most ten ASCII characters"),
    ({"full_description": None}, "field full_description: expected str, got NoneType"),
    ({"query": ["x"]}, "field query: expected str, got list"),
    ({"category": ...}, "field category is missing"),
    ({"product_category": 1.5}, "field product_category: expected str"),
    ({"small_description": ...}, "field small_description is missing"),
    ({"small_description": ["a", 3]}, r"field small_description\[1\]: expected str, got int"),
    ({"small_description": []}, "field small_description: expected a text at least"),
    ({"pricing": "12.50"}, r"field pricing: expected '\$9.99'"),
    ({"pricing": "$1.2.3"}, r"field pricing: expected '\$9.99'"),
    ({"pricing": 12.5}, r"field pricing: expected '\$9.99'"),
    ({"customization_options": ["Size"]}, "field customization_options: expected an object, got list"),
    ({"customization_options": {"Size": "x"}}, r"field customization_options\.Size: expected a list, got str"),
    ({"customization_options": {"Size": [{}]}}, r"field customization_options\.Size\[0\]\.value is missing"),
]


@pytest.mark.parametrize(("fields", "message"), PRODUCT)
def test_a_broken_product_is_named(fields: dict[str, Any], message: str, tmp_path: Path) -> None:
    files = contents()
    change(files, 3, **fields)
    with pytest.raises(RecordError, match=rf"{PRODUCTS}: record 3: {message}"):
        WebShopEnv("WebShop", source=write(tmp_path, files)).reset(seed=0)


ENTRY = [
    (ATTRIBUTES, [], r"field {asin}: expected an object, got list"),
    (ATTRIBUTES, {"attributes": "soft"}, r"field {asin}\.attributes: expected a list, got str"),
    (ATTRIBUTES, {"attributes": [1]}, r"field {asin}\.attributes\[0\]: expected str"),
    (ATTRIBUTES, {"instruction": 5}, r"field {asin}\.instruction: expected str"),
    (
        ATTRIBUTES,
        {"instruction": "Find me"},
        r"field {asin}\.instruction_attributes: an instruction needs at least one",
    ),
    (HUMAN, {}, r"field {asin}: expected a list, got dict"),
    (HUMAN, [{"instruction": "x", "instruction_attributes": []}], r"field {asin}\[0\]\.instruction_options is missing"),
    (HUMAN, [{"instruction": 1, "instruction_attributes": [], "instruction_options": []}], r"field {asin}\[0\]\.instr"),
]


@pytest.mark.parametrize(("name", "entry", "message"), ENTRY)
def test_a_broken_entry_is_named(name: str, entry: Any, message: str, tmp_path: Path) -> None:
    files = contents()
    asin = list(files[name])[2]
    files[name][asin] = entry
    with pytest.raises(RecordError, match=rf"{name}: record 2: {message.format(asin=asin)}"):
        WebShopEnv("WebShop", source=write(tmp_path, files)).reset(seed=0)


@pytest.mark.parametrize("name", [PRODUCTS, ATTRIBUTES, HUMAN])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text[: len(text) // 2], "record .*: not JSON"),
        (lambda text: "", "expected a JSON .*, got nothing"),
        (lambda text: "[[" if text[0] == "{" else "{", "expected a JSON"),
        (lambda text: text.replace(",", ";", 1), "record 0: not JSON"),
        (lambda text: text[:1] + "1 2", "record .*: not JSON: expected|record 0: .*expected"),
    ],
)
def test_broken_json_is_named(name: str, spoil: Callable[[str], str], message: str, tmp_path: Path) -> None:
    files = contents(20)
    files[name] = spoil(json.dumps(files[name]))
    with pytest.raises(RecordError, match=f"{name}: (?:{message})"):
        WebShopEnv("WebShop", source=write(tmp_path, files)).reset(seed=0)


def test_text_that_is_not_utf_8(tmp_path: Path) -> None:
    source = write(tmp_path, contents(20))
    (tmp_path / PRODUCTS).write_bytes(b'[{"asin": "\xff"}]')
    with pytest.raises(RecordError, match=f"{PRODUCTS}: not UTF-8"):
        WebShopEnv("WebShop", source=source).reset(seed=0)


def test_files_of_different_versions_are_refused(tmp_path: Path) -> None:
    files = contents()
    files[ATTRIBUTES] = {f"X{i}": {"attributes": []} for i in range(60)}
    with pytest.raises(
        RecordError, match=f"{ATTRIBUTES}: no entry for '.*', record 0 of {PRODUCTS}: the two files are"
    ):
        WebShopEnv("WebShop", source=write(tmp_path, files)).reset(seed=0)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"expected items_shuffle.json or items_shuffle_1000.json"):
        WebShopEnv("WebShop", source=f"file:{tmp_path}")
    files = contents(20)
    with pytest.raises(SourceError, match=f"{ATTRIBUTES} is missing beside {PRODUCTS}"):
        WebShopEnv("WebShop", source=write(tmp_path, {**files, ATTRIBUTES: None}))
    source = write(tmp_path, {**files, HUMAN: None})
    with pytest.raises(RecordError, match="holds no product"):
        WebShopEnv("WebShop", source=write(tmp_path, {PRODUCTS: "[]"})).reset(seed=0)
    write(tmp_path, {PRODUCTS: files[PRODUCTS]})
    (tmp_path / HUMAN).unlink(missing_ok=True)
    with pytest.raises(SourceError, match=f"human_goals needs {HUMAN} beside the product file"):
        WebShopEnv("WebShop", source=source, human_goals=True).reset(seed=0)


def test_nothing_half_built_stays(tmp_path: Path, cache: Path) -> None:
    files = contents()
    change(files, 59, name=...)
    with pytest.raises(RecordError):
        WebShopEnv("WebShop", source=write(tmp_path, files)).reset(seed=0)
    assert list((cache / "skillflow-gym" / "webshop").iterdir()) == []


def test_products_that_the_original_leaves_out(tmp_path: Path) -> None:
    files = contents(20)
    files[PRODUCTS] += [
        {"asin": "nan"},
        {"asin": "ELEVEN-LONG"},
        {**files[PRODUCTS][0], "name": "A second of its asin"},
    ]
    source = write(tmp_path, files)
    catalogue = engine.open_catalogue(engine.resolve(source))
    assert len(catalogue) == 20 and catalogue.product(0).title == files[PRODUCTS][0]["name"]


def test_the_forms_that_fields_may_take(tmp_path: Path) -> None:
    files = contents(20)
    change(files, 0, small_description="one text", pricing=None, customization_options="")
    change(files, 1, pricing="$1,234.50$2,000", customization_options={"Fit/Type": None, "SIZE": [{"value": " S/M "}]})
    del files[ATTRIBUTES][files[PRODUCTS][0]["asin"]]
    catalogue = engine.open_catalogue(engine.resolve(write(tmp_path, files)))
    first, second = catalogue.product(0), catalogue.product(1)
    assert (first.features, first.price_tag, first.prices, first.options) == (("one text",), "$100.0", (100.0,), {})
    assert first.attributes == ("DUMMY_ATTR",) and first.instruction is None
    assert (second.price_tag, second.prices) == ("$1234.5 to $2000.0", (1234.5, 2000.0))
    assert second.options == {"size": ["s | m"]}


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    files = contents(20)
    source = write(tmp_path, files)
    assert len(engine.open_catalogue(engine.resolve(source))) == 20
    write(tmp_path, {PRODUCTS: files[PRODUCTS][:15]})
    assert len(engine.open_catalogue(engine.resolve(source))) == 15


def test_a_cache_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    catalogue = engine.open_catalogue(engine.resolve(write(tmp_path, contents(20))))
    assert len(catalogue.scores("of", 5)) == 0 and catalogue.product(19).title
    assert "cannot be written, so the catalogue is built for this run only" in caplog.text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=4), json_values, max_size=4), max_size=8),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
)
def test_reading_in_pieces_of_any_size(records: list[Any], chunk: int, indent: int | None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "CHUNK", chunk)
        text = json.dumps(records, ensure_ascii=False, indent=indent)
        assert list(reading.items(io.StringIO(text), Path("x"), list)) == list(enumerate(records))
        by_key = {f"k{i}": record for i, record in enumerate(records)}
        assert list(reading.items(io.StringIO(json.dumps(by_key)), Path("x"), dict)) == list(by_key.items())
