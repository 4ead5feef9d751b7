"""Loading a transformers model, and its adapter if it has one, onto a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.backends.freeing import free_memory
from pytest_llmlat.backends.huggingface.adapters import find_adapter, put_on
from pytest_llmlat.backends.huggingface.drafting import draft_of
from pytest_llmlat.backends.huggingface.entry_settings import settings_of
from pytest_llmlat.backends.huggingface.faults import full_at_load, out_of_memory
from pytest_llmlat.backends.huggingface.loading import Base, base_key, load_base
from pytest_llmlat.backends.huggingface.model import HuggingFace
from pytest_llmlat.backends.huggingface.origin import BasePlace, ModelOrigin
from pytest_llmlat.backends.huggingface.quantization import quantize_dynamic
from pytest_llmlat.backends.huggingface.torch_devices import torch_device
from pytest_llmlat.values.errors import MissingExtra

if TYPE_CHECKING:
    from pytest_llmlat.backends.huggingface.entry_settings import TransformersSettings
    from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment


def open_model(
    deployment: Deployment,
    clock: Clock,  # noqa: ARG001 - every backend is opened alike
    shelf: BaseCache | None = None,
) -> HuggingFace:
    """Load a model, and its adapter if it has one, onto a device.

    Args:
        deployment: which model, and where.
        clock: not read: what is done here is part of loading.
        shelf: where its base may lie, and is put back when the model is closed.

    Raises:
        UnknownName: an option that this backend does not know.
        BadCatalogue: an option or a dtype that is none.
        MissingExtra: torch, transformers or what quantises is not installed.
        DeviceAbsent: this torch cannot use the device.
        Unsupported: the device or the library cannot do what the entry asks for.
        WeightsUnavailable: neither on disk nor to be fetched.
        AdapterMismatch: the adapter was made for another model.
        OutOfMemory: it does not fit; what was loaded of it is freed.
    """
    model = deployment.model
    settings = settings_of(deployment)
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(
            "transformers",
            error.name or "transformers",
            wanted_by=f"model {model.name!r}",
        ) from error
    device = torch_device(torch, deployment.device)
    transformers.utils.logging.disable_progress_bar()
    try:
        return _opened(transformers, deployment, settings, device, shelf or BaseCache())
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(torch, error):
            raise
        told = full_at_load(deployment, device, error)
    # Out here the error is gone, and with it the weights that its frames held.
    free_memory()
    device.release()
    raise told


def _opened(
    transformers: Any,  # noqa: ANN401 - loaded on use
    deployment: Deployment,
    settings: TransformersSettings,
    device: TorchDevice,
    shelf: BaseCache,
) -> HuggingFace:
    """Take the base from the shelf or load it, and put on it what the entry says."""
    spec, torch = deployment.model, device.torch
    adapter = find_adapter(spec)
    key = base_key(deployment)
    base = shelf.take(key, Base)
    if base is None:
        base = load_base(transformers, deployment, settings, device)
    place = BasePlace(shelf=shelf, key=key, base=base)
    try:
        model = base.model
        if adapter is not None:
            model = put_on(model, spec, adapter)
            place.adapted = None if settings.merge else model
        if settings.quantization == "dynamic-int8":
            model = quantize_dynamic(torch, model, spec)
        place.changed = (
            settings.merge
            or settings.compiled
            or settings.quantization == "dynamic-int8"
        )
        backend = HuggingFace(
            torch,
            model.eval(),
            base.tokenizer,
            device=base.device,
            deployment=deployment,
            origin=ModelOrigin(
                settings=settings,
                adapter={} if adapter is None else adapter.facts(),
                kept_from=base.owner if base.taken else None,
                place=place,
            ),
            draft=draft_of(transformers, deployment, settings, base, model),
        )
        if settings.compiled:
            backend.compile()
    except BaseException:
        base.free()
        raise
    return backend
