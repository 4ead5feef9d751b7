"""Judging: a panel of models grades the answers of a run, after all timing is done."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.judges.panel_votes import panel_grade, without_own
from pytest_llmlat.measure.opened_judge import opened
from pytest_llmlat.store.vote_cache import VoteCache
from pytest_llmlat.values.judge_votes import UNCALIBRATED
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_llmlat.measure.judge_panel import Panel
    from pytest_llmlat.measure.opened_judge import JudgingTools
    from pytest_llmlat.values.judge_votes import PanelRule, Vote
    from pytest_llmlat.values.records import Record


def judged(
    records: Sequence[Record], panel: Panel, tools: JudgingTools
) -> list[Record]:
    """Return records with the votes of a panel, and the grades that they come to.

    An answer that broke, timed out or is empty is worth nothing, whatever judges say.
    One on which no vote counts, or on which a judge could not be asked any more, is not
    graded, and no figure of quality has it.

    Args:
        records: of one run.
        panel: who judges; checked.
        tools: where votes are kept, and who follows it.

    Raises:
        LLMLatError: a judge cannot be loaded.
    """
    votes: dict[int, list[Vote]] = defaultdict(list)
    asked = [n for n, record in enumerate(records) if record.answer and record.answered]
    known = VoteCache(tools.cache)
    try:
        for judge in panel.judges:
            with opened(judge, panel, tools, known) as seat:
                cast = seat.votes([records[n] for n in asked])
            for number, vote in zip(asked, cast, strict=True):
                votes[number].append(vote)
    finally:
        known.close()
    return [
        graded(record, votes[number], panel.rule, tools.family(record))
        for number, record in enumerate(records)
    ]


def graded(
    record: Record,
    votes: Sequence[Vote],
    rule: PanelRule,
    families: Collection[str],
) -> Record:
    """Return a record with its votes, and the grade that they come to.

    Details of the metric beside the judges stay in the grade.

    Args:
        record: an answer.
        votes: on it, one of each judge.
        rule: how one grade is made of them.
        families: of the model that gave it.
    """
    told = tuple(without_own(votes, record.cell.model, families))
    grade = panel_grade(told, rule)
    note = "no vote that counts"
    if any(vote.problem == "not asked" for vote in told):
        # The mean of those who came to it would be of another panel.
        grade, note = None, "not judged to the end"
    if grade is None and not (record.answer and record.answered):
        grade = Grade(value=0.0, note="no answer to judge")
    counted = grade or Grade(value=0.0, note=note)
    own_details = dict(counted.details)
    beside = [(n, v) for n, v in _graded_before(record) if n not in own_details]
    return replace(
        record,
        metric=UNCALIBRATED,
        chance=0.0,
        grade=replace(counted, details=(*counted.details, *beside)),
        graded=grade is not None,
        unparsed=False,
        votes=told,
    )


def _graded_before(record: Record) -> tuple[tuple[str, float], ...]:
    """Return what another metric said of an answer, to be told beside the judges."""
    grade = record.grade
    if not record.graded or METRICS[record.metric].later:
        return grade.details
    return ((record.metric, grade.value), *grade.details)
