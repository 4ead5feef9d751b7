"""Servers that speak OpenAI's chat/completions, wherever they are.

While requests are in flight nothing is parsed: :meth:`Completions.exchange` keeps the
bytes with their stamps, and :meth:`Completions.read` makes sense of them afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

from pytest_llmlat.backends.completions.complaints import Complaints
from pytest_llmlat.backends.completions.constraint_fields import DEFAULT, way_of
from pytest_llmlat.backends.completions.constraint_probe import ConstraintProbe
from pytest_llmlat.backends.completions.echoed_likelihoods import first_probe
from pytest_llmlat.backends.completions.entrance import find_entrance
from pytest_llmlat.backends.completions.instants import by_instant
from pytest_llmlat.backends.completions.listed_models import listed_model
from pytest_llmlat.backends.completions.prompt_cache import PromptCache
from pytest_llmlat.backends.completions.prompt_watch import PromptWatch
from pytest_llmlat.backends.completions.ranked_responses import (
    check_echo,
    in_turn,
    ranked_response,
    ranking_bodies,
    second_probe,
)
from pytest_llmlat.backends.completions.raw_requests import raw_answer
from pytest_llmlat.backends.completions.request_writer import RequestWriter
from pytest_llmlat.backends.completions.requests import (
    REJECTIONS,
    rejected,
    sampling_asked,
)
from pytest_llmlat.backends.completions.sent_requests import SentRequest, sent_headers
from pytest_llmlat.backends.completions.server_answers import (
    first_text,
    lasts,
    respond,
    says_its_end,
    unpacked,
)
from pytest_llmlat.backends.completions.server_settings import (
    is_checked,
    is_probed,
    server_settings,
    stays_awake,
)
from pytest_llmlat.backends.completions.server_words import said
from pytest_llmlat.backends.completions.tally import TokenCounter
from pytest_llmlat.backends.transport.client import SUCCESS, Client
from pytest_llmlat.backends.transport.dialling import Dialler
from pytest_llmlat.backends.transport.retrying import BUSY
from pytest_llmlat.values.confidential import ConfidentialTable
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from pytest_llmlat.backends.completions.server_way import Way
    from pytest_llmlat.backends.transport.bodies import HttpResponse
    from pytest_llmlat.backends.transport.client import EndedRequest
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import Deployment, Scalar
    from pytest_llmlat.values.raw_answers import RawAnswer
    from pytest_llmlat.values.records import Request, Response

T = TypeVar("T")

_CHECK_S = 30.0
_UNLISTED = (404, 405, BUSY, 500, 501)
"""Statuses with which a server that is well may answer when asked for its models:
transformers' own breaks on it where it finds no hub cache."""
_FORBIDDEN = 403
"""A key may be good for answers alone; whether it is, the first answer tells."""
_LOADING = 503
"""What llama.cpp's server and others say while they load the model."""
_MOST_ADAPTATIONS = 4


def open_server(deployment: Deployment, clock: Clock, way: Way) -> Completions:
    """Open the way to a server and see that it is there.

    Its entry may set what ``entry_options`` declares.

    Raises:
        MissingExtra: httptools or tenacity is not installed.
        ServerUnavailable: it cannot be reached, does not let us in, or does not have
            the model.
        BadCatalogue: an option is not of its kind.
    """
    server = Completions(deployment, clock, way)
    try:
        model = deployment.model
        check = way.check and is_checked(model)
        server.look(check=check)
        if is_probed(model, checked=check):
            server.probe()
    except BaseException:
        server.close()
        raise
    return server


