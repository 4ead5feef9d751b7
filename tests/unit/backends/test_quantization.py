"""Which library quantises, and that what says it is quantised was."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.huggingface import quantization
from pytest_llmlat.backends.huggingface.quantization import quantize_dynamic, reading
from pytest_llmlat.values.errors import MissingExtra, Unsupported
from tests.unit.builders import a_model

if TYPE_CHECKING:
    from pytest_llmlat.backends.huggingface.entry_settings import Scheme

MODEL = a_model("small")
TRANSFORMERS = SimpleNamespace(
    BitsAndBytesConfig=lambda **given: ("bitsandbytes", given),
    TorchAoConfig=lambda kind: ("torchao", kind),
)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have both libraries."""
    monkeypatch.setattr(quantization, "find_spec", lambda _: True)
    torchao = SimpleNamespace(Int8WeightOnlyConfig=lambda: "int8")
    monkeypatch.setitem(sys.modules, "torchao", SimpleNamespace(quantization=torchao))
    monkeypatch.setitem(sys.modules, "torchao.quantization", torchao)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("scheme", "dtype", "expected"),
    [
        ("bitsandbytes-int8", "half", ("bitsandbytes", {"load_in_8bit": True})),
        (
            "bitsandbytes-int4",
            "half",
            (
                "bitsandbytes",
                {
                    "load_in_4bit": True,
                    "bnb_4bit_quant_type": "nf4",
                    "bnb_4bit_compute_dtype": "half",
                },
            ),
        ),
        (
            "bitsandbytes-int4",
            "auto",
            ("bitsandbytes", {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}),
        ),
        ("torchao-int8", "half", ("torchao", "int8")),
    ],
)
def test_weights_are_quantised_while_they_are_read(
    scheme: Scheme, dtype: str, expected: object
) -> None:
    """Four bits compute in the entry's dtype, not in a default of the library."""
    found = reading(scheme, TRANSFORMERS, dtype, MODEL)

    assert found == {"quantization_config": expected}


@pytest.mark.parametrize("scheme", ["none", "dynamic-int8"])
def test_nothing_is_quantised_while_it_is_read(scheme: Scheme) -> None:
    """What PyTorch does itself is done afterwards."""
    assert reading(scheme, TRANSFORMERS, "half", MODEL) == {}


@pytest.mark.parametrize(
    ("scheme", "library"),
    [("bitsandbytes-int8", "bitsandbytes"), ("torchao-int8", "torchao")],
)
def test_a_library_that_is_missing_gives_the_pip_line(
    monkeypatch: pytest.MonkeyPatch, scheme: Scheme, library: str
) -> None:
    """It comes with an extra of its own."""
    monkeypatch.setattr(quantization, "find_spec", lambda _: None)

    with pytest.raises(MissingExtra, match=rf"'small'.*'{library}'.*\[quantization\]"):
        reading(scheme, TRANSFORMERS, "half", MODEL)


class Linear:
    """A linear layer."""


def a_torch(quantize: Any) -> Any:  # noqa: ANN401 - stands for a module
    """Return a stand-in that quantises like this."""
    return SimpleNamespace(
        __version__="9.stand-in",
        qint8="qint8",
        nn=SimpleNamespace(Linear=Linear),
        ao=SimpleNamespace(quantization=SimpleNamespace(quantize_dynamic=quantize)),
    )


def a_loaded(*layers: object, output: object = None) -> Any:  # noqa: ANN401 - a model
    """Return a model of these layers."""
    return SimpleNamespace(modules=lambda: layers, get_output_embeddings=lambda: output)


def test_all_linear_layers_become_8_bit() -> None:
    """In place: a second copy of the weights might not fit."""
    model = a_loaded(object(), Linear())

    def quantize(loaded: object, kinds: set[type], **given: object) -> object:
        return loaded, kinds, given

    found = quantize_dynamic(a_torch(quantize), model, MODEL)

    assert found == (model, {Linear}, {"dtype": "qint8", "inplace": True})


def test_a_model_without_linear_layers_is_not_called_quantised() -> None:
    """GPT-2's matrices lie in another kind; its output alone would be quantised."""
    output = Linear()

    with pytest.raises(Unsupported, match=r"'small'.*no linear layers to quantise"):
        quantize_dynamic(a_torch(id), a_loaded(object(), output, output=output), MODEL)


def test_a_torch_that_has_it_no_more_says_what_to_use() -> None:
    """It has said so for long."""
    torch = a_torch(None)

    with pytest.raises(Unsupported, match=r"torch 9\.stand-in .*use torchao-int8"):
        quantize_dynamic(torch, a_loaded(Linear()), MODEL)
