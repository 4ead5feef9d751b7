"""The answer to "which model?" in one sentence, and what speaks against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.report.contrast_lines import why_better
from pytest_llmlat.report.figures import bounds, seconds, signed
from pytest_llmlat.report.leaders import (
    APART,
    HALVES,
    STOPPED,
    comparison_sentence,
    named,
    unranked_sentence,
)
from pytest_llmlat.values.balance import weighed
from pytest_llmlat.values.judge_votes import UNCALIBRATED
from pytest_llmlat.values.row_comparison import WhyApart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmlat.report.page.rows import Row
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.results import Contrast, Scoreboard, Summary
    from pytest_llmlat.values.row_comparison import Comparison

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LEFT_OUT: Mapping[WhyApart, str] = {
    WhyApart.LOAD: "were measured under another load",
    WhyApart.FAMILIES: "cover other families",
    WhyApart.TASKS: "cover other tasks",
    WhyApart.VERSION: "were asked another version of a task",
    WhyApart.MISSING: "differ in which answers are missing",
    WhyApart.SAMPLES: "were asked other samples",
    WhyApart.REQUESTS: "were asked another number of times",
}


_OF_CELLS: tuple[tuple[Callable[[Summary], bool], str], ...] = (
    (
        lambda cell: cell.metric == UNCALIBRATED,
        (
            "graded by judges whom nobody has checked against people: their quality is"
            " uncalibrated."
        ),
    ),
    (
        lambda cell: (
            cell.contention is not None and cell.contention.contended is not None
        ),
        (
            "measured on a machine that was busy with something else: their latencies"
            " prove nothing."
        ),
    ),
    (
        lambda cell: cell.load is not None and cell.load.client_limited is not None,
        "limited by the client: their latencies are not the server's.",
    ),
    (
        lambda cell: cell.steadiness is not None and cell.steadiness.keeps_up is False,
        (
            "offered more than was answered: their latencies grow with the length of"
            " the run."
        ),
    ),
)
"""Cautions of cells: what each is true of, and its words behind the number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence in parts: names are from elsewhere, the rest is ours."""

    before: str
    name: str | None = None
    after: str = ""
    other: str | None = None
    end: str = ""
    figures: str = ""


def best_balance(board: Scoreboard, rows: Sequence[Row]) -> Sentence:
    """Say which row has the best balance, and whether others may be as good.

    The answer is about the first comparison of the board.
    """
    if not board.comparisons:
        told = "No model has a score" if rows else "Nothing was measured"
        return Sentence(before=f"{told} in this run.")
    first = board.comparisons[0]
    by_id = {row.standing.id: row for row in rows}
    labels = {id_: row.label for id_, row in by_id.items()}
    if not first.ranked and (len(first.rows) > 1 or not first.apart):
        return Sentence(before=f"{_capital(unranked_sentence(first))}.")
    if first.best is None:
        return _alone(board, by_id[first.rows[0]])
    best = by_id[first.best]
    after, others = _told_apart(first)
    return Sentence(
        before=f"Best balance of {named_axes(board.balance)}: ",
        name=best.label,
        after=after,
        other=named([labels[id_] for id_ in others]),
        end=".",
        figures="; next ".join(
            (_figures(best), *(_next(board, by_id[id_]) for id_ in first.ranked[1:2]))
        ),
    )


def named_axes(balance: Balance) -> str:
    """Name what a balance weighs: ``quality and speed``."""
    *others, last = dict(weighed(balance).weights)
    return f"{', '.join(others)} and {last}" if others else last


def _alone(board: Scoreboard, row: Row) -> Sentence:
    """Say that no two rows were compared."""
    if len(board.comparisons) == 1:
        return Sentence(
            before="Only ",
            name=row.label,
            after=" was scored: there is nothing to compare it with.",
            figures=_figures(row),
        )
    whys = {one.why for c in board.comparisons for one in c.apart}
    told = ", ".join(words for why, words in APART.items() if why in whys)
    return Sentence(before=f"No two rows can be compared here ({told}).")


def _told_apart(comparison: Comparison) -> tuple[str, tuple[str, ...]]:
    """Name the rows that may be as good; if there are none, all that are worse."""
    if comparison.not_distinguishable:
        return ", not distinguishable from ", comparison.not_distinguishable
    for told, words in HALVES.items():
        halves = comparison.halves
        ids = tuple(h.row for h in halves if (h.pace, h.answers) == told)
        if ids:
            return f", {words} ", ids
    if comparison.better_than:
        return ", better than ", comparison.better_than
    if comparison.stopped:
        return f", {STOPPED} ", comparison.stopped
    unranked = tuple(one.row for one in comparison.unranked)
    return ", the only one above guessing for certain, beside ", unranked


def _figures(row: Row) -> str:
    told = f"balanced {bounds(row.standing.balanced)}"
    if row.standing.e2e_s.p50 is not None:
        told += f", typical answer in {seconds(row.standing.e2e_s.p50)}"
    return told


def _next(board: Scoreboard, row: Row) -> str:
    """Write the score of the second row, and its distance from the first."""
    told = bounds(row.standing.balanced)
    first = board.comparisons[0].best
    for contrast in board.contrasts:
        if (contrast.row, contrast.other) == (first, row.standing.id):
            told += _difference(contrast)
            told += f"; better: {ways}" if (ways := why_better(contrast)) else ""
    return told


def _difference(contrast: Contrast) -> str:
    if contrast.difference.value is None:
        return ""
    told = f"; difference {signed(contrast.difference.value)}"
    low, high = contrast.difference.low, contrast.difference.high
    if low is None or high is None:
        return told
    return f"{told} [{signed(low)}, {signed(high)}]"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def comparison_letters(board: Scoreboard) -> list[str]:
    """Name each comparison of several rows; empty where there is one to speak of."""
    several = sum(len(comparison.rows) > 1 for comparison in board.comparisons)
    return [_letter(number) for number in range(several)] if several > 1 else []


def _letter(number: int) -> str:
    turn, place = divmod(number, len(_LETTERS))
    return _LETTERS[place] + (str(turn) if turn else "")


def lettered_comparisons(board: Scoreboard) -> list[str]:
    """Return the answer of each comparison, where there are several.

    Where that is one, the answer on top has said it.
    """
    rows = {row.id: row for row in board.standings}
    # Comparisons of several rows come first.
    return [
        f"{letter}: {comparison_sentence(comparison, rows)}"
        for letter, comparison in zip(
            comparison_letters(board), board.comparisons, strict=False
        )
    ]


def _left_out(board: Scoreboard) -> list[str]:
    """Say how many rows are not compared with those of the answer, and why."""
    total = len(board.standings)
    apart = board.comparisons[0].apart if board.comparisons else ()
    counts = Counter(one.why for one in apart)
    told = [
        f"{counts[why]} of {total} rows {words} and are not ranked with those of the"
        " answer: they cannot be compared fairly."
        for why, words in _LEFT_OUT.items()
        if counts[why]
    ]
    if board.unscored:
        told.append(
            f"{_of(len(board.unscored), total)} without a score: nothing was measured,"
            " no quality, no times that count, or no costs where those are weighed."
        )
    return told


def cautions(board: Scoreboard, rows: Sequence[Row]) -> list[str]:
    """Return what a reader must know before trusting the answer; worst first."""
    told = _left_out(board)
    guessing = sum(row.standing.above_guessing is False for row in rows)
    if guessing:
        told.append(
            f"{_of(guessing, len(rows))} not above guessing for certain: such rows have"
            " no place and are on no front."
        )
    partial = sum(row.standing.partial for row in rows)
    if partial:
        told.append(
            f"{_of(partial, len(rows))} not measured whole: samples are missing."
        )
    total = len(board.summaries)
    counted = ((sum(map(test, board.summaries)), words) for test, words in _OF_CELLS)
    told += [f"{_of(n, total, 'cell')} {words}" for n, words in counted if n]
    return told


def _of(count: int, total: int, what: str = "row") -> str:
    return f"{count} of {total} {what}s {'was' if count == 1 else 'were'}"
