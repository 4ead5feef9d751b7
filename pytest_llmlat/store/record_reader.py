"""The reader of a run's records, one cell in memory at a time."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.store.human_labels import as_people_said
from pytest_llmlat.store.judge_trials_file import with_fitness
from pytest_llmlat.store.record_lines import RecordLines
from pytest_llmlat.store.spooled_answers import spooled_records
from pytest_llmlat.values.errors import BadExtension
from pytest_llmlat.values.garbage import uncollected
from pytest_llmlat.values.timing import of_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from pytest_llmlat.store.run_reader import RecordPlace, Run
    from pytest_llmlat.values.records import Cell, Record


def records_of(
    run: Run,
    cell_ids: Collection[str] | None = None,
    *,
    tell: Callable[[str], None] | None = None,
) -> Iterator[tuple[Cell, list[Record]]]:
    """Yield the records of each cell, in the order of the run's facts.

    Of a sample that was measured again the last record counts. A cell that was begun
    and has no records has an empty list.

    Args:
        run: where to read.
        cell_ids: of which cells; all if ``None``.
        tell: gets a sentence for each cell of which lines had to be left out; by
            default they are warnings.
    """
    for facts in run.facts:
        if cell_ids is None or facts.cell.id in cell_ids:
            yield (
                facts.cell,
                cell_records(run.places[facts.cell.id], facts.cell, tell or warn),
            )


def cell_records(
    place: RecordPlace, cell: Cell, tell: Callable[[str], None]
) -> list[Record]:
    """Return the records of one cell, without those that do not belong to it."""
    found: dict[tuple[str, int], Record] = {}
    first: Record | None = None
    broken, reason, wanted = 0, "", 0
    lines = RecordLines(cell)
    with uncollected():
        for line in place.index.lines(place.key):
            try:
                record = lines.record(line)
                if record.sitting < place.since:
                    continue
                if first is None:
                    wanted = _counts_of(record.metric)
                _fit(record, first or record, wanted)
            except ValueError as error:
                broken, reason = broken + 1, str(error)
            else:
                first = first or record
                found[record.sample, record.round] = record
    if broken:
        tell(
            f"{place.index.path}: {place.key}: {broken} of its lines left out, for they"
            f" cannot be read: {reason:.200}"
        )
    for path in place.spools:
        _add_spooled(path, cell, found, tell, since=place.since)
    if place.thinned:
        return [_thinned(record) for record in found.values()]
    if not place.labels and not place.fit:
        return list(found.values())
    return as_people_said(
        [with_fitness(record, place.fit) for record in found.values()],
        place.labels,
        tell,
    )


def _thinned(record: Record) -> Record:
    """Return a record that knows no gaps between tokens."""
    timing = record.timing
    return record if timing is None else replace(record, timing=of_ends(timing))


def _add_spooled(
    path: Path,
    cell: Cell,
    found: dict[tuple[str, int], Record],
    tell: Callable[[str], None],
    *,
    since: int,
) -> None:
    """Add the answers of a load that was cut off, where there is no record of them."""
    try:
        records = spooled_records(path, cell)
    except (OSError, ValueError) as error:
        tell(f"{path}: left out, for it cannot be read: {error!s:.200}")
        return
    new = [
        one
        for one in records
        if one.sitting >= since and (one.sample, one.round) not in found
    ]
    found.update({(one.sample, one.round): one for one in new})
    if new:
        tell(
            f"{cell.id}: its load was cut off; {len(new)} of its answers had no grade"
            " yet and count for no figure of quality"
        )


def _counts_of(metric: str) -> int:
    """Return the number of counts in each grade of a metric.

    Raises:
        ValueError: no figure can be made of its grades; says why.
    """
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r:.80} is not known here")
    try:
        return METRICS[metric].counts
    except BadExtension as error:
        raise ValueError(str(error)) from error


def _fit(record: Record, first: Record, wanted: int) -> None:
    """Refuse a record that, with the others, makes no figure."""
    alike = record.metric == first.metric or (
        # Of an answer that judges have graded since, the metric says so.
        METRICS.get(record.metric) is METRICS.get(first.metric)
    )
    if not alike:
        raise ValueError("metric is not that of the records before")
    if len(record.grade.counts) != wanted:
        raise ValueError(
            f"{len(record.grade.counts)} counts, where its metric has {wanted}"
        )


def warn(text: str) -> None:
    """Warn of lines that were left out; used where no other listener is given."""
    warnings.warn(text, stacklevel=3)


def told_before(_: str) -> None:
    """Drop a sentence on lines that was told when the figures were made."""
