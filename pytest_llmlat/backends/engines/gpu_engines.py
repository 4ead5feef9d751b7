"""Engines for data centres' GPUs: vLLM, SGLang and TGI."""

from __future__ import annotations

from pytest_llmlat.backends.engines.engine_table import (
    HOST,
    EngineCounters,
    EngineOption,
    ServingEngine,
    flag,
    switch,
)

VLLM = ServingEngine(
    name="vllm",
    program=("vllm",),
    arguments=(
        *("serve", "{weights}", "--host", HOST, "--port", "{port}"),
        *("--served-model-name", "{name}"),
    ),
    install="run: pip install vllm, or name another program: program = '/path/vllm'",
    served="{name}",
    variables=(("VLLM_NO_USAGE_STATS", "1"),),
    options={
        "dtype": flag("--dtype"),
        "revision": flag("--revision"),
        "trust_remote_code": switch("--trust-remote-code"),
        "tensor_parallel": flag("--tensor-parallel-size"),
        "pipeline_parallel": flag("--pipeline-parallel-size"),
        "quantization": flag("--quantization"),
        "speculative": EngineOption(
            words=("--speculative-config", "{value}"),
            keys={"tokens": "num_speculative_tokens"},
        ),
        "prefix_caching": switch(
            "--enable-prefix-caching", "--no-enable-prefix-caching"
        ),
        "context": flag("--max-model-len"),
        "max_batch": flag("--max-num-seqs"),
        "batch_tokens": flag("--max-num-batched-tokens"),
        "memory_share": flag("--gpu-memory-utilization"),
        "kv_type": flag("--kv-cache-dtype"),
        "eager": switch("--enforce-eager"),
    },
    version_at=("/version", "version"),
    counters=EngineCounters(
        names={
            "requests waiting": ("vllm:num_requests_waiting",),
            "preemptions": ("vllm:num_preemptions_total",),
            "prompt tokens": ("vllm:prompt_tokens_total",),
            "generated tokens": ("vllm:generation_tokens_total",),
            "prompt tokens looked up": ("vllm:prefix_cache_queries_total",),
            "prompt tokens kept": ("vllm:prefix_cache_hits_total",),
            "draft tokens": ("vllm:spec_decode_num_draft_tokens_total",),
            "draft tokens accepted": ("vllm:spec_decode_num_accepted_tokens_total",),
        }
    ),
    checked="flags of 0.27; counters by pages of several versions; not run here",
)

SGLANG = ServingEngine(
    name="sglang",
    program=("{python}", "-m", "sglang.launch_server"),
    arguments=(
        *("--model-path", "{weights}", "--host", HOST, "--port", "{port}"),
        *("--served-model-name", "{name}", "--enable-metrics"),
    ),
    install="run: pip install sglang, or name another program: program ="
    " '/path/python -m sglang.launch_server'",
    served="{name}",
    options={
        "dtype": flag("--dtype"),
        "revision": flag("--revision"),
        "trust_remote_code": switch("--trust-remote-code"),
        "tensor_parallel": flag("--tp-size"),
        "pipeline_parallel": flag("--pp-size"),
        "quantization": flag("--quantization"),
        "speculative": EngineOption(
            keys={
                "method": "--speculative-algorithm",
                "model": "--speculative-draft-model-path",
                "tokens": "--speculative-num-draft-tokens",
                "steps": "--speculative-num-steps",
                "topk": "--speculative-eagle-topk",
            }
        ),
        "prefix_caching": switch(off="--disable-radix-cache"),
        "context": flag("--context-length"),
        "max_batch": flag("--max-running-requests"),
        "batch_tokens": flag("--chunked-prefill-size"),
        "memory_share": flag("--mem-fraction-static"),
        "kv_type": flag("--kv-cache-dtype"),
    },
    version_at=("/server_info", "version"),
    distribution="sglang",
    counters=EngineCounters(
        names={
            "requests waiting": ("sglang:num_queue_reqs",),
            "preemptions": (
                "sglang:num_retracted_requests_total",
                # The same without _total is a gauge, which tells nothing of a cell.
                "sglang:num_retracted_reqs_total",
            ),
            "prompt tokens": ("sglang:prompt_tokens_total",),
            "generated tokens": ("sglang:generation_tokens_total",),
            "prompt tokens kept": ("sglang:cached_tokens_total",),
            "tokens accepted a step": ("sglang:spec_accept_length",),
        }
    ),
    checked="documentation of its server arguments, of no stated version; counters by"
    " its source; not run",
)

TGI = ServingEngine(
    name="tgi",
    program=("text-generation-launcher",),
    arguments=(
        *("--model-id", "{weights}", "--hostname", HOST, "--port", "{port}"),
        # Two of them on one machine would meet there.
        *("--shard-uds-path", "/tmp/llmlat-tgi-{port}"),  # noqa: S108 - a socket's
    ),
    install="it comes as a container: write how that is run as the entry's command ="
    " 'docker run --rm --network host … --hostname 127.0.0.1 --port {port}'",
    variables=(("USAGE_STATS", "off"),),
    options={
        "dtype": flag("--dtype"),
        "revision": flag("--revision"),
        "trust_remote_code": switch("--trust-remote-code"),
        "tensor_parallel": flag("--num-shard"),
        "quantization": flag("--quantize"),
        "speculative": EngineOption(keys={"tokens": "--speculate"}),
        "prefix_caching": EngineOption(variable="PREFIX_CACHING"),
        "context": flag("--max-total-tokens"),
        "max_batch": flag("--max-batch-size"),
        "batch_tokens": flag("--max-batch-prefill-tokens"),
        "memory_share": flag("--cuda-memory-fraction"),
        "kv_type": flag("--kv-cache-dtype"),
    },
    version_at=("/info", "version"),
    counters=EngineCounters(
        names={
            "requests waiting": ("tgi_queue_size",),
            "requests": ("tgi_request_count",),
            "prompt tokens": ("tgi_request_input_length_sum",),
            "generated tokens": ("tgi_request_generated_tokens_sum",),
            "draft tokens accepted": ("tgi_request_skipped_tokens_sum",),
        }
    ),
    checked="documentation of its launcher's flags, and of its metrics; not run",
)
