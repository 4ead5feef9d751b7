"""Words of load searches: the load that holds, how sure that is, and all levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import bounds, printable, table
from pytest_llmlat.values.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.results import Scoreboard
    from pytest_llmlat.values.searched_load import SearchedLoad, TriedLevel

_UNITS = {"concurrent": "in flight", "server": "requests/s offered"}
_REASONS = {
    "latency": "too few requests meet every objective",
    "quality": "the answers are worse",
    "behind": "it is not kept up with",
}
_UNKNOWN = {
    "untimed": "when its tokens came, so that no bound on them can be judged",
    "client": "how slow the server was, for this client was too slow itself",
}


def search_lines(board: Scoreboard) -> list[str]:
    """Return for each search its levels as a table, and sentences about it."""
    lines = []
    for found in board.searches:
        lines += [*_levels(found), *search_sentences(found), ""]
    return lines


def search_remarks(board: Scoreboard) -> list[str]:
    """Return the sentences about all searches, each with its name."""
    return [
        f"{_name(found)}: {sentence}"
        for found in board.searches
        for sentence in search_sentences(found)
    ]


def search_sentence(searches: Sequence[SearchedLoad]) -> str:
    """Return the result of all searches in one sentence."""
    parts = [search_result(one) for one in searches]
    if len(searches) > 1:
        parts = [f"{_name(o)}: {p}" for o, p in zip(searches, parts, strict=True)]
    return f"highest load that is good and correct: {' | '.join(parts)}"


def search_sentences(found: SearchedLoad) -> list[str]:
    """Say what a search found, by what it was judged, and what the load changes."""
    goal = found.goal
    floor = (
        f"quality at most {goal.lost:g} below that alone"
        if goal.quality is None
        else f"quality at least {goal.quality:g}"
    )
    told = [
        f"highest load that is good and correct: {search_result(found)}",
        (
            f"a load holds if {goal.share:.3g} of the requests meet every objective,"
            f" with {floor}, and if it is kept up with"
        ),
    ]
    at = found.tried(found.held)
    if at is not None and at.compared:
        alone = ""
        if found.compared_alone:
            alone = (
                f" (asked alone twice: {found.changed_alone} of {found.compared_alone})"
            )
        told.append(
            f"under {at.level:g} {_UNITS[found.kind]} {at.changed} of {at.compared}"
            f" answers are other than alone{alone}; quality"
            f" {bounds(at.change, 'difference')} beside alone"
        )
    return told


def search_result(found: SearchedLoad) -> str:
    """Say which load holds, and what is known of the next one."""
    unit = _UNITS[found.kind]
    if found.end == "unfinished":
        known = "none yet" if found.held is None else f"{found.held:g} {unit}"
        return f"the search was cut off; {known} is known to hold"
    held, following = found.tried(found.held), found.tried(found.following)
    if held is None or found.level is None:
        if following is None:
            return "no load was tried"
        where = f"{following.level:g} {unit}"
        return f"none; even of the lowest tried, {where}, {_why(following)}"
    if following is None:
        sure = "" if found.low == found.held else ", though not for certain"
        return f"at least {held.level:g} {unit}, the highest that was tried{sure}"
    told = f"{found.level:g} {unit} {_certain(found)}"
    return f"{told}; of {following.level:g} {_why(following)}"


def _certain(found: SearchedLoad) -> str:
    """Write the levels between which the load lies for certain."""
    low = "below" if found.low is None else f"{found.low:g}"
    high = "above" if found.high is None else f"{found.high:g}"
    return f"[{low}, {high}]"


def _why(level: TriedLevel) -> str:
    if level.why in _UNKNOWN:
        return f"it cannot be told {_UNKNOWN[level.why]}"
    told = _REASONS.get(str(level.why), "it does not hold")
    return f"{told}{'' if level.outcome == 'fails' else ', as far as is known'}"


def _levels(found: SearchedLoad) -> list[str]:
    header = (
        _name(found),
        *("requests", "good", "quality", "beside alone", "other answers", "result"),
    )
    alone = (
        "alone",
        "",
        "",
        bounds(Estimate(value=found.quality_alone)).partition(" [")[0],
        "",
        _of(found.changed_alone, found.compared_alone),
        "",
    )
    rows = [
        (
            f"{each.level:g} {_UNITS[found.kind]}",
            str(each.requests) + (f" in {each.visits}" if each.visits > 1 else ""),
            bounds(each.share),
            bounds(each.quality),
            bounds(each.change, "difference"),
            _of(each.changed, each.compared),
            each.outcome + (f": {each.why}" if each.why else ""),
        )
        for each in found.levels
    ]
    return table(header, [alone, *rows], right=range(1, len(header) - 1))


def _of(changed: int, compared: int) -> str:
    return f"{changed} of {compared}" if compared else ""


def _name(found: SearchedLoad) -> str:
    return printable(f"{found.task}, {found.model} on {found.device}")
