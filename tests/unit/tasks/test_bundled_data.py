"""The bundled rows: well formed, all different, and none that gives itself away.

Said elsewhere and not again: labels in balance, ids and prompts of their own, answers
among those offered (``test_catalogue_tasks.py``); the share of reasoning that is drawn,
and its kinds, options and ranks (``test_generated.py``); programs and their
tests (``tests/sandbox/test_bundled_programs.py``).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest

from pytest_llmlat.grading.grade import grade
from pytest_llmlat.values.entities import DIFFICULTIES, Sample
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row: TypeAlias = "dict[str, Any]"
Check: TypeAlias = "Callable[[str, list[Row]], list[str]]"


class Kind(NamedTuple):
    """What the rows of one file look like."""

    ids: str
    least: int
    columns: str


TASKS = BUNDLED.entries
KINDS = {
    "summarization/articles": Kind("sum-", 40, "topic document summary"),
    "code_completion/functions": Kind("comp-", 40, "entry_point prompt solution tests"),
    "code_debugging/bugs": Kind(
        "bug-", 40, "bug_type entry_point description buggy fixed tests"
    ),
    "sentiment/polarity": Kind("pol-", 60, "text label"),
    "sentiment/emotion": Kind("emo-", 60, "text label"),
    "translation/en-de": Kind("ende-", 60, "source reference"),
    "translation/en-fr": Kind("enfr-", 60, "source reference"),
    "translation/de-en": Kind("deen-", 60, "source reference"),
    "reasoning/arithmetic": Kind("arith-", 60, "kind question answer"),
    "reasoning/logic": Kind("logic-", 60, "kind question answer options"),
}
CODE = {"prompt", "solution", "buggy", "fixed", "tests"}
ASKED = {"document", "text", "source", "question", "description"}
OWN = ASKED | CODE - {"solution"} | {"summary", "reference", "entry_point"}
STEMS = r"\b(ang(er|r)|joy|optimis|sad|fear|neutral|positiv|negativ)"
NUMBER = r"(0|[1-9]\d*)(\.\d*[1-9])?"

EACH = pytest.mark.parametrize("name", KINDS)
FELT = pytest.mark.parametrize("name", list(KINDS)[3:5])
TRANSLATED = pytest.mark.parametrize("name", list(KINDS)[5:8])
GRADED = pytest.mark.parametrize("name", [*KINDS][:1] + [*KINDS][3:])


@cache
def source(name: str) -> str:
    """Return a data file's text."""
    return Path(TASKS[name].source).read_text("utf-8")


def rows(name: str) -> list[Row]:
    """Return the rows of every task whose name begins so."""
    texts = [source(task) for task in KINDS if task.startswith(name)]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def words(text: str) -> list[str]:
    """Return what a reader would call the same text, whatever its case and marks."""
    return re.findall(r"\w+", text.casefold())


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """Return every run of so many words."""
    found = words(text)
    return {tuple(found[n : n + length]) for n in range(len(found) - length + 1)}


def texts(row: Row) -> Iterator[tuple[str, str]]:
    """Give column and text, and every member of a list as a text of that column."""
    for column, value in row.items():
        for text in value if isinstance(value, list) else [value]:
            yield column, text


def bad_columns(name: str, found: list[Row]) -> list[str]:
    """Return the rows with other columns than theirs, or no text in one."""
    expected = ["id", "difficulty", *KINDS[name].columns.split()]
    return [
        str(row)
        for row in found
        if list(row) != expected
        or not isinstance(row.get("options", []), list)
        or any(isinstance(row[key], list) for key in row.keys() - {"options"})
        or not all(isinstance(text, str) and text for _, text in texts(row))
    ]


