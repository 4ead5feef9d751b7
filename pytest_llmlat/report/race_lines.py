"""Words for races of settings: what to take, how sure that is, and what each did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.entry_lines import entry_lines
from pytest_llmlat.report.figures import MISSING, printable, seconds, signed, table
from pytest_llmlat.values.tuning_race import GUESSING

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard
    from pytest_llmlat.values.tuning_race import RaceFigure, TuningRace

_MOST_ROWS = 16
_SAVED = {"fastest": "time", "cheapest": "cost", "least_energy": "energy"}
"""What a goal saves."""
_FEW = 4
_PROPOSED = {
    "listed": "from the list",
    "drawn": "drawn by chance (pip install 'pytest-llmlat[tune]' for proposals that"
    " learn)",
    "tpe": "proposed by Optuna's TPE for quality and time",
}
_MINUTE = 60


def race_lines(board: Scoreboard) -> list[str]:
    """Return all lines on races, an empty one between two."""
    lines: list[str] = []
    for race in board.races:
        lines += ["", *_race(race)] if lines else _race(race)
    return [printable(line) for line in lines]


def race_sentence(race: TuningRace) -> str:
    """Return the answer of a race in one sentence."""
    where = f"{race.model} on {race.device}"
    if race.end == "interrupted" and not race.requests:
        return f"tuning of {where} ended before its first request: its test says why"
    if race.end == "interrupted":
        return (
            f"tuning of {where} was cut short after {race.requests} requests; nothing"
            " is lost: go on with --llm-tune-resume and the folder of this run"
        )
    if race.end == "undecided":
        return f"tuning of {where}: nothing can be decided; {'; '.join(race.notes)}"
    confirmed = race.confirmed
    if race.end == "winner" and confirmed is not None:
        return (
            f"{race.goal} of {where}: [{race.best}],"
            f" {_gain(race, confirmed.gain)} beside today's setting,"
            f" confirmed on {confirmed.items} items that it was not chosen on"
        )
    if confirmed is not None and (confirmed.gain.low or 0.0) > 0:
        return (
            f"{race.goal} of {where}: no setting is recommended; [{race.best}],"
            f" {_gain(race, confirmed.gain)} on {confirmed.items} items that it was not"
            f" chosen on, but {_objection(race)}"
        )
    return f"{race.goal} of {where}: no setting is better than today's for certain"


def _objection(race: TuningRace) -> str:
    """Return why a setting that gains for certain is not recommended."""
    if GUESSING in race.notes:
        return "it is not above guessing for certain"
    return "it may lose more quality than is allowed"


def _race(race: TuningRace) -> list[str]:
    lines = [f"tuning: {race_sentence(race)}"]
    confirmed = race.confirmed
    if confirmed is not None:
        told = "confirmation (A B B A)" if race.best is None else f"[{race.best}]"
        lines.append(
            f"  {told} on {confirmed.items} items kept for it:"
            f" {_gain(race, confirmed.gain)}, quality"
            f" {_points(confirmed.quality)} ({confirmed.alike} of {confirmed.items}"
            f" answered alike), time {_percent(confirmed.time)}; 95 % intervals"
        )
    lines += [f"  {line}" for line in _settings(race)]
    if race.beside:
        shown = ", ".join(f"[{name}]" for name in race.beside[:_FEW])
        more = len(race.beside) - _FEW
        lines.append(
            f"  not told from the best by the race: {shown}"
            + (f" and {more} more" if more > 0 else "")
        )
    if race.importance is not None:
        keys = ", ".join(f"{one.key} {one.share:.0%}" for one in race.keys)
        lines.append(f"  what mattered ({race.importance}): {keys}")
    lines.append(f"  {_cost(race)}")
    lines += [f"  {note}" for note in race.notes if race.end != "undecided"]
    if race.contended:
        lines.append(
            "  others used this machine: each answer was compared with one of today's"
            " setting right beside it, which they slowed down as well"
        )
    if race.entry is not None:
        lines += entry_lines(race.entry)
    return lines


def _settings(race: TuningRace) -> list[str]:
    """Return the table of settings; of many only the longest in the race."""
    if not race.raced:
        return []
    shown = race.raced[:_MOST_ROWS]
    title = {"balance": "balance"} | {k: f"{v} saved" for k, v in _SAVED.items()}
    header = (
        *("setting (beside today's)", "items", title[race.goal_kind], "quality"),
        *("time", "front", "requests", "took", "left"),
    )
    rows = [
        (
            f"[{one.name}]",
            str(one.items),
            _points(one.gain) if race.goal_kind == "balance" else _percent(one.gain),
            _points(one.quality),
            _percent(one.time),
            "yes" if one.on_front else "",
            str(one.requests),
            seconds(one.seconds),
            one.why or "",
        )
        for one in shown
    ]
    lines = table(header, rows, right=(1, 6, 7))
    if len(race.raced) > len(shown):
        rest = len(race.raced) - len(shown)
        lines.append(f"and {rest} more, which left earlier: summary.json has all")
    return lines


def _cost(race: TuningRace) -> str:
    """Say what the race cost, and where its settings came from."""
    whole = "a space that cannot be listed"
    if race.settings is not None:
        whole = f"{race.settings} settings"
    told = f"{len(race.raced)} of {whole}, {_PROPOSED[race.proposed]}"
    share = ""
    if race.full:
        share = f", {race.requests / race.full:.0%} of the full product's {race.full}"
    spent = f"{race.seconds / _MINUTE:.1f} min"
    return f"{told}; {race.requests} requests{share}; {spent}"


def _gain(race: TuningRace, gain: RaceFigure) -> str:
    if race.goal_kind == "balance":
        return f"balanced {_points(gain)}"
    what = _SAVED[race.goal_kind]
    return f"{what} saved {_percent(gain)}"


def _points(estimate: RaceFigure) -> str:
    if estimate.value is None:
        return MISSING
    if estimate.low is None or estimate.high is None:
        return signed(estimate.value)
    return f"{signed(estimate.value)} [{signed(estimate.low)}, {signed(estimate.high)}]"


def _percent(estimate: RaceFigure) -> str:
    if estimate.value is None:
        return MISSING
    told = f"{estimate.value:+.1%}"
    if estimate.low is None or estimate.high is None:
        return told
    return f"{told} [{estimate.low:+.1%}, {estimate.high:+.1%}]"
