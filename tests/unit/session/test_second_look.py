"""A cell that looks slower than stored runs is measured again, and judged by all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.session.gating import Gate
from pytest_llmlat.session.listening import Silent
from pytest_llmlat.session.recording import Recorder
from pytest_llmlat.session.second_look import look_again
from pytest_llmlat.store import baselines
from pytest_llmlat.store.journal import Journal
from pytest_llmlat.values.cell_facts import Contention
from pytest_llmlat.values.scenario import SINGLE, parse
from pytest_llmlat.values.settings import Settings
from tests.unit.builders import a_cell, a_task, some_facts
from tests.unit.stored_runs import COUNT, HERE, answers

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.session.recording import Told
    from pytest_llmlat.values.scenario import Scenario


def busy(why: str) -> Contention:
    """Return what the machine did beside a cell."""
    return Contention(
        others_cores=1.0,
        steal=None,
        load_average=None,
        throttled=None,
        gpu_processes=None,
        contended=why,
    )


class Bench:
    """A gate beside three stored runs, and a cell whose times are given."""

    def __init__(self, folder: Path, **settings: Any) -> None:  # noqa: ANN401 - any setting
        """Store runs in which each answer takes a second."""
        path = folder / "base.json"
        for number in range(3):
            baselines.save(
                path,
                facts=[some_facts(a_cell(), planned=COUNT)],
                records=answers(),
                environment=HERE,
                created=f"2026-01-0{number + 1}T00:00:00+00:00",
                plugin="0",
            )
        told = Settings(root=folder, folder=folder / "run", baseline=path, **settings)
        self.gate = Gate(told)
        self.journal = Journal(folder / "run")
        self.journal.open({"id": "run"})
        self.recorder = Recorder(Silent(), self.journal)
        self.asked: list[Plan] = []
        self.busy: str | None = None

    def measured(
        self,
        *seconds: float,
        scenario: Scenario = SINGLE,
        among: int = 4,
        **facts: Any,  # noqa: ANN401 - any fact
    ) -> Told:
        """Measure the cell, each time with the next of these times."""
        left = list(seconds)

        def ask(plan: Plan) -> None:
            self.asked.append(plan)
            number, records = plan.before // COUNT, answers(seconds=left.pop(0))
            for record in records:
                self.recorder.on_record(replace(record, round=number))
            contention = busy(self.busy) if number and self.busy else None
            told = some_facts(a_cell(), planned=plan.before + COUNT)
            self.recorder.on_facts(
                replace(told, wall_s=30.0, contention=contention, **facts)
            )

        plan = Plan(
            cell=a_cell(),
            task=a_task(),
            samples=(),
            seed=0,
            revision="abc",
            scenario=scenario,
        )
        ask(plan)
        look_again(plan, self.recorder, ask, self.gate, HERE, among=among)
        return self.recorder.of(a_cell())


def outcome(bench: Bench, told: Told) -> str:
    """Return what the gate says of the time of a whole answer."""
    verdicts = bench.gate.verdicts([told.facts], told.records, HERE)
    (found,) = [v.outcome for v in verdicts if v.quantity == "e2e"]
    return found


def test_a_cell_that_looks_slower_is_measured_again(tmp_path: Path) -> None:
    """In rounds of its own, with all records kept and the cost told."""
    bench = Bench(tmp_path)
    told = bench.measured(1.2, 1.2)

    assert [plan.before for plan in bench.asked] == [0, COUNT]
    assert len(told.records) == told.facts.planned == 2 * COUNT
    assert {record.round for record in told.records} == {0, 1}
    assert told.facts.wall_s == 60.0
    assert told.facts.measured_again == (
        "measured again, for e2e looked slower: both times count"
        f" ({COUNT} requests, 30.0 s more)"
    )
    (verdict,) = [
        v
        for v in bench.gate.verdicts([told.facts], told.records, HERE)
        if v.quantity == "e2e"
    ]
    assert verdict.outcome == "regression"
    assert verdict.change == pytest.approx(0.2)
    assert "measured again" in str(verdict.note)


def test_what_was_slow_only_once_counts_by_half(tmp_path: Path) -> None:
    """The second time alone does not count: that would be the better of two."""
    bench = Bench(tmp_path)
    told = bench.measured(1.21, 1.0)

    (verdict,) = [
        v
        for v in bench.gate.verdicts([told.facts], told.records, HERE)
        if v.quantity == "e2e"
    ]
    assert verdict.change == pytest.approx(0.1)
    assert verdict.outcome != "pass"


@pytest.mark.slow
@pytest.mark.parametrize("among", [0, 1, 3])
def test_a_cell_that_few_others_are_beside_is_looked_at_up_to_four_times(
    tmp_path: Path, among: int
) -> None:
    """They cannot tell that the machine has changed, but its own rounds can."""
    bench = Bench(tmp_path)
    told = bench.measured(1.2, 1.2, 1.2, 1.2, among=among)

    assert [plan.before for plan in bench.asked] == [0, COUNT, 2 * COUNT, 3 * COUNT]
    assert {record.round for record in told.records} == {0, 1, 2, 3}
    assert told.facts.wall_s == 120.0
    assert told.facts.measured_again == (
        "measured again 3 times, for e2e looked slower: all times count"
        f" ({3 * COUNT} requests, 90.0 s more)"
    )
    assert outcome(bench, told) == "regression"


@pytest.mark.slow
def test_it_ends_as_soon_as_all_times_together_do_not_look_slower(
    tmp_path: Path,
) -> None:
    """Then no interval of them lies beyond what is tolerated."""
    bench = Bench(tmp_path)
    told = bench.measured(1.08, 1.08, 0.9, among=1)

    assert len(bench.asked) == 3
    assert outcome(bench, told) != "regression"


@pytest.mark.slow
def test_rounds_that_differ_widen_the_interval(tmp_path: Path) -> None:
    """A machine that is another one from round to round is so from run to run."""
    calm, moved = Bench(tmp_path / "calm"), Bench(tmp_path / "moved")
    same = calm.measured(1.3, 1.3, 1.3, 1.3, among=1)
    apart = moved.measured(1.6, 1.45, 1.2, 1.03, among=1)

    assert outcome(calm, same) == "regression"
    assert outcome(moved, apart) == "inconclusive"


@pytest.mark.parametrize("seconds", [0.7, 1.0, 1.04])
def test_a_cell_that_does_not_is_measured_once(tmp_path: Path, seconds: float) -> None:
    """Also one that is slower by no more than is tolerated."""
    bench = Bench(tmp_path)
    told = bench.measured(seconds)

    assert len(bench.asked) == 1
    assert told.facts.measured_again is None


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    """Where a second time costs too much."""
    bench = Bench(tmp_path, look_again="never")
    bench.measured(1.2)

    assert len(bench.asked) == 1


def test_a_load_is_measured_once(tmp_path: Path) -> None:
    """A second run of arrivals is another load."""
    bench = Bench(tmp_path)
    bench.measured(1.2, scenario=parse("concurrent:4", where="here")[0])

    assert len(bench.asked) == 1


def test_times_that_prove_nothing_are_not_suspicious(tmp_path: Path) -> None:
    """They are not gated, so that a second time would tell nothing."""
    bench = Bench(tmp_path)
    bench.measured(1.2, warnings=("a debugger is on",))

    assert len(bench.asked) == 1


@pytest.mark.slow
def test_a_disturbed_second_time_disturbs_the_cell(tmp_path: Path) -> None:
    """It is in the mean of both."""
    bench = Bench(tmp_path)
    bench.busy = "others used a core"
    told = bench.measured(1.2, 1.2)

    assert told.facts.contention is not None
    assert told.facts.contention.contended == "others used a core"
