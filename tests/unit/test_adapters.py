"""An adapter is put on its base model, or refused with both names."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.adapters import put_on
from pytest_llmlat.errors import AdapterMismatch, MissingExtra, WeightsUnavailable
from tests.unit.builders import a_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.specs import ModelSpec


class Peft:
    """A stand-in for peft that notes how it is called."""

    def __init__(
        self,
        *,
        load: Callable[[], object] = lambda: "adapted",
    ) -> None:
        """Do this when the adapter's weights are read."""
        self.calls: list[tuple[object, ...]] = []
        self.load = load
        self.PeftConfig = SimpleNamespace(from_pretrained=self._config)
        self.PeftModel = SimpleNamespace(from_pretrained=self._load)

    def _config(self, adapter: str, **given: object) -> object:
        self.calls.append(("config", adapter, given))
        return SimpleNamespace(base_model_name_or_path="org/other")

    def _load(self, model: object, adapter: str, **given: object) -> object:
        self.calls.append(("load", model, adapter, given))
        return self.load()


def fail(error: Exception) -> Callable[[], object]:
    """Return a function that raises."""

    def failing() -> object:
        raise error

    return failing


def warn(text: str) -> Callable[[], object]:
    """Return a function that warns."""

    def warning() -> object:
        warnings.warn(text, stacklevel=1)
        return "adapted"

    return warning


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[[Peft], Peft]:
    """Return a function that puts a stand-in in the place of peft."""

    def put(peft: Peft) -> Peft:
        monkeypatch.setitem(sys.modules, "peft", peft)
        return peft

    return put


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    """Give an entry whose adapter is a folder with the two files."""
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_text("{}", "utf-8")
    return replace(
        a_model("tuned", backend="transformers"),
        weights="org/base",
        adapter=str(tmp_path),
    )


def test_an_adapter_is_put_on(install: Callable[[Peft], Peft], spec: ModelSpec) -> None:
    """Settings first, then weights, both from its folder."""
    peft = install(Peft())

    assert put_on("base", spec) == "adapted"
    assert peft.calls == [
        ("config", spec.adapter, {}),
        ("load", "base", spec.adapter, {}),
    ]


def test_an_adapter_of_the_hub_is_fetched_at_its_commit(
    install: Callable[[Peft], Peft],
    spec: ModelSpec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its two files and nothing else: no code, no pickle."""
    asked = []

    def snapshot_download(name: str, **given: object) -> str | None:
        asked.append((name, given))
        return spec.adapter

    hub = SimpleNamespace(snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    install(Peft())

    put_on("base", replace(spec, adapter="org/adapter", adapter_revision="abc"))

    files = ["adapter_config.json", "adapter_model.safetensors"]
    assert asked == [("org/adapter", {"revision": "abc", "allow_patterns": files})]


def test_pickled_weights_are_refused(
    install: Callable[[Peft], Peft], spec: ModelSpec
) -> None:
    """Peft would load them without a word; a pickle can run anything."""
    folder = Path(str(spec.adapter))
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    peft = install(Peft())

    with pytest.raises(WeightsUnavailable, match=r"pickled weights .* are refused"):
        put_on("base", spec)
    assert not peft.calls


def test_peft_that_is_missing_gives_the_pip_line(
    spec: ModelSpec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes with the extra of transformers."""
    monkeypatch.setitem(sys.modules, "peft", None)

    with pytest.raises(MissingExtra, match=r"'tuned'.*\[transformers\]"):
        put_on("base", spec)


@pytest.mark.parametrize("error", [OSError("no\n  such repo"), ValueError("no\nsuch")])
def test_an_adapter_that_is_not_there_is_told(
    install: Callable[[Peft], Peft],
    spec: ModelSpec,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    """In one line, with what an adapter is."""
    hub = SimpleNamespace(snapshot_download=lambda *_, **__: fail(error)())
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    install(Peft())

    with pytest.raises(WeightsUnavailable, match=r"'org/adapter' lacks .* no such"):
        put_on("base", replace(spec, adapter="org/adapter"))


@pytest.mark.parametrize(
    "load",
    [
        fail(ValueError("Target modules {'q'} not found")),
        fail(RuntimeError("size mismatch for q: 1\n 2\n 3\n 4")),
        fail(KeyError("q")),
        warn("Found missing adapter keys while loading the checkpoint: ['q']"),
    ],
    ids=["modules", "shapes", "keys", "warning"],
)
def test_an_adapter_of_another_model_is_refused(
    install: Callable[[Peft], Peft], spec: ModelSpec, load: Callable[[], object]
) -> None:
    """With its name, the model it was made for and the one it was put on."""
    install(Peft(load=load))

    with pytest.raises(AdapterMismatch) as caught:
        put_on("base", spec)

    message = str(caught.value)
    assert message.startswith(
        f"model 'tuned': adapter {spec.adapter!r}, made for 'org/other', does not fit"
        " 'org/base': "
    )
    assert "\n" not in message


def test_another_warning_is_no_mismatch(
    install: Callable[[Peft], Peft], spec: ModelSpec
) -> None:
    """What peft says of other things does not refuse the adapter."""
    install(Peft(load=warn("a deprecated argument")))

    assert put_on("base", spec) == "adapted"
