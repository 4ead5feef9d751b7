"""Sums over what is alike in records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np  # noqa: TID253 - a test of arrays
import pytest

from pytest_llmlat.analysis.item_units import Units, known_columns
from tests.unit.builders import a_record


@pytest.mark.parametrize("cluster", [None, "c"])
def test_columns_are_summed_as_rows_are(cluster: str | None) -> None:
    """A value for each record or one for all, of units of one record or several."""
    records = [
        replace(a_record(sample), cluster=cluster and f"{cluster}{place % 2}")
        for place, sample in enumerate(("b", "c", "a"))
    ]
    units = Units(records)

    found = units.sums_of([0.1, 0.2, 0.3], 1.0)

    rows = units.sums([(0.1, 1.0), (0.2, 1.0), (0.3, 1.0)])
    assert np.array_equal(found, rows)
    assert found.shape == (3 if cluster is None else 2, 2)


def test_a_value_that_is_missing_weighs_nothing() -> None:
    """It is neither in the sum nor in the number."""
    assert known_columns([2.0, None]) == ([2.0, 0.0], [1.0, 0.0])
    assert known_columns([2.0, 3.0]) == ([2.0, 3.0], 1.0)
