"""Judged cells: what judges did in them, what it cost, and how far they agree."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.agreement import alpha_estimate, with_the_rest
from pytest_llmlat.analysis.calibrated_quality import (
    calibrated_items,
    is_judged,
    why_ungated,
)
from pytest_llmlat.analysis.intervals import jackknife_figure, mean_figure
from pytest_llmlat.analysis.item_units import Units
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.judging_figures import JudgeFigures, JudgingFigures
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.values.judge_votes import Vote
    from pytest_llmlat.values.records import Record

_FEWEST = 5
"""Answers of which a rank correlation is told."""


def judging_figures(records: Sequence[Record]) -> JudgingFigures | None:
    """Return what the judges of a cell did; ``None`` where none has voted.

    Args:
        records: of one cell.
    """
    voted = [record for record in records if record.votes]
    if not voted or not is_judged(records[0].metric):
        return None
    graded = [record for record in records if record.graded]
    labelled = calibrated_items(records)
    names = list(dict.fromkeys(v.judge for r in voted for v in r.votes))
    scores = [[_score(record, name) for name in names] for record in voted]
    rest = with_the_rest(scores, "interval") if len(names) > 1 else [None]
    return JudgingFigures(
        rubric=voted[0].votes[0].rubric,
        judges=tuple(
            _of_judge([v for r in voted for v in r.votes if v.judge == name], alpha)
            for name, alpha in zip(names, rest, strict=True)
        ),
        panel=_panel_alone(graded) if graded else Estimate(value=None),
        labels=sum(record.label is not None for record in graded)
        if labelled is None
        else labelled.mean.labels,
        trust=None if labelled is None else labelled.mean.trust,
        alpha=alpha_estimate(scores, "interval")
        if len(names) > 1
        else Estimate(value=None),
        beside=tuple(_beside(graded)),
        ungated=why_ungated(records),
    )


def _score(record: Record, judge: str) -> float | None:
    """Return the score of a judge that counts."""
    return next((v.score for v in record.votes if v.judge == judge and v.counted), None)


def _of_judge(votes: Sequence[Vote], alpha: float | None) -> JudgeFigures:
    problems = Counter(vote.problem for vote in votes if vote.problem is not None)
    return JudgeFigures(
        judge=votes[0].judge,
        lineage=votes[0].lineage,
        votes=len(votes),
        read=sum(vote.score is not None for vote in votes),
        problems=tuple(sorted(problems.items())),
        left_out=sum(not vote.counted for vote in votes),
        known=sum(v.seconds is None and v.problem != "not asked" for v in votes),
        seconds=_sum(vote.seconds for vote in votes),
        prompt_tokens=_whole(v.prompt_tokens for v in votes if v.seconds is not None),
        output_tokens=_whole(v.output_tokens for v in votes if v.seconds is not None),
        cost=_sum(vote.cost for vote in votes),
        currency=next((v.currency for v in votes if v.cost is not None), None),
        fit=votes[-1].fit,
        with_rest=alpha,
    )


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _whole(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _panel_alone(records: Sequence[Record]) -> Estimate:
    marks, given = Units(records).sums([(r.grade.value, 1.0) for r in records]).T
    return mean_figure(marks, given).estimate


def _beside(records: Sequence[Record]) -> Iterable[tuple[str, Estimate]]:
    """Yield how the panel's grades go with those of a metric beside them."""
    names = {name for record in records for name, _ in record.grade.details}
    for name in sorted(names):
        if name not in METRICS:
            continue
        told = [(r, dict(r.grade.details).get(name)) for r in records]
        there = [(r, value) for r, value in told if value is not None]
        if len(there) >= _FEWEST:
            own, grades = zip(*there, strict=True)
            yield name, rank_correlation([r.grade.value for r in own], grades)


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """Return Spearman's rank correlation of two columns, with its 95 % interval.

    The interval is that of the jackknife over pairs of ranks. Without a spread in one
    of the columns there is none.
    """
    import numpy as np

    left, right = _ranks(first), _ranks(second)
    ones = np.ones(len(left))
    columns = np.column_stack([ones, left, right, left**2, right**2, left * right])
    value = float(_correlation(columns.sum(axis=0)[None, :])[0])
    if not np.isfinite(value):
        return Estimate(value=None)
    found = jackknife_figure(value, columns, _correlation, share=False).estimate
    low = None if found.low is None else max(-1.0, found.low)
    high = None if found.high is None else min(1.0, found.high)
    return Estimate(value=value, low=low, high=high)


def _correlation(sums: Array) -> Array:
    import numpy as np

    count, left, right, lefts, rights, both = sums.T
    spread = (lefts - left**2 / count) * (rights - right**2 / count)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = (both - left * right / count) / np.sqrt(spread)
    return np.where(spread > 0, found, np.nan)


def _ranks(values: Sequence[float]) -> Array:
    """Return ranks from 1; those that tie have the mean of theirs."""
    import numpy as np

    column = np.asarray(values, dtype=float)
    _, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Array = (ends - (counts - 1) / 2)[place]
    return ranks
