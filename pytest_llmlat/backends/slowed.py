"""A model of this process made slower on purpose, to try a gate before trusting it.

Any entry of the catalogue may have the option ``slower``: with 0.1 every piece of time
that the model takes until a token is followed by a tenth of it; in a batch, the time of
a step is lengthened once and not for each of its rows. What it answers is the same, so
a gate should report its latency and nothing else.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Literal

from pytest_llmlat.backends.constraints import make_ready
from pytest_llmlat.backends.settings_check import given
from pytest_llmlat.backends.shared_options import SLOWER
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.protocols import (
    Batching,
    Drafting,
    Ranking,
    Stepped,
    TellingMemory,
)
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.device_memory import DeviceMemory
    from pytest_llmlat.values.entities import ModelSpec, Scalar
    from pytest_llmlat.values.protocols import Backend, Batches, ServedFrom
    from pytest_llmlat.values.records import Finish, Generation, Request
    from pytest_llmlat.values.sampling import Sampling
    from pytest_llmlat.values.thought_tags import ThoughtTags
    from pytest_llmlat.values.timing import Timing

OPTION = SLOWER.name


def slowed(backend: Backend, model: ModelSpec, clock: Clock) -> Backend:
    """Return the backend, slower if its entry says so.

    Raises:
        BadCatalogue: the option is no share above 0.
    """
    share = share_of(model)
    if share is None:
        return backend
    if isinstance(backend, Batching):
        return SlowedBatching(backend, share=share, clock=clock)
    return Slowed(backend, share=share, clock=clock)


def share_of(model: ModelSpec) -> float | None:
    """Return by which share an entry's model is to be slower, ``None`` if by none.

    Raises:
        BadCatalogue: the option is no share above 0.
    """
    share = given(model, SLOWER)
    return None if share is None else float(share)


class _Delay:
    """Waits for a share of the time since it last waited."""

    def __init__(self, clock: Clock, share: float) -> None:
        self._clock = clock
        self._share = share
        self._last = clock.now_ns()

    def wait(self) -> None:
        """Wait until what came since the last wait has taken longer by the share."""
        now = self._clock.now_ns()
        self._clock.wait_until(now + round((now - self._last) * self._share))
        self._last = self._clock.now_ns()


class Slowed:
    """A backend whose every token takes longer by a share.

    What a model may be able to do beside answering, it passes on: a model that cannot
    is told of as such by what it says, and not by a method that is missing.
    """

    remote: Literal[False] = False

    def __init__(self, backend: Backend, *, share: float, clock: Clock) -> None:
        """Wrap a loaded model."""
        self._backend = backend
        self._share = share
        self._clock = clock
        self.chat = backend.chat
        self.facts: Mapping[str, Scalar | None] = {**backend.facts, OPTION: share}

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer as the model does, later."""
        delay = _Delay(self._clock, self._share)
        return self._backend.generate(request, _SlowMeter(meter, delay, self._clock))

    def prepare_constraint(self, constraint: Constraint) -> None:
        """Make a schema or a grammar ready, if the model can.

        Raises:
            Unsupported: it cannot.
        """
        make_ready(self._backend, constraint)

    def warm_up(self, request: Request) -> None:
        """Warm up every step of a model that is made of several."""
        if isinstance(self._backend, Stepped):
            self._backend.warm_up(request)

    @property
    def served(self) -> ServedFrom:
        """Where steps of it are that are behind servers: none of one model is."""
        found = self._backend
        return found.served if isinstance(found, Stepped) else "none"

    @property
    def drafts(self) -> bool:
        """Whether a draft guesses the model's next tokens."""
        return isinstance(self._backend, Drafting) and self._backend.drafts

    def undrafted(self) -> AbstractContextManager[None]:
        """Generate without the draft inside of a block; as ever where there is none."""
        found = self._backend
        return found.undrafted() if isinstance(found, Drafting) else nullcontext()

    def device_memory(self) -> tuple[DeviceMemory, ...]:
        """Return the model's memory, device by device; empty where nobody tells."""
        found = self._backend
        return found.device_memory() if isinstance(found, TellingMemory) else ()

    def check_ranking(self) -> None:
        """See that the model can rank.

        Raises:
            Unsupported: it cannot.
        """
        if not isinstance(self._backend, Ranking):
            raise Unsupported("its backend cannot tell how likely a given text is")
        self._backend.check_ranking()

    def rank(self, request: Request) -> Generation:
        """Say what the model says, later.

        Raises:
            Unsupported: it cannot rank.
        """
        if not isinstance(self._backend, Ranking):
            raise Unsupported("its backend cannot tell how likely a given text is")
        delay = _Delay(self._clock, self._share)
        found = self._backend.rank(request)
        delay.wait()
        return found

    def reset_device_peak(self) -> None:
        """Begin to count peak device memory anew."""
        self._backend.reset_device_peak()

    def device_peak_bytes(self) -> int | None:
        """Return peak device memory since the reset."""
        return self._backend.device_peak_bytes()

    def close(self) -> None:
        """Free the model."""
        self._backend.close()


