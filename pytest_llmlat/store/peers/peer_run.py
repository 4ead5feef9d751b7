"""What the reader of another tool's files makes of them, before it is a run of ours.

A reader fills in what its tool tells and leaves the rest ``None``. What follows from
that is decided once, in ``imported_run``: whether a cell has a quality and a speed, and
how records are made of its answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from pytest_llmlat.store.peers.peer_file import PeerFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAnswer:
    """An answer that another tool got; ``None`` is what the tool does not tell."""

    sample: str
    """Id of what was asked, the same in another run of the same."""
    repeat: int = 0
    """Number of the repeat, where the tool asks a sample several times."""
    prompt: str = ""
    reference: str = ""
    answer: str | None = None
    extracted: str | None = None
    error: str | None = None
    """Why there is no answer; ``None`` where there is one."""
    timed_out: bool = False
    truncated: bool | None = None
    """Whether it was cut off at a limit of tokens."""
    unparsed: bool | None = None
    """Whether the tool found no answer in the text."""
    graded: bool = True
    """Whether the tool was told what is right; else ``value`` is not missed."""
    value: float | None = None
    """Quality between 0 and 1."""
    details: tuple[tuple[str, float], ...] = ()
    """Further figures of the answer."""
    note: str | None = None
    """Remark of whoever graded it."""
    chance: float = 0.0
    """Quality of guessing."""
    start_ns: int | None = None
    """Instant of the sending, by the tool's clock."""
    first_ns: int | None = None
    """Instant of the first token."""
    last_ns: int | None = None
    """Instant of the last token."""
    end_ns: int | None = None
    """Instant at which it was done with."""
    prompt_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCell:
    """A cell: the answers of one model to one task in one scenario."""

    model: str
    task: str
    answers: Sequence[PeerAnswer]
    scenario: str = SINGLE.name
    """How answers were asked for, as in ``values.scenario``."""
    device: str | None = None
    """Device, where the tool ran the model itself."""
    metric: str | None = None
    """What the tool calls ``value``."""
    ungraded: str | None = None
    """Reason why no answer has a quality, where the reader knows it."""
    untimed: str | None = None
    """Reason why no answer has a time, where the reader knows it."""
    planned: int | None = None
    """Answers that were to come; ``None`` for as many as there are."""
    one_clock: bool = False
    """Whether instants of all answers are on one axis, so that they can overlap."""
    setting: tuple[tuple[str, str | int | float | bool], ...] = ()
    """What the tool tells of the model and how it was asked, such as ``dtype``."""
    by_prompt: bool = False
    """Whether ids of samples are drawn anew in each run, so that an answer is paired
    with another run's by its prompt."""
    notes: tuple[str, ...] = ()
    """What must be known to read its figures."""
    file: str | None = None
    """Name of the file that it alone comes from; ``None`` where it is all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRun:
    """All that was read of another tool's files."""

    version: str | None
    """Version of the tool, where the files tell."""
    cells: Sequence[PeerCell]
    started: str | None = None
    """When it was begun (ISO 8601)."""
    told: tuple[str, ...] = ()
    """Sentences on what was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerWish:
    """What whoever reads the files asks for."""

    metric: str | None = None
    """Which of the tool's figures of an answer is its quality; ``None``: the first."""


ReadFunction: TypeAlias = Callable[[Sequence["PeerFile"], PeerWish], PeerRun]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerReader:
    """A reader of another tool's files: one entry of the table ``peers``."""

    files: str
    """Which files it reads, for a message: ``samples_*.jsonl with results_*.json``."""
    recognises: Callable[[PeerFile], bool]
    """Whether a file is one of the tool's, by what is in it."""
    read: ReadFunction
    """(files that it recognises, at least one; what is asked for) to what they tell.

    ``ValueError``, ``TypeError``, ``KeyError`` and their kind say that a file is
    malformed; ``BadPeerFile`` says so in a sentence.
    """


def as_reader(name: str, value: object) -> PeerReader:
    """Return what was registered, if it is a reader that can be used.

    Raises:
        TypeError: it is not; says what is missing.
    """
    del name
    if not isinstance(value, PeerReader):
        raise TypeError(f"must be a PeerReader, not {value!r:.80}")
    for field in ("recognises", "read"):
        if not callable(getattr(value, field)):
            raise TypeError(f"{field!r} must be a function")
    return value
