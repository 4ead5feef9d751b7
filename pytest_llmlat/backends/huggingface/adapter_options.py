"""What an entry's options say of its adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.huggingface.entry_options import (
    ADAPTER_BASE,
    MERGE,
    QUANTIZATION,
)
from pytest_llmlat.backends.settings_check import flag_option
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec


def merge_asked(spec: ModelSpec) -> bool:
    """Return whether an entry wants its adapter merged.

    Raises:
        BadCatalogue: it has none, or one that cannot be merged into its weights.
    """
    merge = flag_option(spec, MERGE, default=False)
    for option in (MERGE, ADAPTER_BASE):
        if spec.option(option.name) and not spec.adapter:
            raise BadCatalogue(
                f"model {spec.name!r}: option {option.name} is set, but the entry has"
                " no adapter; name one (adapter = 'FOLDER or hub id') or remove the"
                " option"
            )
    # int8 is another thing on each device: only a loaded model tells whether it came
    # in 8 bit or is to be brought there after merging.
    if merge and spec.option(QUANTIZATION.name) not in {None, "none", "int8"}:
        raise merged_and_quantized(spec)
    return merge


def merged_and_quantized(spec: ModelSpec) -> BadCatalogue:
    """Return the error for an adapter to be merged into weights of few bits."""
    stored = spec.option(QUANTIZATION.name, default="of the weights themselves")
    return BadCatalogue(
        f"model {spec.name!r}: merge = true and quantization = {stored!r}: merging"
        " into quantised weights would round them anew, and the figures would be"
        " neither the adapter's nor the base's; remove one of the two, or merge once,"
        " save the model and name its folder as weights"
    )