class SlowedBatching(Slowed):
    """A backend that answers many requests at once, every step later by a share."""

    def __init__(self, backend: Batching, *, share: float, clock: Clock) -> None:
        """Wrap a loaded model."""
        super().__init__(backend, share=share, clock=clock)
        self._batching = backend

    def batches(self, requests: Sequence[Request], kind: str | None) -> Batches:
        """Return how these requests would be answered together, later.

        Raises:
            Unsupported: the model would work ahead of its tokens, and none would be
                later by the share.
        """
        found = self._batching.batches(requests, kind)
        if found.own_queue:
            found.close()
            raise Unsupported(
                f"option {OPTION} = {self._share}: batches of kind {found.kind!r} are"
                " made ahead of their tokens and cannot be slowed; name another kind"
                " by the option batching, such as 'padded'"
            )
        return SlowBatches(found, share=self._share, clock=self._clock)


class SlowBatches:
    """Batches whose every step takes longer by a share."""

    own_queue = False

    def __init__(self, batches: Batches, *, share: float, clock: Clock) -> None:
        """Wrap the batches of a loaded model."""
        self._batches = batches
        self._share = share
        self._clock = clock
        self.kind = batches.kind

    def first_size(self, requests: Sequence[Request]) -> int:
        """Return how many to answer at once where nobody says."""
        return self._batches.first_size(requests)

    def prepare(self, requests: Sequence[Request], size: int) -> None:
        """Do what need not be measured."""
        self._batches.prepare(requests, size)

    def generate(
        self, requests: Sequence[Request], meters: Sequence[Meter], size: int
    ) -> list[Generation]:
        """Answer as the model does, later; the rows of a step wait together."""
        delay = _Delay(self._clock, self._share)
        slow = [_SlowMeter(meter, delay, self._clock) for meter in meters]
        return self._batches.generate(requests, slow, size)

    def close(self) -> None:
        """Give back what :meth:`prepare` took."""
        self._batches.close()


class _SlowMeter(Meter):
    """Waits before it hands a token on; all else is the meter's that it stands for."""

    __slots__ = ("_delay", "_meter")

    def __init__(self, meter: Meter, delay: _Delay, clock: Clock) -> None:
        super().__init__(clock)
        self._meter = meter
        self._delay = delay

    def start(self) -> None:
        self._meter.start()

    def token(self, text: str, tokens: int = 1, *, at_ns: int | None = None) -> bool:
        """Stamp a token, after a share of the time that it took.

        Those of one step have waited when their instant was asked for.
        """
        if at_ns is None:
            self._delay.wait()
        return self._meter.token(text, tokens, at_ns=at_ns)

    def now_ns(self) -> int:
        """Return the instant of a step's tokens, after a share of its time."""
        self._delay.wait()
        return self._meter.now_ns()

    def together(self, at_ns: int) -> None:
        self._meter.together(at_ns)

    def take_over(self, timing: Timing, answer: Generation) -> None:
        self._meter.take_over(timing, answer)

    def reasoning(
        self, text: str = "", tokens: int = 0, *, at_ns: int | None = None
    ) -> None:
        self._meter.reasoning(text, tokens, at_ns=at_ns)

    def prompted(self, rendered: str) -> None:
        self._meter.prompted(rendered)

    def overdue(self, budget: int) -> bool:
        return self._meter.overdue(budget)

    def end_thought(self) -> None:
        self._meter.end_thought()

    @property
    def within(self) -> ThoughtTags | None:
        return self._meter.within

    @property
    def thinking(self) -> bool:
        return self._meter.thinking

    @property
    def answering(self) -> bool:
        return self._meter.answering

    @property
    def thought_began(self) -> bool:
        return self._meter.thought_began

    @property
    def thoughts(self) -> str | None:
        return self._meter.thoughts

    @property
    def thought_tokens(self) -> int | None:
        return self._meter.thought_tokens

    @property
    def text(self) -> str:
        return self._meter.text

    @property
    def tokens(self) -> int:
        return self._meter.tokens

    def generation(
        self,
        finish: Finish,
        prompt_tokens: int,
        *,
        rendered: str | None = None,
        sampling: Sampling | None = None,
    ) -> Generation:
        return self._meter.generation(
            finish, prompt_tokens, rendered=rendered, sampling=sampling
        )

    def timing(self) -> Timing:
        return self._meter.timing()
