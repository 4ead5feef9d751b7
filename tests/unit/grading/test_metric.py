"""What a metric promises of itself, and that it is held to it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np  # noqa: TID253 - a test may load what it compares with
import pytest

from pytest_llmlat.analysis.cell_bootstrap import bootstrap_cells, items_of
from pytest_llmlat.analysis.cell_estimates import estimates_of
from pytest_llmlat.grading.grade import grade
from pytest_llmlat.grading.metrics import METRICS, Corpus, Metric
from pytest_llmlat.grading.metrics.metric import as_metric, checked
from pytest_llmlat.values.errors import BadExtension
from pytest_llmlat.values.records import Grade
from tests.unit.builders import a_record, a_sample, a_task

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task


def half(value: str | None, task: Task, sample: Sample) -> Grade:
    """Give every answer one half."""
    del value, task, sample
    return Grade(value=0.5, counts=(1.0, 4.0))


ERRORS = Metric(
    grade=half,
    binary=False,
    direction="lower",
    counts=2,
    corpus=Corpus(
        figure=lambda rows: sum(row[0] for row in rows) / sum(row[1] for row in rows),
        draws=lambda sums: np.asarray(sums[:, 0] / sums[:, 1]),
    ),
)


def _as_given(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - what types forbid
    """Return fields as somebody without a type checker may give them."""
    return fields


@pytest.mark.parametrize(
    ("metric", "complaint"),
    [
        (half, "must be a Metric"),
        (Metric(binary=False), "either 'grade' or 'run'"),
        (replace(ERRORS, run=lambda *_: Grade(value=0.0)), "either 'grade' or 'run'"),
        (replace(ERRORS, **_as_given(grade="half")), "'grade' must be a function"),
        (
            replace(ERRORS, **_as_given(direction="down")),
            "must be higher or lower",
        ),
        (replace(ERRORS, counts=0), "'counts' must say how many"),
    ],
)
def test_a_metric_that_lacks_something_is_refused(
    metric: object, complaint: str
) -> None:
    """What is missing is told when it is registered, and not in the midst of a run."""
    with pytest.raises(TypeError, match=complaint):
        as_metric("mine", metric)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"value": 1.01}, "gave 1.01, which is not between 0 and 1"),
        ({"value": -0.01}, "gave -0.01, which is not between"),
        (
            {"value": float("nan")},
            "gave a Grade whose value must be a finite float, not nan",
        ),
        ({"counts": (1.0,)}, "gave 1 counts where it promises 2"),
        (None, "must give a Grade"),
    ],
)
def test_a_grade_that_breaks_the_promise_is_no_grade(
    changes: dict[str, Any] | None, complaint: str
) -> None:
    """A figure made of it would be wrong."""
    plain = Grade(value=0.5, counts=(1.0, 4.0))
    wrong: Any = None if changes is None else replace(plain, **changes)
    metric = replace(ERRORS, grade=lambda *_: wrong)
    undo = METRICS.add([("a test", {"mine": metric})])
    task = replace(a_task(), extractor="text", metric="mine")

    try:
        with pytest.raises(BadExtension, match=f"metric 'mine' {complaint}"):
            grade("x", task, a_sample(), None)
    finally:
        undo()


def test_quality_is_higher_where_a_metric_is_lower() -> None:
    """The quality of a cell is 1 - figure; the figure is of the whole cell too."""
    undo = METRICS.add([("a test", {"errors": ERRORS})])
    task = replace(a_task(), extractor="text", metric="errors")
    try:
        _, given = grade("x", task, a_sample(), None)
        counts = [(1.0, 4.0), (2.0, 2.0), (0.0, 2.0)]
        records = [
            replace(
                a_record(f"s{place}"),
                metric="errors",
                grade=replace(given, counts=pair),
            )
            for place, pair in enumerate(counts)
        ]
        (cell,) = bootstrap_cells([items_of(records)], 0)
        found = estimates_of(records)
    finally:
        undo()

    assert (given.value, dict(given.details)) == (0.5, {"errors": 0.5})
    assert found.value.value == pytest.approx(1 - 3 / 8)
    assert dict(found.details)["errors"].value == pytest.approx(3 / 8)
    assert cell.value_draws.min() >= 0
    assert cell.value_draws.mean() == pytest.approx(1 - 3 / 8, abs=0.1)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (_as_given(value=True), "value must be a finite float"),
        (_as_given(value=np.float32(1.0)), "value must be a finite float"),
        (_as_given(value=1.0, correct=1), "correct must be a bool or None"),
        (_as_given(value=1.0, note=5), "note must be a text or None"),
        (
            _as_given(value=1.0, details={"a": 1.0}),
            r"details must be \(name, finite float\)",
        ),
        (_as_given(value=1.0, details=(("a", math.inf),)), r"details must be \(name"),
        (_as_given(value=1.0, counts=("a",)), "counts must be finite floats"),
        (_as_given(value=1.0, counts=(1.0, math.nan)), "counts must be finite floats"),
        (_as_given(value=1.0, counts=(-1.0,)), "counts must be finite floats, none"),
    ],
)
def test_a_grade_that_no_record_can_hold_is_told(
    given: dict[str, Any], told: str
) -> None:
    """When the answer is judged, and not by records that cannot be read again."""
    metric = Metric(grade=lambda *_: Grade(**given), binary=False)

    with pytest.raises(BadExtension, match=f"'mine' gave a Grade whose {told}"):
        checked(Grade(**given), "mine", metric)
