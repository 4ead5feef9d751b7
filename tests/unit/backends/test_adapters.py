"""An adapter is put on its base model, or refused with both names.

What is told by its files alone stands in ``test_adapter_files.py``; real layers and
weights, in ``tests/model/test_adapter_fit.py``.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.huggingface.adapters import find_adapter, put_on, take_off
from pytest_llmlat.values.errors import (
    AdapterMismatch,
    BadCatalogue,
    LLMLatError,
    MissingExtra,
)
from tests.unit.builders import a_model
from tests.unit.loras import write_lora

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec


class Model:
    """A stand-in for a model without layers."""

    is_quantized = False

    def named_modules(self) -> Iterator[tuple[str, object]]:
        """Have none."""
        return iter(())


class Peft:
    """A stand-in for peft that notes how it is called."""

    def __init__(self, load: Callable[[], None] = lambda: None) -> None:
        """Do this when the adapter's weights are read."""
        self.calls: list[tuple[object, ...]] = []
        self.load = load
        self.missing_keys: list[str] = []
        self.unexpected_keys: list[str] = []
        self.LoraConfig = SimpleNamespace(from_pretrained=self._config)

    def _config(self, folder: str) -> SimpleNamespace:
        self.calls.append(("config", folder))
        return SimpleNamespace(inference_mode=False)

    def PeftModelForCausalLM(  # noqa: N802 - as peft calls it
        self, model: object, config: SimpleNamespace, *, adapter_name: str
    ) -> SimpleNamespace:
        """Note the model and whether it is for inference."""
        self.calls.append(("put on", adapter_name, config.inference_mode))
        return SimpleNamespace(
            load_adapter=self._load,
            get_base_model=lambda: model,
            named_parameters=lambda: iter(()),
            merge_and_unload=self._merge,
        )

    def _load(self, folder: str, **given: object) -> object:
        self.calls.append(("load", folder, given))
        self.load()
        return self

    def _merge(self, **given: object) -> str:
        self.calls.append(("merge", given))
        return "merged"


def fail(error: Exception) -> Callable[[], None]:
    """Return a function that raises."""

    def failing() -> None:
        raise error

    return failing


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[[Peft], Peft]:
    """Return a function that puts a stand-in in the place of peft, and of torch."""

    def put(peft: Peft) -> Peft:
        monkeypatch.setitem(sys.modules, "peft", peft)
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())
        return peft

    return put


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    """Give an entry whose adapter is a whole folder."""
    write_lora(tmp_path)
    return replace(
        a_model("tuned", backend="transformers"),
        weights="org/base-7b",
        adapter=str(tmp_path),
    )


def test_an_adapter_is_put_on(install: Callable[[Peft], Peft], spec: ModelSpec) -> None:
    """For inference, from its folder; the weights are read on the processor."""
    peft = install(Peft())

    adapted = put_on(Model(), spec)

    assert hasattr(adapted, "load_adapter")
    assert peft.calls == [
        ("config", spec.adapter),
        ("put on", "default", True),
        ("load", spec.adapter, {"adapter_name": "default", "torch_device": "cpu"}),
    ]


def test_an_adapter_is_merged_safely(
    install: Callable[[Peft], Peft], spec: ModelSpec
) -> None:
    """So that a sum which is no number is an error, and not an answer."""
    peft = install(Peft())

    assert put_on(Model(), replace(spec, options=(("merge", True),))) == "merged"
    assert peft.calls[-1] == ("merge", {"safe_merge": True})


def test_quantised_weights_take_no_merge(
    install: Callable[[Peft], Peft], spec: ModelSpec
) -> None:
    """They would be rounded anew; said with both names, before anything is done."""
    peft = install(Peft())
    model = Model()
    model.is_quantized = True
    options = (("merge", True), ("quantization", "int8"))

    with pytest.raises(BadCatalogue, match=r"merge = true and quantization = 'int8'"):
        put_on(model, replace(spec, options=options))
    assert peft.calls == []


def test_what_was_read_of_it_is_not_read_again(
    install: Callable[[Peft], Peft], spec: ModelSpec, tmp_path: Path
) -> None:
    """A backend reads the files before it loads gigabytes, and hands them on."""
    peft = install(Peft())
    facts = find_adapter(replace(spec, options=(("merge", True),)))
    (tmp_path / "adapter_config.json").unlink()

    assert put_on(Model(), spec, facts) == "merged"
    assert peft.calls


def test_an_entry_without_an_adapter_is_told(
    install: Callable[[Peft], Peft], spec: ModelSpec
) -> None:
    """Nothing is put on in silence."""
    install(Peft())

    with pytest.raises(LLMLatError, match="'tuned': its entry names no adapter"):
        put_on(Model(), replace(spec, adapter=None))


def test_peft_that_is_missing_gives_the_pip_line(
    spec: ModelSpec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes with the extra of transformers."""
    monkeypatch.setitem(sys.modules, "peft", None)

    with pytest.raises(MissingExtra, match=r"'tuned'.*\[transformers\]"):
        put_on(Model(), spec)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("Target modules {'q'} not found"),
        RuntimeError("size mismatch for q: 1\n 2\n 3\n 4"),
        KeyError("q"),
    ],
    ids=["modules", "shapes", "keys"],
)
def test_an_adapter_of_another_model_is_refused(
    install: Callable[[Peft], Peft], spec: ModelSpec, error: Exception
) -> None:
    """With its name, its rank, the model it was made for and the one it was put on."""
    install(Peft(load=fail(error)))

    with pytest.raises(AdapterMismatch) as caught:
        put_on(Model(), spec)

    message = str(caught.value)
    assert message.startswith(
        f"model 'tuned': adapter {spec.adapter!r} (rank 2, on q_proj), made for"
        " 'org/base-7b', does not fit 'org/base-7b' (Model): "
    )
    assert "\n" not in message


@pytest.mark.parametrize(
    ("kind", "said"),
    [("missing_keys", "its file lacks a and 1"), ("unexpected_keys", "no place for a")],
)
def test_weights_without_a_place_are_refused(
    install: Callable[[Peft], Peft], spec: ModelSpec, kind: str, said: str
) -> None:
    """Peft leaves them out with a warning, or with none."""
    setattr(install(Peft()), kind, ["a", "b"])

    # Of a model without layers every layer is absent, which would be told first.
    class Whole(Model):
        def named_modules(self) -> Iterator[tuple[str, object]]:
            return iter([("model.layers.0.self_attn.q_proj", object())])

    with pytest.raises(AdapterMismatch, match=said):
        put_on(Whole(), spec)


def test_a_warning_of_peft_is_no_mismatch(
    install: Callable[[Peft], Peft], spec: ModelSpec
) -> None:
    """What it says of other things neither refuses the adapter nor fails a run."""
    install(Peft(load=lambda: warnings.warn("a deprecated argument", stacklevel=1)))

    assert put_on(Model(), spec)


def test_a_merged_adapter_is_not_taken_off() -> None:
    """It has become one with the weights."""
    with pytest.raises(LLMLatError, match="load the base anew"):
        take_off(Model())
