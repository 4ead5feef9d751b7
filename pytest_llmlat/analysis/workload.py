"""The workload of a cell: what it was asked. Rows of equal workloads are comparable."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record

_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Workload:
    """The workload of one cell; equal for cells that were asked the same."""

    task: str
    family: str
    revision: str
    """Digest of what its task asks and accepts; empty where unknown."""
    samples: str
    """Digest of the samples that were asked."""
    requests: str
    """Digest of how often each sample was asked."""


def workload(facts: CellFacts, records: Sequence[Record]) -> Workload:
    """Return the workload of a cell, from the records of what it was asked."""
    asked = Counter(record.sample for record in records)
    return Workload(
        task=facts.cell.task,
        family=facts.cell.family,
        revision=facts.task_revision or "",
        samples=_digest(sorted(asked)),
        requests=_digest(sorted(asked.items())),
    )


def _digest(content: object) -> str:
    return sha256(repr(content).encode()).hexdigest()[:_DIGITS]
