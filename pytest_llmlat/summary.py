"""From the records of a cell to its statistics."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pytest_llmlat import score
from pytest_llmlat.metrics import METRICS, corpus_bleu, macro_f1
from pytest_llmlat.records import NS_PER_S, Estimate, Summary
from pytest_llmlat.settings import BALANCES
from pytest_llmlat.statistics import distribution, interval, resampled_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmlat.records import CellFacts, Record
    from pytest_llmlat.settings import Balance
    from pytest_llmlat.statistics import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """Quality and speed of one cell, and the same of every resample of its items."""

    value: float
    """The metric of the cell, chance included."""
    quality: float
    speed: float
    value_draws: Array
    quality_draws: Array
    speed_draws: Array


def summarise(
    facts: CellFacts, records: Sequence[Record], *, balance: Balance, seed: int
) -> tuple[Summary, Halves | None]:
    """Compute one cell's statistics; all from its records and its facts.

    Args:
        facts: of the cell; its ``planned`` tells whether records are missing.
        records: of the cell; may be empty.
        balance: which mean is called balanced.
        seed: of the resampling.

    Returns:
        The summary, and what the scoreboard joins over cells (``None`` for a cell
        without records).
    """
    halves = _halves(records, seed) if records else None
    answered = [r for r in records if r.error is None and r.timing is not None]
    timings = [r.timing for r in answered if r.timing is not None]
    spent_ns = sum(t.end_ns - t.start_ns for t in timings)
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
        details=_details(records),
        e2e_s=distribution(t.e2e_s for t in timings),
        ttft_s=distribution(t.ttft_s for t in timings),
        tpot_s=distribution(t.tpot_s for t in timings),
        prompt_tokens=_total(r.prompt_tokens for r in answered),
        output_tokens=_total(r.output_tokens for r in answered),
        prefill_tokens_per_s=_prefill_rate(answered),
        decode_tokens_per_s=decode_rate(answered),
        requests_per_s=len(timings) / spent_ns * NS_PER_S if spent_ns else None,
        load_s=facts.load_s,
        warmup_s=facts.warmup_s,
        wall_s=facts.wall_s,
        peak_rss_bytes=facts.peak_rss_bytes,
        peak_device_bytes=facts.peak_device_bytes,
        seconds_per_correct=seconds_per_correct(records),
        correct_within_budget=correct_within_budget(records),
        task_revision=facts.task_revision,
        backend=facts.backend,
        warnings=facts.warnings,
    )
    return summary, halves


def _means(halves: Halves | None) -> dict[str, Any]:
    """Return every mean of the two halves, whichever is called balanced."""
    return {
        kind: score.balance(halves.quality, halves.speed, kind) if halves else None
        for kind in BALANCES
    }


def _counts(records: Sequence[Record]) -> dict[str, Any]:
    """Count what went wrong, by the names that a summary has for it."""
    flags = ("unparsed", "truncated", "refused", "empty")
    return {
        "errors": sum(r.error is not None for r in records),
        "timeouts": 0,
        **{flag: sum(getattr(r, flag) for r in records) for flag in flags},
    }


def decode_rate(records: Iterable[Record]) -> float | None:
    """Return tokens after the first per second spent on them, over all records."""
    timings = [r.timing for r in records if r.error is None and r.timing is not None]
    tokens = sum(sum(t.stamp_tokens[1:]) for t in timings)
    spent = sum(t.stamps_ns[-1] - t.stamps_ns[0] for t in timings if t.stamps_ns)
    return tokens / spent * NS_PER_S if spent else None


def seconds_per_correct(records: Sequence[Record]) -> float | None:
    """Return the time spent on all requests for each right answer.

    Cost of pass (Erol et al. 2025) with seconds as the cost. ``None`` where the
    metric knows no right or wrong, or nothing was right. Failed requests cost the
    time until they failed.
    """
    judged = [r for r in records if r.grade.correct is not None]
    right = sum(bool(r.grade.correct) for r in judged)
    if not right:
        return None
    spent = sum(r.timing.end_ns - r.timing.start_ns for r in judged if r.timing)
    return spent / NS_PER_S / right


def correct_within_budget(records: Sequence[Record]) -> float | None:
    """Return the share of answers that are right and came within their budget."""
    judged = [r for r in records if r.grade.correct is not None]
    if not judged:
        return None
    good = sum(
        bool(r.grade.correct)
        and r.error is None
        and r.timing is not None
        and r.timing.e2e_s <= r.budget_s
        for r in judged
    )
    return good / len(judged)


def _halves(records: Sequence[Record], seed: int) -> Halves:
    import numpy as np

    first = records[0]
    metric = METRICS[first.metric]
    speeds = [score.speed(_answer_time(r), r.budget_s) for r in records]
    seed_of_items = f"{seed}|{first.cell.task}"
    if metric.corpus and metric.draws:
        counts = [r.grade.counts for r in records]
        columns = np.column_stack([speeds, np.array(counts)])
        sums = resampled_sums(columns, seed=seed_of_items)
        value, draws = metric.corpus(counts), metric.draws(sums[:, 1:])
    else:
        values = [r.grade.value for r in records]
        sums = resampled_sums(np.column_stack([speeds, values]), seed=seed_of_items)
        value, draws = fmean(values), sums[:, 1] / len(values)
    return Halves(
        value=value,
        quality=score.normalize(value, first.chance),
        speed=fmean(speeds),
        value_draws=draws,
        quality_draws=score.normalize(draws, first.chance),
        speed_draws=sums[:, 0] / len(speeds),
    )


def _answer_time(record: Record) -> float | None:
    """Return the e2e of a request that was answered; an error has none."""
    if record.error is not None or record.timing is None:
        return None
    return record.timing.e2e_s


def _estimate(
    halves: Halves | None,
    value: Callable[[Halves], float],
    draws: Callable[[Halves], Array],
) -> Estimate:
    if halves is None:
        return Estimate(value=None)
    low, high = interval(draws(halves))
    return Estimate(value=value(halves), low=low, high=high)


def _details(records: Sequence[Record]) -> tuple[tuple[str, float], ...]:
    """Average each detail over the samples, and add what only a cell has."""
    if not records:
        return ()
    columns: dict[str, list[float]] = defaultdict(list)
    for record in records:
        for name, value in record.grade.details:
            columns[name].append(value)
    found = {name: fmean(values) for name, values in columns.items()}
    if records[0].grade.counts:
        found["corpus_bleu"] = corpus_bleu([r.grade.counts for r in records])
    if records[0].cell.family == "sentiment":
        pairs = [(r.extracted, r.reference) for r in records]
        average = macro_f1(pairs, sorted({reference for _, reference in pairs}))
        if average is not None:
            found["macro_f1"] = average
    return tuple(sorted(found.items()))


def _total(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _prefill_rate(records: Sequence[Record]) -> float | None:
    """Return prompt tokens per second of waiting for the first token."""
    pairs = [
        (r.prompt_tokens, r.timing.ttft_s)
        for r in records
        if r.timing is not None and r.prompt_tokens and r.timing.ttft_s
    ]
    waited = sum(seconds for _, seconds in pairs)
    return sum(tokens for tokens, _ in pairs) / waited if waited else None
