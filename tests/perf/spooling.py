"""What it costs the clock that a load's answers are written down as they end.

    python tests/perf/spooling.py             # 64 and 512 streams, some minutes
    python tests/perf/spooling.py 64 --blocks 8

Run by hand, never in CI. The loopback server of ``client.py`` is put under closed loops
in turn, A B B A, with answers written down and without. What is told are the errors of
TTFT and TPOT against the server's own log, and how late the event loop woke up: the
medians over blocks, and of their ratios, which a busy machine spoils less than either.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.measure.clock_check import open_pulse
from pytest_llmlat.measure.instrument.calibration import pulse_server
from pytest_llmlat.measure.instrument.comparison import compared
from pytest_llmlat.measure.scenarios import settled, under_load
from pytest_llmlat.measure.scenarios.alongside import Alongside
from pytest_llmlat.store.spooled_answers import Spool, SpooledLoad
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.percentiles import nearest_rank
from pytest_llmlat.values.protocols import RawServer
from pytest_llmlat.values.raw_answers import NOWHERE
from pytest_llmlat.values.records import Cell, Request
from pytest_llmlat.values.scenario import Scenario

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_llmlat.measure.instrument.calibration import Pulse
    from pytest_llmlat.values.protocols import Server
    from pytest_llmlat.values.raw_answers import AnswerSink

REQUEST = Request(prompt="now", chat=True, max_new_tokens=32)
WAVES = 6
CELL = Cell(model="m", device="endpoint", task="t", family="f", scenario="s")
FIGURES = ("ttft mean ms", "ttft p95 ms", "tpot mean us", "woke up p99 ms", "req/s")


def block(
    server: Server[Any], pulse: Pulse, streams: int, folder: Path | None
) -> tuple[float, ...]:
    """Put the server under a load, and return the figures."""
    pulse.log()
    load = SpooledLoad(cell=CELL, backend="http", server="here", asked=())
    keeping: AbstractContextManager[AnswerSink] = nullcontext(NOWHERE)
    if folder is not None and isinstance(server, RawServer):
        keeping = Spool(folder, load, server.raw)
    with keeping as sink, settled():
        found = under_load(
            Scenario(kind="concurrent", level=streams),
            [REQUEST] * (WAVES * streams),
            server,
            SystemClock(),
            seed=1,
            ramp_s=0.0,
            along=Alongside(sink=sink),
        )
    responses = [one for one in found.responses if one is not None]
    names = {one.transport.request_id for one in responses if one.transport}
    pairs = compared(responses, [entry for entry in pulse.log() if entry.id in names])
    ttft = [pair.ttft_error_s * 1e3 for pair in pairs]
    tpot = [(pair.tpot_error_s or 0.0) * 1e6 for pair in pairs]
    facts = found.facts
    if facts is None or facts.loop_lag_p99_s is None:
        raise SystemExit("no request ended")
    return (
        math.fsum(ttft) / len(ttft),
        nearest_rank(ttft, 95),
        math.fsum(tpot) / len(tpot),
        facts.loop_lag_p99_s * 1e3,
        facts.ended / facts.window_s,
    )


def main() -> None:
    """Print a table for each number of streams."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("streams", nargs="*", type=int, default=[64, 512])
    parser.add_argument("--blocks", type=int, default=4)
    given = parser.parse_args()
    clock = SystemClock()
    with pulse_server(awake=False) as pulse, tempfile.TemporaryDirectory() as text:
        server = open_pulse(pulse.url, clock, awake=False)
        for streams in given.streams:
            block(server, pulse, streams, None)
            kept, bare = list[tuple[float, ...]](), list[tuple[float, ...]]()
            for number in range(given.blocks):
                order = (kept, bare) if number % 2 else (bare, kept)
                for own in (*order, *reversed(order)):
                    folder = Path(text) if own is kept else None
                    own.append(block(server, pulse, streams, folder))
            print(f"\n{streams} streams, {given.blocks} blocks of four loads")
            print("| | without | written down | ratio |\n|---|---|---|---|")
            for place, name in enumerate(FIGURES):
                a, b = ([one[place] for one in own] for own in (bare, kept))
                ratio = statistics.median(y / x for x, y in zip(a, b, strict=True) if x)
                told = (statistics.median(a), statistics.median(b), ratio)
                print(f"| {name} |", " | ".join(f"{one:.3f}" for one in told), "|")
        server.close()


if __name__ == "__main__":
    main()
