"""Energy of a cell: what the machine's counters told, and what was asked of them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.units import named, seconds

IDLE_S = 10.0
"""Seconds for which the power of a machine that does nothing is measured."""
GRAMS_PER_KG = 1000
JOULES_PER_KWH = 3.6e6
_NUMBER = re.compile(r"[0-9]{0,6}\.?[0-9]{1,9}")
_NAMES = ("idle", "tdp")
_OFF = "off"
_GRAMMAR = "write off, idle=10s, idle=0 (no idle power), or tdp=65 (watts: an estimate)"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyChoice:
    """What was asked of the measurement of energy."""

    measured: bool = True
    """Whether counters are read."""
    idle_s: float = IDLE_S
    """Length of the measurement of idle power, in seconds; 0 for none."""
    tdp_w: float | None = None
    """Power by which energy is estimated; ``None`` where no estimate is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyFacts:
    """Energy of a cell as the counters told it; what they did not is ``None``."""

    counters: tuple[tuple[str, float | None], ...] = ()
    """Names of the counters, each with its joules in the window."""
    joules: float | None = None
    """Gross energy of the window, of all counters together."""
    seconds: float | None = None
    """Length of the window: from before the first request that counts until after the
    last, or of the load. What lies between requests is in it."""
    idle_w: float | None = None
    """Power of the same counters before the run, while nothing was asked."""
    idle_s: float | None = None
    """Length of the measurement of idle power."""
    reason: str | None = None
    """Why nothing was measured, or the window was not."""
    left_out: tuple[str, ...] = ()
    """Counters that were found and not counted, each with the reason."""
    tdp_w: float | None = None
    """Power by which energy is estimated, where that was asked for."""
    grid_kg_per_kwh: float | None = None
    """Carbon dioxide for each kilowatt-hour, in kilograms, where it was given."""


def parse_energy(text: str, *, where: str) -> EnergyChoice:
    """Return what was asked of the measurement of energy.

    Args:
        text: such as ``idle=20s``, ``tdp=65`` or ``off``; empty for the defaults.
        where: the option, for the complaint.

    Raises:
        UsageError: shows the grammar.
    """
    if not text.strip():
        return EnergyChoice()
    if text.strip() == _OFF:
        return EnergyChoice(measured=False)
    try:
        given = named(text, _NAMES, where=where)
    except UsageError as error:
        raise UsageError(f"{where}: {text!r} is not understood; {_GRAMMAR}") from error
    idle = given.get("idle")
    return EnergyChoice(
        idle_s=IDLE_S
        if idle is None
        else 0.0
        if re.fullmatch("0+", idle)
        else seconds(idle, where=f"{where}: idle"),
        tdp_w=positive(given["tdp"], "watts such as 65", where=f"{where}: tdp")
        if "tdp" in given
        else None,
    )


def parse_grid(text: str, *, where: str) -> float:
    """Return kilograms of carbon dioxide for each kilowatt-hour.

    Raises:
        UsageError: it is no number above 0.
    """
    return positive(text, "kg/kWh such as 0.35", where=where)


def positive(text: str, what: str, *, where: str) -> float:
    """Return a number above 0.

    Args:
        text: as it was typed.
        what: it is to be, with an example.
        where: it was typed, for the complaint.

    Raises:
        UsageError: it is none.
    """
    match = _NUMBER.fullmatch(text.strip())
    value = float(match[0]) if match else 0.0
    if not 0 < value < math.inf:
        raise UsageError(f"{where}: {text!r} is not understood; write {what}")
    return value
