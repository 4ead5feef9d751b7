"""Variants of a model, as a run has them: one model in several settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Varied:
    """A variant: a model in another setting, or the entry itself."""

    name: str
    of: str
    """Entry that it is a variant of; its own name for the entry itself."""
    entry: str
    """The lines of a catalogue that make the entry run so (TOML)."""
