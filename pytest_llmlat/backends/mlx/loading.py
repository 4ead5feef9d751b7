"""Weights and adapters for MLX: found, checked and loaded through mlx-lm."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.checkpoints import how_to_convert
from pytest_llmlat.backends.local_checkpoint import check_fetched
from pytest_llmlat.backends.mlx.entry_options import DTYPES
from pytest_llmlat.backends.weights import fingerprint
from pytest_llmlat.values.errors import (
    AdapterMismatch,
    BadCatalogue,
    OutOfMemory,
    Unsupported,
    WeightsUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.values.entities import Deployment, ModelSpec

_ITS_OWN = (
    *(OSError, ValueError, LookupError, TypeError, RuntimeError),
    *(AttributeError, ArithmeticError, AssertionError, MemoryError),
)
"""What mlx-lm raises over a configuration or weights that lie."""
_CONFIG = "config.json"
_WEIGHTS = "model*.safetensors"
_ADAPTER_CONFIG = "adapter_config.json"
_ADAPTER_WEIGHTS = "adapters.safetensors"
_PEFT_WEIGHTS = "adapter_model.safetensors"
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.npz")
_FETCHED = (*("*.json", _WEIGHTS, "tokenizer.model", "*.tiktoken", "*.txt", "*.jinja"),)
"""No Python files: none would be run."""
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
_NO_MEMORY = ("unable to allocate", "insufficient memory", "out of memory", "bad_alloc")


@dataclass(frozen=True, slots=True, kw_only=True)
class MlxLibrary:
    """What is used of mlx and mlx-lm, loaded on use."""

    mx: Any
    """The module ``mlx.core``."""
    load_model: Callable[..., Any]
    load_adapters: Callable[..., Any]
    generate_step: Callable[..., Any]
    make_sampler: Callable[..., Any]
    new_cache: Callable[..., Any]
    """Makes an empty cache of keys and values for a model."""


def find_folder(spec: ModelSpec) -> tuple[Path, str | None]:
    """Return the folder of an entry's weights, and their commit if it is the hub's.

    Raises:
        WeightsUnavailable: no such folder, or one without weights that MLX reads, or
            a hub that cannot be reached.
    """
    place = local_folder(spec)
    if place is not None:
        return place, None
    weights = str(spec.weights)
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - loaded on use

    try:
        folder = Path(
            snapshot_download(
                weights,
                revision=spec.revision or "main",
                allow_patterns=list(_FETCHED),
            )
        )
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WeightsUnavailable(
            f"model {spec.name!r}: cannot fetch {weights!r}: {reason} - If this machine"
            f" is offline, fetch the weights where there is a network (hf download"
            f" {weights}) and copy the cache, or name a local folder as mlx:PATH; a"
            " gated model also needs HF_TOKEN"
        ) from error
    check_fetched(spec, folder)
    _check_folder(spec, folder)
    return folder, folder.name


def local_folder(spec: ModelSpec) -> Path | None:
    """Return the folder of an entry's weights, ``None`` of a hub id.

    Raises:
        WeightsUnavailable: it is not there, or has no weights that MLX reads.
    """
    weights = str(spec.weights)
    place = Path(weights).expanduser()
    if place.is_dir():
        _check_folder(spec, place)
        return place
    if place.is_file() or spec.package is not None or not _HUB_ID.fullmatch(weights):
        reason = "is a file" if place.is_file() else "is no folder and no hub id"
        raise WeightsUnavailable(
            f"model {spec.name!r}: {weights!r} {reason}; MLX loads a folder with"
            f" {_CONFIG} and {_WEIGHTS}, or a hub id such as mlx-community/NAME; a GGUF"
            " file is loaded as gguf:PATH"
        )
    return None


def load(
    library: MlxLibrary, deployment: Deployment, folder: Path
) -> tuple[Any, Mapping[str, Any]]:
    """Load the weights in their dtype, with the adapter on top; on the present stream.

    Returns:
        The model and its configuration.

    Raises:
        Unsupported: mlx-lm does not know the architecture, or would not heed settings.
        WeightsUnavailable: the files are broken.
        AdapterMismatch: the adapter was made for another model.
        OutOfMemory: the weights do not fit.
    """
    spec = deployment.model
    config = _config(spec, folder)
    dtype = _dtype(library.mx, deployment)
    try:
        model, loaded = library.load_model(
            folder, model_config=rope_settings(config), trust_remote_code=False
        )
        if not rope_heeded(config, model):
            raise _rope_refused(spec, folder)
        if spec.adapter is not None:
            model = _adapted(library, spec, model)
        if dtype is not None:
            model.set_dtype(dtype)
        model.eval()
        library.mx.eval(model.parameters())
    except _ITS_OWN as error:
        raise _told(spec, folder, error) from error
    return model, loaded


def digest_of(folder: Path) -> str:
    """Return 16 hex digits over the weights of a folder and their configuration."""
    digest = hashlib.sha256((folder / _CONFIG).read_bytes())
    for path in sorted(folder.glob(_WEIGHTS)):
        digest.update(fingerprint(path).encode())
    return digest.hexdigest()[:16]


def adapter_digest(spec: ModelSpec) -> str | None:
    """Return 16 hex digits over the weights of an entry's adapter."""
    if spec.adapter is None:
        return None
    return fingerprint(Path(spec.adapter).expanduser() / _ADAPTER_WEIGHTS)


