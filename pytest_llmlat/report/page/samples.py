"""The samples inside the page: cut to a size, compressed cell by cell.

The page inflates a cell when it is looked at. A prompt that several models were asked
is stored with the first of them. Where there is not room for all, long texts lose their
middle first, then samples are left out; the page says of both how many.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import heapq
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pytest_llmlat.report.page.embedding import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.judge_votes import Vote
    from pytest_llmlat.values.records import Record

    Text = str | list[str | int] | None
    """A text; where its middle is left out: [head, letters left out, tail]."""

Kept = TypeVar("Kept")

PAGE_BYTES = 12_000_000
MOST = 24_000
"""Samples at most in a page: twice ten models, six families and two hundred samples."""
LENGTHS = (20_000, 4_000, 1_000, 300, 100)
"""Lengths of texts to try, the longest first; the first at which all fit counts."""
_SLOW = 4
"""One in so many of the kept samples is among the slowest; the rest are drawn."""
COLUMNS = (
    *("sample", "round", "difficulty", "text", "answer", "extracted", "finish"),
    *("error", "correct", "value", "flags", "e2e", "ttft", "tpot", "queue"),
    *("prompt_tokens", "output_tokens", "note", "details", "retries"),
    *("thoughts", "rendered", "thinking", "thought_tokens", "votes", "label"),
)
"""What a sample in a chunk is: a list in this order. ``text`` tells where prompt and
reference stand: (place of the cell, number in its chunk)."""
_LONG = ("answer", "extracted", "error", "note", "thoughts", "rendered")
_TEXTS = tuple(map(COLUMNS.index, _LONG))
_TEXT = COLUMNS.index("text")
_FLAGS = ("unparsed", "truncated", "refused", "empty", "cut_in_thought")
_WHOLE = 1 << 64
_REASON = 400
"""Letters of a judge's reason that the page keeps; the rest is in the records."""


class Fewest(Generic[Kept]):
    """A collector of the values with the smallest keys; it counts all."""

    def __init__(self, most: int) -> None:
        """Keep so many."""
        self.seen = 0
        self._most = most
        self._heap: list[tuple[float, int, Kept]] = []

    def add(self, key: float, value: Kept) -> None:
        """Keep a value if its key is small enough; of equal keys the first."""
        self.seen += 1
        entry = (-key, -self.seen, value)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        elif self._heap and entry > self._heap[0]:
            heapq.heapreplace(self._heap, entry)

    def values(self) -> list[Kept]:
        """Return what is kept, in the order in which it came."""
        return [value for _, _, value in sorted(self._heap, key=lambda e: -e[1])]

    def ranked(self) -> list[Kept]:
        """Return what is kept, the smallest key first."""
        return [v for _, _, v in sorted(self._heap, key=lambda e: e[:2], reverse=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What the page holds of the samples, and what was left out of it."""

    chunks: tuple[str, ...]
    """One for each cell of the board; empty for a cell without records."""
    kept: tuple[int, ...]
    seen: tuple[int, ...]
    longest: int
    """Letters that a text may have in this page."""
    shortened: int
    """Number of longer texts, which lost their middle."""


class ChosenSamples:
    """The samples of one cell that the page keeps, chosen while its records pass by.

    Where not all can be kept, a fourth of them are failures and the slowest, the rest
    is drawn by the sample's name: the same samples of every model.
    """

    def __init__(self, most: int) -> None:
        """Keep so many."""
        self.seen = 0
        self._most = most
        self._slow: Fewest[Record] = Fewest(most // _SLOW)
        self._drawn: Fewest[Record] = Fewest(most)

    def add(self, record: Record, name: int) -> None:
        """Take in a record; ``name`` is the digest of its sample's."""
        self.seen += 1
        self._slow.add(-_duration(record), record)
        self._drawn.add(name, record)

    def kept(self) -> list[Record]:
        """Return what is kept, by sample and round."""
        chosen = {(r.sample, r.round): r for r in self._slow.ranked()}
        for record in self._drawn.ranked():
            if len(chosen) >= self._most:
                break
            chosen[record.sample, record.round] = record
        return sorted(chosen.values(), key=lambda r: (r.sample, r.round))


def shares(counts: Sequence[int]) -> list[int]:
    """Return how many samples of each cell the page keeps, of so many."""
    share = min(1.0, MOST / max(1, sum(counts)))
    return [math.ceil(share * count) for count in counts]


class Store:
    """A store of samples that takes in one cell after the other."""

    def __init__(self, cells: int) -> None:
        """Begin with nothing of so many cells."""
        self._chunks: list[str] = [""] * cells
        self._kept = [0] * cells
        self._seen = [0] * cells
        self._places: dict[bytes, tuple[int, int]] = {}
        self._shortened = 0

    def take(self, place: int, chosen: ChosenSamples) -> None:
        """Take in the samples that were chosen of one cell."""
        self._seen[place] = chosen.seen
        texts: list[list[Text]] = []
        rows = [
            _row(record, self._text(place, texts, record)) for record in chosen.kept()
        ]
        self._write(place, {"texts": texts, "rows": rows}, LENGTHS[0])

    def none(self) -> Samples:
        """Return no samples at all, to see how large the rest of the page is."""
        none = (0,) * len(self._seen)
        return Samples(
            chunks=("",) * len(none),
            kept=none,
            seen=tuple(self._seen),
            longest=LENGTHS[0],
            shortened=0,
        )

    def fit(self, room: int) -> Samples:
        """Cut all samples to so many bytes.

        Texts are shortened first. If that is not enough, half of the samples are left
        out, and half of those again, by name: the same of every model.
        """
        longest = LENGTHS[0]
        shorter = [(length, _WHOLE) for length in LENGTHS[1:]]
        fewer = [(LENGTHS[-1], _WHOLE >> halved) for halved in range(1, 64)]
        for length, bound in (*shorter, *fewer):
            if sum(map(len, self._chunks)) <= room:
                break
            longest, self._shortened = length, 0
            for place, chunk in enumerate(self._chunks):
                if chunk:
                    self._write(place, _fewer(_unpacked(chunk), bound), longest)
        return Samples(
            chunks=tuple(self._chunks),
            kept=tuple(self._kept),
            seen=tuple(self._seen),
            longest=longest,
            shortened=self._shortened,
        )

    def _text(
        self, place: int, texts: list[list[Text]], record: Record
    ) -> tuple[int, int]:
        """Return where prompt and reference stand, here if nowhere before."""
        words = f"{len(record.prompt)}|{record.prompt}{record.reference}"
        key = hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16)
        where = self._places.setdefault(key.digest(), (place, len(texts)))
        if where == (place, len(texts)):
            texts.append([record.prompt, record.reference])
        return where

    def _write(self, place: int, chunk: dict[str, Any], longest: int) -> None:
        """Shorten the texts of a chunk and compress it."""
        for text in chunk["texts"]:
            text[:] = [shortened(part, longest) for part in text]
            self._shortened += sum(isinstance(part, list) for part in text)
        for row in chunk["rows"]:
            for column in _TEXTS:
                row[column] = shortened(row[column], longest)
                self._shortened += isinstance(row[column], list)
        self._kept[place] = len(chunk["rows"])
        self._chunks[place] = packed(chunk)


def shortened(text: Text, longest: int) -> Text:
    """Leave out the middle of a text that is too long, and say how much it was."""
    if text is None or (isinstance(text, str) and len(text) <= longest):
        return text
    head, gone, tail = text if isinstance(text, list) else (text, 0, "")
    if not isinstance(head, str) or not isinstance(tail, str):
        raise TypeError(f"no text: {text!r}")
    end = longest // 3
    begin = longest - end
    if isinstance(text, str):
        return [text[:begin], len(text) - longest, text[len(text) - end :]]
    if len(head) + len(tail) <= longest:
        return text
    less = len(head) + len(tail) - longest
    return [head[:begin], int(gone) + less, tail[len(tail) - end :]]


def digest(name: str) -> int:
    """Return a number that depends on a name alone, to draw samples by."""
    words = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "big")


