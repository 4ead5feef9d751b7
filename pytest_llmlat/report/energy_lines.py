"""What energy was counted by, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import listed, printable

if TYPE_CHECKING:
    from pytest_llmlat.values.energy import EnergyFacts
    from pytest_llmlat.values.results import Scoreboard


def energy_lines(board: Scoreboard) -> list[str]:
    """Say once of each place what counted its energy, or why nothing did."""
    told = [_told(s.energy) for s in board.summaries if s.energy is not None]
    lines = dict.fromkeys(line for each in told for line in each)
    return [f"energy: {printable(line)}" for line in lines]


def _told(energy: EnergyFacts) -> list[str]:
    found = []
    if energy.counters:
        names = listed(name for name, _ in energy.counters)
        idle = "idle power was not measured"
        if energy.idle_w is not None and energy.idle_s is not None:
            idle = f"idle {energy.idle_w:.1f} W, for {energy.idle_s:.0f} s before"
        found.append(
            f"{names}: gross joules are all that they counted, others' work too; {idle}"
        )
    if energy.reason is not None:
        what = "the whole window" if energy.counters else "not measured"
        found.append(f"{what}: {energy.reason}")
    found += [f"left out: {each}" for each in energy.left_out]
    if energy.tdp_w is not None:
        found.append(
            f"ESTIMATED joules are {energy.tdp_w:g} W (TDP) times time: nothing was"
            " measured for them"
        )
    if energy.grid_kg_per_kwh is not None:
        found.append(
            f"carbon is measured joules times {energy.grid_kg_per_kwh:g} kg/kWh, as"
            " given"
        )
    return found
