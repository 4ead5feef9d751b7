"""What an OpenAI-compatible server is sent, and what it may not want to be sent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pytest_llmlat.backends.chat_messages import messages
from pytest_llmlat.values.sampling import (
    GREEDY,
    Sampling,
    is_temperature,
    is_top_p,
)
from pytest_llmlat.values.thought_tags import THOUGHT_TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from pytest_llmlat.backends.chat_messages import SystemAs
    from pytest_llmlat.values.records import Request

STOP_STRINGS = 4
"""Number of stop strings that a server takes; the Meter applies the rest on reading."""
REJECTIONS = frozenset({400, 422})
_CONTEXT_STATUSES = frozenset({None, 400, 413, 422, 500})
_CONTEXT = re.compile(
    r"context[_ ](length|window|size|limit)|maximum context|max_model_len|max_seq_len"
    r"|max_total_sequence_length"
    r"|maximum (model|prompt|input|sequence) length|max(imum)? number of tokens allowed"
    r"|(prompt|inputs?|request|message)s?`? (is|are) too (long|large)"
    r"|too many (input |prompt )?tokens|inputs?`? tokens? \+ |range of input length"
    r"|inputs?`? must have less than \d+ tokens|reduce the length of the (mess|prompt)"
    r"|longer than the (model|max)|exceed_context|n_keep >= n_ctx"
    r"|exceeds? (the )?(model's )?(context|maximum)"
    r"|(prompt|input)\b.{0,60}(does|do) not fit",
    re.IGNORECASE,
)
"""How servers say that a prompt is too long: OpenAI, vLLM, SGLang, TGI, llama.cpp,
LM Studio, Ollama, Gemini, Anthropic, Mistral, Cohere, Groq, DashScope and others."""
_BROKEN = 500
_TOO_MUCH = re.compile(
    r"exceed|longer than|too (long|many|large)|less than|not fit", re.IGNORECASE
)
"""With this status it has to be said plainly: it may also tell to use less memory."""
_NO_FIELD = re.compile(
    r"unrecognized|unknown (field|parameter|argument)|unexpected (keyword|field)"
    r"|not permitted|extra_forbidden|unsupported parameter",
    re.IGNORECASE,
)
"""A field of the request that a server does not know, whose name says "context"."""
_DROPPABLE = ("stream_options", "seed", "stop", "temperature", "top_p")
_USED_UP = re.compile(
    r"insufficient_(quota|credits|balance)|exceeded your current quota"
    r"|(insufficient|not enough) (credit|balance|fund)",
    re.IGNORECASE,
)
"""How servers say that what was paid for is used up: OpenAI, DeepSeek, OpenRouter."""
_SEARCHES = ("best_of", "use_beam_search")
"""Settings with which a server chooses among answers, which is no draw from the
model."""


def path(request: Request) -> str:
    """Return where a request goes, below the server's address."""
    return "/chat/completions" if request.chat else "/completions"


def payload(
    request: Request,
    *,
    model: str,
    stream: bool,
    without: AbstractSet[str],
    system: SystemAs = "system",
) -> dict[str, object]:
    """Return the body of a request for one answer.

    Args:
        request: what to ask.
        model: the name under which the server has the model.
        stream: whether the answer is to come token by token.
        without: parameters that this server is known to reject.
        system: where the system prompt stands.
    """
    body: dict[str, object] = {"model": model}
    if request.chat:
        body["messages"] = messages(request, system)
    else:
        body["prompt"] = request.prompt
    renamed = "max_tokens" in without
    body["max_completion_tokens" if renamed else "max_tokens"] = request.most_tokens
    body |= {"temperature": 0, "stream": stream, "seed": request.seed}
    if not request.sampling.greedy:
        # Where it is not told, a server may have a nucleus of its own.
        how = request.sampling
        body |= {"temperature": how.temperature, "top_p": how.top_p}
    if stream:
        body["stream_options"] = {"include_usage": True}
    if switches := _switches(request):
        body["chat_template_kwargs"] = switches
    if stop := _stops(request):
        body["stop"] = stop
    # Most servers take all of them, and this is beside the clock.
    for name in _DROPPABLE if without else ():
        if name in without:
            body.pop(name, None)
    return body


def _stops(request: Request) -> list[str]:
    """Return the strings that end an answer.

    A server ends thoughts at them too; the Meter does not, and applies them later.
    """
    if not request.stop or request.thinking_tokens:
        return []
    if request.thought_tags != THOUGHT_TAGS:
        return []
    return [text for text in request.stop if text][:STOP_STRINGS]


def _switches(request: Request) -> dict[str, object]:
    """Return what the server's chat template is told."""
    found: dict[str, object] = dict(request.template)
    if request.thinking_tokens == 0 and request.chat:
        found.setdefault("enable_thinking", False)
    return found


def conversation(request: Request) -> str | None:
    """Return what was sent beside the prompt alone, as JSON; ``None`` if nothing.

    What a server's chat template makes of it cannot be seen from here.
    """
    if not request.chat or not (request.system or request.turns or request.template):
        return None
    sent: dict[str, object] = {"messages": messages(request)}
    if switches := _switches(request):
        sent["chat_template_kwargs"] = switches
    return json.dumps(sent, ensure_ascii=False)


def sampling_asked(body: Mapping[str, object]) -> Sampling | None:
    """Return how a server was asked to draw tokens, by what it was really sent.

    ``None`` where that cannot be told: it would not be told a temperature, or it
    chooses among several answers.
    """
    temperature, top_p = body.get("temperature"), body.get("top_p")
    if not is_temperature(temperature) or any(body.get(name) for name in _SEARCHES):
        return None
    if temperature == 0:
        return GREEDY
    if not is_top_p(top_p):
        return None
    seed = body.get("seed")
    return Sampling(
        temperature=float(temperature),
        top_p=float(top_p),
        seed=seed if type(seed) is int else None,
    )


_WRITER = json.JSONEncoder(separators=(",", ":"))


def encode(body: dict[str, object]) -> bytes:
    """Write a body as JSON, in ASCII, so that every text can be sent."""
    return _WRITER.encode(body).encode("ascii")


def too_long(status: int | None, message: str) -> bool:
    """Whether a server says that prompt and answer do not fit into the context.

    Args:
        status: of its answer, ``None`` where it says so inside of one.
        message: its words.
    """
    if status not in _CONTEXT_STATUSES or _NO_FIELD.search(message):
        return False
    if status == _BROKEN and not _TOO_MUCH.search(message):
        return False
    return bool(_CONTEXT.search(message))


def is_used_up(message: str) -> bool:
    """Whether a server says that no more will be answered before more is paid."""
    return bool(_USED_UP.search(message))


def rejected(
    status: int | None, message: str, body: dict[str, object], without: AbstractSet[str]
) -> str | None:
    """Return the parameter without which a request may be taken, ``None`` if none.

    Args:
        status: of the answer.
        message: what the server said.
        body: what had been sent.
        without: what is known to be rejected by now, it may be more than ``body`` knew.
    """
    if status not in REJECTIONS or too_long(status, message):
        return None
    for name in _DROPPABLE:
        if name in body and re.search(rf"\b{name}\b", message):
            return name
    if "max_tokens" in body and (
        "max_completion_tokens" in message or "max_tokens" in without
    ):
        return "max_tokens"
    return None
