"""What a server's Prometheus metrics tell of prompts that it had kept.

vLLM's and SGLang's servers count it for all requests together, also where their answers
do not say it. Which counters, each entry of an open table says: one of ours, an entry
point of ``pytest_llmlat.prompt_counters`` or the hook of that name.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.values.extensions import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAMPLE = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)(?:\{.*\})?[ \t]+(\S+)(?:[ \t]+\S+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCounters:
    """The names of two counters of tokens, in the words of one kind of server.

    Each has several names where versions differ: the first one that is there counts.
    """

    prompts: tuple[str, ...]
    """Counter of all prompt tokens, those that had been kept among them."""
    kept: tuple[str, ...]
    """Counter of the prompt tokens that had been kept and were not read anew."""


VLLM = PromptCounters(
    prompts=("vllm:prefix_cache_queries_total", "vllm:gpu_prefix_cache_queries_total"),
    kept=("vllm:prefix_cache_hits_total", "vllm:gpu_prefix_cache_hits_total"),
)
SGLANG = PromptCounters(
    prompts=("sglang:prompt_tokens_total",), kept=("sglang:cached_tokens_total",)
)


def _check(_name: str, value: object) -> PromptCounters:
    if not isinstance(value, PromptCounters):
        raise TypeError(f"must be PromptCounters, not {type(value).__name__}")
    return value


PROMPT_COUNTERS: Table[PromptCounters] = Table(
    "prompt_counters", "prompt counters", _check
)
"""What there is, by the name of the server."""


def samples_of(text: str) -> Mapping[str, float]:
    """Return the sums of all samples of each name in Prometheus' text format.

    What is no such line is left out; so is a value that is no number.
    """
    sums: dict[str, float] = defaultdict(float)
    for line in text.splitlines():
        found = _SAMPLE.fullmatch(line.strip())
        if found is None:
            continue
        try:
            value = float(found[2])
        except ValueError:
            continue
        if math.isfinite(value):
            sums[found[1]] += value
    return sums
