"""Weights of fewer bits through transformers: by bitsandbytes, torchao or PyTorch.

==================== ============================== ================================
scheme               what it is                     computes in
==================== ============================== ================================
``bitsandbytes-int8`` LLM.int8(), outliers apart     8 bit, outliers in 16 bit; CUDA
``bitsandbytes-int4`` NF4, blocks of 64              the entry's dtype; CUDA
``torchao-int8``      weights only, a scale per row  the entry's dtype; cpu, CUDA
``dynamic-int8``      PyTorch's own, activations too 8 bit; cpu
==================== ============================== ================================

All of them change answers: a quantised model is another model, with a name of its own.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.errors import MissingExtra, Unsupported

if TYPE_CHECKING:
    from pytest_llmlat.backends.huggingface.entry_settings import Scheme
    from pytest_llmlat.values.entities import ModelSpec

EXTRA = "quantization"


def reading(
    scheme: Scheme,
    transformers: Any,  # noqa: ANN401 - loaded on use
    dtype: Any,  # noqa: ANN401 - torch's, or "auto"
    model: ModelSpec,
) -> dict[str, Any]:
    """Return what ``from_pretrained`` has to be told to read quantised weights.

    Args:
        scheme: one that is done while reading, or none.
        transformers: the module.
        dtype: what the layers compute in.
        model: who wants it, for the message.

    Raises:
        MissingExtra: the library that does it is not installed.
    """
    if scheme.startswith("bitsandbytes"):
        _needed("bitsandbytes", model)
        if scheme == "bitsandbytes-int8":
            config = transformers.BitsAndBytesConfig(load_in_8bit=True)
        else:
            compute = {} if dtype == "auto" else {"bnb_4bit_compute_dtype": dtype}
            config = transformers.BitsAndBytesConfig(
                load_in_4bit=True, bnb_4bit_quant_type="nf4", **compute
            )
        return {"quantization_config": config}
    if scheme == "torchao-int8":
        _needed("torchao", model)
        from torchao.quantization import (
            Int8WeightOnlyConfig,
        )

        return {
            "quantization_config": transformers.TorchAoConfig(Int8WeightOnlyConfig())
        }
    return {}


def quantize_dynamic(torch: Any, loaded: Any, model: ModelSpec) -> Any:  # noqa: ANN401 - loaded on use
    """Return the model with its linear layers in PyTorch's dynamic int8, for good.

    Raises:
        Unsupported: this torch does not have it any more.
    """
    quantization = getattr(torch.ao, "quantization", None)
    quantize = getattr(quantization, "quantize_dynamic", None)
    if quantize is None:
        raise Unsupported(
            f"model {model.name!r}: option quantization = 'int8': torch"
            f" {torch.__version__} has no dynamic quantisation; use torchao-int8"
        )
    check_layers(torch, loaded, model)
    with warnings.catch_warnings():
        # It says that it will go one day; until then it is what there is.
        warnings.simplefilter("ignore")
        return quantize(loaded, {torch.nn.Linear}, dtype=torch.qint8, inplace=True)


def check_layers(torch: Any, loaded: Any, model: ModelSpec) -> None:  # noqa: ANN401 - loaded on use
    """Refuse a model of which next to nothing would be quantised.

    Only linear layers are; GPT-2 keeps its matrices in layers of another kind, and
    would bear the name of a quantised model with all of its weights as they were.

    Raises:
        Unsupported: says what can be used instead.
    """
    output = loaded.get_output_embeddings()
    if not any(
        isinstance(layer, torch.nn.Linear) and layer is not output
        for layer in loaded.modules()
    ):
        raise Unsupported(
            f"model {model.name!r}: option quantization:"
            f" {type(loaded).__name__} has no linear layers to quantise; use"
            " int8 on CUDA, or the model as a GGUF file"
        )


def _needed(library: str, model: ModelSpec) -> None:
    if find_spec(library) is None:
        raise MissingExtra(EXTRA, library, wanted_by=f"model {model.name!r}")
