"""Facts of a whole cell, measured once: its load, its clock, its machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.values.shard_facts import why_apart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.client_facts import ClientFacts
    from pytest_llmlat.values.cost_budget import CostBudget
    from pytest_llmlat.values.device_memory import DeviceMemory
    from pytest_llmlat.values.draft_counts import DraftCheck
    from pytest_llmlat.values.energy import EnergyFacts
    from pytest_llmlat.values.engine_facts import EngineFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.judge_votes import AskedPanel
    from pytest_llmlat.values.load_goal import LoadGoal
    from pytest_llmlat.values.node_facts import NodeFacts
    from pytest_llmlat.values.peer_facts import PeerFacts
    from pytest_llmlat.values.price import Price
    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.shard_facts import ShardFacts
    from pytest_llmlat.values.sittings import ReusedAnswers, Sitting
    from pytest_llmlat.values.stopping import Stopping

CellRole: TypeAlias = Literal["reference", "yardstick", "trial"]
REFERENCE: CellRole = "reference"
"""Role of a cell that another is compared with, asked in turn with it."""
YARDSTICK: CellRole = "yardstick"
"""Role of a cell that tells how fast the machine was while another was measured."""
TRIAL: CellRole = "trial"
"""Role of a cell in which a race tries a setting, and of today's beside it."""
UNSHOWN = (YARDSTICK, TRIAL)
"""Roles of cells that are no rows of a scoreboard: another is read beside them."""
YARDSTICK_NAME = "@yardstick"
"""Ending of a yardstick's name in its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFacts:
    """Facts of a load as a whole: many requests in flight.

    Requests that are not measured go before and after, so that the load is the same
    throughout.
    """

    window_s: float
    """Length of the window. In a closed loop it is the time in which as many answers
    come as were measured, at the rate between the first measured sending and the last
    measured end. Else it reaches from the first measured arrival to the last measured
    end, or to the next arrival if that is later."""
    ended: int
    """Requests that ended in the window, failed ones included."""
    failed: int
    """Requests of ``ended`` that broke or timed out, before any answer was read."""
    before: int
    """Requests sent to warm up; none of them is in the records."""
    after: int
    """Requests sent to keep up the load until the last measured one had ended."""
    in_flight: int
    """Most requests that were under way at once: sent to a server and not yet answered.
    A request that waits to be sent again is not among them."""
    send_lag_p99_s: float | None
    """Lag from the scheduled arrival to the sending, where only this client made it
    wait."""
    loop_lag_p99_s: float | None
    """Lag of this client's event loop: how late it woke up."""
    cpu_share: float | None
    """Processor time of the client's thread over the time that passed."""
    client_limited: str | None
    """Why the figures are the client's rather than the server's; ``None`` if not."""
    uncounted_retries: int = 0
    """Retries of requests that do not count, since a server turned them away or a
    connection broke."""
    uncounted_failed: int = 0
    """Failures among the requests that do not count."""
    batch: int | None = None
    """Most requests that a model of this process answered at once; 1 where they waited
    for each other, ``None`` for a server, which does not tell."""
    batching: str | None = None
    """Kind of batches: ``padded`` or ``continuous``; ``None`` where each was answered
    alone."""
    batch_halved: int = 0
    """Times that memory gave out and all was measured again with half as many."""
    batch_prepared: int = 0
    """Requests of the unmeasured batch before the measured ones."""
    batch_checked: int | None = None
    """Requests that were asked again alone after the window; ``None`` where there was
    nothing to check."""
    batch_changed: int | None = None
    """Answers of these that differ from those in the batch."""
    steady: bool | None = None
    """Whether, in an open loop, answers had become as slow as they were to be before
    any counted; ``None`` in other loads, and in runs of older versions."""
    clients: tuple[ClientFacts, ...] = ()
    """The processes that offered it; empty where this one did."""
    shards: tuple[ShardFacts, ...] = ()
    """The shards of an offline set that several workers answered together, whose rate
    is that of all of them; empty where one answered all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention:
    """What else the machine did while a cell was measured; ``None`` is unknown."""

    others_cores: float | None
    """Cores that other processes used on average."""
    steal: float | None
    """Share of this machine's processor time that its host gave to others."""
    load_average: float | None
    """The system's load average of one minute, at the end of the cell."""
    throttled: int | None
    """Times that a core was slowed down for heat."""
    gpu_processes: int | None
    """Processes of others on the GPUs of this machine, at the end of the cell."""
    contended: str | None
    """Reason why latencies of this cell prove nothing; ``None`` if they may."""
    gpu_throttled: float | None = None
    """Share of the answering time for which a GPU of the model was held below its
    application clocks by heat; of the worst one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Accuracy of the clock, tried on a server of ours that logs its own writes."""

    streams: int
    """Requests in flight while it was tried."""
    requests: int
    bias_s: float
    """Mean of the reported minus the true TTFT."""
    jitter_p99_s: float
    """99th percentile of the distance of single TTFTs from the true ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFacts:
    """Facts of a cell, measured once."""

    cell: Cell
    planned: int | None
    """Samples to measure; of a cell that was stopped by its result, those measured
    until then. ``None`` for a cell that was planned and never begun."""
    finished: bool
    """Whether all of them were measured."""
    load_s: float | None
    """Time to load the model; shared by all cells of a deployment."""
    warmup_s: float | None
    peak_rss_bytes: int | None
    peak_device_bytes: int | None
    wall_s: float | None
    """Duration of the whole cell: warm-up, samples and the work between them."""
    task_revision: str | None
    """Digest of what the task asks and accepts."""
    backend: tuple[tuple[str, Scalar | None], ...] = ()
    """Facts that the backend tells of itself: dtype, digest, context, template."""
    warnings: tuple[str, ...] = ()
    load: LoadFacts | None = None
    """Facts of its load; ``None`` where samples were offered one after the other."""
    instrument: Instrument | None = None
    """Accuracy of the clock; ``None`` for a model in this process, where nothing lies
    between it and the clock."""
    contention: Contention | None = None
    """Contention of the machine; ``None`` until the cell is finished."""
    asked: str | None = None
    """Digest of what was asked and how: task, samples, sampling, repeats, seed and
    scenario; ``None`` in runs of older versions."""
    reruns: int = 0
    """Times that its test ran again; the first measurement counts."""
    constraint: str | None = None
    """Digest of the schema or grammar that answers were held to; ``None`` for none."""
    price: Price | None = None
    """What its model costs in money; ``None`` where its entry does not say."""
    cost_budget: CostBudget | None = None
    """Cost at which an answer earns half of the cost score; ``None`` where its task
    does not say."""
    steady_rss_bytes: int | None = None
    """Resident memory of the process after an answer, the median of all."""
    device_memory: tuple[DeviceMemory, ...] = ()
    """Memory of its model, device by device; empty where the backend does not tell."""
    energy: EnergyFacts | None = None
    """Energy that its place used, or why it is not known; ``None`` where it was not
    looked for, and in runs of older versions."""
    role: CellRole | None = None
    """Role in which it was measured in turn with another cell; ``None`` for a cell that
    was asked for itself."""
    beside: str | None = None
    """Id of the cell that it was measured in turn with."""
    constraint_compile_s: float | None = None
    """Time to make the schema or grammar ready, before all else; ``None`` also for a
    server."""
    measured_again: str | None = None
    """Reason, number and cost of further measurements before it was judged; all times
    count."""
    stopping: Stopping | None = None
    """Pairs that it took where its result was looked at after each; ``None`` for a
    number of samples that was fixed before."""

    engine: EngineFacts | None = None
    """The engine that was started for it; ``None`` where none was."""
    since: int = 1
    """First sitting of the run whose answers count; what earlier ones measured of the
    cell was measured anew."""
    anew: str | None = None
    """Reason for that, where it is worth telling."""
    sittings: tuple[Sitting, ...] = ()
    """Later sittings that went on with the cell; empty where one measured all of it."""
    reused_answers: ReusedAnswers | None = None
    """Answers that were taken from other runs, for quality; ``None`` for none."""
    searched: LoadGoal | None = None
    """Goal of the load search that it belongs to; ``None`` where it is no part of
    one."""
    draft_check: DraftCheck | None = None
    """Check of its draft; ``None`` where there is none to check."""
    node: NodeFacts | None = None
    """The node that it was measured on; ``None`` where that was the process of the run
    itself, or a worker of pytest-xdist."""
    visits: tuple[int, ...] = ()
    """Number of requests of each visit, of a level of a load search."""
    judging: AskedPanel | None = None
    """Panel that grades its answers when all is measured; ``None`` where a metric has
    graded them."""

    peer: PeerFacts | None = None
    """The other tool that measured it; ``None`` where this project did."""

    @property
    def untimed(self) -> str | None:
        """Reason why no figure of speed is made of it; ``None`` where there are some.

        Times of a machine that was faster before are no times of one machine, and a
        reused answer has none.
        """
        if self.reused_answers is not None:
            return self.reused_answers.told
        if self.peer is not None and self.peer.untimed is not None:
            return self.peer.untimed
        apart = None if self.load is None else why_apart(self.load.shards)
        if apart is not None:
            return apart
        return next((each.apart for each in self.sittings if each.apart), None)

    @property
    def void(self) -> str | None:
        """Reason why its times prove nothing; ``None`` where they may."""
        contended = None if self.contention is None else self.contention.contended
        return self.untimed or contended

    def measured_in(
        self, environment: Mapping[str, Scalar | None]
    ) -> Mapping[str, Scalar | None]:
        """Return the fingerprint of the machine that measured it.

        Args:
            environment: that of the run's own machine.
        """
        if self.node is None or not self.node.environment:
            return environment
        return dict(self.node.environment)

    def whole(self, answers: int) -> bool:
        """Whether the cell was measured to its end and no answer is missing."""
        return self.finished and self.planned is not None and answers >= self.planned


def unbegun(cell: Cell) -> CellFacts:
    """Return the facts of a cell that was planned and never begun."""
    return CellFacts(
        cell=cell,
        planned=None,
        finished=False,
        load_s=None,
        warmup_s=None,
        peak_rss_bytes=None,
        peak_device_bytes=None,
        wall_s=None,
        task_revision=None,
    )
