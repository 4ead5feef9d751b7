"""A folder of weights is looked at before a library may touch it."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import checkpoints
from pytest_llmlat.backends.checkpoints import check_code, source_of
from pytest_llmlat.values.errors import MissingExtra, Unsupported, WeightsUnavailable
from tests.unit.builders import a_model

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec

WHOLE = ("config.json", "model.safetensors", "tokenizer.json")
TRANSFORMERS = SimpleNamespace(
    models=SimpleNamespace(
        auto=SimpleNamespace(
            configuration_auto=SimpleNamespace(CONFIG_MAPPING={"llama": object})
        )
    )
)


def a_folder(folder: Path, *names: str) -> ModelSpec:
    """Write empty files, and return an entry for their folder."""
    for name in names:
        (folder / name).write_bytes(b"")
    return replace(a_model("mine"), weights=str(folder))


@pytest.mark.parametrize(
    "tokenizer", ["tokenizer.json", "vocab.json", "tokenizer.model"]
)
def test_a_whole_checkpoint_is_loaded(tmp_path: Path, tokenizer: str) -> None:
    """Whichever tokenizer it has; pickles beside safetensors are not read."""
    spec = a_folder(tmp_path, *WHOLE[:2], tokenizer, "pytorch_model.bin")

    assert source_of(spec) == str(tmp_path)


def test_what_is_no_folder_is_an_id_of_the_hub() -> None:
    """The library finds it there."""
    assert source_of(replace(a_model(), weights="org/name")) == "org/name"


@pytest.mark.parametrize("path", ["/no/such/folder", "./nope", "../nope", "~/nope/x"])
def test_a_folder_that_is_not_there_is_no_id_of_the_hub(path: str) -> None:
    """Whoever typed a path is told that nothing is there, not how ids are formed."""
    with pytest.raises(WeightsUnavailable, match=f"no folder {path}; check the path"):
        source_of(replace(a_model(), weights=path))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "m.pth", "m.ckpt"])
def test_pickled_weights_are_refused_with_how_to_convert(
    tmp_path: Path, name: str
) -> None:
    """Before anything is read: a pickle can run any program."""
    spec = a_folder(tmp_path, "config.json", "tokenizer.json", name)

    with pytest.raises(WeightsUnavailable) as caught:
        source_of(spec)

    told = str(caught.value)
    assert told.startswith(f"model 'mine': folder {str(tmp_path)!r}")
    assert f"pickled ({name})" in told
    assert 'python -c "from transformers import AutoModelForCausalLM' in told


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((), r"has no config\.json; a checkpoint is what save_pretrained writes"),
        (("config.json",), r"has no weights: no \*\.safetensors"),
        (WHOLE[:2], "has no tokenizer; copy that of its base"),
        (("adapter_config.json",), "holds a LoRA adapter .* as adapter"),
        (("a.gguf", "b.gguf"), "holds several GGUF files; name one"),
    ],
)
def test_a_folder_that_is_not_whole_says_what_it_lacks(
    tmp_path: Path, names: tuple[str, ...], told: str
) -> None:
    """And what to do."""
    with pytest.raises(WeightsUnavailable, match=f"^model 'mine': folder .*{told}"):
        source_of(a_folder(tmp_path, *names))


@pytest.mark.parametrize("inside", [True, False])
def test_a_gguf_file_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, inside: bool
) -> None:
    """Named itself, or alone in its folder."""
    monkeypatch.setitem(sys.modules, "gguf", SimpleNamespace())
    monkeypatch.setattr(checkpoints, "converted", lambda path: f"from {path.name}")
    spec = a_folder(tmp_path, "w.gguf")
    weights = tmp_path if inside else tmp_path / "w.gguf"

    assert source_of(replace(spec, weights=str(weights))) == "from w.gguf"


def test_a_gguf_file_needs_its_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes with the extra of transformers."""
    monkeypatch.setitem(sys.modules, "gguf", None)

    with pytest.raises(MissingExtra, match=r"'gguf'.*\[transformers\]"):
        source_of(a_folder(tmp_path, "w.gguf"))


@pytest.mark.parametrize(
    ("config", "trusted"),
    [
        ({"model_type": "llama"}, False),
        ({"model_type": "own"}, False),
        ({"model_type": "llama", "auto_map": {"AutoConfig": "x.C"}}, False),
        ({"model_type": "own", "auto_map": {"AutoConfig": "x.C"}}, True),
    ],
)
def test_a_checkpoint_that_needs_no_code_or_is_trusted_may_be_loaded(
    config: dict[str, object], *, trusted: bool
) -> None:
    """What transformers knows itself runs none of the code beside it."""
    spec = replace(a_model("mine"), trust_remote_code=trusted)

    assert check_code(TRANSFORMERS, config, spec, "org/x") is None  # type: ignore[func-returns-value]


def test_a_checkpoint_that_brings_code_is_refused() -> None:
    """With what it is and what to write."""
    config = {"model_type": "own", "auto_map": {"AutoModelForCausalLM": "x.C"}}

    with pytest.raises(Unsupported) as caught:
        check_code(TRANSFORMERS, config, a_model("mine"), "org/x")

    told = str(caught.value)
    assert told.startswith("model 'mine': 'org/x' brings Python code of its own")
    assert "model type 'own'" in told
    assert "it was not run" in told
    assert "trust_remote_code = true" in told
