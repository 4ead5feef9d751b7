"""Records of one cell as columns of plain values, and back.

A column is a list with a value for each record, or the one value that all have. Counts
of a corpus metric hang together (an answer has one 3-gram less than 2-grams), so that
a column of them may be told as how much less it is than one before it.

Of the stamps only the first, the last and their number are kept: e2e, TTFT and TPOT
are what they were, gaps between tokens are not.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from pytest_llmlat.store.baselines.value_kinds import (
    AMOUNT,
    BIT,
    DIGEST,
    NUMBER,
    QUALITY,
    TEXT,
    ValueKind,
    one_of,
    or_none,
    whole,
)
from pytest_llmlat.values.records import Finish, Grade, Record, TokenSource
from pytest_llmlat.values.timing import ThinnedTiming, Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.values.records import Cell

_FAR_NS = 2**63
_MOST_STAMPS = 10**6
_EXACT = 2**53
"""Bound below which whole floats are the integers that they look like."""
_BACK = (1, 3)
"""Number of columns before a column of counts among which its like is sought."""


def digest_of(record: Record) -> str | None:
    """Return eight hex digits that tell one answer from another, ``None`` for none."""
    if record.answer is None:
        return None
    return sha256(record.answer.encode("utf-8", "surrogatepass")).hexdigest()[:8]


_COUNT = whole(_FAR_NS)
_PLAIN = {
    "round": _COUNT,
    "difficulty": or_none(TEXT),
    "finish": one_of(*get_args(Finish)),
    "metric": TEXT,
    "budget_s": AMOUNT,
    "chance": NUMBER,
    "prompt_tokens": or_none(_COUNT),
    "output_tokens": or_none(_COUNT),
    "token_source": or_none(one_of(*get_args(TokenSource))),
}
"""Fields of a record that are kept as they are."""
_FLAGS = dict.fromkeys(("unparsed", "truncated", "refused", "empty"), or_none(BIT))
_TIMES = {
    "stamps": or_none(whole(_MOST_STAMPS)),
    "first_ns": or_none(_COUNT),  # from the start to the first stamp
    "span_ns": or_none(_COUNT),  # from there to the last stamp
    "tail_ns": or_none(_COUNT),  # from there (or the start) to the end
    "first_tokens": or_none(_COUNT),
    "later_tokens": or_none(_COUNT),
    "grouped": or_none(BIT),  # whether a later stamp has several tokens
    "spread_tokens": or_none(_COUNT),
    "reasoning_ns": or_none(_COUNT),
    "queue_ns": or_none(_COUNT),
}
_GRADE = {"value": QUALITY, "correct": or_none(BIT)}
_COLUMNS = {
    "sample": TEXT,
    **_PLAIN,
    **_FLAGS,
    **_TIMES,
    **_GRADE,
    "answer": or_none(DIGEST),
}
_ADDED: dict[str, tuple[ValueKind, object]] = {
    "thought_end_ns": (or_none(_COUNT), None),
    "thought_tokens": (or_none(_COUNT), None),
    "cut_in_thought": (BIT, 0),
    "temperature": (or_none(AMOUNT), None),
    "top_p": (or_none(AMOUNT), None),
    "seed": (or_none(_COUNT), None),
    "cached_tokens": (or_none(_COUNT), None),
    "conversation": (or_none(TEXT), None),
    "turn": (or_none(_COUNT), None),
    "continues": (BIT, 0),
    "graded": (BIT, 1),
    "cluster": (or_none(TEXT), None),
    "label": (or_none(QUALITY), None),
}
"""Columns that older files lack, with the value that they then have. One that holds
nothing else is left out, so that older versions can read files that have no use for
it."""
_KEPT = ("temperature", "top_p", "seed", "conversation", "turn", "cluster", "label")
_MARKS = ("continues", "graded")
_BLOCKS = ("details_names", "details", "counts_less_than", "counts")

StoredRow: TypeAlias = dict[str, Any]


def pack(records: Sequence[Record]) -> dict[str, Any]:
    """Return the columns of records, of which there is at least one.

    Raises:
        ValueError: the records do not go into columns.
    """
    rows = [_row(record) for record in records]
    columns = {name: _folded([row[name] for row in rows]) for name in _COLUMNS}
    for name, (_, absent) in _ADDED.items():
        column = _folded([row[name] for row in rows])
        if column != absent:
            columns[name] = column
    # Never folded: it tells how many records there are.
    columns["sample"] = [record.sample for record in records]
    details = [dict(record.grade.details) for record in records]
    names = list(dict.fromkeys(name for detail in details for name in detail))
    bases, counts = _packed_counts([record.grade.counts for record in records])
    return {
        **columns,
        "details_names": names,
        "details": [_folded([one.get(name) for one in details]) for name in names],
        "counts_less_than": bases,
        "counts": counts,
    }


def unpack(cell: Cell, packed: dict[str, Any]) -> list[tuple[Record, str | None]]:
    """Return the records of columns, each with the digest of its answer.

    Raises:
        ValueError: the columns are not what ``pack`` returns. An ill-formed whole may
            raise ``TypeError`` or ``KeyError`` too.
    """
    if odd := (set(packed) - set(_ADDED)) ^ {*_COLUMNS, *_BLOCKS}:
        raise ValueError(f"columns are missing or unknown: {', '.join(sorted(odd))}")
    if not isinstance(packed["sample"], list) or not packed["sample"]:
        raise ValueError("column 'sample' is no list of names")
    size = len(packed["sample"])
    columns = {
        name: _unfolded(name, packed[name], size, kind)
        for name, kind in _COLUMNS.items()
    } | {
        name: _unfolded(name, packed.get(name, absent), size, kind)
        for name, (kind, absent) in _ADDED.items()
    }
    names = packed["details_names"]
    if not all(map(TEXT.fits, names)) or len(set(names)) != len(names):
        raise ValueError("column 'details_names' does not hold different texts")
    details = [
        _unfolded(f"details: {name}", column, size, or_none(NUMBER))
        for name, column in zip(names, packed["details"], strict=True)
    ]
    counts = _unpacked_counts(packed["counts_less_than"], packed["counts"], size)
    rows = [
        {name: column[place] for name, column in columns.items()}
        for place in range(size)
    ]
    visits = {(row["sample"], row["round"]) for row in rows}
    if len(visits) < size:
        raise ValueError("the same sample is in it twice in the same round")
    return [
        (
            _record(
                cell,
                row,
                details=tuple(
                    (name, column[place])
                    for name, column in zip(names, details, strict=True)
                    if column[place] is not None
                ),
                counts=tuple(float(column[place]) for column in counts),
            ),
            row["answer"],
        )
        for place, row in enumerate(rows)
    ]


def _row(record: Record) -> StoredRow:
    return {
        "sample": record.sample,
        **{name: getattr(record, name) for name in _PLAIN},
        **{name: _bit(getattr(record, name)) for name in _FLAGS},
        **_times(record.timing),
        "thought_tokens": record.thought_tokens,
        "cached_tokens": record.cached_tokens,
        "cut_in_thought": int(record.cut_in_thought),
        **{name: getattr(record, name) for name in _KEPT},
        **{name: int(getattr(record, name)) for name in _MARKS},
        "value": record.grade.value,
        "correct": _bit(record.grade.correct),
        "answer": digest_of(record),
    }


def _bit(mark: bool | None) -> int | None:  # noqa: FBT001 - the value that is stored
    return None if mark is None else int(mark)


def _mark(bit: int | None) -> bool | None:
    return None if bit is None else bool(bit)


def _record(
    cell: Cell,
    row: StoredRow,
    *,
    details: tuple[tuple[str, float], ...],
    counts: tuple[float, ...],
) -> Record:
    flags: StoredRow = {name: _mark(row[name]) for name in _FLAGS}
    return Record(
        cell=cell,
        sample=row["sample"],
        prompt="",
        reference="",
        answer=None,
        extracted=None,
        error=None,
        timing=_timing(row),
        grade=Grade(
            value=row["value"],
            correct=_mark(row["correct"]),
            details=details,
            counts=counts,
        ),
        thought_tokens=row["thought_tokens"],
        cached_tokens=row["cached_tokens"],
        cut_in_thought=bool(row["cut_in_thought"]),
        **{name: row[name] for name in _KEPT},
        continues=bool(row["continues"]),
        graded=bool(row["graded"]),
        **{name: row[name] for name in _PLAIN},
        **flags,
    )


def _times(timing: Timing | None) -> StoredRow:
    if timing is None:
        return dict.fromkeys((*_TIMES, "thought_end_ns"))
    start, stamps, tokens = timing.start_ns, timing.stamps_ns, timing.stamp_tokens

    def since_start(instant: int | None) -> int | None:
        return None if instant is None else instant - start

    return {
        "stamps": len(stamps),
        "first_ns": stamps[0] - start if stamps else None,
        "span_ns": stamps[-1] - stamps[0] if stamps else None,
        "tail_ns": timing.end_ns - (stamps[-1] if stamps else start),
        "first_tokens": tokens[0] if stamps else None,
        "later_tokens": sum(tokens[1:]) if stamps else None,
        "grouped": int(any(count > 1 for count in tokens[1:])),
        "spread_tokens": timing.spread_tokens,
        "reasoning_ns": since_start(timing.reasoning_ns),
        "queue_ns": since_start(timing.sent_ns),
        "thought_end_ns": since_start(timing.thought_end_ns),
    }


def _timing(row: StoredRow) -> Timing | None:
    """Put the first stamp where it was and all others where the last one was."""
    number = row["stamps"]
    if number is None:
        return None
    first = row["first_ns"] if number else 0
    last = first + row["span_ns"] if number else 0
    return ThinnedTiming(
        start_ns=0,
        end_ns=last + row["tail_ns"],
        stamps_ns=(first, *(last,) * (number - 1)) if number else (),
        stamp_tokens=_tokens(row, number - 1) if number else (),
        spread_tokens=row["spread_tokens"],
        reasoning_ns=row["reasoning_ns"],
        sent_ns=row["queue_ns"],
        thought_end_ns=row["thought_end_ns"],
    )


def _tokens(row: StoredRow, others: int) -> tuple[int, ...]:
    """Return the tokens of each stamp; several on one only where it was so."""
    first, later = row["first_tokens"], row["later_tokens"]
    if not row["grouped"]:
        if later > others:
            raise ValueError("there are more tokens than stamps for them")
        return (first, *(1,) * later, *(0,) * (others - later))
    return (first, later, *(0,) * (others - 1))


def _folded(values: Sequence[Any]) -> object:
    """Return the one value that all have; by ``repr``, to tell 0.0 from -0.0."""
    return values[0] if len(set(map(repr, values))) == 1 else list(values)


def _unfolded(name: str, column: object, size: int, kind: ValueKind) -> list[Any]:
    values = column if isinstance(column, list) else [column] * size
    if len(values) != size:
        raise ValueError(f"column {name!r} has {len(values)} values for {size} records")
    for value in values:
        if not kind.fits(value):
            raise ValueError(f"column {name!r} holds {value!r:.40}, not {kind.what}")
    return values


def _packed_counts(
    rows: Sequence[tuple[float, ...]],
) -> tuple[list[int | None], list[object]]:
    """Return the shortest form of each column, as less than which other."""
    if len({len(row) for row in rows}) > 1:
        raise ValueError("its answers have unlike numbers of counts")
    columns = [[_integer(value) for value in row] for row in zip(*rows, strict=True)]
    found = [_shortest(columns, number) for number in range(len(columns))]
    return [base for base, _ in found], [column for _, column in found]


def _shortest(
    columns: Sequence[Sequence[float]], number: int
) -> tuple[int | None, object]:
    ways: list[tuple[int | None, object]] = [(None, _folded(columns[number]))]
    for base in (number - back for back in _BACK if back <= number):
        pairs = list(zip(columns[base], columns[number], strict=True))
        # Differences of integers are exact, those of other numbers are not.
        if all(isinstance(value, int) for pair in pairs for value in pair):
            ways.append((base, _folded([high - low for high, low in pairs])))
    return min(ways, key=lambda way: len(json.dumps(way[1])))


def _unpacked_counts(
    bases: Iterable[int | None], packed: Iterable[object], size: int
) -> list[list[float]]:
    columns: list[list[float]] = []
    for base, column in zip(bases, packed, strict=True):
        values = _unfolded("counts", column, size, NUMBER)
        if base is not None:
            if not whole(len(columns) - 1).fits(base):
                raise ValueError("column 'counts_less_than' names no column before")
            values = [
                high - less for high, less in zip(columns[base], values, strict=True)
            ]
        columns.append(values)
    return columns


def _integer(value: float) -> float:
    plain = float(value).is_integer() and abs(value) < _EXACT
    return int(value) if plain else value
