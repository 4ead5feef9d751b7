"""Warnings of a cell beside its figures: disturbances, odd answers, overflows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.machine.environment import disturbances

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.values.cell_facts import CellFacts, LoadFacts
    from pytest_llmlat.values.records import Cell, Record, Request, Response


_CARD = re.compile(r"cuda:([0-9]{1,3})")


def overflow(record: Record, facts: CellFacts) -> str | None:
    """Say that a prompt did not fit into the context; ``None`` if it did."""
    if record.finish != "context":
        return None
    room, tokens = dict(facts.backend).get("context"), record.prompt_tokens
    context = f"the context of {room} tokens" if room else "the model's context"
    prompt = "the prompt" if tokens is None else f"the prompt of {tokens} tokens"
    return f"context overflow: {prompt} leaves no room for an answer in {context}"


def changed(cell: Cell, load: LoadFacts | None) -> tuple[str, ...]:
    """Warn of answers that differ because they were given in a batch."""
    if load is None or not load.batch_changed:
        return ()
    told = (
        f"{cell.id}: {load.batch_changed} of {load.batch_checked} answers differ from"
        " those asked alone; the quality is that of the batches"
    )
    return (told,)


def odd(cell: Cell, notes: Mapping[str, int]) -> tuple[str, ...]:
    """Warn of oddities in answers that count all the same."""
    return tuple(f"{cell.id}: {count} answers: {note}" for note, count in notes.items())


def not_held(request: Request, response: Response) -> str | None:
    """Say that an answer came to its end and breaks its constraint."""
    held, generation = request.constraint, response.generation
    if held is None or generation is None or generation.finish != "stop":
        return None
    if held.kept(generation.text):
        return None
    return f"do not fit what they were held to ({held.digest}): it was not heeded"


def standing_warnings(sandbox: Sandbox | None) -> tuple[str, ...]:
    """Warn of disturbances of every cell of this process."""
    loose = (
        ("unsandboxed: generated code ran with nothing between it and this machine",)
        if sandbox is not None and not sandbox.isolated
        else ()
    )
    return (*disturbances(), *loose)


def cards(told: object) -> tuple[int, ...]:
    """Return the numbers of the cards among a backend's ``devices``: ``cuda:1``."""
    return tuple(int(number) for number in _CARD.findall(str(told)))
