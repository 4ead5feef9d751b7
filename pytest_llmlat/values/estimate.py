"""Estimates: figures with their intervals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure and its 95 % interval; ``None`` where there is none to be had."""

    value: float | None
    low: float | None = None
    high: float | None = None
