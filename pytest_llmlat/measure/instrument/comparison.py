"""Comparison of a client's reports with the server's log of the same requests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import GenerationFailed, LLMLatError
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Response
    from pytest_llmlat.values.timing import Timing

WANTED_BY = "the check of the HTTP client's clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of the server's log: one request, in its own ``perf_counter_ns``."""

    id: str
    received_ns: int
    """Instant at which the system had the whole request, as far as it tells."""
    written_ns: tuple[int, ...]
    """Instants just before each content token was handed to the system."""

    @property
    def ttft_s(self) -> float:
        """The true TTFT: receipt of the request to the writing of the first token."""
        return (self.written_ns[0] - self.received_ns) / NS_PER_S

    @property
    def tpot_s(self) -> float | None:
        """The true TPOT; ``None`` for a single token."""
        later = len(self.written_ns) - 1
        if not later:
            return None
        return (self.written_ns[-1] - self.written_ns[0]) / NS_PER_S / later


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One request as the client reported it and as the server logged it."""

    timing: Timing
    entry: Entry

    @property
    def ttft_error_s(self) -> float:
        """Reported minus true TTFT: both ways through the network, and the client."""
        reported = self.timing.ttft_s
        if reported is None:  # `compared` lets nothing pass without a token
            raise GenerationFailed(f"{self.entry.id}: no token was reported")
        return reported - self.entry.ttft_s

    @property
    def tpot_error_s(self) -> float | None:
        """Reported minus true TPOT; ``None`` for a single token."""
        reported, true = self.timing.tpot_s, self.entry.tpot_s
        return None if reported is None or true is None else reported - true


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The trial of a client under one load."""

    measured: tuple[Compared, ...]
    before: tuple[Compared, ...]
    """Requests of the wave that warmed up."""
    after: tuple[Compared, ...]
    """Requests that kept up the load until the last measured one had ended."""

    @property
    def requests_per_s(self) -> float:
        """Completions per second, the window reaching over whole waves.

        It begins with the first measured request and ends where the first one after
        them begins: a window that cut the last wave short would flatter.
        """
        timings = [pair.timing for pair in self.measured]
        begin = min(timing.start_ns for timing in timings)
        if self.after:
            end = min(pair.timing.start_ns for pair in self.after)
        else:
            end = max(timing.end_ns for timing in timings)
        pairs = self.before + self.measured + self.after
        ended = sum(begin < pair.timing.end_ns <= end for pair in pairs)
        return ended * NS_PER_S / (end - begin)


def compared(
    responses: Sequence[Response], log: Sequence[Entry]
) -> tuple[Compared, ...]:
    """Return each response beside the log's entry of the same request.

    Args:
        responses: all that came of the requests since the log was last read.
        log: the server's.

    Raises:
        GenerationFailed: a response is an error, or holds no token.
        LLMLatError: names are missing, strange or used twice, on either side.
    """
    broken = [one for one in responses if one.error or one.timing.ttft_s is None]
    if broken:
        raise GenerationFailed(
            f"{WANTED_BY}: {len(broken)} of {len(responses)} requests failed, the first"
            f" with: {broken[0].error or 'no token'}; figures of the rest would flatter"
        )
    entries = {entry.id: entry for entry in log}
    names = [one.transport.request_id if one.transport else None for one in responses]
    told = Counter(map(str, names))
    logged = Counter(entry.id for entry in log)
    if told != logged:
        strange = sorted(told - logged), sorted(logged - told)
        raise LLMLatError(
            f"{WANTED_BY}: {len(responses)} answers do not match {len(log)} requests in"
            f" the server's log; only the client knows {strange[0][:3]}, only the log"
            f" {strange[1][:3]}: the client must name each request as the server did,"
            " and send none twice"
        )
    if len(entries) < len(log):
        raise LLMLatError(
            f"{WANTED_BY}: one name stands for several requests:"
            f" {logged.most_common(1)[0]}; the client must name each of them apart"
        )
    cut = [entry.id for entry in log if not entry.written_ns]
    if cut:
        raise LLMLatError(f"{WANTED_BY}: the server wrote nothing to {cut[:3]}")
    return tuple(
        Compared(timing=one.timing, entry=entries[str(name)])
        for one, name in zip(responses, names, strict=True)
    )
