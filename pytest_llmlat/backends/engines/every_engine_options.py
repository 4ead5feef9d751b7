"""What an entry may set of any engine, whichever it is."""

from __future__ import annotations

import json
import shlex

from pytest_llmlat.values.entry_option import EntryOption, TextForm

START_LIMIT_S, STOP_LIMIT_S = 900.0, 10.0
_MOST_S = 604_800


def parsed(text: str) -> object:
    """Return the JSON value of a text, ``None`` if it is none."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def words_of(text: str) -> tuple[str, ...] | None:
    """Return the words of a list, or of a text as a shell has it; ``None`` if none."""
    if text.startswith("["):
        found = parsed(text)
        if isinstance(found, list) and all(isinstance(word, str) for word in found):
            return tuple(found)
        return None
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return None


def cards_of(text: str) -> tuple[str, ...] | None:
    """Return the numbers or UUIDs of cards: ``0,1`` or ``[0, 1]``; ``None`` if none."""
    found = parsed(text) if text.startswith("[") else text.split(",")
    if not isinstance(found, list):
        return None
    cards = tuple(str(part).strip() for part in found)
    return cards if cards and all(cards) else None


def table_of(text: str) -> dict[str, object] | None:
    """Return the JSON object of a text, ``None`` if it is none."""
    found = parsed(text)
    return found if isinstance(found, dict) else None


def _is_environment(text: str) -> bool:
    found = table_of(text)
    return found is not None and all(
        isinstance(value, str | int | float) for value in found.values()
    )


PROGRAM = EntryOption(
    name="program",
    kind="string",
    form=TextForm(
        "a program, perhaps with words behind it", lambda t: bool(words_of(t))
    ),
    meaning="what starts the engine instead of its own name",
)
ARGS = EntryOption(
    name="args",
    kind="string",
    form=TextForm("words, or a list of texts", lambda t: words_of(t) is not None),
    secret=True,
    meaning="more words of its command",
)
ENV = EntryOption(
    name="env",
    kind="string",
    form=TextForm("a table of texts and numbers", _is_environment),
    secret=True,
    meaning="more environment variables",
)
PORT = EntryOption(
    name="port",
    kind="integer",
    least=1,
    most=65535,
    meaning="the port that it listens on; else a free one",
)
CARDS = EntryOption(
    name="cards",
    kind="string",
    form=TextForm("numbers of GPUs, such as [0, 1]", lambda t: bool(cards_of(t))),
    meaning="the GPUs that it may see; else the first that are the entry's device",
)
HEALTH = EntryOption(
    name="health",
    kind="string",
    form=TextForm("a path such as '/health'", lambda text: text.startswith("/")),
    meaning="the path that answers when it is ready",
)
START_LIMIT = EntryOption(
    name="start_limit_s",
    kind="float",
    above=0,
    most=_MOST_S,
    meaning=f"seconds by which it must be ready; else {START_LIMIT_S:g}",
)
STOP_LIMIT = EntryOption(
    name="stop_limit_s",
    kind="float",
    above=0,
    most=3600,
    meaning=f"seconds by which it must have ended, before it is killed; else"
    f" {STOP_LIMIT_S:g}",
)
OWN = (*(PROGRAM, ARGS, ENV, PORT, CARDS, HEALTH, START_LIMIT, STOP_LIMIT),)
"""All of them."""
