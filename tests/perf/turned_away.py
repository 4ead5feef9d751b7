"""Requests a second of a closed loop of which a server turns three of four away.

    python -m tests.perf.turned_away            # once each, 120 requests
    python -m tests.perf.turned_away 3 400      # three times each: some minutes

Run by hand. The server, a process of its own, takes four at once and 200 ms for each;
sixteen are offered, and whoever comes while it is full gets a 429. It notes when each
answer was written. Our rate is held against how many it wrote, by its own log, between
the first measured sending and the last measured end: they should differ by no more
than 3 %. ``turned`` is the share of what came in that time that was turned away.
"""

from __future__ import annotations

import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat import ModelSpec, measure_models
from tests.perf.reported_commands import Handler, Served, hello, serving

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SLOTS, OFFERED, TAKES_S = 4, 16, 0.2
WAITS = {"no Retry-After": None, "Retry-After 0.1": "0.1", "Retry-After 1": "1"}


def serve(pipe: Connection, wait: str | None) -> None:
    """Run the server until it is asked for its log: instants, and whether answered."""
    served = Served(slots=SLOTS, takes_s=TAKES_S, retry_after=wait)
    inner, log = hello(served), list[tuple[int, bool]]()

    def noted(handler: Handler, asked: dict[str, Any]) -> None:
        # One handler has all requests of its connection, and is wrapped each time.
        def good(*pieces: bytes) -> None:
            Handler.streamed(handler, *pieces)
            log.append((time.perf_counter_ns(), True))

        def bad(status: int, body: object, *headers: tuple[str, str]) -> None:
            Handler.whole(handler, status, body, *headers)
            log.append((time.perf_counter_ns(), False))

        handler.streamed = good  # type: ignore[method-assign]
        handler.whole = bad  # type: ignore[method-assign]
        inner(handler, asked)

    with serving(noted) as url:
        pipe.send(url)
        pipe.recv()
        pipe.send(log)


def once(name: str, requests: int) -> float:
    """Print one comparison, and return how far ours is from the server's own count."""
    context = get_context("spawn")
    pipe, far = context.Pipe()
    process = context.Process(target=serve, args=(far, WAITS[name]), daemon=True)
    process.start()
    model = ModelSpec(
        name="m",
        backend="http",
        devices=("endpoint",),
        weights="tiny",
        url=f"{pipe.recv()}/v1",
        options=(("retries", 8),),
    )
    with tempfile.TemporaryDirectory() as folder:
        result = measure_models(
            model,
            "sentiment/polarity",
            scenario=f"concurrent:{OFFERED}",
            requests=requests,
            root=Path(folder),
        )
        records = list(result.records())
    pipe.send("log")
    log = pipe.recv()
    process.join()
    (summary,) = result.summaries
    ours = summary.requests_per_s
    assert ours is not None
    spans = [record.timing for record in records if record.timing is not None]
    begin, end = min(t.start_ns for t in spans), max(t.end_ns for t in spans)
    inside = [good for at, good in log if begin < at <= end]
    own = sum(inside) / ((end - begin) / 1e9)
    turned = 1 - sum(inside) / len(inside)
    print(
        f"{name:16} ours {ours:6.2f}/s, the server's own {own:6.2f}/s:"
        f" {ours / own - 1:+.1%}; {turned:.0%} turned away, {len(records)} measured,"
        f" {sum(r.error is not None for r in records)} failed,"
        f" {(end - begin) / 1e9:.0f} s",
        flush=True,
    )
    return float(ours / own - 1)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    times, many = [*given, *(1, 120)[len(given) :]]
    off = [once(name, many) for _ in range(times) for name in WAITS]
    print(f"at most {max(map(abs, off)):.1%} off; 3 % is allowed")
