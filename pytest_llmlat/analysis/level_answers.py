"""Answers of a load search's cells: what its levels are judged by.

The same samples were asked alone before; an answer under a load is held against those.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.analysis.batch_means import alikeness
from pytest_llmlat.analysis.level_tests import LevelEvidence
from pytest_llmlat.analysis.queue_growth import is_open_loop
from pytest_llmlat.analysis.slo import good
from pytest_llmlat.analysis.steadiness import steadiness
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.analysis.request_times import RequestTimes
    from pytest_llmlat.analysis.slo import Objective
    from pytest_llmlat.values.cell_facts import CellFacts, LoadFacts
    from pytest_llmlat.values.load_goal import LoadGoal
    from pytest_llmlat.values.records import Cell, Record


_LATE = 0.05
"""Lateness of the client, as a share of the tightest objective, that is a little."""
_BUSY = 0.9
"""Share of a core from which on the client cannot keep up with more."""


@dataclass(frozen=True, slots=True)
class LevelAnswer:
    """One answer of a search's cell."""

    sample: str
    good: bool | None
    quality: float | None
    """Quality; ``None`` where it was not graded."""
    text: str | None
    """Answer; ``None`` where none came."""


class GivenAnswers(Protocol):
    """Answers of one cell, in the order of asking."""

    @property
    def answers(self) -> tuple[LevelAnswer, ...]:
        """All of them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAnswers:
    """All answers of one cell of a search, with what is known of its load."""

    cell: Cell
    goal: LoadGoal
    answers: tuple[LevelAnswer, ...]
    visits: int
    kept_up: bool | None
    limited: str | None
    mean_s: float | None
    """Mean time of the answers that came."""
    requests_per_s: float | None = None

    @property
    def alone(self) -> bool:
        """Whether they were asked one after the other."""
        return self.cell.scenario == SINGLE.name

    @property
    def kind(self) -> str:
        """Kind of load."""
        return self.cell.scenario.partition(":")[0]

    @property
    def level(self) -> float:
        """Level of the load; 0 of requests one after the other."""
        return float(self.cell.scenario.partition(":")[2] or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedAnswers:
    """How many answers are other than those alone."""

    changed: int
    compared: int


def level_answers(
    facts: CellFacts,
    records: Sequence[Record],
    times: RequestTimes,
    slo: tuple[Objective, ...],
) -> LevelAnswers | None:
    """Return the answers of a search's cell; ``None`` of any other cell."""
    if facts.searched is None:
        return None
    found = steadiness(facts, records, times.speeds)
    is_open = is_open_loop(facts.cell.scenario)
    spent = [time for time in times.e2e_s if time is not None]
    return LevelAnswers(
        cell=facts.cell,
        goal=facts.searched,
        answers=tuple(
            LevelAnswer(
                sample=record.sample,
                good=good(record, slo),
                quality=record.grade.value if record.graded else None,
                text=record.answer,
            )
            for record in records
        ),
        visits=max(1, len(facts.visits)),
        kept_up=(None if found is None else found.keeps_up) if is_open else True,
        limited=None if facts.load is None else _limited(facts.load, slo),
        mean_s=fmean(spent) if spent else None,
        requests_per_s=None
        if facts.load is None or not facts.load.window_s
        else facts.load.ended / facts.load.window_s,
    )


def _limited(load: LoadFacts, slo: tuple[Objective, ...]) -> str | None:
    """Say why a client was too slow to tell a level; ``None`` if it was not.

    One that wakes up a little late, beside the tightest objective, moves the level that
    is found by as little.
    """
    lags = [
        lag for lag in (load.loop_lag_p99_s, load.send_lag_p99_s) if lag is not None
    ]
    tightest = min((each.below_s for each in slo), default=0.0)
    little = max(lags, default=0.0) <= _LATE * tightest
    busy = load.cpu_share is not None and load.cpu_share > _BUSY
    return None if little and not busy else load.client_limited


def evidence(under_load: LevelAnswers, alone: LevelAnswers) -> LevelEvidence:
    """Return what a level is judged by."""
    before = qualities_alone(alone)
    graded = [each for each in under_load.answers if each.quality is not None]
    return LevelEvidence(
        level=under_load.level,
        visits=under_load.visits,
        good=tuple(each.good for each in under_load.answers),
        qualities=tuple(each.quality for each in graded if each.quality is not None),
        changes=tuple(
            each.quality - before[each.sample]
            for each in graded
            if each.quality is not None and each.sample in before
        ),
        kept_up=under_load.kept_up,
        limited=under_load.limited,
        alike=alikeness(
            [float(each.good is not False) for each in under_load.answers],
            under_load.cell.scenario,
        ),
    )


def qualities_alone(alone: GivenAnswers) -> Mapping[str, float]:
    """Return the mean quality of each sample that was asked alone."""
    found: dict[str, list[float]] = defaultdict(list)
    for each in alone.answers:
        if each.quality is not None:
            found[each.sample].append(each.quality)
    return {sample: fmean(own) for sample, own in found.items()}


def changed_answers(under_load: GivenAnswers, alone: GivenAnswers) -> ChangedAnswers:
    """Return how many answers are other than the first one alone to their sample."""
    first = _first_texts(alone)
    pairs = [
        (each.text, first[each.sample])
        for each in under_load.answers
        if each.text is not None and each.sample in first
    ]
    return _counted(pairs)


def changed_alone(alone: GivenAnswers) -> ChangedAnswers:
    """Return how many second answers alone are other than the first."""
    first, pairs, seen = _first_texts(alone), [], set[str]()
    for each in alone.answers:
        if each.text is None:
            continue
        if each.sample in seen:
            pairs.append((each.text, first[each.sample]))
        seen.add(each.sample)
    return _counted(pairs)


def _first_texts(alone: GivenAnswers) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for each in alone.answers:
        if each.text is not None:
            found.setdefault(each.sample, each.text)
    return found


def _counted(pairs: Sequence[tuple[str, str]]) -> ChangedAnswers:
    changed = sum(one != other for one, other in pairs)
    return ChangedAnswers(changed=changed, compared=len(pairs))
