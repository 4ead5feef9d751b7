"""How much memory a torch device has left, and what to do when it has too little."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmlat.backends.freeing import free_memory
from pytest_llmlat.backends.huggingface.faults import out_of_memory
from pytest_llmlat.backends.huggingface.torch_devices import HANDLING
from pytest_llmlat.values.device_memory import DeviceMemory
from pytest_llmlat.values.errors import OutOfMemory

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice

T = TypeVar("T")
_MEMORY = Path("/proc/meminfo")


def within_memory(device: TorchDevice, what: str, work: Callable[[], T]) -> T:
    """Do something that may be too large for a device.

    Args:
        device: where it is done.
        what: what may not fit, for the complaint.
        work: does it.

    Raises:
        OutOfMemory: it was too large; what it had taken is given back.
    """
    try:
        return work()
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(device.torch, error):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
    # Out here the error is gone, and with it the tensors that its frames held.
    free_memory()
    device.release()
    raise OutOfMemory(
        f"{what}: too much for the memory of {', '.join(device.cards)}: {reason:.200}"
    )


def cache_bytes(model: Any) -> int | None:  # noqa: ANN401 - loaded on use
    """Return what one token of one row takes in the cache; ``None`` if unknown."""
    config = model.config
    config = getattr(config, "get_text_config", lambda: config)()
    heads = getattr(config, "num_attention_heads", None)
    width = getattr(config, "hidden_size", None)
    layers = getattr(config, "num_hidden_layers", None)
    if not (heads and width and layers):
        return None
    kept = getattr(config, "num_key_value_heads", None) or heads
    a_head = getattr(config, "head_dim", None) or width // heads
    return int(2 * layers * kept * a_head * model.dtype.itemsize)


def memory_by_device(
    model: Any,  # noqa: ANN401 - loaded on use
    device: TorchDevice,
) -> tuple[DeviceMemory, ...]:
    """Return the memory of a model on each of its devices.

    Args:
        model: loaded; a part of it may lie on the processor.
        device: that it runs on.
    """
    held: dict[str, int] = dict.fromkeys(device.cards, 0)
    for tensor in (*model.parameters(), *model.buffers()):
        where = str(tensor.device)
        # "cuda" is the card that is the current one: the first of this model's.
        name = device.name if where == device.kind else where
        held[name] = held.get(name, 0) + tensor.numel() * tensor.element_size()
    handling = HANDLING[device.kind]
    taken, peak = handling.taken_bytes, handling.peak_bytes
    return tuple(
        DeviceMemory(
            device=name,
            model_bytes=size,
            steady_bytes=taken(device.torch, name)
            if taken and name in device.cards
            else None,
            peak_bytes=peak(device.torch, name)
            if peak and name in device.cards
            else None,
        )
        for name, size in held.items()
        if name != "meta"
    )


def free_bytes(device: TorchDevice) -> int | None:
    """Return the memory that is free on a device; ``None`` if unknown."""
    if (free := device.free_bytes()) is not None:
        return free
    if device.kind != "cpu":
        return None
    try:
        with _MEMORY.open(encoding="ascii") as file:
            told = dict(line.split(":", 1) for line in islice(file, 8))
        return int(told["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None
