"""Pairs of answers: two measurements of the same samples, side by side."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis import score
from pytest_llmlat.analysis.calibrated_quality import label_of
from pytest_llmlat.values.answer_speed import answer_time
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.records import Record

LATENCIES = tuple(figure.short for figure in FIGURES.values() if figure.compared)
"""Latencies of a sample, so that two runs have a ratio of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side's answers to one item, averaged over its rounds and its turns.

    An item is a sample, or what is alike with others: a whole conversation.
    """

    first: Record
    """One of the graded answers, for what they have in common; its chance is the mean
    of all."""
    value: float
    """Mean of the metric."""
    speed: float
    """Mean of the speed score."""
    counts: tuple[float, ...]
    """Mean of the sufficient statistics of a corpus metric, column by column."""
    correct: bool | None
    """Whether it is right; ``None`` where rounds or turns differ, or the metric does
    not know."""
    logs: tuple[float | None, ...]
    """Mean logarithm of each of ``LATENCIES`` in seconds; ``None`` if none is known. A
    time-out counts with the time after which it was given up: it took at least that. An
    error has no latency; it weighs on quality and speed."""
    label: float | None = None
    """What people said of it, as quality; ``None`` where an answer has no label."""
    answered: bool = True
    """Whether there is an answer, not empty; where not, it is worth nothing."""
    cut: bool = False
    """Whether some answer was given up: latencies are then lower bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """A candidate's and a baseline's answers to the samples that both have."""

    samples: tuple[str, ...]
    """Names of the items."""
    compared: int
    """Number of samples in these: more than there are items where some are alike."""
    candidate: tuple[Side, ...]
    baseline: tuple[Side, ...]
    missing: tuple[str, ...]
    """Samples of the baseline without an answer of the candidate."""
    added: tuple[str, ...]
    """Samples of the candidate without an answer of the baseline."""


def pair(candidate: Iterable[Record], baseline: Iterable[Record]) -> Pairs:
    """Return the answers to each item side by side, in the order of the names.

    Of a conversation those turns count that both sides have.
    """
    ours, theirs = _by_sample(candidate), _by_sample(baseline)
    both = sorted(ours.keys() & theirs.keys())
    items: dict[str, list[str]] = defaultdict(list)
    for name in both:
        items[ours[name][0].item].append(name)
    sides = {
        item: _both_sides([ours[n] for n in names], [theirs[n] for n in names])
        for item, names in sorted(items.items())
    }
    found = {item: each for item, each in sides.items() if each is not None}
    return Pairs(
        samples=tuple(found),
        compared=len(both),
        candidate=tuple(own for own, _ in found.values()),
        baseline=tuple(own for _, own in found.values()),
        missing=tuple(sorted(theirs.keys() - ours.keys())),
        added=tuple(sorted(ours.keys() - theirs.keys())),
    )


def joined(first: Pairs, second: Pairs) -> Pairs:
    """Return the pairs of both, of other items."""
    return Pairs(
        samples=first.samples + second.samples,
        compared=first.compared + second.compared,
        candidate=first.candidate + second.candidate,
        baseline=first.baseline + second.baseline,
        missing=first.missing + second.missing,
        added=first.added + second.added,
    )


def log_ratios(pairs: Pairs, quantity: str) -> list[float | None]:
    """Return for each sample the log of candidate over baseline, where both have it.

    A candidate that was given up is never counted as faster: an earlier time limit
    would look like a quicker answer.
    """
    place = LATENCIES.index(quantity)
    return [
        None
        if (a := ours.logs[place]) is None or (b := theirs.logs[place]) is None
        else max(a - b, 0.0)
        if ours.cut
        else a - b
        for ours, theirs in zip(pairs.candidate, pairs.baseline, strict=True)
    ]


def known(sides: Sequence[Side], quantity: str) -> int:
    """Return the number of samples for which a side has a latency."""
    place = LATENCIES.index(quantity)
    return sum(side.logs[place] is not None for side in sides)


