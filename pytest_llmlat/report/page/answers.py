"""The answer to "which model?" in one sentence, and what speaks against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import bounds, seconds, signed
from pytest_llmlat.report.leaders import leader_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.report.page.rows import Row
    from pytest_llmlat.values.results import Contrast, Estimate, Scoreboard

_FEW = 4
"""So many names are told; of more, how many they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A sentence in parts: names are from elsewhere, the rest is ours."""

    before: str
    name: str | None = None
    after: str = ""
    other: str | None = None
    end: str = ""
    figures: str = ""


def best_balance(rows: Sequence[Row], contrasts: Sequence[Contrast]) -> Answer:
    """Say which row has the best balance, and whether others may be as good.

    Rows that answered the same samples were compared as pairs, all of them together.
    Of others only the intervals can be laid side by side.
    """
    ranked = [
        row
        for row in rows
        if row.comparable and row.standing.balanced.value is not None
    ]
    if not ranked:
        told = "No model has a score" if rows else "Nothing was measured"
        return Answer(before=f"{told} in this run.")
    best = ranked[0]
    if best.standing.balanced.value == 0.0:
        return Answer(
            before="No model here has a balance above 0: nothing was both right and"
            " in time."
        )
    figures = f"balanced {bounds(best.standing.balanced)}"
    if best.standing.e2e_s.p50 is not None:
        figures += f", typical answer in {seconds(best.standing.e2e_s.p50)}"
    if len(ranked) == 1:
        return Answer(
            before="Only ",
            name=best.label,
            after=" was scored: there is nothing to compare it with.",
            figures=figures,
        )
    compared = {c.other: c for c in contrasts if c.row == best.standing.id}
    if all(row.standing.id in compared for row in ranked[1:]):
        after, others, end = _told_apart(ranked[1:], compared)
    else:
        others = ranked[1].label
        after, end = _beside(best.standing.balanced, ranked[1].standing.balanced)
    return Answer(
        before="Best balance of quality and speed: ",
        name=best.label,
        after=after,
        other=others,
        end=end,
        figures=f"{figures}; next {bounds(ranked[1].standing.balanced)}"
        + _difference(compared.get(ranked[1].standing.id)),
    )


def _told_apart(
    others: Sequence[Row], compared: Mapping[str, Contrast]
) -> tuple[str, str, str]:
    """Name those that may be as good; if there are none, all that are worse."""
    open_ = [row.label for row in others if not compared[row.standing.id].certain]
    if open_:
        return ", not distinguishable from ", _listed(open_), "."
    return ", better than ", _listed([row.label for row in others]), "."


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _FEW:
        return ", ".join(names)
    return f"{', '.join(names[: _FEW - 1])} and {len(names) - _FEW + 1} others"


def _difference(contrast: Contrast | None) -> str:
    if contrast is None or contrast.difference.value is None:
        return ""
    told = f"; difference {signed(contrast.difference.value)}"
    low, high = contrast.difference.low, contrast.difference.high
    if low is None or high is None:
        return told
    return f"{told} [{signed(low)}, {signed(high)}]"


def _beside(own: Estimate, other: Estimate) -> tuple[str, str]:
    """Say how two intervals lie, before and after the name of the second row."""
    if own.value == other.value:
        return ", level with ", "."
    if own.low is None or other.high is None:
        return ", ahead of ", ", but there is no interval to say how surely."
    if own.low > other.high:
        return (
            ", ahead of ",
            ": other samples were answered, and their 95 % intervals do not overlap.",
        )
    return (
        ", not clearly ahead of ",
        ": other samples were answered, and their 95 % intervals overlap.",
    )


def scenario_leaders(board: Scoreboard) -> list[str]:
    """Return the best of each scenario in which there are several rows.

    Where that is one scenario, the answer on top has said it.
    """
    rows = Counter(s.scenario for s in board.standings)
    several = [scenario for scenario, count in rows.items() if count > 1]
    if len(several) < 2:  # noqa: PLR2004 - one has been told
        return []
    shown = tuple(s for s in board.standings if s.scenario in several)
    return leader_lines(replace(board, standings=shown))


def cautions(board: Scoreboard, rows: Sequence[Row]) -> list[str]:
    """Return what a reader must know before trusting the answer; worst first."""
    told = []
    left = [row for row in rows if not row.comparable]
    if left:
        told.append(
            f"{len(left)} of {len(rows)} rows cover other families and are not ranked"
            " with the rest: they cannot be compared fairly."
        )
    partial = sum(row.standing.partial for row in rows)
    if partial:
        told.append(
            f"{_of(partial, len(rows))} not measured whole: samples are missing."
        )
    contended = sum(
        s.contention is not None and s.contention.contended is not None
        for s in board.summaries
    )
    if contended:
        told.append(
            f"{_of(contended, len(board.summaries), 'cell')} measured on a machine that"
            " was busy with something else: their latencies prove nothing."
        )
    limited = sum(
        s.load is not None and s.load.client_limited is not None
        for s in board.summaries
    )
    if limited:
        told.append(
            f"{_of(limited, len(board.summaries), 'cell')} limited by the client: their"
            " latencies are not the server's."
        )
    return told


def _of(count: int, total: int, what: str = "row") -> str:
    return f"{count} of {total} {what}s {'was' if count == 1 else 'were'}"
