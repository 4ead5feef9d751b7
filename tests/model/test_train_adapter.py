"""``llmlat train-adapter``: trained on a tiny model, and asked as the backend asks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.huggingface.adapters import find_adapter, put_on
from pytest_llmlat.backends.huggingface.lora_training import LoraTrainer
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command import main
from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.training.examples import example
from pytest_llmlat.values.errors import AdapterMismatch

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.backends.huggingface.model import HuggingFace

peft = pytest.importorskip("peft")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

NAME = "sentiment/polarity"
TASK = load_tasks().entries[NAME]


@pytest.fixture
def base(huggingface: HuggingFace, tmp_path: Path) -> Path:
    """Give the folder of a tiny model with the tokenizer of the embedded one."""
    folder = tmp_path / "tiny"
    tokenizer = huggingface._tokenizer
    config = transformers.LlamaConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        vocab_size=len(tokenizer),
    )
    torch.manual_seed(0)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_it_is_asked_as_in_a_benchmark(huggingface: HuggingFace, base: Path) -> None:
    """Token for token, so that it is tested on what it was trained for."""
    sample = load_samples(TASK)[0]
    asked = huggingface._encode(request_for(TASK, sample, chat=True, seed=0))
    spec = load_models().find(f"hf:{base}", where="test")
    trainer = LoraTrainer(spec, "cpu", dtype="float32")

    made = example(trainer, TASK, sample, answer="{{ label }}")

    assert list(made.prompt) == asked.ids.flatten().tolist()


def test_a_tiny_model_learns(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is written is an adapter that fits its base; a seed gives it again."""
    how = ["--model", f"hf:{base}", "--steps", "12", "--lr", "0.01"]
    for name in ("one", "again"):
        assert main(["train-adapter", NAME, *how, "--out", str(tmp_path / name)]) == 0

    assert "step 12/12" in capsys.readouterr().out
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
    told = json.loads((tmp_path / "one" / "training.json").read_text("utf-8"))
    assert told["loss"]["last"] < told["loss"]["first"]
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    adapted = put_on(model, replace(spec, adapter=str(tmp_path / "one")))
    learnt = [
        weight.abs().max()
        for name, weight in adapted.named_parameters()
        if "lora_B" in name
    ]
    assert min(learnt) > 0


def test_another_base_of_the_same_name_is_refused(base: Path, tmp_path: Path) -> None:
    """The digests tell them apart where the names do not."""
    out = tmp_path / "one"
    how = ["--model", f"hf:{base}", "--steps", "1", "--out", str(out)]
    assert main(["train-adapter", NAME, *how]) == 0
    spec = replace(load_models().find(f"hf:{base}", where="test"), adapter=str(out))
    assert find_adapter(spec) is not None

    with (base / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 1]))

    with pytest.raises(AdapterMismatch, match="another base of the same name"):
        find_adapter(spec)
