"""The files of a LoRA adapter: found, read and checked before a model is loaded.

Nothing here needs torch or peft: settings are JSON, and the header of a safetensors
file names every tensor with its shape.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.huggingface.adapter_bases import base_note
from pytest_llmlat.backends.huggingface.adapter_options import merge_asked
from pytest_llmlat.backends.huggingface.adapter_provenance import check_base
from pytest_llmlat.backends.safetensors_header import tensor_shapes
from pytest_llmlat.values.errors import (
    AdapterMismatch,
    WeightsUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import UnionType

    from pytest_llmlat.values.entities import ModelSpec, Scalar

SETTINGS = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
_FILES = (SETTINGS, WEIGHTS)
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
_LORA = re.compile(r"^(.+)\.(lora_(?:A|B|embedding_A|embedding_B))(?:\.weight)?$")
_PREFIX = "base_model.model."
"""What peft writes before the name of every layer of the model."""
_INITS = (True, False, None, "gaussian", "orthogonal", "eva")
"""Ways to begin that leave the base's own weights as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterFacts:
    """What an adapter is, from its files."""

    source: str
    """Folder or hub id, as the entry names it."""
    folder: Path
    digest: str
    """16 hex digits of the SHA-256 over its settings and its weights."""
    base: str | None
    """The model it was made for, as its settings say."""
    merged: bool
    """Whether it is to become part of the weights, or to be computed beside them."""
    rank: int
    alpha: float
    """Scale of its product, which is multiplied by ``alpha / rank`` (by ``rank ** 0.5``
    with rsLoRA)."""
    targets: tuple[str, ...]
    """The last names of the layers that it changes."""
    shapes: Mapping[str, tuple[int, ...]]
    """Every tensor of its weights file."""
    notes: tuple[str, ...] = ()
    """What could not be checked or is not used, for whoever reads the figures."""

    def facts(self) -> dict[str, Scalar | None]:
        """Return what a backend tells of it."""
        return {
            "adapter": self.source,
            "adapter_digest": self.digest,
            "adapter_base": self.base,
            "adapter_merged": self.merged,
            "adapter_rank": self.rank,
            "adapter_alpha": self.alpha,
            "adapter_targets": ", ".join(self.targets),
            "adapter_note": "; ".join(self.notes) or None,
        }

    def layers(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """Return, by the full name of each changed layer, the shapes of its parts."""
        found: dict[str, dict[str, tuple[int, ...]]] = {}
        for name, shape in self.shapes.items():
            if part := _LORA.match(name):
                layer = part[1].removeprefix(_PREFIX)
                found.setdefault(layer, {})[part[2]] = shape
        return found


def find_adapter(spec: ModelSpec) -> AdapterFacts | None:
    """Find, read and check the adapter of an entry; ``None`` if it has none.

    Raises:
        BadCatalogue: the entry's options contradict one another.
        WeightsUnavailable: the adapter is neither a folder nor to be fetched, or its
            files are incomplete.
        AdapterMismatch: it is no LoRA, of a kind that is not served, or was made for
            another base than the entry's.
    """
    merged = merge_asked(spec)
    if not spec.adapter:
        return None
    folder = _folder(spec)
    facts = _read(spec, folder, merged=merged, digest=_digest(folder))
    note = check_base(spec, folder)
    return facts if note is None else replace(facts, notes=(*facts.notes, note))


def check_adapter(spec: ModelSpec) -> None:
    """See that the adapter of an entry can be put on, as far as this disk tells.

    Nothing is fetched, and weights are not read; what opening would refuse of a folder
    that is here is refused.

    Raises:
        BadCatalogue: the entry's options contradict one another.
        WeightsUnavailable: no folder and no hub id, or its files are incomplete.
        AdapterMismatch: it is no LoRA, of a kind that is not served, or was made for
            another base than the entry's.
    """
    merged = merge_asked(spec)
    if not spec.adapter:
        return
    try:
        folder = Path(spec.adapter).expanduser()
        here = folder.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise _broken(
            spec, f"{spec.adapter!r:.80} is no path ({reason:.80})"
        ) from error
    if here:
        _check_files(spec, folder)
        _read(spec, folder, merged=merged, digest="")
    elif not _HUB_ID.fullmatch(spec.adapter):
        _check_files(spec, folder)


def _read(spec: ModelSpec, folder: Path, *, merged: bool, digest: str) -> AdapterFacts:
    """Read and check the files of an adapter; raises what :func:`find_adapter` does."""
    settings = _settings(spec, folder)
    shapes = _shapes(spec, folder)
    _check_kind(spec, settings)
    base = settings.get("base_model_name_or_path") or None
    facts = AdapterFacts(
        source=str(spec.adapter),
        folder=folder,
        digest=digest,
        base=None if base is None else str(base),
        merged=merged,
        rank=settings["r"],
        alpha=settings["lora_alpha"],
        targets=(),
        shapes=shapes,
        notes=_notes(spec, settings, folder),
    )
    layers = facts.layers()
    if not layers:
        raise _refused(
            spec,
            f"its {WEIGHTS} holds no LoRA weights, but"
            f" {', '.join(list(shapes)[:2]) or 'nothing at all'}",
            "name the folder that save_pretrained of the peft model wrote",
        )
    _check_ranks(spec, settings, shapes)
    _check_strays(spec, settings, shapes)
    targets = sorted({name.rpartition(".")[2] for name in layers})
    return replace(facts, targets=tuple(targets))


def _is_number(value: object, kind: type | UnionType) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


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
    _check_files(spec, folder, reason)
    return folder


def _check_files(spec: ModelSpec, folder: Path, reason: str = "") -> None:
    """See that a folder has the files of an adapter.

    Raises:
        WeightsUnavailable: one is missing; says why it could not be fetched.
    """
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise WeightsUnavailable(
            f"model {spec.name!r}: adapter {spec.adapter!r} lacks"
            f" {' and '.join(missing)} {reason}; 'adapter' is a folder with"
            f" {' and '.join(_FILES)}, or a hub id; pickled weights (.bin) are refused,"
            " since loading a pickle runs what it holds: where you trust them, load"
            " them with peft and write them anew with"
            " save_pretrained(FOLDER, safe_serialization=True)"
        )


def _settings(spec: ModelSpec, folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS
    try:
        settings = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(spec, f"{path} cannot be read: {error}") from error
    if not isinstance(settings, dict):
        raise _broken(spec, f"{path} is no JSON object")
    kind = settings.get("peft_type")
    if kind != "LORA":
        raise _refused(
            spec,
            f"its {SETTINGS} says peft_type = {kind!r}",
            "only LoRA adapters (LORA) are put on here; merge this one into its base"
            " with peft, save the model and name its folder as weights",
        )
    rank, alpha = settings.get("r", 0), settings.get("lora_alpha")
    if not _is_number(rank, int) or not rank > 0 or not _is_number(alpha, int | float):
        raise _broken(spec, f"{path} says r = {rank!r}, lora_alpha = {alpha!r}")
    for key, form in (("modules_to_save", list), ("rank_pattern", dict)):
        if not isinstance(settings.get(key), form | None):
            raise _broken(spec, f"{path} says {key} = {settings[key]!r}")
    return settings


def _shapes(spec: ModelSpec, folder: Path) -> dict[str, tuple[int, ...]]:
    try:
        return tensor_shapes(folder / WEIGHTS)
    except (OSError, ValueError) as error:
        raise _broken(spec, f"{folder / WEIGHTS}: {error}") from error


def _check_kind(spec: ModelSpec, settings: Mapping[str, Any]) -> None:
    """Refuse what peft would do to the base itself, or would not do at all."""
    task = settings.get("task_type")
    if task not in (None, "CAUSAL_LM"):
        raise _refused(
            spec, f"it was trained for {task}", "only CAUSAL_LM adapters write text"
        )
    changed = {
        "bias": settings.get("bias", "none") != "none",
        "layer_replication": bool(settings.get("layer_replication")),
        "trainable_token_indices": bool(settings.get("trainable_token_indices")),
        "megatron_config": bool(settings.get("megatron_config")),
        "init_lora_weights": settings.get("init_lora_weights", True) not in _INITS,
    }
    for key, told in changed.items():
        if told:
            raise _refused(
                spec,
                f"its {SETTINGS} says {key} = {settings[key]!r}, which changes more of"
                " the base than LoRA layers",
                "merge it into its base with peft, save the model and name its folder"
                " as weights",
            )


def _check_ranks(
    spec: ModelSpec,
    settings: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
) -> None:
    """Compare the rank in the settings with that of the weights."""
    # The experts of a layer share one tensor, and their ranks add up in it.
    if settings.get("target_parameters"):
        return
    patterns = (settings.get("rank_pattern") or {}).values()
    told = {settings["r"], *(rank for rank in patterns if isinstance(rank, int))}
    for name, shape in shapes.items():
        part = _LORA.match(name)
        if part is None or not part[2].endswith("A"):
            continue
        if not shape or shape[0] not in told:
            ranks = " or ".join(str(rank) for rank in sorted(told))
            raise _refused(
                spec,
                f"its {SETTINGS} says rank {ranks}, but {name} in its {WEIGHTS} has"
                f" shape {list(shape)}, rank {shape[0] if shape else 'none'}",
                "the two files are of two adapters: take both from one",
            )


def _check_strays(
    spec: ModelSpec,
    settings: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
) -> None:
    """Refuse whole layers that the settings do not name.

    Peft would write them over those of the base, whence they cannot be taken off.
    """
    whole = {str(name) for name in settings.get("modules_to_save") or ()}
    for name, shape in shapes.items():
        layer = name.removeprefix(_PREFIX).rpartition(".")[0]
        named = any(layer == one or layer.endswith(f".{one}") for one in whole)
        if ".lora_" not in name and not named:
            raise _refused(
                spec,
                f"its {WEIGHTS} holds {name} of shape {list(shape)}, a whole layer of"
                " a base (was its vocabulary resized?)",
                "merge it into its base with peft, save the model and name its folder"
                " as weights",
            )


def _notes(
    spec: ModelSpec, settings: Mapping[str, Any], folder: Path
) -> tuple[str, ...]:
    """Compare the base that the adapter names with the entry's; say what is unsure."""
    notes = []
    base = settings.get("base_model_name_or_path") or None
    if note := base_note(spec, None if base is None else str(base)):
        notes.append(note)
    if whole := settings.get("modules_to_save"):
        notes.append(f"also replaces whole layers: {', '.join(map(str, whole))}")
    if (folder / "tokenizer_config.json").is_file():
        notes.append("the tokenizer in the adapter's folder is not used")
    return tuple(notes)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in _FILES:
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _broken(spec: ModelSpec, what: str) -> WeightsUnavailable:
    return WeightsUnavailable(
        f"model {spec.name!r}: adapter {spec.adapter!r}: {what}; it was not written or"
        " fetched to its end: write or fetch it again"
    )


def _refused(spec: ModelSpec, what: str, remedy: str) -> AdapterMismatch:
    return AdapterMismatch(
        f"model {spec.name!r}: adapter {spec.adapter!r} cannot be put on"
        f" {spec.weights!r}: {what}; {remedy}"
    )
