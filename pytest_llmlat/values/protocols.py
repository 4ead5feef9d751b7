"""Protocols that rooms meet at: models, servers, and what else some of them can do."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Literal,
    Protocol,
    TypeAlias,
    TypeVar,
    runtime_checkable,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from contextlib import AbstractContextManager

    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.device_memory import DeviceMemory
    from pytest_llmlat.values.engine_facts import EngineFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.raw_answers import RawAnswer
    from pytest_llmlat.values.records import Generation, Request, Response
    from pytest_llmlat.values.token_meter import Meter

T = TypeVar("T")
ServedFrom: TypeAlias = Literal["none", "here", "elsewhere"]
"""Place of servers among the models of a cascade: there are none, all of them were
started for it on this machine, or some may be anywhere."""


class Deployed(Protocol):
    """One loaded or reachable model on one device."""

    @property
    def chat(self) -> bool:
        """Whether prompts take the chat form."""
        ...

    @property
    def facts(self) -> Mapping[str, Scalar | None]:
        """Facts that identify the model as it runs: digest, dtype, context and more."""
        ...

    def reset_device_peak(self) -> None:
        """Begin to count peak device memory anew."""
        ...

    def device_peak_bytes(self) -> int | None:
        """Return peak device memory since the reset; ``None`` where unknown."""
        ...

    def close(self) -> None:
        """Free the model and its memory, or the connections to it."""
        ...


class Backend(Deployed, Protocol):
    """A model in this process: it answers one request after the other."""

    @property
    def remote(self) -> Literal[False]:
        """``False``, which tells it from a :class:`Server`."""
        ...

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer one request, stamping each token on ``meter``.

        Tokens are chosen as its ``sampling`` says and with its ``seed``; the generation
        tells how they really were.

        No state of an earlier request shortens this one: the whole prompt is
        processed every time. Only a request that ``continues`` a conversation may
        begin where the last request left it, if that was of the same ``conversation``;
        the generation then tells its ``cached_tokens``. A prompt that leaves no room
        in the context is not cut: the answer is empty and its ``finish`` is
        ``context``.
        """
        ...


class Batches(Protocol):
    """A way of answering many requests at once on a model of this process."""

    @property
    def kind(self) -> str:
        """Name in the facts of a load, such as ``padded``."""
        ...

    @property
    def own_queue(self) -> bool:
        """Whether it takes all requests at once and itself sees who is served when."""
        ...

    def first_size(self, requests: Sequence[Request]) -> int:
        """Return the size to begin with where nobody says one: what should fit."""
        ...

    def prepare(self, requests: Sequence[Request], size: int) -> None:
        """Do unmeasured work, once before each run at a size.

        Raises:
            OutOfMemory: the device has no room for so many.
        """
        ...

    def generate(
        self, requests: Sequence[Request], meters: Sequence[Meter], size: int
    ) -> list[Generation]:
        """Answer as :meth:`Backend.generate` does, each request on its own meter.

        Args:
            requests: at most ``size`` of them unless there is a queue of its own.
            meters: one for each request; who has ended is stamped no more.
            size: how many are answered at once.

        Raises:
            OutOfMemory: the device has no room for so many. What came of these
                requests is void.
        """
        ...

    def close(self) -> None:
        """Give back what :meth:`prepare` took."""
        ...


@runtime_checkable
class Batching(Backend, Protocol):
    """A model in this process that can answer many requests at once."""

    def batches(self, requests: Sequence[Request], kind: str | None) -> Batches:
        """Return how it would answer these requests.

        Args:
            requests: all that there will be.
            kind: which way, by the name that the user gave; ``None`` for the best.

        Raises:
            LLMLatError: there is no such way, or not for these requests.
        """
        ...


@runtime_checkable
class Stepped(Backend, Protocol):
    """A model that is made of several, of which an answer may need only one."""

    @property
    def served(self) -> ServedFrom:
        """Where those of them are that are behind servers."""
        ...

    def warm_up(self, request: Request) -> None:
        """Let every one of them answer a short request, so that none is cold.

        Raises:
            Unsupported: such requests cannot be answered as it is set up.
        """


@runtime_checkable
class Drafting(Backend, Protocol):
    """A model in this process whose next tokens may be guessed by a draft."""

    @property
    def drafts(self) -> bool:
        """Whether they are."""
        ...

    def undrafted(self) -> AbstractContextManager[None]:
        """Generate without the draft inside of a block."""
        ...


@runtime_checkable
class TellingMemory(Protocol):
    """A further method of a backend that knows what its model takes, and where."""

    def device_memory(self) -> tuple[DeviceMemory, ...]:
        """Return the memory of the model, device by device, while nothing is asked."""
        ...


@runtime_checkable
class Constraining(Protocol):
    """Further methods of a backend or a server that heeds ``Request.constraint``.

    One that lacks it is never asked to hold an answer to anything.
    """

    def prepare_constraint(self, constraint: Constraint) -> None:
        """Make a schema or a grammar ready, so that no request pays for it.

        Raises:
            Unsupported: answers cannot be held to it.
            MissingExtra: the library that does it is not installed.
        """
        ...


