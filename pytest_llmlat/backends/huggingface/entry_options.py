"""What an entry may set of a model that runs through transformers."""

from __future__ import annotations

from pytest_llmlat.backends.shared_options import BATCH_SIZE, SHA256
from pytest_llmlat.values.entry_option import MOST_WHOLE, EntryOption

DTYPES = ("float32", "bfloat16", "float16", "float64")
"""What torch computes in on some device; which of them on which, the device tells."""
CUDA_ATTENTIONS = ("flash_attention_2", "flash_attention_3", "flex_attention")

THREADS = EntryOption(
    name="threads",
    kind="integer",
    least=1,
    most=4096,
    meaning="processor threads that compute; else torch's own number",
)
CONTEXT = EntryOption(
    name="context",
    kind="integer",
    least=1,
    most=MOST_WHOLE,
    meaning="most tokens of prompt and answer together; else the model's own",
)
ATTENTION = EntryOption(
    name="attention",
    kind="string",
    choices=("eager", "sdpa", *CUDA_ATTENTIONS),
    meaning="how attention is computed, the last three on CUDA (flex_attention compiles"
    " itself when it first meets a length: early samples may pay for it); else the"
    " library's choice",
)
CACHE = EntryOption(
    name="cache",
    kind="string",
    choices=("dynamic", "static"),
    meaning="how keys and values are kept: growing, or in context places (at most 2048"
    " where none is given) that are made once; else dynamic",
)
COMPILE = EntryOption(
    name="compile",
    kind="boolean",
    meaning="whether the decode step goes through torch.compile, with the static cache;"
    " compiled while it loads, so no sample pays; else false",
)
DEVICE_MAP = EntryOption(
    name="device_map",
    kind="string",
    choices=("auto", "balanced", "sequential"),
    meaning="how one model is spread over several cards (accelerate); else it is not",
)
QUANTIZATION = EntryOption(
    name="quantization",
    kind="string",
    choices=("none", "int8", "int4", "torchao-int8"),
    meaning="how weights are made small: int8 is PyTorch's dynamic one on a processor"
    " and bitsandbytes on CUDA, int4 is bitsandbytes, torchao-int8 changes weights"
    " only; else none",
)
MERGE = EntryOption(
    name="merge",
    kind="boolean",
    meaning="whether an adapter is merged into its base; else false",
)
ADAPTER_BASE = EntryOption(
    name="adapter_base",
    kind="string",
    meaning="another name of the base that an adapter was made for, where the entry's"
    " weights are the same",
)
BATCHING = EntryOption(
    name="batching",
    kind="string",
    choices=("padded", "continuous"),
    meaning="how requests are batched under the scenario offline; else what suits the"
    " task",
)
DRAFT = EntryOption(
    name="draft",
    kind="string",
    choices=("none", "prompt-lookup", "assistant"),
    meaning="who guesses the next tokens, which the model then reads at once:"
    " prompt-lookup takes what followed the same words before, assistant the model that"
    " the option assistant names; else that one where it is named, or none",
)
ASSISTANT = EntryOption(
    name="assistant",
    kind="string",
    meaning="weights of a smaller model of the same tokens that guesses: a folder, or a"
    " hub id; on the same device, in the entry's dtype",
)
DRAFT_TOKENS = EntryOption(
    name="draft_tokens",
    kind="integer",
    least=1,
    most=64,
    meaning="tokens that a draft guesses in each step; a lookup may find fewer; else 10"
    " of a lookup, and 5 of an assistant",
)

OPTIONS = (
    *(THREADS, CONTEXT, ATTENTION, CACHE, COMPILE, DEVICE_MAP, QUANTIZATION, MERGE),
    *(DRAFT, ASSISTANT, DRAFT_TOKENS, ADAPTER_BASE, BATCH_SIZE, BATCHING, SHA256),
)
"""All of them, beside those of every backend."""
