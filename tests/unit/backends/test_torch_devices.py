"""Devices that run behind the program's back are waited for before each stamp."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.huggingface.stamping import Stamper
from pytest_llmlat.backends.huggingface.torch_devices import (
    Threads,
    TorchDevice,
    dtype_of,
    spread,
    torch_device,
    usable_cards,
)
from pytest_llmlat.values.errors import BadCatalogue, DeviceAbsent, Unsupported
from pytest_llmlat.values.token_meter import Meter

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


def a_torch(
    log: Log, *, cuda: bool = True, mps: bool = True, hip: str | None = None
) -> Any:  # noqa: ANN401 - stands for a module
    """Return a stand-in for torch that notes what is asked of it."""
    return SimpleNamespace(
        __version__="2.stand-in",
        version=SimpleNamespace(hip=hip),
        bool="bool",
        full=lambda _, fill_value, **__: fill_value,
        cuda=SimpleNamespace(
            is_available=lambda: cuda,
            device_count=lambda: 2,
            get_device_name=["NVIDIA T1000", "NVIDIA RTX A6000"].__getitem__,
            synchronize=log.noting("cuda.synchronize"),
            reset_peak_memory_stats=log.noting("cuda.reset"),
            max_memory_allocated=log.noting("cuda.peak", 123),
            empty_cache=log.noting("cuda.empty"),
            mem_get_info=lambda card: (1000, 2000 + int(str(card)[-1])),
        ),
        xpu=SimpleNamespace(
            is_available=lambda: cuda,
            synchronize=log.noting("xpu.synchronize"),
            reset_peak_memory_stats=log.noting("xpu.reset"),
            max_memory_allocated=log.noting("xpu.peak", 789),
            memory_reserved=lambda _: 300,
            get_device_properties=lambda _: SimpleNamespace(total_memory=1000),
            empty_cache=log.noting("xpu.empty"),
        ),
        mps=SimpleNamespace(
            synchronize=log.noting("mps.synchronize"),
            driver_allocated_memory=log.noting("mps.memory", 456),
            empty_cache=log.noting("mps.empty"),
        ),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
    )


class Ids:
    """A tensor of the prompt and the tokens so far, read by the program as torch's."""

    device = "cpu"

    def __init__(self, log: Log, *ids: int) -> None:
        """Hold ids."""
        self.log = log
        self.ids = ids
        self.shape = (1, len(ids))

    def __getitem__(self, place: tuple[int, int]) -> int:
        """Return one id; reading it waits for the device by itself."""
        assert place[0] == 0
        self.log.calls.append("read")
        return self.ids[place[1]]


def streamed(
    device: str, *tokens: int, others: tuple[str, ...] = ()
) -> tuple[list[str], Stamper, Meter]:
    """Generate tokens after a prompt; return what happened in which order."""
    log = Log()
    meter = Meter(log)
    torch = a_torch(log)
    stamper = Stamper(
        meter,
        WORDS.__getitem__,
        TorchDevice(torch, device, others),
        frozenset({END}),
        torch,
        read=3,
    )
    log.calls.clear()
    for number in range(len(tokens)):
        stamper(Ids(log, 1, 3, 4, *tokens[: number + 1]), None)
    return log.calls, stamper, meter


