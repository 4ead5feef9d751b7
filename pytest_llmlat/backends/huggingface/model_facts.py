"""What identifies a transformers model as it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.weights import package_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.backends.huggingface.origin import ModelOrigin
    from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
    from pytest_llmlat.values.entities import Deployment, Scalar


def model_facts(
    torch: Any,  # noqa: ANN401 - loaded on use
    model: Any,  # noqa: ANN401 - loaded on use
    *,
    deployment: Deployment,
    origin: ModelOrigin,
    device: TorchDevice,
) -> Mapping[str, Scalar | None]:
    """Return all that may change an answer or its time.

    Args:
        torch: the module.
        model: as it is loaded.
        deployment: which model, and where.
        origin: where its weights came from, and with which settings.
        device: which cards hold it.
    """
    spec, settings = deployment.model, origin.settings
    library = settings.quantization.partition("-")[0]
    version = package_version(library)
    return {
        "library": f"transformers {package_version('transformers')}",
        "torch": str(torch.__version__),
        "weights": spec.weights,
        "revision": spec.revision,
        "adapter": spec.adapter,
        **origin.adapter,
        "dtype": str(model.dtype).removeprefix("torch."),
        "quantization": settings.quantization,
        "quantized_by": f"{library} {version}" if version else None,
        "attention": getattr(model.config, "_attn_implementation", None),
        "cache": settings.cache,
        "compile": settings.compiled,
        "device_map": settings.device_map,
        "devices": ", ".join(device.cards),
        "trust_remote_code": spec.trust_remote_code,
    }
