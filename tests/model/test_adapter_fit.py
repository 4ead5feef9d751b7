"""Adapters on tiny models with random weights: put on, merged, taken off, refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from pytest_llmlat.backends.huggingface.adapters import put_on, take_off
from pytest_llmlat.values.entities import ModelSpec
from pytest_llmlat.values.errors import AdapterMismatch, LLMLatError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

peft = pytest.importorskip("peft")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
safetensors = pytest.importorskip("safetensors.torch")

Net: TypeAlias = Any
"""A model or tensor: these libraries are loaded on use, and have no types here."""
Make: TypeAlias = "Callable[[], Net]"
Change: TypeAlias = "Callable[[dict[str, Net]], object]"

WORDS = 64
UP = "base_model.model.model.layers.1.mlp.up_proj.lora_A.weight"


def llama(*, width: int = 32, layers: int = 2) -> Net:
    """Return a random Llama."""
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        hidden_size=width,
        intermediate_size=width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        vocab_size=WORDS,
    )
    return transformers.AutoModelForCausalLM.from_config(config).eval()


def gpt2(*, width: int = 32) -> Net:
    """Return a random GPT-2, whose matrices are the other way round."""
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        n_embd=width, n_layer=2, n_head=4, vocab_size=WORDS
    )
    return transformers.AutoModelForCausalLM.from_config(config).eval()


def adapter(folder: Path, base: Net, *, resize: int = 0, **told: object) -> ModelSpec:
    """Write an adapter with random weights for a base; return an entry with it."""
    if resize:
        base.resize_token_embeddings(resize)
    lora = peft.LoraConfig(**{"r": 4, "task_type": "CAUSAL_LM", **told})
    adapted = peft.get_peft_model(base, lora)
    torch.manual_seed(1)
    for name, weight in adapted.named_parameters():
        if "lora_" in name or "modules_to_save" in name:
            torch.nn.init.normal_(weight, std=0.3)
    adapted.peft_config["default"].base_model_name_or_path = "org/tiny"
    adapted.save_pretrained(folder, save_embedding_layers=bool(resize))
    return ModelSpec(
        name="tuned",
        backend="transformers",
        devices=("cpu",),
        weights="org/tiny",
        adapter=str(folder),
    )


def merged(spec: ModelSpec) -> ModelSpec:
    """Return the entry with its adapter merged."""
    return replace(spec, options=(("merge", True),))


def says(model: Net) -> Net:
    """Return what a model makes of some tokens."""
    with torch.no_grad():
        return model(input_ids=torch.arange(12).reshape(2, 6)).logits


def is_plain(model: Net) -> bool:
    """Whether nothing of an adapter is left on a model."""
    names = " ".join(name for name, _ in model.named_modules())
    left = any(part in names for part in ("lora_", "base_layer", "original_module"))
    return not left and not hasattr(model, "peft_config")


def rewrite(spec: ModelSpec, change: Change) -> None:
    """Change the tensors of an adapter's file."""
    path = f"{spec.adapter}/adapter_model.safetensors"
    tensors = safetensors.load_file(path)
    change(tensors)
    safetensors.save_file(tensors, path)


def first(tensors: dict[str, Net]) -> str:
    """Return the name of one of the tensors."""
    return min(tensors)


BASES = pytest.mark.parametrize("base", [llama, gpt2])


