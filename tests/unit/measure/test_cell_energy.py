"""Energy of a cell: read before and after each request, never within a timed region."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.machine.energy_meter import EnergyMeter
from pytest_llmlat.machine.rapl import rapl_counters
from pytest_llmlat.measure.cell import Tools, run_cell
from pytest_llmlat.measure.cell_energy import KnownEnergy
from pytest_llmlat.measure.cell_tools import LoadedModel
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.values.energy import EnergyFacts
from pytest_llmlat.values.errors import BudgetSpent
from pytest_llmlat.values.scenario import SINGLE, parse
from tests.unit.builders import a_cell, a_deployment, a_sample, a_task
from tests.unit.energy_tree import PowercapTree, TickingClock
from tests.unit.measure.test_load_budget import SomeRequests

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.machine.energy_meter import EnergyReading
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record

pytestmark = pytest.mark.slow

WATTS = 40.0
ANSWERS = {f"s{n}": "Answer: 4" for n in range(1, 5)}
SAMPLES = tuple(a_sample(name) for name in ANSWERS)


class LoudMeter(EnergyMeter):
    """A meter that notes its readings among the calls of the clock."""

    def __init__(self, tree: PowercapTree, clock: TickingClock) -> None:
        """Read a tree's counters."""
        super().__init__(rapl_counters(tree.folder).counters, clock)
        self._calls = clock.calls

    def read(self) -> EnergyReading:
        """Note it, and read."""
        self._calls.append("energy")
        found = super().read()
        self._calls.append("energy-end")
        return found


class Measured:
    """What a cell on a scripted model told: 0.5 s to a token, 0.25 s to each other."""

    def __init__(
        self,
        tmp_path: Path,
        *,
        scenario: str = "single",
        least_s: float | None = None,
        most: int | None = None,
    ) -> None:
        """Measure it, or until a budget of so many requests, warm-ups too, is spent."""
        clock = TickingClock()
        clock.tree = tree = PowercapTree(tmp_path / "powercap", clock)
        tree.add("intel-rapl:0", "package-0", watts=WATTS)
        meter = LoudMeter(tree, clock)
        if least_s is not None:
            (counter,) = meter.counters
            meter.counters = (replace(counter, least_s=least_s),)  # type: ignore[type-var]
        facts: list[CellFacts] = []
        self.records: list[Record] = []
        self.calls = clock.calls
        backend = Scripted(ANSWERS, clock=clock, ttft_s=0.5, tpot_s=0.25)
        known = KnownEnergy(meter=meter, facts=EnergyFacts(idle_w=10.0, idle_s=10.0))
        (how,) = (SINGLE,) if scenario == "single" else parse(scenario, where="")
        ends = nullcontext() if most is None else pytest.raises(BudgetSpent)
        plan, loaded = (
            Plan(
                cell=a_cell(scenario=how.name),
                task=a_task(),
                samples=SAMPLES,
                seed=3,
                revision="abc",
                scenario=how,
            ),
            LoadedModel(deployment=a_deployment(), backend=backend, load_s=1.5),
        )
        tools = Tools(
            clock=clock,
            sandbox=None,
            on_facts=facts.append,
            on_record=self.records.append,
            energy=lambda _: known,
        )
        if most is not None:
            tools = replace(tools, allowance=lambda _: SomeRequests(most))
        with ends:
            run_cell(plan, loaded, tools)
        meter.close()
        self.facts = facts[-1]


def test_the_counters_are_read_outside_of_every_timed_region(tmp_path: Path) -> None:
    """Before the first stamp of a request, and after its last one.

    The order of calls: each reading asks the clock once and is over before anything
    else does; between the two readings of a request there are all its stamps.
    """
    found = Measured(tmp_path)
    order = " ".join(found.calls).replace("energy clock energy-end", "READ")
    _, *parts = [part.split() for part in order.split("READ")]
    inside, between = parts[0::2], parts[1:-1:2]

    assert "energy" not in order
    assert len(inside) == len(SAMPLES)
    # Its start, its stamps and its end at least; and nothing but the clock.
    assert all(set(part) == {"clock"} and len(part) >= 4 for part in inside)
    assert between == [[]] * (len(SAMPLES) - 1)


def test_each_answer_has_the_energy_of_its_own_time(tmp_path: Path) -> None:
    """To a thousandth: 40 W for as long as it took."""
    found = Measured(tmp_path)

    for record in found.records:
        assert record.timing is not None
        seconds = (record.timing.end_ns - record.timing.start_ns) / 1e9
        assert record.energy_j == pytest.approx(WATTS * seconds, rel=1e-3)
        assert record.energy_s == pytest.approx(seconds, rel=1e-9)


def test_the_cell_has_the_energy_from_the_first_to_the_last(tmp_path: Path) -> None:
    """By counter, with the idle power that was measured before."""
    energy = Measured(tmp_path).facts.energy

    assert energy is not None
    assert energy.joules == pytest.approx(WATTS * (energy.seconds or 0), rel=1e-3)
    assert energy.counters == (("RAPL package-0", energy.joules),)
    assert energy.idle_w == 10.0


@pytest.mark.parametrize(("scenario", "most"), [("single", 3), ("concurrent:2", 5)])
def test_a_cell_that_a_budget_cuts_off_has_its_energy_until_then(
    tmp_path: Path, scenario: str, most: int
) -> None:
    """Its answers are kept and judged, so that what they used is told beside them."""
    found = Measured(tmp_path, most=most, scenario=scenario)
    energy = found.facts.energy

    assert len(found.records) == 2
    assert not found.facts.finished
    assert energy is not None
    assert energy.joules == pytest.approx(WATTS * (energy.seconds or 0), rel=1e-3)
    assert energy.counters == (("RAPL package-0", energy.joules),)
    assert found.facts.contention is not None


def test_a_counter_too_coarse_for_one_answer_tells_of_the_cell(tmp_path: Path) -> None:
    """Null for each answer, and the window of all of them."""
    found = Measured(tmp_path, least_s=2.0)

    assert {record.energy_j for record in found.records} == {None}
    assert found.facts.energy is not None
    assert found.facts.energy.joules == pytest.approx(
        WATTS * (found.facts.energy.seconds or 0), rel=1e-3
    )


@pytest.mark.parametrize("scenario", ["offline", "concurrent:2", "server:1"])
def test_a_load_is_read_before_and_after_and_not_within(
    tmp_path: Path, scenario: str
) -> None:
    """Others wait while one is answered: a reading would take their time."""
    found = Measured(tmp_path, scenario=scenario)
    energy = found.facts.energy

    assert found.calls.count("energy") == 2
    assert {record.energy_j for record in found.records} == {None}
    assert energy is not None
    assert energy.joules == pytest.approx(WATTS * (energy.seconds or 0), rel=1e-3)
