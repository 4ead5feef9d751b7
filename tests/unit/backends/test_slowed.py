"""A model that is made slower on purpose, on a clock that moves by script."""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.slowed import (
    Slowed,
    SlowedBatching,
    _Delay,
    _SlowMeter,
    slowed,
)
from pytest_llmlat.values import protocols
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.device_memory import DeviceMemory
from pytest_llmlat.values.errors import BadCatalogue, Unsupported
from pytest_llmlat.values.protocols import Batching, Restable, Server
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.timing import NS_PER_S
from pytest_llmlat.values.token_meter import Meter
from tests.unit.builders import a_deployment, a_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.protocols import Backend, Batches, ServedFrom
    from pytest_llmlat.values.records import Generation
    from pytest_llmlat.values.timing import Timing

REQUEST = Request(prompt="2 + 2?", chat=True, max_new_tokens=8, stop=("!",))


class Steady:
    """Works half a second for the first token and a quarter for each other."""

    remote: Literal[False] = False

    chat = True
    facts: dict[str, Scalar | None] = {"context": 64}  # noqa: RUF012 - never changed

    def __init__(self, clock: ManualClock, words: tuple[str, ...]) -> None:
        """Answer these tokens."""
        self.clock, self.words = clock, words
        self.calls: list[str] = []

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer until a stop string is there."""
        del request
        for place, word in enumerate(self.words):
            spent = 0.25 if place else 0.5
            self.clock.wait_until(self.clock.now_ns() + round(spent * NS_PER_S))
            if meter.token(word):
                break
        return meter.generation("stop", 3)

    def reset_device_peak(self) -> None:
        """Tell that it was called."""
        self.calls.append("reset")

    def device_peak_bytes(self) -> int | None:
        """Return some bytes."""
        return 7

    def close(self) -> None:
        """Tell that it was called."""
        self.calls.append("close")


class Able(Steady):
    """A model that can do all that one of this process may be able to do."""

    drafts = True
    served: ServedFrom = "none"

    def batches(self, requests: Sequence[Request], kind: str | None) -> Batches:
        """Have no way to answer these."""
        raise Unsupported(f"{kind}: {len(requests)}")

    def warm_up(self, request: Request) -> None:
        """Tell that it was called."""
        self.calls.append(f"warm up {request.max_new_tokens}")

    @contextmanager
    def undrafted(self) -> Iterator[None]:
        """Tell when it is left."""
        yield
        self.calls.append("undrafted")

    def device_memory(self) -> tuple[DeviceMemory, ...]:
        """Return what it takes of one device."""
        return (DeviceMemory(device="cpu", model_bytes=1),)

    def prepare_constraint(self, constraint: Constraint) -> None:
        """Tell that it was called."""

    def check_ranking(self) -> None:
        """Tell that it was called."""
        self.calls.append("check")

    def rank(self, request: Request) -> Generation:
        """Have no way to rank."""
        raise Unsupported(request.prompt)


ABILITIES = [
    kind
    for kind in vars(protocols).values()
    if getattr(kind, "_is_runtime_protocol", False)
    and Server not in kind.__mro__
    # Only what was started as a server can be ended for a while.
    and kind is not Restable
]
"""What a model of this process may be able to do beside answering, by its protocol."""


@pytest.mark.parametrize("ability", ABILITIES)
def test_no_ability_of_a_model_is_lost(ability: type) -> None:
    """What is asked of a model only where it can, is asked of the slower one too."""
    clock = ManualClock()
    model = replace(a_model(), options=(("slower", 0.1),))
    able = Able(clock, ("4",))

    assert isinstance(able, ability)
    assert isinstance(slowed(able, model, clock), ability)


def test_what_a_model_can_is_done_by_it() -> None:
    """Its steps are warmed up, its draft is left out, its memory is told."""
    clock = ManualClock()
    able = Able(clock, ("4",))
    slow = Slowed(able, share=0.25, clock=clock)

    slow.warm_up(REQUEST)
    with slow.undrafted():
        assert slow.drafts

    assert able.calls == ["warm up 8", "undrafted"]
    assert slow.device_memory() == able.device_memory()


def test_what_a_model_cannot_is_said_to_be_absent() -> None:
    """One without a draft, steps or known memory has none when it is slower."""
    clock = ManualClock()
    steady = Steady(clock, ("4",))
    slow = Slowed(steady, share=0.25, clock=clock)

    slow.warm_up(REQUEST)
    with slow.undrafted():
        assert not slow.drafts

    assert slow.device_memory() == ()
    assert steady.calls == []


def asked(share: float | None, *words: str) -> tuple[Generation, Timing]:
    """Return what comes of one request; ``None`` for the model as it is."""
    clock = ManualClock(1_000)
    backend: Backend = Steady(clock, words)
    if share is not None:
        backend = Slowed(backend, share=share, clock=clock)
    meter = Meter(clock, REQUEST.stop)
    meter.start()
    return backend.generate(REQUEST, meter), meter.timing()


@pytest.mark.parametrize("words", [("4",), ("It ", "is ", "4"), ("4", "", "!", "5")])
def test_it_answers_the_same(words: tuple[str, ...]) -> None:
    """Text, tokens and reason to stop are the model's own."""
    assert asked(0.5, *words)[0] == asked(None, *words)[0]