@BASES
def test_merged_and_unmerged_say_the_same(tmp_path: Path, base: Make) -> None:
    """They are one function, computed in two ways, and not the base's."""
    spec = adapter(tmp_path, base())

    beside = says(put_on(base(), spec))
    within = put_on(base(), merged(spec))

    torch.testing.assert_close(says(within), beside, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(beside, says(base()), atol=1e-2)
    assert is_plain(within)
    assert type(within) is type(base())


@BASES
@pytest.mark.parametrize("whole", [None, ["lm_head"]], ids=["layers", "head"])
def test_one_base_serves_several_adapters(
    tmp_path: Path, base: Make, whole: list[str] | None
) -> None:
    """Taken off, an adapter leaves the base bit for bit, and the next is itself."""
    one = adapter(tmp_path / "one", base(), modules_to_save=whole)
    other = adapter(tmp_path / "other", base(), r=2)
    kept = base()
    adapted = put_on(kept, one)
    assert not torch.allclose(says(adapted), says(base()), atol=1e-2)

    kept = take_off(adapted)

    assert is_plain(kept)
    assert torch.equal(says(kept), says(base()))
    assert torch.equal(says(put_on(kept, other)), says(put_on(base(), other)))


def test_whole_layers_are_merged_too(tmp_path: Path) -> None:
    """A head that was trained with the adapter belongs to it."""
    spec = adapter(tmp_path, llama(), modules_to_save=["lm_head"])

    within = put_on(llama(), merged(spec))

    torch.testing.assert_close(
        says(within), says(put_on(llama(), spec)), atol=1e-4, rtol=1e-4
    )


def test_half_precision_stays_what_it_was(tmp_path: Path) -> None:
    """A merged model is in the base's own precision."""
    spec = adapter(tmp_path, llama())

    for entry in (spec, merged(spec)):
        model = put_on(llama().to(torch.bfloat16), entry)
        assert model.dtype == torch.bfloat16
        assert says(model).isfinite().all()


def test_a_merged_adapter_cannot_be_taken_off(tmp_path: Path) -> None:
    """Its weights are no longer to be told from the base's."""
    within = put_on(llama(), merged(adapter(tmp_path, llama())))

    with pytest.raises(LLMLatError, match="load the base anew"):
        take_off(within)


@pytest.mark.parametrize(
    ("made", "given", "said"),
    [
        (llama, gpt2, r"\(rank 4, on q_proj, v_proj\).*GPT2LMHeadModel.*no layer"),
        (gpt2, llama, r"on c_attn\).*\(LlamaForCausalLM\).*no layer transformer.h.0"),
        (
            lambda: llama(width=64),
            llama,
            r"q_proj takes 32 numbers to 32 in the model, 64 to 64 by rank 4 in",
        ),
        (lambda: gpt2(width=64), gpt2, r"takes 32 numbers to 96 .*, 64 to 192 by"),
        (lambda: llama(layers=3), llama, r"\(2 of the adapter's 6 layers are not"),
        (lambda: llama(layers=1), llama, "its file lacks .* and 3 more"),
    ],
    ids=["on-gpt2", "on-llama", "wide", "wide-gpt2", "deep", "shallow"],
)
def test_an_adapter_of_another_architecture_is_refused(
    tmp_path: Path, made: Make, given: Make, said: str
) -> None:
    """With both sides, and the base is afterwards as it was."""
    spec = adapter(tmp_path, made())
    base = given()

    with pytest.raises(AdapterMismatch, match=said):
        put_on(base, spec)

    assert is_plain(base)
    assert torch.equal(says(base), says(given()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found.pop(first(found)), "its file lacks"),
        (lambda found: found.update({UP: found[first(found)].clone()}), "no place for"),
        (lambda found: found[first(found)].fill_(float("nan")), "NaN or infinity"),
        (lambda found: found[first(found)].fill_(float("inf")), "NaN or infinity"),
    ],
    ids=["missing", "left-over", "nan", "inf"],
)
@pytest.mark.parametrize("entry", [replace, merged], ids=["unmerged", "merged"])
def test_weights_that_are_not_all_there_are_refused(
    tmp_path: Path, change: Change, said: str, entry: Callable[[ModelSpec], ModelSpec]
) -> None:
    """Peft would put on what it finds and answer with that."""
    spec = adapter(tmp_path, llama())
    rewrite(spec, change)
    base = llama()

    with pytest.raises(AdapterMismatch, match=said):
        put_on(base, entry(spec))

    assert is_plain(base)


def test_what_merging_makes_infinite_is_refused(tmp_path: Path) -> None:
    """Each weight is a number; half precision has none for their product."""
    spec = adapter(tmp_path, llama())
    rewrite(spec, lambda found: [one.fill_(3e4) for one in found.values()])

    with pytest.raises(AdapterMismatch, match="NaN"):
        put_on(llama().to(torch.float16), merged(spec))


def test_settings_that_reach_a_layer_peft_cannot_change_are_refused(
    tmp_path: Path,
) -> None:
    """What it had put in before it gave up is taken out again."""
    spec = adapter(tmp_path, llama(), target_modules=["q_proj"])
    path = tmp_path / "adapter_config.json"
    text = path.read_text("utf-8").replace('"q_proj"', '"q_proj", "input_layernorm"')
    path.write_text(text, "utf-8")
    base = llama()

    with pytest.raises(AdapterMismatch, match="not supported"):
        put_on(base, spec)

    assert is_plain(base)
    assert torch.equal(says(base), says(llama()))


@pytest.mark.parametrize("told", [{}, {"modules_to_save": ["embed_tokens", "lm_head"]}])
def test_a_resized_vocabulary_is_refused(
    tmp_path: Path, told: dict[str, object]
) -> None:
    """Whether peft saved it of itself or was told to."""
    spec = adapter(tmp_path, llama(), resize=WORDS + 8, **told)
    base = llama()

    with pytest.raises(AdapterMismatch, match="72, 32"):
        put_on(base, spec)

    assert is_plain(base)
    assert torch.equal(says(base), says(llama()))
