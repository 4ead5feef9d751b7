"""Baselines that were damaged, edited or forged: none gives other numbers."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.store.baselines import (
    Baseline,
    baseline_files,
    load,
)
from pytest_llmlat.values.errors import BadBaseline, UsageError
from pytest_llmlat.values.records import Grade
from tests.unit.builders import (
    a_record,
    an_error,
    an_overflow,
)

if TYPE_CHECKING:
    from collections.abc import Callable

from tests.unit.store.test_baselines import FLOATS, of_run, saved, translated


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("<<<<<<< HEAD\n{}", "is not JSON"),
        ("{]}", "is not JSON"),
        ('{"kind": "pytest-llmlat', "is cut off"),
        ("[]", "is no baseline of pytest-llmlat"),
        ('{"schema": 1}', "is no baseline of pytest-llmlat"),
        ('{"kind": NaN}', "is not JSON (it holds NaN"),
        ("[" * 100_000, "is not JSON"),
        ("1" * 5_000, "is not JSON"),
        ('{"kind": "pytest-llmlat baseline", "schema": 1, "a": 1e999}', "was changed"),
        ('{"kind": "pytest-llmlat baseline", "schema": "1"}', "was changed"),
    ],
)
def test_what_is_no_baseline_says_so(tmp_path: Path, text: str, told: str) -> None:
    """Whatever stands there, the message names the file and what to do."""
    path = tmp_path / "base.json"
    path.write_text(text, "utf-8")

    with pytest.raises(BadBaseline) as caught:
        load(path)

    assert f"baseline {path}: {told}" in str(caught.value)
    assert "--llm-save-baseline=" in str(caught.value)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    """The line can be pasted."""
    path = tmp_path / "base.json"

    with pytest.raises(UsageError, match="no such file") as caught:
        load(path)

    assert f"--llm-save-baseline={path}" in str(caught.value)


def test_bytes_are_no_baseline(tmp_path: Path) -> None:
    """A file of another kind is told as such, and so is a name that cannot be."""
    path = tmp_path / "base.json"
    path.write_bytes(b"\x1f\x8b\xff")

    with pytest.raises(BadBaseline, match="is no text"):
        load(path)
    with pytest.raises(BadBaseline, match="cannot be read"):
        load(Path("base\0.json"))


def test_a_newer_form_says_who_wrote_it(tmp_path: Path) -> None:
    """An older plugin does not guess at what it does not know."""
    path = saved(tmp_path / "base.json", [a_record()])
    text = path.read_text("ascii").replace('"schema": 2', '"schema": 3')
    path.write_text(text, "ascii")

    with pytest.raises(BadBaseline, match=r"pytest-llmlat 0\.3\.0 in a newer form"):
        load(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"value": 1.0', '"value": 0.9'),
        ('"first_ns": 1000000000', '"first_ns": 9000000000'),
        ('"mean_grade": 1.0', '"mean_grade": 0.5'),
        ('"cpu": "A"', '"cpu": "B"'),
        ('"contended": null', '"contended": "no"'),
        ('"schema": 2', '"schema": true'),
    ],
)
def test_an_edited_file_is_told(tmp_path: Path, old: str, new: str) -> None:
    """A baseline that was made slower by hand would let every later run pass."""
    path = saved(tmp_path / "base.json", [a_record()])
    text = path.read_text("ascii")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "ascii")

    with pytest.raises(BadBaseline, match="do not edit it, but make it anew"):
        load(path)


def test_a_new_layout_is_no_edit(tmp_path: Path) -> None:
    """Git's line endings, a byte order mark and a formatter change no number."""
    path = saved(tmp_path / "base.json", [a_record(), an_error()])
    before = load(path)

    text = path.read_text("ascii")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load(path) == before
    path.write_text(json.dumps(json.loads(text), indent=4, sort_keys=True), "utf-8")
    assert load(path) == before