@pytest.mark.parametrize("share", [0.05, 0.5, 2.0])
def test_each_token_is_later_by_the_share(share: float) -> None:
    """Every latency is longer by it, not only that of the first token."""
    _, plain = asked(None, "It ", "is ", "4")
    _, slow = asked(share, "It ", "is ", "4")

    assert plain.ttft_s is not None
    assert plain.tpot_s is not None
    assert slow.ttft_s == pytest.approx(plain.ttft_s * (1 + share))
    assert slow.tpot_s == pytest.approx(plain.tpot_s * (1 + share))
    assert slow.e2e_s == pytest.approx(plain.e2e_s * (1 + share))
    assert slow.stamp_tokens == plain.stamp_tokens


def test_a_scripted_model_is_slower_too() -> None:
    """Its first token waits for the share; what a catalogue says is what is opened."""
    clock = ManualClock()
    options = (("answer", "4"), ("ttft_s", 0.5), ("slower", 0.1))
    model = replace(a_model(), options=options)
    backend = open_backend(a_deployment(model), clock)
    meter = Meter(clock)

    assert not backend.remote
    assert backend.generate(REQUEST, meter).text == "4"
    assert meter.timing().ttft_s == pytest.approx(0.55)


def test_the_facts_tell_it() -> None:
    """A baseline of it is never taken for one of the model as it is."""
    clock = ManualClock()
    slow = Slowed(Steady(clock, ("4",)), share=0.25, clock=clock)

    assert slow.facts == {"context": 64, "slower": 0.25}
    assert json.loads(json.dumps(dict(slow.facts)))["slower"] == 0.25


def test_all_else_is_the_models_own() -> None:
    """Memory is its memory, and it is freed."""
    clock = ManualClock()
    steady = Steady(clock, ("4",))
    slow = Slowed(steady, share=0.25, clock=clock)

    slow.reset_device_peak()
    slow.close()

    assert steady.calls == ["reset", "close"]
    assert slow.device_peak_bytes() == 7
    assert slow.chat is True


