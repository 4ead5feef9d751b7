"""Early stopping of a pair of cells, asked after each pair of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.stopping import Stopping

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.stopping import StoppingRule


class PairsSoFar:
    """The pairs of a cell so far, and a rule that says whether they are enough."""

    def __init__(self, plan: Plan, rule: StoppingRule | None) -> None:
        """Count none yet.

        Args:
            plan: of the cell; what is alike in it stands together.
            rule: ``None`` where all pairs are to be measured.
        """
        self._items = [plan.item_of(sample) for sample in plan.samples]
        self._rule = rule
        self._used = self._seen = 0
        self._why: str | None = None

    def enough(
        self,
        places: range,
        candidate: Sequence[Record],
        reference: Sequence[Record],
        disturbed: Callable[[], bool],
    ) -> bool:
        """Whether measuring may stop after the samples at these places.

        Nobody looks into the middle of a cluster: half of it is no pair.

        Args:
            places: of the samples that were asked last.
            candidate: all its records, in the order of the places.
            reference: as many of the other side.
            disturbed: tells whether times of either side prove nothing until now. Then
                they are not gated, and quality is to be known of all samples.
        """
        after = self._items[places.stop : places.stop + 1]
        if self._rule is None or after == [self._items[places.stop - 1]]:
            return False
        self._used += 1
        begin, self._seen = self._seen, len(candidate)
        if after:
            # After the last pair there is nothing left that could be saved.
            clear = self._rule.after(candidate[begin:], reference[begin:])
            if clear is not None and not (clear.by_time and disturbed()):
                self._why = clear.why
        return self._why is not None

    @property
    def stopping(self) -> Stopping | None:
        """The stop so far; ``None`` without a rule."""
        if self._rule is None:
            return None
        planned = len(set(self._items))
        return Stopping(planned=planned, used=self._used, why=self._why)
