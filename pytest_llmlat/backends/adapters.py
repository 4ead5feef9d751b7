"""LoRA adapters through peft: put on a base model, or refused with both names."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from pytest_llmlat.errors import AdapterMismatch, MissingExtra, WeightsUnavailable

if TYPE_CHECKING:
    from pytest_llmlat.records import ModelSpec


def put_on(model: Any, spec: ModelSpec) -> Any:  # noqa: ANN401 - loaded on use
    """Return ``model`` with the adapter of ``spec`` on top, unmerged.

    Raises:
        MissingExtra: peft is not installed.
        WeightsUnavailable: the adapter is neither a folder nor to be fetched.
        AdapterMismatch: its layers or shapes are not those of the model.
    """
    try:
        from peft import PeftConfig, PeftModel
    except ImportError as error:
        raise MissingExtra(
            "transformers", "peft", wanted_by=f"model {spec.name!r}"
        ) from error
    pinned = {"revision": spec.adapter_revision} if spec.adapter_revision else {}
    try:
        config = PeftConfig.from_pretrained(spec.adapter, **pinned)
    except (OSError, ValueError) as error:
        raise WeightsUnavailable(
            f"model {spec.name!r}: no adapter at {spec.adapter!r}:"
            f" {' '.join(str(error).split())}; 'adapter' is a folder with"
            " adapter_config.json and adapter_model.safetensors, or a hub id"
        ) from error
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            adapted = PeftModel.from_pretrained(
                model, spec.adapter, use_safetensors=True, **pinned
            )
        except (ValueError, RuntimeError, KeyError) as error:
            raise _mismatch(spec, config, error) from error
    for warning in caught:
        if "adapter keys" in str(warning.message):
            raise _mismatch(spec, config, warning.message)
    return adapted


def _mismatch(spec: ModelSpec, config: Any, reason: object) -> AdapterMismatch:  # noqa: ANN401 - loaded on use
    first = str(reason).strip().splitlines()
    return AdapterMismatch(
        f"model {spec.name!r}: adapter {spec.adapter!r}, made for"
        f" {config.base_model_name_or_path!r}, does not fit {spec.weights!r}:"
        f" {' '.join(first[:3])}"
    )
