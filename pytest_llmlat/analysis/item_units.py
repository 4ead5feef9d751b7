"""Units of a cell's intervals: the requests that are alike are one item."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.analysis.resampling import Array
    from pytest_llmlat.grading.metrics.metric import Rows
    from pytest_llmlat.values.records import Record


class Units:
    """Records grouped by what is alike in them."""

    def __init__(self, records: Sequence[Record]) -> None:
        """Group records by what is alike in them."""
        own = [record.item for record in records]
        # By name and not as they were answered, so that two models stay in step.
        names = sorted(set(own))
        place = {name: number for number, name in enumerate(names)}
        self.count = len(names)
        self._places = [place[name] for name in own]

    def sums(self, rows: Rows) -> Array:
        """Return the sums of columns over the records of each unit: (units, k)."""
        import numpy as np

        return self._summed(np.array(rows, dtype=float))

    def sums_of(self, *columns: Sequence[float] | float) -> Array:
        """Return what ``sums`` does, of columns instead of rows: (units, k).

        Of a million records, a tuple for each would take longer than the sums.

        Args:
            columns: one value for each record, or one number for all of them.
        """
        import numpy as np

        shape = len(self._places)
        return self._summed(
            np.column_stack(
                [
                    np.full(shape, column, dtype=float)
                    if isinstance(column, int | float)
                    else np.asarray(column, dtype=float)
                    for column in columns
                ]
            )
        )

    def _summed(self, values: Array) -> Array:
        import numpy as np

        if self.count == len(values):
            sums = np.empty_like(values)
            sums[self._places] = values
            return sums
        sums = np.zeros((self.count, values.shape[1]))
        np.add.at(sums, self._places, values)
        return sums


def known_columns(
    values: Sequence[float | None],
) -> tuple[Sequence[float], Sequence[float] | float]:
    """Return values and their weights; one that is missing weighs nothing."""
    if None not in values:
        return values, 1.0  # type: ignore[return-value] # none is missing
    return (
        [0.0 if value is None else value for value in values],
        [0.0 if value is None else 1.0 for value in values],
    )
