"""Cells in shards: what several workers tell is put together to one cell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.session.cell_spec import CellSpec, shard_variant
from pytest_llmlat.session.kept_shards import KeptShards, kept_shards
from pytest_llmlat.session.sharded_cells import ShardedCell
from pytest_llmlat.values.cell_facts import CellFacts, LoadFacts
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.node_facts import NodeFacts
from pytest_llmlat.values.scenario import Scenario
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import a_cell, a_record, a_sample, a_task, some_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.records import Record

OFFLINE = Scenario(kind="offline")
CELL = a_cell(scenario="offline")
SAMPLES = tuple(a_sample(f"s{number}") for number in range(5))
PLAN = Plan(
    cell=CELL,
    task=a_task(),
    samples=SAMPLES,
    seed=1,
    revision="r",
    scenario=OFFLINE,
)
SHARDS = [replace(CELL, task=f"{CELL.task}@{number}") for number in (1, 2)]


def sharded(kept: KeptShards | None = None, sitting: int = 1) -> ShardedCell:
    """Return a cell in two shards."""
    wanted = CellSpec(scenario=OFFLINE)
    return ShardedCell(PLAN, wanted, SHARDS, kept, sitting=sitting)


def facts(number: int, **changes: Any) -> CellFacts:  # noqa: ANN401 - any fact
    """Return the facts of a shard that has been measured."""
    own = some_facts(SHARDS[number - 1], planned=3, finished=True)
    node = NodeFacts(name="alpha" if number == 1 else "beta")
    load = LoadFacts(
        window_s=10.0,
        ended=4 - number,
        failed=0,
        before=0,
        after=0,
        in_flight=4 - number,
        send_lag_p99_s=None,
        loop_lag_p99_s=None,
        cpu_share=None,
        client_limited=None,
        batch=2,
        batch_checked=2,
    )
    return replace(own, **{"node": node, "load": load, **changes})


def measured(
    cell: ShardedCell, *ends_s: float, numbers: Iterable[int] = (1, 2)
) -> list[Record | CellFacts]:
    """Let shards tell their records, each at an instant, and then their facts."""
    written: list[Record | CellFacts] = []
    for number, end_s in zip(numbers, ends_s, strict=True):
        for sample in SAMPLES[number - 1 :: 2]:
            record = a_record(sample.id, cell=SHARDS[number - 1])
            written += cell.take(record, round(end_s * NS_PER_S))
        written += cell.take(facts(number), round(end_s * NS_PER_S))
    return written


def test_samples_are_dealt_out_in_turn() -> None:
    """Each is in one shard, and no worker knows that it is one."""
    orders = list(sharded().lacking.values())

    assert [[s.id for s in order.rows] for order in orders] == [
        ["s0", "s2", "s4"],
        ["s1", "s3"],
    ]
    assert [order.wanted.variant for order in orders] == [
        "shard-1-of-2",
        "shard-2-of-2",
    ]


def test_what_shards_tell_is_the_cell_s() -> None:
    """Its records and facts are written down under its own name."""
    cell = sharded()

    written = measured(cell, 100.0, 100.1)
    found, records = cell.whole()

    assert {each.cell for each in written} == {CELL}
    assert sorted(one.sample for one in records) == [each.id for each in SAMPLES]
    assert (found.planned, found.finished, found.untimed) == (5, True, None)
    assert found.node == NodeFacts(name="alpha, beta")
    assert (found.asked, found.task_revision) == (PLAN.asked, "r")


def test_throughput_is_over_the_time_of_all_shards() -> None:
    """From the first begin to the last end; each window is by its worker's clock."""
    cell = sharded()
    measured(cell, 100.0, 100.1)

    load = cell.whole()[0].load

    assert load is not None
    assert load.window_s == pytest.approx(10.1)
    assert (load.ended, load.batch_checked) == (5, 4)
    assert [each.begin_s for each in load.shards] == [0.0, pytest.approx(0.1)]


def test_shards_that_did_not_run_side_by_side_have_no_speed() -> None:
    """Their requests did not wait for each other: their latencies would flatter."""
    cell = sharded()
    measured(cell, 100.0, 105.0)

    assert "one began 5.0 s after another" in str(cell.whole()[0].untimed)


def test_a_cell_is_not_finished_before_its_last_shard() -> None:
    """A run that is killed then is known to lack it."""
    cell = sharded()

    *_, last = measured(cell, 100.0, numbers=[1])

    assert isinstance(last, CellFacts)
    assert not last.finished
    assert last.load is not None
    assert [each.number for each in last.load.shards] == [1]


def test_a_shard_whose_worker_was_lost_begins_anew() -> None:
    """What it had told counts no more, and the cell says which one it was."""
    cell = sharded()
    cell.take(a_record("s0", cell=SHARDS[0]), 1)
    cell.begun_anew(SHARDS[0].id, "its worker was lost")

    measured(cell, 100.0, 100.1)
    found, records = cell.whole()

    assert len(records) == 5
    assert found.anew == "shard 1 its worker was lost"
    assert found.load is not None
    assert found.load.shards[0].begin_s == 0.0


def test_shards_of_an_earlier_sitting_are_kept() -> None:
    """Those that were whole; their cell has quality, and no speed of two sittings."""
    first = sharded()
    *_, stored = measured(first, 100.0, numbers=[1])
    assert isinstance(stored, CellFacts)
    records = {(f"s{n}", 0): a_record(f"s{n}", cell=CELL) for n in (0, 2, 4)}

    kept = kept_shards(PLAN, stored, records, 2)
    second = sharded(kept, sitting=2)
    measured(second, 50.0, numbers=[2])
    found, whole = second.whole()

    assert list(second.lacking) == [SHARDS[1].id]
    assert sorted(one.sample for one in whole) == [each.id for each in SAMPLES]
    assert (found.finished, found.since) == (True, 1)
    assert found.untimed == "its shards were measured in several sittings"


def test_a_shard_that_lacks_a_record_is_not_kept() -> None:
    """Nor one of another number of shards, or of what was asked otherwise."""
    first = sharded()
    *_, stored = measured(first, 100.0, numbers=[1])
    assert isinstance(stored, CellFacts)
    records = {(f"s{n}", 0): a_record(f"s{n}", cell=CELL) for n in (0, 2, 4)}
    few = {key: one for key, one in records.items() if key != ("s4", 0)}

    assert kept_shards(PLAN, stored, few, 2) is None
    assert kept_shards(PLAN, stored, records, 3) is None
    assert kept_shards(replace(PLAN, seed=2), stored, records, 2) is None


def test_shards_of_two_models_are_no_cell() -> None:
    """A node with other weights is told, before any figure is made of both."""
    cell = sharded()
    measured(cell, 100.0, 100.1)
    cell.take(facts(2, backend=(("digest", "other"),)), 1)

    with pytest.raises(LLMLatError, match="not answered by the same model"):
        cell.whole()


def test_a_shard_has_a_name_that_can_be_one() -> None:
    """Also of a cell that has a long one of its own."""
    assert shard_variant(None, 1, 2) == "shard-1-of-2"
    assert len(shard_variant("x" * 60, 10, 12)) <= 60
