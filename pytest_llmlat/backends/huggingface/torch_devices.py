"""What a clock must know of a torch device: CPU, CUDA, MPS and XPU behind one face.

A model that is spread over several cards has one device too: what is asked of it is
asked of each card. AMD's cards are CUDA to torch.

All but the CPU run behind the program's back; a stamp that closes a span is read only
after :meth:`TorchDevice.synchronize`. All calls are looked up on ``torch`` itself, so
that their order can be tested with a stand-in where no such device exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.machine.device_table import find_device
from pytest_llmlat.values.errors import BadCatalogue, DeviceAbsent, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.machine.device_table import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How torch is asked of devices of one kind; ``None`` where it cannot be.

    Each takes the module and the name of one card. A kind whose devices have no
    numbers has one device.
    """

    most_rows: int
    """The most rows of a padded batch where nobody says. On a CPU the fastest batch is
    not the largest: it lasts until its longest answer has ended; and a system that runs
    out of memory ends the process rather than complain. To try sizes would take longer
    than many a cell, and give another one on each day: so it is a constant, and an
    option. (Seen on two cores: 24 equally long answers in one batch took a tenth less
    processor time than in 16 and 8.)"""
    synchronize: Callable[[Any, str], None] | None = None
    reset_peak: Callable[[Any, str], None] | None = None
    peak_bytes: Callable[[Any, str], int] | None = None
    taken_bytes: Callable[[Any, str], int] | None = None
    total_bytes: Callable[[Any, str], int] | None = None
    free_bytes: Callable[[Any, str], int] | None = None
    release: Callable[[Any], None] | None = None


HANDLING: Mapping[str, Handling] = {
    "cpu": Handling(most_rows=32),
    "cuda": Handling(
        most_rows=64,
        synchronize=lambda torch, card: torch.cuda.synchronize(card),
        reset_peak=lambda torch, card: torch.cuda.reset_peak_memory_stats(card),
        peak_bytes=lambda torch, card: torch.cuda.max_memory_allocated(card),
        taken_bytes=lambda torch, card: torch.cuda.memory_allocated(card),
        total_bytes=lambda torch, card: torch.cuda.mem_get_info(card)[1],
        free_bytes=lambda torch, card: torch.cuda.mem_get_info(card)[0],
        release=lambda torch: torch.cuda.empty_cache(),
    ),
    # MPS has no peak counter; what its driver holds for this process at the end is the
    # nearest it offers, since it does not give memory back on its own.
    "mps": Handling(
        most_rows=32,
        synchronize=lambda torch, _: torch.mps.synchronize(),
        peak_bytes=lambda torch, _: torch.mps.driver_allocated_memory(),
        taken_bytes=lambda torch, _: torch.mps.current_allocated_memory(),
        free_bytes=lambda torch, _: (
            torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        ),
        release=lambda torch: torch.mps.empty_cache(),
    ),
    # What is free is not told by every version of torch that knows XPU.
    "xpu": Handling(
        most_rows=64,
        synchronize=lambda torch, card: torch.xpu.synchronize(card),
        reset_peak=lambda torch, card: torch.xpu.reset_peak_memory_stats(card),
        peak_bytes=lambda torch, card: torch.xpu.max_memory_allocated(card),
        taken_bytes=lambda torch, card: torch.xpu.memory_allocated(card),
        total_bytes=lambda torch, card: (
            torch.xpu.get_device_properties(card).total_memory
        ),
        free_bytes=lambda torch, card: (
            torch.xpu.get_device_properties(card).total_memory
            - torch.xpu.memory_reserved(card)
        ),
        release=lambda torch: torch.xpu.empty_cache(),
    ),
}
"""Handling of each kind of device, by torch's name."""


@dataclass(frozen=True, slots=True)
class TorchDevice:
    """A device as torch names it, ``cpu``, ``cuda:1`` or ``mps``."""

    torch: Any
    name: str
    """Device of the embeddings, where prompts go."""
    others: tuple[str, ...] = ()
    """Further cards of the same kind that hold a part of the model."""

    @property
    def kind(self) -> str:
        """``cpu``, ``cuda``, ``mps`` or ``xpu``."""
        return self.name.partition(":")[0]

    @property
    def cards(self) -> tuple[str, ...]:
        """Every device that holds a part of the model."""
        return (self.name, *self.others)

    @property
    def most_rows(self) -> int:
        """The most rows of a padded batch where nobody says."""
        return HANDLING[self.kind].most_rows

    def synchronize(self) -> None:
        """Wait until everything that was asked of the device is done."""
        if (wait := HANDLING[self.kind].synchronize) is not None:
            for card in self.cards:
                wait(self.torch, card)

    def reset_peak(self) -> None:
        """Begin to count peak memory anew, where the device can."""
        if (reset := HANDLING[self.kind].reset_peak) is not None:
            for card in self.cards:
                reset(self.torch, card)

    def peak_bytes(self) -> int | None:
        """Return the device's peak memory, of all cards together."""
        peak = HANDLING[self.kind].peak_bytes
        return None if peak is None else sum(self._each(peak))

    def total_bytes(self) -> int | None:
        """Return how much memory the cards have; ``None`` where torch does not say."""
        total = HANDLING[self.kind].total_bytes
        return None if total is None else sum(self._each(total))

    def free_bytes(self) -> int | None:
        """Return what is free on the fullest card; ``None`` where torch does not say.

        A model on several cards is as full as its fullest card.
        """
        free = HANDLING[self.kind].free_bytes
        return None if free is None else min(self._each(free))

    def release(self) -> None:
        """Give cached memory back after a model was dropped."""
        if (release := HANDLING[self.kind].release) is not None:
            release(self.torch)

    def _each(self, ask: Callable[[Any, str], int]) -> list[int]:
        return [int(ask(self.torch, card)) for card in self.cards]


