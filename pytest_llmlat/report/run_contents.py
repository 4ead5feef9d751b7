"""What the page has of each cell of a run, read off its folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.worker_processes import in_processes
from pytest_llmlat.report.page.cell_content import cell_content
from pytest_llmlat.store.record_reader import cell_records, told_before

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmlat.report.page.cell_content import CellContent, CellRoom
    from pytest_llmlat.store.run_reader import RecordPlace, Run
    from pytest_llmlat.values.records import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShownCell:
    """A cell that the page is to show."""

    cell: Cell
    place: RecordPlace
    room: CellRoom


def run_contents(run: Run, rooms: Mapping[str, CellRoom]) -> Iterator[CellContent]:
    """Yield what the page has of each cell, in the order of the run's facts.

    Of very many records, several processes read. Lines that cannot be read were told
    when the figures were made, and are not told again.

    Args:
        run: where to read.
        rooms: of the cells that are shown, by their ids.
    """
    shown = [
        _ShownCell(
            cell=facts.cell,
            place=run.places[facts.cell.id].alone,
            room=rooms[facts.cell.id],
        )
        for facts in run.facts
        if facts.cell.id in rooms
    ]
    return in_processes(_content, shown, sum(each.place.count for each in shown))


def _content(shown: _ShownCell) -> CellContent:
    records = cell_records(shown.place, shown.cell, told_before)
    return cell_content(shown.cell, records, shown.room)
