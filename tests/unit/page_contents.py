"""What a page has of cells, of records that a test made."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from pytest_llmlat.report.page.cell_content import cell_content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_llmlat.report.page import ContentReader
    from pytest_llmlat.report.page.cell_content import CellContent, CellRoom
    from pytest_llmlat.values.records import Record


def reader_of(records: Iterable[Record]) -> ContentReader:
    """Return what reads the page's content of records, those of a cell together."""
    return partial(contents_of, records)


def contents_of(
    records: Iterable[Record], rooms: Mapping[str, CellRoom]
) -> Iterator[CellContent]:
    """Yield what a page has of each cell that it shows."""
    for cell, own in groupby(records, key=lambda record: record.cell):
        if cell.id in rooms:
            yield cell_content(cell, own, rooms[cell.id])
