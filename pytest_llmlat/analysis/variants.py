"""Variants of a model: which setting has the best balance, and is that certain?"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.comparisons import others_against
from pytest_llmlat.values.results import Tuning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.analysis.comparisons import Scored
    from pytest_llmlat.values.results import Standing
    from pytest_llmlat.values.row_comparison import Comparison
    from pytest_llmlat.values.varied import Varied


def tunings(
    standings: Sequence[Standing],
    scored: Mapping[str, Scored],
    varied: Sequence[Varied],
    comparisons: Sequence[Comparison],
) -> tuple[Tuning, ...]:
    """Compare the variants of each model, device by device.

    Args:
        standings: all rows.
        scored: the draws of those that have a score, by their ids.
        varied: the models that are variants, the entries themselves among them.
        comparisons: which rows were asked the same.
    """
    of = {each.name: each for each in varied}
    groups: dict[tuple[str, str, str], list[Standing]] = defaultdict(list)
    for row in standings:
        if row.model in of:
            groups[of[row.model].of, row.device, row.scenario].append(row)
    found = (
        _tuning(model, _whole(rows, comparisons), rows, scored, of)
        for (model, _, _), rows in groups.items()
        if len(rows) > 1
    )
    return tuple(tuning for tuning in found if tuning is not None)


def _tuning(
    model: str,
    kept: Sequence[Standing],
    rows: Sequence[Standing],
    scored: Mapping[str, Scored],
    of: Mapping[str, Varied],
) -> Tuning | None:
    if not kept:
        return None
    ranked = [row for row in kept if row.above_guessing]
    best = max(ranked or kept, key=lambda row: scored[row.id].value)
    default = next((row for row in kept if row.model == model), None)
    gain = None
    if default is not None and default is not best:
        contrasts = others_against(
            [scored[row.id] for row in kept], kept.index(default)
        )
        gain = next(each for each in contrasts if each.row == best.id)
    fronts = score.front([row.point for row in ranked])
    return Tuning(
        model=model,
        device=best.device,
        scenario=best.scenario,
        front=tuple(
            row.model for row, on in zip(ranked, fronts, strict=True) if on is True
        ),
        best=best.model,
        balanced=scored[best.id].value,
        gain=gain,
        entry=of[best.model].entry,
        left_out=tuple(row.model for row in rows if row not in kept),
        guessing=tuple(row.model for row in kept if not row.above_guessing),
    )


def _whole(
    rows: Sequence[Standing], comparisons: Sequence[Comparison]
) -> list[Standing]:
    """Return the variants that have all answers and were asked the same.

    A variant that lacks answers may lack the hard or the slow ones.
    """
    whole = max(row.samples for row in rows)
    complete = {row.id for row in rows if not row.partial and row.samples == whole}
    most = max(
        (complete.intersection(comparison.rows) for comparison in comparisons),
        key=len,
        default=set(),
    )
    return [row for row in rows if row.id in most]
