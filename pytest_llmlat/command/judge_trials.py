"""Trials of judges: planted changes of answers, and what judges make of them."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.judge_fitness import Beside, Fitness, JudgeTrial, fitness
from pytest_llmlat.command.label import text_lot
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
) -> list[Fitness]:
    """Return what planted changes, repeats and the other votes tell of each judge.

    Args:
        records: of one run.
        panel: the judges.
        cache: folder of the user's caches, where votes are kept.
        answers: number of answers that changes are planted in, a fixed draw.

    Raises:
        LLMLatError: a judge cannot be loaded.
    """
    check_panel(panel)
    own = [record for record in records if record.answer and record.answered]
    drawn = sorted(range(len(own)), key=lambda place: _lot(own[place]))[:answers]
    planted = [
        (change.kind, place, replace(own[place], answer=change.text))
        for place in drawn
        for change in planted_changes(own[place].answer or "")
    ]
    known = VoteCache(cache)
    try:
        votes = {
            judge.name: cast_votes(own, judge, panel, known) for judge in panel.judges
        }
        found = []
        for judge in panel.judges:
            cast = votes[judge.name]
            changed = [record for _, _, record in planted]
            after = cast_votes(changed, judge, panel, known)
            # A vote that is known from before would agree with itself.
            asked = [own[place] for place in drawn]
            again = cast_votes(asked, judge, panel, VoteCache(None))
            tried = [
                *((kind, cast[place]) for kind, place, _ in planted),
                *((REPEATED, cast[place]) for place in drawn),
            ]
            trials = _trials(tried, [*after, *again])
            found.append(_measured(judge, own, votes, trials))
        return found
    finally:
        known.close()


def _lot(record: Record) -> str:
    """Return the lot by which answers are drawn, the same every time."""
    return text_lot(f"{record.cell.id}|{record.sample}|{record.round}")


def _trials(
    before: Sequence[tuple[str, Vote]], after: Sequence[Vote]
) -> list[JudgeTrial]:
    """Return the trials in which a score could be read both times."""
    return [
        JudgeTrial(kind=kind, before=first.share, after=second.share)
        for (kind, first), second in zip(before, after, strict=True)
        if first.share is not None and second.share is not None
    ]


def _measured(
    judge: ModelSpec,
    records: Sequence[Record],
    votes: dict[str, list[Vote]],
    trials: Sequence[JudgeTrial],
) -> Fitness:
    cast = votes[judge.name]
    family = lineage(judge)
    beside = []
    for number, (record, vote) in enumerate(zip(records, cast, strict=True)):
        rest = _rest(judge, number, votes, record)
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