@pytest.mark.parametrize(
    ("device", "wait"),
    [
        ("cuda:0", "cuda.synchronize cuda:0"),
        ("cuda:1", "cuda.synchronize cuda:1"),
        ("mps", "mps.synchronize"),
        ("xpu:0", "xpu.synchronize xpu:0"),
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


def test_every_card_of_a_spread_model_is_waited_for() -> None:
    """The last layers lie on the last card; a stamp comes after all of them."""
    calls, _, _ = streamed("cuda:1", 5, others=("cuda:0", "cuda:2"))

    assert calls == [
        "cuda.synchronize cuda:1",
        "cuda.synchronize cuda:0",
        "cuda.synchronize cuda:2",
        "read",
        "clock",
    ]


def test_a_step_after_the_end_is_void() -> None:
    """On MPS generate hears of the end one step late: that token is not stamped."""
    calls, stamper, meter = streamed("mps", 5, END, 6)

    assert calls == ["mps.synchronize", "read", "clock", "mps.synchronize", "read"]
    assert (meter.text, meter.tokens, stamper.ended) == ("Hel", 1, True)


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
    torch = SimpleNamespace(full=lambda shape, **given: (shape, given), bool="bool")
    stamper = Stamper(
        meter, WORDS.__getitem__, TorchDevice(None, "cpu"), frozenset(), torch, read=1
    )

    before = stamper(Ids(log, 1, 5), None)
    after = stamper(Ids(log, 1, 5, 6), None)

    assert before == ((1,), {"fill_value": False, "dtype": "bool", "device": "cpu"})
    assert after[1]["fill_value"] is True
    assert meter.text == "Hel"


@pytest.mark.parametrize(
    ("device", "name"),
    [
        *(("cpu", "cpu"), ("cuda", "cuda:0"), ("a6000", "cuda:1"), ("mps", "mps")),
        *(("gpu_t1000", "cuda:0"), ("xpu", "xpu:0")),
    ],
)
def test_a_marker_is_a_device_of_torch(device: str, name: str) -> None:
    """The A6000 is the CUDA device that bears its name."""
    found = torch_device(a_torch(Log()), device)

    assert found.name == name
    assert found.kind == name.partition(":")[0]


def test_an_amd_card_is_cuda_to_torch_and_no_cuda_device_of_ours() -> None:
    """A figure of it must not stand under the name of NVIDIA's, nor the reverse."""
    nvidia, amd = a_torch(Log()), a_torch(Log(), hip="6.2")

    assert torch_device(amd, "rocm").name == "cuda:0"
    with pytest.raises(DeviceAbsent, match=r"'rocm': torch .* sees no ROCm device"):
        torch_device(nvidia, "rocm")
    with pytest.raises(DeviceAbsent, match=r"'cuda': torch .* sees no CUDA device"):
        torch_device(amd, "cuda")


@pytest.mark.parametrize("device", ["hf", "endpoint", "nothing"])
def test_a_device_that_is_none_of_torch_is_refused(device: str) -> None:
    """Nothing is measured on the processor under another name."""
    with pytest.raises(DeviceAbsent, match=f"{device!r}: torch cannot compute there"):
        torch_device(a_torch(Log()), device)


def test_a_card_that_torch_does_not_see_is_absent() -> None:
    """The driver may show a card that torch may not use."""
    with pytest.raises(DeviceAbsent, match=r"'h100': torch sees .* no H100"):
        torch_device(a_torch(Log()), "h100")


@pytest.mark.parametrize("device", ["cuda", "a6000", "mps", "xpu", "rocm"])
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
        ("xpu:0", ["xpu.reset xpu:0", "xpu.peak xpu:0", "xpu.empty"], 789),
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


def test_memory_of_a_spread_model_is_that_of_all_its_cards() -> None:
    """One card's counter would flatter a model on two."""
    log = Log()
    device = TorchDevice(a_torch(log), "cuda:0", ("cuda:1",))

    device.reset_peak()

    assert device.peak_bytes() == 246
    assert device.total_bytes() == 4001
    assert log.calls == [
        *("cuda.reset cuda:0", "cuda.reset cuda:1"),
        *("cuda.peak cuda:0", "cuda.peak cuda:1"),
    ]


def test_what_is_free_on_an_intel_card_is_what_torch_has_not_taken() -> None:
    """As near as every version of torch that knows XPU can tell."""
    device = TorchDevice(a_torch(Log()), "xpu:0")

    assert (device.total_bytes(), device.free_bytes()) == (1000, 700)


@pytest.mark.parametrize("name", ["cpu", "mps"])
def test_a_size_that_is_unknown_is_none(name: str) -> None:
    """It is left out of the message."""
    assert TorchDevice(a_torch(Log()), name).total_bytes() is None


@pytest.mark.parametrize(
    ("device", "cards"), [("cuda", {0: 900, 1: 900}), ("a6000", {1: 900})]
)
def test_a_model_is_spread_over_the_cards_of_its_marker(
    device: str, cards: dict[int, int]
) -> None:
    """What runs under ``a6000`` does not compute on another card in secret."""
    assert usable_cards(a_torch(Log()), device) == cards


def test_prompts_go_to_the_card_with_the_embeddings() -> None:
    """The others come after it, each once, by torch's names."""
    model = SimpleNamespace(
        get_input_embeddings=lambda: SimpleNamespace(
            weight=SimpleNamespace(device="cuda:1")
        ),
        hf_device_map={"embed": 1, "layers.0": 1, "layers.1": 0, "head": "cpu"},
    )

    found = spread(TorchDevice(None, "cuda:0"), model)

    assert (found.name, found.others) == ("cuda:1", ("cpu", "cuda:0"))


def test_a_model_that_fits_on_one_card_may_have_no_map() -> None:
    """It is where its embeddings are, and nowhere else."""
    weight = SimpleNamespace(device="cuda:1")
    model = SimpleNamespace(get_input_embeddings=lambda: SimpleNamespace(weight=weight))

    assert spread(TorchDevice(None, "cuda:0"), model).cards == ("cuda:1",)


class Dtype:
    """A kind of number as torch has it."""

    def __init__(self, *, fractions: bool = True) -> None:
        """Hold fractions or not."""
        self.is_floating_point = fractions


def a_torch_of_numbers(error: Exception | None = None) -> Any:  # noqa: ANN401 - stands for a module
    """Return a stand-in that can or cannot multiply matrices."""

    class Matrix:
        def __matmul__(self, other: Matrix) -> Matrix:
            if error is not None:
                raise error
            return other

        def tolist(self) -> list[float]:
            return []

    return SimpleNamespace(
        __version__="2.stand-in",
        dtype=Dtype,
        bfloat16=Dtype(),
        int8=Dtype(fractions=False),
        ones=lambda *_, **__: Matrix(),
        softmax=lambda matrix, _: matrix,
    )


def test_a_dtype_that_the_device_can_do_is_found() -> None:
    """It was tried, not looked up in a table."""
    torch = a_torch_of_numbers()

    found = dtype_of("bfloat16", TorchDevice(torch, "mps"), wanted_by="model 'm'")

    assert found is torch.bfloat16


@pytest.mark.parametrize(
    ("name", "error", "kind", "told"),
    [
        ("ones", None, BadCatalogue, "dtype 'ones' is none that torch 2.stand-in"),
        ("fp16", None, BadCatalogue, "dtype 'fp16' is none that torch 2.stand-in"),
        (
            "int8",
            None,
            BadCatalogue,
            "dtype 'int8' holds no fractions; .* quantization",
        ),
        ("bfloat16", TypeError("no"), Unsupported, "device 'mps' .* 'bfloat16' \\(no"),
        ("bfloat16", RuntimeError("x"), Unsupported, "'mps' .*; use float32"),
    ],
)
def test_a_dtype_that_cannot_be_is_refused(
    name: str, error: Exception | None, kind: type[Exception], told: str
) -> None:
    """With the model, the dtype and the device."""
    device = TorchDevice(a_torch_of_numbers(error), "mps")

    with pytest.raises(kind, match=f"^model 'm': .*{told}"):
        dtype_of(name, device, wanted_by="model 'm'")


def test_threads_are_as_before_outside_of_the_block() -> None:
    """Two models that are loaded at once do not change each other's."""
    count = [4]
    torch = SimpleNamespace(
        get_num_threads=lambda: count[0],
        set_num_threads=lambda wanted: count.__setitem__(0, wanted),
    )
    threads = Threads(torch, 2)

    with threads:
        inside = count[0]

    assert (inside, count[0], threads.count) == (2, 4, 2)
    with pytest.raises(ValueError, match="broken"), threads:
        raise ValueError("broken")
    assert count[0] == 4


def test_threads_that_nobody_asked_for_are_left() -> None:
    """They are torch's own, and told in the facts."""
    threads = Threads(SimpleNamespace(get_num_threads=lambda: 3), None)

    with threads:
        assert threads.count == 3
