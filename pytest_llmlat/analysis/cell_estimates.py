"""Quality and speed of one cell with their intervals, from its records alone.

One item of an interval is everything that is alike: all requests about one sample,
where repeats or a load asked it several times, and all samples of one cluster, such as
several questions about one text. Under a load neighbouring requests are alike too:
``batch_means`` gives the variance that this adds to speed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.averaged_figures import averaged_figures
from pytest_llmlat.analysis.batch_means import shared_variance
from pytest_llmlat.analysis.calibrated_quality import calibrated_items
from pytest_llmlat.analysis.confidence_sequences import BoundedMean
from pytest_llmlat.analysis.giving_up import patient_speed
from pytest_llmlat.analysis.intervals import (
    MeasuredFigure,
    difference,
    jackknife_figure,
    known,
    made_of,
    mean_figure,
)
from pytest_llmlat.analysis.item_units import Units, known_columns
from pytest_llmlat.analysis.queue_growth import grows
from pytest_llmlat.analysis.repeated_answers import repeat_figures
from pytest_llmlat.analysis.request_times import request_times
from pytest_llmlat.analysis.resampling import CONFIDENCE
from pytest_llmlat.analysis.student_t import quantile
from pytest_llmlat.grading.metrics import METRICS, CellFigure
from pytest_llmlat.values.balance import weighed
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.analysis.cost_scores import CostScores
    from pytest_llmlat.analysis.request_times import RequestTimes
    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.grading.metrics import Metric
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.records import Record


_UPPER = (1 + CONFIDENCE) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEstimates:
    """Estimates of one cell that its score is made of."""

    value: MeasuredFigure
    """The metric, chance included."""
    chance: MeasuredFigure
    """The quality of guessing the same items."""
    speed: MeasuredFigure
    details: tuple[tuple[str, Estimate], ...]
    """Further figures of the metric, sorted by name."""
    units: int
    """Number of items."""
    speeds_at: tuple[float, ...] = ()
    """The mean speed at each multiple of the budgets (``score.BUDGETS``)."""
    patient_speed: float | None = None
    """The mean speed if wrong answers had taken as long as right ones; ``None`` where
    they are no sooner for certain."""
    log_time: float | None = None
    """Mean logarithm of e2e; ``None`` where a request failed."""
    right_or_wrong: bool = False
    """Whether every item is simply right or wrong."""
    averages: Mapping[str, MeasuredFigure] = field(default_factory=dict)
    """Means over requests, by the names of their figures."""
    cost: MeasuredFigure | None = None
    """Mean of the cost score; ``None`` where it is not known."""
    cost_of_time: bool = False
    """Whether an answer that takes longer is dearer."""
    costs_at: tuple[float, ...] = ()
    """The mean cost score at each multiple of the cost budget (``score.BUDGETS``)."""

    @property
    def to_average(self) -> CellEstimates:
        """These estimates with limits that suit a row's average over cells."""
        return replace(
            self,
            value=self.value.to_average,
            speed=self.speed.to_average,
            cost=None if self.cost is None else self.cost.to_average,
        )

    @property
    def quality(self) -> float:
        """The metric with chance taken off."""
        return float(score.normalize(self.value.value, self.chance.value))

    @property
    def normalized(self) -> Estimate:
        """The metric with chance taken off, and its interval."""
        return made_of(score.normalize, (self.value, self.chance))

    @property
    def above_chance(self) -> Estimate:
        """The metric less what guessing earns, below 0 for who is worse."""
        return difference(self.to_average.value, self.chance)

    @property
    def cost_score(self) -> float | None:
        """The mean cost score, if it is known."""
        return None if self.cost is None else self.cost.value

    @property
    def drifted_cost(self) -> float | None:
        """The cost score at another minute, where an answer's time is paid."""
        if self.cost is None or not self.cost_of_time:
            return self.cost_score
        return float(score.drifted(self.cost.value))

    def lacks(self, balance: Balance) -> bool:
        """Whether there is no such score, since nobody knows what answers cost."""
        return self.cost is None and weighed(balance).weighs_cost

    def balanced(self, balance: Balance) -> Estimate:
        """Return the score of the cell; without a value where a part is not known."""
        if self.lacks(balance):
            return Estimate(value=None)

        def figure(
            value: float, chance: float, speed: float, cost: float | None = None
        ) -> float:
            quality = score.normalize(value, chance)
            return float(score.balance(quality, speed, balance, cost=cost))

        costs = weighed(balance).weighs_cost and self.cost
        return made_of(
            figure, (self.value, self.chance, self.speed, *([costs] if costs else []))
        )


