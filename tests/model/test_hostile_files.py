"""Files over which llama.cpp aborts end a cell, and not the session."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import open_backend, try_loading
from pytest_llmlat.backends.backend_kind import model_at
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import LLMLatError, WeightsUnavailable
from tests.unit.small_gguf import (
    TOKENS,
    a_pair,
    a_small_model,
    number,
    numbers,
    reals,
    texts,
)

if TYPE_CHECKING:
    from tests.unit.small_gguf import Lies

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals end processes elsewhere"),
]
ROOT = Path(__file__).resolve().parents[2]
WORDS = "tokenizer.ggml.tokens"
ABORTS = {
    "experts": {"llama.expert_count": number("llama.expert_count", 9)},
    "equal tokens": {WORDS: texts(WORDS, *["a"] * len(TOKENS))},
    "blank tokens": {WORDS: texts(WORDS, *[""] * len(TOKENS))},
    "tokenizer of another kind": {
        "tokenizer.ggml.model": a_pair("tokenizer.ggml.model", "bert")
    },
    "scaling of no kind": {
        "llama.rope.scaling.type": a_pair("llama.rope.scaling.type", "zzz")
    },
}
REFUSED: dict[str, Lies] = {
    **{
        f"{key} missing": {key: None}
        for key in ("llama.block_count", "llama.embedding_length", WORDS)
    },
    "blocks": {"llama.block_count": number("llama.block_count", 600)},
    "blocks in words": {"llama.block_count": a_pair("llama.block_count", "two")},
    "few tokens": {WORDS: texts(WORDS, *TOKENS[:9])},
    "numbers for tokens": {WORDS: numbers(WORDS, *range(len(TOKENS)))},
    "few scores": {"tokenizer.ggml.scores": reals("tokenizer.ggml.scores", 1.0)},
    "an odd width": {"llama.embedding_length": number("llama.embedding_length", 33)},
    "no such architecture": {
        "general.architecture": a_pair("general.architecture", "llama99")
    },
    "no such tokenizer": {
        "tokenizer.ggml.model": a_pair("tokenizer.ggml.model", "zzz")
    },
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember nothing for the user."""
    pytest.importorskip("llama_cpp")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def tried(folder: Path, lies: Lies) -> bool:
    """Try a model with such lies."""
    path = folder / "m.gguf"
    path.write_bytes(a_small_model(lies))
    model = model_at(f"gguf:{path}")
    assert model is not None
    return try_loading(Deployment(model=replace(model, name="mine"), device="cpu"))


def test_an_honest_model_is_tried_once(tmp_path: Path) -> None:
    """It is remembered, and loaded at once the next time."""
    assert tried(tmp_path, {})
    path = tmp_path / "m.gguf"
    before = path.stat()
    path.write_bytes(a_small_model())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    model = model_at(f"gguf:{path}")
    assert model is not None

    again = try_loading(Deployment(model=replace(model, name="mine"), device="cpu"))

    assert not again


@pytest.mark.parametrize("lies", ABORTS.values(), ids=ABORTS)
def test_a_file_over_which_the_library_aborts(tmp_path: Path, lies: Lies) -> None:
    """The process that tried it is gone, this one is not."""
    with pytest.raises(WeightsUnavailable, match=r"m\.gguf cannot be loaded.*SIG"):
        tried(tmp_path, lies)


@pytest.mark.parametrize("lies", REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_refused_in_words(tmp_path: Path, lies: Lies) -> None:
    """By us before, or by the library, then by whoever loads it next too."""
    path = tmp_path / "m.gguf"
    path.write_bytes(a_small_model(lies))
    model = model_at(f"gguf:{path}")
    assert model is not None

    with pytest.raises(LLMLatError, match=r"m\.gguf"):
        open_backend(Deployment(model=model, device="cpu"), SystemClock())


def test_the_other_models_of_a_session_are_measured(pytester: pytest.Pytester) -> None:
    """One cell fails with a sentence, and pytest lives to measure the other."""
    (pytester.path / "bad.gguf").write_bytes(a_small_model(ABORTS["blank tokens"]))
    (pytester.path / "good.gguf").write_bytes(a_small_model())

    result = pytester.runpytest_subprocess(
        str(ROOT / "benchmarks"),
        f"--rootdir={pytester.path}",
        *("--llm=gguf:bad.gguf", "--llm=gguf:good.gguf"),
        *("--llm-task=sentiment/polarity", "--llm-samples=2", "-rA"),
    )

    said = result.stdout.str()
    assert "was ended by SIGABRT" in said
    assert "Traceback" not in said
    (kept,) = pytester.path.glob(".llmlat/runs/*/records.jsonl")
    assert kept.read_text("utf-8").count("good.gguf") >= 2
