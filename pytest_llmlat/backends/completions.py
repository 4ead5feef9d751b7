"""Servers that speak OpenAI's chat/completions, wherever they are.

While requests are in flight nothing is parsed: :meth:`Completions.exchange` keeps the
bytes with their stamps, and :meth:`Completions.read` makes sense of them afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

from pytest_llmlat.backends.completion_counting import count
from pytest_llmlat.backends.completion_errors import Complaints, Key, is_page
from pytest_llmlat.backends.completion_reading import (
    Reading,
    model_list,
    read_stream,
    read_whole,
    said,
)
from pytest_llmlat.backends.completion_requests import (
    REJECTIONS,
    encode,
    path,
    payload,
    rejected,
    too_long,
)
from pytest_llmlat.backends.weights import package_version
from pytest_llmlat.errors import BadCatalogue, ServerUnavailable
from pytest_llmlat.http.addresses import find_proxy, parse_address
from pytest_llmlat.http.bodies import Answer, unpack
from pytest_llmlat.http.client import BUSY, Client, Outcome
from pytest_llmlat.http.dialling import Dialler
from pytest_llmlat.http.messages import EVENTS, JSON, Messages
from pytest_llmlat.http.secrets import Secrets
from pytest_llmlat.records import Generation, Response, Transport

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from pytest_llmlat.backends.completion_counting import Counted
    from pytest_llmlat.clock import Clock
    from pytest_llmlat.protocols import Exchange
    from pytest_llmlat.records import Finish, Request, TokenSource
    from pytest_llmlat.specs import Deployment, ModelSpec, Scalar

T = TypeVar("T")

DEFAULTS = {"timeout_s": 300.0, "retries": 3.0, "backoff_s": 0.5}
_CHECK_S = 30.0
_UNLISTED = (404, 405, BUSY)
"""Statuses with which a server that is well may answer when asked for its models."""
_SUCCESS = range(200, 300)
_BROKEN = ("error", "abort", "cancelled", "content_filter")
_MOST_ADAPTATIONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Which server to ask for which model, and how to be let in."""

    url: str
    weights: str | None
    """The name the server has for the model; ``None`` takes its only one."""
    key: Key | None
    no_key: str
    """What to do if the server wants a key and there is none."""
    check: bool = True
    """Whether to ask the server for its models first."""


def open_server(deployment: Deployment, clock: Clock, way: Way) -> Completions:
    """Open the way to a server and see that it is there.

    Options of the entry: ``stream`` (true), ``timeout_s`` (300, of a request with its
    retries), ``retries`` (3), ``backoff_s`` (0.5, before the first retry, doubled
    each time), ``check`` (true: ask the server for its models first).

    Raises:
        MissingExtra: httptools or tenacity is not installed.
        ServerUnavailable: it cannot be reached, does not let us in, or does not have
            the model.
        BadCatalogue: an option is not of its kind.
    """
    server = Completions(deployment, clock, way)
    try:
        server.look(check=way.check and deployment.model.option("check") is not False)
    except BaseException:
        server.close()
        raise
    return server


