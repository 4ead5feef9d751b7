"""Tables of load curves: the figures of each model under each load."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmlat.report.figure_tables import load_columns, texts, titles
from pytest_llmlat.report.figures import (
    per_second,
    printable,
    seconds,
    signed_seconds,
    table,
)
from pytest_llmlat.report.load_points import load_order
from pytest_llmlat.values.keeping_up import WhyBehind

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import Instrument
    from pytest_llmlat.values.client_facts import ClientFacts
    from pytest_llmlat.values.keeping_up import Steadiness
    from pytest_llmlat.values.results import Scoreboard, Summary


def load_lines(board: Scoreboard) -> list[str]:
    """Return a table for each model and task that was put under a load.

    Its lines are the points of the load curve, in the order of the load.
    """
    curves: dict[str, list[Summary]] = defaultdict(list)
    for summary in board.summaries:
        if summary.load is not None:
            cell = summary.cell
            curves[f"{cell.task}, {cell.model} on {cell.device}"].append(summary)
    lines = []
    for name, summaries in curves.items():
        load, *columns = load_columns(summaries)
        header = (name, *titles(columns))
        points = sorted(summaries, key=load_order)
        rows = [texts((load, *columns), point) for point in points]
        lines += [*table(header, rows, right=range(1, len(header) - 1)), ""]
    objectives = dict.fromkeys(s.slo for s in board.summaries if s.slo)
    return lines + [f"good: {printable(slo)}" for slo in objectives]


def contention_lines(board: Scoreboard) -> list[str]:
    """Name the cells in which something else kept the machine busy."""
    return [
        f"contended: {printable(s.cell.id)}: {printable(s.contention.contended)}"
        for s in board.summaries
        if s.contention is not None and s.contention.contended
    ]


def clock_lines(board: Scoreboard) -> list[str]:
    """Say how true the clock was, and where it was the client that was measured."""
    checked: dict[Instrument, None] = dict.fromkeys(
        s.instrument for s in board.summaries if s.instrument is not None
    )
    lines = [
        f"clock at {i.streams} in flight: TTFT {signed_seconds(i.bias_s)} on average,"
        f" {seconds(i.jitter_p99_s)} off at p99, of {i.requests} answers whose true"
        " times a loopback server logged"
        for i in checked
    ]
    if any(_unchecked(summary) for summary in board.summaries):
        lines.append("clock: how exact it is could not be checked here")
    lines += [line for s in board.summaries if (line := _clients(s))]
    lines += [line for s in board.summaries if (line := _shards(s))]
    limited = [s for s in board.summaries if s.load and s.load.client_limited]
    return lines + [
        f"client-limited: {printable(s.cell.id)}: {s.load.client_limited}; its"
        " latencies are not the server's"
        for s in limited
        if s.load
    ]


def _clients(summary: Summary) -> str | None:
    """Say which processes offered a load; ``None`` where one did."""
    if summary.load is None or not summary.load.clients:
        return None
    told = "; ".join(map(_client, summary.load.clients))
    return (
        f"clients: {printable(summary.cell.id)}: one load of"
        f" {len(summary.load.clients)} processes, each with times of its own clock:"
        f" {told}"
    )


def _shards(summary: Summary) -> str | None:
    """Say which workers answered a set together; ``None`` where one did."""
    load = summary.load
    if load is None or not load.shards:
        return None
    told = "; ".join(
        f"{each.number} on {printable(each.node.told)}: {each.requests} requests in"
        f" {seconds(each.window_s)}"
        + (f" ({printable(each.anew)})" if each.anew else "")
        for each in load.shards
    )
    whole = summary.untimed or (
        f"{seconds(load.window_s)} from the first begin to the last end; its rates are"
        " those of all of them together, its latencies count from the begin of each"
        " shard"
    )
    return (
        f"shards: {printable(summary.cell.id)}: one set in"
        f" {len(load.shards)} shards: {told}; {whole}"
    )


def _client(client: ClientFacts) -> str:
    share = "unknown" if client.cpu_share is None else f"{client.cpu_share:.0%}"
    told = f"{client.number} on {printable(client.host or 'an unknown host')}: "
    told += f"{client.requests} requests, {share} of a core"
    if client.bias_s is not None:
        told += f", TTFT {signed_seconds(client.bias_s)} on average"
    offset, error = client.clock_offset_s, client.clock_offset_error_s
    return f"{told}, clock {signed_seconds(offset)} (± {seconds(error)}) from ours"


def keeping_lines(board: Scoreboard) -> list[str]:
    """Say which loads were not kept up, not steady, or too short for an interval."""
    told = [line for s in board.summaries if (line := _kept_up(s))]
    short = {
        s.cell.scenario: s.steadiness.short_of
        for s in board.summaries
        if s.steadiness is not None and s.steadiness.short_of is not None
    }
    if short:
        named = ", ".join(f"{name} needs {fewest}" for name, fewest in short.items())
        told.append(f"too few requests for an interval of speed: {named}")
    narrow = {
        s.cell.scenario: s.steadiness.forgets_after
        for s in board.summaries
        if s.steadiness is not None and s.steadiness.forgets_after is not None
    }
    if narrow:
        named = ", ".join(f"{name} {fewest:,}" for name, fewest in narrow.items())
        told.append(
            "intervals of speed may be too narrow: many requests are under way, and"
            f" to trust them takes {named} requests (--llm-requests)"
        )
    return told


def _kept_up(summary: Summary) -> str | None:
    found, load, name = summary.steadiness, summary.load, printable(summary.cell.id)
    if found is None or load is None:
        return None
    if found.keeps_up is False:
        served, offered = summary.requests_per_s, found.offered_per_s
        return (
            f"not keeping up: {name}: {per_second(served)} of {per_second(offered)}"
            f" requests offered a second were answered; {_why_behind(summary, found)}"
        )
    if load.steady is False:
        return (
            f"not steady: {name}: answers were still becoming slower when counting"
            f" began, after {load.before} requests; in a longer run they may be slower"
        )
    return None


def _why_behind(summary: Summary, found: Steadiness) -> str:
    """Say what shows that a load was too much, and what its figures are then."""
    if found.behind is WhyBehind.FAILED:
        failed = summary.errors + summary.timeouts
        return f"{failed} of {summary.samples} failed, and those are in no latency"
    return (
        f"with each second answers became {seconds(found.growth)} slower: its latencies"
        " are those of a queue that grows, longer in a longer run, and have no interval"
    )


def _unchecked(summary: Summary) -> bool:
    """Whether a server was measured by a clock that nobody has looked at."""
    return summary.instrument is None and dict(summary.backend).get("library") == "http"
