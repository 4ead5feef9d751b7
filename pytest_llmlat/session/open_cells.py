"""Which of the places for cells a session has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.session.cells import CellsHere
from pytest_llmlat.session.cells_elsewhere import CellsElsewhere
from pytest_llmlat.session.spread_choice import keeps_apart

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.session.cells import Cells
    from pytest_llmlat.session.run import Session
    from pytest_llmlat.spread.jobs import SpreadProgress


def open_cells(
    session: Session, show: Callable[[SpreadProgress | None], None] = lambda _: None
) -> Cells:
    """Return where a session's cells are measured.

    Args:
        session: of this process.
        show: takes how far the cells of others are, while somebody waits.
    """
    pool = session.selection.pool
    if pool is None:
        return CellsHere(session)
    apart = keeps_apart(session.settings)
    return CellsElsewhere(session, pool, apart=apart, show=show)
