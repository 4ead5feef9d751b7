"""Throughput of a cell: requests and tokens a second, and how many were worth it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis.slo import good
from pytest_llmlat.values.answer_speed import answer_time
from pytest_llmlat.values.scenario import SINGLE
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.slo import Objective
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record


def throughput(
    facts: CellFacts, records: Sequence[Record], slo: tuple[Objective, ...]
) -> dict[str, Any]:
    """Return the rates of a cell, by the names that a summary has for them.

    A rate of requests is that of the ended ones times the share that counts: so a
    failed request lowers each of them. Under a load all that ended in its window is
    counted, measured or not, since all of it was work; one after the other, only the
    time of the requests themselves is.

    Goodput: DistServe (Zhong et al. 2024). Without objectives it is ``None``.
    """
    rate = _Rate(facts, records)
    answered = [answer_time(record) is not None for record in records]
    tokens = [
        r.output_tokens for r, came in zip(records, answered, strict=True) if came
    ]
    known = [count for count in tokens if count is not None]
    requests_per_s = rate.of(answered)
    goods = [good(record, slo) for record in records] if slo else []
    told = bool(goods) and None not in goods
    judged = told and all(r.grade.correct is not None for r in records)
    right = [g and r.grade.correct for g, r in zip(goods, records, strict=False)]
    return {
        "requests_per_s": requests_per_s,
        "output_tokens_per_s": requests_per_s * sum(known) / len(known)
        if requests_per_s is not None and known and len(known) == len(tokens)
        else None,
        "slo": " ".join(f"{o.quantity}<{o.below_s:g}s" for o in slo) or None,
        "good_share": sum(map(bool, goods)) / len(goods) if told else None,
        "missed": tuple((o.quantity, _missed(records, o)) for o in slo if told),
        "goodput_per_s": rate.of(goods) if told else None,
        "good_and_correct_per_s": rate.of(right) if judged else None,
        "unjudged": sum(one is None for one in goods) if slo else None,
    }


def _missed(records: Sequence[Record], objective: Objective) -> float:
    """Return the share of requests that missed an objective."""
    return sum(good(r, (objective,)) is False for r in records) / len(records)


class _Rate:
    """A rate of ended requests, and the share of them that counts."""

    def __init__(self, facts: CellFacts, records: Sequence[Record]) -> None:
        self._per_s: float | None = None
        self._count = len(records)
        load = facts.load
        if load is not None:
            if load.window_s > 0 and load.ended:
                self._per_s = load.ended / load.window_s
        elif facts.cell.scenario == SINGLE.name:
            timings = [record.timing for record in records if record.timing]
            spent_ns = sum(timing.end_ns - timing.start_ns for timing in timings)
            # One that was turned away took no time; it is no part of any rate.
            self._count = len(timings)
            if spent_ns:
                self._per_s = len(timings) / spent_ns * NS_PER_S

    def of(self, marks: Sequence[object]) -> float | None:
        """Return the rate of the marked ones among all records."""
        if self._per_s is None or not self._count:
            return None
        return self._per_s * sum(map(bool, marks)) / self._count
