"""Shards of an offline set that earlier sittings measured whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.shard_facts import ShardFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptShards:
    """The shards of a cell that earlier sittings measured whole."""

    facts: CellFacts
    """Facts of the cell, as far as it got."""
    shards: tuple[ShardFacts, ...]
    records: tuple[Record, ...]


def kept_shards(
    plan: Plan,
    facts: CellFacts | None,
    records: Mapping[tuple[str, int], Record],
    among: int,
) -> KeptShards | None:
    """Return the shards that an earlier sitting measured whole; ``None`` for none.

    Args:
        plan: of the cell now.
        facts: of the cell then; ``None`` where it was not begun.
        records: of the cell then, by sample and round.
        among: how many shards it has now.
    """
    if (
        facts is None
        or facts.load is None
        or facts.asked != plan.asked
        or facts.task_revision != plan.revision
    ):
        return None
    found, answers = [], []
    for shard in facts.load.shards:
        keys = [
            (sample.id, number)
            for sample in plan.samples[shard.number - 1 :: among]
            for number in range(plan.repeats)
        ]
        if shard.among == among and all(key in records for key in keys):
            found.append(shard)
            answers += [records[key] for key in keys]
    if not found:
        return None
    return KeptShards(facts=facts, shards=tuple(found), records=tuple(answers))
