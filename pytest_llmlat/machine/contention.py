"""What else the machine did while a cell was measured.

The kernel counts what every core did; what this process and those it started did is
taken off, and the rest is others. Reading takes about a millisecond.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmlat.machine.device_table import general
from pytest_llmlat.machine.nvidia import gpu_heat_ns, gpu_users
from pytest_llmlat.machine.sibling_workers import parent_of_workers
from pytest_llmlat.values.cell_facts import Contention
from pytest_llmlat.values.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OTHERS_CORES = 0.25
"""Cores that other processes may use before a cell counts as disturbed. A machine at
rest uses a few hundredths, a compiler, a browser or another test run one or more. Three
ticks counted wrong are 0.15 cores in the shortest cell that is judged."""
STEAL = 0.05
"""Share of the processor time that the host may take (steal). A latency is longer by
about what was taken, and a change of 5 % is what a gate is commonly asked to see."""
GPU_HEAT = 0.05
"""Share of the answering time for which a GPU may be slowed down for heat: even a clock
at half its rate makes answers longer by no more than that. (At its power limit a GPU
often works for hours, by design; that is no disturbance.)"""
_IDLE_CORES = 1.0
"""Cores that must stand idle on average for what other workers of a run use beside a
cell on a card to be no disturbance: else they may have waited for each other."""
SHORTEST_S = 0.2
"""Shortest span, in seconds, of which shares are told: ticks are 10 ms long, and one
tick of steal on one core would be a share above the threshold."""
_THROTTLES = Path("thermal_throttle", "core_throttle_count")
_SIBLINGS = Path("topology", "thread_siblings_list")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_NUMBER = re.compile(r"[0-9]{1,20}")


def _affinity(thread: int) -> set[int]:
    return os.sched_getaffinity(thread) if hasattr(os, "sched_getaffinity") else set()


def _load_average() -> float | None:
    try:
        return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    except OSError:
        return None


class CpuTicks(NamedTuple):
    """What one core did since the machine started."""

    busy: int
    """Ticks in any process or interrupt of this machine, guests included."""
    steal: int
    """Ticks in which the host ran something else."""
    total: int


class ProcessTicks(NamedTuple):
    """What one process used since it started."""

    started: int
    """Tick of its start, which tells it from a later process of the same number."""
    own: int
    waited: int
    """Ticks of its children that ended and that it waited for."""


_Family = dict[tuple[int, int], ProcessTicks]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The files of the kernel that a watch reads, and the ticks in a second."""

    proc: Path = Path("/proc")
    cpus: Path = Path("/sys/devices/system/cpu")
    pid: int = field(default_factory=os.getpid)
    clock: Clock = field(default_factory=SystemClock)
    ticks_per_s: int = _TICKS_PER_S
    times: Callable[[], os.times_result] = os.times
    affinity: Callable[[int], set[int]] = _affinity
    load: Callable[[], float | None] = _load_average
    gpu_users: Callable[[], list[int] | None] = gpu_users
    gpu_heat_ns: Callable[[], tuple[int, ...] | None] = gpu_heat_ns
    parent: int | None = field(default_factory=parent_of_workers)
    """Process whose other children are workers of the same run; ``None`` for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    heat: tuple[int, ...] | None
    throttles: Mapping[int, int]
    family: _Family
    """The living children, theirs and so on, by number and start."""
    workers: _Family
    """The other workers of the same run, with theirs."""
    usable: frozenset[int]
    times: os.times_result
    cores: Mapping[int, CpuTicks]
    now_ns: int


class Watch:
    """A watch over what else the machine does, from a moment on."""

    def __init__(
        self,
        *,
        device: str,
        remote: bool,
        cards: Sequence[int] = (),
        machine: Machine | None = None,
    ) -> None:
        """Begin to watch now.

        Args:
            device: where the model is; GPUs are asked only if it is on one.
            remote: whether it is behind a server. That may run on this machine, and
                then what others use is the model at work.
            cards: numbers of the GPUs that hold the model; none if it may be any.
            machine: where to read.
        """
        self._cards = tuple(cards)
        self._machine = machine or Machine()
        self._local = not remote
        self._on_gpu = general(device) == "cuda" and not remote
        self._before = _read(self._machine, on_gpu=self._on_gpu)

    def end(self, *, answering_ns: int | None = None) -> Contention:
        """Return what happened since.

        Args:
            answering_ns: how much of the time requests were under way; ``None`` for
                all of it.
        """
        after = _read(self._machine, on_gpu=self._on_gpu)
        ticks_per_s = self._machine.ticks_per_s
        used, steal = _shares(self._before, after, ticks_per_s, on_gpu=self._on_gpu)
        others = used if self._local else None
        throttled = _throttled(self._before, after, self._machine)
        gpu = _gpu_processes(self._machine, after) if self._on_gpu else None
        heat = _gpu_heat(self._before, after, self._cards, answering_ns)
        return Contention(
            others_cores=others,
            steal=steal,
            load_average=self._machine.load(),
            throttled=throttled,
            gpu_processes=gpu,
            contended=judge(others, steal, throttled, gpu, heat),
            gpu_throttled=heat,
        )


def judge(
    others: float | None,
    steal: float | None,
    throttled: int | None,
    gpu: int | None,
    heat: float | None,
) -> str | None:
    """Say why latencies prove nothing; ``None`` if they may. ``None`` is unknown."""
    reasons = []
    if others is not None and others > OTHERS_CORES:
        reasons.append(f"other processes used {others:.1f} cores")
    if steal is not None and steal > STEAL:
        reasons.append(f"the host took {steal * 100:.0f} % of the processor time")
    if throttled:
        times = "once" if throttled == 1 else f"{throttled} times"
        reasons.append(f"a core was slowed down for heat {times}")
    if gpu:
        were = "process was" if gpu == 1 else "processes were"
        reasons.append(f"{gpu} other {were} on the GPUs")
    if heat is not None and heat > GPU_HEAT:
        reasons.append(f"a GPU was slowed down for heat {heat * 100:.0f} % of the time")
    return "; ".join(reasons) or None


def parse_cores(text: str) -> dict[int, CpuTicks]:
    """Return what every core did, from ``/proc/stat``; to wait for a disk is idle."""
    cores = {}
    for line in text.splitlines():
        if not line.startswith("cpu") or line.startswith("cpu "):
            continue  # the line of all cores together has no number
        match parse_numbers(" ".join(line[3:].split()[:9])):
            case [core, user, nice, system, idle, waiting, irq, softirq, steal]:
                busy = user + nice + system + irq + softirq
                cores[core] = CpuTicks(busy, steal, busy + idle + waiting + steal)
    return cores


def parse_process(text: str) -> ProcessTicks | None:
    """Return what a process used, from its ``/proc/PID/stat``; ``None`` if it is none.

    Its name may hold blanks and brackets: what counts follows the last bracket.
    """
    words = text.rpartition(")")[2].split()
    match parse_numbers(" ".join((*words[11:15], *words[19:20]))):
        case [user, system, waited_user, waited_system, started]:
            return ProcessTicks(started, user + system, waited_user + waited_system)
    return None


def parse_numbers(text: str) -> list[int]:
    """Return the numbers of a text, such as ``/proc/PID/task/TID/children``."""
    return [int(word) for word in text.split() if _NUMBER.fullmatch(word)]


def _read(machine: Machine, *, on_gpu: bool) -> _Reading:
    """Read all; in the same order at both ends, so that what it takes cancels out."""
    heat = machine.gpu_heat_ns() if on_gpu else None
    threads = _threads(machine, machine.pid)
    usable = _usable(machine, threads)
    return _Reading(
        heat=heat,
        throttles=_throttles(machine, usable),
        family=_family(machine, threads),
        workers=_workers(machine),
        usable=usable,
        times=machine.times(),
        cores=parse_cores(_text(machine.proc / "stat")),
        now_ns=machine.clock.now_ns(),
    )


def _text(path: Path) -> str:
    try:
        with path.open("rb", buffering=0) as file:
            return file.readall().decode("ascii", "replace")
    except OSError:
        return ""


def _threads(machine: Machine, pid: int) -> list[Path]:
    try:
        return list((machine.proc / str(pid) / "task").iterdir())
    except OSError:
        return []


def _usable(machine: Machine, threads: list[Path]) -> frozenset[int]:
    """Return the cores that any thread may use; the first alone is often pinned."""
    cores: set[int] = set()
    for thread in threads:
        with suppress(OSError):  # it may have ended
            cores |= machine.affinity(int(thread.name))
    return frozenset(cores)


def _family(machine: Machine, threads: list[Path]) -> _Family:
    found: _Family = {}
    seen = {machine.pid}
    while threads:
        pids = set(parse_numbers(_text(threads.pop() / "children"))) - seen
        seen |= pids
        for pid in pids:
            process = parse_process(_text(machine.proc / str(pid) / "stat"))
            if process is not None:
                found[pid, process.started] = process
                threads.extend(_threads(machine, pid))
    return found


def _workers(machine: Machine) -> _Family:
    """Return the other workers, and all that these have started."""
    if machine.parent is None:
        return {}
    return _family(machine, _threads(machine, machine.parent))


def _throttles(machine: Machine, cores: frozenset[int]) -> dict[int, int]:
    texts = {core: _text(machine.cpus / f"cpu{core}" / _THROTTLES) for core in cores}
    return {c: n for c, text in texts.items() for n in parse_numbers(text)[:1]}


def _throttled(before: _Reading, after: _Reading, machine: Machine) -> int | None:
    """Count rises; the threads of one core count the same ones, each for itself."""
    both = before.throttles.keys() & after.throttles.keys()
    if not both:
        return None
    rises: dict[str, int] = {}
    for core in both:
        rise = after.throttles[core] - before.throttles[core]
        if rise > 0:
            siblings = _text(machine.cpus / f"cpu{core}" / _SIBLINGS) or str(core)
            rises[siblings] = max(rise, rises.get(siblings, 0))
    return sum(rises.values())


def _shares(
    before: _Reading, after: _Reading, ticks_per_s: int, *, on_gpu: bool
) -> tuple[float | None, float | None]:
    """Return the cores that others used and the share that the host took."""
    elapsed = (after.now_ns - before.now_ns) / 1e9
    usable = before.usable | after.usable
    spans = [
        tuple(max(0, b - a) for a, b in zip(before.cores[core], ticks, strict=True))
        for core, ticks in after.cores.items()
        if core in usable and core in before.cores
    ]
    busy, stolen, total = (sum(span[at] for span in spans) for at in range(3))
    if elapsed < SHORTEST_S or total == 0:
        return None, None
    per_core = elapsed * ticks_per_s
    others = (busy - _own_ticks(before, after, ticks_per_s)) / per_core
    if on_gpu and busy / per_core <= len(usable) - _IDLE_CORES:
        # They have cards of their own, and beside them cores stand idle.
        others -= min(max(0.0, others), _worker_ticks(before, after) / per_core)
    # More than the cores did: the counters are not of the cores that ran us.
    known = others >= -OTHERS_CORES - stolen / per_core
    return (max(0.0, others) if known else None), stolen / total


def _own_ticks(before: _Reading, after: _Reading, ticks_per_s: int) -> float:
    """Return what this process and those it started used.

    A child that ended is in what its parent waited for, all of its life; one that
    nobody waited for is in nothing, and must not make the sum smaller.
    """
    spans = zip(before.times[:4], after.times[:4], strict=True)
    user, system, *ended = ((now - was) * ticks_per_s for was, now in spans)
    own, waited = user + system, sum(ended)
    for name, process in after.family.items():
        _, old_own, old_waited = before.family.get(name, (0, 0, 0))
        own += process.own - old_own
        waited += process.waited - old_waited
    for name in before.family.keys() - after.family.keys():
        waited -= before.family[name].own + before.family[name].waited
    return own + max(0.0, waited)


def _worker_ticks(before: _Reading, after: _Reading) -> float:
    """Return what the other workers used, and those they started."""
    return sum(
        max(0, process.own - before.workers.get(name, (0, 0, 0))[1])
        for name, process in after.workers.items()
    )


def _gpu_processes(machine: Machine, reading: _Reading) -> int | None:
    """Count others; unknown if the driver's numbers are not those of this container."""
    users = machine.gpu_users()
    ours = {machine.pid, *(pid for pid, _ in reading.family)}
    if users is None or ours.isdisjoint(users):
        return None
    return len(set(users) - ours)


def _gpu_heat(
    before: _Reading, after: _Reading, cards: Sequence[int], answering_ns: int | None
) -> float | None:
    """Return for which share of the time the worst card was slowed down for heat.

    When it was hot is not known: all of it may have been while requests were under way.
    """
    span_ns = after.now_ns - before.now_ns if answering_ns is None else answering_ns
    if not before.heat or not after.heat or len(before.heat) != len(after.heat):
        return None
    if span_ns < SHORTEST_S * 1e9:
        return None
    rises = [b - a for a, b in zip(before.heat, after.heat, strict=True)]
    ours = [rises[card] for card in cards if card < len(rises)] or rises
    # A counter that fell was begun anew: the driver was loaded again.
    return None if min(ours) < 0 else min(1.0, max(ours) / span_ns)
