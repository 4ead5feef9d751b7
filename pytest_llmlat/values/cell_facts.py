"""What is measured once for a whole cell: its load, its clock, its machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.stopping import Stopping

CellRole: TypeAlias = Literal["reference", "yardstick"]
REFERENCE: CellRole = "reference"
"""A cell that another is compared with, asked in turn with it."""
YARDSTICK: CellRole = "yardstick"
"""A cell that tells how fast the machine was while another was measured."""
YARDSTICK_NAME = "@yardstick"
"""What the name of a yardstick ends with, in its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFacts:
    """What was measured of a load as a whole: many requests in flight.

    Requests that are not measured go before and after, so that the load is the same
    throughout.
    """

    window_s: float
    """In a closed loop the time in which as many answers come as were measured, at the
    rate between the first measured sending and the last measured end. Else from the
    first measured arrival to the last measured end, or to the next arrival if that is
    later."""
    ended: int
    """Requests that ended in the window, failed ones included."""
    failed: int
    """Those of them that broke or timed out, before any answer was read."""
    before: int
    """Requests sent to warm up; none of them is in the records."""
    after: int
    """Requests sent to keep up the load until the last measured one had ended."""
    in_flight: int
    """The most requests that were under way at once: sent to a server and not yet
    answered, so that none is among them that waits to be sent again."""
    send_lag_p99_s: float | None
    """From the scheduled arrival to the sending, where nothing had to be waited for
    but this client."""
    loop_lag_p99_s: float | None
    """How late this client woke up when it had asked to be woken."""
    cpu_share: float | None
    """Processor time of the client's thread over the time that passed."""
    client_limited: str | None
    """Why the figures are the client's rather than the server's; ``None`` if not."""
    uncounted_retries: int = 0
    """How often those that do not count were sent again, for a server turned them away
    or a connection broke."""
    uncounted_failed: int = 0
    """How many of those that do not count came to nothing."""
    batch: int | None = None
    """The most that a model of this process answered at once; 1 where its requests
    waited for each other, ``None`` for a server, which does not tell."""
    batching: str | None = None
    """How: ``padded`` or ``continuous``; ``None`` where each was answered alone."""
    batch_halved: int = 0
    """How often memory gave out and all was measured again with half as many."""
    batch_prepared: int = 0
    """Requests of the unmeasured batch before."""
    batch_checked: int | None = None
    """How many were asked again alone after the window; ``None``: nothing to check."""
    batch_changed: int | None = None
    """How many of these answers differ from those in the batch."""
    steady: bool | None = None
    """Whether, in an open loop, answers had become as slow as they were to be before
    any counted; ``None`` in other loads, and in runs of older versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention:
    """What else the machine did while a cell was measured; ``None`` is unknown."""

    others_cores: float | None
    """Cores that other processes used on average."""
    steal: float | None
    """Share of this machine's processor time that its host gave to others."""
    load_average: float | None
    """Of one minute, at the end of the cell."""
    throttled: int | None
    """How often a core was slowed down for heat."""
    gpu_processes: int | None
    """Processes of others on the GPUs of this machine, at the end of the cell."""
    contended: str | None
    """Why latencies of this cell prove nothing; ``None`` if they may."""
    gpu_throttled: float | None = None
    """For how long a GPU of the model was held below its application clocks by heat, as
    a share of the time that answers took; of the worst one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """How true the clock was, against a server of ours that logs its own writes."""

    streams: int
    """Requests in flight while it was tried."""
    requests: int
    bias_s: float
    """Mean of the reported minus the true TTFT."""
    jitter_p99_s: float
    """99th percentile of how far single TTFTs were from the true ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFacts:
    """What was measured once for a whole cell."""

    cell: Cell
    planned: int | None
    """How many samples were to be measured; of a cell that was stopped by its result,
    how many were until then. ``None`` for a cell that was planned and never begun."""
    finished: bool
    """Whether all of them were."""
    load_s: float | None
    """Time to load the model; shared by all cells of a deployment."""
    warmup_s: float | None
    peak_rss_bytes: int | None
    peak_device_bytes: int | None
    wall_s: float | None
    """The whole cell: warm-up, samples and the work between them."""
    task_revision: str | None
    """Digest of what the task asks and accepts."""
    backend: tuple[tuple[str, Scalar | None], ...] = ()
    """What the backend says of itself: dtype, digest, context, template."""
    warnings: tuple[str, ...] = ()
    load: LoadFacts | None = None
    """``None`` where samples were offered one after the other."""
    instrument: Instrument | None = None
    """``None`` for a model in this process: nothing lies between it and the clock."""
    contention: Contention | None = None
    """``None`` until the cell is finished."""
    asked: str | None = None
    """Digest of what was asked and how: task, samples, sampling, repeats, seed and
    scenario; ``None`` in runs of older versions."""
    reruns: int = 0
    """How often its test ran again; the first measurement counts."""
    constraint: str | None = None
    """Digest of the schema or grammar that answers were held to; ``None`` for none."""
    role: CellRole | None = None
    """For what it was measured in turn with another; ``None`` for its own sake."""
    beside: str | None = None
    """That other cell's id."""
    constraint_compile_s: float | None = None
    """Time to make that ready, before all else; ``None`` also for a server."""
    measured_again: str | None = None
    """Why it was measured a second time before it was judged, and what that cost; both
    times count."""
    stopping: Stopping | None = None
    """How far it got where its result was looked at after each pair; ``None`` for a
    number of samples that was fixed before."""

    def whole(self, answers: int) -> bool:
        """Whether the cell was measured to its end, and so many answers are all."""
        return self.finished and self.planned is not None and answers >= self.planned


def unbegun(cell: Cell) -> CellFacts:
    """Return what is known of a cell that was planned and never begun: nothing."""
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
