"""Loading a transformers model without its adapter, or taking it from the shelf."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.checkpoints import (
    check_code,
    how_to_convert,
    remote_code,
    source_of,
)
from pytest_llmlat.backends.freeing import free_memory
from pytest_llmlat.backends.huggingface.faults import out_of_memory
from pytest_llmlat.backends.huggingface.quantization import check_layers, reading
from pytest_llmlat.backends.huggingface.torch_devices import (
    TorchDevice,
    dtype_of,
    spread,
    usable_cards,
)
from pytest_llmlat.backends.local_checkpoint import check_fetched
from pytest_llmlat.backends.weights_digest import digests_told
from pytest_llmlat.values.confidential import revealed
from pytest_llmlat.values.errors import (
    LLMLatError,
    OutOfMemory,
    Unsupported,
    WeightsUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, MutableMapping

    from pytest_llmlat.backends.huggingface.entry_settings import TransformersSettings
    from pytest_llmlat.values.entities import Deployment, ModelSpec

_NOT_OF_THE_BASE = frozenset(
    (
        *("slower", "merge", "adapter_base", "batching", "batch_size", "threads"),
        *("context", "draft", "assistant", "draft_tokens"),
    )
)
"""Options that leave the weights of the base, and how it computes, as they are."""
_ONE_THREAD = "HF_DEACTIVATE_ASYNC_LOAD"
"""Read by transformers when it loads."""


@dataclass(slots=True, kw_only=True)
class Base:
    """A loaded model without adapter, as it came from its weights."""

    model: Any
    tokenizer: Any
    device: TorchDevice
    owner: str
    """The entry that loaded it."""
    generation_config: Any
    """What its own file says of generation: which tokens end an answer."""
    layers: frozenset[tuple[str, int]]
    """Which objects its weights are, to see that none was replaced."""
    taken: bool = False
    """Whether it lay on the shelf, so that loading it again took no time."""

    @property
    def untouched(self) -> bool:
        """Whether it has the very weights that were loaded, and no others."""
        return weights_of(self.model) == self.layers

    def free(self) -> None:
        """Drop the weights and give the device's memory back."""
        self.model = self.tokenizer = self.generation_config = None
        free_memory()
        # A device that was lost has nothing to give, and says so.
        with suppress(RuntimeError):
            self.device.release()


def base_key(deployment: Deployment) -> Hashable:
    """Return all that makes one base different from another."""
    spec = deployment.model
    options = [pair for pair in spec.options if pair[0] not in _NOT_OF_THE_BASE]
    return (
        *(spec.weights, spec.package, spec.revision, spec.trust_remote_code),
        *(deployment.device, spec.dtype_on(deployment.device)),
        tuple(sorted((key, repr(revealed(value))) for key, value in options)),
    )


def load_base(
    transformers: Any,  # noqa: ANN401 - loaded on use
    deployment: Deployment,
    settings: TransformersSettings,
    device: TorchDevice,
) -> Base:
    """Load the model of an entry, without adapter, onto its device.

    Raises:
        Unsupported: it brings code of its own, or the device cannot compute like that.
        WeightsUnavailable: neither on disk nor to be fetched, or pickled.
        OutOfMemory: over all cards there is not room enough.
    """
    spec = deployment.model
    dtype = _dtype(deployment, settings, device)
    # Found before the try: a package that is missing has a better message of its own.
    source = source_of(spec)
    pinned = {} if Path(source).is_dir() else {"revision": spec.revision or "main"}
    places = _places(deployment, settings, device)
    extra = reading(settings.quantization, transformers, dtype, spec)
    if settings.attention:
        extra["attn_implementation"] = settings.attention
    how = {"dtype": dtype, **places, **extra}
    with _refused(spec, source, settings, device):
        if pinned and digests_told(spec):
            check_fetched(spec, _fetched(spec, source))
        tokenizer, model, found = _read(transformers, spec, source, pinned, how)
    _check_whole(spec, source, found["missing_keys"])
    if settings.quantization == "torchao-int8":
        check_layers(device.torch, model, spec)
    if settings.device_map:
        device = _on_cards(spec, device, model)
    elif not settings.at_load:
        model.to(device.name)
    model.eval()
    return Base(
        model=model,
        tokenizer=tokenizer,
        device=device,
        owner=spec.name,
        generation_config=model.generation_config,
        layers=weights_of(model),
    )


