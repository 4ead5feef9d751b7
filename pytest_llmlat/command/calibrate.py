"""``llmlat calibrate``: the instrument, measured."""

from __future__ import annotations

import json
from dataclasses import asdict

from pytest_llmlat.clock import SystemClock
from pytest_llmlat.clock_check import check_clock
from pytest_llmlat.errors import LLMLatError, UsageError
from pytest_llmlat.report.figures import seconds, signed_seconds, table

MOST_STREAMS = 4096
_HEADER = ("in flight", "answers", "TTFT error, mean", "TTFT error, p99")


def run(streams: str, *, as_json: bool) -> int:
    """Try the clock with each number of streams and print what was found.

    Raises:
        UsageError: a number that is none.
        LLMLatError: the loopback server did not start.
    """
    counts = [_count(text) for text in streams.split(",")]
    clock = SystemClock()
    found = []
    for count in counts:
        instrument = check_clock(count, clock)
        if instrument is None:
            raise LLMLatError(
                "calibrate: the loopback server could not be started or reached;"
                " is a local connection allowed here, and is the extra installed:"
                " pip install 'pytest-llmlat[http]'?"
            )
        found.append(instrument)
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=1))  # noqa: T201
        return 0
    rows = [
        (
            str(each.streams),
            str(each.requests),
            signed_seconds(each.bias_s),
            seconds(each.jitter_p99_s),
        )
        for each in found
    ]
    print("\n".join(table(_HEADER, rows, right=range(4))))  # noqa: T201 - its purpose
    return 0


def _count(text: str) -> int:
    if not text.strip().isdecimal() or not 0 < int(text) <= MOST_STREAMS:
        raise UsageError(
            f"--streams: {text!r} is not a whole number from 1 to {MOST_STREAMS}"
        )
    return int(text)
