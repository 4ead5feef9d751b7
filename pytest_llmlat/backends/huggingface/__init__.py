"""Models of this process through transformers, and adapters through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BackendKind, OpenedModel
from pytest_llmlat.backends.huggingface.entry_options import DTYPES, OPTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmlat.backends.base_cache import BaseCache
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.protocols import Backend


def _open(deployment: Deployment, clock: Clock) -> Backend:
    from pytest_llmlat.backends.huggingface.opening import open_model  # noqa: PLC0415

    return open_model(deployment, clock)


def _open_on_base(
    deployment: Deployment, clock: Clock, cache: BaseCache
) -> OpenedModel:
    from pytest_llmlat.backends.huggingface.opening import open_model  # noqa: PLC0415

    model = open_model(deployment, clock, cache)
    return OpenedModel(backend=model, kept_from=model.kept_from)


def _quantizer(scheme: str, devices: tuple[str, ...]) -> str | None:
    if scheme.startswith("torchao"):
        return "torchao"
    # PyTorch itself has 8 bits for the processor.
    if scheme == "int4" or (scheme == "int8" and "cpu" not in devices):
        return "bitsandbytes"
    return None


def _check_entry(model: ModelSpec) -> None:
    from pytest_llmlat.backends.huggingface.entry_settings import check_entry  # noqa: PLC0415

    check_entry(model)


def _files(model: ModelSpec) -> Sequence[Path]:
    from pytest_llmlat.backends.local_checkpoint import checkpoint_files  # noqa: PLC0415

    return checkpoint_files(model)


KIND = BackendKind(
    name="transformers",
    open=_open,
    files=_files,
    libraries=("torch", "transformers"),
    options=OPTIONS,
    keys=(
        *("package", "extra", "revision", "adapter", "adapter_revision"),
        *("dtype", "trust_remote_code"),
    ),
    check_entry=_check_entry,
    open_on_base=_open_on_base,
    extra="transformers",
    dtypes=DTYPES,
    quantizer=_quantizer,
    prefixes=("hf:",),
    form="hf:ORG/NAME",
)
