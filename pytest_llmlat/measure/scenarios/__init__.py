"""How samples are offered to a backend, in each scenario of ``values/scenario.py``.

``alone`` asks one after the other, ``queueing`` lets requests wait for a model of this
process that takes one at a time, ``batching`` hands them to one that answers many
together, and ``load`` keeps many in flight at a server. Under a load all responses
are handed over at its end: to grade one while others are under way would take the time
of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.measure.scenarios.alone import ask, no_garbage, settled, single
from pytest_llmlat.measure.scenarios.alongside import NOTHING_ALONG, Alongside
from pytest_llmlat.measure.scenarios.batching import (
    BatchSettings,
    batch_settings,
    in_batches,
)
from pytest_llmlat.measure.scenarios.load import offer, offer_chains
from pytest_llmlat.measure.scenarios.queueing import chains_in_turn, take_turns
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.protocols import Batching, ConversationServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmlat.measure.scenarios.batching import Batched
    from pytest_llmlat.measure.scenarios.chains import Chain
    from pytest_llmlat.measure.scenarios.queueing import Queue
    from pytest_llmlat.values.cell_facts import LoadFacts
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Request, Response
    from pytest_llmlat.values.scenario import Scenario

__all__ = [
    "Alongside",
    "BatchSettings",
    "Load",
    "ask",
    "batch_settings",
    "no_garbage",
    "settled",
    "single",
    "talks_under_load",
    "under_load",
]
_FITTING = BatchSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The responses and the facts of a load."""

    responses: tuple[Response | None, ...]
    """Response of each request, ``None`` where Ctrl-C came before its end."""
    facts: LoadFacts | None
    """Facts of the load; ``None`` where no request ended."""
    interrupted: bool
    dealt: bool = False
    """Whether several clients offered it: one may have been ahead of another."""

    @property
    def ended(self) -> list[tuple[int, Response]]:
        """The places and responses of requests that ended, in the order of sending."""
        found = [(place, one) for place, one in enumerate(self.responses) if one]
        if self.dealt:
            found.sort(key=lambda each: each[1].timing.start_ns)
        return found


def talks_under_load(  # noqa: PLR0913 - all of it is one load
    scenario: Scenario,
    chains: Sequence[Chain],
    backend: Backend | Server[Any],
    clock: Clock,
    *,
    sent: Mapping[int, Request],
    places: int,
    seed: int,
    ramp_s: float,
    uncounted: Iterator[Chain],
    along: Alongside = NOTHING_ALONG,
) -> Load:
    """Offer conversations, whose turns follow each other, in a scenario.

    They arrive as requests do in :func:`under_load`; a later turn is sent when the one
    before was answered. A model of this process answers one turn at a time.

    Args:
        scenario: any but ``single``.
        chains: the conversations that count.
        backend: whom they are put to.
        clock: read at every stamp.
        sent: the requests that count, by their places, as they are made.
        places: how many requests count.
        seed: of the arrivals.
        ramp_s: over how long the start of a closed loop is spread.
        uncounted: conversations that go before and after, without end.
        along: as for :func:`under_load`.

    Raises:
        Unsupported: the server's answers cannot be read while others are under way.
    """
    own: dict[str, Any] = {
        "places": places,
        "seed": seed,
        "uncounted": uncounted,
        "along": along,
    }
    if not backend.remote:
        return _ended(chains_in_turn(scenario, chains, backend, clock, **own))
    server = _conversation_server(backend, scenario)
    load = offer_chains(scenario, chains, server, clock, ramp_s=ramp_s, **own)
    return Load(
        responses=tuple(
            None if exchange is None else server.read(sent[place], exchange)
            for place, exchange in enumerate(load.exchanges)
        ),
        facts=load.facts(),
        interrupted=load.interrupted,
    )


def _conversation_server(
    backend: Server[Any], scenario: Scenario
) -> ConversationServer[Any]:
    """Return a server whose answers can be read while others are under way."""
    if isinstance(backend, ConversationServer):
        return backend
    raise Unsupported(
        f"scenario {scenario.name!r}: this backend cannot read an answer while"
        " others are under way, which the next turn of a conversation holds: use"
        " the scenario 'single'"
    )


def _ended(of_process: Queue | Batched) -> Load:
    """Return the load of requests to a model of this process."""
    return Load(
        responses=tuple(of_process.responses),
        facts=of_process.facts,
        interrupted=of_process.interrupted,
    )


def under_load(  # noqa: PLR0913 - all of it is one load
    scenario: Scenario,
    requests: Sequence[Request],
    backend: Backend | Server[Any],
    clock: Clock,
    *,
    seed: int,
    ramp_s: float,
    uncounted: Iterator[Request] | None = None,
    batches: BatchSettings = _FITTING,
    along: Alongside = NOTHING_ALONG,
) -> Load:
    """Offer requests in a scenario that has several under way at once.

    Args:
        scenario: any but ``single``.
        requests: those that count; others like them go before and after.
        backend: a server takes them all, a model of this process one at a time; where
            all arrive at once, it may answer them in batches.
        clock: read at every stamp.
        seed: of the arrivals, and of the answers in batches that are looked at again.
        ramp_s: over how long the first requests of a closed loop are spread, so that
            they do not move in step: about the time of one request.
        uncounted: what goes before and after at a server, without end; ``None`` for
            the same requests once more.
        batches: how large they are, and of which kind.
        along: what goes along with it.

    Raises:
        LLMLatError: no batches of this kind can be made of these requests.
    """
    own: dict[str, Any] = {"seed": seed, "along": along}
    if backend.remote:
        load = offer(
            scenario,
            requests,
            backend,
            clock,
            ramp_s=ramp_s,
            uncounted=uncounted,
            **own,
        )
        responses = tuple(
            None if exchange is None else backend.read(request, exchange)
            for request, exchange in zip(requests, load.exchanges, strict=True)
        )
        facts = load.facts()
        return Load(responses=responses, facts=facts, interrupted=load.interrupted)
    if (
        scenario.kind == "offline"
        and isinstance(backend, Batching)
        # Options are ranked one question after the other.
        and not any(request.continuations for request in requests)
    ):
        return _ended(
            in_batches(
                requests, backend, clock, settings=batches, seed=seed, along=along
            )
        )
    return _ended(take_turns(scenario, requests, backend, clock, **own))
