"""GGUF files in this process, through llama.cpp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.backends.gguf.entry_options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.protocols import Backend


def _open(deployment: Deployment, clock: Clock) -> Backend:
    from pytest_llmlat.backends.gguf.model import open_model  # noqa: PLC0415 - on use

    return open_model(deployment, clock)


def _check_entry(model: ModelSpec) -> None:
    from pytest_llmlat.backends.gguf.loading import check_entry  # noqa: PLC0415

    check_entry(model)


def _files(model: ModelSpec) -> Sequence[Path]:
    from pytest_llmlat.backends.gguf.loading import files_of  # noqa: PLC0415

    return files_of(model)


KIND = BackendKind(
    name="gguf",
    open=_open,
    files=_files,
    libraries=("llama-cpp-python",),
    options=OPTIONS,
    check_entry=_check_entry,
    keys=("package", "extra", "revision", "adapter"),
    weights="file",
    extra="gguf",
    prefixes=("gguf:",),
    form="gguf:PATH",
)
