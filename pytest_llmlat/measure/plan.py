"""The plan of a cell: all that decides what is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from pytest_llmlat.measure.repeats import rounds_in_turn
from pytest_llmlat.values.sampling import GREEDY, SamplingChoice
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.cell_facts import CellRole, Instrument
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import Sample, Scalar, Task
    from pytest_llmlat.values.judge_votes import AskedPanel
    from pytest_llmlat.values.load_goal import LoadGoal
    from pytest_llmlat.values.records import Cell, Record
    from pytest_llmlat.values.sampling import Sampling
    from pytest_llmlat.values.scenario import Scenario
    from pytest_llmlat.values.sittings import ReusedAnswers, Sitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of a cell, before anything is measured."""

    cell: Cell
    task: Task
    samples: tuple[Sample, ...]
    seed: int
    revision: str
    """Digest of the task's definition and data."""
    shots: tuple[Sample, ...] = ()
    """The rows that the task's examples are drawn from."""
    scenario: Scenario = SINGLE
    requests: int | None = None
    """How many requests count; ``None`` for ``repeats`` of each sample."""
    said: SamplingChoice = SamplingChoice()  # noqa: RUF009 - it is frozen
    """Sampling choices of settings and test, before those of any model's entry."""
    sampling: Sampling = GREEDY
    """Sampling of tokens."""
    repeats: int = 1
    """Number of times that each sample is asked."""
    entry_facts: tuple[tuple[str, Scalar], ...] = ()
    """Facts from the model's entry that replace the task's: sampling and chat
    settings."""
    instrument: Instrument | None = None
    """Accuracy of the clock, for a server."""
    chances: Mapping[str, float] = field(default_factory=dict)
    """Quality of guessing each sample, by its id; 0 where there is none."""
    warnings: tuple[str, ...] = ()
    """Warnings about the task, for the report."""
    constraint: Constraint | None = None
    """Constraint on answers: the task's, unless the model's entry says otherwise."""
    spare: tuple[Sample, ...] = ()
    """Samples of the task that are not measured, to warm up with."""
    run: str = ""
    """Id of this run, so that heads of prompts are new in each."""
    headed: bool = False
    """Whether each prompt gets a head that no server has seen."""
    apart: bool = False
    """Whether only one of the two models that are measured in turn runs at a time."""
    role: CellRole | None = None
    """Role in which it is measured in turn with another cell; ``None`` for a cell of
    its own."""
    beside: str | None = None
    """Id of the cell that it is measured in turn with."""
    turn: int = 0
    """Number of times that this server was asked the same in this run before."""
    before: int = 0
    """Number of the cell's requests that were made before; its rounds go on from
    there."""
    sitting: int = 1
    """Number of the run's sitting that measures it."""
    since: int = 1
    """First sitting whose answers count."""
    anew: str | None = None
    """Reason why answers of earlier sittings do not, where it is worth telling."""
    sittings: tuple[Sitting, ...] = ()
    """Later sittings that went on with the cell, before this one."""
    kept: Mapping[tuple[str, int], Record] = field(default_factory=dict)
    """Answers that are not asked for again, by sample and round."""
    reused_answers: ReusedAnswers | None = None
    """Those of them that are of other runs."""
    searched: LoadGoal | None = None
    """Goal of the load search that it belongs to; ``None`` where it is no part of
    one."""
    visits: tuple[int, ...] = ()
    """Number of requests of each earlier visit, if it is a level of a load search."""
    judging: AskedPanel | None = None
    """Panel that grades its answers when all is measured; ``None`` for none."""

    @property
    def asked(self) -> str:
        """Digest of what is asked and how: with the cell's id, its identity."""
        content = (
            *(self.revision, [sample.id for sample in self.samples], self.seed),
            *(self.planned, self.sampling, self.scenario),
            *(() if self.constraint is None else (self.constraint.digest,)),
        )
        return sha256(repr(content).encode()).hexdigest()[:16]

    @property
    def planned(self) -> int:
        """Number of records that there are to be."""
        if self.requests is not None:
            return self.requests
        return self.repeats * len(self.samples)

    @property
    def items(self) -> int:
        """Number of units: of clusters or conversations, or of samples."""
        return len({self.item_of(sample) for sample in self.samples})

    @property
    def arrivals_seed(self) -> int:
        """Seed of the arrivals: another visit of a level has others."""
        return self.seed + self.before

    def item_of(self, sample: Sample) -> str:
        """Return the unit of a sample: its cluster or conversation, or itself."""
        cluster = self.task.cluster
        return sample.item if cluster is None else str(sample.field(cluster))

    @property
    def planned_in_turn(self) -> int:
        """Return the number of records of each of two models in turn."""
        if self.requests is not None:
            return 2 * max(1, (self.requests + 1) // 2)
        return rounds_in_turn(self.repeats) * len(self.samples)
