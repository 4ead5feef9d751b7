"""The result of one cell, as its test gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Summary, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The result of one cell."""

    summary: Summary
    facts: CellFacts
    records: tuple[Record, ...]
    verdicts: tuple[Verdict, ...]
    """Verdicts, worst first; a regression here stays one whatever cells are to come."""