def log_times(records: Iterable[Record], quantity: str) -> dict[str, float]:
    """Return the log of a latency of each sample that has it, in their order.

    Of several answers to a sample it is their mean.
    """
    place = LATENCIES.index(quantity)
    return {
        name: value
        for name, answers in _by_sample(records).items()
        if (value := _sample_logs(answers)[place]) is not None
    }


def _by_sample(records: Iterable[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record.sample].append(record)
    return found


def _both_sides(
    ours: Sequence[Sequence[Record]], theirs: Sequence[Sequence[Record]]
) -> tuple[Side, Side] | None:
    """Return both sides of one item; ``None`` where nothing of it is graded.

    Turns of a conversation are not equally long. So a latency of it is of those turns
    of which the baseline has it, and the candidate has none where it lacks one of them:
    a slow turn that failed must not make the others look fast.

    Args:
        ours: the candidate's answers to each of its samples.
        theirs: the baseline's, to the same ones.
    """
    if not any(answers[0].graded for answers in ours):
        return None
    own, other = (_side([r for rs in side for r in rs]) for side in (ours, theirs))
    if len(ours) == 1:
        return own, other
    our_logs, their_logs = (
        [_sample_logs(answers) for answers in side] for side in (ours, theirs)
    )
    means: list[tuple[float | None, float | None]] = []
    for column in range(len(LATENCIES)):
        of = [n for n, logs in enumerate(their_logs) if logs[column] is not None]
        mine = [our_logs[n][column] for n in of]
        means.append(
            (
                None if None in mine else _mean(mine),
                _mean(their_logs[n][column] for n in of),
            )
        )
    return (
        replace(own, logs=tuple(mean for mean, _ in means)),
        replace(other, logs=tuple(mean for _, mean in means)),
    )


def _side(records: Sequence[Record]) -> Side:
    first = records[0]
    if len(records) == 1:
        return Side(
            first=first,
            value=first.grade.value,
            speed=score.speed(answer_time(first), first.budget_s),
            counts=first.grade.counts,
            correct=first.grade.correct,
            logs=latency_logs(first),
            label=label_of(records),
            answered=first.answered and not first.empty,
            cut=first.finish == "timeout",
        )
    graded = [record for record in records if record.graded]
    marks = {record.grade.correct for record in graded}
    columns = zip(*(record.grade.counts for record in graded), strict=True)
    chances = {record.chance for record in graded}
    chance = chances.pop() if len(chances) == 1 else fmean(r.chance for r in graded)
    return Side(
        first=replace(graded[0], chance=chance),
        value=fmean(record.grade.value for record in graded),
        speed=fmean(score.speed(answer_time(r), r.budget_s) for r in records),
        counts=tuple(fmean(column) for column in columns),
        correct=marks.pop() if len(marks) == 1 else None,
        logs=_sample_logs(records),
        label=label_of(graded),
        answered=any(record.answered and not record.empty for record in graded),
        cut=any(record.finish == "timeout" for record in records),
    )


def _sample_logs(records: Sequence[Record]) -> tuple[float | None, ...]:
    """Return the mean logarithm of each latency over the rounds that have it."""
    return tuple(
        _mean(column) for column in zip(*map(latency_logs, records), strict=True)
    )


def latency_logs(record: Record) -> tuple[float | None, ...]:
    """Return the logarithm of each of ``LATENCIES``; ``None`` where there is none."""
    timing = record.timing
    if timing is None or record.finish == "error":
        return (None,) * len(LATENCIES)
    e2e_s, ttft_s = timing.e2e_s, timing.ttft_s
    if record.finish == "timeout":
        # Not up to the last token that came: the next one was waited for in vain.
        e2e_s = (timing.end_ns - timing.start_ns) / NS_PER_S
        ttft_s = e2e_s if ttft_s is None else ttft_s
    return tuple(
        math.log(value) if value is not None and value > 0 else None
        for value in (e2e_s, ttft_s, timing.tpot_s)
    )


def _mean(values: Iterable[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return fmean(there) if there else None
