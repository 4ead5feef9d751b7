"""Visits of one level of a load search, joined: the facts of both together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.measure.successive_loads import joined_loads
from pytest_llmlat.session.second_look import both_looks

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import CellFacts


def both_visits(first: CellFacts, second: CellFacts) -> CellFacts:
    """Return the facts of a level that was visited once more."""
    load = second.load and joined_loads(first.load, second.load)
    return replace(both_looks(first, second), load=load)
