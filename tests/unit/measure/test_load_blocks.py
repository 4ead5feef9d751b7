"""Loads that two cells offer in turn, block after block."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.machine.energy_meter import EnergySpan
from pytest_llmlat.measure.cell import LoadedModel, Tools
from pytest_llmlat.measure.cell_energy import EnergyWindow
from pytest_llmlat.measure.in_turn import run_pair
from pytest_llmlat.measure.load_blocks import (
    asked_in_blocks,
    blocks_of,
    shortest_block,
)
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.measure.successive_loads import joined_loads
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.entities import ConversationTurn
from pytest_llmlat.values.errors import BudgetSpent
from pytest_llmlat.values.scenario import SINGLE, Scenario
from tests.unit.builders import a_cell, a_deployment, a_model, a_sample, a_task
from tests.unit.measure.test_cell import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.machine.energy_meter import EnergyMeter, EnergyReading
    from pytest_llmlat.values.records import Generation, Record, Request
    from pytest_llmlat.values.token_meter import Meter

MANY = tuple(a_sample(f"q{number:02}") for number in range(24))
CLOSED = Scenario(kind="concurrent", level=2)


def a_load(**changes: object) -> Plan:
    """Return the plan of a closed loop of two over 24 samples."""
    plan = Plan(
        cell=a_cell(scenario=CLOSED.name),
        task=a_task(),
        samples=MANY,
        seed=3,
        revision="abc",
        scenario=CLOSED,
    )
    return replace(plan, **changes)  # type: ignore[arg-type] # a test's own


def in_blocks(plan: Plan, told: Told | None = None, **tools: object) -> Told:
    """Offer a load to ``parrot`` beside ``owl``, which takes twice as long."""
    clock = ManualClock(1_000)
    pair = [Scripted({"": "4"}, clock=clock, ttft_s=ttft_s) for ttft_s in (0.5, 1.0)]
    return measured(plan, pair, clock, told, **tools)


def measured(
    plan: Plan,
    pair: Sequence[Scripted],
    clock: ManualClock,
    told: Told | None = None,
    **tools: object,
) -> Told:
    """Measure ``parrot`` and ``owl`` in blocks, each on its own of a pair."""
    told = told or Told()
    models = [
        LoadedModel(deployment=a_deployment(a_model(name)), backend=each, load_s=0.0)
        for name, each in zip(("parrot", "owl"), pair, strict=True)
    ]
    beside = replace(plan, cell=replace(plan.cell, model="owl"))
    own = Tools(
        clock=clock,
        sandbox=None,
        on_facts=told.facts.append,
        on_record=told.records.append,
    )
    run_pair((plan, beside), (models[0], models[1]), replace(own, **tools))  # type: ignore[arg-type] # a test's own
    return told


def stretches(records: list[Record]) -> list[tuple[str, list[str], set[int]]]:
    """Return each block: its model's first letter, its samples and its rounds."""
    return [
        (letter, [r.sample for r in own], {r.round for r in own})
        for (letter, _), group in groupby(
            records, key=lambda r: (r.cell.model[0], r.round % 2)
        )
        if (own := list(group))
    ]


@pytest.mark.slow
def test_each_block_is_offered_four_times_to_two_models_in_turn() -> None:
    """A B B A or B A A B, with the same samples in two rounds on both sides."""
    told = in_blocks(a_load())

    found = stretches(told.records)
    assert len(found) == 4 * 6
    for first in range(0, len(found), 4):
        four = found[first : first + 4]
        assert "".join(letter for letter, _, _ in four) in ("poop", "oppo")
        assert len({tuple(samples) for _, samples, _ in four}) == 1
        assert [rounds for _, _, rounds in four] == [{0}, {0}, {1}, {1}]
    assert {letter for letter, _, _ in found[::4]} == {"p", "o"}


