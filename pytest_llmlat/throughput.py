"""Requests and tokens a second, and how many of them were worth something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.halves import answer_time
from pytest_llmlat.records import NS_PER_S
from pytest_llmlat.slo import good

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.records import CellFacts, Record
    from pytest_llmlat.slo import Objective


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
    ended_per_s, answered = _ended(facts, records)
    tokens = [r.output_tokens for r in records if answer_time(r) is not None]
    known = [count for count in tokens if count is not None]
    requests_per_s = None if ended_per_s is None else ended_per_s * answered
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
        "goodput_per_s": _rate(ended_per_s, goods) if told else None,
        "good_and_correct_per_s": _rate(ended_per_s, right) if judged else None,
    }


def _ended(facts: CellFacts, records: Sequence[Record]) -> tuple[float | None, float]:
    """Return how many requests ended a second, and which share was answered."""
    load = facts.load
    if load is not None:
        if load.window_s <= 0 or not load.ended:
            return None, 0.0
        share = (load.ended - load.failed) / load.ended
        return load.ended / load.window_s, share
    timings = [record.timing for record in records if record.timing is not None]
    spent_ns = sum(timing.end_ns - timing.start_ns for timing in timings)
    if not spent_ns:
        return None, 0.0
    answered = sum(answer_time(record) is not None for record in records)
    return len(timings) / spent_ns * NS_PER_S, answered / len(timings)


def _rate(ended_per_s: float | None, marks: Sequence[object]) -> float | None:
    if ended_per_s is None or not marks:
        return None
    return ended_per_s * sum(map(bool, marks)) / len(marks)