def bad_ids(name: str, found: list[Row]) -> list[str]:
    """Return the ids that are not the next number of their file."""
    first, count = KINDS[name].ids, len(found)
    expected = [f"{first}{n:03}" for n in range(1, count + 1)]
    if name.startswith("reasoning"):
        halves = [(half, n) for half in "hg" for n in range(1, count // 2 + 1)]
        expected = [f"{first}{half}{n:02}" for half, n in halves]
    pairs = zip(expected, found, strict=True)
    return [row["id"] for right, row in pairs if row["id"] != right]


def bad_amounts(name: str, found: list[Row]) -> list[str]:
    """Return what there is too little of: rows, or rows of a difficulty."""
    counts = Counter(row["difficulty"] for row in found)
    few = [rank for rank in DIFFICULTIES if counts[rank] * 4 < len(found)]
    return few + ["rows"] * (len(found) < KINDS[name].least)


def bad_texts(_: str, found: list[Row]) -> list[str]:
    """Return the texts that hold what no reader sees; prose is one line of words."""

    def clean(column: str, text: str) -> bool:
        code = column in CODE
        lines = text.removesuffix("\n").split("\n") if code else [text]
        return (
            unicodedata.is_normalized("NFC", text)
            and all(line.isprintable() and line == line.rstrip() for line in lines)
            and (code or text == " ".join(text.split()))
            and bool(lines[-1]) == bool(lines[0]) == (text.endswith("\n") or not code)
        )

    return [
        f"{row['id']} {column}"
        for row in found
        for column, text in texts(row)
        if not clean(column, text)
    ]


def repeated(_: str, found: list[Row]) -> list[str]:
    """Return the texts that stand in more than one place."""
    count = Counter(
        " ".join(text.split() if column in CODE else words(text))
        for row in found
        for column, text in texts(row)
        if column in OWN
    )
    return [text for text, times in count.items() if times > 1]


def bad_summaries(_: str, found: list[Row]) -> list[str]:
    """Return the documents of a wrong length and the summaries that copy or run on."""
    return [
        row["id"]
        for row in found
        if not 80 <= len(row["document"].split()) <= 400
        or len(row["summary"].split()) > min(60, len(row["document"].split()) / 2)
        or len(re.findall(r"[.!?](?= [A-Z]|$)", row["summary"])) > 3
        or runs(row["summary"], 8) & runs(row["document"], 8)
        or any(
            " ".join(words(sentence)) in " ".join(words(row["document"]))
            for sentence in re.split(r"(?<=[.!?]) ", row["summary"])
        )
    ]


def named(_: str, found: list[Row]) -> list[str]:
    """Return the texts that name a label, or a word that is made from one."""
    return [row["id"] for row in found if re.search(STEMS, row["text"], re.IGNORECASE)]


def quoted(name: str, found: list[Row]) -> list[str]:
    """Return the rows of which the examples before a question hold a piece."""
    shown = runs(TASKS[name].completion_prompt or "", 4)
    return [
        row["id"]
        for row in found
        if any(runs(text, 4) & shown for column, text in texts(row) if column in ASKED)
    ]


def bad_translations(name: str, found: list[Row]) -> list[str]:
    """Return the pairs that share words in a row or end in different marks.

    In French a space stands before the high ones.
    """
    wrong = r"[^ ][?!;:]" if name.endswith("fr") else "^$"
    return [
        row["id"]
        for row in found
        if runs(row["source"], 4) & runs(row["reference"], 4)
        or words(row["source"]) == words(row["reference"])
        or row["source"][-1] != row["reference"][-1]
        or row["source"][-1] not in ".?!"
        or re.search(wrong, row["reference"])
    ]


def bad_answers(_: str, found: list[Row]) -> list[str]:
    """Return the answers that are no plain number, and options the question lacks."""
    return [
        row["id"]
        for row in found
        if (
            not re.fullmatch(NUMBER, row["answer"])
            if row["kind"] == "number"
            else row["options"] != ["true", "false"]
            if row["kind"] == "truth"
            else set(row["options"]) - set(re.findall(r"\w+", row["question"]))
        )
    ]


def misjudged(name: str, found: list[Row]) -> list[str]:
    """Return the rows whose answer is not judged right, or another's is."""
    task = TASKS[name]

    def value(row: Row, answer: str) -> float:
        fields, right = tuple(row.items()), row[task.reference]
        sample = Sample(
            id="", difficulty=None, stratum="", fields=fields, reference=right
        )
        return grade(answer, task, sample, None)[1].value

    def wrong(at: int, right: str) -> list[str]:
        if name == "reasoning/arithmetic":
            return [f"1{right}", f"{right}7"]
        offered = found[at].get("options") or task.labels
        return [o for o in offered if o != right] or [found[at - 1][task.reference]]

    return [
        row["id"]
        for at, row in enumerate(found)
        for right in [row[task.reference]]
        if value(row, right) < 0.999
        or any(value(row, other) > 0.6 for other in wrong(at, right))
    ]


@EACH
def test_a_file_is_a_row_a_line(name: str) -> None:
    """UTF-8 as it is written, no empty line, and an end to the last one."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows(name)]
    assert source(name) == "".join(lines)


@EACH
def test_a_row_has_the_columns_of_its_file(name: str) -> None:
    """In their order, each a text that is not empty, and none besides."""
    assert bad_columns(name, rows(name)) == []


@EACH
def test_rows_are_numbered(name: str) -> None:
    """An id is its file's word and the next number."""
    assert bad_ids(name, rows(name)) == []


@EACH
def test_a_file_is_long_enough(name: str) -> None:
    """At least a quarter of it is easy, a quarter medium, a quarter hard."""
    assert bad_amounts(name, rows(name)) == []


@EACH
def test_texts_hold_nothing_unseen(name: str) -> None:
    """NFC, printable, no white space at an end; code ends in one newline."""
    assert bad_texts(name, rows(name)) == []


@pytest.mark.parametrize(
    "family", ["summarization/", "code_", "sentiment/", "translation/", "reasoning/"]
)
def test_no_text_stands_twice(family: str) -> None:
    """Nor in another file of the family, whatever its case and marks."""
    assert repeated(family, rows(family)) == []


@EACH
def test_examples_of_a_prompt_quote_no_row(name: str) -> None:
    """A base model does not read four words of the item beside their answer."""
    assert quoted(name, rows(name)) == []


@pytest.mark.slow
@GRADED
def test_the_reference_is_judged_right(name: str) -> None:
    """Said by itself it earns full marks; another option, label or answer does not."""
    assert misjudged(name, rows(name)) == []


def test_summaries_are_no_copies() -> None:
    """At most half as long as a document of 80 to 400 words, in words of their own."""
    assert bad_summaries("", rows("summarization/")) == []


@FELT
def test_texts_name_no_label(name: str) -> None:
    """The feeling is to be read, not looked up."""
    assert named(name, rows(name)) == []


@TRANSLATED
def test_translations_are_translated(name: str) -> None:
    """Every sentence is another one in the other language, ends alike, set as there."""
    assert bad_translations(name, rows(name)) == []


def test_answers_are_plain() -> None:
    """A number without unit or needless zero, or a word that the question names."""
    assert bad_answers("", rows("reasoning/")) == []


FLAWS: list[tuple[Check, str, dict[str, object]]] = [
    (bad_columns, "sentiment/emotion", {"note": "stray"}),
    (bad_columns, "sentiment/emotion", {"text": 7}),
    (bad_columns, "sentiment/emotion", {"text": ""}),
    (bad_columns, "reasoning/logic", {"options": "true"}),
    (bad_columns, "reasoning/logic", {"answer": ["true"]}),
    (bad_ids, "sentiment/emotion", {"id": "emo-01"}),
    (bad_ids, "reasoning/logic", {"id": "logic-h02"}),
    (bad_texts, "translation/en-fr", {"source": (" ", "\u00a0")}),
    (bad_texts, "translation/en-fr", {"source": (" ", "  ")}),
    (bad_texts, "translation/en-fr", {"source": (" ", "\u200b ")}),
    (bad_texts, "translation/en-fr", {"source": (" ", " e\u0301 ")}),
    (bad_texts, "translation/en-fr", {"source": (".", ".\n")}),
    (bad_texts, "reasoning/logic", {"options": ["true "]}),
    (bad_texts, "code_debugging/bugs", {"fixed": ("\n", " \n")}),
    (bad_texts, "code_debugging/bugs", {"fixed": ("    ", "\t")}),
    (bad_texts, "code_debugging/bugs", {"fixed": "def f(): pass"}),
    (bad_texts, "code_debugging/bugs", {"fixed": "def f(): pass\n\n"}),
    (bad_texts, "code_debugging/bugs", {"fixed": "\ndef f(): pass\n"}),
    (repeated, "sentiment/", {"text": "SUPERB coffee: lovely staff"}),
    (repeated, "translation/", {"source": "He is saving up for a new tent."}),
    (repeated, "code_", {"entry_point": "last_three"}),
    (bad_summaries, "summarization", {"document": "So it is. " * 26}),
    (bad_summaries, "summarization", {"document": "So it is. " * 134}),
    (bad_summaries, "summarization", {"document": "Is. " * 90, "summary": "so " * 46}),
    (bad_summaries, "summarization", {"document": "Is. " * 130, "summary": "so " * 61}),
    (bad_summaries, "summarization", {"summary": "The trial lasts SIX months."}),
    (bad_summaries, "summarization", {"summary": "Xy a. Xy b. Xy c. Xy d."}),
    (
        bad_summaries,
        "summarization",
        {"summary": "Now the public library in Tarnwick will stay open until nine."},
    ),
    (named, "sentiment/polarity", {"text": (".", ", positively.")}),
    (named, "sentiment/emotion", {"text": ("Your", "Angry, your")}),
    (quoted, "sentiment/emotion", {"text": "The library opens at eight."}),
    (bad_translations, "translation/en-de", {"source": "Nun!", "reference": "Nun!"}),
    (bad_translations, "translation/en-de", {"reference": "Oh, the bakery opens at."}),
    (bad_translations, "translation/en-de", {"reference": (".", "!")}),
    (bad_translations, "translation/en-de", {"source": "Ah,", "reference": "Ach,"}),
    (bad_translations, "translation/en-fr", {"source": "Who?", "reference": "Qui?"}),
    (bad_answers, "reasoning/arithmetic", {"answer": "7.0"}),
    (bad_answers, "reasoning/arithmetic", {"answer": "7 oranges"}),
    (bad_answers, "reasoning/logic", {"options": ["Tove", "Lars", "Nobody"]}),
    (bad_answers, "reasoning/logic", {"kind": "truth"}),
    (misjudged, "summarization/articles", {"summary": "."}),
    (misjudged, "sentiment/polarity", {"label": "pleased"}),
    (misjudged, "reasoning/arithmetic", {"answer": "seven oranges or eight"}),
    (misjudged, "reasoning/logic", {"answer": "Moritz"}),
    (misjudged, "reasoning/logic", {"options": ["Tove", "TOVE", "Mina"]}),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("check", "name", "flaw"),
    FLAWS,
    ids=[f"{at}-{check.__name__}" for at, (check, _, _) in enumerate(FLAWS)],
)
def test_a_flaw_is_found(check: Check, name: str, flaw: dict[str, Any]) -> None:
    """A check fails on a copy whose first row has one thing wrong."""
    first, *others = rows(name)
    for column, new in flaw.items():
        edit = isinstance(new, tuple)
        first[column] = first[column].replace(*new, 1) if edit else new
    assert check(name, [first, *others])


def test_too_short_a_file_is_found() -> None:
    """Too few rows, or too few of one difficulty."""
    found = rows("sentiment/polarity")
    assert bad_amounts("sentiment/polarity", found[:59]) == ["rows"]
    assert bad_amounts("sentiment/polarity", found[:1] * 60) == ["easy", "medium"]
