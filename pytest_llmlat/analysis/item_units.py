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

        values = np.array(rows, dtype=float)
        if self.count == len(values):
            sums = np.empty_like(values)
            sums[self._places] = values
            return sums
        sums = np.zeros((self.count, values.shape[1]))
        np.add.at(sums, self._places, values)
        return sums
