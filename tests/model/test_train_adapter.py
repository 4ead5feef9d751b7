"""The example adapter: trained on a tiny model, and asked as the backend asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.huggingface.adapters import find_adapter, put_on
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.task_catalogue import load_tasks
from tests.scripts import train_script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from pytest_llmlat.backends.huggingface.model import HuggingFace

peft = pytest.importorskip("peft")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TASK = load_tasks().entries["sentiment/polarity"]


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """Give the script as a module; it lies beside the data, in no package."""
    with train_script() as module:
        yield module


def test_it_is_asked_as_in_a_benchmark(
    script: ModuleType, huggingface: HuggingFace
) -> None:
    """Token for token, so that it is tested on what it was trained for."""
    sample = load_samples(TASK)[0]
    asked = huggingface._encode(request_for(TASK, sample, chat=True, seed=0))

    made = script.example(huggingface._tokenizer, TASK, sample, chat=True)

    assert list(made.prompt) == asked.ids.flatten().tolist()


def test_a_tiny_model_learns(
    script: ModuleType,
    huggingface: HuggingFace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is written is an adapter that fits its base; a seed gives it again."""
    base = tmp_path / "tiny"
    tokenizer = huggingface._tokenizer
    config = transformers.LlamaConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        vocab_size=len(tokenizer),
    )
    torch.manual_seed(0)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(base)
    tokenizer.save_pretrained(base)

    for name in ("one", "again"):
        out = str(tmp_path / name)
        assert script.main(["--out", out, "--base", f"hf:{base}", "--steps", "12"]) == 0

    assert "step 12/12" in capsys.readouterr().out
    assert "sentiment_train" in (tmp_path / "one" / "README.md").read_text("utf-8")
    spec = load_models().find(f"hf:{base}", where="test")
    found = [
        find_adapter(replace(spec, adapter=str(tmp_path / name)))
        for name in ("one", "again")
    ]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].digest == found[1].digest
    assert (found[0].rank, found[0].targets) == (8, ("q_proj", "v_proj"))
    assert found[0].notes == ()
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    adapted = put_on(model, replace(spec, adapter=str(tmp_path / "one")))
    learnt = [
        weight.abs().max()
        for name, weight in adapted.named_parameters()
        if "lora_B" in name
    ]
    assert min(learnt) > 0