def quantization_of(config: Mapping[str, Any]) -> str | None:
    """Say how weights are quantised, such as ``affine 4 bit, groups of 64``."""
    found = config.get("quantization")
    if not isinstance(found, dict):
        return None
    mode = found.get("mode", "affine")
    return f"{mode} {found.get('bits')} bit, groups of {found.get('group_size')}"


def rope_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what mlx-lm reads of rotary positions, in the words that it reads.

    transformers 5 writes ``rope_parameters`` where 4 wrote ``rope_theta`` and
    ``rope_scaling``. Most models of mlx-lm know only the old words and take their own
    default without a word: the answers would be those of a broken model.
    """
    found = _flat_rope(config)
    text = config.get("text_config")
    if isinstance(text, dict) and (inner := _flat_rope(text)):
        found["text_config"] = {**text, **inner}
    return found


def rope_heeded(config: Mapping[str, Any], model: object) -> bool:
    """Tell whether a loaded model computes with the rotary positions of its config."""
    parts = [
        part
        for part in (config, config.get("text_config"))
        if isinstance(part, dict)
        and part.get("rope_parameters")
        and "rope_theta" not in part
    ]
    holders = (model, getattr(model, "language_model", None))
    known = [getattr(holder, "args", None) for holder in holders]
    if any(hasattr(args, "rope_parameters") for args in known):
        return True
    for part in parts:
        wanted = _flat_rope(part)
        if not wanted or not any(
            all(getattr(args, key, None) == value for key, value in wanted.items())
            for args in known
        ):
            return False
    return True


def no_memory(error: BaseException) -> bool:
    """Tell whether an error of MLX means that memory gave out."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(word in text for word in _NO_MEMORY)


def _flat_rope(config: Mapping[str, Any]) -> dict[str, Any]:
    rope = config.get("rope_parameters")
    if not isinstance(rope, dict) or "rope_theta" in config:
        return {}
    if not isinstance(rope.get("rope_theta"), int | float):
        return {}
    found = {
        key: rope[key] for key in ("rope_theta", "partial_rotary_factor") if key in rope
    }
    if rope.get("rope_type", "default") != "default":
        found["rope_scaling"] = rope
    return found


