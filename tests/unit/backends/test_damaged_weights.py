"""Weights with seeded damage: taken, or refused in a sentence, never a traceback."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.checkpoint_files import check_checkpoint
from pytest_llmlat.backends.gguf.loading import checked_header
from pytest_llmlat.backends.huggingface.adapter_files import check_adapter
from pytest_llmlat.values.errors import LLMLatError
from tests.unit.backends.test_checkpoint_files import (
    CONFIG,
    TOKENIZER,
    a_checkpoint,
    header,
    weights,
)
from tests.unit.builders import a_model
from tests.unit.loras import write_lora
from tests.unit.mutations import damaged, sources, torn
from tests.unit.small_gguf import a_small_model

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow
FILES: dict[str, Any] = {
    "config.json": dict(CONFIG),
    "tokenizer.json": dict(TOKENIZER),
    "tokenizer_config.json": {"model_max_length": 64, "chat_template": "{{ x }}"},
    "generation_config.json": {"eos_token_id": [2, 3], "pad_token_id": 0},
    "model.safetensors": header(),
}


def broken(content: bytes, source: random.Random) -> bytes:
    """Return bytes of which some are others, or the last ones are gone."""
    found = bytearray(content)
    for _ in range(source.choice((1, 1, 2, 8))):
        found[source.randrange(len(found))] = source.choice((0, 1, 127, 255))
    length = source.choice((len(found), len(found), source.randrange(len(found))))
    return bytes(found[:length])


def written(name: str, content: Any, source: random.Random) -> bytes:  # noqa: ANN401 - any JSON value
    """Return a damaged file: another value, another text or other bytes."""
    what = source.random()
    if what < 0.6:
        content = damaged(content, source)
    text = json.dumps(content)
    if what > 0.8:
        text = torn(text, source)
    packed = text.encode("utf-8", "surrogatepass")
    if name == "model.safetensors":
        packed = weights(packed)
    return broken(packed, source) if 0.6 <= what <= 0.8 else packed


def refusal(check: Callable[[], object]) -> str:
    """Return in which words something is refused; empty if it is taken."""
    try:
        check()
    except LLMLatError as error:
        return str(error)
    return ""


def test_damaged_checkpoints_are_taken_or_refused(tmp_path: Path) -> None:
    """Any of their files."""
    for source in sources():
        name = source.choice(sorted(FILES))
        files = {name: written(name, FILES[name], source)}
        usual = {**FILES, "model.safetensors": weights(header())}
        a_checkpoint(tmp_path, {**usual, **files})
        try:
            told = refusal(lambda: check_checkpoint(tmp_path, wanted_by="model 'mine'"))
        except Exception as error:
            error.add_note(f"{name}: {files[name]!r:.2000}")
            raise
        assert "\n" not in told


def test_damaged_gguf_files_are_taken_or_refused(tmp_path: Path) -> None:
    """What is before their tensors; the library reads the rest in a child."""
    path = tmp_path / "m.gguf"
    whole = a_small_model()
    entry = replace(a_model("mine"), weights=str(path))
    for source in sources():
        path.write_bytes(broken(whole[:8000], source) + whole[8000:])
        assert "\n" not in refusal(lambda: checked_header(entry, path))


def test_damaged_adapters_are_taken_or_refused(tmp_path: Path) -> None:
    """Their settings and the header of their tensors."""
    write_lora(tmp_path)
    entry = replace(
        a_model("tuned", backend="transformers"),
        weights="org/base-7b",
        adapter=str(tmp_path),
    )
    settings = tmp_path / "adapter_config.json"
    tensors = tmp_path / "adapter_model.safetensors"
    told, packed = json.loads(settings.read_text("utf-8")), tensors.read_bytes()
    for source in sources():
        if source.random() < 0.6:
            settings.write_bytes(written("settings", told, source))
            tensors.write_bytes(packed)
        else:
            settings.write_text(json.dumps(told), "utf-8")
            tensors.write_bytes(broken(packed, source))
        assert "\n" not in refusal(lambda: check_adapter(entry))


@pytest.mark.parametrize("merges", [2, "a b", {"a": "b"}])
def test_merges_that_are_no_list_are_refused(tmp_path: Path, merges: object) -> None:
    """With the file that has them."""
    model = {**TOKENIZER["model"], "merges": merges}
    a_checkpoint(tmp_path, {"tokenizer.json": {"model": model}})

    with pytest.raises(LLMLatError, match="its merges are no list"):
        check_checkpoint(tmp_path, wanted_by="model 'mine'")


def test_an_adapter_that_is_no_path_is_refused() -> None:
    """Too long for any folder, or with a sign that no path has."""
    entry = replace(a_model("tuned", backend="transformers"), weights="org/base-7b")

    for adapter in ("*" * 5000, "a\0b", "~nobody-has-this-name/x"):
        with pytest.raises(LLMLatError, match="adapter"):
            check_adapter(replace(entry, adapter=adapter))
