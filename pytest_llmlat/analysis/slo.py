"""Service level objectives: which answers came in time to count as good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from pytest_llmlat.values.units import named, seconds

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.timing import Timing

Quantity: TypeAlias = Literal["e2e", "ttft", "tpot", "queue"]
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A bound on one latency of every answer."""

    quantity: Quantity
    below_s: float


def parse(text: str, *, where: str) -> tuple[Objective, ...]:
    """Return the objectives of ``ttft<0.5 tpot<50ms``.

    Raises:
        UsageError: shows the place and the grammar.
    """
    if not text.strip():
        return ()
    bounds = named(text, QUANTITIES, where=where, sign="<")
    return tuple(
        Objective(
            quantity=name, below_s=seconds(bounds[name], where=f"{where}: {name}")
        )
        for name in QUANTITIES
        if name in bounds
    )


def good(record: Record, objectives: tuple[Objective, ...]) -> bool | None:
    """Say whether an answer met every objective.

    ``None`` if that cannot be told: a bound is on the time of its tokens, and these did
    not come one by one. What failed or timed out met nothing, and an answer without
    any content met no bound on its tokens.
    """
    if not record.answered or record.timing is None:
        return False
    timing, whole = record.timing, bool(record.answer)
    met = [_met(timing, objective, whole=whole) for objective in objectives]
    if False in met:
        return False
    return None if None in met else True


def _met(timing: Timing, objective: Objective, *, whole: bool) -> bool | None:
    """Say whether one bound was met.

    Args:
        timing: of an answer that came.
        objective: the bound.
        whole: whether there is any text, though no stamp of it.
    """
    below = objective.below_s
    if objective.quantity == "e2e":
        return timing.e2e_s < below
    if objective.quantity == "queue":
        return (timing.queue_s or 0.0) < below
    if not timing.stamps_ns:
        return None if whole else False
    if objective.quantity == "ttft":
        return timing.ttft_s is not None and timing.ttft_s < below
    if timing.tpot_s is not None:
        return timing.tpot_s < below
    # Of a single token no time was spent on a next one; of several in one stamp, and
    # of tokens that nobody counted, it is not known.
    single = sum(timing.stamp_tokens) == 1 and timing.spread_tokens in (None, 1)
    return True if single else None
