"""Checkpoints that lie end in a sentence of ours, whatever the library runs into."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.backend_kind import model_at
from pytest_llmlat.backends.local_checkpoint import checkpoint_files
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import LLMLatError
from tests.model.tiny import written_llama

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small Llama that loads."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    return written_llama(tmp_path_factory.mktemp("llama"))


def opened(folder: Path) -> None:
    """Load the model of a folder and free it again."""
    deployment = Deployment(model=entry(folder), device="cpu")
    open_backend(deployment, SystemClock()).close()


def opened_if_true(folder: Path) -> None:
    """Load the model of a folder as a session does: its files are looked at before."""
    checkpoint_files(entry(folder))
    opened(folder)


def entry(folder: Path) -> ModelSpec:
    """Return the entry of a folder."""
    model = model_at(f"hf:{folder}")
    assert model is not None
    return replace(model, name="mine")


def changed(name: str, **fields: object) -> Callable[[Path], None]:
    """Return what changes fields of a JSON file."""

    def change(folder: Path) -> None:
        path = folder / name
        told = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**told, **fields}), "utf-8")

    return change


def written(name: str, content: bytes) -> Callable[[Path], None]:
    """Return what writes a file anew."""

    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


def renamed(old: str, new: str) -> Callable[[Path], None]:
    """Return what renames tensors in the header, byte by byte."""

    def change(folder: Path) -> None:
        path = folder / "model.safetensors"
        assert len(old) == len(new)
        path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))

    return change


CONFIG, TOKENIZER = "config.json", "tokenizer.json"
LIES: dict[str, Callable[[Path], None]] = {
    "a tensor of another name": renamed("layers.1.mlp.up_proj", "layers.1.mlp.xp_proj"),
    "a layer too few": changed(CONFIG, num_hidden_layers=1),
    "a layer too many": changed(CONFIG, num_hidden_layers=3),
    "another architecture": changed(CONFIG, model_type="gpt2"),
    "no architecture": changed(CONFIG, model_type="llama99"),
    "no activation": changed(CONFIG, hidden_act="zzz"),
    "an activation that is a number": changed(CONFIG, hidden_act=7),
    "wider layers": changed(CONFIG, intermediate_size=128),
    "other heads": changed(CONFIG, num_attention_heads=4, head_dim=8),
    "an odd head": changed(CONFIG, head_dim=7),
    "positions of no kind": changed(CONFIG, rope_parameters="x"),
    "positions of an unknown kind": changed(
        CONFIG, rope_parameters={"rope_type": "zzz", "rope_theta": 1e4}
    ),
    "no dtype": changed(CONFIG, dtype="float99"),
    "a list for a width": changed(CONFIG, hidden_size=[32]),
    "a list": written(CONFIG, b"[]"),
    "no tokenizer": written(TOKENIZER, b"{}"),
    "a tokenizer that is cut off": written(TOKENIZER, b'{"model": {'),
    "a tokenizer of no kind": changed(TOKENIZER, model={"type": "zzz", "vocab": {}}),
    "words of no kind": changed(TOKENIZER, pre_tokenizer={"type": "zzz"}),
    "a decoder of no kind": changed(TOKENIZER, decoder=7),
    "added tokens of no kind": changed(TOKENIZER, added_tokens=[7]),
    "no tensors": written("model.safetensors", b"\2\0\0\0\0\0\0\0{}"),
    "a template that is broken": written("chat_template.jinja", b"{% for"),
    "a template without end": written(
        "chat_template.jinja",
        b"{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    ),
    "a template that fills the memory": written(
        "chat_template.jinja", b"{{ 'x' * 3000000000 }}"
    ),
    "an end that is no token": changed("generation_config.json", eos_token_id=[[7]]),
}


def test_an_honest_checkpoint_loads(honest: Path) -> None:
    """So that what follows is refused for its lies."""
    assert checkpoint_files(entry(honest))
    opened(honest)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_checkpoint_that_lies(
    honest: Path, tmp_path: Path, lie: Callable[[Path], None]
) -> None:
    """By us before, or out of what the library ran into."""
    folder = tmp_path / "lying"
    shutil.copytree(honest, folder)
    lie(folder)

    with pytest.raises(LLMLatError) as caught:
        opened_if_true(folder)

    assert str(caught.value).startswith("model 'mine': ")
    assert "\n" not in str(caught.value)
