"""Races of settings in a run's folder: one line each time that more is known of one.

The last line of a model on a device counts; a race that was cut off has one too.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pytest_llmlat.store.field_kinds import wrong_field
from pytest_llmlat.values.sound_grade import is_quality
from pytest_llmlat.values.tuning_race import (
    ConfirmedGain,
    KeyWeight,
    RacedSetting,
    RaceFigure,
    TuningRace,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = {
    "RaceFigure": RaceFigure,
    "ConfirmedGain": ConfirmedGain,
    "KeyWeight": KeyWeight,
    "RacedSetting": RacedSetting,
}
_PARTS: dict[type, dict[str, type]] = {
    TuningRace: {
        "confirmed": ConfirmedGain,
        "raced": RacedSetting,
        "keys": KeyWeight,
    },
    ConfirmedGain: {"gain": RaceFigure, "quality": RaceFigure, "time": RaceFigure},
    RacedSetting: {"gain": RaceFigure, "quality": RaceFigure, "time": RaceFigure},
}


def race_of(content: Any) -> TuningRace:  # noqa: ANN401 - any JSON value
    """Build a race from its line.

    Raises:
        ValueError: it is none, or a figure in it is not what it should be.
    """
    try:
        race: TuningRace = _value(TuningRace, content)
        wrong = wrong_field(race, _NAMES)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no race of settings: {error!s:.200}") from error
    if wrong is None:
        wrong = _impossible(race)
    if wrong is not None:
        raise ValueError(f"no race of settings: {wrong}: not as it is written")
    return race


def _impossible(race: TuningRace) -> str | None:
    """Return a field that holds a figure which no race has; ``None`` if none does."""
    confirmed = () if race.confirmed is None else (race.confirmed,)
    counts = [
        *(("seconds", race.seconds), ("requests", race.requests)),
        *(("settings", race.settings), ("full", race.full)),
        *(("items", one.items) for one in (*race.raced, *confirmed)),
        *(("requests", one.requests) for one in race.raced),
        *(("seconds", one.seconds) for one in race.raced),
        *(("alike", one.alike) for one in confirmed),
    ]
    for name, count in counts:
        if count is not None and count < 0:
            return name
    if not all(is_quality(one.share) for one in race.keys):
        return "keys"
    figures = [
        each
        for one in (*race.raced, *confirmed)
        for each in (one.gain, one.quality, one.time)
    ]
    return None if all(map(_in_order, figures)) else "an interval"


def _in_order(figure: RaceFigure) -> bool:
    """Whether an interval ends above where it begins, as far as it is known."""
    low, high = figure.low, figure.high
    return low is None or high is None or low <= high


def last_of_each(races: Iterable[TuningRace]) -> tuple[TuningRace, ...]:
    """Return the last line of each model on each device."""
    return tuple({(race.model, race.device): race for race in races}.values())


def _value(kind: type[Any], content: Any) -> Any:  # noqa: ANN401 - built by its type
    parts = _PARTS.get(kind, {})
    return kind(
        **{
            field.name: _part(parts.get(field.name), content[field.name])
            for field in fields(kind)
        }
    )


def _part(kind: type[Any] | None, item: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(item, list):
        return tuple(_part(kind, each) for each in item)
    return item if kind is None or item is None else _value(kind, item)