class Completions:
    """A model behind a server that speaks OpenAI's chat/completions."""

    def __init__(self, deployment: Deployment, clock: Clock, way: Way) -> None:
        """Prepare; nothing is sent yet."""
        model = deployment.model
        where = f"model {model.name!r}"
        address = parse_address(way.url, where=where)
        basic = address.basic
        if basic and way.key:
            raise ServerUnavailable(
                f"{where}: its address holds a user, and {way.key.source} a key; a"
                " request can carry one of them: take one away"
            )
        proxy = find_proxy(address)
        secrets = Secrets(
            *(way.key and way.key.value, address.password, proxy.password),
            *(b and b.removeprefix("Basic ") for b in (basic, proxy.basic)),
        )
        self._complaints = Complaints(
            place=address.text, secrets=secrets, key=way.key, no_key=way.no_key
        )
        self._messages = Messages(
            address,
            proxy,
            agent=f"pytest-llmlat/{package_version('pytest_llmlat') or 'unknown'}",
            authorization=f"Bearer {way.key.value}" if way.key else basic,
        )
        self._timeout_s = _number(model, "timeout_s", least=0.001)
        self._client = Client(
            Dialler(address, proxy, clock),
            clock,
            timeout_s=self._timeout_s,
            retries=int(_number(model, "retries", least=0)),
            backoff_s=_number(model, "backoff_s", least=0),
        )
        self._clock = clock
        self._model = way.weights
        self._stream = model.option("stream") is not False
        self._without: frozenset[str] = frozenset()
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
            "stream": self._stream,
            "timeout_s": self._timeout_s,
            "context": self._context,
        }

    def look(self, *, check: bool) -> None:
        """Find out whether the server is there and has the model.

        Raises:
            ServerUnavailable: it is not, has not, or does not let us in.
        """
        if not check:
            if self._model is None:
                raise ServerUnavailable(
                    f"{self._complaints.place}: no model was named; name the one that"
                    " the server is to answer with"
                )
            return
        message = self._messages.get("/models")
        outcome = self._client.run(
            self._client.send(
                message,
                self._clock.now_ns(),
                retries=0,
                timeout_s=min(_CHECK_S, self._timeout_s),
            )
        )
        answer = _unpacked(outcome)
        if outcome.last.timed_out:
            raise ServerUnavailable(self._complaints.timed_out(outcome, 0))
        trouble = outcome.last.trouble or answer.trouble
        if trouble:
            raise ServerUnavailable(self._complaints.broken(outcome, trouble))
        self._take_server(answer)
        if answer.status in _SUCCESS:
            self._take_models(answer)
        elif answer.status not in _UNLISTED:
            raise ServerUnavailable(self._complaints.status(outcome, answer))
        if self._model is None:
            raise ServerUnavailable(self._complaints.unknown_model(None))

    def reset_device_peak(self) -> None:
        """The server's memory cannot be seen from here."""

    def device_peak_bytes(self) -> int | None:
        """The server's memory cannot be seen from here."""
        return None

    def close(self) -> None:
        """Close the connections and the event loop."""
        self._client.close()

    def run(self, main: Coroutine[object, object, T]) -> T:
        """Run a coroutine to its end on this backend's own event loop."""
        return self._client.run(main)

    async def connect(self, connections: int) -> None:
        """Open up to so many connections ahead; a failure shows up in an exchange."""
        await self._client.connect(connections)

    async def exchange(self, request: Request, start_ns: int) -> Outcome:
        """Send one request and wait for its end. Raises nothing but cancellation."""
        body = self._body(request)
        outcome = await self._client.send(self._message(request, body), start_ns)
        if outcome.last.status not in REJECTIONS:
            return outcome
        for _ in range(_MOST_ADAPTATIONS):
            # Parsing now delays other stamps; it is done once for a server's whims,
            # as a rule in the warm-up.
            answer = _unpacked(outcome)
            words = said(answer.body)
            name = rejected(answer.status, words, body, self._without)
            if name is None:
                return outcome
            self._without |= {name}
            body = self._body(request)
            outcome = await self._client.send(
                self._message(request, body),
                start_ns,
                after=(outcome, f"{answer.status} {name}"),
            )
        return outcome

    def read(self, request: Request, exchange: Exchange) -> Response:
        """Say what came of an exchange that this backend made."""
        outcome = cast("Outcome", exchange)
        answer = _unpacked(outcome)
        reading = self._reading(answer)
        counted = count(reading, request, self._clock)
        timing = replace(
            counted.meter.timing(),
            start_ns=outcome.start_ns,
            end_ns=outcome.end_ns,
            sent_ns=outcome.sent_ns,
            spread_tokens=counted.spread_tokens,
        )
        if not reading.pieces:
            # What did not come as a stream has no stamps.
            timing = replace(timing, stamps_ns=(), stamp_tokens=())
        error = self._error(outcome, answer, reading, counted)
        context = not outcome.last.timed_out and too_long(
            answer.status, said(answer.body)
        )
        if context:
            error = None
        return Response(
            generation=None
            if error
            else self._generation(reading, counted, context=context),
            timing=timing,
            error=error,
            timed_out=bool(error) and outcome.last.timed_out,
            transport=self._transport(outcome, answer, reading),
        )

    def _body(self, request: Request) -> dict[str, object]:
        return payload(
            request,
            model=self._model or "",
            stream=self._stream,
            without=self._without,
        )

    def _message(self, request: Request, body: dict[str, object]) -> bytes:
        accept = EVENTS if self._stream else JSON
        return self._messages.post(path(request), encode(body), accept=accept)

    def _reading(self, answer: Answer) -> Reading:
        if answer.status not in _SUCCESS:
            return Reading()
        kind = answer.headers.get("content-type", "").lower()
        if "event-stream" in kind:
            return read_stream(answer.parts)
        body = answer.body.lstrip()
        if JSON not in kind and body.startswith((b"data:", b"event:", b":", b"id:")):
            return read_stream(answer.parts)
        return read_whole(body)

    def _error(
        self, outcome: Outcome, answer: Answer, reading: Reading, counted: Counted
    ) -> str | None:
        """Return what went wrong, ``None`` if the answer is whole."""
        if reading.done and not reading.error and answer.parts:
            trouble = None
        elif outcome.last.timed_out:
            return self._complaints.timed_out(outcome, reading.texts)
        elif answer.status is None or answer.trouble:
            trouble = answer.trouble or outcome.last.trouble or "nothing was answered"
        elif answer.status not in _SUCCESS:
            return self._complaints.status(outcome, answer)
        elif is_page(answer):
            return self._complaints.page()
        elif reading.error and outcome.last.complete:
            trouble = reading.error
        elif reading.finish:
            trouble = None
        else:
            came = f"{reading.texts} pieces of text"
            trouble = f"the answer was cut off after {came}, without a word of its end"
        if trouble is None and (reading.finish in _BROKEN) and not counted.stopped:
            trouble = f"the server gave the answer up: {reading.finish}"
        if trouble is None:
            return None
        return self._complaints.broken(outcome, self._complaints.secrets.brief(trouble))

    def _generation(
        self, reading: Reading, counted: Counted, *, context: bool
    ) -> Generation:
        finish: Finish = "stop"
        if context:
            finish = "context"
        elif reading.finish in ("length", "max_tokens") and not counted.stopped:
            finish = "length"
        source: TokenSource | None = None if counted.output_tokens is None else "usage"
        return Generation(
            text=self._complaints.secrets.hide_in_answer(counted.meter.text),
            finish=finish,
            prompt_tokens=counted.prompt_tokens,
            output_tokens=counted.output_tokens,
            token_source=source,
        )

    def _transport(
        self, outcome: Outcome, answer: Answer, reading: Reading
    ) -> Transport:
        last = outcome.last
        name = answer.headers.get("x-request-id") or reading.id
        return Transport(
            request_id=self._complaints.secrets.brief(name) if name else None,
            status=answer.status,
            reused=last.reused,
            dns_s=last.dns_s,
            connect_s=last.connect_s,
            tls_s=last.tls_s,
            retries=len(outcome.retried_for),
            retried_for=outcome.retried_for,
        )

    def _take_server(self, answer: Answer) -> None:
        if name := answer.headers.get("server"):
            self._server = self._complaints.secrets.brief(name)

    def _take_models(self, answer: Answer) -> None:
        """Check the model's name against the server's list, or take the only one."""
        if is_page(answer):
            raise ServerUnavailable(self._complaints.page())
        entries = model_list(answer.body)
        if not entries:
            return
        names = [entry["id"] for entry in entries]
        self._complaints = replace(self._complaints, models=names)
        if self._model is None and len(names) == 1:
            self._model = names[0]
        # Ollama lists what it calls NAME also as NAME:latest.
        known = [name for name in names if name.removesuffix(":latest") == self._model]
        if self._model not in (*names, *known):
            raise ServerUnavailable(self._complaints.unknown_model(self._model))
        entry = entries[names.index(known[0] if known else str(self._model))]
        context = entry.get("max_model_len")
        self._context = context if type(context) is int else None


def _unpacked(outcome: Outcome) -> Answer:
    last = outcome.last
    return unpack(last.stamps, last.sizes, last.data)


def _number(model: ModelSpec, key: str, *, least: float) -> float:
    value = model.option(key, DEFAULTS[key])
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (number and float(value) >= least):  # type: ignore[arg-type]
        raise BadCatalogue(
            f"model {model.name!r}: option {key} = {value!r}: must be a number of at"
            f" least {least:g}"
        )
    return float(value)  # type: ignore[arg-type]
