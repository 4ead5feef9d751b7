"""What an entry sets of a model that runs through transformers, on a device.

Nothing here needs torch: an entry is refused before anything is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.backends.checkpoints import local_place
from pytest_llmlat.backends.huggingface.adapter_files import check_adapter
from pytest_llmlat.backends.huggingface.entry_options import (
    ASSISTANT,
    ATTENTION,
    CACHE,
    COMPILE,
    CONTEXT,
    CUDA_ATTENTIONS,
    DEVICE_MAP,
    DRAFT,
    DRAFT_TOKENS,
    MERGE,
    QUANTIZATION,
    THREADS,
)
from pytest_llmlat.backends.settings_check import (
    flag_option,
    text_option,
    whole_option,
)
from pytest_llmlat.machine.device_table import general
from pytest_llmlat.values.errors import BadCatalogue, Unsupported

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.entry_option import EntryOption

Scheme: TypeAlias = Literal[
    "none", "bitsandbytes-int8", "bitsandbytes-int4", "torchao-int8", "dynamic-int8"
]
"""How weights are quantised, and by what; what the facts of a model tell."""

STATIC_CONTEXT = 2048
"""Places of a static cache where the entry does not say ``context``."""
_LOOKUP_TOKENS, _ASSISTANT_TOKENS = 10, 5
_SCHEMES: dict[tuple[str, str], Scheme] = {
    ("int8", "cpu"): "dynamic-int8",
    ("int8", "cuda"): "bitsandbytes-int8",
    ("int4", "cuda"): "bitsandbytes-int4",
    ("torchao-int8", "cpu"): "torchao-int8",
    ("torchao-int8", "cuda"): "torchao-int8",
}
"""(option, device) pairs that there are; a special kind of a device is like it.
A device has one way to do 8 bit by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformersSettings:
    """What an entry sets, checked against the device as far as that needs no torch."""

    threads: int | None = None
    context: int | None = None
    attention: str | None = None
    cache: str = "dynamic"
    compiled: bool = False
    device_map: str | None = None
    quantization: Scheme = "none"
    merge: bool = False
    draft: str = "none"
    assistant: str | None = None
    draft_tokens: int = 0

    @property
    def at_load(self) -> bool:
        """Whether the weights are read as quantised ones, and go where they belong."""
        return self.quantization not in ("none", "dynamic-int8")


def settings_of(deployment: Deployment) -> TransformersSettings:
    """Read and check the options of an entry.

    Raises:
        BadCatalogue: a value that is none, or two that exclude each other.
        Unsupported: the device cannot do it; says what can be used there.
    """
    model, device = deployment.model, deployment.device
    compiled = flag_option(model, COMPILE, default=False)
    cache = text_option(model, CACHE)
    _check_cache(model)
    draft = _draft(model)
    settings = TransformersSettings(
        threads=_whole(model, THREADS),
        context=_whole(model, CONTEXT),
        attention=text_option(model, ATTENTION),
        cache=cache or ("static" if compiled else "dynamic"),
        compiled=compiled,
        device_map=text_option(model, DEVICE_MAP),
        quantization=_scheme(model, device),
        merge=flag_option(model, MERGE, default=False),
        draft=draft,
        assistant=text_option(model, ASSISTANT),
        draft_tokens=_draft_tokens(model, draft),
    )
    _check_device(model, device, settings)
    return settings


def check_entry(model: ModelSpec) -> None:
    """See that an entry's options go together, and that its files are there.

    Raises:
        BadCatalogue: two options that exclude each other.
        WeightsUnavailable: weights or adapter are not there, or not whole.
        AdapterMismatch: it is of another base or of a kind that is not served.
    """
    _check_cache(model)
    _draft(model)
    if model.package is None:
        local_place(model)
    check_adapter(model)


