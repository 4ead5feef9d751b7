"""Options of an entry whose model is behind a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.completions.constraint_fields import way_of
from pytest_llmlat.backends.completions.fields import json_option
from pytest_llmlat.backends.completions.prompt_cache import PromptCache
from pytest_llmlat.backends.settings_check import check_flags, known_options
from pytest_llmlat.backends.transport.bodies import AnswerLimits
from pytest_llmlat.machine.environment import usable_cores
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from pytest_llmlat.backends.transport.addresses import Address
    from pytest_llmlat.values.entities import ModelSpec

_USUAL = AnswerLimits()
DEFAULTS = {
    "timeout_s": 300.0,
    "retries": 3.0,
    "backoff_s": 0.5,
    "max_head_bytes": float(_USUAL.head),
    "max_body_bytes": float(_USUAL.body),
}
_CORES_TO_SPARE = 3
_HERE = ("localhost", "127.0.0.1", "::1")


OPTIONS = (
    *("stream", "timeout_s", "retries", "backoff_s", "check", "extra_body"),
    *("thinking_body", "structured_by", "awake", "probe", "cache", "cold_by"),
    *("max_head_bytes", "max_body_bytes"),
    *("provider", "endpoint", "router"),
)
"""What an entry of a server may have; the last three are those of Hugging Face's.

``stream`` (true), ``timeout_s`` (300, of a request with its retries), ``retries`` (3),
``backoff_s`` (0.5, before the first retry, doubled each time), ``check`` (true: ask the
server for its models first), ``extra_body`` (a JSON object of more fields for every
request), ``thinking_body`` (the same for a budget of thoughts, ``"$tokens"`` being the
number), ``structured_by`` (how it is told to hold answers to a schema), ``awake`` (take
a whole core while a single request is waited for, instead of sleeping), ``probe`` (as
``check``: find out whether it keeps prompts), ``cache`` and ``cold_by`` (see
``prompt_cache``), ``max_head_bytes`` and ``max_body_bytes`` (how large an answer may
be)."""


def check_server_options(model: ModelSpec) -> None:
    """See that the options of an entry are known and of their kind; asks no server.

    Raises:
        UnknownName: an option that no server's entry has.
        BadCatalogue: a value that is none.
    """
    known_options(model, OPTIONS)
    number_option(model, "timeout_s", least=0.001)
    for key in ("retries", "backoff_s"):
        number_option(model, key, least=0)
    limits_of(model)
    check_flags(model, "stream", "check", "awake", "probe")
    for key in ("extra_body", "thinking_body"):
        json_option(model, key)
    way_of(model)
    PromptCache(model)


def limits_of(model: ModelSpec) -> AnswerLimits:
    """Return how large an answer may be.

    Raises:
        BadCatalogue: an option is no number, or below one.
    """
    head, body = (
        int(number_option(model, key, least=1))
        for key in ("max_head_bytes", "max_body_bytes")
    )
    return AnswerLimits(head=head, body=body)


def stays_awake(model: ModelSpec, address: Address) -> bool:
    """Whether to take a whole core while a single request is waited for.

    By default where there is one to spare, and the server is on another machine: here
    it would be taken from the model. Of two cores none is: whoever never sleeps waits
    behind every other process for its turn, tens of milliseconds where sleepers wait
    for two.
    """
    asked = model.option("awake")
    if asked is not None:
        return asked is True
    return usable_cores() >= _CORES_TO_SPARE and address.host not in _HERE


def number_option(model: ModelSpec, key: str, *, least: float) -> float:
    """Return an option that is a number, or what holds where it is not given.

    Raises:
        BadCatalogue: it is none, or below ``least``.
    """
    value = model.option(key, DEFAULTS[key])
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (number and float(value) >= least):  # type: ignore[arg-type]
        raise BadCatalogue(
            f"model {model.name!r}: option {key} = {value!r}: must be a number of at"
            f" least {least:g}"
        )
    return float(value)  # type: ignore[arg-type]
