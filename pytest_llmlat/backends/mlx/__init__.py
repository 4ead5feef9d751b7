"""Models of this process through MLX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BackendKind

if TYPE_CHECKING:
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.protocols import Backend


def _open(deployment: Deployment, clock: Clock) -> Backend:
    from pytest_llmlat.backends.mlx.model import open_model  # noqa: PLC0415 - on use

    return open_model(deployment, clock)


def _check_options(model: ModelSpec) -> None:
    from pytest_llmlat.backends.settings_check import known_options  # noqa: PLC0415

    # MLX decides itself how many threads it uses, and says so.
    known_options(model, ("threads",))


KIND = BackendKind(
    name="mlx",
    open=_open,
    check_options=_check_options,
    devices=("mps", "cpu"),
    extra="mlx",
    prefixes=("mlx:",),
    form="mlx:PATH",
)
