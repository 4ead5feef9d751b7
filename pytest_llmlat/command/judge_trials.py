"""Trials of judges: planted changes of answers, and what judges make of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.judge_fitness import Beside, Fitness, JudgeTrial, fitness
from pytest_llmlat.judges.lineages import lineage, lineage_of
from pytest_llmlat.judges.planted_faults import planted_changes
from pytest_llmlat.measure.panel_grading import cast_votes, check_panel
from pytest_llmlat.store.vote_cache import VoteCache

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmlat.measure.panel_grading import Panel
    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.judge_votes import Vote
    from pytest_llmlat.values.records import Record

TRIED = 30
"""Answers of a run that changes are planted in, where nobody says how many."""
REPEATED = "repeat"


def try_judges(
    records: Sequence[Record],
    panel: Panel,
    *,
    cache: Path | None,
    answers: int = TRIED,
    labels: Sequence[float | None] | None = None,
) -> list[Fitness]:
    """Return what planted changes, repeats and the other votes tell of each judge.

    Args:
        records: of one run.
        panel: the judges.
        cache: folder of the user's caches, where votes are kept.
        answers: number of answers that changes are planted in, a fixed draw.
        labels: what people said of each record, 0 to 1; where there is none, the mean
            of the other judges stands for it.

    Raises:
        LLMLatError: a judge cannot be loaded.
    """
    check_panel(panel)
    asked = [n for n, record in enumerate(records) if record.answer and record.answered]
    own = [records[n] for n in asked]
    drawn = sorted(own, key=_lot)[:answers]
    planted = [
        (change.kind, record, replace(record, answer=change.text))
        for record in drawn
        for change in planted_changes(record.answer or "")
    ]
    known = VoteCache(cache)
    try:
        votes = {
            judge.name: cast_votes(own, judge, panel, known) for judge in panel.judges
        }
        return [
            _measured(
                judge,
                own,
                votes,
                _trials(judge, planted, drawn, panel, known),
                None if labels is None else [labels[n] for n in asked],
            )
            for judge in panel.judges
        ]
    finally:
        known.close()


def _lot(record: Record) -> str:
    """Return the lot by which answers are drawn, the same every time."""
    told = f"{record.cell.id}|{record.sample}|{record.round}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _trials(
    judge: ModelSpec,
    planted: Sequence[tuple[str, Record, Record]],
    drawn: Sequence[Record],
    panel: Panel,
    known: VoteCache,
) -> list[JudgeTrial]:
    """Ask a judge about changed answers, and about the same ones once more."""
    before = cast_votes([plain for _, plain, _ in planted], judge, panel, known)
    after = cast_votes([changed for _, _, changed in planted], judge, panel, known)
    trials = [
        JudgeTrial(kind=kind, before=first.share, after=second.share)
        for (kind, _, _), first, second in zip(planted, before, after, strict=True)
        if first.share is not None and second.share is not None
    ]
    once = cast_votes(drawn, judge, panel, known)
    # A vote that is known from before would agree with itself.
    again = cast_votes(drawn, judge, panel, VoteCache(None))
    trials += [
        JudgeTrial(kind=REPEATED, before=first.share, after=second.share)
        for first, second in zip(once, again, strict=True)
        if first.share is not None and second.share is not None
    ]
    return trials


def _measured(
    judge: ModelSpec,
    records: Sequence[Record],
    votes: dict[str, list[Vote]],
    trials: Sequence[JudgeTrial],
    labels: Sequence[float | None] | None,
) -> Fitness:
    cast = votes[judge.name]
    family = lineage(judge)
    beside = []
    for number, (record, vote) in enumerate(zip(records, cast, strict=True)):
        rest = labels[number] if labels else _rest(judge, number, votes, record)
        if rest is None or vote.share is None:
            continue
        beside.append(
            Beside(
                share=vote.share,
                rest=rest,
                words=len((record.answer or "").split()),
                own=lineage_of(record.cell.model) == family,
            )
        )
    return fitness(
        judge.name,
        unread=sum(vote.share is None for vote in cast),
        votes=len(cast),
        trials=trials,
        beside=beside,
    )


def _rest(
    judge: ModelSpec, number: int, votes: dict[str, list[Vote]], record: Record
) -> float | None:
    """Return the mean of the other judges that have a say on an answer."""
    family = lineage_of(record.cell.model)
    others = [
        cast[number].share
        for name, cast in votes.items()
        if name != judge.name and cast[number].lineage != family
    ]
    there = [share for share in others if share is not None]
    return fmean(there) if there else None
