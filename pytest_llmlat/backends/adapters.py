"""LoRA adapters through peft: put on a base model, or refused with both names."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.errors import AdapterMismatch, MissingExtra, WeightsUnavailable

if TYPE_CHECKING:
    from pytest_llmlat.specs import ModelSpec

_FILES = ("adapter_config.json", "adapter_model.safetensors")


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
    folder = _folder(spec)
    config = PeftConfig.from_pretrained(str(folder))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            adapted = PeftModel.from_pretrained(model, str(folder))
        except (ValueError, RuntimeError, KeyError) as error:
            raise _mismatch(spec, config, error) from error
    for warning in caught:
        if "adapter keys" in str(warning.message):
            raise _mismatch(spec, config, warning.message)
    return adapted


def _folder(spec: ModelSpec) -> Path:
    """Return the folder of the adapter, fetched from the hub if need be.

    Pickled weights are refused here: peft would load them without a word.
    """
    folder = Path(str(spec.adapter)).expanduser()
    reason = ""
    if not folder.is_dir():
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - loaded on use

        try:
            folder = Path(
                snapshot_download(
                    str(spec.adapter),
                    revision=spec.adapter_revision,
                    allow_patterns=list(_FILES),
                )
            )
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise WeightsUnavailable(
            f"model {spec.name!r}: adapter {spec.adapter!r} lacks"
            f" {' and '.join(missing)} {reason}; 'adapter' is a folder with"
            f" {' and '.join(_FILES)}, or a hub id; pickled weights (.bin) are refused:"
            " save them with safe_serialization=True"
        )
    return folder


def _mismatch(spec: ModelSpec, config: Any, reason: object) -> AdapterMismatch:  # noqa: ANN401 - loaded on use
    first = str(reason).strip().splitlines()
    return AdapterMismatch(
        f"model {spec.name!r}: adapter {spec.adapter!r}, made for"
        f" {config.base_model_name_or_path!r}, does not fit {spec.weights!r}:"
        f" {' '.join(first[:3])}"
    )
