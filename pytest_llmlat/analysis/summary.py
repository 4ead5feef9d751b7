"""From the records of a cell to its statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.answers_alone import cell_answers
from pytest_llmlat.analysis.averaged_figures import averages
from pytest_llmlat.analysis.breakdowns import breakdown
from pytest_llmlat.analysis.calibrated_quality import metric_name
from pytest_llmlat.analysis.cell_bootstrap import items_of
from pytest_llmlat.analysis.cell_counts import (
    count_cell,
    decode_rate,
    for_rows,
    latencies,
    seconds_per_correct,
    tokens_per_correct,
)
from pytest_llmlat.analysis.cell_estimates import estimates_of
from pytest_llmlat.analysis.cost_scores import cost_scores
from pytest_llmlat.analysis.few_items import score_bias
from pytest_llmlat.analysis.figure_parts import distributions, numbers
from pytest_llmlat.analysis.giving_up import LEAST_GAIN
from pytest_llmlat.analysis.judged_cells import judging_figures
from pytest_llmlat.analysis.level_answers import level_answers
from pytest_llmlat.analysis.repeated_answers import fewest
from pytest_llmlat.analysis.request_times import request_times
from pytest_llmlat.analysis.spending import cost_figures, spending
from pytest_llmlat.analysis.steadiness import steadiness
from pytest_llmlat.analysis.throughput import throughput
from pytest_llmlat.analysis.untimed import counted_times, without_times
from pytest_llmlat.analysis.workload import workload
from pytest_llmlat.values.balance import BALANCES, weighed
from pytest_llmlat.values.percentiles import distribution
from pytest_llmlat.values.results import Estimate, Summary
from pytest_llmlat.values.sampling import DrawnAnswers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.analysis.answers_alone import CellAnswers
    from pytest_llmlat.analysis.cell_bootstrap import Items
    from pytest_llmlat.analysis.cell_counts import CellCounts
    from pytest_llmlat.analysis.cell_estimates import CellEstimates
    from pytest_llmlat.analysis.level_answers import LevelAnswers
    from pytest_llmlat.analysis.slo import Objective
    from pytest_llmlat.analysis.spending import SpendingByKind
    from pytest_llmlat.analysis.workload import Workload
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record


_TAKEN_OVER = (
    *("load_s", "warmup_s", "wall_s", "peak_rss_bytes", "peak_device_bytes"),
    *("task_revision", "load", "instrument", "contention", "backend", "warnings"),
    *("constraint", "stopping", "price", "engine", "energy"),
    *("cost_budget", "steady_rss_bytes", "device_memory"),
    *("draft_check", "node", "peer"),
    *("sittings", "anew", "reruns", "reused_answers", "untimed"),
)
"""Facts of a cell that its summary takes over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condensed:
    """A cell reduced to what its statistics need; its records may be forgotten."""

    facts: CellFacts
    figures: dict[str, Any]
    """What needs no resampling, by the names that a summary has for it."""
    estimates: CellEstimates | None
    """Quality and speed; ``None`` for a cell without graded records."""
    items: Items | None
    """What is resampled; ``None`` for a cell without graded records."""
    counts: CellCounts
    """What the cell's row joins."""
    workload: Workload
    """What the cell was asked."""
    spent: SpendingByKind
    """What it cost, as far as that is known."""
    level: LevelAnswers | None
    """Its answers, where it is a part of a load search."""
    answers: CellAnswers | None
    """Its answers, where those under a load are held against those alone."""
    no_cost: str | None
    """Reason why it has no cost score; ``None`` where it has one."""


def condense(
    facts: CellFacts,
    records: Sequence[Record],
    *,
    slo: tuple[Objective, ...] = (),
) -> Condensed:
    """Compute what follows from one cell's records and its facts alone.

    Args:
        facts: of the cell; its ``planned`` tells whether records are missing.
        records: of the cell; may be empty.
        slo: which answers came in time to be called good.
    """
    records = counted_times(facts, records)
    times = request_times(records)
    answered = [
        r for r, time in zip(records, times.e2e_s, strict=True) if time is not None
    ]
    graded = any(record.graded for record in records)
    costs = cost_scores(facts, records)
    told = None if isinstance(costs, str) else costs
    stopped = facts.stopping is not None and facts.stopping.early
    counted = count_cell(facts.load, records, times)
    figures = {
        "samples": len(records),
        "partial": not facts.whole(len(records)),
        "metric": metric_name(records),
        "judging": judging_figures(records),
        **_counts(records),
        **latencies([counted]),
        "queue_s": distribution(r.timing.queue_s for r in records if r.timing),
        "prompt_tokens": _total(r.prompt_tokens for r in answered),
        "output_tokens": _total(r.output_tokens for r in answered),
        "prefill_tokens_per_s": _prefill_rate(answered),
        "decode_tokens_per_s": decode_rate([counted]),
        **throughput(facts, records, slo),
        "seconds_per_correct": seconds_per_correct([counted]),
        "tokens_per_correct": tokens_per_correct([counted]),
        "drawn": _drawing(records) if records else None,
        "steadiness": steadiness(facts, records, times.speeds),
        "figures": distributions([counted.by_entry]),
        "numbers": numbers(
            [counted.by_entry], None if facts.planned is None else facts
        ),
        "breakdown": breakdown(records),
    }
    return Condensed(
        facts=facts,
        figures=figures,
        estimates=estimates_of(records, stopped=stopped, costs=told, times=times)
        if graded
        else None,
        items=items_of(records, told, times) if graded else None,
        counts=for_rows(counted),
        workload=workload(facts, records),
        spent=spending(facts, records),
        level=level_answers(facts, records, times, slo),
        answers=cell_answers(facts, records),
        no_cost=costs if isinstance(costs, str) else None,
    )


