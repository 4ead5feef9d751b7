"""One load, joined of the parts that several clients offered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.measure.scenarios.closed_window import (
    RequestSpan,
    closed_window_ns,
)
from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.client_facts import ClientFacts
from pytest_llmlat.values.known_values import most_known
from pytest_llmlat.values.overlap import most_at_once
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.measure.clients.client_pool import ClockOffset
    from pytest_llmlat.measure.clients.dealt_load import LoadPart, Spans
    from pytest_llmlat.values.cell_facts import Instrument
    from pytest_llmlat.values.records import Response
    from pytest_llmlat.values.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedPart:
    """The part of one client, and what is known of that."""

    number: int
    """Number of the client, from 1."""
    host: str | None
    """Name of its machine."""
    name: str
    """What it is called where there are several."""
    part: LoadPart
    clock: ClockOffset
    instrument: Instrument | None
    """Accuracy of its clock."""

    def spans(self, spans: Spans) -> list[RequestSpan]:
        """Return some of its spans on the clock of the process that leads."""
        shift = self.clock.used_ns
        return [
            RequestSpan(start - shift, end - shift, bool(failed))
            for start, end, failed in zip(
                spans.start_ns, spans.end_ns, spans.failed, strict=True
            )
        ]

    @property
    def responses(self) -> list[Response | None]:
        """Its responses, on the clock of the process that leads.

        All stamps of one move by the same: no latency changes.
        """
        shift = self.clock.used_ns
        if not shift:
            return list(self.part.responses)
        return [
            None if one is None else replace(one, timing=one.timing.moved(-shift))
            for one in self.part.responses
        ]

    @property
    def facts(self) -> ClientFacts:
        """What is told of the client."""
        own, tried = self.part.facts, self.instrument
        offset_s, error_s = self.clock.told_s
        return ClientFacts(
            number=self.number,
            host=self.host,
            requests=len(self.part.measured.failed),
            in_flight=0 if own is None else own.in_flight,
            send_lag_p99_s=None if own is None else own.send_lag_p99_s,
            loop_lag_p99_s=None if own is None else own.loop_lag_p99_s,
            cpu_share=None if own is None else own.cpu_share,
            client_limited=None if own is None else own.client_limited,
            bias_s=None if tried is None else tried.bias_s,
            jitter_p99_s=None if tried is None else tried.jitter_p99_s,
            clock_offset_s=offset_s,
            clock_offset_error_s=error_s,
        )


def joined_facts(scenario: Scenario, parts: Sequence[OfferedPart]) -> LoadFacts | None:
    """Return the facts of the whole load; ``None`` if no measured request ended.

    Its window is that of all clients together: from the first measured start in any of
    them to the last measured end in any.

    Args:
        scenario: of the whole load.
        parts: those of the clients that came to their end.
    """
    spans = [span for each in parts for span in each.spans(each.part.spans)]
    measured = [span for each in parts for span in each.spans(each.part.measured)]
    if not measured:
        return None
    begin = min(span.start_ns for span in measured)
    last = max(span.end_ns for span in measured)
    cut_off = [
        start - each.clock.used_ns for each in parts for start in each.part.cut_off_ns
    ]
    if scenario.kind == "concurrent":
        ended = measured
        window_ns = closed_window_ns(spans, measured, cut_off, begin, last)
    else:
        # An idle server answers as many as arrive, and no more.
        end = max(last, _next_due(parts, spans, measured))
        window_ns = end - begin
        ended = [span for span in spans if begin < span.end_ns <= end]
    told = [each.facts for each in parts]
    own = [each.part.facts for each in parts if each.part.facts is not None]
    under_way = [(span.start_ns, span.end_ns) for span in spans]
    steady = [facts.steady for facts in own if facts.steady is not None]
    return LoadFacts(
        window_s=window_ns / NS_PER_S,
        ended=len(ended),
        failed=sum(span.failed for span in ended),
        before=sum(facts.before for facts in own),
        after=sum(facts.after for facts in own),
        in_flight=min(
            sum(each.in_flight for each in told),
            most_at_once([*under_way, *((start, last) for start in cut_off)]),
        ),
        send_lag_p99_s=most_known(each.send_lag_p99_s for each in told),
        loop_lag_p99_s=most_known(each.loop_lag_p99_s for each in told),
        cpu_share=most_known(each.cpu_share for each in told),
        client_limited=_limited(parts),
        uncounted_retries=sum(facts.uncounted_retries for facts in own),
        uncounted_failed=sum(facts.uncounted_failed for facts in own),
        steady=all(steady) if steady else None,
        clients=tuple(told),
    )


def _next_due(
    parts: Sequence[OfferedPart],
    spans: Sequence[RequestSpan],
    measured: Sequence[RequestSpan],
) -> int:
    """Return the first arrival behind all that count; 0 where there is none."""
    counted = max(span.start_ns for span in measured)
    due = [each.part.next_due_ns - each.clock.used_ns for each in parts]
    later = (
        *(arrival for arrival in due if arrival > counted),
        *(span.start_ns for span in spans if span.start_ns > counted),
    )
    return min(later, default=0)


def _limited(parts: Sequence[OfferedPart]) -> str | None:
    """Say which clients were at their end; ``None`` if none was."""
    told = [
        f"{each.name}: {each.facts.client_limited}"
        for each in parts
        if each.facts.client_limited is not None
    ]
    return "; ".join(told) or None
