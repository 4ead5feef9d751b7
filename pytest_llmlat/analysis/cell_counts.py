"""Counts and latencies of a cell that its row joins, without the records.

A record with its texts and stamps is some kilobytes; a row joins of it three latencies,
the gaps between its tokens and a few counts. So the rows of a million records are made
while only those of one cell are in memory.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis.figure_parts import figure_parts, parts_for_rows
from pytest_llmlat.analysis.request_times import request_times
from pytest_llmlat.values.percentiles import joined_distribution
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.analysis.figure_parts import FigureParts
    from pytest_llmlat.analysis.request_times import RequestTimes
    from pytest_llmlat.values.cell_facts import LoadFacts
    from pytest_llmlat.values.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCounts:
    """Counts and latencies of the requests of one cell, in their order.

    A time-out counts as longer than it took, with its TTFT where the first token had
    come. An error has no latency and is only counted.
    """

    samples: int
    e2e_s: array[float]
    """End-to-end times of the answers, in seconds."""
    ttft_s: array[float]
    """Times to the first token, in seconds: of answers that came token by token, then
    of time-outs that had begun."""
    tpot_s: array[float]
    cut: int
    """Number of time-outs: requests that were given up."""
    unbegun: int
    """Number of time-outs without a first token."""
    later_tokens: array[float]
    """Tokens of each answer after its first stamp."""
    decode_ns: int
    """Time from the first stamp to the last, over all answers."""
    judged: int
    """Requests whose metric knows right and wrong."""
    right: int
    in_time: int
    """Answers that were right and within the budget."""
    spent_s: float
    """Time of the judged requests; under a load, requests share the time that
    passes."""
    by_entry: FigureParts
    """Parts of the figures that their definition alone says how to compute."""
    spent_tokens: int | None
    """Tokens of the judged requests, thoughts included; ``None`` where those of one are
    unknown, such as of one that failed half-way."""


def count_cell(
    load: LoadFacts | None,
    records: Sequence[Record],
    times: RequestTimes | None = None,
) -> CellCounts:
    """Condense the records of one cell.

    Args:
        load: what was measured of the load that they were a part of.
        records: of the cell; may be empty.
        times: of the records; ``None`` to have them computed.
    """
    e2e_s = (times or request_times(records)).e2e_s
    answered = [
        record.timing
        for record, time_s in zip(records, e2e_s, strict=True)
        if time_s is not None and record.timing
    ]
    cut = [r.timing for r in records if r.finish == "timeout" and r.timing]
    begun = [t.ttft_s for t in cut if t.ttft_s is not None]
    judged = [
        (record, time_s)
        for record, time_s in zip(records, e2e_s, strict=True)
        if record.grade.correct is not None
    ]
    return CellCounts(
        samples=len(records),
        e2e_s=_known(e2e_s),
        ttft_s=_known([*(t.ttft_s for t in answered), *begun]),
        tpot_s=_known([t.tpot_s for t in answered]),
        cut=len(cut),
        unbegun=len(cut) - len(begun),
        later_tokens=array("d", [t.later_tokens for t in answered]),
        decode_ns=sum(
            # Where nobody counted the tokens, the time is of no use either.
            t.stamps_ns[-1] - t.stamps_ns[0]
            for t in answered
            if any(t.stamp_tokens)
        ),
        judged=len(judged),
        right=sum(bool(record.grade.correct) for record, _ in judged),
        in_time=sum(
            bool(record.grade.correct)
            and time_s is not None
            and time_s <= record.budget_s
            for record, time_s in judged
        ),
        spent_s=_spent(load, [record for record, _ in judged]),
        by_entry=figure_parts(records),
        spent_tokens=_spent_tokens([record for record, _ in judged]),
    )


def latencies(counts: Sequence[CellCounts]) -> dict[str, Any]:
    """Summarise e2e, TTFT and TPOT, by the names that a summary has for them."""
    cut = sum(t.cut for t in counts)
    unbegun = sum(t.unbegun for t in counts)
    return {
        "e2e_s": joined_distribution([t.e2e_s for t in counts], censored=cut),
        "ttft_s": joined_distribution([t.ttft_s for t in counts], censored=unbegun),
        "tpot_s": joined_distribution([t.tpot_s for t in counts], censored=cut),
    }


def for_rows(counts: CellCounts) -> CellCounts:
    """Return the counts of a cell without the figures that only cells have."""
    return replace(counts, by_entry=parts_for_rows(counts.by_entry))


def decode_rate(counts: Sequence[CellCounts]) -> float | None:
    """Return tokens after the first per second spent on them, over all answers."""
    tokens = sum(_all(t.later_tokens for t in counts))
    spent = sum(t.decode_ns for t in counts)
    return tokens / spent * NS_PER_S if spent else None


def seconds_per_correct(counts: Iterable[CellCounts]) -> float | None:
    """Return the time spent on all requests for each right answer.

    Cost of pass (Erol et al. 2025) with seconds as the cost. ``None`` where the
    metric knows no right or wrong, or nothing was right. Failed requests cost the
    time until they failed.
    """
    right, spent = 0, 0.0
    for each in counts:
        right += each.right
        spent += each.spent_s
    return spent / right if right else None


def tokens_per_correct(counts: Iterable[CellCounts]) -> float | None:
    """Return the output tokens of all judged requests for each right answer.

    Thoughts are among them: this is what thinking costs. ``None`` where nothing was
    right, or the tokens of some request are not known.
    """
    right, spent = 0, 0
    for each in counts:
        if each.spent_tokens is None:
            return None
        right += each.right
        spent += each.spent_tokens
    return spent / right if right else None


def _spent(load: LoadFacts | None, judged: Sequence[Record]) -> float:
    if load is None:
        timings = [r.timing for r in judged if r.timing is not None]
        return sum(t.end_ns - t.start_ns for t in timings) / NS_PER_S
    return load.window_s / load.ended * len(judged) if load.ended else 0.0


def _spent_tokens(judged: Sequence[Record]) -> int | None:
    spent = 0
    for record in judged:
        if record.finish == "context":
            continue
        if record.output_tokens is None:
            return None
        spent += record.output_tokens
    return spent


def _known(values: Iterable[float | None]) -> array[float]:
    return array("d", [value for value in values if value is not None])


def _all(parts: Iterable[array[float]]) -> Iterable[float]:
    return chain.from_iterable(parts)
