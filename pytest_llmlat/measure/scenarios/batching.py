"""All requests at once on a model of this process that answers many together.

Every request arrives at the same instant, and counts from it: whoever is in a later
batch has waited. Batches are made of prompts of like length, the longest first, so that
little is spent on padding and a batch that does not fit shows itself at once. Then all
that was measured is thrown away and measured again with half as many: no figure is made
of batches of two sizes.

Padding and the kernels for many rows may change an answer. So some requests are asked
again alone, after the window, and the answers that differ are counted.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.settings_check import given
from pytest_llmlat.backends.shared_options import BATCH_SIZE
from pytest_llmlat.measure.scenarios.alone import ask, no_garbage
from pytest_llmlat.measure.scenarios.alongside import NOTHING_ALONG
from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.errors import OutOfMemory
from pytest_llmlat.values.records import Response
from pytest_llmlat.values.timing import NS_PER_S
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.measure.scenarios.alongside import Alongside
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.protocols import Batches, Batching
    from pytest_llmlat.values.records import Generation, Request

CHECKED = 16
"""The most requests that are asked again alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """Settings of batches, from a model's entry."""

    size: int | None = None
    """Most requests to answer at once (``batch_size``); ``None`` for as many as should
    fit."""
    kind: str | None = None
    """Kind of batches (``batching``); ``None`` for the best that there is."""


@dataclass(slots=True, kw_only=True)
class Batched:
    """The responses and the facts of requests that were answered in batches."""

    responses: list[Response | None]
    facts: LoadFacts | None
    interrupted: bool


def batch_settings(model: ModelSpec) -> BatchSettings:
    """Read what a model's entry says of batches.

    Raises:
        BadCatalogue: a size that is none.
    """
    size, kind = given(model, BATCH_SIZE), model.option("batching")
    return BatchSettings(
        size=None if size is None else int(size),
        kind=None if kind is None else str(kind),
    )


def in_batches(
    requests: Sequence[Request],
    backend: Batching,
    clock: Clock,
    *,
    settings: BatchSettings,
    seed: int,
    along: Alongside = NOTHING_ALONG,
) -> Batched:
    """Answer all requests in batches; after Ctrl-C those of the ended batches stay.

    Args:
        requests: all of them, at least one.
        backend: answers many at once.
        clock: read at every stamp.
        settings: what the user says of size and kind.
        seed: of the draw of those that are asked again.
        along: what goes along with it.

    Raises:
        LLMLatError: the backend has no batches of this kind for these requests.
    """
    batches = backend.batches(requests, settings.kind)
    first = settings.size or batches.first_size(requests)
    size = max(1, min(first, len(requests)))
    run = _Run(requests, batches, clock, size=size, along=along)
    result = Batched(responses=run.responses, facts=None, interrupted=False)
    try:
        try:
            run.measure()
        finally:
            batches.close()
        result.facts = run.facts()
        stopped = along.allowance.refused is not None
        if result.facts is not None and run.size > 1 and not stopped:
            checked, changed = run.compared(backend, seed)
            result.facts = replace(
                result.facts, batch_checked=checked, batch_changed=changed
            )
    except KeyboardInterrupt:
        result.interrupted = True
        result.facts = result.facts or run.facts()
    result.responses = run.responses
    return result


class _Run:
    """The batches of one load, begun anew whenever they turn out too large."""

    def __init__(
        self,
        requests: Sequence[Request],
        batches: Batches,
        clock: Clock,
        *,
        size: int,
        along: Alongside,
    ) -> None:
        self._along = along
        self.responses: list[Response | None] = [None] * len(requests)
        self.size = size
        self._requests = requests
        self._batches = batches
        self._clock = clock
        self._halved = 0
        self._prepared = 0
        self._start_ns = 0
        # Characters tell lengths well enough; to count tokens is work of the window.
        self._order = sorted(
            range(len(requests)), key=lambda place: -len(requests[place].prompt)
        )

    def measure(self) -> None:
        """Answer all requests at the largest size that fits."""
        while True:
            try:
                self._attempt()
            except OutOfMemory:
                if self.size == 1:
                    raise
                self.size //= 2
                self._halved += 1
            else:
                return

    def facts(self) -> LoadFacts | None:
        """Describe the load; ``None`` if no request ended."""
        ended = [response for response in self.responses if response is not None]
        if not ended:
            return None
        last = max(response.timing.end_ns for response in ended)
        return LoadFacts(
            window_s=(last - self._start_ns) / NS_PER_S,
            ended=len(ended),
            failed=sum(response.generation is None for response in ended),
            before=0,
            after=0,
            in_flight=len(self._requests),
            send_lag_p99_s=None,
            loop_lag_p99_s=None,
            cpu_share=None,
            client_limited=None,
            batch=self.size,
            batching=self._batches.kind,
            batch_halved=self._halved,
            batch_prepared=self._prepared,
        )

    def compared(self, backend: Batching, seed: int) -> tuple[int | None, int | None]:
        """Ask some requests again, each alone, and compare the answers.

        Returns:
            How many answers were compared and how many differ; ``None`` for both if
            there was nothing to compare.
        """
        answered = [
            (request, response.generation.text)
            for request, response in zip(self._requests, self.responses, strict=True)
            if response is not None and response.generation is not None
            if response.generation.finish != "context"
        ]
        # random() is the one method whose sequence Python promises to keep.
        source = random.Random(f"{seed}|batches")  # noqa: S311 - no secret
        drawn = sorted(answered, key=lambda _: source.random())[:CHECKED]
        same = [
            alone.generation.text == text
            for request, text in drawn
            if (alone := ask(request, backend, self._clock)).generation is not None
        ]
        return (len(same), same.count(False)) if same else (None, None)

    def _attempt(self) -> None:
        """Answer all requests at one size, forgetting what came before."""
        self.responses = [None] * len(self._requests)
        self._along.sink.forget()
        # The shortest warm it up: to meet the longest twice would take too long.
        few = [self._requests[place] for place in self._order[-self.size :]]
        self._batches.prepare(few, self.size)
        self._prepared = len(few)
        step = len(self._order) if self._batches.own_queue else self.size
        with no_garbage():
            self._along.energy.open()
            self._start_ns = self._clock.now_ns()
            for first in range(0, len(self._order), step):
                wanted = self._order[first : first + step]
                places = [place for place in wanted if self._may_ask(place)]
                if places:
                    self._answer(places)
                if len(places) < len(wanted):
                    break
            self._along.energy.close()

    def _may_ask(self, place: int) -> bool:
        return self._along.allowance.admit(self._requests[place], place)

    def _answer(self, places: Sequence[int]) -> None:
        """Answer one batch; an error of it becomes that of each of its requests."""
        requests = [self._requests[place] for place in places]
        meters = [
            Meter(self._clock, request.stop, request.thought_tags)
            for request in requests
        ]
        for meter in meters:
            meter.start()
        generations: list[Generation | None] = [None] * len(places)
        error = None
        try:
            generations = [*self._batches.generate(requests, meters, self.size)]
        except OutOfMemory as raised:
            if self.size > 1:
                raise
            error = f"{type(raised).__name__}: {raised}"
        # Nobody was asked again alone: that would be another size in the same figure.
        except Exception as raised:  # noqa: BLE001 - whatever a library raises
            error = f"{type(raised).__name__}: {raised}"
        for place, meter, generation in zip(places, meters, generations, strict=True):
            timing = meter.timing()
            self.responses[place] = response = Response(
                generation=generation,
                timing=replace(
                    timing, start_ns=self._start_ns, sent_ns=timing.start_ns
                ),
                error=error,
            )
            self._along.sink.put(place, response)