def forged(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change a baseline and sign it as if it had been saved so."""
    content = json.loads(path.read_text("ascii"))
    change(content)
    rest = {
        key: value for key, value in content.items() if key not in baseline_files.HEAD
    }
    path.write_text(baseline_files.signed(rest), "ascii")
    return path


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("finish", "stopp", "'finish' holds 'stopp', not one of stop, length"),
        ("difficulty", 3, "'difficulty' holds 3, not a text, or null"),
        ("first_ns", -1, "'first_ns' holds -1, not a whole number, 0 or more"),
        ("span_ns", 0.5, "'span_ns' holds 0.5"),
        ("tail_ns", True, "'tail_ns' holds True"),
        ("stamps", 10**12, "'stamps' holds 1000000000000"),
        ("queue_ns", -1, "'queue_ns' holds -1"),
        ("budget_s", -1.0, "'budget_s' holds -1.0"),
        ("budget_s", None, "'budget_s' holds None"),
        ("value", "1", "'value' holds '1', not a number between 0 and 1"),
        ("value", 10**400, "not well-formed"),
        ("value", [1.0], "'value' has 1 values for 2 records"),
        ("value", [1.0, 1.0, 1.0], "'value' has 3 values for 2 records"),
        ("sample", ["a", "a"], "the same sample is in it twice"),
        ("sample", "a", "'sample' is no list"),
        ("sample", [], "'sample' is no list"),
        ("sample", ["a", 1], "'sample' holds 1, not a text"),
        ("answer", "4B227777", "'answer' holds '4B227777'"),
        ("first_ns", None, "not well-formed"),
        ("later_tokens", 7, "more tokens than stamps"),
        ("extra", 1, "missing or unknown: extra"),
        ("details_names", ["a", "a"], "details_names"),
        ("details", [1.0], "not well-formed"),
        ("counts", [[1], 2], "'counts' has 1 values for 2 records"),
        ("counts_less_than", [0, None], "names no column before"),
        ("counts_less_than", [None], "not well-formed"),
    ],
)
def test_an_ill_formed_column_is_told(
    tmp_path: Path, column: str, value: object, told: str
) -> None:
    """Even with a true checksum, no number is made of what is none."""
    grade = Grade(value=1.0, counts=(5.0, 7.0))
    records = [replace(a_record(name), grade=grade) for name in ("a", "b")]
    path = saved(tmp_path / "base.json", records)
    forged(path, lambda c: of_run(c)["cells"][0]["columns"].update({column: value}))

    with pytest.raises(BadBaseline) as caught:
        load(path)

    assert told in str(caught.value)
    assert "make it anew" in str(caught.value)


def of_cell(content: dict[str, Any]) -> dict[str, Any]:
    """Return the first cell of the one run of a file."""
    found: dict[str, Any] = of_run(content)["cells"][0]
    return found


ILL_FORMED: dict[str, Callable[[dict[str, Any]], object]] = {
    "no cells": lambda content: of_run(content).pop("cells"),
    "empty cells": lambda content: of_run(content)["cells"].clear(),
    "cell twice": lambda content: of_run(content)["cells"].append(of_cell(content)),
    "no model": lambda content: of_cell(content).pop("model"),
    "task no text": lambda content: of_cell(content).update(task=1),
    "half a fact": lambda content: of_cell(content).update(backend=[["dtype"]]),
    "columns a list": lambda content: of_cell(content).update(columns=[]),
    "environment a list": lambda content: of_run(content).update(environment=[1]),
    "fact a list": lambda content: of_run(content)["environment"].update(cpu=[1]),
    "created null": lambda content: of_run(content).update(created=None),
    "no runs": lambda content: content["runs"].clear(),
    "a run twice": lambda content: content["runs"].append(of_run(content)),
}


@pytest.mark.parametrize("fault", list(ILL_FORMED))
def test_an_ill_formed_whole_is_told(tmp_path: Path, fault: str) -> None:
    """What lacks a part or has one of another kind is a bad baseline, nothing else."""
    path = forged(saved(tmp_path / "base.json", [a_record()]), ILL_FORMED[fault])

    with pytest.raises(BadBaseline, match="not well-formed"):
        load(path)


WHOLE = [
    replace(record, grade=translated(number).grade)
    for number, record in enumerate(
        [a_record(), an_error(), an_overflow(), replace(a_record(), round=1)]
    )
]


def reloaded(data: bytes) -> Baseline | None:
    """Load what a mutation left, ``None`` if it is told as bad."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "base.json"
        path.write_bytes(data)
        try:
            return replace(load(path), name="")
        except BadBaseline:
            return None


def original() -> bytes:
    """Return the bytes of a saved baseline."""
    with tempfile.TemporaryDirectory() as folder:
        return saved(Path(folder) / "base.json", WHOLE).read_bytes()


ORIGINAL = original()


MEASURED = reloaded(ORIGINAL)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damaged_bytes_never_give_other_numbers(data: st.DataObject) -> None:
    """Bytes flipped, lost, doubled or put in: told, or the same baseline."""
    place = data.draw(st.integers(0, len(ORIGINAL) - 1))
    length = data.draw(st.integers(0, 40))
    bits = data.draw(st.binary(max_size=8) | st.sampled_from([b" ", b"\n", b"0", b"."]))
    damaged = ORIGINAL[:place] + bits + ORIGINAL[place + length :]

    assert MEASURED is not None
    assert reloaded(damaged) in (None, MEASURED)


@given(st.integers(0, len(ORIGINAL) - 3))
def test_a_file_that_was_cut_is_told(length: int) -> None:
    """A download or a disk that ended too soon gives no numbers."""
    assert reloaded(ORIGINAL[:length]) is None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def mutations(draw: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the content of the file with one value somewhere replaced by another."""
    content: dict[str, Any] = json.loads(ORIGINAL)
    place: Any = content
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            place[key] = draw(JSON_VALUES)
            return content
        place = inner


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(mutations())
def test_a_replaced_value_never_gives_other_numbers(content: dict[str, Any]) -> None:
    """Any value anywhere, however plausible the new one."""
    found = reloaded(json.dumps(content).encode())

    assert found is None or json.dumps(content) == json.dumps(json.loads(ORIGINAL))


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(mutations())
def test_a_signed_replacement_breaks_nothing(content: dict[str, Any]) -> None:
    """With a true checksum too, what cannot be read is a bad baseline and no crash."""
    rest = {
        key: value for key, value in content.items() if key not in baseline_files.HEAD
    }

    found = reloaded(baseline_files.signed(rest).encode())

    assert found is None or all(cell.records for cell in found.cells)
