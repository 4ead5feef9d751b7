"""Pairs that judges graded, as labels of people make them count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.analysis.prediction_powered import judged_items
from pytest_llmlat.grading.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.gate.pairing import Pairs

    Rows = Sequence[tuple[float, ...]]


def as_people_count(pairs: Pairs, rows: Rows) -> tuple[Rows, int]:
    """Return values of both sides, and the number of items that tell how sure they are.

    Where judges grade and people have labelled ten items on both sides, each item
    counts as prediction-powered inference makes it count, and as many are as sure as
    there are labels. Else values are as they are: what a panel alone says is shown,
    and not gated.

    Args:
        pairs: at least one.
        rows: the candidate's and the baseline's values of each.
    """
    if not METRICS[pairs.candidate[0].first.metric].later:
        return rows, len(rows)
    ours, theirs = (
        judged_items(
            [side.value for side in own],
            [side.label for side in own],
            [side.answered for side in own],
        )
        for own in (pairs.candidate, pairs.baseline)
    )
    if ours is None or theirs is None:
        return rows, len(rows)
    values = zip(ours.values.tolist(), theirs.values.tolist(), strict=True)
    return list(values), min(ours.mean.labels, theirs.mean.labels)