def _check_cache(model: ModelSpec) -> None:
    """See that what is to be compiled has a cache of a fixed size.

    Raises:
        BadCatalogue: it has none.
    """
    compiled = flag_option(model, COMPILE, default=False)
    if compiled and text_option(model, CACHE) == "dynamic":
        raise BadCatalogue(
            f"model {model.name!r}: option compile = true: needs cache = 'static', for"
            " what is compiled has a fixed size; leave cache out, or set it to 'static'"
        )


def _draft(model: ModelSpec) -> str:
    """Return who guesses the tokens of a model, ``none`` if nobody does.

    Raises:
        BadCatalogue: nobody can, or a setting has no place beside it.
    """
    asked, named = text_option(model, DRAFT), text_option(model, ASSISTANT)
    found = asked or ("none" if named is None else "assistant")
    where = f"model {model.name!r}: option draft = {found!r}"
    if found == "assistant" and named is None:
        raise BadCatalogue(
            f"{where}: which model guesses? Name its weights with the option assistant"
        )
    static = text_option(model, CACHE) == "static"
    if found != "none" and (static or flag_option(model, COMPILE, default=False)):
        raise BadCatalogue(
            f"{where}: guesses that are not kept are taken out of the cache, which a"
            " static one does not allow; leave cache and compile out"
        )
    return found


def _draft_tokens(model: ModelSpec, draft: str) -> int:
    if draft == "none":
        return 0
    usual = _LOOKUP_TOKENS if draft == "prompt-lookup" else _ASSISTANT_TOKENS
    return whole_option(model, DRAFT_TOKENS, usual)


def _whole(model: ModelSpec, option: EntryOption) -> int | None:
    if model.option(option.name) is None:
        return None
    return whole_option(model, option, 1)


def _scheme(model: ModelSpec, device: str) -> Scheme:
    asked = text_option(model, QUANTIZATION) or "none"
    if asked == "none":
        return "none"
    like = general(device)
    found = _SCHEMES.get((asked, like))
    if found is None:
        there = [option for option, where in _SCHEMES if where == like]
        instead = " or ".join(there) if there else "float16, or a GGUF or MLX model"
        raise Unsupported(
            f"model {model.name!r}: option quantization = {asked!r}: not on device"
            f" {device!r}; use {instead} there"
        )
    if found == "dynamic-int8":
        dtype = model.dtype_on(device)
        if dtype not in (None, "float32"):
            raise BadCatalogue(
                f"model {model.name!r}: option quantization = 'int8' computes in"
                f" float32 on device {device!r}, but its dtype is {dtype!r} there;"
                " leave the dtype out, or use torchao-int8"
            )
        if model.adapter and not flag_option(model, MERGE, default=False):
            raise BadCatalogue(
                f"model {model.name!r}: option quantization = 'int8' on device"
                f" {device!r}: an unmerged adapter cannot be put on layers of 8 bit;"
                " set merge = true, or use torchao-int8"
            )
    return found


def _check_device(
    model: ModelSpec, device: str, settings: TransformersSettings
) -> None:
    """Refuse what only other devices can do."""
    cuda = general(device) == "cuda"
    problem = None
    if settings.device_map and not cuda:
        problem = (
            f"device_map = {settings.device_map!r}: spreads a model over several CUDA"
            " cards; leave it out"
        )
    elif settings.attention in CUDA_ATTENTIONS and not cuda:
        problem = f"attention = {settings.attention!r}: needs CUDA; use sdpa or eager"
    elif settings.compiled and general(device) not in ("cpu", "cuda"):
        problem = "compile = true: is for cpu and CUDA; leave it out"
    elif settings.compiled and settings.quantization == "dynamic-int8":
        problem = "compile = true: not with quantization = 'int8'; use torchao-int8"
    elif settings.compiled and settings.device_map:
        problem = "compile = true: not over several cards; leave device_map out"
    if problem:
        raise Unsupported(
            f"model {model.name!r} on device {device!r}: option {problem}"
        )