@pytest.mark.slow
def test_the_facts_of_a_load_in_blocks_are_those_of_all_its_blocks() -> None:
    """Windows and counts add up, and it stands how long each block was."""
    told = in_blocks(a_load())

    for facts, service_s in zip(told.facts[2:], (0.5, 1.0), strict=True):
        assert facts.finished
        assert facts.planned == 48
        assert facts.visits == (4,) * 12
        load = facts.load
        assert load is not None
        assert load.ended == 48
        # One after the other is answered, so each takes as long as a service.
        assert load.window_s == pytest.approx(48 * service_s)
        assert load.before == 2 * 12


@pytest.mark.slow
def test_the_warm_up_of_every_block_counts_for_nothing() -> None:
    """Whatever the other left behind, a block begins with requests that do not count.

    So the first that counts has waited behind the one before it, as all others do.
    """
    told = in_blocks(a_load())

    own = [r for r in told.records if r.cell.model == "parrot" and r.timing]
    assert len(own) == 48
    assert {round(r.timing.e2e_s, 6) for r in own if r.timing} == {1.0}


@pytest.mark.slow
def test_requests_go_round_the_samples() -> None:
    """Sixty of each side are thirty a round: six samples are asked once more."""
    plan = a_load(requests=60)

    told = in_blocks(plan)

    own = [(r.sample, r.round) for r in told.records if r.cell.model == "parrot"]
    assert len(own) == len(set(own)) == plan.planned_in_turn == 60
    assert {number for _, number in own} == {0, 1, 2, 3}
    assert sum(number > 1 for _, number in own) == 2 * 6


@pytest.mark.parametrize(
    ("scenario", "least"),
    [
        (Scenario(kind="concurrent", level=4), 8),
        (Scenario(kind="server", level=2.5), 16),
        (Scenario(kind="offline"), None),
    ],
)
def test_a_block_is_long_enough_for_its_load(
    scenario: Scenario, least: int | None
) -> None:
    """In a closed loop twice what is in flight; what arrives at once has no parts."""
    assert shortest_block(scenario) == least


def test_there_are_at_most_so_many_blocks() -> None:
    """Each has a warm-up: of many requests blocks become longer, and all even."""
    plan = a_load(samples=tuple(a_sample(f"q{n:03}") for n in range(200)))

    sizes = [len(first) for first, _ in blocks_of(plan)]

    assert len(sizes) == 24
    assert sum(sizes) == 200
    assert max(sizes) - min(sizes) <= 1


def test_a_conversation_is_never_in_two_blocks() -> None:
    """A turn that needs an answer is asked where that was given."""
    samples = tuple(
        replace(
            a_sample(f"c{item}t{number}"),
            turn=ConversationTurn(conversation=f"c{item}", number=number, text="?"),
        )
        for item in range(9)
        for number in range(1, 4)
    )
    plan = a_load(samples=samples)

    whole = [
        {sample.item for sample, _ in first} & {sample.item for sample, _ in other}
        for first, _ in blocks_of(plan)
        for other, _ in blocks_of(plan)
        if first is not other and first != other
    ]

    assert not any(whole)
    assert len(asked_in_blocks(plan)) == 2 * len(samples)


@pytest.mark.slow
def test_a_budget_that_is_spent_ends_the_blocks() -> None:
    """Places are those of the cell, so that what was set aside is settled."""

    class TwentyRequests:
        """Lets twenty requests that count be made."""

        refused: str | None = None

        def __init__(self) -> None:
            self.aside: set[int] = set()
            self.settled: list[int] = []

        def admit(self, request: Request, place: int | None) -> bool:
            del request
            if place is not None and len(self.settled) + len(self.aside) >= 20:
                self.refused = "spent"
                return False
            if place is not None:
                self.aside.add(place)
            return True

        def settle(self, place: int, record: Record) -> None:
            del record
            self.aside.remove(place)
            self.settled.append(place)

        def end(self) -> None:
            assert not self.aside

    allowed = TwentyRequests()
    told = Told()
    with pytest.raises(BudgetSpent):
        in_blocks(a_load(), told, allowance=lambda _: allowed)

    assert len(told.records) == 20
    assert not allowed.aside


