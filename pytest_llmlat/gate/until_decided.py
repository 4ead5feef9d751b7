"""Early stopping of an interleaved comparison, when its pairs are enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.analysis.cached_prompts import cached_apart
from pytest_llmlat.gate.changes import BALANCED, FEWEST, QUALITY
from pytest_llmlat.gate.hypotheses import as_change
from pytest_llmlat.gate.judging import ALPHA, SHARES
from pytest_llmlat.gate.looks import AT_LOOKS, sequences
from pytest_llmlat.gate.pairing import LATENCIES, joined, known, pair
from pytest_llmlat.gate.step_down import HommelFamily
from pytest_llmlat.values.stopping import ClearResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.gate.pairing import Pairs
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.records import Record

_EACH = 100
"""Number of pairs up to which a look follows each; of more, each further per cent."""


class UntilDecided:
    """A rule that stops a cell at a regression, or where all is tolerable for certain.

    The level is shared out over all cells of the session and over quality, balance and
    time of each before anything is measured (Bonferroni), since nobody knows yet how
    the others will come out; latencies share that of time as at the end. There Holm's
    correction gives no less to each.
    """

    def __init__(
        self,
        tolerated: Mapping[str, float],
        *,
        balance: Balance,
        among: int,
        planned: int,
    ) -> None:
        """Follow one cell.

        Args:
            tolerated: how much worse each gated quantity of the cell may be.
            balance: which mean is called balanced.
            among: how many cells are gated in all.
            planned: number of the cell's pairs, if it is not ended.
        """
        self._planned = planned
        self._tolerated = tolerated
        self._balance = balance
        self._share = AT_LOOKS * ALPHA / (SHARES * max(1, among))
        self._pairs: Pairs | None = None
        self._records: tuple[list[Record], list[Record]] = ([], [])

    def after(
        self, candidate: Sequence[Record], reference: Sequence[Record]
    ) -> ClearResult | None:
        """Return the result that is clear with one more pair; ``None`` to go on."""
        for kept, own in zip(self._records, (candidate, reference), strict=True):
            kept.extend(own)
        more = pair(candidate, reference)
        pairs = more if self._pairs is None else joined(self._pairs, more)
        self._pairs = pairs
        count = len(pairs.samples)
        if count < FEWEST or count % max(1, count // _EACH):
            return None
        worse, open_ = self._told(pairs, [n for n in self._tolerated if n != BALANCED])
        timed = QUALITY not in worse
        if timed and cached_apart(*self._records):
            return None
        if worse:
            why = f"regression of {' and '.join(worse)}"
            return ClearResult(why=why, by_time=timed)
        # The score follows from its halves: it is looked at where they are clear.
        scored = BALANCED in self._tolerated
        if open_ or (scored and any(self._told(pairs, [BALANCED]))):
            return None
        return ClearResult(why="no worse than is tolerated", by_time=True)

    def _told(
        self, pairs: Pairs, quantities: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        """Return the quantities that are worse for certain, and the undecided ones."""
        found = sequences(
            pairs, quantities, balance=self._balance, planned=self._planned
        )
        clock = [found[name].p_above(0.0) for name in found if name in LATENCIES]
        steps = HommelFamily(p=tuple(clock), weight=1.0).steps(self._share / 2)
        worse, open_ = [], []
        for name in quantities:
            if name not in found:
                if name not in LATENCIES or known(pairs.baseline, name):
                    open_.append(name)
                continue
            low, high = found[name].interval(
                self._share / steps if name in LATENCIES else self._share
            )
            tolerance = as_change(name, self._tolerated[name])
            if low > tolerance:
                worse.append(name)
            elif high > tolerance:
                open_.append(name)
        return worse, open_
