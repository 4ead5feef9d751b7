"""Quality and speed of a cell under a load that went round its samples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.cell_bootstrap import bootstrap_cells, items_of
from pytest_llmlat.analysis.cell_estimates import estimates_of
from pytest_llmlat.analysis.resampling import resampled_sums
from pytest_llmlat.values.answer_speed import answer_time
from pytest_llmlat.values.results import Estimate
from tests.unit.builders import (
    a_cell,
    a_grade,
    a_record,
    a_sample,
    a_task,
    a_timing,
    an_error,
    an_overflow,
)

if TYPE_CHECKING:
    from pytest_llmlat.analysis.cell_bootstrap import CellBootstrap
    from pytest_llmlat.values.records import Record


def bootstrap_cell(records: list[Record], seed: int) -> CellBootstrap:
    """Bootstrap one cell, as all cells of a run are."""
    return bootstrap_cells([items_of(records)], seed)[0]


def asked(
    sample: str, number: int, *, value: float = 1.0, seconds: float = 1.0
) -> Record:
    """Return what one request about a sample gave."""
    record = a_record(sample, value=value, timing=a_timing(seconds))
    return replace(record, round=number)


def test_an_answer_has_a_time_and_a_failure_has_none() -> None:
    """What never came has no latency that could be averaged."""
    cut = replace(a_record(finish="timeout"), timing=a_timing(0.5, end_s=2.0))

    assert answer_time(a_record(timing=a_timing(0.5, 1.5, end_s=9.0))) == 1.5
    assert answer_time(an_error()) is None
    assert answer_time(an_overflow()) is None
    assert answer_time(cut) is None


def test_a_time_out_has_no_speed() -> None:
    """Nor has an error or a prompt that was turned away."""
    cut = replace(a_record("t", value=0.0, finish="timeout"), timing=a_timing(0.1))

    assert (
        estimates_of([a_record(), cut, an_error(), an_overflow()]).speed.value
        == 0.5 / 4
    )


def test_every_request_counts_alike() -> None:
    """The figures of a cell are means over its requests, not over its samples."""
    records = [
        asked("a", 0, seconds=1.0),
        asked("a", 1, value=0.0, seconds=3.0),
        asked("a", 2, value=0.0, seconds=3.0),
        asked("b", 0, seconds=1.0),
    ]

    found = estimates_of(records)

    assert found.value.value == found.quality == 2 / 4
    assert found.speed.value == pytest.approx((0.5 + 0.25 + 0.25 + 0.5) / 4)


@pytest.mark.slow
def test_rounds_of_unequal_length_are_drawn_by_sample() -> None:
    """Each draw is the mean over all requests of the samples that it drew."""
    import numpy as np

    records = [
        asked("b", 0, value=0.0, seconds=3.0),
        asked("a", 0, seconds=1.0),
        asked("c", 0, value=0.0, seconds=1.0),
        asked("b", 1, value=1.0, seconds=1.0),
        asked("a", 1, value=1.0, seconds=3.0),
    ]
    weights = resampled_sums(np.eye(3), seed="5|reasoning/sums")
    requests = weights @ np.array([2.0, 2.0, 1.0])

    bootstrap = bootstrap_cell(records, 5)

    right = weights @ np.array([2.0, 1.0, 0.0])
    speed = weights @ np.array([0.75, 0.75, 0.5])
    assert bootstrap.quality_draws == pytest.approx(right / requests)
    assert bootstrap.speed_draws == pytest.approx(speed / requests)


def test_the_order_in_which_answers_came_draws_no_other_samples() -> None:
    """Two models under a load stay a pair, whichever request ended first."""
    records = [asked(f"s{n % 4}", n // 4, value=n % 3 == 0) for n in range(10)]

    first, second = bootstrap_cell(records, 1), bootstrap_cell(records[::-1], 1)

    assert (first.quality_draws == second.quality_draws).all()
    assert first.speed_draws == pytest.approx(second.speed_draws)


def test_asking_again_says_no_more_of_a_detail() -> None:
    """Further figures are drawn by sample too."""
    base = [a_record(f"s{n}", value=float(n % 2)) for n in range(6)]
    once = [
        replace(r, grade=replace(r.grade, details=(("x", n / 6),)))
        for n, r in enumerate(base)
    ]
    often = [replace(record, round=n) for n in range(4) for record in once]

    (name, narrow), (same, wide) = (
        estimates_of(often).details[0],
        estimates_of(once).details[0],
    )

    assert name == same == "x"
    assert narrow.value == pytest.approx(wide.value)
    assert (narrow.low, narrow.high) == pytest.approx((wide.low, wide.high))


@pytest.mark.slow
def test_a_corpus_that_was_asked_often_is_no_surer() -> None:
    """Counts of a corpus add up, and its interval stays that of its sentences."""
    pytest.importorskip("sacrebleu")
    task = a_task("translation/x", extractor="text", metric="chrf++")
    cell = a_cell(task=task.name)
    pairs = [("Der Hund", "Der Hund"), ("Die Katze", "Der Kater"), ("ja", "nein")]
    once = [
        replace(
            a_record(f"s{n}", cell=cell),
            metric="chrf++",
            grade=a_grade("chrf++", answer, task, a_sample("s", right)),
        )
        for n, (answer, right) in enumerate(pairs)
    ]
    often = [replace(record, round=n) for n in range(5) for record in once]

    assert estimates_of(often).value.estimate == estimates_of(once).value.estimate
    assert bootstrap_cell(often, 0).value_draws == pytest.approx(
        bootstrap_cell(once, 0).value_draws
    )


def test_one_sample_has_the_same_draw_every_time() -> None:
    """However often it was asked: from one item nothing is known of others."""
    records = [asked("a", n, value=float(n % 2)) for n in range(6)]

    assert estimates_of(records).value.estimate == Estimate(value=0.5)
    assert set(bootstrap_cell(records, 0).value_draws) == {0.5}