class Threads:
    """How many processor threads compute inside a block; ``None`` leaves them."""

    def __init__(self, torch: Any, wanted: int | None) -> None:  # noqa: ANN401 - torch is not imported for its types
        """Prepare; nothing is changed yet."""
        self._torch = torch
        self._wanted = wanted
        self._before: int | None = None

    @property
    def count(self) -> int:
        """How many there are inside the block."""
        return self._wanted or int(self._torch.get_num_threads())

    def __enter__(self) -> None:
        """Take the number that was asked for."""
        if self._wanted is not None:
            self._before = self._torch.get_num_threads()
            if self._before != self._wanted:
                self._torch.set_num_threads(self._wanted)

    def __exit__(self, *_: object) -> None:
        """Leave things to others as they were."""
        if self._before is not None and self._before != self._wanted:
            self._torch.set_num_threads(self._before)
        self._before = None


def torch_device(torch: Any, name: str) -> TorchDevice:  # noqa: ANN401 - torch is not imported for its types
    """Return the torch device behind a device marker.

    Args:
        torch: the module.
        name: the marker, such as ``cpu``, ``a6000`` or ``gpu_rtx_3090``.

    Raises:
        DeviceAbsent: this build of torch cannot use it.
    """
    device = find_device(name)
    if device is None or device.torch_kind is None:
        raise DeviceAbsent(f"device {name!r}: torch cannot compute there")
    if device.torch_kind == "cpu":
        return TorchDevice(torch, "cpu")
    if not _usable(torch, device):
        raise DeviceAbsent(f"device {name!r}: {_lacking(torch, device)}")
    if device.torch_kind == "cuda":
        return TorchDevice(torch, f"cuda:{_card(torch, device)}")
    return TorchDevice(torch, "xpu:0" if device.torch_kind == "xpu" else "mps")


def _usable(torch: Any, device: Device) -> bool:  # noqa: ANN401 - see above
    """Whether this build of torch can use a kind of devices on this machine."""
    if device.torch_kind == "mps":
        return bool(torch.backends.mps.is_available())
    if device.torch_kind == "xpu":
        return bool(torch.xpu.is_available())
    # A build for HIP calls AMD's cards CUDA: what it measures is none of NVIDIA's.
    return bool(torch.cuda.is_available()) and device.hip == (_hip(torch) is not None)


def _hip(torch: Any) -> str | None:  # noqa: ANN401 - see above
    """Return the version of HIP that torch was built for, ``None`` for another."""
    version: str | None = torch.version.hip
    return version


def _lacking(torch: Any, device: Device) -> str:  # noqa: ANN401 - see above
    if device.torch_kind in ("mps", "xpu"):
        return f"torch {torch.__version__} has no {device.torch_kind.upper()}"
    what = "ROCm" if device.hip else "CUDA"
    return (
        f"torch {torch.__version__} sees no {what} device; is it a {what} build, and"
        " does it fit the driver?"
    )


def usable_cards(torch: Any, device: str) -> dict[int, int]:  # noqa: ANN401 - see above
    """Return the cards that a model may be spread over, and their free memory.

    A tenth of it is left for the cache and for what is computed.

    Args:
        torch: the module.
        device: ``cuda``, or a special kind such as ``a6000`` for those cards alone.

    Returns:
        Bytes by the number of the card.
    """
    known = find_device(device)
    return {
        index: torch.cuda.mem_get_info(index)[0] * 9 // 10
        for index in range(torch.cuda.device_count())
        if known is None or known.matches(torch.cuda.get_device_name(index))
    }


def spread(device: TorchDevice, model: Any) -> TorchDevice:  # noqa: ANN401 - loaded on use
    """Return the device of a model that accelerate has put on one card or several."""
    first = str(model.get_input_embeddings().weight.device)
    # Where all of it fits on one card, it may be put there without a map.
    mapped = getattr(model, "hf_device_map", {})
    places = dict.fromkeys(
        f"cuda:{place}" if isinstance(place, int) else str(place)
        for place in mapped.values()
    )
    others = tuple(sorted(place for place in places if place != first))
    return TorchDevice(device.torch, first, others)


def dtype_of(name: str, device: TorchDevice, *, wanted_by: str) -> Any:  # noqa: ANN401 - torch's
    """Return torch's dtype of that name, tried on the device.

    Raises:
        BadCatalogue: torch knows none of that name, or it holds no fractions.
        Unsupported: the device cannot multiply matrices of it.
    """
    torch = device.torch
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype):
        raise BadCatalogue(
            f"{wanted_by}: dtype {name!r} is none that torch {torch.__version__} knows;"
            " use float32, bfloat16 or float16"
        )
    if not dtype.is_floating_point:
        raise BadCatalogue(
            f"{wanted_by}: dtype {name!r} holds no fractions; for weights of fewer bits"
            " use the option quantization"
        )
    try:
        tried = torch.ones((2, 2), dtype=dtype, device=device.name)
        torch.softmax(tried @ tried, -1).tolist()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        raise Unsupported(
            f"{wanted_by}: device {device.name!r} cannot compute in dtype {name!r}"
            f" ({reason:.120}); use float32, bfloat16 or float16"
        ) from error
    return dtype


def _card(torch: Any, device: Device) -> int:  # noqa: ANN401 - see above
    """Return which card to use, by torch's own names and order of them."""
    if not device.card:
        return 0
    count = torch.cuda.device_count()
    found = device.first([torch.cuda.get_device_name(index) for index in range(count)])
    if found is None:
        raise DeviceAbsent(
            f"device {device.name!r}: torch sees CUDA devices, but no {device.card}"
        )
    return found