def estimates_of(
    records: Sequence[Record],
    *,
    stopped: bool = False,
    costs: CostScores | None = None,
    times: RequestTimes | None = None,
) -> CellEstimates:
    """Return the figures of a cell, from its records, of which one at least is graded.

    Args:
        records: of the cell.
        stopped: measuring ended at a result, so that no interval of a number of samples
            that was fixed before holds: those of means are of confidence sequences, and
            other figures have none.
        costs: of the records; ``None`` where they are not known.
        times: of the records; ``None`` to have them computed.
    """
    metric = METRICS[records[0].metric]
    times = times or request_times(records)
    units = Units(records)
    graded = [record for record in records if record.graded]
    chances = {record.chance for record in graded}
    marks, guesses, given = units.sums_of(
        [r.grade.value if r.graded else 0.0 for r in records],
        [r.chance if r.graded else 0.0 for r in records],
        [1.0 if r.graded else 0.0 for r in records],
    ).T
    own_units = units if len(graded) == len(records) else Units(graded)
    scores, asked = units.sums_of(times.speeds, 1.0).T
    with METRICS.blamed(records[0].metric):
        value = _value(records, metric, units, marks, given)
        details = tuple(sorted(_details(graded, metric, own_units).items()))
    found = CellEstimates(
        value=value,
        chance=known(chances.pop(), units.count)
        if len(chances) == 1
        else mean_figure(guesses, given),
        speed=mean_figure(
            scores, asked, shared=shared_by_neighbours(records, times.speeds)
        ),
        details=details,
        units=units.count,
        speeds_at=speeds_at_budgets(records, times.e2e_s),
        patient_speed=patient_speed(records, times.speeds, units),
        log_time=_mean_log(times.logs),
        right_or_wrong=metric.corpus is None
        and bool(((marks == 0) | (marks == given)).all()),
        averages=averaged_figures(records, units),
        **({} if costs is None else _of_costs(records, costs, units, stopped=stopped)),
    )
    if not stopped:
        return found
    return replace(
        _without_intervals(found),
        value=stopped_mean(value, None if metric.corpus else marks, given),
        speed=stopped_mean(found.speed, scores, asked),
    )


def _without_intervals(found: CellEstimates) -> CellEstimates:
    """Return estimates whose details and means have values alone."""
    return replace(
        found,
        details=tuple((name, Estimate(value=e.value)) for name, e in found.details),
        averages={
            name: replace(each, low=None, high=None)
            for name, each in found.averages.items()
        },
    )


def _of_costs(
    records: Sequence[Record], costs: CostScores, units: Units, *, stopped: bool
) -> dict[str, Any]:
    """Return what a cell's estimates have of its costs."""
    scores, asked = units.sums_of(costs.scores, 1.0).T
    found = mean_figure(scores, asked, shared=shared_costs(records, costs))
    if stopped:
        found = stopped_mean(found, scores, asked)
    elif not costs.of_time and len(set(costs.scores)) == 1:
        # All cost the same by the price of a token: that is known.
        found = known(found.value, units.count)
    return {
        "cost": found,
        "cost_of_time": costs.of_time,
        "costs_at": costs_at_budgets(costs),
    }


def shared_costs(records: Sequence[Record], costs: CostScores) -> float | None:
    """Return the variance that a load adds to the mean cost score.

    Returns:
        ``None`` where it is not known: of shares of one load nobody knows how another
        load's would differ.
    """
    if costs.shared:
        return None
    return shared_by_neighbours(records, costs.scores) if costs.of_time else 0.0


def costs_at_budgets(costs: CostScores) -> tuple[float, ...]:
    """Return what the mean cost score would be if cost budgets were other ones."""
    # A failure stays 0; of others 1/s - 1 is how many budgets an answer cost.
    spent = [1 / own - 1 for own in costs.scores if own > 0]
    return tuple(
        math.fsum(1 / (1 + each / factor) for each in spent) / len(costs.scores)
        for factor in score.BUDGETS
    )


