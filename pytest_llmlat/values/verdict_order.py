"""Order of verdicts: the worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.results import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.results import Verdict


def worst_first(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Sort verdicts by outcome, the worst and the largest changes first."""
    return tuple(
        sorted(
            verdicts,
            key=lambda v: (
                OUTCOMES.index(v.outcome),
                -(v.change or 0.0) if v.outcome == "regression" else 0.0,
            ),
        )
    )
