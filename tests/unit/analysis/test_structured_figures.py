"""Figures of structured answers: read off records whose metric tells them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.analysis.summary import condense
from pytest_llmlat.values.records import Grade, Record
from tests.unit.builders import a_record, some_facts


def structured(sample: str, valid: float, fields: float) -> Record:
    """Return a record with both details."""
    details = (("valid", valid), ("fields", fields))
    grade = Grade(value=valid * fields, correct=False, details=details)
    return replace(a_record(sample), metric="structured", grade=grade)


def test_validity_and_fields_are_told_apart() -> None:
    """Of all answers, those that do not fit among them."""
    records = [structured("a", 1, 0.5), structured("b", 0, 0.75), structured("c", 1, 1)]
    facts = replace(some_facts(planned=3), constraint_compile_s=0.25)

    told = dict(condense(facts, records).figures["numbers"])

    assert told["valid_share"] == pytest.approx(2 / 3)
    assert told["field_share"] == pytest.approx(0.75)
    assert told["constraint_compile_s"] == 0.25


def test_other_metrics_have_no_such_figures() -> None:
    """Not zero: a summary is not held to any schema."""
    told = dict(condense(some_facts(planned=1), [a_record("a")]).figures["numbers"])

    assert told["valid_share"] is None
    assert told["field_share"] is None
    assert told["constraint_compile_s"] is None
