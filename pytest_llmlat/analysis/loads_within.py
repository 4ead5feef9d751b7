"""The highest load that a server takes within its objectives (``--llm-slo``)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.values.load_capacity import LoadCapacity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.results import Summary

MET = 0.95
"""Share of requests that must meet every objective."""


def load_capacities(summaries: Iterable[Summary]) -> tuple[LoadCapacity, ...]:
    """Return the capacity of each load curve, in the order of the run.

    A load is within its objectives if ``MET`` of its requests met all of them, if
    nothing shows that something else than the server was the limit, and, of an open
    loop, if the server is known to keep up.
    """
    curves: dict[tuple[str, str, str, str], list[Summary]] = defaultdict(list)
    for summary in summaries:
        if summary.load is not None and summary.slo is not None:
            cell = summary.cell
            kind = cell.scenario.partition(":")[0]
            curves[cell.task, cell.model, cell.device, kind].append(summary)
    return tuple(_capacity(*key, points) for key, points in curves.items())


def _capacity(
    task: str, model: str, device: str, kind: str, points: Sequence[Summary]
) -> LoadCapacity:
    held: Summary | None = None
    failed: Summary | None = None
    for point in sorted(points, key=_level):
        if _within(point) is not True:
            failed = point
            break
        held = point
    steady = None if failed is None else failed.steadiness
    price = None if held is None else held.price
    hourly = held if price is not None and not price.by_token else None
    return LoadCapacity(
        task=task,
        model=model,
        device=device,
        kind=kind,
        level=None if held is None else _level(held),
        requests_per_s=None if held is None else held.requests_per_s,
        cost_per_answer=_cost(hourly, "cost_per_answer"),
        cost_per_correct=_cost(hourly, "cost_per_correct"),
        currency=price.currency if price is not None and hourly else None,
        next_level=None if failed is None else _level(failed),
        missed=()
        if failed is None
        else tuple(name for name, share in failed.missed if share > 1 - MET),
        behind=steady is not None and steady.keeps_up is False,
        unknown=failed is not None and _within(failed) is None,
    )


def _cost(summary: Summary | None, figure: str) -> float | None:
    """Return the money of a load that is paid by the hour."""
    found = None if summary is None else dict(summary.averages).get(figure)
    return None if found is None else found.value


def _within(summary: Summary) -> bool | None:
    """Say whether a load is within its objectives; ``None`` if that is not known."""
    found, load = summary.steadiness, summary.load
    if summary.good_share is not None and summary.good_share < MET:
        return False
    if found is None or load is None or found.keeps_up is False:
        return False if found is not None else None
    contended = summary.contention is not None and summary.contention.contended
    if summary.good_share is None or load.client_limited or contended:
        return None
    # Whether it keeps up is asked of an open loop alone.
    is_open = found.offered_per_s is not None
    settled = found.keeps_up is True if is_open else load.steady is not False
    return True if settled else None


def _level(summary: Summary) -> float:
    return float(summary.cell.scenario.partition(":")[2] or 0)
