"""Adapter folders for tests, written without torch: one layer of rank 2."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
B = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"


def a_lora() -> dict[str, tuple[int, ...]]:
    """Return the shapes of an adapter for a layer of 8 to 8 numbers."""
    return {A: (2, 8), B: (8, 2)}


def write_lora(
    folder: Path,
    *,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    fill: bytes = b"\0",
    **told: object,
) -> None:
    """Write an adapter for org/base-7b, with these settings besides or instead."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "org/base-7b",
        "r": 2,
        "lora_alpha": 4,
        "target_modules": ["q_proj"],
        **told,
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings), "utf-8")
    path = folder / "adapter_model.safetensors"
    write_tensors(path, a_lora() if shapes is None else shapes, fill=fill)


def write_tensors(
    path: Path, shapes: Mapping[str, tuple[int, ...]], *, fill: bytes = b"\0"
) -> None:
    """Write a safetensors file of 4-byte numbers."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        size = 4 * math.prod(shape)
        header[name] = {
            "dtype": "F32",
            "shape": list(shape),
            "data_offsets": [end, end + size],
        }
        end += size
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + fill * end)
