"""What several client processes offer beside one, and how true their clocks are.

    python tests/perf/clients.py                  # 1 and 2 processes, in turn, 4 times
    python tests/perf/clients.py --clients 4 --streams 256 --requests 200000
    python tests/perf/clients.py --tokens 32      # answers of so many tokens
    python tests/perf/clients.py --share 0.6      # so much of a core for each client

Run by hand, never in CI; needs Linux and a C compiler. A server in C answers one token
at once and logs its writes (``quick_server.c``), so that the clients are what is at its
end. It needs a part of a core all the same: of two cores, two clients get what it
leaves. With more tokens in an answer the clients have more to do, and the server has
not. With ``--share`` (root, Linux's control groups of the first version) each client
gets so much of a core and no more, so that two and the server have room on two cores:
then what one offers is what it offers with that share. Each block is one closed loop of
so many streams: through this process alone, then through the client processes, and
backwards. Told are requests a second over the window of the whole load, the processor's
time of all clients for a request, and the error of TTFT against the server's log.
Beside other work the ratio says little: who has more processes gets more of the cores.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
from array import array
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.machine.process_place import ThisMachine
from pytest_llmlat.measure.clients.load_clients import LoadClients
from pytest_llmlat.measure.clock_check import open_pulse
from pytest_llmlat.measure.scenarios import settled, under_load
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.percentiles import nearest_rank
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmlat.measure.scenarios import Load

SOURCE = Path(__file__).with_name("quick_server.c")
TIMES, FACTOR, ERROR_MS = 3, 1.6, 1.0
"""Numbers in a row of the log; and what the figures should be."""
GROUPS = Path("/sys/fs/cgroup/cpu")
PERIOD_US = 2000
"""In which a share is counted: a client that has had its share waits for the next one.
Linux gives no less than a millisecond of it, which is one half."""


@dataclass(frozen=True)
class Block:
    """The figures of one load."""

    requests_per_s: float
    cpu_us: float
    ttft_ms: tuple[float, float]
    """Mean of the error, and its 95th percentile."""
    limited: str | None


@contextmanager
def quick_server(folder: Path, tokens: int) -> Iterator[tuple[str, Path]]:
    """Run the server, and yield its address and its log, which it writes at its end."""
    program, log = folder / "server", folder / "log"
    subprocess.run(["cc", "-O2", "-o", program, SOURCE], check=True)  # noqa: S603,S607 - ours
    with subprocess.Popen(  # noqa: S603 - ours
        [program, log, str(tokens)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1", log
        process.stdin.close()


@contextmanager
def held_to(share: float, processes: Iterable[int]) -> Iterator[None]:
    """Let each of these processes have so much of a core, if it is less than one."""
    groups = []
    try:
        for process in processes if share < 1 else ():
            group = GROUPS / f"client-{process}"
            group.mkdir()
            groups.append(group)
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(round(share * PERIOD_US)))
            (group / "cgroup.procs").write_text(str(process))
        yield
    finally:
        for group in groups:
            for left in (group / "cgroup.procs").read_text().split():
                (GROUPS / "cgroup.procs").write_text(left)
            group.rmdir()


def children() -> set[int]:
    """Return the processes that this one started and that run."""
    told = Path("/proc/self/task").glob("*/children")
    return {int(one) for path in told for one in path.read_text().split()}


def block(
    clients: int, streams: int, requests: int, tokens: int, share: float
) -> Block:
    """Offer one load, and return its figures."""
    scenario = Scenario(kind="concurrent", level=streams)
    asked = [Request(prompt="now", chat=True, max_new_tokens=tokens)] * requests
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as name:
        with quick_server(Path(name), tokens) as (url, log):
            front = open_pulse(url, clock)
            try:
                if clients == 1:
                    with settled(), held_to(share, [os.getpid()]):
                        load = under_load(
                            scenario, asked, front, clock, seed=1, ramp_s=0.0
                        )
                else:
                    model = ModelSpec(
                        name="quick",
                        backend="http",
                        devices=("endpoint",),
                        weights="pulse",
                        url=url,
                        options=(("awake", False), ("probe", False)),
                    )
                    others = children()
                    together = LoadClients(
                        [ThisMachine()] * clients,
                        Deployment(model=model, device="endpoint"),
                        clock,
                        open_spool=None,
                    )
                    try:
                        together.open()
                        with held_to(share, children() - others):
                            load = together.under_load(
                                scenario, asked, front, clock, seed=1, ramp_s=0.0
                            )
                    finally:
                        together.close()
            finally:
                front.close()
        return figures(load, log)


def figures(load: Load, log: Path) -> Block:
    """Compare what the clients reported with what the server logged."""
    rows = array("q", log.read_bytes())
    true_ns = {
        str(rows[at]): rows[at + 2] - rows[at + 1] for at in range(0, len(rows), TIMES)
    }
    errors = []
    for one in load.responses:
        if one is None or one.error or one.transport is None:
            raise SystemExit(f"a request failed: {one}")
        found = one.timing.ttft_s
        if found is None or one.transport.request_id is None:
            raise SystemExit("no token, or no name")
        errors.append(found * 1e3 - true_ns[one.transport.request_id] / 1e6)
    facts = load.facts
    if facts is None or facts.cpu_share is None:
        raise SystemExit("nothing was measured")
    shares = [each.cpu_share or 0.0 for each in facts.clients] or [facts.cpu_share]
    rate = facts.ended / facts.window_s
    return Block(
        requests_per_s=rate,
        cpu_us=sum(shares) / rate * 1e6,
        ttft_ms=(math.fsum(errors) / len(errors), nearest_rank(errors, 95)),
        limited=facts.client_limited,
    )


def main() -> None:
    """Print a line for each block, and the ratio of medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--tokens", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--share", type=float, default=1.0)
    given = parser.parse_args()
    found: dict[int, list[Block]] = {1: [], given.clients: []}
    print("| clients | requests/s | client us a request | TTFT error ms, mean, p95 |")
    print("|---|---|---|---|")
    for pair in range(given.pairs):
        order = (1, given.clients) if pair % 2 == 0 else (given.clients, 1)
        for clients in order:
            one = block(
                clients, given.streams, given.requests, given.tokens, given.share
            )
            found[clients].append(one)
            mean, p95 = one.ttft_ms
            print(
                f"| {clients} | {one.requests_per_s:,.0f} | {one.cpu_us:.1f} |"
                f" {mean:.3f}, {p95:.3f} |",
                flush=True,
            )
    rates = {n: statistics.median(b.requests_per_s for b in found[n]) for n in found}
    worst = max(block.ttft_ms[0] for block in found[given.clients])
    print(
        f"{given.clients} processes: {rates[given.clients] / rates[1]:.2f} times one"
        f" (wanted {FACTOR}); TTFT error {worst:.3f} ms at most (wanted {ERROR_MS});"
        f" limited: {found[given.clients][-1].limited or 'no'}",
        file=sys.stdout,
    )


if __name__ == "__main__":
    main()
