"""Engines upon llama.cpp: its own server, that of llama-cpp-python, and Ollama."""

from __future__ import annotations

from pytest_llmlat.backends.engines.engine_table import (
    HOST,
    EngineCounters,
    EngineOption,
    ServingEngine,
    flag,
    switch,
)

LLAMA_SERVER = ServingEngine(
    name="llama-server",
    program=("llama-server",),
    arguments=(
        *("--model", "{weights}", "--host", HOST, "--port", "{port}"),
        *("--alias", "{name}", "--metrics", "--no-ui"),
    ),
    install="run: brew install llama.cpp, or build it and name the program: program ="
    " '/path/llama-server'",
    served="{name}",
    weights_file=True,
    options={
        "adapter": flag("--lora"),
        "context": flag("--ctx-size"),
        "threads": flag("--threads"),
        "gpu_layers": flag("--n-gpu-layers"),
        "max_batch": flag("--parallel"),
        "batch_tokens": flag("--batch-size"),
        "flash_attention": switch("--flash-attn on", "--flash-attn off"),
        "kv_type": EngineOption(
            words=("--cache-type-k", "{value}", "--cache-type-v", "{value}")
        ),
        # Of one slot, and between slots.
        "prefix_caching": switch("--cache-prompt", "--no-cache-prompt --cache-ram 0"),
        "speculative": EngineOption(
            keys={
                "method": "--spec-type",
                "model": "--spec-draft-model",
                "tokens": "--spec-draft-n-max",
            }
        ),
        "tensor_split": flag("--tensor-split"),
    },
    version_at=("/props", "build_info"),
    counters=EngineCounters(
        names={
            "requests waiting": ("llamacpp:requests_deferred",),
            "prompt tokens": ("llamacpp:prompt_tokens_total",),
            "generated tokens": ("llamacpp:tokens_predicted_total",),
            "decoding steps": ("llamacpp:n_decode_total",),
        }
    ),
    checked="run here: build 10434",
)

LLAMA_CPP_PYTHON = ServingEngine(
    name="llama-cpp-python",
    program=("{python}", "-m", "llama_cpp.server"),
    arguments=(
        *("--model", "{weights}", "--host", HOST, "--port", "{port}"),
        *("--model_alias", "{name}"),
        # As a rule it cuts an answer off when the next request comes.
        *("--interrupt_requests", "false"),
    ),
    install="run: pip install 'pytest-llmlat[server]'",
    health=("/v1/models",),
    served="{name}",
    weights_file=True,
    options={
        "adapter": flag("--lora_path"),
        "context": flag("--n_ctx"),
        "threads": flag("--n_threads"),
        "gpu_layers": flag("--n_gpu_layers"),
        "batch_tokens": flag("--n_batch"),
        "flash_attention": switch("--flash_attn true", "--flash_attn false"),
        "prefix_caching": switch("--cache true", "--cache false"),
        "speculative": EngineOption(
            keys={
                "method": "--draft_model",
                "tokens": "--draft_model_num_pred_tokens",
            }
        ),
        "tensor_split": flag("--tensor_split"),
    },
    distribution="llama_cpp_python",
    checked="run here: 0.3.36",
)

OLLAMA = ServingEngine(
    name="ollama",
    program=("ollama",),
    arguments=("serve",),
    install="get it from its home page, and its weights by: ollama pull NAME",
    variables=(
        ("OLLAMA_HOST", f"{HOST}:{{port}}"),
        # Weights that are put away between two cells would be loaded in the second.
        ("OLLAMA_KEEP_ALIVE", "-1"),
    ),
    health=("/api/version",),
    options={
        "context": EngineOption(variable="OLLAMA_CONTEXT_LENGTH"),
        "max_batch": EngineOption(variable="OLLAMA_NUM_PARALLEL"),
        "kv_type": EngineOption(variable="OLLAMA_KV_CACHE_TYPE"),
        "flash_attention": EngineOption(variable="OLLAMA_FLASH_ATTENTION"),
    },
    version_at=("/api/version", "version"),
    checked="its page on context lengths, its source, lists by others; not run",
)
