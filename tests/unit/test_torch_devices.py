"""Devices that run behind the program's back are waited for before each stamp."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.huggingface import Stamper
from pytest_llmlat.backends.torch_devices import TorchDevice, torch_device
from pytest_llmlat.errors import DeviceAbsent
from pytest_llmlat.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

END = 2
WORDS = {5: "Hel", 6: "lo", 7: "", 8: "é"}


class Log:
    """Notes calls in their order, and a clock that notes when it is read."""

    def __init__(self) -> None:
        """Begin empty."""
        self.calls: list[str] = []

    def noting(self, name: str, result: object = None) -> Callable[..., object]:
        """Return a function that notes its call."""

        def call(*arguments: object) -> object:
            self.calls.append(" ".join([name, *map(str, arguments)]))
            return result

        return call

    def now_ns(self) -> int:
        """Note a reading of the clock."""
        self.calls.append("clock")
        return len(self.calls)

    def wait_until(self, when_ns: int) -> None:
        """Nothing here waits."""


def a_torch(log: Log, *, cuda: bool = True, mps: bool = True) -> Any:  # noqa: ANN401 - stands for a module
    """Return a stand-in for torch that notes what is asked of it."""
    return SimpleNamespace(
        __version__="2.stand-in",
        cuda=SimpleNamespace(
            is_available=lambda: cuda,
            device_count=lambda: 2,
            get_device_name=["NVIDIA T1000", "NVIDIA RTX A6000"].__getitem__,
            synchronize=log.noting("cuda.synchronize"),
            reset_peak_memory_stats=log.noting("cuda.reset"),
            max_memory_allocated=log.noting("cuda.peak", 123),
            empty_cache=log.noting("cuda.empty"),
        ),
        mps=SimpleNamespace(
            synchronize=log.noting("mps.synchronize"),
            driver_allocated_memory=log.noting("mps.memory", 456),
            empty_cache=log.noting("mps.empty"),
        ),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
    )


class Token:
    """A tensor of token ids, read by the program as torch's are."""

    def __init__(self, log: Log, *ids: int) -> None:
        """Hold ids."""
        self.log = log
        self.ids = ids

    def flatten(self) -> tuple[int, ...]:
        """Return the ids in a row; reading them waits for the device by itself."""
        self.log.calls.append("read")
        return self.ids


def streamed(device: str, *tokens: int) -> tuple[list[str], Stamper, Meter]:
    """Stream a prompt and tokens; return what happened in which order."""
    log = Log()
    meter = Meter(log)
    stamper = Stamper(
        meter,
        WORDS.__getitem__,
        TorchDevice(a_torch(log), device),
        ends=frozenset({END}),
    )
    log.calls.clear()
    stamper.put(Token(log, 1, 3, 4))
    for token in tokens:
        stamper.put(Token(log, token))
    stamper.end()
    return log.calls, stamper, meter


@pytest.mark.parametrize(
    ("device", "wait"),
    [
        ("cuda:0", "cuda.synchronize cuda:0"),
        ("cuda:1", "cuda.synchronize cuda:1"),
        ("mps", "mps.synchronize"),
    ],
)
def test_the_device_is_waited_for_before_each_stamp(device: str, wait: str) -> None:
    """Of each token: the device is done, the token is read, the clock is read."""
    calls, _, meter = streamed(device, 5, 6)

    assert calls == [wait, "read", "clock", wait, "read", "clock"]
    assert meter.text == "Hello"


def test_the_processor_is_never_waited_for() -> None:
    """It has done what it was told when the call returns."""
    calls, _, _ = streamed("cpu", 5, 6)

    assert calls == ["read", "clock", "read", "clock"]


@pytest.mark.parametrize("device", ["cpu", "cuda:0", "mps"])
def test_the_prompt_is_no_token(device: str) -> None:
    """What ``generate`` hands over first is neither stamped nor read."""
    calls, stamper, meter = streamed(device)

    assert calls == []
    assert (meter.text, meter.tokens, stamper.ended) == ("", 0, False)


def test_an_end_token_is_no_content() -> None:
    """It is not stamped and not counted, and the answer has ended."""
    calls, stamper, meter = streamed("cpu", 5, END)

    assert calls == ["read", "clock", "read"]
    assert (meter.text, meter.tokens, stamper.ended) == ("Hel", 1, True)


def test_half_a_character_is_no_stamp() -> None:
    """Its token is counted with the one that completes it."""
    calls, _, meter = streamed("cpu", 7, 8)

    assert calls == ["read", "read", "clock"]
    assert (meter.text, meter.tokens) == ("é", 2)


def test_a_stop_string_ends_generation() -> None:
    """The criterion that ``generate`` asks after each token says so."""
    log = Log()
    meter = Meter(log, ["lo"])
    stamper = Stamper(
        meter, WORDS.__getitem__, TorchDevice(None, "cpu"), ends=frozenset()
    )
    torch = SimpleNamespace(full=lambda shape, **given: (shape, given), bool="bool")
    stopped = stamper.stopping(torch)
    ids = SimpleNamespace(shape=(1, 9), device="cpu")

    stamper.put(Token(log, 1))
    stamper.put(Token(log, 5))
    before = stopped(ids, None)
    stamper.put(Token(log, 6))
    after = stopped(ids, None)

    assert before == ((1,), {"fill_value": False, "dtype": "bool", "device": "cpu"})
    assert after[1]["fill_value"] is True
    assert meter.text == "Hel"


@pytest.mark.parametrize(
    ("device", "name"),
    [("cpu", "cpu"), ("cuda", "cuda:0"), ("a6000", "cuda:1"), ("mps", "mps")],
)
def test_a_marker_is_a_device_of_torch(device: str, name: str) -> None:
    """The A6000 is the CUDA device that bears its name."""
    found = torch_device(a_torch(Log()), device)

    assert found.name == name
    assert found.kind == name.partition(":")[0]


@pytest.mark.parametrize("device", ["cuda", "a6000", "mps"])
def test_a_build_without_the_device_says_so(device: str) -> None:
    """With the version of torch, which is what has to be replaced."""
    torch = a_torch(Log(), cuda=False, mps=False)

    with pytest.raises(DeviceAbsent, match=rf"^device '{device}': torch 2\.stand-in"):
        torch_device(torch, device)


@pytest.mark.parametrize(
    ("name", "calls", "peak"),
    [
        ("cpu", [], None),
        ("cuda:1", ["cuda.reset cuda:1", "cuda.peak cuda:1", "cuda.empty"], 123),
        ("mps", ["mps.memory", "mps.empty"], 456),
    ],
)
def test_memory_is_asked_of_the_device(
    name: str, calls: list[str], peak: int | None
) -> None:
    """A processor has no counter of its own: ``None``, not 0."""
    log = Log()
    device = TorchDevice(a_torch(log), name)

    device.reset_peak()
    found = device.peak_bytes()
    device.release()

    assert found == peak
    assert log.calls == calls
