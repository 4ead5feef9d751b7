"""A server's counters of prompts, looked at between its requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmlat.backends.completions.prompt_counters import (
    PROMPT_COUNTERS,
    samples_of,
)
from pytest_llmlat.backends.transport.client import SUCCESS
from pytest_llmlat.backends.transport.messages import PLAIN_TEXT
from pytest_llmlat.values.cache_figures import COLD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.backends.completions.prompt_counters import PromptCounters
    from pytest_llmlat.backends.transport.client import Client
    from pytest_llmlat.backends.transport.messages import Messages
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.records import Response

_PATH = "/metrics"
_TIMEOUT_S = 5.0
"""A server that takes longer to say what it counted is not asked again."""


class PromptTotals(NamedTuple):
    """What a server had counted up to an instant."""

    prompts: float
    kept: float


class SpanCount(NamedTuple):
    """What it counted between two looks."""

    first: int
    """The number of the request before those that were sent in between."""
    last: int
    """The number of the last one."""
    prompts: float
    kept: float

    def cached_of(self, number: int, tokens: int | None) -> int | None:
        """Return the kept tokens of one request, ``None`` where that is not known.

        Where it was alone, and just its tokens were counted, the count is its own. Of
        many, nothing was kept of any where nothing at all was.

        Args:
            number: of the request.
            tokens: of its prompt, by the server's usage.
        """
        if not self.first < number <= self.last or self.prompts <= 0:
            return None
        if self.last - self.first > 1:
            return None if self.kept else 0
        own = self.prompts == tokens and self.kept <= self.prompts
        return int(self.kept) if own else None

    @property
    def share(self) -> float | None:
        """The share of kept tokens of all requests in between, those of others too."""
        return self.kept / self.prompts if self.prompts > 0 else None


class PromptWatch:
    """Looks at the counters of one server, between its requests."""

    def __init__(self, client: Client, messages: Messages, clock: Clock) -> None:
        """Look at nothing yet.

        Args:
            client: sends requests to the server.
            messages: writes them.
            clock: the one that stamps them.
        """
        self._client, self._messages, self._clock = client, messages, clock
        self._counters: PromptCounters | None = None
        self._totals = PromptTotals(0.0, 0.0)
        self._sent = 0
        self._span = SpanCount(0, 0, 0.0, 0.0)

    def find(self) -> None:
        """Find out whether the server counts what it keeps."""
        samples = self._samples()
        for counters in PROMPT_COUNTERS.working().values():
            totals = _totals(samples, counters)
            if totals is not None:
                self._counters, self._totals = counters, totals
                self._span = SpanCount(self._sent, self._sent, 0.0, 0.0)
                return

    def sent(self) -> int:
        """Note a request that is sent, and return its number."""
        self._sent += 1
        return self._sent

    def told(self, response: Response, number: int) -> Response:
        """Return a response with what the counters tell, where the answer does not.

        Args:
            response: what came of a request.
            number: of the request.
        """
        generation = response.generation
        if generation is None or generation.cached_tokens is not None:
            return response
        span = self._over(number)
        if span is None:
            return response
        cached = span.cached_of(number, generation.prompt_tokens)
        if cached is not None:
            generation = replace(generation, cached_tokens=cached)
            return replace(response, generation=generation)
        if span.share is None or span.share <= COLD:
            return response
        note = (
            f"the server's metrics tell that {span.share:.1%} of the tokens of prompts"
            " had been kept while this was answered"
        )
        note = "; ".join(filter(None, [response.note, note]))
        return replace(response, note=note)

    def _over(self, number: int) -> SpanCount | None:
        """Return what was counted in the span of a request; ``None`` if nothing is.

        Looks at the server's counters where it has not since then: never while a
        request is timed.
        """
        if self._counters is None:
            return None
        if number > self._span.last:
            samples = self._samples()
            totals = _totals(samples, self._counters)
            if totals is None:
                self._counters = None
                return None
            before, self._totals = self._totals, totals
            self._span = SpanCount(
                self._span.last,
                self._sent,
                totals.prompts - before.prompts,
                totals.kept - before.kept,
            )
        return self._span

    def _samples(self) -> Mapping[str, float]:
        """Ask for the metrics; empty where they are of no use.

        They are of none where the server gives a connection up for them: the next
        request would have to open one.
        """
        message = self._messages.get_beside(_PATH, accept=PLAIN_TEXT)
        asked = self._client.send(
            message, self._clock.now_ns(), retries=0, timeout_s=_TIMEOUT_S
        )
        answer = self._client.run(asked).last.response()
        closes = answer.headers.get("connection", "").lower() == "close"
        if answer.status not in SUCCESS or not answer.whole or closes:
            return {}
        return samples_of(answer.body.decode("utf-8", "replace"))


def _totals(
    samples: Mapping[str, float], counters: PromptCounters
) -> PromptTotals | None:
    prompts = next((samples[n] for n in counters.prompts if n in samples), None)
    kept = next((samples[n] for n in counters.kept if n in samples), None)
    if prompts is None:
        return None
    # A counter of several sources is there from its first token on.
    return PromptTotals(prompts, kept or 0.0)
