"""What an entry may set of a GGUF model."""

from __future__ import annotations

from pytest_llmlat.backends.shared_options import SHA256
from pytest_llmlat.values.entry_option import MOST_WHOLE, EntryOption

CONTEXT = EntryOption(
    name="context",
    kind="integer",
    least=1,
    most=MOST_WHOLE,
    meaning="most tokens of prompt and answer together; else 4096, or the model's own"
    " where that is less",
)
THREADS = EntryOption(
    name="threads",
    kind="integer",
    least=1,
    most=512,  # llama.cpp's own bound (GGML_MAX_N_THREADS)
    meaning="processor threads that compute; else one for each usable core",
)
BATCH = EntryOption(
    name="batch",
    kind="integer",
    least=1,
    most=MOST_WHOLE,
    meaning="tokens of a prompt that are read at once; else 512",
)
GPU_LAYERS = EntryOption(
    name="gpu_layers",
    kind="integer",
    least=1,
    most=MOST_WHOLE,
    meaning="how many layers go to the card; else all",
)
FLASH_ATTENTION = EntryOption(
    name="flash_attention",
    kind="boolean",
    meaning="whether attention is computed in blocks; else false",
)
KV_TYPE = EntryOption(
    name="kv_type",
    kind="string",
    choices=("f32", "f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"),
    meaning="how keys and values are kept; what is quantised takes flash_attention;"
    " else f16",
)
REPACK = EntryOption(
    name="repack",
    kind="boolean",
    meaning="whether weights are laid out anew for the processor as they are loaded;"
    " else true, but false where llama.cpp was built for AMX, which kills the process"
    " in many builds",
)
CACHE_PROMPT = EntryOption(
    name="cache_prompt",
    kind="boolean",
    meaning="whether a turn finds what earlier turns of its conversation left; else"
    " true",
)

DRAFT = EntryOption(
    name="draft",
    kind="string",
    choices=("none", "prompt-lookup"),
    meaning="who guesses the next tokens, which the model then reads at once:"
    " prompt-lookup takes what followed the same words before; logits of a whole"
    " context are kept with it; else none",
)
DRAFT_TOKENS = EntryOption(
    name="draft_tokens",
    kind="integer",
    least=1,
    most=64,
    meaning="tokens that a draft guesses at most; else 10",
)

OPTIONS = (
    *(CONTEXT, THREADS, BATCH, GPU_LAYERS, FLASH_ATTENTION, KV_TYPE, REPACK),
    *(CACHE_PROMPT, DRAFT, DRAFT_TOKENS, SHA256),
)
"""All of them, beside those of every backend."""