def _fetched(spec: ModelSpec, source: str) -> Path:
    """Fetch the files of a repository whose digests an entry gives."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - loaded on use

    names = [name or "*.safetensors" for name in digests_told(spec)]
    return Path(
        snapshot_download(
            source, revision=spec.revision or "main", allow_patterns=names
        )
    )


def _read(
    transformers: Any,  # noqa: ANN401 - loaded on use
    spec: ModelSpec,
    source: str,
    pinned: Mapping[str, str],
    how: Mapping[str, Any],
) -> tuple[Any, Any, Mapping[str, Any]]:
    """Return the tokenizer, the model, and what the library says of loading it."""
    config, _ = transformers.PretrainedConfig.get_config_dict(source, **pinned)
    check_code(transformers, config, spec, source)
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        source, trust_remote_code=spec.trust_remote_code, **pinned
    )
    with on_one_thread(os.environ):
        model, found = transformers.AutoModelForCausalLM.from_pretrained(
            source,
            use_safetensors=True,
            trust_remote_code=spec.trust_remote_code,
            output_loading_info=True,
            **how,
            **pinned,
        )
    return tokenizer, model, found


@contextmanager
def _refused(
    spec: ModelSpec, source: str, settings: TransformersSettings, device: TorchDevice
) -> Iterator[None]:
    """Say in our words what the library runs into inside a block."""
    try:
        yield
    except (OSError, ValueError, ImportError) as error:
        raise _told(spec, source, settings, error) from error
    except LLMLatError:
        raise
    # A configuration or a tokenizer that lies breaks its insides in any way.
    except Exception as error:
        if out_of_memory(device.torch, error):
            raise
        raise _broken(spec, source, error) from error


@contextmanager
def on_one_thread(environ: MutableMapping[str, str]) -> Iterator[None]:
    """Let transformers read weights on the calling thread inside a block.

    Its threads take memory from heaps of their own, which the C library does not give
    back: the tenth model of a session held 150 MB of the nine before.

    Args:
        environ: the environment, where the user's own word stands.
    """
    before = environ.get(_ONE_THREAD)
    environ[_ONE_THREAD] = "1" if before is None else before
    try:
        yield
    finally:
        if before is None:
            environ.pop(_ONE_THREAD, None)


def weights_of(model: Any) -> frozenset[tuple[str, int]]:  # noqa: ANN401 - loaded on use
    """Return the name of each weight and which object it is."""
    return frozenset((name, id(weight)) for name, weight in model.named_parameters())


def _dtype(
    deployment: Deployment, settings: TransformersSettings, device: TorchDevice
) -> Any:  # noqa: ANN401 - torch's, or "auto"
    name = deployment.model.dtype_on(deployment.device)
    if settings.quantization == "dynamic-int8":
        # Its layers take nothing else.
        name = "float32"
    if name is None:
        return "auto"
    return dtype_of(name, device, wanted_by=f"model {deployment.model.name!r}")


def _places(
    deployment: Deployment, settings: TransformersSettings, device: TorchDevice
) -> dict[str, Any]:
    """Return where accelerate should put the weights, where it is to do so."""
    if settings.device_map:
        return {
            "device_map": settings.device_map,
            "max_memory": usable_cards(device.torch, deployment.device),
        }
    return {"device_map": {"": device.name}} if settings.at_load else {}


def _on_cards(spec: ModelSpec, device: TorchDevice, model: Any) -> TorchDevice:  # noqa: ANN401 - loaded on use
    """Return the cards of a model, all of which must be cards."""
    found = spread(device, model)
    elsewhere = sorted(card for card in found.cards if not card.startswith("cuda"))
    if elsewhere:
        raise _too_large(spec, f"a part would lie on {', '.join(elsewhere)}")
    return found


def _told(
    spec: ModelSpec,
    source: str,
    settings: TransformersSettings,
    error: Exception,
) -> Exception:
    """Return the refusal that says what to do about an error of the library."""
    reason = " ".join(str(error).split())
    if "trust_remote_code" in reason:
        return remote_code(spec, source, "its config says so")
    if settings.device_map and "offload" in reason:
        return _too_large(spec, reason)
    if isinstance(error, ImportError):
        return Unsupported(
            f"model {spec.name!r}: {_asked(settings)}: {reason:.300}; install what it"
            " needs, or leave the option out"
        )
    if "does not support an attention" in reason or "attn_implementation" in reason:
        return Unsupported(
            f"model {spec.name!r}: {_asked(settings)}: {reason:.300}; use eager or sdpa"
        )
    pickled = ""
    if "safetensors" in reason:
        pickled = (
            " - Only safetensors are read, for a pickle can run any program; if you"
            f" trust it, convert it once: {how_to_convert(source)}"
        )
    return WeightsUnavailable(
        f"model {spec.name!r}: cannot load {source!r}: {reason} - If this machine"
        " is offline, fetch the weights where there is a network (hf download"
        f" {source}) and copy the cache, or name a local folder as hf:PATH;"
        f" a gated model also needs HF_TOKEN{pickled}"
    )


def _broken(spec: ModelSpec, source: str, error: Exception) -> WeightsUnavailable:
    """Return what to say of files over which the library broke."""
    reason = " ".join(str(error).split())
    return WeightsUnavailable(
        f"model {spec.name!r}: transformers cannot load {source!r}:"
        f" {type(error).__name__}: {reason:.300} - Are all files whole, and of one"
        " model?"
    )


def _check_whole(spec: ModelSpec, source: str, missing: Iterable[str]) -> None:
    """Refuse a model of which the library made up a part.

    Raises:
        WeightsUnavailable: names what is not in the weights.
    """
    names = sorted(missing)
    if names:
        raise WeightsUnavailable(
            f"model {spec.name!r}: the weights of {source!r} lack {len(names)} tensors"
            f" of the model ({', '.join(names[:2])}): transformers would fill them with"
            " random numbers; take weights that are whole, and of this model"
        )


def _asked(settings: TransformersSettings) -> str:
    """Name the options that may have asked for what is not there."""
    asked: Mapping[str, object] = {
        "attention": settings.attention,
        "quantization": settings.at_load and settings.quantization,
        "device_map": settings.device_map,
    }
    given = [f"{key} = {value!r}" for key, value in asked.items() if value]
    return f"option {', '.join(given)}" if given else "cannot be loaded"


def _too_large(spec: ModelSpec, reason: str) -> OutOfMemory:
    return OutOfMemory(
        f"model {spec.name!r}: does not fit on the cards together ({reason:.200});"
        " computing outside of them would measure something else: use a smaller dtype,"
        " quantization (int8, int4), or a smaller model"
    )
