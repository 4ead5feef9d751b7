"""What is read back from a run's files is what was written, or it is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.store.json_lines import facts_of, json_object, parsed, verdict_of
from pytest_llmlat.store.record_lines import record_of
from pytest_llmlat.values.cell_facts import CellFacts
from pytest_llmlat.values.records import Record
from pytest_llmlat.values.results import Verdict
from tests.unit.builders import a_record, some_facts

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample", 3),
        ("answer", 4),
        ("round", "0"),
        ("shots", [3]),
        ("groups", [["depth"]]),
        ("groups", [["depth", 50]]),
        ("graded", 1),
        ("turn", "1"),
        ("system", 3),
        ("finish", "done"),
        ("metric", None),
        ("budget_s", 0),
        ("budget_s", True),
        ("chance", 1.0),
        ("output_tokens", 1.5),
        ("unparsed", 1),
        ("timing", []),
        ("timing", {"start_ns": 0, "end_ns": 1, "stamps_ns": [1], "stamp_tokens": []}),
        ("timing", {"start_ns": 0, "end_ns": 1.5, "stamps_ns": [], "stamp_tokens": []}),
        ("grade", {"value": "1", "correct": True, "details": [], "counts": []}),
        ("grade", {"value": 1.0, "correct": 2, "details": [], "counts": []}),
        ("grade", {"value": 1.0, "correct": True, "details": [[]], "counts": []}),
        ("grade", {"value": 1e999, "correct": True, "details": [], "counts": []}),
        ("transport", {"retries": "1"}),
    ],
)
def test_a_line_of_another_form_is_no_record(field: str, value: object) -> None:
    """A figure of it would be wrong, or break the run's summary."""
    content = json.loads(json.dumps(json_object(a_record())))
    assert record_of(content) == a_record()

    with pytest.raises(ValueError, match="no record"):
        record_of({**content, field: value})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
    ),
    max_leaves=5,
)


@given(JSON, st.sampled_from(sorted(json_object(a_record()))), JSON)
def test_any_json_is_a_value_or_refused(whole: object, name: str, part: object) -> None:
    """Whatever stands in a file that was edited, it is never a stray exception."""
    for build, line in (
        (record_of, {**json_object(a_record()), name: part}),
        (facts_of, {**json_object(some_facts()), name: part}),
        (verdict_of, {"cell": part, "outcome": part}),
    ):
        for content in (whole, line):
            value: object = None
            with suppress(ValueError):
                value = build(content)
            assert value is None or isinstance(value, Record | CellFacts | Verdict)


def test_what_a_later_version_adds_is_left_aside() -> None:
    """And what an earlier one did not write has its default, or is absent."""
    content = json.loads(json.dumps(json_object(a_record())))
    for name in ("transport", "round"):
        del content[name]
    content["timing"]["new"] = content["new"] = 1

    assert record_of(content) == a_record()
    facts = json_object(some_facts())
    del facts["warmup_s"], facts["load"]
    assert facts_of({**facts, "new": 1}) == replace(some_facts(), warmup_s=None)


def test_examples_and_system_prompt_come_back() -> None:
    """And an older line, which has none, is read all the same."""
    record = replace(
        a_record(),
        shots=("t1", "t2"),
        system="Be brief.",
        conversation="a",
        turn=2,
        continues=True,
        graded=False,
        groups=(("length", "1k"), ("depth", "50%")),
    )
    content = json.loads(json.dumps(json_object(record)))

    assert record_of(content) == record
    for name in ("shots", "system", "conversation", "turn", "continues", "graded"):
        del content[name]
    del content["groups"]
    assert record_of(content) == a_record()


@pytest.mark.parametrize("line", [b"", b"{", b"NaN\n", b"\xff\n", b"[" * 100_000])
def test_what_is_no_json_is_refused(line: bytes) -> None:
    """With one error, whatever is wrong with it."""
    with pytest.raises(ValueError, match=r"."):
        parsed(line)
