"""Why a server says that an answer ended, in the words of many servers.

OpenAI, Anthropic, Gemini, Mistral, DeepSeek, Cohere, vLLM, SGLang, TGI and gateways
have names of their own for the same few ends, in whatever case.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

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

_CUT_WORDS = frozenset({"length", "tokens", "context", "truncated"})
_FAILED_WORDS = frozenset(
    (
        *("error", "failed", "failure", "fault", "abort", "aborted", "timeout"),
        *("cancelled", "canceled", "unavailable", "overloaded", "denied"),
        *("safety", "filter", "filtered", "guardrail", "guardrails", "moderation"),
        *("policy", "blocked", "toxic", "toxicity", "violation", "prohibited"),
    )
)
"""Words in names that no server had before: most say it in one of these."""

_NOT_YET = ("", "null", "none", "undefined", "unspecified", "finish_reason_unspecified")
"""Words of servers for no reason, in messages before the last."""


def reason_of(told: object) -> str | None:
    """Return a ``finish_reason`` as text, ``None`` where a message gives none.

    Args:
        told: as it stands in the message. A number, which a server of Gemini's kind may
            have in the place of the name, stays a reason that is not known.
    """
    if isinstance(told, list) and len(told) == 1:
        told = told[0]
    if not told or isinstance(told, bool):
        return None
    reason = told if isinstance(told, str) else json.dumps(told)
    return None if reason.strip().casefold() in _NOT_YET else reason


def nearer_reason(choice: Mapping[str, object], reason: str | None) -> str | None:
    """Return the reason that the model's own server gave, where a gateway hides it.

    Args:
        choice: may have another reason beside its own: OpenRouter's of its provider,
            whose bound or failure counts for more than a stop; Anthropic's, which is
            taken where there is no other, for vLLM puts a string there that it stopped
            at.
        reason: its own.
    """
    native = reason_of(choice.get("native_finish_reason"))
    if reason is None:
        other = native or reason_of(choice.get("stop_reason"))
        # A string that was stopped at may have any word in it.
        return None if other is None or _plain(other) not in _ENDS else other
    hidden = native is not None and end_of(native) in ("cut", "failed")
    return native if hidden and end_of(reason) in ("whole", "unknown") else reason


def end_of(reason: str) -> End:
    """Return what a ``finish_reason`` means, whatever its case.

    Args:
        reason: as the server wrote it, such as ``stop``, ``MAX_TOKENS`` or ``SAFETY``.
    """
    name = _plain(reason)
    known = _ENDS.get(name)
    if known is not None:
        return known
    words = set(name.split("_"))
    # What was cut and filtered too is no answer to grade as if it were whole.
    if words & _FAILED_WORDS:
        return "failed"
    return "cut" if words & _CUT_WORDS else "unknown"


def _plain(reason: str) -> str:
    name = reason.strip().casefold().replace("-", "_").replace(" ", "_")
    return name.removeprefix("finish_reason_")