def complete(cell: Condensed, balance: Balance) -> Summary:
    """Return the statistics of a condensed cell, with its intervals.

    Args:
        cell: as ``condense`` gave it.
        balance: which mean is called balanced.
    """
    facts, found = cell.facts, cell.estimates
    nothing = Estimate(value=None)
    summary = Summary(
        cell=facts.cell,
        planned=facts.planned,
        chance=found.chance.value if found else None,
        quality=found.value.estimate if found else nothing,
        normalized=found.normalized if found else nothing,
        speed=found.speed.estimate if found else nothing,
        balanced=found.balanced(balance) if found else nothing,
        cost_score=found.cost.estimate if found and found.cost else nothing,
        no_cost=cell.no_cost if found and _told_of_cost(facts, balance) else None,
        **_means(found),
        details=found.details if found else (),
        averages=(
            *averages(
                [(found.averages, facts.cell.family)] if found else [], row=False
            ),
            *cost_figures([cell.spent], row=False),
        ),
        patient=_patient(found, balance),
        score_bias=score_bias(found, balance) if found else None,
        **cell.figures,
        **{name: getattr(facts, name) for name in _TAKEN_OVER},
    )
    return summary if facts.untimed is None else without_times(summary)


def summarise(
    facts: CellFacts,
    records: Sequence[Record],
    *,
    balance: Balance,
    slo: tuple[Objective, ...] = (),
) -> Summary:
    """Compute one cell's statistics; all from its records and its facts.

    Args:
        facts: of the cell.
        records: of the cell; may be empty.
        balance: which mean is called balanced.
        slo: which answers came in time to be called good.
    """
    return complete(condense(facts, records, slo=slo), balance)


def _told_of_cost(facts: CellFacts, balance: Balance) -> bool:
    """Whether anybody asked for what answers cost."""
    return facts.cost_budget is not None or weighed(balance).weighs_cost


def _patient(found: CellEstimates | None, balance: Balance) -> float | None:
    """Return the score without the gain of giving up; ``None`` where that is small."""
    if found is None or found.patient_speed is None or found.lacks(balance):
        return None
    quality, cost = found.quality, found.cost_score
    told = float(score.balance(quality, found.patient_speed, balance, cost=cost))
    own = score.balance(quality, found.speed.value, balance, cost=cost)
    return told if own - told >= LEAST_GAIN else None


def _drawing(records: Sequence[Record]) -> DrawnAnswers:
    """Return how answers were drawn; a failure, of which nobody knows, is left out."""
    answers = [r for r in records if r.answered]
    told = {(r.temperature, r.top_p) for r in answers} or {(None, None)}
    (temperature, top_p) = told.pop() if len(told) == 1 else (None, None)
    return DrawnAnswers(repeats=fewest(records), temperature=temperature, top_p=top_p)


def _means(found: CellEstimates | None) -> dict[str, Any]:
    """Return every mean of quality and speed, whichever is called balanced."""
    return {
        kind: score.balance(found.quality, found.speed.value, kind) if found else None
        for kind in BALANCES
    }


def _counts(records: Sequence[Record]) -> dict[str, Any]:
    """Count what went wrong or otherwise, by the names that a summary has for it."""
    told = ("unparsed", "truncated", "refused", "empty")
    return {
        "errors": sum(r.finish == "error" for r in records),
        "timeouts": sum(r.finish == "timeout" for r in records),
        "retries": sum(r.transport.retries for r in records if r.transport),
        "grouped": sum(bool(r.timing and r.timing.grouped) for r in records),
        "cut_in_thought": sum(r.cut_in_thought for r in records),
        **{flag: _told_of_all([getattr(r, flag) for r in records]) for flag in told},
    }


def _told_of_all(marks: Sequence[bool | None]) -> int | None:
    """Return how many have a mark; ``None`` where it is not known of one of them."""
    return None if None in marks else sum(map(bool, marks))


def _total(counts: Iterable[int | None]) -> int | None:
    """Return the sum of counts; ``None`` if one of them is unknown."""
    told = list(counts)
    known = [count for count in told if count is not None]
    return sum(known) if known and len(known) == len(told) else None


def _prefill_rate(records: Sequence[Record]) -> float | None:
    """Return prompt tokens per second of the model's time to the first token."""
    pairs = [
        (r.prompt_tokens, r.timing.ttft_s - (r.timing.queue_s or 0.0))
        for r in records
        if r.timing is not None and r.prompt_tokens and r.timing.ttft_s is not None
        # Of a cascade it is the time of other models' answers too.
        if not r.steps
    ]
    waited = sum(seconds for _, seconds in pairs)
    return sum(tokens for tokens, _ in pairs) / waited if waited else None
