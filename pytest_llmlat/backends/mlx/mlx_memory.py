"""Memory that MLX's arrays take, as MLX counts it."""

from __future__ import annotations

from typing import Any

from pytest_llmlat.values.device_memory import DeviceMemory


def mlx_memory(mx: Any, model: Any, device: str) -> DeviceMemory:  # noqa: ANN401 - loaded on use
    """Return what a model takes, and what answering took since the peak was reset.

    MLX counts the arrays of the whole process, not those of one device: on Apple
    silicon processor and graphics share their memory.

    Args:
        mx: the module ``mlx.core``.
        model: loaded; nothing is asked of it.
        device: that it runs on.
    """
    from mlx.utils import tree_flatten

    return DeviceMemory(
        device=device,
        model_bytes=sum(array.nbytes for _, array in tree_flatten(model.parameters())),
        steady_bytes=int(mx.get_active_memory()),
        peak_bytes=int(mx.get_peak_memory()),
        reusable_bytes=int(mx.get_cache_memory()),
    )
