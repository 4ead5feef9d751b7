"""Service level objectives: which answers came in time to count as good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from pytest_llmlat.quantities import named, seconds

if TYPE_CHECKING:
    from pytest_llmlat.records import Record, Timing

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

    ``None`` if that cannot be told: the answer did not come token by token, and a
    bound is on the time of its tokens. What failed or timed out met nothing.
    """
    if record.finish in ("error", "timeout") or record.timing is None:
        return False
    timing = record.timing
    whole = not timing.stamps_ns and bool(record.answer)
    if whole and any(o.quantity in ("ttft", "tpot") for o in objectives):
        return None
    return all(_met(timing, objective) for objective in objectives)


def _met(timing: Timing, objective: Objective) -> bool:
    if objective.quantity == "ttft":
        # An answer without any content never had a first token.
        return timing.ttft_s is not None and timing.ttft_s < objective.below_s
    measured = {
        "e2e": timing.e2e_s,
        # Of a single token, no time was spent on a next one; without a queue, none.
        "tpot": timing.tpot_s or 0.0,
        "queue": timing.queue_s or 0.0,
    }
    return measured[objective.quantity] < objective.below_s
