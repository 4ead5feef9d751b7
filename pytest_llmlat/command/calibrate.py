"""``llmlat calibrate``: the instrument, measured."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pytest_llmlat.command.output import add_json, say, tell
from pytest_llmlat.measure.clock_check import check_clock
from pytest_llmlat.report.figures import seconds, signed_seconds, table
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.errors import LLMLatError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

MOST_STREAMS = 4096
_HEADER = ("in flight", "answers", "TTFT error, mean", "TTFT error, p99")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Times answers of a loopback server that logs when it wrote them, and prints"
        " how far our figures are from the true ones."
    )
    parser.add_argument(
        "--streams",
        metavar="N,N,…",
        default="1,8,64",
        help="requests in flight to try with (default: %(default)s)",
    )
    add_json(parser)


def run(given: Namespace) -> int:
    """Try the clock with each number of streams and print what was found.

    Raises:
        UsageError: a number that is none.
        LLMLatError: the loopback server did not start.
    """
    counts = [_count(text) for text in given.streams.split(",")]
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
    if given.json:
        tell([asdict(each) for each in found])
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
    say(table(_HEADER, rows, right=range(4)))
    return 0


def _count(text: str) -> int:
    if not text.strip().isdecimal() or not 0 < int(text) <= MOST_STREAMS:
        raise UsageError(
            f"--streams: {text!r} is not a whole number from 1 to {MOST_STREAMS}"
        )
    return int(text)
