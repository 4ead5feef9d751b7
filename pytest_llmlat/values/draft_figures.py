"""Figures of speculative decoding: how many guessed tokens were kept.

They are of models of this process with a draft; a server's counters are among its
engine's facts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.figure import (
    EVERYWHERE,
    FigureColumn,
    FigureDefinition,
    RatioParts,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record


def _accepted(record: Record) -> RatioParts | None:
    """Return the kept tokens of an answer, and all that were guessed."""
    draft = record.draft
    if draft is None or not record.answered:
        return None
    return RatioParts(above=draft.accepted, below=draft.drafted)


def _per_step(record: Record) -> RatioParts | None:
    """Return the tokens of an answer, and the steps that they took."""
    draft = record.draft
    if draft is None or not record.answered:
        return None
    return RatioParts(above=draft.accepted + draft.steps, below=draft.steps)


DRAFT_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="draft_accepted",
        meaning="Share of the tokens that a draft guessed which the model kept; null"
        " without a draft.",
        shape="number",
        unit="ratio",
        better="higher",
        row_meaning="Share of guessed tokens that the model kept.",
        ratio=_accepted,
        columns=(
            FigureColumn(
                title="kept guesses",
                views=EVERYWHERE,
                meaning="share of the tokens guessed by a draft that the model kept",
            ),
        ),
    ),
    FigureDefinition(
        name="tokens_per_step",
        meaning="Tokens that a step of the model gave with its draft, guessed ones"
        " among them; null without a draft.",
        shape="number",
        unit="tokens",
        better="higher",
        row_meaning="Tokens that a step of the model gave with its draft.",
        ratio=_per_step,
        columns=(
            FigureColumn(
                title="tok/step",
                views=EVERYWHERE,
                meaning="tokens that one step gives with a draft; 1 without",
            ),
        ),
    ),
)
