"""The answer in one sentence: the same for terminal, page, files and programs.

Where something was gated it is the gate's, else that of a load curve with objectives,
else it names the best balance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.analysis.loads_within import load_capacities
from pytest_llmlat.report.figures import per_second, printable
from pytest_llmlat.report.gate_sentence import gate_sentence
from pytest_llmlat.report.leaders import leader_lines, named
from pytest_llmlat.report.peer_lines import half_sentence
from pytest_llmlat.report.race_lines import race_sentence
from pytest_llmlat.report.search_lines import search_sentence
from pytest_llmlat.values.judge_votes import UNCALIBRATED

if TYPE_CHECKING:
    from pytest_llmlat.report.tones import Tone
    from pytest_llmlat.values.load_capacity import LoadCapacity
    from pytest_llmlat.values.results import Scoreboard

_UNITS = {"concurrent": "in flight", "server": "requests/s offered"}
_FEW = 3
NOTHING = "nothing was measured"


def answer_sentence(board: Scoreboard) -> str:
    """Return the sentence; without any control characters, whatever names hold."""
    if board.verdicts:
        return printable(_gated(board))
    if board.races:
        return printable("; ".join(map(race_sentence, board.races)))
    if board.searches:
        return printable(search_sentence(board.searches))
    if loads := load_capacities(board.summaries):
        return printable(_capacities(loads))
    lines = leader_lines(board)
    if not lines:
        return half_sentence(board) or NOTHING
    told = uncalibrated(board)
    return f"{lines[0]}; {told}" if told else lines[0]


def _gated(board: Scoreboard) -> str:
    """Say what came of the gate, or that there was nothing but reasons for nothing."""
    notes = [v.note for v in board.verdicts if v.outcome == "warned" and v.note]
    measured = board.summaries or board.races or board.searches
    if not measured and len(notes) == len(board.verdicts):
        return f"{NOTHING}: {'; '.join(notes)}"
    cells = {summary.cell.id: summary.cell for summary in board.summaries}
    return gate_sentence(board.verdicts, cells)


def uncalibrated(board: Scoreboard) -> str | None:
    """Say that a quality is of judges whom nobody has checked; ``None`` if none is."""
    if any(summary.metric == UNCALIBRATED for summary in board.summaries):
        return "its quality is judged and uncalibrated"
    return None


def is_of_balance(board: Scoreboard) -> bool:
    """Whether the sentence names the best balance."""
    others = (
        board.verdicts
        or board.races
        or board.searches
        or load_capacities(board.summaries)
    )
    return not others


def lines_beside_sentence(board: Scoreboard) -> list[str]:
    """Return what is said of all comparisons of rows and is not the sentence."""
    lines = leader_lines(board)
    return lines[1:] if is_of_balance(board) else lines


def answer_tone(board: Scoreboard) -> Tone | None:
    """Return how the sentence is coloured; ``None`` for not at all."""
    if not board.verdicts:
        return None
    if any(verdict.failing for verdict in board.verdicts):
        return "bad"
    undecided = any(v.outcome in ("inconclusive", "warned") for v in board.verdicts)
    return "unsure" if undecided else "good"


def _capacities(loads: tuple[LoadCapacity, ...]) -> str:
    """Say how much load each server took within its objectives."""
    if len(loads) == 1:
        return f"highest load within the SLO: {_capacity(loads[0])}"
    parts = [f"{named([_name(one)])} {_capacity(one)}" for one in loads[:_FEW]]
    if len(loads) > _FEW:
        parts.append(f"and {len(loads) - _FEW} more")
    return f"highest load within the SLO: {' | '.join(parts)}"


def _name(load: LoadCapacity) -> str:
    return f"{load.task}, {load.model} on {load.device}:"


def _capacity(load: LoadCapacity) -> str:
    unit = _UNITS.get(load.kind, load.kind)
    told = "none of those measured"
    if load.level is not None:
        told = f"{load.level:g} {unit}, {per_second(load.requests_per_s)} requests/s"
    if load.next_level is None:
        return f"{told}, the highest measured"
    where = f"{load.next_level:g}"
    if load.behind:
        return f"{told}; {where} is not kept up with"
    if load.unknown:
        return f"{told}; of {where} it cannot be told"
    return f"{told}; {where} fails on {' and '.join(load.missed) or 'several together'}"
