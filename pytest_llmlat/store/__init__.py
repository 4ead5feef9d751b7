"""Runs that were written before: opened, joined, counted again, handed on.

    run = open_run(Path(".llmlat/runs"))      # a run, a report, or the newest of all
    how = asked_for(run)                      # as its session was told
    board = board_of(run, balance=how.balance, seed=how.seed, slo=how.slo)
    for cell, records in records_of(run): ... # one cell in memory at a time
    whole = merge([run, open_run(other)])     # also from other machines
    export(whole, Path("records.parquet"))

What is damaged or does not fit is left out and told, never dropped in silence.
"""

from __future__ import annotations

from pytest_llmlat.runs.exporting import export
from pytest_llmlat.runs.folders import Run, open_run
from pytest_llmlat.runs.merging import merge
from pytest_llmlat.runs.reading import Asked, asked_for, board_of, records_of, told_of

__all__ = [
    "Asked",
    "Run",
    "asked_for",
    "board_of",
    "export",
    "merge",
    "open_run",
    "records_of",
    "told_of",
]
