"""Memory of a model on the devices that hold its parts."""

from __future__ import annotations

from types import SimpleNamespace

from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
from pytest_llmlat.backends.huggingface.torch_memory import memory_by_device
from pytest_llmlat.values.device_memory import DeviceMemory


class Tensor:
    """A tensor of so many numbers of four bytes on a device."""

    def __init__(self, device: str, count: int) -> None:
        """Lie there."""
        self.device, self._count = device, count

    def numel(self) -> int:
        """Return how many numbers it has."""
        return self._count

    def element_size(self) -> int:
        """Return the bytes of each."""
        return 4


class Model:
    """A model of three parameters and a buffer."""

    def __init__(self, *tensors: Tensor) -> None:
        """Hold them."""
        *self._parameters, self._buffer = tensors

    def parameters(self) -> list[Tensor]:
        """Return the weights."""
        return self._parameters

    def buffers(self) -> list[Tensor]:
        """Return what else lies with them."""
        return [self._buffer]


def test_each_card_and_the_processor_are_told_apart() -> None:
    """What is offloaded lies on the processor, of which torch tells no more."""
    taken = {"cuda:0": 500, "cuda:1": 300}
    torch = SimpleNamespace(
        cuda=SimpleNamespace(
            memory_allocated=taken.__getitem__,
            max_memory_allocated=lambda card: 2 * taken[card],
        )
    )
    model = Model(
        Tensor("cuda:0", 100), Tensor("cuda:1", 50), Tensor("cpu", 7), Tensor("cuda", 5)
    )
    device = TorchDevice(torch=torch, name="cuda:0", others=("cuda:1",))

    first, second, rest = memory_by_device(model, device)

    assert first == DeviceMemory(
        device="cuda:0", model_bytes=420, steady_bytes=500, peak_bytes=1000
    )
    assert (second.model_bytes, second.answering_bytes) == (200, 300)
    assert rest == DeviceMemory(device="cpu", model_bytes=28)
    assert rest.answering_bytes is None


def test_on_the_processor_alone_the_model_is_told() -> None:
    """What it takes beside is in the memory of the process."""
    model = Model(Tensor("cpu", 10), Tensor("meta", 99), Tensor("cpu", 1))
    device = TorchDevice(torch=None, name="cpu")

    assert memory_by_device(model, device) == (
        DeviceMemory(device="cpu", model_bytes=44),
    )
