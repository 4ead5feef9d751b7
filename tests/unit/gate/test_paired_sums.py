"""Sums of many pairs, drawn from their normal limit."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import stdev

import pytest

from pytest_llmlat.gate import paired_sums
from pytest_llmlat.gate.changes import (
    BALANCED,
    QUALITY,
)
from pytest_llmlat.values.records import Grade
from tests.unit.gate.test_changes import compared, graded, timed


@pytest.mark.slow
def test_a_latency_that_few_of_many_have_is_not_wild(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Six of three hundred: the error is that of six, however sums are drawn."""
    logs = [0.1, 0.3, -0.2, 0.4, 0.0, 0.2]
    ours = timed([math.exp(each) for each in logs] + [None] * 294)
    theirs = timed([1.0] * 300)
    for most in (2000, 10):
        monkeypatch.setattr(paired_sums, "MOST_RESAMPLED", most)
        change = compared(ours, theirs)["e2e"]
        assert change.error == pytest.approx(stdev(logs) / math.sqrt(6), rel=0.05)


def test_a_score_of_almost_nothing_has_no_negative_draws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The normal limit would draw speeds below 0, which have no geometric mean."""
    monkeypatch.setattr(paired_sums, "MOST_RESAMPLED", 10)
    found = compared(timed([1.0, *[None] * 99]), timed([1.0, 2.0, *[None] * 98]))

    assert math.isfinite(found[BALANCED].error)
    assert 0 <= found[BALANCED].p <= 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["e2e", "ttft", QUALITY, BALANCED])
def test_the_normal_limit_agrees_with_resampling(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """For the same 400 pairs, errors and intervals differ by a few per cent."""
    import numpy as np

    source = np.random.default_rng(3)
    times = np.exp(source.normal(0, 0.5, 400))
    slower = times * np.exp(source.normal(0.02, 0.2, 400))
    right = source.random(400)
    ours = [
        replace(record, grade=Grade(value=float(value)))
        for record, value in zip(timed(slower.tolist()), right**1.1, strict=True)
    ]
    theirs = [
        replace(record, grade=Grade(value=float(value)))
        for record, value in zip(timed(times.tolist()), right[::-1], strict=True)
    ]
    drawn = compared(ours, theirs)[kind]
    monkeypatch.setattr(paired_sums, "MOST_RESAMPLED", 399)
    limit = compared(ours, theirs)[kind]

    assert limit.draws is not drawn.draws
    assert limit.estimate == drawn.estimate
    assert limit.error == pytest.approx(drawn.error, rel=0.04)
    assert limit.p == pytest.approx(drawn.p, rel=0.3)  # some 3 % of its distance
    for alpha in (0.05, 0.01):
        assert limit.interval(alpha) == pytest.approx(
            drawn.interval(alpha), abs=0.15 * drawn.error
        )


def test_the_normal_limit_holds_both_sides_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What both sides share is no spread of the change."""
    import numpy as np

    monkeypatch.setattr(paired_sums, "MOST_RESAMPLED", 10)
    values = np.random.default_rng(5).random(300) * 0.5
    found = compared(
        graded((values / 2).tolist()), graded((values / 2 + 0.25).tolist())
    )

    assert found[QUALITY].error == pytest.approx(0.0, abs=1e-9)
