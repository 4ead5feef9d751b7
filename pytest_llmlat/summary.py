"""From the records of a cell to its statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat import score
from pytest_llmlat.halves import answer_time, estimate, halve
from pytest_llmlat.records import NS_PER_S
from pytest_llmlat.results import Estimate, Summary
from pytest_llmlat.settings import BALANCES
from pytest_llmlat.statistics import distribution
from pytest_llmlat.throughput import throughput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmlat.halves import Halves
    from pytest_llmlat.records import CellFacts, LoadFacts, Record
    from pytest_llmlat.settings import Balance
    from pytest_llmlat.slo import Objective
    from pytest_llmlat.statistics import Array


_TAKEN_OVER = (
    *("load_s", "warmup_s", "wall_s", "peak_rss_bytes", "peak_device_bytes"),
    *("task_revision", "load", "instrument", "contention", "backend", "warnings"),
)
"""What a summary tells of its cell as it was measured."""


def summarise(
    facts: CellFacts,
    records: Sequence[Record],
    *,
    balance: Balance,
    seed: int,
    slo: tuple[Objective, ...] = (),
) -> tuple[Summary, Halves | None]:
    """Compute one cell's statistics; all from its records and its facts.

    Args:
        facts: of the cell; its ``planned`` tells whether records are missing.
        records: of the cell; may be empty.
        balance: which mean is called balanced.
        seed: of the resampling.
        slo: which answers came in time to be called good.

    Returns:
        The summary, and what the scoreboard joins over cells (``None`` for a cell
        without records).
    """
    halves = halve(records, seed) if records else None
    answered = [r for r in records if answer_time(r) is not None]
    summary = Summary(
        cell=facts.cell,
        planned=facts.planned,
        samples=len(records),
        partial=not facts.finished or len(records) < facts.planned,
        metric=records[0].metric if records else None,
        quality=_estimate(halves, lambda h: h.value, lambda h: h.value_draws),
        normalized=_estimate(halves, lambda h: h.quality, lambda h: h.quality_draws),
        speed=_estimate(halves, lambda h: h.speed, lambda h: h.speed_draws),
        balanced=_estimate(
            halves,
            lambda h: score.balance(h.quality, h.speed, balance),
            lambda h: score.balance(h.quality_draws, h.speed_draws, balance),
        ),
        **_counts(records),
        **_means(halves),
        details=halves.details if halves else (),
        **latencies(records),
        queue_s=distribution(r.timing.queue_s for r in records if r.timing),
        prompt_tokens=_total(r.prompt_tokens for r in answered),
        output_tokens=_total(r.output_tokens for r in answered),
        prefill_tokens_per_s=_prefill_rate(answered),
        decode_tokens_per_s=decode_rate(answered),
        **throughput(facts, records, slo),
        **{name: getattr(facts, name) for name in _TAKEN_OVER},
        seconds_per_correct=seconds_per_correct([(facts.load, records)]),
        correct_within_budget=correct_within_budget(records),
    )
    return summary, halves


def _means(halves: Halves | None) -> dict[str, Any]:
    """Return every mean of the two halves, whichever is called balanced."""
    return {
        kind: score.balance(halves.quality, halves.speed, kind) if halves else None
        for kind in BALANCES
    }


def _counts(records: Sequence[Record]) -> dict[str, Any]:
    """Count what went wrong or otherwise, by the names that a summary has for it."""
    flags = ("unparsed", "truncated", "refused", "empty")
    return {
        "errors": sum(r.finish == "error" for r in records),
        "timeouts": sum(r.finish == "timeout" for r in records),
        "retries": sum(r.transport.retries for r in records if r.transport),
        "grouped": sum(bool(r.timing and r.timing.grouped) for r in records),
        **{flag: sum(getattr(r, flag) for r in records) for flag in flags},
    }


def latencies(records: Iterable[Record]) -> dict[str, Any]:
    """Summarise e2e, TTFT and TPOT, by the names that a summary has for them.

    Of a time-out is known that it took longer; if its first token had come, when. An
    error has no latency: it is counted beside.
    """
    kept = list(records)
    answered = [r.timing for r in kept if answer_time(r) is not None and r.timing]
    cut = [r.timing for r in kept if r.finish == "timeout" and r.timing]
    begun = [t.ttft_s for t in cut if t.ttft_s is not None]
    first = [t.ttft_s for t in answered]
    return {
        "e2e_s": distribution((t.e2e_s for t in answered), censored=len(cut)),
        "ttft_s": distribution([*first, *begun], censored=len(cut) - len(begun)),
        "tpot_s": distribution((t.tpot_s for t in answered), censored=len(cut)),
    }


def decode_rate(records: Iterable[Record]) -> float | None:
    """Return tokens after the first per second spent on them, over all records."""
    timings = [r.timing for r in records if answer_time(r) is not None and r.timing]
    tokens = sum(t.later_tokens for t in timings)
    spent = sum(t.stamps_ns[-1] - t.stamps_ns[0] for t in timings if t.stamps_ns)
    return tokens / spent * NS_PER_S if spent else None


def seconds_per_correct(
    cells: Iterable[tuple[LoadFacts | None, Sequence[Record]]],
) -> float | None:
    """Return the time spent on all requests for each right answer.

    Cost of pass (Erol et al. 2025) with seconds as the cost. ``None`` where the
    metric knows no right or wrong, or nothing was right. Failed requests cost the
    time until they failed. Under a load, requests share the time that passes.

    Args:
        cells: the facts of each cell's load, and its records.
    """
    right, spent = 0, 0.0
    for load, records in cells:
        judged = [r for r in records if r.grade.correct is not None]
        right += sum(bool(r.grade.correct) for r in judged)
        if load is not None and load.ended:
            spent += load.window_s / load.ended * len(judged)
        elif load is None:
            timings = [r.timing for r in judged if r.timing is not None]
            spent += sum(t.end_ns - t.start_ns for t in timings) / NS_PER_S
    return spent / right if right else None


def correct_within_budget(records: Sequence[Record]) -> float | None:
    """Return the share of answers that are right and came within their budget."""
    judged = [r for r in records if r.grade.correct is not None]
    if not judged:
        return None
    good = sum(
        bool(r.grade.correct)
        and (e2e_s := answer_time(r)) is not None
        and e2e_s <= r.budget_s
        for r in judged
    )
    return good / len(judged)


def _estimate(
    halves: Halves | None,
    value: Callable[[Halves], float],
    draws: Callable[[Halves], Array],
) -> Estimate:
    if halves is None:
        return Estimate(value=None)
    return estimate(value(halves), draws(halves))


def _total(counts: Iterable[int | None]) -> int | None:
    """Add up; a sum of a part is no sum of the whole."""
    told = list(counts)
    known = [count for count in told if count is not None]
    return sum(known) if known and len(known) == len(told) else None


def _prefill_rate(records: Sequence[Record]) -> float | None:
    """Return prompt tokens per second of the model's time to the first token."""
    pairs = [
        (r.prompt_tokens, r.timing.ttft_s - (r.timing.queue_s or 0.0))
        for r in records
        if r.timing is not None and r.prompt_tokens and r.timing.ttft_s is not None
    ]
    waited = sum(seconds for _, seconds in pairs)
    return sum(tokens for tokens, _ in pairs) / waited if waited else None
