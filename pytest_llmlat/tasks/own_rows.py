"""A look at a data file of a user's: its columns, and what kind of answers it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pytest_llmlat.tasks.data.csv_rows import csv_rows
from pytest_llmlat.tasks.data.json_rows import json_rows
from pytest_llmlat.tasks.data.text_file import file_text
from pytest_llmlat.values.errors import BadCatalogue, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AnswerKind: TypeAlias = Literal["labels", "numbers", "texts"]
"""Kind of right answers: each one of a few words, a number, or any text."""
_TABLES = (".csv", ".tsv")
_MOST_LABELS = 20
_FEWEST_EACH = 2
"""Rows that each label has on average, at least: else they are texts."""
_LONGEST_LABEL = 40
_QUESTION = re.compile(r"(?i)question|text|prompt|input|document|sentence|query")
_RIGHT = re.compile(r"(?i)answer|label|reference|output|target|expected|category")
"""Usual names of columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRows:
    """What a data file holds, as far as a task needs to know."""

    count: int
    columns: tuple[str, ...]
    """Columns that every row has."""
    question: str
    answer: str
    kind: AnswerKind
    labels: tuple[str, ...]
    """The different right answers, the commonest first; empty for other kinds."""
    has_ids: bool
    """Whether each row has an ``id`` of its own."""


def look_at_rows(
    path: Path, *, question: str | None = None, answer: str | None = None
) -> OwnRows:
    """Look at a file of JSON, JSON lines or separated values.

    Args:
        path: of the file.
        question: column with what is asked; ``None`` to guess by its name.
        answer: column with the right answer; ``None`` to guess by its name.

    Raises:
        UsageError: there is no such file or column, or none can be guessed.
        BadCatalogue: the file cannot be read as what its name says.
    """
    rows = _rows(path)
    common = [name for name in rows[0] if all(name in row for row in rows)]
    question = question or _guessed(_QUESTION, common)
    answer = answer or _guessed(_RIGHT, [c for c in common if c != question])
    for column, flag in ((question, "--question"), (answer, "--answer")):
        if column is None or column not in common:
            told = "cannot be guessed" if column is None else f"is no {column!r}"
            raise UsageError(
                f"{path}: which column it is {told}; say {flag} with one of"
                f" {', '.join(common) or 'none that all rows have'}"
            )
    kind, labels = _kind([row[answer] for row in rows] if answer else [])
    ids = [str(row["id"]) for row in rows if row.get("id") not in (None, "")]
    return OwnRows(
        count=len(rows),
        columns=tuple(common),
        question=str(question),
        answer=str(answer),
        kind=kind,
        labels=labels,
        has_ids=len({*ids}) == len(rows),
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    try:
        text = file_text(path)
        if path.suffix.lower() in _TABLES:
            rows: list[dict[str, Any]] = [dict(row) for _, row in csv_rows(path, text)]
        else:
            rows = [dict(row) for _, row in json_rows(path, text)]
    except OSError as error:
        raise BadCatalogue(f"{path}: cannot be read: {error.strerror}") from error
    if not rows:
        raise UsageError(f"{path}: has no rows")
    return rows


def _guessed(usual: re.Pattern[str], columns: Sequence[str]) -> str | None:
    """Return the first column that has one of the usual names."""
    return next((name for name in columns if usual.fullmatch(name)), None)


def _kind(answers: Sequence[object]) -> tuple[AnswerKind, tuple[str, ...]]:
    """Return the kind of right answers, and the labels where they are some."""
    texts = [str(answer).strip() for answer in answers]
    if all(map(_is_number, texts)):
        return "numbers", ()
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    few = 1 < len(counts) <= min(_MOST_LABELS, len(texts) // _FEWEST_EACH)
    if few and all(text and len(text) <= _LONGEST_LABEL for text in counts):
        return "labels", tuple(sorted(counts, key=lambda text: -counts[text]))
    return "texts", ()


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True
