"""What is said of other processes, the host, heat and GPUs while a cell ran."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.machine.contention import (
    CpuTicks,
    Machine,
    ProcessTicks,
    Watch,
    judge,
    parse_cores,
    parse_numbers,
    parse_process,
)
from pytest_llmlat.values.clock import ManualClock

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import Contention

OURS = 100
SECOND = 1_000_000_000
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@dataclass
class Fake:
    """A machine of four cores, of which two are ours, that does what it is told."""

    root: Path
    clock: ManualClock = field(default_factory=ManualClock)
    used: list[float] = field(default_factory=lambda: [0.0] * 4)
    """user, system, and those of children that were waited for, in seconds."""
    gpu_users: list[int] | None = None
    gpu_heat_ns: tuple[int, ...] | None = None
    load: float | None = 1.5
    parent: int | None = None

    def __post_init__(self) -> None:
        """Begin with one thread, no child and cores that did nothing."""
        self.cores({0: "0 0 0 0 0 0 0 0", 1: "0 0 0 0 0 0 0 0"})
        self.children(OURS)

    @property
    def machine(self) -> Machine:
        """What a watch reads."""
        return Machine(
            proc=self.root / "proc",
            cpus=self.root / "cpu",
            pid=OURS,
            clock=self.clock,
            ticks_per_s=100,
            times=lambda: os.times_result((*self.used, 0.0)),
            affinity=lambda _: {0, 1},
            load=lambda: self.load,
            gpu_users=lambda: self.gpu_users,
            gpu_heat_ns=lambda: self.gpu_heat_ns,
            parent=self.parent,
        )

    def write(self, path: str, text: str) -> None:
        """Write a file under the root."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def cores(self, lines: dict[int, str]) -> None:
        """Set what the cores did since the machine started."""
        text = "".join(f"cpu{core} {line} 0 0\n" for core, line in lines.items())
        self.write("proc/stat", f"cpu  9 9 9 9 9 9 9 9 0 0\n{text}intr 7 0 0\n")

    def children(self, pid: int, *children: int) -> None:
        """Set the children of a process of one thread."""
        self.write(f"proc/{pid}/task/{pid}/children", " ".join(map(str, children)))

    def process(self, pid: int, own: int, waited: int = 0, started: int = 5) -> None:
        """Set what a process used, in ticks."""
        fields = " ".join(["S", *["0"] * 10, f"{own} 0 {waited} 0 20 0 1 0 {started}"])
        self.write(f"proc/{pid}/stat", f"{pid} (a (b) c) {fields} 0 0")
        if not (self.root / f"proc/{pid}/task").exists():
            self.children(pid)

    def throttle(self, core: int, count: int, siblings: str | None = None) -> None:
        """Set how often a core was slowed down."""
        self.write(f"cpu/cpu{core}/thermal_throttle/core_throttle_count", f"{count}\n")
        if siblings:
            self.write(f"cpu/cpu{core}/topology/thread_siblings_list", siblings)

    def watch(
        self,
        *,
        device: str = "cpu",
        remote: bool = False,
        cards: tuple[int, ...] = (),
    ) -> Watch:
        """Begin to watch."""
        return Watch(device=device, remote=remote, cards=cards, machine=self.machine)

    def run(self, busy: int, steal: int = 0, seconds: float = 1.0) -> None:
        """Let time pass; both cores start from zero, the second idles."""
        ticks = round(seconds * 100)
        self.clock.wait_until(round(seconds * SECOND))
        self.cores(
            {
                0: f"{busy} 0 0 {ticks - busy - steal} 0 0 0 {steal}",
                1: f"0 0 0 {ticks} 0 0 0 0",
            }
        )


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Return a machine that has just started."""
    return Fake(tmp_path)


def others(found: Contention) -> float:
    """Return the cores of others, which must be known."""
    assert found.others_cores is not None
    return found.others_cores


def test_a_machine_at_rest_is_not_contended(fake: Fake) -> None:
    """Nothing ran but us: zero of all that can be told, and no reason."""
    fake.throttle(0, 7)
    watch = fake.watch()
    fake.used[0] = 0.8
    fake.run(busy=80)

    found = watch.end()

    assert others(found) == pytest.approx(0)
    assert found.steal == 0
    assert found.throttled == 0
    assert found.load_average == 1.5
    assert found.gpu_processes is None
    assert found.gpu_throttled is None
    assert found.contended is None


def test_what_we_did_not_use_others_used(fake: Fake) -> None:
    """User and system time of ours is taken off what the cores did."""
    watch = fake.watch()
    fake.used[:] = [0.2, 0.1, 0.0, 0.0]
    fake.run(busy=90)

    found = watch.end()

    assert others(found) == pytest.approx(0.6)
    assert found.contended == "other processes used 0.6 cores"


def test_idle_and_waiting_for_disks_are_not_busy(fake: Fake) -> None:
    """User, nice, system and interrupts are; guests are inside user already."""
    watch = fake.watch()
    fake.clock.wait_until(SECOND)
    fake.cores({0: "1 2 4 1000 2000 8 16 0 64", 1: "0 0 0 100 0 0 0 0"})

    assert others(watch.end()) == pytest.approx(0.31)


def test_cores_that_are_not_ours_do_not_count(fake: Fake) -> None:
    """In a container the counters are those of the whole host."""
    watch = fake.watch()
    fake.clock.wait_until(SECOND)
    lines = dict.fromkeys(range(2, 64), "100 0 0 0 0 0 0 50")
    fake.cores({0: "0 0 0 100 0 0 0 0", 1: "0 0 0 100 0 0 0 0", **lines})

    found = watch.end()

    assert found.others_cores == 0
    assert found.steal == 0


def test_cores_of_every_thread_count(fake: Fake) -> None:
    """A thread library often pins the first thread to one core."""
    pinned = {OURS: {0}, OURS + 1: {1}}
    fake.write(f"proc/{OURS}/task/{OURS + 1}/children", "")
    machine = replace(fake.machine, affinity=pinned.__getitem__)
    watch = Watch(device="cpu", remote=False, machine=machine)
    fake.clock.wait_until(SECOND)
    fake.cores({0: "20 0 0 80 0 0 0 0", 1: "50 0 0 50 0 0 0 0"})

    assert others(watch.end()) == pytest.approx(0.7)


def test_children_that_ended_are_ours(fake: Fake) -> None:
    """What was waited for is in our own count."""
    watch = fake.watch()
    fake.used[2:] = [0.5, 0.3]
    fake.run(busy=80)

    assert others(watch.end()) == pytest.approx(0)


def test_children_that_live_are_ours(fake: Fake) -> None:
    """So are theirs, and those that they waited for, from the start of the watch."""
    fake.children(OURS, 200)
    fake.process(200, own=1000, waited=500)
    fake.children(200, 300)
    fake.process(300, own=70)
    watch = fake.watch()
    fake.process(200, own=1010, waited=520)
    fake.process(300, own=100)
    fake.run(busy=90)

    assert others(watch.end()) == pytest.approx(0.3)


def test_a_child_that_ends_is_counted_once(fake: Fake) -> None:
    """What it used before the watch is not taken off what the cores did in it."""
    fake.children(OURS, 200)
    fake.process(200, own=1000)
    watch = fake.watch()
    fake.children(OURS)
    fake.used[2] = 10.2
    fake.run(busy=90)

    assert others(watch.end()) == pytest.approx(0.7)


def test_a_child_that_nobody_waited_for_accuses_no_others(fake: Fake) -> None:
    """What it used before goes with it, and makes others no busier."""
    fake.children(OURS, 200)
    fake.process(200, own=1000)
    watch = fake.watch()
    fake.children(OURS)
    fake.run(busy=20)

    assert others(watch.end()) == pytest.approx(0.2)


def test_a_number_that_is_used_again_is_another_child(fake: Fake) -> None:
    """All that the new process used is of the watch."""
    fake.children(OURS, 200)
    fake.process(200, own=50, started=5)
    watch = fake.watch()
    fake.process(200, own=30, started=6)
    fake.run(busy=60)

    assert others(watch.end()) == pytest.approx(0.3)


def test_a_process_that_is_its_own_child_ends_the_search(fake: Fake) -> None:
    """Files that contradict each other cost no endless loop."""
    fake.children(OURS, 200)
    fake.process(200, own=0)
    fake.children(200, 200, OURS)
    watch = fake.watch()
    fake.run(busy=10)

    assert others(watch.end()) == pytest.approx(0.1)


def test_rounding_makes_no_negative_cores(fake: Fake) -> None:
    """Ticks are coarse: we may seem to use a little more than the cores did."""
    watch = fake.watch()
    fake.used[0] = 0.82
    fake.run(busy=80)

    assert watch.end().others_cores == 0


def test_counters_that_do_not_know_us_say_nothing(fake: Fake) -> None:
    """If we used far more than the cores did, they are not those that ran us."""
    watch = fake.watch()
    fake.used[0] = 0.9
    fake.run(busy=5)

    found = watch.end()

    assert found.others_cores is None
    assert found.contended is None


def test_stolen_time_may_be_charged_to_us(fake: Fake) -> None:
    """Some kernels do: then we seem to use more than the cores did, by that much."""
    watch = fake.watch()
    fake.used[0] = 1.0
    fake.run(busy=60, steal=40)

    found = watch.end()

    assert found.others_cores == 0
    assert found.contended == "the host took 20 % of the processor time"


@pytest.mark.parametrize(("seconds", "known"), [(0.19, False), (0.2, True)])
def test_a_cell_of_few_ticks_has_no_shares(
    fake: Fake, *, seconds: float, known: bool
) -> None:
    """One tick more or less would decide."""
    watch = fake.watch()
    fake.run(busy=10, steal=5, seconds=seconds)

    found = watch.end()

    assert (found.others_cores is not None) is known
    assert (found.steal is not None) is known


def test_a_server_may_be_what_uses_the_cores(fake: Fake) -> None:
    """A model behind a server is not taken for others; stolen time counts."""
    fake.throttle(0, 0)
    watch = fake.watch(device="endpoint", remote=True)
    fake.throttle(0, 2)
    fake.run(busy=80, steal=16)

    found = watch.end()

    assert found.others_cores is None
    assert found.steal == pytest.approx(0.08)
    assert found.contended == (
        "the host took 8 % of the processor time;"
        " a core was slowed down for heat 2 times"
    )


def test_threads_of_one_core_are_slowed_down_together(fake: Fake) -> None:
    """Each counts what the core did; it is said once."""
    for core in (0, 1):
        fake.throttle(core, 7, siblings="0-1\n")
    watch = fake.watch()
    for core in (0, 1):
        fake.throttle(core, 10)
    fake.run(busy=0)

    assert watch.end().throttled == 3


def test_cores_are_slowed_down_each_for_itself(fake: Fake) -> None:
    """Cores that share no siblings are counted together."""
    for core in (0, 1):
        fake.throttle(core, 7)
    watch = fake.watch()
    for core in (0, 1):
        fake.throttle(core, 10)
    fake.run(busy=0)

    assert watch.end().throttled == 6


@pytest.mark.parametrize(
    ("device", "remote", "users", "expected"),
    [
        ("cuda", False, [OURS], 0),
        ("cuda", False, [OURS, OURS, 7, 7, 8], 2),
        ("a6000", False, [OURS, 200, 9], 1),
        ("cuda", False, [7, 8], None),
        ("cuda", False, [], None),
        ("cuda", False, None, None),
        ("cpu", False, [OURS, 7], None),
        ("endpoint", True, [OURS, 7], None),
        ("cuda", True, [OURS, 7], None),
    ],
)
def test_others_on_the_gpus(
    fake: Fake, *, device: str, remote: bool, users: list[int] | None, expected: int
) -> None:
    """They count on a GPU of ours, if the driver knows us by the number we know."""
    fake.children(OURS, 200)
    fake.process(200, own=0)
    fake.gpu_users = users
    watch = fake.watch(device=device, remote=remote)
    fake.run(busy=0)

    found = watch.end()

    assert found.gpu_processes == expected
    assert (found.contended is None) is (not expected)


def test_a_machine_without_counters_says_nothing(tmp_path: Path) -> None:
    """On macOS and Windows there are no such files: unknown is not zero."""
    machine = Machine(
        proc=tmp_path / "none",
        cpus=tmp_path / "none",
        clock=(clock := ManualClock()),
        load=lambda: None,
        gpu_users=lambda: None,
    )
    watch = Watch(device="cuda", remote=False, machine=machine)
    clock.wait_until(SECOND)

    found = watch.end()

    assert found.others_cores is None
    assert found.steal is None
    assert found.load_average is None
    assert found.throttled is None
    assert found.gpu_processes is None
    assert found.contended is None


def test_counters_that_stand_still_say_nothing(fake: Fake) -> None:
    """Some sandboxes show cores that never did anything."""
    watch = fake.watch()
    fake.clock.wait_until(SECOND)

    found = watch.end()

    assert found.others_cores is None
    assert found.steal is None


def test_a_thread_that_ends_while_it_is_looked_at_is_left_out(fake: Fake) -> None:
    """Its cores cannot be asked for any more."""

    def ended(_: int) -> set[int]:
        raise ProcessLookupError

    machine = replace(fake.machine, affinity=ended)
    watch = Watch(device="cpu", remote=False, machine=machine)
    fake.run(busy=50)

    assert watch.end().others_cores is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((None, None, None, None, None), None),
        ((0.25, 0.05, 0, 0, None), None),
        ((1.26, 0.0, 0, 0, None), "other processes used 1.3 cores"),
        ((0.0, 0.12, 0, 0, None), "the host took 12 % of the processor time"),
        ((0.0, 0.0, 1, 0, None), "a core was slowed down for heat once"),
        ((0.0, 0.0, 3, 0, None), "a core was slowed down for heat 3 times"),
        ((0.0, 0.0, 0, 1, None), "1 other process was on the GPUs"),
        ((0.0, 0.0, 0, 2, 0.0), "2 other processes were on the GPUs"),
        ((0.0, 0.0, 0, 0, 0.05), None),
        ((0.0, 0.0, 0, 0, 0.3), "a GPU was slowed down for heat 30 % of the time"),
        (
            (2.0, None, 4, 0, None),
            "other processes used 2.0 cores; a core was slowed down for heat 4 times",
        ),
    ],
)
def test_every_reason_is_named(
    values: tuple[float | None, float | None, int | None, int | None, float | None],
    expected: str | None,
) -> None:
    """Each above its threshold, none for what is unknown."""
    assert judge(*values) == expected


def test_lines_of_cores_are_read() -> None:
    """The line of all cores, other lines and broken ones are none."""
    text = (
        "cpu  30 6 9 12 15 18 21 24 27 3\n"
        "cpu0 1 2 4 8 16 32 64 128 256 512\n"
        "cpu12 1 0 0 0 0 0 0 0\n"
        "cpu2 1 2 3\n"
        "cpu3 1 2 x 4 5 6 7 8 9\n"
        "cpufreq 1 2 3 4 5 6 7 8 9\n"
        "intr 1 2 3 4 5 6 7 8 9\n\n"
    )

    assert parse_cores(text) == {0: CpuTicks(103, 128, 255), 12: CpuTicks(1, 0, 1)}


def test_a_process_is_read() -> None:
    """Its name may hold anything; too short a line is none."""
    text = "7 (a) 9 (b c)) S 1 1 1 0 -1 64 1 2 3 4 500 60 7000 800 20 0 1 0 99 4 5"

    assert parse_process(text) == ProcessTicks(started=99, own=560, waited=7800)
    assert parse_process(text.partition(" 99")[0]) is None
    assert parse_process(text.replace("7000", "-1")) is None


TEXTS = st.one_of(
    st.text(),
    st.text("cpu 0123456789\n()-S"),
    st.builds("cpu{} {}".format, st.integers(), st.text("0 1\t9")),
)


@given(TEXTS)
@example("cpu0 \N{SUPERSCRIPT TWO} 1 1 1 1 1 1 1 1")
@example("cpu0" + " 1" * 7 + " " + "9" * 5000)
def test_any_text_is_read_without_error(text: str) -> None:
    """Whatever the kernel writes: no number is invented, and none is negative."""
    for core, ticks in parse_cores(text).items():
        assert core >= 0
        assert 0 <= ticks.busy <= ticks.busy + ticks.steal <= ticks.total
    process = parse_process(text)
    assert process is None or min(process) >= 0
    assert all(str(number) in text for number in parse_numbers(text))


@given(
    busy=st.integers(0, 10**9), steal=st.integers(0, 10**9), used=st.floats(0, 10**6)
)
def test_no_share_is_negative(
    tmp_path_factory: pytest.TempPathFactory, busy: int, steal: int, used: float
) -> None:
    """Whatever the counters hold, cores of others are not below 0 nor all of them."""
    fake = Fake(tmp_path_factory.getbasetemp() / "shares")
    watch = fake.watch()
    fake.used[0] = used
    fake.clock.wait_until(SECOND)
    fake.cores({0: f"{busy} 0 0 0 0 0 0 {steal}"})

    found = watch.end()

    assert found.others_cores is None or 0 <= found.others_cores <= busy / 100
    assert found.steal is None or 0 <= found.steal <= 1


@LINUX
def test_this_machine_can_be_watched() -> None:
    """The real files are of the form that is read."""
    watch = Watch(device="cpu", remote=False)

    cores = parse_cores(Path("/proc/stat").read_text("ascii"))
    process = parse_process(Path("/proc/self/stat").read_text("ascii", "replace"))

    assert os.sched_getaffinity(0) <= cores.keys()
    assert all(ticks.total > 0 for ticks in cores.values())
    assert process is not None
    assert process.own <= sum(os.times()[:2]) * os.sysconf("SC_CLK_TCK") + 1
    assert watch.end().gpu_processes is None


@pytest.mark.parametrize(
    ("device", "second", "others"),
    [("cuda", 0, 0.1), ("cpu", 0, 0.9), ("cuda", 60, 1.5)],
)
def test_workers_with_cards_of_their_own_are_no_others(
    fake: Fake, device: str, second: int, others: float
) -> None:
    """As long as a core stands idle beside all of them, and nothing runs on it."""
    fake.parent = 50
    fake.children(50, OURS, 60)
    fake.process(60, own=0)
    watch = fake.watch(device=device)

    fake.run(busy=90)
    idle = 100 - second
    fake.cores({0: "90 0 0 10 0 0 0 0", 1: f"{second} 0 0 {idle} 0 0 0 0"})
    fake.process(60, own=80)

    found = watch.end().others_cores
    assert found == pytest.approx(others)
