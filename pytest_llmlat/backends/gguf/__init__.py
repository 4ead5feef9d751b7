"""GGUF files in this process, through llama.cpp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.backends.gguf.entry_options import OPTIONS

if TYPE_CHECKING:
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.protocols import Backend


def _open(deployment: Deployment, clock: Clock) -> Backend:
    from pytest_llmlat.backends.gguf.model import open_model  # noqa: PLC0415 - on use

    return open_model(deployment, clock)


def _check_entry(model: ModelSpec) -> None:
    from pytest_llmlat.backends.gguf.loading import check_entry  # noqa: PLC0415

    check_entry(model)


KIND = BackendKind(
    name="gguf",
    open=_open,
    options=OPTIONS,
    check_entry=_check_entry,
    keys=("package", "extra", "revision", "adapter"),
    weights="file",
    extra="gguf",
    prefixes=("gguf:",),
    form="gguf:PATH",
)
