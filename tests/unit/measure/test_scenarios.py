"""One request at a time, with nothing but the backend between its two stamps."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.measure.scenarios import ask, settled, single
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.records import Request

if TYPE_CHECKING:
    from collections.abc import Callable


def a_request(prompt: str = "?") -> Request:
    """Return a chat request."""
    return Request(prompt=prompt, chat=True, max_new_tokens=4)


def answering(
    answers: Callable[[Request], str], clock: ManualClock | None = None
) -> Scripted:
    """Return a backend that takes two seconds to its first token."""
    return Scripted(answers, clock=clock or ManualClock(), ttft_s=2.0)


def failing(error: BaseException) -> Callable[[Request], str]:
    """Return a script that always raises."""

    def fail(request: Request) -> str:
        del request
        raise error

    return fail


def test_a_request_is_timed() -> None:
    """The response holds the answer and when it came."""
    clock = ManualClock(5)
    response = ask(a_request(), answering(lambda _: "yes", clock), clock)

    assert response.generation is not None
    assert response.generation.text == "yes"
    assert response.timing.ttft_s == 2.0
    assert response.error is None


def test_a_backend_that_raises_gives_an_error() -> None:
    """Whatever a model library raises concerns one sample; the time was spent."""
    clock = ManualClock()

    def fail(request: Request) -> str:
        clock.wait_until(3_000_000_000)
        raise RuntimeError(request.prompt)

    response = ask(a_request("CUDA"), answering(fail, clock), clock)

    assert response.generation is None
    assert response.error == "RuntimeError: CUDA"
    assert response.timing.e2e_s == 3.0


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_passes_through(error: type[BaseException]) -> None:
    """Whoever stops the session is not taken for a model that failed."""
    with pytest.raises(error):
        ask(a_request(), answering(failing(error())), ManualClock())

    assert gc.isenabled()


def test_the_next_request_waits_for_the_one_before() -> None:
    """Nothing is asked before the answer before it was taken."""
    asked: list[str] = []

    def say(request: Request) -> str:
        asked.append(request.prompt)
        return "yes"

    responses = single(map(a_request, "abc"), answering(say), ManualClock())

    assert asked == []
    next(responses)
    assert asked == ["a"]
    assert len(list(responses)) == 2
    assert asked == ["a", "b", "c"]


def test_no_garbage_is_collected_while_the_clock_runs() -> None:
    """The collector is off in the timed region, and as it was after it."""
    seen: list[bool] = []

    def say(request: Request) -> str:
        seen.append(gc.isenabled())
        return request.prompt

    ask(a_request(), answering(say), ManualClock())

    assert seen == [False]
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    """A user who switched it off finds it so."""
    gc.disable()
    try:
        ask(a_request(), answering(lambda _: "yes"), ManualClock())

        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_was_loaded_is_set_apart_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Objects of before are not looked through; after the cell they are again."""
    calls: list[str] = []
    for name in ("collect", "freeze", "unfreeze"):
        monkeypatch.setattr(gc, name, partial(calls.append, name))

    with settled():
        assert calls == ["collect", "freeze"]

    assert calls == ["collect", "freeze", "unfreeze"]
