"""Cells in shards: an offline set that several workers answer together.

Each shard is ordered as a cell of its own, with its part of the samples, and whoever
measures it knows of no other. What it tells is put together here: its records are those
of the whole cell, and the cell's facts are joined of the facts of its shards.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.session.cell_spec import shard_variant
from pytest_llmlat.session.resuming import identity, unlike
from pytest_llmlat.values.cell_facts import CellFacts
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.known_values import most_known
from pytest_llmlat.values.node_facts import NodeFacts
from pytest_llmlat.values.records import Record
from pytest_llmlat.values.shard_facts import ShardFacts, window_of
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.cell_spec import CellSpec
    from pytest_llmlat.session.kept_shards import KeptShards
    from pytest_llmlat.values.cell_facts import LoadFacts
    from pytest_llmlat.values.entities import Sample
    from pytest_llmlat.values.records import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardOrder:
    """What is ordered of one shard."""

    wanted: CellSpec
    rows: tuple[Sample, ...]
    shots: tuple[Sample, ...]


@dataclass(slots=True, kw_only=True)
class _Shard:
    """A shard that is measured in this sitting."""

    number: int
    cell: Cell
    facts: CellFacts | None = None
    """Its facts; ``finished`` says whether it has been measured."""
    ended_ns: int | None = None
    """When its first record was told: its load had just ended."""
    anew: str | None = None
    records: dict[tuple[str, int], Record] = field(default_factory=dict)


class ShardedCell:
    """A cell that several workers measure, each a shard of it."""

    def __init__(
        self,
        plan: Plan,
        wanted: CellSpec,
        cells: Sequence[Cell],
        kept: KeptShards | None,
        *,
        sitting: int,
    ) -> None:
        """Order nothing.

        Args:
            plan: of the whole cell.
            wanted: as its test wants it.
            cells: identity of each shard, while it is measured.
            kept: what earlier sittings measured of it; ``None``: nothing.
            sitting: number of this one.
        """
        self._plan, self._wanted, self._kept = plan, wanted, kept
        self._among = len(cells)
        self._since = sitting if kept is None else kept.facts.since
        done = {each.number for each in kept.shards} if kept else set()
        self._shards = {
            cell.id: _Shard(number=number, cell=cell)
            for number, cell in enumerate(cells, 1)
            if number not in done
        }
        self._lock = threading.Lock()

    @property
    def lacking(self) -> dict[str, ShardOrder]:
        """What is to be ordered of each shard that lacks, by its cell's id."""
        return {
            name: ShardOrder(
                wanted=replace(
                    self._wanted,
                    samples=None,
                    count=None,
                    limits=(),
                    proposed=None,
                    variant=shard_variant(
                        self._wanted.variant, shard.number, self._among
                    ),
                    test=None,
                    attempt=0,
                ),
                rows=self._plan.samples[shard.number - 1 :: self._among],
                shots=self._plan.shots,
            )
            for name, shard in self._shards.items()
        }

    def begun_anew(self, name: str, why: str) -> None:
        """Forget what was told of a shard whose worker was lost."""
        with self._lock:
            shard = self._shards[name]
            shard.records.clear()
            shard.facts = shard.ended_ns = None
            shard.anew = why

    def take(self, value: Any, now_ns: int) -> list[Record | CellFacts]:  # noqa: ANN401 - of a journal
        """Return what is to be written of something that a shard's worker told.

        Args:
            value: a record or the facts of the shard; a verdict on it is none on the
                cell.
            now_ns: when it was told, by the clock of this process.
        """
        with self._lock:
            if isinstance(value, Record):
                shard = self._shards[value.cell.id]
                shard.ended_ns = shard.ended_ns or now_ns
                record = replace(value, cell=self._plan.cell)
                shard.records[record.sample, record.round] = record
                return [record]
            if not isinstance(value, CellFacts):
                return []
            self._shards[value.cell.id].facts = value
            return [self._joined()]

    def whole(self) -> tuple[CellFacts, tuple[Record, ...]]:
        """Return the facts of the cell and all its records.

        Raises:
            LLMLatError: its shards are not of one model.
        """
        with self._lock:
            facts = self._joined()
            self._check_one_model()
            records = [] if self._kept is None else [*self._kept.records]
            for shard in self._shards.values():
                records += shard.records.values()
        return facts, tuple(records)

    def _joined(self) -> CellFacts:
        """Return the facts of the cell, as far as its shards are known."""
        own = [each.facts for each in self._shards.values() if each.facts is not None]
        first, shards = own[0], self._told()
        plan = self._plan
        contended = [f.contention for f in own if f.contention is not None]
        return replace(
            first,
            cell=plan.cell,
            planned=plan.planned,
            finished=len(shards) == self._among,
            load_s=most_known(each.load_s for each in own),
            warmup_s=most_known(each.warmup_s for each in own),
            peak_rss_bytes=most_known(each.peak_rss_bytes for each in own),
            peak_device_bytes=most_known(each.peak_device_bytes for each in own),
            # Workers overlap, and none of these adds up.
            wall_s=None,
            steady_rss_bytes=None,
            device_memory=(),
            energy=None,
            draft_check=None,
            task_revision=plan.revision,
            asked=plan.asked,
            warnings=tuple(dict.fromkeys(w for each in own for w in each.warnings)),
            load=_joined_load([f.load for f in own if f.load], shards, self._kept),
            contention=min(
                contended, key=lambda seen: seen.contended is None, default=None
            ),
            node=_joined_node([each.node for each in shards] or [first.node]),
            since=self._since,
            anew="; ".join(
                f"shard {each.number} {each.anew}" for each in shards if each.anew
            )
            or None,
            sittings=(),
        )

    def _told(self) -> tuple[ShardFacts, ...]:
        """Return the facts of the shards that have been measured, in their order."""
        done = [
            (each, each.facts, each.facts.load)
            for each in self._shards.values()
            if each.facts is not None and each.facts.finished and each.facts.load
        ]
        begins = [
            (each.ended_ns or 0) / NS_PER_S - load.window_s for each, _, load in done
        ]
        kept = () if self._kept is None else self._kept.shards
        found = [replace(each, begin_s=None) for each in kept]
        for (each, facts, load), begin in zip(done, begins, strict=True):
            found.append(
                ShardFacts(
                    number=each.number,
                    among=self._among,
                    node=facts.node or NodeFacts(name=""),
                    requests=load.ended,
                    window_s=load.window_s,
                    begin_s=begin - min(begins),
                    anew=each.anew,
                )
            )
        return tuple(sorted(found, key=lambda each: each.number))

    def _check_one_model(self) -> None:
        """Refuse shards of models that are not the same.

        Raises:
            LLMLatError: says what differs.
        """
        told = [s.facts.backend for s in self._shards.values() if s.facts is not None]
        if self._kept is not None:
            told.append(self._kept.facts.backend)
        known = [identity(each) for each in told]
        differs = next((each for each in known if each != known[0]), None)
        if differs is not None:
            raise LLMLatError(
                f"{self._plan.cell.id}: its shards were not answered by the same model"
                f" ({'; '.join(unlike(known[0], differs))}); install the same on all"
                " nodes, and begin a new run"
            )


