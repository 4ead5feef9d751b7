"""A device that is full or gone is told from everything else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_llmlat.backends.huggingface.faults import (
    device_lost,
    full_at_load,
    in_mid_run,
    out_of_memory,
)
from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
from pytest_llmlat.values.errors import GenerationFailed, OutOfMemory
from tests.unit.builders import a_deployment, a_model


class Full(RuntimeError):
    """Stands for torch.OutOfMemoryError."""


class Gone(RuntimeError):
    """Stands for torch.AcceleratorError."""


TORCH = SimpleNamespace(
    OutOfMemoryError=Full,
    AcceleratorError=Gone,
    cuda=SimpleNamespace(mem_get_info=lambda _: (0, 48 << 30)),
)
FULL = (
    Full("CUDA out of memory. Tried to allocate 2.00 GiB."),
    MemoryError(),
    RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried 9 bytes"),
    Gone("CUDA error: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
)
GONE = (
    Gone("CUDA error: unspecified launch failure"),
    RuntimeError("CUDA error: device-side assert triggered"),
    RuntimeError("CUDA error: the GPU has fallen off the bus"),
    RuntimeError("device lost"),
    RuntimeError("MPS: command buffer exited with error status: failed"),
)
OTHER = (
    RuntimeError("shape '[2]' is invalid for input of size 3"),
    ValueError("out of memory is a phrase"),
    KeyError("device lost"),
)


@pytest.mark.parametrize("error", FULL, ids=str)
def test_memory_that_gave_out_is_known(error: BaseException) -> None:
    """Of the processor, of CUDA and of MPS; the device is there still."""
    assert out_of_memory(TORCH, error)
    assert not device_lost(TORCH, error)


@pytest.mark.parametrize("error", GONE, ids=str)
def test_a_device_that_is_gone_is_known(error: BaseException) -> None:
    """It is not taken for one that is full, which would be tried again."""
    assert device_lost(TORCH, error)
    assert not out_of_memory(TORCH, error)


@pytest.mark.parametrize("error", OTHER, ids=str)
def test_another_error_is_neither(error: BaseException) -> None:
    """It is the library's, and stays as it is."""
    assert not out_of_memory(TORCH, error)
    assert not device_lost(TORCH, error)
    device = TorchDevice(TORCH, "cpu")
    assert in_mid_run(TORCH, a_deployment(), device, error) is None


def test_an_older_torch_has_fewer_classes() -> None:
    """Its words are read."""
    assert out_of_memory(SimpleNamespace(), RuntimeError("CUDA out of memory."))
    assert device_lost(SimpleNamespace(), RuntimeError("CUDA error: launch failure"))


def test_a_model_that_does_not_fit_is_told_with_what_to_do() -> None:
    """The model, the device and its size, what was asked for, and the ways out."""
    device = TorchDevice(TORCH, "cuda:0", ("cuda:1",))

    told = full_at_load(a_deployment(a_model("big")), device, FULL[0])

    assert isinstance(told, OutOfMemory)
    assert str(told) == (
        "model 'big': does not fit into the memory of cuda:0, cuda:1 (96.0 GiB): CUDA"
        " out of memory. Tried to allocate 2.00 GiB; use a smaller dtype, quantization"
        " (int8, int4), device_map = 'auto' over several cards, or a smaller model"
    )


def test_a_size_that_is_unknown_is_left_out() -> None:
    """A processor's memory is not asked for; a MemoryError says nothing."""
    told = full_at_load(a_deployment(), TorchDevice(TORCH, "cpu"), MemoryError())

    assert "memory of cpu: MemoryError; use" in str(told)


def test_faults_in_mid_run_have_messages_of_their_own() -> None:
    """A full device may answer the next prompt; one that is gone never will."""
    device = TorchDevice(TORCH, "cuda:0")

    full = in_mid_run(TORCH, a_deployment(), device, FULL[0])
    gone = in_mid_run(TORCH, a_deployment(), device, GONE[0])

    assert isinstance(full, OutOfMemory)
    assert "out of memory on cuda:0 while it answered: CUDA out" in str(full)
    assert isinstance(gone, GenerationFailed)
    assert "device cuda:0 was lost: CUDA error: unspecified launch failure; " in str(
        gone
    )
