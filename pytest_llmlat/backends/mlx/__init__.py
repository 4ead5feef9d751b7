"""Models of this process through MLX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.backends.mlx.entry_options import DTYPES, OPTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.protocols import Backend


def _open(deployment: Deployment, clock: Clock) -> Backend:
    from pytest_llmlat.backends.mlx.model import open_model  # noqa: PLC0415 - on use

    return open_model(deployment, clock)


def _check_entry(model: ModelSpec) -> None:
    from pytest_llmlat.backends.mlx.loading import check_entry, local_folder  # noqa: PLC0415

    local_folder(model)
    check_entry(model)


def _files(model: ModelSpec) -> Sequence[Path]:
    from pytest_llmlat.backends.local_checkpoint import checkpoint_files  # noqa: PLC0415

    return checkpoint_files(model)


KIND = BackendKind(
    name="mlx",
    open=_open,
    files=_files,
    libraries=("mlx", "mlx-lm"),
    options=OPTIONS,
    keys=("revision", "adapter", "dtype"),
    dtypes=DTYPES,
    check_entry=_check_entry,
    devices=("mps", "cpu"),
    extra="mlx",
    prefixes=("mlx:",),
    form="mlx:PATH",
)
