"""Models of this process through MLX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.backends.mlx.entry_options import DTYPES

if TYPE_CHECKING:
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.protocols import Backend


def _open(deployment: Deployment, clock: Clock) -> Backend:
    from pytest_llmlat.backends.mlx.model import open_model  # noqa: PLC0415 - on use

    return open_model(deployment, clock)


def _check_entry(model: ModelSpec) -> None:
    from pytest_llmlat.backends.mlx.loading import check_entry  # noqa: PLC0415

    check_entry(model)


KIND = BackendKind(
    name="mlx",
    open=_open,
    keys=("revision", "adapter", "dtype"),
    dtypes=DTYPES,
    check_entry=_check_entry,
    devices=("mps", "cpu"),
    extra="mlx",
    prefixes=("mlx:",),
    form="mlx:PATH",
)
