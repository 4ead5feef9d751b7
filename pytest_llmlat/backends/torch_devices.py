"""What a clock must know of a torch device: CPU, CUDA and MPS behind one interface.

CUDA and MPS run behind the program's back; a stamp that closes a span is read only
after :meth:`synchronize`. All calls are looked up on ``torch`` itself, so that their
order can be tested with a stand-in where no such device exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_llmlat.errors import DeviceAbsent


@dataclass(frozen=True, slots=True)
class TorchDevice:
    """A device as torch names it, ``cpu``, ``cuda:1`` or ``mps``."""

    torch: Any
    name: str

    @property
    def kind(self) -> str:
        """``cpu``, ``cuda`` or ``mps``."""
        return self.name.partition(":")[0]

    def synchronize(self) -> None:
        """Wait until everything that was asked of the device is done."""
        if self.kind == "cuda":
            self.torch.cuda.synchronize(self.name)
        elif self.kind == "mps":
            self.torch.mps.synchronize()

    def reset_peak(self) -> None:
        """Begin to count peak memory anew, where the device can."""
        if self.kind == "cuda":
            self.torch.cuda.reset_peak_memory_stats(self.name)

    def peak_bytes(self) -> int | None:
        """Return the device's peak memory.

        MPS has no peak counter; what its driver holds for this process at the end
        is the nearest it offers, since it does not give memory back on its own.
        """
        if self.kind == "cuda":
            return int(self.torch.cuda.max_memory_allocated(self.name))
        if self.kind == "mps":
            return int(self.torch.mps.driver_allocated_memory())
        return None

    def release(self) -> None:
        """Give cached memory back after a model was dropped."""
        if self.kind == "cuda":
            self.torch.cuda.empty_cache()
        elif self.kind == "mps":
            self.torch.mps.empty_cache()


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


def _card(torch: Any, device: str) -> int:  # noqa: ANN401 - see above
    """Return which card to use, by torch's own names and order of them."""
    if device != "a6000":
        return 0
    for index in range(torch.cuda.device_count()):
        if "A6000" in torch.cuda.get_device_name(index):
            return index
    raise DeviceAbsent("device 'a6000': torch sees CUDA devices, but no RTX A6000")
