"""Claims of tests on cells: each cell of a run is measured by one test.

Two tests of one cell would leave the records of both in one row, some of each. The test
of a cell is written to the run's folder before it is measured, so that processes that
run side by side know it of each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.session.measured import Measured
    from pytest_llmlat.store.journal import Journal
    from pytest_llmlat.values.cell_facts import CellFacts

_REMEDY = (
    "a cell is measured once in a run, or half of each would stand in one row: make it"
    " one test, leave one out (-k), or tell them apart by a name:"
    " @pytest.mark.llm(..., variant='short') or llmlat.run(llm, variant='short')"
)


@dataclass(slots=True, kw_only=True)
class _Held:
    """A claimed cell that this process has begun."""

    test: str | None
    attempt: int
    asked: str
    measured: Measured | None = None
    facts: CellFacts | None = None


class Claims:
    """The claims of a run: which test measures which cell."""

    def __init__(self, journal: Journal) -> None:
        """Write and read beside a run's records."""
        self._journal = journal
        self._held: dict[str, _Held] = {}

    def begin(self, plan: Plan, wanted: CellSpec) -> Measured | None:
        """Claim a cell for a test.

        Returns:
            What was measured already, if an earlier try of this test has finished:
            the first one counts, or the best of several would.

        Raises:
            UsageError: another test, or this one, has it.
        """
        held = self._held.get(plan.cell.id)
        if held is None:
            self._claim(plan, wanted)
        elif held.test != wanted.test or held.attempt == wanted.attempt:
            raise clash(plan.cell.id, held.test, wanted.test, held.asked == plan.asked)
        elif held.asked != plan.asked:
            raise UsageError(
                f"{plan.cell.id}: {wanted.test} asked something else when it ran"
                " before, and a rerun must ask the same; its first measurement counts"
            )
        elif held.measured is not None and held.facts is not None:
            held.attempt = wanted.attempt
            held.facts = replace(held.facts, reruns=held.facts.reruns + 1)
            self._journal.add(held.facts)
            return held.measured
        self._held[plan.cell.id] = _Held(
            test=wanted.test, attempt=wanted.attempt, asked=plan.asked
        )
        return None

    def end(self, plan: Plan, measured: Measured) -> None:
        """Keep the result of a cell that was measured whole."""
        held = self._held[plan.cell.id]
        held.measured, held.facts = measured, measured.facts

    def _claim(self, plan: Plan, wanted: CellSpec) -> None:
        if wanted.test is None:
            return
        test, asked = self._journal.claim(
            plan.cell.id, test=wanted.test, asked=plan.asked
        )
        if test != wanted.test:
            raise clash(plan.cell.id, test, wanted.test, asked == plan.asked)


def clash(cell: str, first: str | None, second: str | None, alike: bool) -> UsageError:  # noqa: FBT001 - a fact of both
    """Return the complaint that two tests would measure one cell.

    Args:
        cell: its id.
        first: the test that has it.
        second: the test that wants it too.
        alike: whether both ask the same.
    """
    told = "ask the same" if alike else "do not ask the same"
    who = (
        f"{first} measures it twice, and they {told}"
        if first == second
        else f"{first} and {second} both measure it, and {told}"
    )
    return UsageError(f"{cell}: {who}; {_REMEDY}")