class Completions:
    """A model behind a server that speaks OpenAI's chat/completions."""

    remote: Literal[True] = True

    def __init__(self, deployment: Deployment, clock: Clock, way: Way) -> None:
        """Prepare; nothing is sent yet."""
        model = deployment.model
        entrance = find_entrance(model, way)
        address, secrets = entrance.address, entrance.secrets
        self._complaints = Complaints(
            place=address.text,
            secrets=secrets,
            key=way.key,
            no_key=sent_headers(entrance.shown) or way.no_key,
        )
        self._messages = entrance.messages
        self._headers = ", ".join(entrance.shown) or None
        self._settings = settings = server_settings(model)
        self._client = Client(
            Dialler(
                address,
                entrance.proxy,
                clock,
                is_whole=says_its_end,
                limits=settings.limits,
            ),
            clock,
            timeout_s=settings.timeout_s,
            retries=settings.retries,
            backoff_s=settings.backoff_s,
            secrets=secrets,
            is_final=lasts,
            alive=way.alive,
        )
        self._clock = clock
        self._model = entrance.weights
        self._tally = TokenCounter(self._beside, lambda: self._model)
        self._extra = settings.extra_body
        self._without: frozenset[str] = frozenset()
        self._probe = ConstraintProbe(way_of(model))
        self._kept = PromptCache(model)
        self._writer = RequestWriter(
            model,
            messages=self._messages,
            settings=settings,
            probe=self._probe,
            kept=self._kept,
            named=lambda: self._model,
            place=address.text,
        )
        self._watch = PromptWatch(self._client, self._messages, clock)
        self._awake = stays_awake(model, address)
        self._server: str | None = None
        self._context: int | None = None
        self.chat = model.chat is not False

    def __repr__(self) -> str:
        """Name the model and the address, never the key."""
        return f"<Completions {self._model} at {self._complaints.place}>"

    @property
    def facts(self) -> Mapping[str, Scalar | None]:
        """What identifies the model as it is served."""
        return {
            "library": "http",
            "url": self._complaints.place,
            "model": self._model,
            "server": self._server,
            "chat": self.chat,
            "stream": self._settings.stream,
            "awake": self._awake,
            "timeout_s": self._settings.timeout_s,
            "extra_body": self._settings.shown_extra_body,
            "context": self._context,
            "headers": self._headers,
            "structured_by": None if self._probe.way == DEFAULT else self._probe.way,
            "left_out": ", ".join(sorted(self._without)) or None,
            **self._kept.facts,
        }

    def look(self, *, check: bool) -> None:
        """Find out whether the server is there and has the model.

        Raises:
            ServerUnavailable: it is not, has not, or does not let us in.
        """
        if not check:
            if self._model is None:
                raise ServerUnavailable(self._complaints.unnamed())
            return
        outcome = self._models(retries=0)
        answer = unpacked(outcome)
        if answer.status == _LOADING:
            outcome = self._models(retries=None)
            answer = unpacked(outcome)
        if outcome.last.timed_out:
            raise ServerUnavailable(self._complaints.timed_out(outcome, 0))
        trouble = outcome.last.trouble or answer.trouble
        if trouble:
            raise ServerUnavailable(self._complaints.broken(outcome, trouble))
        self._take_server(answer)
        if answer.status in SUCCESS:
            found = listed_model(answer, self._complaints, self._model)
            self._complaints, self._model = found.complaints, found.model
            self._context = found.context
        elif answer.status not in _UNLISTED and not (
            answer.status == _FORBIDDEN and self._model is not None
        ):
            raise ServerUnavailable(self._complaints.status(outcome, answer))
        if self._model is None:
            raise ServerUnavailable(self._complaints.no_list(answer))

    def probe(self) -> None:
        """Find out whether the server keeps prompts, and what keeps that off."""
        self._watch.find()
        self._kept.find_out(self._ask, chat=self.chat)

    def _models(self, *, retries: int | None) -> EndedRequest:
        """Ask for the list of models, and once more as often as is said."""
        return self._client.run(
            self._client.send(
                self._messages.get("/models"),
                self._clock.now_ns(),
                retries=retries,
                timeout_s=min(_CHECK_S, self._settings.timeout_s),
            )
        )

    def prepare_constraint(self, constraint: Constraint) -> None:
        """See that the server heeds such a schema or grammar.

        Raises:
            Unsupported: it does not.
        """
        self._probe.check(constraint, partial(self._ask, alone=True), chat=self.chat)

    def _ask(self, request: Request, *, alone: bool = False) -> Response:
        sent = self.run(self.exchange(request, self._clock.now_ns()), alone=alone)
        return self.read(request, sent)

    def reset_device_peak(self) -> None:
        """The server's memory cannot be seen from here."""

    def device_peak_bytes(self) -> int | None:
        """The server's memory cannot be seen from here."""
        return None

    def close(self) -> None:
        """Close the connections and the event loop."""
        self._client.close()

    def run(self, main: Coroutine[object, object, T], *, alone: bool = False) -> T:
        """Run a coroutine to its end on this backend's own event loop."""
        return self._client.run(main, awake=alone and self._awake)

    async def connect(self, connections: int, ahead: Sequence[Request] = ()) -> None:
        """Open up to so many connections ahead; a failure shows up in an exchange.

        Args:
            connections: how many.
            ahead: requests that will be sent once each, which are written now.

        Raises:
            Unsupported: this process may not have so many open.
        """
        self._writer.write_ahead(ahead, self._without)
        await self._client.connect(connections)

    def most_in_flight(self) -> int:
        """Return the most requests that were sent and not yet answered at once."""
        return self._client.most_in_flight

    def check_ranking(self) -> None:
        """Ask once how likely a text is, before anything is measured.

        Raises:
            Unsupported: the server does not say.
        """
        now, body = (
            self._clock.now_ns,
            first_probe(self._model or "", self._extra),
        )
        (written,) = self.run(in_turn(self._client, self._messages, [body], now()))
        probe = second_probe(written, self._complaints)
        found = self.run(self.exchange(probe, now()))
        check_echo(written, self.read(probe, found))

    async def exchange(self, request: Request, start_ns: int) -> SentRequest:
        """Send one request and wait for its end. Raises nothing but cancellation."""
        sent = partial(
            SentRequest, again=self._kept.sent(request), number=self._watch.sent()
        )
        if request.continuations:
            bodies = ranking_bodies(request, self._model or "", self._extra)
            *earlier, last = await in_turn(
                self._client, self._messages, bodies, start_ns
            )
            return sent(outcome=last, body=ConfidentialTable(), earlier=tuple(earlier))
        body, message = self._writer.written(request, self._without)
        outcome = await self._client.send(message, start_ns)
        if outcome.last.status not in REJECTIONS:
            return sent(outcome=outcome, body=body)
        without = self._without
        for _ in range(_MOST_ADAPTATIONS):
            # Parsing now delays other stamps; it is done once for a server's whims,
            # as a rule in the warm-up.
            answer = unpacked(outcome)
            words = said(answer.body)
            name = rejected(answer.status, words, body, without)
            if name is None:
                break
            without |= {name}
            body, message = self._writer.written(request, without)
            outcome = await self._client.send(
                message,
                start_ns,
                after=(outcome, f"{answer.status} {name}"),
            )
        if outcome.last.status in SUCCESS:
            # What did not help is sent again next time: it was not the parameter.
            self._without |= without
        return sent(outcome=outcome, body=body)

    def read(self, request: Request, exchange: SentRequest) -> Response:
        """Say what came of an exchange that this backend made.

        Where the server did not count the answer's tokens, it is asked to now.
        """
        if request.continuations:
            sent = (*exchange.earlier, exchange.outcome)
            return ranked_response(request, sent, self._clock, self._complaints)
        response = respond(request, exchange.outcome, self._clock, self._complaints)
        if response.generation is not None:
            sampling = sampling_asked(exchange.body)
            told = replace(response.generation, sampling=sampling)
            response = replace(response, generation=told)
            if told.thoughts or told.cut_in_thought:
                # A server ends thoughts at stop strings too. The warm-up shows that it
                # thinks: from then on they are applied on reading alone.
                self._without |= {"stop"}
        response = self._watch.told(response, exchange.number)
        response = self._kept.checked(request, response, again=exchange.again)
        begun = partial(first_text, request, exchange.outcome, self._clock)
        response = self._tally.completed(response, begun)
        return replace(response, timing=by_instant(response.timing))

    def raw(self, exchange: SentRequest) -> RawAnswer | None:
        """Return an answer as it came, ``None`` where continuations were ranked."""
        return raw_answer(exchange, self._complaints.secrets)

    def text_of(self, request: Request, exchange: SentRequest) -> str | None:
        """Return the text of an answer, ``None`` where none came; asks nobody."""
        found = respond(request, exchange.outcome, self._clock, self._complaints)
        generation = found.generation
        told = generation is not None and generation.finish != "context"
        return generation.text if generation is not None and told else None

    def _beside(self, path: str, body: bytes) -> EndedRequest:
        return self._client.run(
            self._client.send(
                self._messages.beside(path, body), self._clock.now_ns(), retries=0
            )
        )

    def _take_server(self, answer: HttpResponse) -> None:
        if name := answer.headers.get("server"):
            self._server = self._complaints.secrets.brief(name)
