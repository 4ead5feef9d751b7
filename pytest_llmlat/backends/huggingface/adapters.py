"""LoRA adapters through peft: put on a base model, or refused with both names."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.huggingface.adapter_files import (
    AdapterFacts,
    find_adapter,
)
from pytest_llmlat.backends.huggingface.adapter_options import merged_and_quantized
from pytest_llmlat.values.errors import AdapterMismatch, LLMLatError, MissingExtra

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec

__all__ = ["AdapterFacts", "find_adapter", "put_on", "take_off"]

_NAME = "default"
"""What peft calls the one adapter on a model."""


def put_on(model: Any, spec: ModelSpec, facts: AdapterFacts | None = None) -> Any:  # noqa: ANN401 - loaded on use
    """Return ``model`` with the adapter of ``spec``, unmerged or merged.

    The weights of ``model`` are used in place. Where an adapter does not fit, the
    model is afterwards as it was, unless it was merging that failed.

    Args:
        model: a transformers model without an adapter.
        spec: its entry; ``merge = true`` in its options merges.
        facts: what ``find_adapter`` said of it; looked up if it is not given.

    Raises:
        MissingExtra: peft is not installed.
        BadCatalogue: it is to be merged into a model that is quantised already.
        WeightsUnavailable: the adapter is neither a folder nor to be fetched.
        AdapterMismatch: its layers or shapes are not those of the model, not all of
            its weights find a place, or some are no numbers.
    """
    try:
        import peft
        import torch
    except ImportError as error:
        raise MissingExtra(
            "transformers", error.name or "peft", wanted_by=f"model {spec.name!r}"
        ) from error
    facts = facts or find_adapter(spec)
    if facts is None:
        raise LLMLatError(f"model {spec.name!r}: its entry names no adapter")
    if facts.merged and getattr(model, "is_quantized", False):
        raise merged_and_quantized(spec)
    # What peft only warns of is checked below; its other warnings are not of this.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted = _loaded(peft, model, spec, facts)
        if problem := _unsound(torch, adapted):
            take_off(adapted)
            raise _mismatch(spec, facts, model, problem)
        if not facts.merged:
            return adapted
        try:
            # Safe: a layer whose sum is not finite raises, rather than to answer.
            return adapted.merge_and_unload(safe_merge=True)
        except ValueError as error:
            raise _mismatch(spec, facts, model, error) from error


def take_off(adapted: Any) -> Any:  # noqa: ANN401 - loaded on use
    """Return the base of an unmerged model, as it was before ``put_on``.

    Raises:
        LLMLatError: the adapter was merged and cannot be told from the weights.
    """
    inner = getattr(adapted, "get_base_model", None)
    if inner is None:
        raise LLMLatError(
            "a merged adapter cannot be taken off its base; load the base anew"
        )
    base = inner()
    _restore(base)
    return base


def _loaded(peft: Any, model: Any, spec: ModelSpec, facts: AdapterFacts) -> Any:  # noqa: ANN401 - loaded on use
    """Put the layers of the adapter into the model and read their weights."""
    try:
        config = peft.LoraConfig.from_pretrained(str(facts.folder))
        config.inference_mode = True
        adapted = peft.PeftModelForCausalLM(model, config, adapter_name=_NAME)
    except (ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        _restore(model)
        raise _mismatch(spec, facts, model, error) from error
    try:
        # On the processor: the layers take the weights to where they are.
        result = adapted.load_adapter(
            str(facts.folder), adapter_name=_NAME, torch_device="cpu"
        )
    except (ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        take_off(adapted)
        raise _mismatch(spec, facts, model, error) from error
    for kind, keys in (
        ("its file lacks", result.missing_keys),
        ("the model has no place for", result.unexpected_keys),
    ):
        if keys:
            take_off(adapted)
            more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            raise _mismatch(spec, facts, model, f"{kind} {keys[0]}{more}")
    return adapted


def _restore(model: Any) -> None:  # noqa: ANN401 - loaded on use
    """Put the model's own layers back in the places that peft took.

    Peft's ``unload`` leaves whole layers (``modules_to_save``) as the adapter has
    them, and there is nothing to call it on where peft gave up half-way.
    """
    done: list[str] = []
    for name, layer in list(model.named_modules()):
        own = getattr(layer, "base_layer", None)
        own = getattr(layer, "original_module", None) if own is None else own
        if own is None or name.startswith(tuple(done)):
            continue
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, own)
        done.append(f"{name}.")
    # Without this, peft takes the model for one with an adapter.
    if hasattr(model, "peft_config"):
        del model.peft_config


def _unsound(torch: Any, adapted: Any) -> str | None:  # noqa: ANN401 - loaded on use
    """Return which of the adapter's weights are no finite numbers."""
    bad = [
        name
        for name, weight in adapted.named_parameters()
        if f".{_NAME}" in name and not torch.isfinite(weight).all()
    ]
    if not bad:
        return None
    return f"{len(bad)} of its tensors hold NaN or infinity, such as {bad[0]}"


def _mismatch(
    spec: ModelSpec,
    facts: AdapterFacts,
    model: Any,  # noqa: ANN401 - loaded on use
    reason: object,
) -> AdapterMismatch:
    first = [line.strip() for line in str(reason).strip().splitlines()][:3]
    why = _difference(facts, model) or " ".join(first)
    return AdapterMismatch(
        f"model {spec.name!r}: adapter {spec.adapter!r} (rank {facts.rank}, on"
        f" {', '.join(facts.targets)}), made for {facts.base!r}, does not fit"
        f" {spec.weights!r} ({type(model).__name__}): {why}; name the base that it was"
        " trained on as weights, or another adapter"
    )


def _difference(facts: AdapterFacts, model: Any) -> str | None:  # noqa: ANN401 - loaded on use
    """Return the first layer in which adapter and model differ, in numbers."""
    layers = dict(model.named_modules())
    ours = facts.layers()
    absent = [name for name in ours if name not in layers]
    if absent:
        return (
            f"the model has no layer {absent[0]}"
            f" ({len(absent)} of the adapter's {len(ours)} layers are not in it)"
        )
    for name, parts in ours.items():
        shape = tuple(getattr(getattr(layers[name], "weight", None), "shape", ()))
        a, b = parts.get("lora_A"), parts.get("lora_B")
        if a is None or b is None or len(shape) != 2 or len(a) != 2 or len(b) != 2:  # noqa: PLR2004 - matrices
            continue
        # GPT-2's Conv1D keeps its matrix the other way round.
        given, made = shape if hasattr(layers[name], "nf") else shape[::-1]
        if (a[1], b[0]) != (given, made):
            return (
                f"{name} takes {given} numbers to {made} in the model, {a[1]} to"
                f" {b[0]} by rank {a[0]} in the adapter"
            )
    return None
