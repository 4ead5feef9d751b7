"""The table of places where cells can be measured, beside this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.extensions import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.machine.process_place import ProcessPlace
    from pytest_llmlat.spread.worker_pool import WorkerPool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadKind:
    """A kind of places where workers measure cells."""

    name: str
    """Name that ``--llm-spread`` takes."""
    meaning: str
    """Where cells run, in a few words."""
    open: Callable[[str], WorkerPool]
    """Opens the pool of workers; it is given what was typed, and raises
    ``LLMLatError`` where there is none."""
    schemes: tuple[str, ...] = ()
    """Beginnings of addresses that stand for it too, such as ``ray://``."""
    process_places: Callable[[], Sequence[ProcessPlace]] | None = None
    """Returns the machines on which a worker may start processes that help it; ``None``
    where there is no other than its own."""
    apart: bool = False
    """Whether cells keep off cards whose memory hangs on the same NUMA node."""


def _check(name: str, value: object) -> SpreadKind:
    if not isinstance(value, SpreadKind):
        raise TypeError(f"must be a SpreadKind, not {value!r:.80}")
    if value.name != name:
        raise ValueError(f"calls itself {value.name!r}")
    return value


SPREADS: Table[SpreadKind] = Table("spreads", "place for cells", _check)
"""The places, by name."""


def spread_kind(told: str, *, where: str) -> SpreadKind:
    """Return the kind of places that was asked for.

    Args:
        told: a name of the table, or an address of one of its schemes.
        where: the option, for the complaint.

    Raises:
        UsageError: there is none of that name or scheme.
    """
    if "://" not in told:
        return SPREADS.find(told, where=where)
    for kind in SPREADS.working().values():
        if told.startswith(kind.schemes):
            return kind
    raise UsageError(
        f"{where}: {told!r} is no address of a cluster; such as ray://HEAD:10001"
    )
