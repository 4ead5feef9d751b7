"""Toned lines: bad, unsure or good, for a terminal that has colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Tone: TypeAlias = Literal["bad", "unsure", "good"]


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A line of a report. Its words say all; the tone only helps the eye."""

    text: str
    tone: Tone | None = None
