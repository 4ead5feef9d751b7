"""Counts of speculative decoding: what a draft guessed, and what was kept of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCounts:
    """The counts of one answer."""

    steps: int
    """Steps of the model, each of which gives a token and those guesses that it would
    have chosen itself."""
    drafted: int
    """Tokens that were guessed."""
    accepted: int
    """Guessed tokens that were kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCheck:
    """A check of a draft: greedy requests made again without it."""

    checked: int
    """Requests that were made again."""
    changed: int
    """Answers of these that differ."""
