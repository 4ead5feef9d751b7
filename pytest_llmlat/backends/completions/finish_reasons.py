"""Why a server says that an answer ended, in the words of many servers.

OpenAI, Anthropic, Gemini, Mistral, DeepSeek, Cohere, vLLM, SGLang, TGI and gateways
have names of their own for the same few ends, in whatever case.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

End: TypeAlias = Literal["whole", "cut", "failed", "unknown"]
"""End of an answer: its own; a bound on its tokens; given up by the server; none of
these."""

_WHOLE = """
    stop end_turn eos eos_token end_of_text stop_sequence stop_token complete completed
    finished finish done success tool_calls tool_call tool_use function_call
"""
_CUT = """
    length max_tokens max_length max_output_tokens max_new_tokens max_completion_tokens
    model_length token_limit length_limit incomplete
"""
_FAILED = """
    error errors server_error failed failure abort aborted cancel cancelled canceled
    interrupted timeout timed_out network_error insufficient_system_resource overloaded
    unavailable rate_limit rate_limited preempted eviction
    content_filter content_filtered safety image_safety recitation blocklist
    prohibited_content spii sensitive language malformed_function_call other repetition
"""
_ENDS: dict[str, End] = {
    **dict.fromkeys(_WHOLE.split(), "whole"),
    **dict.fromkeys(_CUT.split(), "cut"),
    **dict.fromkeys(_FAILED.split(), "failed"),
}


def end_of(reason: str) -> End:
    """Return what a ``finish_reason`` means, whatever its case.

    Args:
        reason: as the server wrote it, such as ``stop``, ``MAX_TOKENS`` or ``SAFETY``.
    """
    name = reason.strip().casefold().replace("-", "_").replace(" ", "_")
    return _ENDS.get(name.removeprefix("finish_reason_"), "unknown")
