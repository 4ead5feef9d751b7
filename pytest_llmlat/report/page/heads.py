"""What was run, where and when: the head of the page, one for each run in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.figures import listed, placed, printable, seconds
from pytest_llmlat.report.machine_words import MACHINE, machine_words

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard

_SYSTEM = ("system", "release", "machine")
_SHOWN_COMMIT = 12
_SHOWN_MODELS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Facts of one run: (name, value) pairs; what is not known is left out."""

    name: str
    facts: tuple[tuple[str, str], ...]
    libraries: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]


def title_of(board: Scoreboard) -> str:
    """Return what was run, for the title of a browser's tab: models, then devices."""
    models = list(dict.fromkeys(s.cell.model for s in board.summaries))
    devices = dict.fromkeys(
        placed(s.cell.device, s.cell.scenario) for s in board.summaries
    )
    if not models:
        return "nothing was measured - pytest-llmlat"
    shown = ", ".join(models[:_SHOWN_MODELS])
    if len(models) > _SHOWN_MODELS:
        shown += f" and {len(models) - _SHOWN_MODELS} more"
    return printable(f"{shown} on {', '.join(devices)} - pytest-llmlat")


def heads(run: dict[str, Any]) -> list[Head]:
    """Return the head of a run, or of each run that was merged into it."""
    merged = [one for one in run.get("runs") or () if isinstance(one, Mapping)]
    return [_head(one) for one in merged or [run]]


def _head(run: Mapping[str, Any]) -> Head:
    environment = _object(run.get("environment"))
    commit = run.get("commit") or environment.get("commit")
    took = run.get("seconds")
    facts = {
        "Started": _moment(run.get("started")),
        "Took": _duration(took) if isinstance(took, int | float) else None,
        "Commit": str(commit)[:_SHOWN_COMMIT] if commit else None,
        "Machine": machine_words(environment),
        "System": listed((environment.get(name) for name in _SYSTEM), " "),
        "Run": run.get("id"),
    }
    other = {"commit", *MACHINE, *_SYSTEM}
    libraries = {n: v for n, v in environment.items() if n not in other}
    return Head(
        name=str(run.get("id") or "run"),
        facts=_known(facts),
        libraries=_known(libraries),
        settings=_known(_object(run.get("settings"))),
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _known(facts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(name), listed(value, ", ") if isinstance(value, list) else str(value))
        for name, value in facts.items()
        if value is not None and value not in ("", [])
    )


def _moment(value: object) -> str | None:
    """Write a moment without the letter that stands between its date and time."""
    try:
        return dt.datetime.fromisoformat(str(value)).isoformat(" ", "seconds")
    except ValueError:
        return None if value is None else str(value)


def _duration(value: float) -> str:
    """Write a duration as a person says it; a run may take hours."""
    if value < 60:  # noqa: PLR2004 - seconds in a minute
        return seconds(value)
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
