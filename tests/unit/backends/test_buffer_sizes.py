"""Sizes of llama.cpp's buffers, as its log tells them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.backends.gguf.buffer_sizes import BufferSizes
from pytest_llmlat.values.device_memory import DeviceMemory

MIB = 1024**2


def of_lines(*lines: str) -> dict[str, DeviceMemory]:
    """Read a log."""
    buffers = BufferSizes()
    for line in lines:
        buffers.note(line)
    return {each.device: each for each in buffers.by_device()}


def test_parts_of_a_model_are_told_by_the_device_they_lie_on() -> None:
    """Mapped, repacked and pinned buffers lie in main memory; each card has its own."""
    found = of_lines(
        "load_tensors:   CPU_Mapped model buffer size =    92.10 MiB",
        "load_tensors:   CPU_REPACK model buffer size =    10.00 MiB",
        "load_tensors:        CUDA0 model buffer size =   500.00 MiB",
        "load_tensors:        CUDA1 model buffer size =   300.50 MiB",
        "llama_context:  CUDA_Host  output buffer size =     0.50 MiB",
        "llama_kv_cache:      CUDA0 KV buffer size =    45.00 MiB",
        "llama_memory_recurrent:  CUDA0 RS buffer size =     5.00 MiB",
        "sched_reserve:      CUDA0 compute buffer size =    99.00 MiB",
        "load_tensors: MTL0_Mapped model buffer size =     1.00 MiB",
    )

    assert found == {
        "cpu": DeviceMemory(
            device="cpu",
            model_bytes=round(102.1 * MIB),
            steady_bytes=round(102.6 * MIB),
        ),
        "CUDA0": DeviceMemory(
            device="CUDA0",
            model_bytes=500 * MIB,
            cache_bytes=50 * MIB,
            steady_bytes=649 * MIB,
        ),
        "CUDA1": DeviceMemory(
            device="CUDA1",
            model_bytes=round(300.5 * MIB),
            steady_bytes=round(300.5 * MIB),
        ),
        "MTL0": DeviceMemory(device="MTL0", model_bytes=MIB, steady_bytes=MIB),
    }


def test_other_lines_tell_nothing() -> None:
    """A sum of all layers would count the cache twice; what is unknown is no 0."""
    assert (
        of_lines(
            "llama_kv_cache: size =   45.00 MiB (  2048 cells,  30 layers,  1/1 seqs)",
            "print_info: file size   = 92.10 MiB (5.74 BPW)",
            "load_tensors:   CPU model buffer size =    nan MiB",
            "general.name str = load_tensors: CPU model buffer size = 5.00 MiB",
            "",
        )
        == {}
    )


@given(st.text(max_size=60))
def test_no_line_of_a_log_breaks_loading(text: str) -> None:
    """Names and metadata of a file come into the log as they are."""
    for line in (text, f"load_tensors: {text} model buffer size = {text} MiB"):
        for memory in of_lines(line).values():
            assert memory.steady_bytes is not None