@runtime_checkable
class Ranking(Backend, Protocol):
    """A model in this process that can say how likely given continuations are."""

    def check_ranking(self) -> None:
        """Check, before anything is measured, that it can rank.

        Raises:
            Unsupported: it cannot; says why.
        """
        ...

    def rank(self, request: Request) -> Generation:
        """Say how likely each of the request's continuations is behind its prompt.

        Nothing is generated. No state of an earlier request shortens this one. Where
        prompt and a continuation do not fit into the context, the ``finish`` is
        ``context``, and there are no likelihoods.

        Raises:
            LLMLatError: a continuation has no token of its own.
        """
        ...


class Exchange(Protocol):
    """A request that has ended, with its answer unread."""

    @property
    def end_ns(self) -> int:
        """When it ended."""
        ...

    @property
    def failed(self) -> bool:
        """Whether no whole answer came: an error or a time-out."""
        ...

    @property
    def retries(self) -> int:
        """How often it was sent again."""
        ...


E = TypeVar("E", bound=Exchange)


class Server(Deployed, Protocol[E]):
    """A model behind a network: it takes many requests at once.

    What its exchanges are, is its own: nobody reads them but itself.

    Coroutines run only inside :meth:`run`. What an answer says is found out by
    :meth:`read`, after the load, so that no parsing delays another answer's clock.
    """

    @property
    def remote(self) -> Literal[True]:
        """``True``, which tells it from a :class:`Backend`."""
        ...

    def run(self, main: Coroutine[object, object, T], *, alone: bool = False) -> T:
        """Run a coroutine to its end on this backend's own event loop.

        Args:
            main: what to run.
            alone: it has one request under way and nothing else to do.
        """
        ...

    async def connect(self, connections: int, ahead: Sequence[Request] = ()) -> None:
        """Open up to so many connections ahead; a failure shows up in an exchange.

        Begins to count anew how many requests are in flight at once.

        Args:
            connections: how many.
            ahead: requests that will be sent once each: what can be made ready of them
                is made ready now, and not beside the clock.

        Raises:
            LLMLatError: this process may not have so many open.
        """
        ...

    def most_in_flight(self) -> int:
        """Return the most requests that were sent and not yet answered at once.

        What waits to be sent again, or for a connection, is not among them.
        """
        ...

    async def exchange(self, request: Request, start_ns: int) -> E:
        """Send one request and wait for its end. Raises nothing but cancellation.

        Args:
            request: what to ask.
            start_ns: from when its latency counts: now, or its scheduled arrival.
        """
        ...

    def read(self, request: Request, exchange: E) -> Response:
        """Return the response of an exchange that this backend made."""
        ...


@runtime_checkable
class ConversationServer(Server[E], Protocol[E]):
    """A server whose answers can be read while others are under way.

    The next turn of a conversation holds the answer to the one before.
    """

    def text_of(self, request: Request, exchange: E) -> str | None:
        """Return the text of an answer, ``None`` where none came; asks nobody anything.

        It is the text of what :meth:`Server.read` returns after the load.
        """
        ...


@runtime_checkable
class RawServer(Server[E], Protocol[E]):
    """A server whose answers can be written down as they came, while others are timed.

    Its :class:`BackendKind` says how they are read again where there is no server.
    """

    def raw(self, exchange: E) -> RawAnswer | None:
        """Return an answer as it came; ``None`` for one that is not written down.

        It is called from another thread than answers are timed in, and takes some
        microseconds.
        """
        ...


@runtime_checkable
class RankingServer(Server[E], Protocol[E]):
    """A server that may say how likely given continuations are.

    An exchange about a request with continuations has ended when it has told of the
    last of them; what is read of it is as :meth:`Ranking.rank` returns it.
    """

    def check_ranking(self) -> None:
        """Check with one request, before anything is measured, that it can rank.

        Raises:
            Unsupported: it does not tell the log-probabilities of a prompt.
        """
        ...


@runtime_checkable
class ManagedServer(Server[E], Protocol[E]):
    """A server on this machine that was started for a model, and ends with it."""

    def begin_cell(self) -> None:
        """Make it ready for a cell: started anew where it has ended.

        Raises:
            LLMLatError: it does not start.
        """
        ...

    def check(self) -> None:
        """See that it still runs.

        Raises:
            LLMLatError: it has ended; shows what it printed last.
        """
        ...

    @property
    def engine(self) -> EngineFacts:
        """What is to be told of it, counted since the last :meth:`begin_cell`."""
        ...


@runtime_checkable
class Restable(Protocol):
    """A managed server that can be ended for a while, and started again."""

    def rest(self) -> None:
        """End it, so that another may have its memory; what it counted is kept."""
        ...

    def wake(self) -> bool:
        """Start it again after :meth:`rest`.

        Returns:
            Whether it had to be: it is not warm then.

        Raises:
            LLMLatError: it does not start.
        """
        ...
