"""Where the cells of a run are measured, as it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.machine.device_table import absence, is_present
from pytest_llmlat.spread.spread_kinds import spread_kind
from pytest_llmlat.values.errors import LLMLatError, UsageError

if TYPE_CHECKING:
    from pytest_llmlat.machine.devices import Inventory
    from pytest_llmlat.spread.worker_pool import WorkerPool
    from pytest_llmlat.values.settings import Settings, Spelled

_ALONE = ("tune", "changed", "spend")
"""Settings that one process keeps count of, or looks at a loaded model for."""


def check_spread(settings: Settings, spelled: Spelled) -> None:
    """Refuse a place that nobody knows, and what has no place beside it.

    Raises:
        UsageError: says what is in the way.
    """
    if settings.shards > 1 and not settings.spread:
        raise UsageError(
            f"{spelled('shards')}: the shards of a set are answered by workers, and"
            f" there are none: say where with {spelled('spread')}, such as ray or auto"
        )
    if not settings.spread or settings.joined:
        return
    where = spelled("spread")
    spread_kind(settings.spread, where=where)
    given = next((name for name in _ALONE if getattr(settings, name)), None)
    if given is not None:
        raise UsageError(
            f"{where}: {spelled(given)} is about what one process measures, and has no"
            " place beside it; leave one of them out"
        )


def open_pool(settings: Settings, spelled: Spelled) -> WorkerPool | None:
    """Return the workers that were asked for; ``None`` for none.

    Raises:
        UsageError: there is no such place, or nobody there can measure.
    """
    if not settings.spread or settings.joined:
        return None
    kind = spread_kind(settings.spread, where=spelled("spread"))
    try:
        return kind.open(settings.spread)
    except LLMLatError as error:
        raise UsageError(str(error)) from error


def keeps_apart(settings: Settings) -> bool:
    """Whether cards of one NUMA node's memory are used one at a time."""
    return spread_kind(settings.spread, where="spread").apart


def is_somewhere(device: str, pool: WorkerPool | None, here: Inventory) -> bool:
    """Whether a device is where cells are measured.

    Args:
        device: by its marker.
        pool: has the workers; ``None`` where this process measures.
        here: the devices of this machine.
    """
    found = [here] if pool is None else [node.inventory for node in pool.nodes]
    return any(is_present(device, inventory) for inventory in found)


def sought_everywhere(device: str, pool: WorkerPool | None, here: Inventory) -> str:
    """Say what was looked for where, and what was found instead; as above."""
    if pool is None:
        return absence(device, here)
    looked = (f"{node.name}: {absence(device, node.inventory)}" for node in pool.nodes)
    return "; ".join((*looked, *pool.left_out))
