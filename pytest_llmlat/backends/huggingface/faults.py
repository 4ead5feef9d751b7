"""Telling a device that is full or gone from everything else that torch raises."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.errors import GenerationFailed, LLMLatError, OutOfMemory

if TYPE_CHECKING:
    from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
    from pytest_llmlat.values.entities import Deployment

_FULL = re.compile(
    r"out of memory|can't allocate memory|not enough memory|ALLOC_FAILED", re.IGNORECASE
)
_GONE = re.compile(
    r"CUDA error|CUDA driver error|device-side assert|launch failure|device (is )?lost"
    r"|GPU (is )?lost|CUBLAS_STATUS_EXECUTION_FAILED"
    r"|command buffer .*(failed|error)|\bIOGPU",
    re.IGNORECASE,
)
REMEDY = (
    "use a smaller dtype, quantization (int8, int4), device_map = 'auto' over several"
    " cards, or a smaller model"
)


def out_of_memory(torch: Any, error: BaseException) -> bool:  # noqa: ANN401 - loaded on use
    """Whether memory gave out: of the processor, of CUDA or of MPS."""
    kind = getattr(torch, "OutOfMemoryError", None)
    if isinstance(error, MemoryError) or (kind and isinstance(error, kind)):
        return True
    return isinstance(error, RuntimeError) and bool(_FULL.search(str(error)))


def device_lost(torch: Any, error: BaseException) -> bool:  # noqa: ANN401 - loaded on use
    """Whether the device can no longer be used by this process."""
    if out_of_memory(torch, error):
        return False
    kind = getattr(torch, "AcceleratorError", None)
    if kind and isinstance(error, kind):
        return True
    return isinstance(error, RuntimeError) and bool(_GONE.search(str(error)))


def full_at_load(
    deployment: Deployment, device: TorchDevice, error: BaseException
) -> OutOfMemory:
    """Return what to say of a model that does not fit."""
    total = device.total_bytes()
    has = "" if total is None else f" ({total / 2**30:.1f} GiB)"
    return OutOfMemory(
        f"model {deployment.model.name!r}: does not fit into the memory of"
        f" {', '.join(device.cards)}{has}: {_first(error)}; {REMEDY}"
    )


def in_mid_run(
    torch: Any,  # noqa: ANN401 - loaded on use
    deployment: Deployment,
    device: TorchDevice,
    error: BaseException,
) -> LLMLatError | None:
    """Return what to say of a fault of the device; ``None`` if it is none."""
    where = ", ".join(device.cards)
    if out_of_memory(torch, error):
        return OutOfMemory(
            f"model {deployment.model.name!r}: out of memory on {where} while it"
            f" answered: {_first(error)}; a shorter prompt or fewer new tokens may fit,"
            f" or {REMEDY}"
        )
    if device_lost(torch, error):
        return GenerationFailed(
            f"model {deployment.model.name!r}: device {where} was lost:"
            f" {_first(error)}; nothing more can be asked of it in this process: look"
            " at the driver's log, and run these cells again"
        )
    return None


def _first(error: BaseException) -> str:
    """Return the first sentences of what torch said, in one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300].rstrip(". ")
