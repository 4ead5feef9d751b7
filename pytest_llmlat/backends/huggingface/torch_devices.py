"""What a clock must know of a torch device: CPU, CUDA and MPS behind one interface.

A model that is spread over several cards has one device too: what is asked of it is
asked of each card.

CUDA and MPS run behind the program's back; a stamp that closes a span is read only
after :meth:`synchronize`. All calls are looked up on ``torch`` itself, so that their
order can be tested with a stand-in where no such device exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_llmlat.values.errors import BadCatalogue, DeviceAbsent, Unsupported

_A6000 = "A6000"


@dataclass(frozen=True, slots=True)
class TorchDevice:
    """A device as torch names it, ``cpu``, ``cuda:1`` or ``mps``."""

    torch: Any
    name: str
    """Where prompts go: the device that holds the embeddings."""
    others: tuple[str, ...] = ()
    """More cards of the same kind that hold a part of the model."""

    @property
    def kind(self) -> str:
        """``cpu``, ``cuda`` or ``mps``."""
        return self.name.partition(":")[0]

    @property
    def cards(self) -> tuple[str, ...]:
        """Every device that holds a part of the model."""
        return (self.name, *self.others)

    def synchronize(self) -> None:
        """Wait until everything that was asked of the device is done."""
        if self.kind == "cuda":
            for card in self.cards:
                self.torch.cuda.synchronize(card)
        elif self.kind == "mps":
            self.torch.mps.synchronize()

    def reset_peak(self) -> None:
        """Begin to count peak memory anew, where the device can."""
        if self.kind == "cuda":
            for card in self.cards:
                self.torch.cuda.reset_peak_memory_stats(card)

    def peak_bytes(self) -> int | None:
        """Return the device's peak memory, of all cards together.

        MPS has no peak counter; what its driver holds for this process at the end
        is the nearest it offers, since it does not give memory back on its own.
        """
        if self.kind == "cuda":
            peaks = [self.torch.cuda.max_memory_allocated(card) for card in self.cards]
            return sum(map(int, peaks))
        if self.kind == "mps":
            return int(self.torch.mps.driver_allocated_memory())
        return None

    def total_bytes(self) -> int | None:
        """Return how much memory the cards have; ``None`` where torch does not say."""
        if self.kind == "cuda":
            sizes = [self.torch.cuda.mem_get_info(card)[1] for card in self.cards]
            return sum(map(int, sizes))
        return None

    def release(self) -> None:
        """Give cached memory back after a model was dropped."""
        if self.kind == "cuda":
            self.torch.cuda.empty_cache()
        elif self.kind == "mps":
            self.torch.mps.empty_cache()


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


def torch_device(torch: Any, device: str) -> TorchDevice:  # noqa: ANN401 - torch is not imported for its types
    """Return the torch device behind a device marker.

    Args:
        torch: the module.
        device: ``cpu``, ``cuda``, ``a6000`` or ``mps``.

    Raises:
        DeviceAbsent: this build of torch cannot use it.
    """
    if device in ("cuda", "a6000"):
        if not torch.cuda.is_available():
            raise DeviceAbsent(
                f"device {device!r}: torch {torch.__version__} sees no CUDA device;"
                " is it a CUDA build, and does it fit the driver?"
            )
        return TorchDevice(torch, f"cuda:{_card(torch, device)}")
    if device == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceAbsent(f"device 'mps': torch {torch.__version__} has no MPS")
        return TorchDevice(torch, "mps")
    return TorchDevice(torch, "cpu")


def usable_cards(torch: Any, device: str) -> dict[int, int]:  # noqa: ANN401 - see above
    """Return the cards that a model may be spread over, and their free memory.

    A tenth of it is left for the cache and for what is computed.

    Args:
        torch: the module.
        device: ``cuda``, or ``a6000`` for those cards alone.

    Returns:
        Bytes by the number of the card.
    """
    return {
        index: torch.cuda.mem_get_info(index)[0] * 9 // 10
        for index in range(torch.cuda.device_count())
        if device != "a6000" or _A6000 in torch.cuda.get_device_name(index)
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


def _card(torch: Any, device: str) -> int:  # noqa: ANN401 - see above
    """Return which card to use, by torch's own names and order of them."""
    if device != "a6000":
        return 0
    for index in range(torch.cuda.device_count()):
        if _A6000 in torch.cuda.get_device_name(index):
            return index
    raise DeviceAbsent("device 'a6000': torch sees CUDA devices, but no RTX A6000")
