"""Results of load searches, computed from the answers of their cells."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.level_answers import (
    changed_alone,
    changed_answers,
    evidence,
    qualities_alone,
)
from pytest_llmlat.analysis.level_tests import judged
from pytest_llmlat.analysis.load_search import (
    bracket,
    certain,
    ended,
    knee,
    level_range,
)
from pytest_llmlat.values.searched_load import SearchedLoad, TriedLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.analysis.level_answers import LevelAnswers
    from pytest_llmlat.analysis.level_tests import JudgedLevel


def searched_loads(cells: Iterable[LevelAnswers | None]) -> tuple[SearchedLoad, ...]:
    """Return the result of each search, in the order of the run.

    Args:
        cells: the answers of each cell, ``None`` where it belongs to no search.
    """
    alone: dict[tuple[str, str, str], LevelAnswers] = {}
    levels: dict[tuple[str, str, str, str], list[LevelAnswers]] = defaultdict(list)
    for each in cells:
        if each is None:
            continue
        cell = each.cell
        if each.alone:
            alone[cell.task, cell.model, cell.device] = each
        else:
            levels[cell.task, cell.model, cell.device, each.kind].append(each)
    return tuple(
        _result(key, own, alone[key[:3]])
        for key, own in levels.items()
        if key[:3] in alone
    )


def _result(
    key: tuple[str, str, str, str],
    levels: Sequence[LevelAnswers],
    alone: LevelAnswers,
) -> SearchedLoad:
    task, model, device, kind = key
    goal = levels[0].goal
    limits = level_range(goal, kind, alone.mean_s)
    found = [judged(evidence(each, alone), goal) for each in levels]
    known, sure = bracket(goal, found), certain(found)
    again = changed_alone(alone)
    before = qualities_alone(alone)
    tried = [_tried(*both, alone) for both in zip(found, levels, strict=True)]
    return SearchedLoad(
        task=task,
        model=model,
        device=device,
        kind=kind,
        goal=goal,
        end=ended(goal, limits, found),
        level=knee(goal, limits, found),
        low=None if sure.held is None else sure.held.level,
        high=None if sure.upper is None else sure.upper.level,
        held=None if known.held is None else known.held.level,
        following=None if known.upper is None else known.upper.level,
        levels=tuple(sorted(tried, key=lambda each: each.level)),
        quality_alone=fmean(before.values()) if before else None,
        changed_alone=again.changed,
        compared_alone=again.compared,
    )


def _tried(
    result: JudgedLevel, answers: LevelAnswers, alone: LevelAnswers
) -> TriedLevel:
    other = changed_answers(answers, alone)
    return TriedLevel(
        level=result.level,
        visits=answers.visits,
        requests=result.requests,
        outcome=result.outcome,
        why=result.why,
        share=result.share,
        quality=result.quality,
        change=result.change,
        changed=other.changed,
        compared=other.compared,
        requests_per_s=answers.requests_per_s,
    )
