"""Trials of judges: planted changes of answers, and what judges make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.judge_fitness import (
    Beside,
    Fitness,
    InjectionTrial,
    JudgeTrial,
    fitness,
)
from pytest_llmlat.command.label_session import text_lot
from pytest_llmlat.judges.lineages import lineage
from pytest_llmlat.judges.planted_faults import planted_changes
from pytest_llmlat.judges.prompt_injections import prompt_injections
from pytest_llmlat.measure.opened_judge import opened
from pytest_llmlat.store.vote_cache import VoteCache
from pytest_llmlat.values.errors import BudgetSpent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.judges.planted_faults import PlantedChange
    from pytest_llmlat.judges.prompt_injections import PromptInjection
    from pytest_llmlat.measure.judge_panel import Panel
    from pytest_llmlat.measure.opened_judge import JudgingTools, OpenedJudge
    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.judge_votes import Rubric, Vote
    from pytest_llmlat.values.records import Record

TRIED = 30
"""Answers of a run that changes are planted in, where nobody says how many."""
REPEATED = "repeat"


def try_judges(
    records: Sequence[Record],
    panel: Panel,
    tools: JudgingTools,
    *,
    answers: int = TRIED,
    injected: int = 0,
) -> list[Fitness]:
    """Return what planted changes, repeats and the other votes tell of each judge.

    What comes of it is kept beside the judge's votes, so that later votes know it.

    Args:
        records: of one run.
        panel: the judges; checked.
        tools: where votes are kept.
        answers: number of answers that changes are planted in, a fixed draw.
        injected: number of answers that each prompt injection is put into.

    Raises:
        BudgetSpent: nobody may be asked any more.
        LLMLatError: a judge cannot be loaded.
    """
    if panel.rubric.pairwise:
        # Of the model that others are held against nothing is asked.
        records = [one for one in records if tools.other(one) is not None]
    plan = _plan(records, panel.rubric, answers, injected)
    known = VoteCache(tools.cache)
    keys: dict[str, str] = {}
    asked: dict[str, _Asked] = {}
    try:
        for judge in panel.judges:
            with opened(judge, panel, tools, known) as seat:
                keys[judge.name] = seat.fitness_key
                asked[judge.name] = _ask(seat, plan)
                if seat.spent:
                    # Half of a trial would call a judge unfit for what was not asked.
                    raise BudgetSpent(
                        f"judge {judge.name}: what may be spent is spent, and it was"
                        " not tried to the end, so nothing is told of it; allow more"
                        " (--spend): votes that were cast are kept"
                    )
        votes = {name: each.votes for name, each in asked.items()}
        # How a judge favours its own is seen beside all others.
        families = [tools.family(record) for record in plan.own]
        found = [
            _measured(judge, plan.own, families, votes, asked[judge.name])
            for judge in panel.judges
        ]
        for each in found:
            known.keep_fitness(keys[each.judge], fit=each.fit)
        return found
    finally:
        known.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What judges are asked about."""

    own: Sequence[Record]
    """Answers as they are."""
    drawn: Sequence[int]
    """Places of those that changes are planted in."""
    planted: Sequence[tuple[PlantedChange, int]]
    attacks: Sequence[tuple[PromptInjection, int]]

    def changed(
        self, changes: Sequence[tuple[PlantedChange | PromptInjection, int]]
    ) -> list[Record]:
        """Return answers with the changes in them."""
        return [replace(self.own[place], answer=each.text) for each, place in changes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a judge said."""

    votes: list[Vote]
    """On the answers as they are."""
    trials: list[JudgeTrial]
    injections: list[InjectionTrial]


def _plan(
    records: Sequence[Record], rubric: Rubric, answers: int, injected: int
) -> _Plan:
    own = [record for record in records if record.answer and record.answered]
    drawn = sorted(range(len(own)), key=lambda place: _lot(own[place]))[:answers]
    return _Plan(
        own=own,
        drawn=drawn,
        planted=[
            (change, place)
            for place in drawn
            for change in planted_changes(own[place].answer or "", rubric)
        ],
        attacks=[
            (attack, place)
            for place in drawn[:injected]
            for attack in prompt_injections(own[place].answer or "", rubric)
        ],
    )


def _ask(seat: OpenedJudge, plan: _Plan) -> _Asked:
    """Ask a judge about all answers, as they are and changed, and again."""
    votes = seat.votes(plan.own)
    after = seat.votes(plan.changed(plan.planted))
    seen = seat.votes(plan.changed(plan.attacks))
    # A vote that is known from before would agree with itself.
    again = seat.votes([plan.own[place] for place in plan.drawn], VoteCache(None))
    tried = [
        *((change.kind, votes[place]) for change, place in plan.planted),
        *((REPEATED, votes[place]) for place in plan.drawn),
    ]
    return _Asked(
        votes=votes,
        trials=_trials(tried, [*after, *again]),
        injections=[
            InjectionTrial(
                name=attack.name,
                kind=attack.kind,
                before=votes[place].share,
                after=vote.share,
            )
            for (attack, place), vote in zip(plan.attacks, seen, strict=True)
        ],
    )


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
    families: Sequence[frozenset[str]],
    votes: dict[str, list[Vote]],
    asked: _Asked,
) -> Fitness:
    cast = votes[judge.name]
    family = lineage(judge)
    beside = []
    for number, (record, vote) in enumerate(zip(records, cast, strict=True)):
        rest = _rest(judge, number, votes, families[number])
        if rest is None or vote.share is None:
            continue
        beside.append(
            Beside(
                share=vote.share,
                rest=rest,
                words=len((record.answer or "").split()),
                own=family in families[number],
            )
        )
    return fitness(
        judge.name,
        unread=sum(vote.share is None for vote in cast),
        votes=len(cast),
        trials=asked.trials,
        beside=beside,
        orders=[vote.orders for vote in cast if vote.orders],
        injections=asked.injections,
    )


def _rest(
    judge: ModelSpec,
    number: int,
    votes: dict[str, list[Vote]],
    families: frozenset[str],
) -> float | None:
    """Return the mean of the other judges that have a say on an answer."""
    others = [
        cast[number].share
        for name, cast in votes.items()
        if name != judge.name and cast[number].lineage not in families
    ]
    there = [share for share in others if share is not None]
    return fmean(there) if there else None