def _joined_load(
    loads: Sequence[LoadFacts], shards: tuple[ShardFacts, ...], kept: KeptShards | None
) -> LoadFacts | None:
    """Return the load of the whole set; ``None`` while no shard has ended."""
    if kept is not None and kept.facts.load is not None:
        loads = [kept.facts.load, *loads]
    if not loads or not shards:
        return None
    return replace(
        loads[0],
        window_s=window_of(shards),
        ended=sum(each.requests for each in shards),
        failed=sum(each.failed for each in loads),
        in_flight=sum(each.in_flight for each in loads),
        batch=most_known(each.batch for each in loads),
        batch_halved=sum(each.batch_halved for each in loads),
        batch_prepared=sum(each.batch_prepared for each in loads),
        batch_checked=_sum(each.batch_checked for each in loads),
        batch_changed=_sum(each.batch_changed for each in loads),
        shards=shards,
    )


def _joined_node(nodes: Iterable[NodeFacts | None]) -> NodeFacts | None:
    """Return the nodes of all shards as one; ``None`` where none is known."""
    known = [each for each in nodes if each is not None]
    if not known:
        return None
    environments = {each.environment for each in known}
    return NodeFacts(
        name=", ".join(dict.fromkeys(each.name for each in known)),
        cards=tuple(dict.fromkeys(card for each in known for card in each.cards)),
        environment=known[0].environment if len(environments) == 1 else (),
    )


def _sum(values: Iterable[int | None]) -> int | None:
    known = [each for each in values if each is not None]
    return sum(known) if known else None
