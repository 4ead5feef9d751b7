"""The answer in a sentence: who has the best balance, and who may be as good."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import bounds, placed, printable, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.results import Contrast, Scoreboard, Standing, Tuning

_FEW = 4
"""So many names are told; of more, how many they are."""
_GUESSING = "the quality of each is no better than guessing, or nothing was in time"


def leader_lines(board: Scoreboard) -> list[str]:
    """Return a sentence for each scenario; none where nothing was measured."""
    rows: dict[str, list[Standing]] = defaultdict(list)
    for standing in board.standings:
        if standing.balanced.value is not None:
            rows[standing.scenario].append(standing)
    disturbed = {
        s.cell.scenario
        for s in board.summaries
        if s.contention is not None and s.contention.contended
    }
    note = "; cells were contended, so that their times prove nothing"
    return [
        printable(_sentence(each, board.contrasts))
        + (note if scenario in disturbed else "")
        for scenario, each in rows.items()
    ]


def tuning_lines(board: Scoreboard) -> list[str]:
    """Say of each model that was varied which setting to take, and how."""
    lines: list[str] = []
    for tuning in board.tunings:
        lines += [printable(line) for line in _tuned(tuning)]
    return lines


def _sentence(rows: Sequence[Standing], contrasts: Iterable[Contrast]) -> str:
    by_id = {row.id: row for row in rows}
    own = [c for c in contrasts if c.row in by_id and c.other in by_id]
    if not own:
        names = _listed([_name(row) for row in rows])
        if len(rows) == 1:
            return (
                f"balance of {names}: {bounds(rows[0].balanced)};"
                " name more models with --llm to compare"
            )
        return f"{names}: answered different samples and cannot be ranked"
    best = by_id[own[0].row]
    if not best.balanced.value:
        return f"no balance above 0: {_GUESSING}"
    better = [_name(by_id[c.other]) for c in own if c.certain]
    open_ = [_name(by_id[c.other]) for c in own if not c.certain]
    compared = {best.id, *(c.other for c in own)}
    apart = [_name(row) for row in rows if row.id not in compared]
    parts = [f"best balance: {_name(best)}, {bounds(best.balanced)}"]
    if better:
        parts.append(f"better than {_listed(better)}")
    if open_:
        parts.append(f"not distinguishable from {_listed(open_)}")
    if apart:
        parts.append(f"not compared with {_listed(apart)} (other samples)")
    return "; ".join(parts)


def _tuned(tuning: Tuning) -> list[str]:
    where = placed(tuning.device, tuning.scenario)
    if tuning.balanced == 0:
        return [f"{tuning.model} on {where}: no setting is better: {_GUESSING}"]
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
    if tuning.left_out:
        lines.append(f"  not compared, answers are missing: {_listed(tuning.left_out)}")
    if tuning.best != tuning.model:
        lines.append("  for a catalogue (--llm-models FILE):")
        lines += [f"    {line}" for line in tuning.entry.splitlines()]
    return lines


def _name(standing: Standing) -> str:
    return f"{standing.model} on {placed(standing.device, standing.scenario)}"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_FEW])
    if len(names) > _FEW:
        shown[-1:] = [f"{len(names) - _FEW + 1} others"]
    return ", ".join(shown)
