"""What a cell is to measure, before anything is."""

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
    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.sampling import Sampling
    from pytest_llmlat.values.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that decides what a cell measures."""

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
    """What settings and test say of drawing, before any model's entry does."""
    sampling: Sampling = GREEDY
    """How tokens are to be drawn."""
    repeats: int = 1
    """How often each sample is asked."""
    entry_facts: tuple[tuple[str, Scalar], ...] = ()
    """What the model's entry says of drawing and of chats, in place of the task."""
    instrument: Instrument | None = None
    """How true the clock was found to be, for a server."""
    chances: Mapping[str, float] = field(default_factory=dict)
    """The quality of guessing each sample, by its id; 0 where there is none."""
    warnings: tuple[str, ...] = ()
    """What is wrong with the task, for the report."""
    constraint: Constraint | None = None
    """What answers are held to: the task's, unless the model's entry says otherwise."""
    spare: tuple[Sample, ...] = ()
    """Some of the task's samples that are not measured, to warm up with."""
    run: str = ""
    """Tells this run from any other, so that heads of prompts are new in each."""
    headed: bool = False
    """Whether each prompt gets a head that no server has seen."""
    role: CellRole | None = None
    """For what it is measured in turn with another cell; ``None`` for itself."""
    beside: str | None = None
    """That other cell's id."""
    turn: int = 0
    """How often this server was asked the same in this run before."""
    before: int = 0
    """How many requests of the cell were made before; its rounds go on from there."""

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
        """How many records there are to be."""
        if self.requests is not None:
            return self.requests
        return self.repeats * len(self.samples)

    def item_of(self, sample: Sample) -> str:
        """Return what a sample is alike with others in: its cluster or conversation."""
        cluster = self.task.cluster
        return sample.item if cluster is None else str(sample.field(cluster))

    @property
    def planned_in_turn(self) -> int:
        """How many there are to be of each of two models in turn."""
        return rounds_in_turn(self.repeats) * len(self.samples)