def _check_folder(spec: ModelSpec, folder: Path) -> None:
    wanted_by = f"model {spec.name!r}: folder {str(folder)!r}"
    missing = [name for name in (_CONFIG, _WEIGHTS) if not any(folder.glob(name))]
    if not missing:
        return
    pickled = sorted(path.name for kind in _PICKLED for path in folder.glob(kind))
    if pickled and _CONFIG not in missing:
        raise WeightsUnavailable(
            f"{wanted_by} has its weights in {pickled[0]}, and MLX loads safetensors"
            f" only. If you trust them, convert them once:"
            f" {how_to_convert(str(folder))}"
        )
    if (folder / _ADAPTER_CONFIG).is_file():
        raise WeightsUnavailable(
            f"{wanted_by} holds a LoRA adapter and no model; name its base as weights,"
            " and this folder as adapter"
        )
    raise WeightsUnavailable(
        f"{wanted_by} has no {' and no '.join(missing)}; make one with: mlx_lm.convert"
        " --hf-path MODEL --mlx-path FOLDER (-q for 4 bit)"
    )


def _config(spec: ModelSpec, folder: Path) -> dict[str, Any]:
    path = folder / _CONFIG
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsUnavailable(
            f"model {spec.name!r}: {path}: cannot be read: {error}"
        ) from error
    if not isinstance(found, dict) or "model_type" not in found:
        raise WeightsUnavailable(f"model {spec.name!r}: {path}: has no model_type")
    return found


def _dtype(mx: Any, deployment: Deployment) -> Any:  # noqa: ANN401 - loaded on use
    name = deployment.model.dtype_on(deployment.device)
    if name is None:
        return None
    if name not in DTYPES:
        raise BadCatalogue(
            f"model {deployment.model.name!r}: dtype {name!r}: MLX computes in"
            f" {', '.join(DTYPES)}"
        )
    return getattr(mx, name)


def _adapted(library: MlxLibrary, spec: ModelSpec, model: Any) -> Any:  # noqa: ANN401 - loaded on use
    folder = check_entry(spec)
    try:
        return library.load_adapters(model, str(folder))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AdapterMismatch(
            f"model {spec.name!r}: adapter {spec.adapter!r} does not fit"
            f" {spec.weights!r}: {_first_lines(error)}"
        ) from error


def check_entry(spec: ModelSpec) -> Path | None:
    """Return the folder of an entry's adapter, ``None`` if it has none.

    Raises:
        WeightsUnavailable: it lacks a file.
    """
    if spec.adapter is None:
        return None
    folder = Path(spec.adapter).expanduser()
    names = (_ADAPTER_CONFIG, _ADAPTER_WEIGHTS)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        peft = (folder / _PEFT_WEIGHTS).is_file()
        raise WeightsUnavailable(
            f"model {spec.name!r}: adapter {spec.adapter!r} lacks"
            f" {' and '.join(missing)}; MLX takes the folder that mlx_lm.lora writes;"
            + (" this one is of peft" if peft else " an adapter of peft")
            + " and goes with backend 'transformers', or merge it and convert the model"
        )
    return folder


def _rope_refused(spec: ModelSpec, folder: Path) -> Unsupported:
    return Unsupported(
        f"model {spec.name!r}: {folder / _CONFIG} gives rope_parameters, as"
        " transformers 5 does, and mlx-lm does not read them here: its answers"
        " would be those of a broken model; write rope_theta (and rope_scaling) into"
        " that file, or take weights that were converted for MLX"
    )


def _told(spec: ModelSpec, folder: Path, error: Exception) -> Exception:
    """Say in our words what mlx-lm said of a folder in its own."""
    reason = _first_lines(error)
    if no_memory(error):
        return OutOfMemory(
            f"model {spec.name!r}: no room for {folder}: {reason} - Take a smaller or"
            " a quantised model (mlx_lm.convert -q)"
        )
    if "not supported" in reason or "custom module" in reason:
        return Unsupported(
            f"model {spec.name!r}: {folder}: {reason} - mlx-lm does not know this"
            " architecture, and code that comes with weights is not run; try backend"
            " 'transformers' or a newer mlx-lm"
        )
    return WeightsUnavailable(
        f"model {spec.name!r}: mlx-lm cannot load {folder}: {reason} - Are all files"
        " whole, and of one model?"
    )


def _first_lines(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return " ".join(" ".join(lines[:3]).split()) or type(error).__name__