def _value(
    records: Sequence[Record], metric: Metric, units: Units, marks: Array, given: Array
) -> MeasuredFigure:
    """Return the metric of a cell: of its counts, its labels, or the mean of grades."""
    if metric.corpus:
        return _corpus(records, metric, units)
    labelled = calibrated_items(records)
    if labelled is None:
        return mean_figure(marks, given)
    mean = labelled.mean
    influence = marks * 0.0
    influence[given > 0] = (labelled.values - labelled.values.mean()) / mean.items
    return MeasuredFigure(
        value=mean.estimate.value or 0.0,
        low=mean.estimate.low,
        high=mean.estimate.high,
        influence=influence,
        reach=quantile(_UPPER, mean.labels - 1) * mean.error,
    )


def stopped_mean(
    found: MeasuredFigure, totals: Array | None, counts: Array
) -> MeasuredFigure:
    """Return a figure with the interval that holds although measuring was stopped.

    Args:
        found: with the interval of a number of units that was fixed before.
        totals: (units,), the sum of each unit's values between 0 and 1; ``None`` of a
            figure that is no mean, which has no such interval.
        counts: (units,), how many values that are.
    """
    if totals is None or (counts != counts[0]).any():
        # Of units of several sizes the mean is no mean of the units'.
        return replace(found, low=None, high=None)
    low, high = BoundedMean(tuple(totals / counts)).interval(1 - CONFIDENCE)
    return replace(found, low=low, high=high)


def speeds_at_budgets(
    records: Sequence[Record], e2e_s: Sequence[float | None]
) -> tuple[float, ...]:
    """Return what the mean speed would be if all budgets were longer or shorter.

    Args:
        records: of a cell, at least one.
        e2e_s: the time of each, in seconds; ``None`` for a failure.

    Returns:
        A mean for each of ``score.BUDGETS``.
    """
    import numpy as np

    spent = np.array(
        [
            time / record.budget_s
            for time, record in zip(e2e_s, records, strict=True)
            if time is not None
        ]
    )
    return tuple(
        float((1 / (1 + spent / factor)).sum() / len(records))
        for factor in score.BUDGETS
    )


def shared_by_neighbours(
    records: Sequence[Record], own: Sequence[float]
) -> float | None:
    """Return the variance that waiting for each other adds to the mean speed.

    Args:
        records: of a cell, in the order of sending.
        own: the speed of each.

    Returns:
        ``None`` where a run is too short to tell, or its queue grows: then its speed
        is that of its length, and no mean of a longer run.
    """
    if grows(records):
        return None
    return shared_variance(own, records[0].cell.scenario)


def _mean_log(logs: Sequence[float | None]) -> float | None:
    known = [log for log in logs if log is not None]
    return math.fsum(known) / len(known) if len(known) == len(logs) else None


def _corpus(records: Sequence[Record], metric: Metric, units: Units) -> MeasuredFigure:
    counts = [r.grade.counts for r in records]
    return jackknife_figure(
        metric.quality(counts), units.sums(counts), metric.quality_draws
    )


def _details(
    records: Sequence[Record], metric: Metric, units: Units
) -> dict[str, Estimate]:
    """Average each detail over the answers that have it; add what only a cell has."""
    columns: dict[str, list[float | None]] = defaultdict(lambda: [None] * len(records))
    for place, record in enumerate(records):
        for name, value in record.grade.details:
            columns[name][place] = value
    found = {name: _average(values, units) for name, values in columns.items()}
    further: dict[str, CellFigure] = {}
    if metric.corpus is not None and metric.direction == "lower":
        # What is told beside the quality is of the whole too, and no mean.
        counts = [record.grade.counts for record in records]
        further[records[0].metric] = CellFigure(
            value=metric.corpus.figure(counts), rows=counts, draws=metric.corpus.draws
        )
    if metric.cell_figures is not None:
        further |= metric.cell_figures(records)
    further |= repeat_figures(records, metric)
    return found | {
        name: jackknife_figure(
            figure.value, units.sums(figure.rows), figure.draws, share=figure.share
        ).estimate
        for name, figure in further.items()
    }


def _average(values: Sequence[float | None], units: Units) -> Estimate:
    """Average the values that are there; one that is missing weighs nothing."""
    sums = units.sums_of(*known_columns(values))
    there = sums[sums[:, 1] > 0]
    return mean_figure(there[:, 0], there[:, 1]).estimate
