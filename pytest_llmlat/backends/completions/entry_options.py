"""What an entry may set of a model behind a server."""

from __future__ import annotations

import json

from pytest_llmlat.backends.transport.bodies import AnswerLimits
from pytest_llmlat.values.entry_option import MOST_WHOLE, EntryOption, TextForm

USUAL_TIMEOUT_S = 300.0
USUAL_RETRIES = 3
USUAL_BACKOFF_S = 0.5
USUAL_LIMITS = AnswerLimits()

BUDGET_PLACE = '"$tokens"'
"""What stands for the number of tokens in a ``thinking_body``."""
_JSON = "a JSON object as a text, such as '{\"cache_prompt\": false}'"
_BODY = (
    'a JSON object as a text in which "$tokens" stands for the number, such as'
    ' \'{"thinking_budget": "$tokens"}\' or'
    ' \'{"reasoning": {"max_tokens": "$tokens"}}\''
)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _has_place(text: str) -> bool:
    return _is_object(text) and BUDGET_PLACE in json.dumps(json.loads(text))


STREAM = EntryOption(
    name="stream",
    kind="boolean",
    meaning="whether answers are asked for token by token; else true",
)
TIMEOUT_S = EntryOption(
    name="timeout_s",
    kind="float",
    least=0.001,
    most=604_800,
    meaning="seconds after which a request with its retries is given up; else"
    f" {USUAL_TIMEOUT_S:g}",
)
RETRIES = EntryOption(
    name="retries",
    kind="integer",
    least=0,
    most=1000,
    meaning=f"how often a request that failed is sent again; else {USUAL_RETRIES}",
)
BACKOFF_S = EntryOption(
    name="backoff_s",
    kind="float",
    least=0,
    most=86_400,
    meaning="seconds before the first retry, doubled each time; else"
    f" {USUAL_BACKOFF_S:g}",
)
CHECK = EntryOption(
    name="check",
    kind="boolean",
    meaning="whether the server is asked for its models first; else true",
)
PROBE = EntryOption(
    name="probe",
    kind="boolean",
    meaning="whether it is found out if the server keeps prompts; else as check",
)
EXTRA_BODY = EntryOption(
    name="extra_body",
    kind="string",
    form=TextForm(_JSON, _is_object),
    secret=True,
    meaning="more fields for every request",
)
THINKING_BODY = EntryOption(
    name="thinking_body",
    kind="string",
    form=TextForm(_BODY, _has_place),
    secret=True,
    meaning="how the server is told a budget of thoughts (thinking_tokens)",
)
STRUCTURED_BY = EntryOption(
    name="structured_by",
    kind="string",
    choices=(
        *("response_format", "json_object", "llama.cpp", "guided"),
        "structured_outputs",
    ),
    meaning="how the server is told to hold answers to a schema; else response_format",
)
AWAKE = EntryOption(
    name="awake",
    kind="boolean",
    meaning="whether a whole core is taken while a single request is waited for; else"
    " where there are three cores or more and the server is on another machine",
)
CACHE = EntryOption(
    name="cache",
    kind="string",
    choices=("cold", "warm", "as_is"),
    meaning="whether each prompt is read anew, was sent before it is measured, or comes"
    " as it comes; else cold",
)
COLD_BY = EntryOption(
    name="cold_by",
    kind="string",
    choices=("cache_prompt", "cache_salt", "head"),
    meaning="by which means a server that keeps prompts is kept from it; else the first"
    " that works",
)
MAX_HEAD_BYTES = EntryOption(
    name="max_head_bytes",
    kind="integer",
    least=1,
    most=MOST_WHOLE,
    meaning=f"how large the head of an answer may be; else {USUAL_LIMITS.head:,}",
)
MAX_BODY_BYTES = EntryOption(
    name="max_body_bytes",
    kind="integer",
    least=1,
    most=2**53,
    meaning=f"how large an answer may be, unpacked; else {USUAL_LIMITS.body:,}",
)

OPTIONS = (
    *(STREAM, TIMEOUT_S, RETRIES, BACKOFF_S, CHECK, PROBE, EXTRA_BODY, THINKING_BODY),
    *(STRUCTURED_BY, AWAKE, CACHE, COLD_BY, MAX_HEAD_BYTES, MAX_BODY_BYTES),
)
"""All of them, beside those of every backend."""
