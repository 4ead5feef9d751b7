"""Servers that come with a Python library: MLX's and transformers' own."""

from __future__ import annotations

from pytest_llmlat.backends.engines.engine_table import (
    HOST,
    EngineOption,
    ServingEngine,
    flag,
    switch,
)

MLX_LM = ServingEngine(
    name="mlx-lm",
    program=("{python}", "-m", "mlx_lm", "server"),
    arguments=("--model", "{weights}", "--host", HOST, "--port", "{port}"),
    install="run: pip install 'pytest-llmlat[mlx]'",
    options={
        "adapter": flag("--adapter-path"),
        "trust_remote_code": switch("--trust-remote-code"),
        "speculative": EngineOption(
            keys={"model": "--draft-model", "tokens": "--num-draft-tokens"}
        ),
        "prefix_caching": switch("", "--prompt-cache-size 0"),
        "max_batch": flag("--decode-concurrency"),
        "batch_tokens": flag("--prefill-step-size"),
        "kv_bits": flag("--kv-bits"),
    },
    distribution="mlx-lm",
    checked="run here: 0.32.2",
)

TRANSFORMERS = ServingEngine(
    name="transformers",
    program=("transformers",),
    arguments=(
        *("serve", "{weights}", "--host", HOST, "--port", "{port}"),
        *("--device", "{device}"),
    ),
    install="run: pip install 'transformers[serving]'",
    options={
        "dtype": flag("--dtype"),
        "trust_remote_code": switch("--trust-remote-code"),
        "quantization": flag("--quantization"),
        "attention": flag("--attn-implementation"),
        "continuous_batching": switch("--continuous-batching"),
        "compile": switch("--compile"),
        "batch_tokens": flag("--cb-max-batch-tokens"),
    },
    distribution="transformers",
    checked="run here: 5.24.0",
)