def test_the_energy_of_blocks_is_that_of_all_their_windows() -> None:
    """Never that of the last one alone, over the requests of all."""

    class Joules:
        """A meter of which each reading is three joules more."""

        def __init__(self) -> None:
            self.now = 0

        def read(self) -> EnergyReading:
            self.now += 3
            return self.now  # type: ignore[return-value] # a test's own

        def between(self, *readings: int) -> EnergySpan:
            joules = float(readings[-1] - readings[0])
            return EnergySpan(seconds=1.0, joules=joules, each=(joules,))

    meter: EnergyMeter = Joules()  # type: ignore[assignment] # as above
    window = EnergyWindow(meter)
    for _ in range(4):
        window.open()
        window.open()  # begun anew: what was measured is thrown away
        window.close()
        window.keep()

    assert window.span == EnergySpan(seconds=4.0, joules=12.0, each=(12.0,))


@pytest.mark.slow
def test_a_load_and_none_are_the_load() -> None:
    """A block in which nothing ended has no facts."""
    load = in_blocks(a_load()).facts[2].load

    assert joined_loads(None, load) is load
    assert joined_loads(load, None) is load
    assert joined_loads(None, None) is None


class Engine(Scripted):
    """A server of which only one may run at a time, as memory holds no more."""

    running: ClassVar[list[Engine]] = []

    def __init__(self, clock: ManualClock, ttft_s: float) -> None:
        """Run."""
        super().__init__({"": "4"}, clock=clock, ttft_s=ttft_s)
        self.starts = 1

    def rest(self) -> None:
        """End."""
        if self in Engine.running:
            Engine.running.remove(self)

    def wake(self) -> bool:
        """Start."""
        if self in Engine.running:
            return False
        Engine.running.append(self)
        self.starts += 1
        return True

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer, if it is the one that runs."""
        assert Engine.running == [self]
        return super().generate(request, meter)


def apart(plan: Plan) -> tuple[Told, list[Engine]]:
    """Measure two engines in turn; the second was started last."""
    clock = ManualClock(1_000)
    engines = [Engine(clock, 0.5), Engine(clock, 1.0)]
    Engine.running[:] = engines[1:]
    # A managed server would be made ready when its cell begins.
    engines[1].rest()
    engines[0].wake()
    return measured(plan, engines, clock), engines


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [SINGLE, CLOSED], ids=["single", "a load"])
def test_of_two_engines_one_runs_at_a_time(scenario: Scenario) -> None:
    """Eight pairs of blocks at most, A B B A, and each pair begins with a new start."""
    cell = a_cell(scenario=scenario.name)
    plan = a_load(apart=True, scenario=scenario, cell=cell)
    pairs = len(blocks_of(plan))
    assert pairs == {"single": 8}.get(scenario.name, 6)

    told, engines = apart(plan)

    assert all(record.answered for record in told.records)
    assert len(told.records) == 2 * 48
    found = stretches(told.records)
    for first in range(0, len(found), 4):
        letters = "".join(letter for letter, _, _ in found[first : first + 4])
        assert letters in ("poop", "oppo")
    # A, B and A again for each pair; in the first one, one of them may run already.
    assert sum(each.starts for each in engines) in range(2 + 3 * pairs, 5 + 3 * pairs)
    for facts in told.facts[2:]:
        assert facts.finished
        assert facts.visits == (48 // (2 * pairs),) * (2 * pairs)


def test_few_samples_make_few_blocks() -> None:
    """One for each sample, where engines are started for them."""
    plan = a_load(apart=True, scenario=SINGLE, samples=MANY[:5])

    assert len(blocks_of(plan)) == 5
    assert len(blocks_of(replace(plan, apart=False))) == 1
