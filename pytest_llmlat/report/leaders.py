"""Sentences on how rows compare: decided in ``analysis``, worded here."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.report.contrast_lines import contrast_lines
from pytest_llmlat.report.entry_lines import entry_lines
from pytest_llmlat.report.figures import (
    MISSING,
    bounds,
    placed,
    printable,
    ratio,
    seconds,
    signed,
)
from pytest_llmlat.values.row_comparison import WhyApart, WhyUnranked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_llmlat.values.results import Scoreboard, Standing, Tuning
    from pytest_llmlat.values.row_comparison import (
        Answers,
        Apart,
        Comparison,
        Pace,
        Sweep,
        SweptName,
    )

_FEW = 4
"""Names that are told each; of more, only their number is."""
APART: Mapping[WhyApart, str] = {
    WhyApart.LOAD: "other load",
    WhyApart.FAMILIES: "other families",
    WhyApart.TASKS: "other tasks",
    WhyApart.VERSION: "another version of a task",
    WhyApart.MISSING: "answers are missing",
    WhyApart.SAMPLES: "other samples",
    WhyApart.REQUESTS: "another number of requests",
}
HALVES: Mapping[tuple[Pace | None, Answers | None], str] = {
    ("faster", None): "faster than",
    (None, "better"): "better answers than",
    ("slower", "better"): "better answers, and slower, than",
    ("faster", "worse"): "faster, and worse answers, than",
    ("slower", None): "slower than",
    (None, "worse"): "worse answers than",
    ("slower", "worse"): "slower, and worse answers, than",
}
_PLANE = "quality and e2e p50"
STOPPED = "stopped when the result was clear (see the verdicts), beside"
_UNRANKED: Mapping[WhyUnranked, str] = {
    WhyUnranked.UNANSWERED: "no request was answered",
    WhyUnranked.QUALITY: "the quality is 0",
    WhyUnranked.GUESSING: "the quality is not above guessing for certain",
}


def leader_lines(board: Scoreboard) -> list[str]:
    """Return a sentence for each comparison; none where nothing was measured.

    Rows that nothing was compared with are told together, scenario by scenario, unless
    another sentence says why.
    """
    rows = {row.id: row for row in board.standings}
    compared = {c.scenario for c in board.comparisons if len(c.rows) > 1}
    alone: dict[str, list[Comparison]] = defaultdict(list)
    told = []
    for comparison in board.comparisons:
        if len(comparison.rows) > 1:
            told.append(comparison_sentence(comparison, rows))
        elif comparison.scenario not in compared:
            alone[comparison.scenario].append(comparison)
    return [*told, *(printable(_alone(own, rows)) for own in alone.values())]


def comparison_sentence(comparison: Comparison, rows: Mapping[str, Standing]) -> str:
    """Say which row is best, and which may be as good.

    Args:
        comparison: of two rows or more.
        rows: all rows, by their ids.
    """
    names = {id_: _name(row) for id_, row in rows.items()}
    if comparison.best is None:
        parts = [unranked_sentence(comparison)]
    else:
        best = rows[comparison.best]
        parts = [f"best balance: {_name(best)}, {bounds(best.balanced)}"]
        parts += comparison_parts(comparison, names)
        if guessing := [names[one.row] for one in comparison.unranked]:
            parts.append(f"not ranked, for not above guessing: {named(guessing)}")
    if apart := apart_words(
        [one for one in comparison.apart if one.why is not WhyApart.LOAD], names
    ):
        parts.append(f"not compared with {apart}")
    parts += _disturbed([comparison])
    return printable("; ".join(parts))


def comparison_parts(comparison: Comparison, names: Mapping[str, str]) -> list[str]:
    """Return the rows that the best one beats, in all or a half, and may not beat.

    Args:
        comparison: that has a best row.
        names: of all rows, by their ids.
    """
    groups = {
        "better than": comparison.better_than,
        **{
            words: tuple(
                half.row
                for half in comparison.halves
                if (half.pace, half.answers) == told
            )
            for told, words in HALVES.items()
        },
        "not distinguishable from": comparison.not_distinguishable,
        STOPPED: comparison.stopped,
    }
    return [
        f"{words} {named([names[id_] for id_ in ids])}"
        for words, ids in groups.items()
        if ids
    ]


def apart_words(apart: Iterable[Apart], names: Mapping[str, str]) -> str:
    """Name the rows that were not compared, by reasons; empty for none."""
    by_reason: dict[WhyApart, list[str]] = defaultdict(list)
    for one in apart:
        by_reason[one.why].append(names[one.row])
    return ", ".join(
        f"{named(by_reason[why])} ({words})"
        for why, words in APART.items()
        if why in by_reason
    )


def unranked_sentence(comparison: Comparison) -> str:
    """Say that no row has a place, and why."""
    found = {one.why for one in comparison.unranked}
    why = " or ".join(words for each, words in _UNRANKED.items() if each in found)
    told = f"no row is ranked: {why}"
    if comparison.right_in_time:
        told += (
            f" ({comparison.right_in_time} of {comparison.judged} answers were right"
            " and in time)"
        )
    return told


def comparison_lines(board: Scoreboard) -> list[str]:
    """Say which rows are on the front, and whether the weight decides."""
    several = [c for c in board.comparisons if len(c.rows) > 1]
    names = {row.id: _name(row) for row in board.standings}
    lines = []
    for comparison in several:
        among = ""
        if len(several) > 1:
            among = f"among {named([names[id_] for id_ in comparison.rows])}: "
        if not comparison.ranked:
            # Who only guesses has no quality to lay against time.
            continue
        front = ", ".join(names[id_] for id_ in comparison.front) or MISSING
        axes = "quality, e2e p50 and cost" if comparison.weighs_cost else _PLANE
        lines.append(f"{among}Pareto front of {axes}: {front}")
        lines += [f"{among}{_swept(sweep)}" for sweep in comparison.sweeps]
        if comparison.time_hardly_counts is not None:
            lines.append(f"{among}{_little_time(comparison.time_hardly_counts)}")
    lines = [printable(line) for line in lines]
    whys = {one.why for c in board.comparisons for one in c.apart}
    if WhyApart.FAMILIES in whys:
        lines.append("rows cover different families: they cannot be ranked fairly")
    return [*lines, *contrast_lines(board)]


def _swept(sweep: Sweep) -> str:
    """Say how far a ranking holds while a choice that went into it is varied."""
    write = _CHOICES[sweep.of]
    told = (
        f"{_SWEPT[sweep.of]} from {write(sweep.low)} to {write(sweep.high)}:"
        " the ranking "
    )
    if not sweep.decides:
        return f"{told}holds"
    return (
        f"{told}depends on it (this one holds from {write(sweep.holds_from)} to"
        f" {write(sweep.holds_to)})"
    )


def _little_time(weight: float) -> str:
    """Say that speed hardly counts in the scores, and what would make it count."""
    return (
        f"time weighs {weight:.2f} of what quality does, or less: answers take a small"
        " part of their budgets, so that twice the time would hardly show in the"
        " score; --llm-latency-budget sets others, --llm-balance proportional weighs"
        " time as much as quality at any budget"
    )


def _times(factor: float) -> str:
    """Write a multiple of a budget b."""
    return f"b/{1 / factor:.3g}" if factor < 1 else f"{factor:.3g}b"


_SWEPT: Mapping[SweptName, str] = {
    "weight": "weight of quality",
    "budget": "latency budgets",
    "cost_budget": "cost budgets",
}
_CHOICES: Mapping[SweptName, Callable[[float], str]] = {
    "weight": "{:.3g}".format,
    "budget": _times,
    "cost_budget": _times,
}


def tuning_lines(board: Scoreboard) -> list[str]:
    """Say of each varied model which setting to take, and how."""
    lines: list[str] = []
    for tuning in board.tunings:
        lines += [printable(line) for line in _tuned(tuning)]
    return lines


def named(names: Sequence[str]) -> str:
    """List names; of many only some, and how many more they are."""
    shown = list(names[:_FEW])
    if len(names) > _FEW:
        shown[-1:] = [f"{len(names) - _FEW + 1} others"]
    return ", ".join(shown)


def _alone(comparisons: Sequence[Comparison], rows: Mapping[str, Standing]) -> str:
    """Word comparisons of one row each, all of one scenario."""
    own = [rows[comparison.rows[0]] for comparison in comparisons]
    names = named([_name(row) for row in own])
    notes = "".join(f"; {note}" for note in _disturbed(comparisons))
    if len(own) == 1:
        if own[0].above_guessing is False:
            notes = f"; it is not above guessing for certain{notes}"
        middle = own[0].e2e_s.p50
        when = (
            "" if middle is None else f", half of its answers within {seconds(middle)}"
        )
        return (
            f"{names}: quality {ratio(own[0].quality.value)}{when}, balanced score"
            f" {bounds(own[0].balanced)}; name more models with --llm to compare{notes}"
        )
    ids = {row.id for row in own}
    whys = {one.why for c in comparisons for one in c.apart if one.row in ids}
    told = ", ".join(words for why, words in APART.items() if why in whys)
    return f"{names}: cannot be compared and are not ranked ({told}){notes}"


def _disturbed(comparisons: Sequence[Comparison]) -> list[str]:
    """Say that the times of a comparison are disturbed."""
    notes = {
        "cells were contended, so that their times prove nothing": any(
            c.contended for c in comparisons
        ),
        "cells did not keep up with their load, so that their times grow with the"
        " length of the run": any(c.behind for c in comparisons),
    }
    return [note for note, holds in notes.items() if holds]


def _tuned(tuning: Tuning) -> list[str]:
    where = placed(tuning.device, tuning.scenario)
    if tuning.best in tuning.guessing:
        return [f"{tuning.model} on {where}: no setting is above guessing for certain"]
    best = "as its entry says" if tuning.best == tuning.model else tuning.best
    told = f"{tuning.model} on {where}: best balance {best}"
    gain = tuning.gain
    if gain is not None:
        low, high = gain.difference.low, gain.difference.high
        span = (
            "" if low is None or high is None else f" [{signed(low)}, {signed(high)}]"
        )
        sure = "better" if gain.certain else "not distinguishable"
        told += (
            f", {signed(gain.difference.value or 0.0)}{span} beside the entry as it is:"
            f" {sure}"
        )
    lines = [told, f"  Pareto front of quality and e2e p50: {', '.join(tuning.front)}"]
    if tuning.guessing:
        lines.append(f"  not above guessing for certain: {named(tuning.guessing)}")
    if tuning.left_out:
        lines.append(
            "  not compared, for they lack answers or were asked otherwise:"
            f" {named(tuning.left_out)}"
        )
    if tuning.best != tuning.model:
        lines += entry_lines(tuning.entry)
    return lines


def _name(standing: Standing) -> str:
    return f"{standing.model} on {placed(standing.device, standing.scenario)}"
