"""From ``--llm-vary`` to the models that it makes."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.session.vary import (
    MOST,
    Axis,
    entry_text,
    model_named,
    name_in_settings,
    parse,
    variants,
)
from pytest_llmlat.values.errors import UsageError
from tests.unit.builders import a_model

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec

HERE = "--llm-vary"
MODEL = replace(
    a_model(name="gpt", backend="transformers", devices=("cpu", "cuda")),
    weights="org/gpt",
    dtype=(("cpu", "float32"), ("cuda", "float16")),
    options=(("threads", 2),),
)


def names(text: str) -> list[str]:
    """Return the names of all variants."""
    return [v.model.name for v in variants(MODEL, parse(text, where=HERE), where=HERE)]


def test_values_are_numbers_words_and_truth_values() -> None:
    """As TOML has them, so that a backend sees what a catalogue would give it."""
    axes = parse("threads=1,2 share=0.5 compile=true,false kind=sdpa", where=HERE)

    assert [axis.values for axis in axes] == [(1, 2), (0.5,), (True, False), ("sdpa",)]


@pytest.mark.parametrize(
    "text",
    [
        "api_key=a,b",
        'extra_body={"api_key":"k"}',
        'extra_body={"api_key":"k"},{"a":1}',
        "router=http://u:p@h,http://h",
    ],
)
def test_what_holds_a_key_is_not_varied(text: str) -> None:
    """It would stand in the names of cells; one of several values is enough."""
    with pytest.raises(UsageError, match="holds a key"):
        parse(text, where=HERE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("threads", "'threads' is no setting"),
        ("=1", "'=1' is no setting"),
        ("Threads=1", "'Threads=1' is no setting"),
        ("threads=1,,2", "'threads=1,,2' has an empty value"),
        ("threads=", "'threads=' has an empty value"),
        ("threads=1 threads=2", "threads stands there twice"),
    ],
)
def test_what_is_no_setting_is_told_with_the_grammar(text: str, message: str) -> None:
    """The message shows the part that is wrong and how it is written."""
    with pytest.raises(UsageError, match=r"write KEY=VALUE") as caught:
        parse(text, where=HERE)
    assert message in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_understood_or_refused(text: str) -> None:
    """Nothing else is raised."""
    try:
        axes = parse(text, where=HERE)
    except UsageError:
        return
    assert all(axis.values for axis in axes)


def test_the_product_comes_after_the_entry_itself() -> None:
    """What is found best is compared with what the entry says."""
    assert names("dtype=bfloat16,float16 threads=1,4") == [
        "gpt",
        "gpt[dtype=bfloat16,threads=1]",
        "gpt[dtype=bfloat16,threads=4]",
        "gpt[dtype=float16,threads=1]",
        "gpt[dtype=float16,threads=4]",
    ]


def test_what_the_entry_says_is_the_entry() -> None:
    """It is not measured twice under two names."""
    assert names("threads=2,4") == ["gpt", "gpt[threads=4]"]
    assert names("threads=default,4") == ["gpt", "gpt[threads=4]"]
    # 1 and true are equal for Python and not for a backend.
    single = replace(MODEL, options=(("threads", 1),))
    (axis,) = parse("threads=true", where=HERE)
    assert len(variants(single, (axis,), where=HERE)) == 2


def test_a_variant_holds_its_settings() -> None:
    """The dtype is for all devices; options that are not varied stay."""
    axes = parse("dtype=bfloat16 batch_size=8", where=HERE)
    variant = variants(MODEL, axes, where=HERE)[1]

    assert variant.of == "gpt"
    assert variant.settings == (("dtype", "bfloat16"), ("batch_size", 8))
    assert variant.model.dtype == (("cpu", "bfloat16"), ("cuda", "bfloat16"))
    assert variant.model.options == (("batch_size", 8), ("threads", 2))


def test_an_entry_of_one_type_is_its_own_variant() -> None:
    """If it says so on every device."""
    same = replace(MODEL, dtype=(("cpu", "float32"), ("cuda", "float32")))
    axes = parse("dtype=float32", where=HERE)

    assert len(variants(same, axes, where=HERE)) == 1
    assert len(variants(MODEL, axes, where=HERE)) == 2


def test_a_file_that_decides_its_type_is_not_varied() -> None:
    """A GGUF file would be measured twice and called two things."""
    with pytest.raises(UsageError, match=r"dtype: 'g' runs through gguf"):
        variants(
            a_model(name="g", backend="gguf"),
            parse("dtype=float16", where=HERE),
            where=HERE,
        )


def test_too_many_are_a_mistake() -> None:
    """Nobody waits for a thousand."""
    axes = (Axis(key="threads", values=tuple(range(MOST + 1))),)
    with pytest.raises(UsageError, match="101 variants of 'gpt'"):
        variants(MODEL, axes, where=HERE)


def test_the_lines_to_paste_are_the_model(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Read back from a catalogue they give the same settings under the entry's name."""
    odd = replace(MODEL, name='a"b', chat=False, adapter="./räder")
    axes = parse("dtype=bfloat16 compile=true", where=HERE)
    variant = variants(odd, axes, where=HERE)[1]
    text = entry_text(variant)
    path = tmp_path_factory.mktemp("catalogue") / "models.toml"
    path.write_text(text, "utf-8")

    assert list(tomllib.loads(text)["models"]) == ['a"b']
    found = load_models([path]).entries['a"b']
    folder = str(path.parent.resolve() / "räder")
    assert found == replace(variant.model, name='a"b', adapter=folder)


