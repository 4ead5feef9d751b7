"""What an entry sets for transformers is checked before anything is loaded."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.backends.huggingface.entry_options import QUANTIZATION
from pytest_llmlat.backends.huggingface.entry_settings import (
    TransformersSettings,
    settings_of,
)
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.machine.device_table import usual_devices
from pytest_llmlat.values.entities import Deployment, ModelSpec, Scalar
from pytest_llmlat.values.errors import (
    BadCatalogue,
    LLMLatError,
    Unsupported,
)
from tests.unit.builders import a_model


def read(
    device: str = "cpu", model: ModelSpec | None = None, /, **options: Scalar
) -> TransformersSettings:
    """Return what an entry with these options sets on a device."""
    spec = model or a_model("m", backend="transformers")
    spec = replace(spec, options=tuple(sorted(options.items())))
    return settings_of(Deployment(model=spec, device=device))


def test_an_entry_that_says_nothing_takes_what_the_library_takes() -> None:
    """Nothing is quantised, compiled or spread."""
    assert read() == TransformersSettings()


def test_every_option_has_its_place() -> None:
    """And those that are read elsewhere are known here."""
    found = read(
        "cuda",
        threads=3,
        context=99,
        attention="flash_attention_2",
        cache="static",
        device_map="balanced",
        quantization="int4",
        merge=True,
        slower=0.1,
        batch_size=4,
        batching="padded",
        adapter_base="org/x",
    )

    assert found == TransformersSettings(
        threads=3,
        context=99,
        attention="flash_attention_2",
        cache="static",
        device_map="balanced",
        quantization="bitsandbytes-int4",
        merge=True,
    )


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("threads", 0, "a whole number of at least 1"),
        ("threads", True, "a whole number of at least 1"),
        ("context", "long", "a whole number of at least 1"),
        ("attention", "fast", "one of eager, sdpa, flash_attention_2"),
        ("cache", "big", "one of dynamic, static"),
        ("compile", "yes", "true or false"),
        ("device_map", "cuda:1", "one of auto, balanced, sequential"),
        ("quantization", "int2", "one of none, int8, int4, torchao-int8"),
        ("quantization", 8, "one of none, int8"),
    ],
)
def test_a_value_that_is_none_is_refused(key: str, value: Scalar, allowed: str) -> None:
    """With the model, the key, the value and what is allowed."""
    shown = re.escape(str(value).lower() if isinstance(value, bool) else repr(value))

    with pytest.raises(BadCatalogue, match=f"'m': option {key} = {shown}: .*{allowed}"):
        read(**{key: value})


def test_what_is_compiled_has_a_static_cache() -> None:
    """It is taken where the entry does not say, and a contradiction is told."""
    assert read(compile=True).cache == "static"
    assert read(compile=False).cache == "dynamic"
    with pytest.raises(BadCatalogue, match=r"compile = true: needs cache = 'static'"):
        read(compile=True, cache="dynamic")


@pytest.mark.parametrize(
    ("device", "options", "told"),
    [
        ("cpu", {"device_map": "auto"}, "several CUDA cards; leave it out"),
        ("mps", {"device_map": "auto"}, "several CUDA cards; leave it out"),
        ("cpu", {"attention": "flash_attention_2"}, "needs CUDA; use sdpa or eager"),
        ("mps", {"attention": "flex_attention"}, "needs CUDA; use sdpa or eager"),
        ("mps", {"compile": True}, "for cpu and CUDA"),
        ("cpu", {"compile": True, "quantization": "int8"}, "use torchao-int8"),
        ("cuda", {"compile": True, "device_map": "auto"}, "leave device_map out"),
        ("cpu", {"quantization": "int4"}, "use int8 or torchao-int8 there"),
        ("mps", {"quantization": "int8"}, "use float16, or a GGUF or MLX model"),
    ],
)
def test_what_a_device_cannot_do_is_refused(
    device: str, options: dict[str, Scalar], told: str
) -> None:
    """With the device, and what to use there."""
    with pytest.raises(Unsupported, match=f"'m'.*{device!r}.*{told}"):
        read(device, **options)


@pytest.mark.parametrize(
    ("device", "asked", "scheme", "at_load"),
    [
        ("cpu", "none", "none", False),
        ("cpu", "int8", "dynamic-int8", False),
        ("cpu", "torchao-int8", "torchao-int8", True),
        ("cuda", "int8", "bitsandbytes-int8", True),
        ("a6000", "int4", "bitsandbytes-int4", True),
    ],
)
def test_a_device_has_one_way_to_do_8_bit(
    device: str, asked: str, scheme: str, *, at_load: bool
) -> None:
    """And the facts tell which it was."""
    found = read(device, quantization=asked)

    assert (found.quantization, found.at_load) == (scheme, at_load)


def test_dynamic_int8_computes_in_float32() -> None:
    """Another dtype would be said and not done."""
    model = replace(a_model("m"), dtype=(("cpu", "bfloat16"),))

    with pytest.raises(BadCatalogue, match=r"computes in float32 .* 'bfloat16' there"):
        read("cpu", model, quantization="int8")
    assert read("cpu", model).quantization == "none"


def test_an_unmerged_adapter_is_not_put_on_layers_of_8_bit() -> None:
    """A merged one is part of the weights before they are quantised."""
    model = replace(a_model("m"), adapter="org/adapter")

    with pytest.raises(BadCatalogue, match="set merge = true"):
        read("cpu", model, quantization="int8")
    assert read("cpu", model, quantization="int8", merge=True).merge


@given(
    st.sampled_from(usual_devices()),
    st.dictionaries(
        st.sampled_from(["threads", "cache", "compile", "quantization", "attention"]),
        st.one_of(
            st.booleans(), st.integers(-1, 9), st.sampled_from(QUANTIZATION.choices)
        ),
    ),
)
def test_any_options_are_read_or_refused_by_name(
    device: str, options: dict[str, Scalar]
) -> None:
    """Nothing else comes out, whatever a user or ``--llm-vary`` writes."""
    told = ""
    try:
        read(device, **options)
    except LLMLatError as error:
        told = str(error)

    assert not told or "model 'm'" in told


def test_the_bundled_entries_are_right() -> None:
    """Each of them can be read on every device that it names, as it says."""
    read_as = {
        (model.name, device): settings_of(Deployment(model=model, device=device))
        for model in load_models().entries.values()
        if model.backend == "transformers"
        for device in set(model.devices) & set(usual_devices())
    }

    assert read_as["gpt2", "cpu"].quantization == "none"
    assert read_as["smollm2-135m-hf-int8", "cpu"].quantization == "dynamic-int8"
    assert read_as["llama2-7b-int4", "a6000"].quantization == "bitsandbytes-int4"