def _fewer(chunk: dict[str, Any], bound: int) -> dict[str, Any]:
    """Leave out samples whose digest is not below a bound, and what only they had."""
    if bound == _WHOLE:
        return chunk
    rows = [row for row in chunk["rows"] if digest(row[0]) < bound]
    used = {number for row in rows for number in [row[_TEXT][1]]}
    texts = [
        text if number in used else [None, None]
        for number, text in enumerate(chunk["texts"])
    ]
    return {"texts": texts, "rows": rows}


def _unpacked(chunk: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(chunk)))
    return found


def _duration(record: Record) -> float:
    """Return by what a sample is slow; what failed is the slowest."""
    if record.finish not in ("stop", "length") or record.timing is None:
        return math.inf
    return record.timing.e2e_s


def _row(record: Record, text: tuple[int, int]) -> list[Any]:
    timing, grade = record.timing, record.grade
    e2e_s, ttft_s, tpot_s, queue_s = (
        (timing.e2e_s, timing.ttft_s, timing.tpot_s, timing.queue_s)
        if timing
        else (None, None, None, None)
    )
    return [
        *(record.sample, record.round, record.difficulty, text, record.answer),
        *(record.extracted, record.finish, record.error, grade.correct),
        short(grade.value if record.graded else None),
        [flag.replace("_", " ") for flag in _FLAGS if getattr(record, flag)],
        *map(short, (e2e_s, ttft_s, tpot_s, queue_s)),
        *(record.prompt_tokens, record.output_tokens, grade.note),
        [[name, short(value)] for name, value in grade.details],
        record.transport.retries if record.transport else None,
        *(record.thoughts, record.rendered),
        *(short(timing.thinking_s if timing else None), record.thought_tokens),
        *([_vote(vote) for vote in record.votes], short(record.label)),
    ]


def _vote(vote: Vote) -> list[Any]:
    """Return what the page shows of a vote; the reason is hostile text as answers are.

    That is judge, score, quality, whether it counts, what went wrong, and why.
    """
    why = vote.why
    if why is not None and len(why) > _REASON:
        why = f"{why[:_REASON]} …"
    return [
        *(vote.judge, short(vote.score), short(vote.share), vote.counted),
        *(vote.problem, why, vote.fit),
    ]


def short(value: float | None) -> float | None:
    """Round as ``rounded``; what is no number is ``None``."""
    return None if value is None or not math.isfinite(value) else rounded(value)


def rounded(value: float) -> float:
    """Round to five significant digits: a page shows no more."""
    return float(f"{value:.5g}")
