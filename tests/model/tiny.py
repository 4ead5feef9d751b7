"""Small random models on disk: no pad token, no end token, no chat template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

CONTEXT, TOKENS = 64, 300


def written_gpt2(folder: Path) -> Path:
    """Write a GPT-2, whose positions are learned."""
    import transformers

    config = transformers.GPT2Config(
        **_sizes(), n_positions=CONTEXT, n_embd=16, n_layer=2, n_head=2
    )
    _written(transformers.GPT2LMHeadModel, config, folder)
    return folder


def written_llama(folder: Path, *, width: int = 32, context: int = CONTEXT) -> Path:
    """Write a Llama of two heads.

    Args:
        folder: where to.
        width: of its hidden states.
        context: how many positions it has.
    """
    import transformers

    config = transformers.LlamaConfig(
        **_sizes(),
        max_position_embeddings=context,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
    )
    _written(transformers.LlamaForCausalLM, config, folder)
    return folder


def _sizes() -> dict[str, Any]:
    """Return what both have in common: there is no token that means an end."""
    return {
        "vocab_size": TOKENS,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,
    }


def _written(kind: Any, config: Any, folder: Path) -> None:  # noqa: ANN401 - of transformers
    """Write random weights, and a tokenizer trained on the spot."""
    import tokenizers  # noqa: PLC0415 - loaded on use
    import torch
    import transformers

    trained = tokenizers.Tokenizer(tokenizers.models.BPE())
    trained.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=TOKENS,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained.train_from_iterator(["one two three four five six seven"] * 3, trainer)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=trained)
    transformers.set_seed(1)
    model = kind(config)
    # Larger weights than a new model's, so that answers differ where weights do.
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4.0)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
