"""Results of a race of settings: what each did, which one won, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

GoalKind: TypeAlias = Literal["balance", "fastest", "cheapest", "least_energy"]
"""What is to be best."""
ProposedBy: TypeAlias = Literal["listed", "drawn", "tpe"]
RaceEnd: TypeAlias = Literal["winner", "no better", "undecided", "interrupted"]
LeftFor: TypeAlias = Literal["worse", "quality", "budget", "failed"]


GUESSING = "the best in the race is not above guessing for certain"
"""Note of a race that confirmed no winner, since among guessers the fastest would be
the best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceFigure:
    """A figure of a race; all is ``None`` where nothing is known of it."""

    value: float | None
    low: float | None = None
    high: float | None = None
    """Upper end of its 95 % interval; ``None`` where there is none yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RacedSetting:
    """A setting in a race, beside today's: the same items, asked in turn."""

    name: str
    """The setting as it is typed: ``threads=2,dtype=bfloat16``."""
    left: LeftFor | None
    """Reason for which it left: worse for certain, a quality too low for certain, no
    room in the budget of the next look, or it broke. ``None``: it was in to the end."""
    why: str | None
    """The reason in words."""
    items: int
    """Items that it was measured on, beside today's setting."""
    requests: int
    """Requests that it cost, those of today's setting in turn with it included."""
    seconds: float
    """Seconds that it cost, loading included."""
    quality: RaceFigure
    """Change of quality, in points."""
    time: RaceFigure
    """Change of the time of an answer, as a share: -0.2 is a fifth less."""
    gain: RaceFigure
    """Gain in what was to be best: points of the balanced score, or the share of the
    time or the cost that is saved."""
    on_front: bool
    """Whether no other setting of as many items is better in quality and time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWeight:
    """Importance of a key."""

    key: str
    share: float
    """Share of the variance of gains that it explains, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedGain:
    """Gain of the best setting on items that it was not chosen on, A B B A."""

    items: int
    gain: RaceFigure
    """As of a setting in the race; its 95 % interval is of this one test."""
    quality: RaceFigure
    """Change of quality, in points."""
    time: RaceFigure
    """Change of the time of an answer, as a share."""
    alike: int
    """Items that both answered with the same quality."""
    before: float | None
    """Balanced score of today's setting on these items; ``None`` where the goal is
    another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRace:
    """A race of the settings of one model, on one device."""

    model: str
    """The entry, whose setting is today's."""
    device: str
    tasks: tuple[str, ...]
    goal: str
    """What was to be best, in words."""
    goal_kind: GoalKind
    end: RaceEnd
    """How it ended: a winner was confirmed; no setting is better than today's, as far
    as could be told; too little was measured; or it was cut short."""
    best: str | None
    """Setting that was best in the race; ``None`` where none looked better than
    today's. A winner only where ``end`` says so."""
    confirmed: ConfirmedGain | None
    """What the confirmation of the best measured; ``None`` where there was none."""
    entry: str | None
    """Lines of a catalogue that make the model run as the winner (TOML)."""
    raced: tuple[RacedSetting, ...]
    """All settings: those that were in to the end first, each group best gain first."""
    beside: tuple[str, ...]
    """Settings of the race that cannot be told from the best for certain."""
    importance: str | None
    """How the importance of keys was reckoned; ``None`` where it was not."""
    keys: tuple[KeyWeight, ...]
    """Keys, the most important first."""
    proposed: ProposedBy
    """Where settings came from: all were listed, drawn by chance, or proposed by
    Optuna's TPE."""
    settings: int | None
    """Number of settings of the space; ``None`` where they cannot be listed."""
    requests: int
    """Requests of all looks and of the confirmation."""
    full: int | None
    """Requests that each setting once on every item would take; ``None`` where they
    cannot be listed."""
    seconds: float
    contended: bool
    """Whether others used the machine: times are compared in pairs all the same."""
    notes: tuple[str, ...]
    """Remarks in sentences."""
    key: str
    """Digest of what was raced and how: a race is continued with the same only."""
