"""Options of a model's entry that are read outside of its backend's own files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_llmlat.values.entry_option import MOST_WHOLE, EntryOption, TextForm
from pytest_llmlat.values.thought_tags import tags_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.entities import Scalar

_DIGEST = 64


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST and set(text.lower()) <= set("0123456789abcdef")


def digests_of(text: str) -> Mapping[str, str]:
    """Return the digests of files by their names; under ``""`` that of the only one.

    Args:
        text: of the option ``sha256``: one digest, or a table as JSON.

    Raises:
        ValueError: it is neither.
    """
    if _is_digest(text):
        return {"": text.lower()}
    told = json.loads(text)
    if not isinstance(told, dict) or not told:
        raise ValueError("no table")
    for name, digest in told.items():
        if not (isinstance(digest, str) and _is_digest(digest)) or "/" in name:
            raise ValueError(name)
    return {name: digest.lower() for name, digest in told.items()}


def _are_digests(text: str) -> bool:
    try:
        digests_of(text)
    except (ValueError, RecursionError):
        return False
    return True


def _are_tags(text: str) -> bool:
    try:
        tags_of(text)
    except ValueError:
        return False
    return True


TEMPERATURE = EntryOption(
    name="temperature",
    kind="float",
    least=0,
    most=1000,
    meaning="with which this model's tokens are drawn, 0 for the likeliest; else what"
    " the task says",
)
TOP_P = EntryOption(
    name="top_p",
    kind="float",
    above=0,
    most=1,
    meaning="share of the probability that this model's tokens are drawn from; else"
    " what the task says",
)
THINKING = EntryOption(
    name="thinking",
    kind="string",
    or_flag=True,
    form=TextForm(
        "two tags such as '<think> </think>', or the closing one alone where the"
        " prompt opens the thought",
        _are_tags,
    ),
    meaning="by which tags thoughts are told: true for all that are known, false for"
    " none; else true",
)
THINKING_TOKENS = EntryOption(
    name="thinking_tokens",
    kind="integer",
    least=0,
    most=MOST_WHOLE,
    meaning="after how many tokens this model is to stop thinking; else what the task"
    " says",
)
STRUCTURED = EntryOption(
    name="structured",
    kind="boolean",
    meaning="whether answers are held to the schema or the grammar of a task; else"
    " true",
)
SYSTEM_AS = EntryOption(
    name="system_as",
    kind="string",
    choices=("system", "user"),
    meaning="where a system prompt stands: in a message of its own, or before the"
    " first question, for templates without a place for it; else system",
)
SLOWER = EntryOption(
    name="slower",
    kind="float",
    above=0,
    most=1000,
    meaning="by which share every token comes later, to try a gate; else not at all",
)
BATCH_SIZE = EntryOption(
    name="batch_size",
    kind="integer",
    least=1,
    most=MOST_WHOLE,
    meaning="the most to answer at once under the scenario offline; else as many as"
    " should fit",
)
"""Of backends that answer in batches; each of them lists it."""
SHA256 = EntryOption(
    name="sha256",
    kind="string",
    form=TextForm(
        "64 hexadecimal digits, or JSON that has them by names of files", _are_digests
    ),
    meaning="digest of the file of weights, or of each file that is named, which they"
    " are held against; else what the package that a file lies in recorded, if it lies"
    " in one",
)
"""Of backends that read files of weights; each of them lists it."""

LOAD_CHECK = EntryOption(
    name="load_check",
    kind="string",
    choices=("child", "none"),
    meaning="where weights are loaded first that are new on this machine: in a process"
    " of its own, which may die over them, or nowhere; else child",
)

SHARED = (TEMPERATURE, TOP_P, THINKING, THINKING_TOKENS, STRUCTURED, SYSTEM_AS)
"""Those of any backend."""
SHARED_LOCAL = (SLOWER, LOAD_CHECK)
"""Those of any backend whose models run in this process."""
SHARED_DEFAULTS: Mapping[str, Scalar] = {STRUCTURED.name: True}
"""What some of them are where an entry does not say them."""
