"""Extensions that are installed and cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.backend_kind import BACKENDS
from pytest_llmlat.backends.engines.engine_table import ENGINES
from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.sandbox import SANDBOXES
from pytest_llmlat.machine.device_table import DEVICES
from pytest_llmlat.machine.energy_counters import ENERGY_SOURCES
from pytest_llmlat.report.published_run import PUBLISHERS
from pytest_llmlat.store.peers import PEERS
from pytest_llmlat.values.families import FAMILIES

if TYPE_CHECKING:
    from pytest_llmlat.values.extensions import Table

TABLES: tuple[Table[Any], ...] = (
    *(BACKENDS, DEVICES, ENERGY_SOURCES, ENGINES, EXTRACTORS),
    *(FAMILIES, METRICS, PEERS, PUBLISHERS, SANDBOXES),
)


def broken_extensions() -> tuple[str, ...]:
    """Import all extensions, and say of each that cannot be used why."""
    for table in TABLES:
        table.working()
    return tuple(problem for table in TABLES for problem in table.problems())
