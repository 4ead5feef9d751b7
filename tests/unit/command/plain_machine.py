"""A plain machine, for tests of what can be run on it."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmlat.command.extras import Extra
from pytest_llmlat.machine.devices import Inventory
from tests.unit.builders import a_model

BARE = Inventory(
    gpus=(),
    gpu_note="no NVIDIA driver",
    platform="linux",
    machine="x86_64",
    hub_token=False,
)
WHOLE = {
    name: Extra(name=name, found=((name, "1.0"),), lacking=())
    for name in ("gguf", "transformers", "http")
}
LACKING = {
    name: Extra(name=name, found=(), lacking=(f"{name}>=1",))
    for name in ("gguf", "transformers", "http")
}
GPT2 = replace(
    a_model("gpt2", backend="transformers", devices=("cpu", "cuda")),
    weights="openai-community/gpt2",
)