class Rows:
    """Answers all rows of a batch step by step, a quarter of a second for each step."""

    kind = "rows"

    def __init__(self, owner: Together) -> None:
        """Answer as long as the owner has words."""
        self._owner = owner
        self.own_queue = owner.own_queue

    def first_size(self, requests: Sequence[Request]) -> int:
        """Take all."""
        return len(requests)

    def prepare(self, requests: Sequence[Request], size: int) -> None:
        """Tell that it was called."""
        self._owner.calls.append(f"prepare {len(requests)} {size}")

    def generate(
        self, requests: Sequence[Request], meters: Sequence[Meter], size: int
    ) -> list[Generation]:
        """Give every row a token after each step."""
        assert len(requests) == len(meters) == size
        clock = self._owner.clock
        for word in self._owner.words:
            clock.wait_until(clock.now_ns() + NS_PER_S // 4)
            for meter in meters:
                meter.token(word)
        return [meter.generation("stop", 3) for meter in meters]

    def close(self) -> None:
        """Tell that it was called."""
        self._owner.calls.append("close rows")


class Together(Steady):
    """A model that answers many requests at once."""

    own_queue = False

    def batches(self, requests: Sequence[Request], kind: str | None) -> Batches:
        """Return the only way that there is."""
        del requests, kind
        return Rows(self)


def together(share: float | None, rows: int, *words: str) -> list[Timing]:
    """Return the times of so many rows of one batch; ``None`` for the plain model."""
    clock = ManualClock(1_000)
    backend: Batching = Together(clock, words)
    if share is not None:
        model = replace(a_model(), options=(("slower", share),))
        found = slowed(backend, model, clock)
        assert isinstance(found, Batching)
        backend = found
    meters = [Meter(clock) for _ in range(rows)]
    for meter in meters:
        meter.start()
    batches = backend.batches([REQUEST] * rows, None)
    batches.generate([REQUEST] * rows, meters, rows)
    return [meter.timing() for meter in meters]


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_a_batch_is_later_by_the_share_however_many_rows(rows: int) -> None:
    """A step is longer by it once: rows do not wait for each other's share."""
    plain = together(None, rows, "a", "b", "c")
    slow = together(0.2, rows, "a", "b", "c")

    for one, other in zip(plain, slow, strict=True):
        assert one.e2e_s is not None
        assert other.e2e_s == pytest.approx(one.e2e_s * 1.2)
        assert other.ttft_s == pytest.approx(0.25 * 1.2)


def test_a_model_that_batches_still_does_when_it_is_slowed() -> None:
    """Else it would be measured in another way, and slower by much more."""
    clock = ManualClock()
    model = replace(a_model(), options=(("slower", 0.5),))
    backend = Together(clock, ("a",))

    found = slowed(backend, model, clock)

    assert isinstance(found, Batching)
    batches = found.batches([REQUEST], None)
    batches.prepare([REQUEST], 1)
    batches.close()
    assert (batches.kind, batches.own_queue, batches.first_size([REQUEST] * 3)) == (
        *("rows", False, 3),
    )
    assert backend.calls == ["prepare 1 1", "close rows"]
    assert not isinstance(slowed(Steady(clock, ("a",)), model, clock), Batching)


def test_a_queue_that_works_ahead_is_refused() -> None:
    """Its stamps would wait, and the work behind them would not."""
    clock = ManualClock()
    backend = Together(clock, ("a",))
    backend.own_queue = True
    slow = SlowedBatching(backend, share=0.5, clock=clock)

    with pytest.raises(Unsupported, match=r"slower = 0\.5: .* 'rows' .* batching"):
        slow.batches([REQUEST], None)


def test_tokens_of_one_step_wait_once_and_share_an_instant() -> None:
    """A draft's tokens are later by a share of their step, with no gap between them."""
    clock = ManualClock()
    meter = Meter(clock)
    slow = _SlowMeter(meter, _Delay(clock, 0.5), clock)
    meter.start()
    clock.wait_until(2 * NS_PER_S)

    at_ns = slow.now_ns()
    for word in ("a", "b", "c"):
        slow.token(word, at_ns=at_ns)
    slow.together(at_ns)

    timing = meter.timing()
    assert timing.stamps_ns == (3 * NS_PER_S,)
    assert timing.stamp_tokens == (3,)


def test_a_slow_meter_is_the_models_own_in_all_else() -> None:
    """Whatever a meter can be asked is asked of the one that measures."""
    public = {name for name in vars(Meter) if not name.startswith("_")}

    assert public <= set(vars(_SlowMeter))


def test_a_model_without_the_option_is_left_alone() -> None:
    """No wrapper stands between it and its meter."""
    clock = ManualClock()
    steady = Steady(clock, ("4",))

    assert slowed(steady, a_model(), clock) is steady


@pytest.mark.parametrize(
    "share", [0, -0.1, True, False, "10%", "", math.nan, math.inf, -math.inf]
)
def test_a_bad_option_is_told(share: Scalar) -> None:
    """What is no share above 0 slows nothing, so it would try no gate."""
    clock = ManualClock()
    model = replace(a_model("mine"), options=(("slower", share),))

    with pytest.raises(BadCatalogue, match=r"'mine': option slower = .*above 0"):
        slowed(Steady(clock, ("4",)), model, clock)