def test_a_schema_is_varied_by_on_and_off() -> None:
    """Answers are held to it unless an entry says otherwise: that is no variant."""
    assert names("structured=on,off") == ["gpt", "gpt[structured=false]"]


def test_a_model_can_be_named_in_other_settings() -> None:
    """As a report names it, so that it can be measured beside the entry itself."""

    def find(name: str) -> ModelSpec:
        assert name == "gpt"
        return MODEL

    def named(text: str) -> ModelSpec:
        return model_named(text, find, where="--llm-against")

    assert named("gpt") == MODEL
    assert named("gpt[threads=2]") == replace(MODEL, name="gpt[threads=2]")
    assert named("gpt[structured=off]").name == "gpt[structured=false]"
    assert named("gpt[structured=off]").option("structured") is False
    assert dict(named("gpt[threads=1,dtype=bfloat16]").options) == {"threads": 1}
    with pytest.raises(UsageError, match=r"--llm-against: gpt\[threads=1,=2\]: '=2'"):
        named("gpt[threads=1,=2]")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gpt", "gpt"),
        ("gpt[structured=off]", "gpt[structured=false]"),
        ("gpt[share=0.50,structured=on]", "gpt[share=0.5,structured=true]"),
        ("gpt[dtype=default]", "gpt[dtype=default]"),
        ("gpt[threads=1,=2]", "gpt[threads=1,=2]"),
        ("gguf:/weights[1]/a.gguf", "gguf:/weights[1]/a.gguf"),
    ],
)
def test_a_name_is_written_as_reports_have_it(name: str, expected: str) -> None:
    """So that the gate finds the cells of what somebody named otherwise."""
    assert name_in_settings(name) == expected
    assert name_in_settings(expected) == expected


def test_brackets_of_a_path_are_no_settings() -> None:
    """Only KEY=VALUE at the end of a name is taken for them."""
    asked: list[str] = []

    def find(name: str) -> ModelSpec:
        asked.append(name)
        return MODEL

    for name in ("gguf:/weights[1]/a.gguf", "gguf:/a=b/c.gguf", "gguf:x[k=1]/a.gguf"):
        model_named(name, find, where="--llm")

    assert asked == [
        "gguf:/weights[1]/a.gguf",
        "gguf:/a=b/c.gguf",
        "gguf:x[k=1]/a.gguf",
    ]


def test_adapters_are_an_axis_of_one_base() -> None:
    """None of them is a variant too, but where the entry has none itself."""
    axes = parse("adapter=./one,./two,none", where=HERE)
    found = variants(MODEL, axes, where=HERE)

    assert [each.model.adapter for each in found] == [None, "./one", "./two"]
    assert [dict(each.model.options) for each in found] == [{"threads": 2}] * 3
    assert found[1].model.name == "gpt[adapter=./one]"
    assert 'adapter = "./one"' in entry_text(found[1])

    adapted = replace(MODEL, adapter="./one")
    bare = variants(adapted, axes, where=HERE)
    assert [each.model.adapter for each in bare] == ["./one", "./two", None]


@pytest.mark.parametrize("backend", ["http", "scripted"])
def test_an_adapter_for_a_backend_without_any_is_refused(backend: str) -> None:
    """Or it would be measured without a word, and called one."""
    served = replace(MODEL, backend=backend, dtype=())
    with pytest.raises(UsageError, match="puts none on"):
        variants(served, parse("adapter=./one", where=HERE), where=HERE)
