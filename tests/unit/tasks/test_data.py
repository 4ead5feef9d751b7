"""Rows become samples; every complaint names the file and the line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.data import load_samples, revision
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.builders import a_sample, a_task

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Sample, Task

GOOD = '{"id": "a", "question": "2 + 2?", "reference": "4"}'


def a_file(folder: Path, *lines: str) -> Task:
    """Write a data file and return the task that reads it."""
    path = folder / "data.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return a_task(source=str(path), extractor="text")


def row(**columns: object) -> str:
    """Return a line of a data file."""
    return json.dumps({"id": "a", "reference": "4", **columns})


def complaint(task: Task) -> str:
    """Return what is said of a file that cannot be read as the task's."""
    with pytest.raises(BadCatalogue) as caught:
        load_samples(task)
    return str(caught.value).replace(task.source, "FILE")


def test_a_row_becomes_a_sample(tmp_path: Path) -> None:
    """Its columns are the fields, the task's column is the reference."""
    task = replace(
        a_file(tmp_path, row(answer="Blue", difficulty="hard", kind="colour")),
        reference="answer",
    )

    (sample,) = load_samples(task)

    assert (sample.id, sample.reference, sample.difficulty) == ("a", "Blue", "hard")
    assert sample.stratum == "hard/colour"
    assert sample.field("kind") == "colour"


def test_samples_keep_their_order(tmp_path: Path) -> None:
    """Blank lines are no rows, and a last line need not end."""
    task = a_file(tmp_path, row(id="b"), "", "  ", row(id="a"), row(id="c"))

    assert [sample.id for sample in load_samples(task)] == ["b", "a", "c"]


def test_numbers_are_read_as_text(tmp_path: Path) -> None:
    """An id or an answer may be written as a number, 0 included."""
    (sample,) = load_samples(a_file(tmp_path, row(id=0, reference=0)))

    assert (sample.id, sample.reference) == ("0", "0")


def test_a_line_separator_inside_a_text_ends_no_row(tmp_path: Path) -> None:
    """JSON allows U+2028 and U+0085 in a string as they are."""
    text = "one\u2028two\x85three\u2029four"
    line = json.dumps({"id": "a", "reference": text}, ensure_ascii=False)

    (sample,) = load_samples(a_file(tmp_path, line))

    assert sample.reference == text


def test_columns_are_renamed(tmp_path: Path) -> None:
    """A public set keeps its names; the template sees ours beside them."""
    task = replace(
        a_file(tmp_path, '{"idx": 7, "sentence": "x", "gold": "y"}'),
        mapping=(("id", "idx"), ("question", "sentence"), ("reference", "gold")),
    )

    (sample,) = load_samples(task)

    assert (sample.id, sample.reference) == ("7", "y")
    assert sample.field("question") == sample.field("sentence") == "x"


def test_labels_make_the_strata(tmp_path: Path) -> None:
    """A draw keeps the labels of each difficulty in proportion."""
    task = replace(
        a_file(tmp_path, row(reference="yes", difficulty="easy", kind="k")),
        labels=("yes", "no"),
    )

    assert load_samples(task)[0].stratum == "easy/yes"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((GOOD, "{"), "FILE:2: not JSON: "),
        ((GOOD, "", "[1]"), "FILE:3: a row must be a JSON object"),
        (('"text"',), "FILE:1: a row must be a JSON object"),
        ((GOOD, GOOD), "FILE:2: id 'a' was used on line 1"),
        ((row(id=1), row(id="1")), "FILE:2: id '1' was used on line 1"),
        ((row(id=""),), "FILE:1: column 'id' is missing or empty"),
        ((row(reference=None),), "FILE:1: column 'reference' is missing or empty"),
        (('{"id": "a"}',), "FILE:1: column 'reference' is missing or empty"),
        ((row(difficulty=["hard"]),), "FILE:1: column 'difficulty' must be a text"),
        ((row(id={"a": 1}),), "FILE:1: column 'id' must be a text or a number, not"),
        ((row(id="\t"),), "FILE:1: column 'id' is missing or empty; the row has: id,"),
        ((row(id=float("nan")),), "FILE:1: column 'id' is missing or empty"),
        ((row(reference=float("nan")),), "FILE:1: column 'reference' is missing or"),
        ((row(reference=" "),), "FILE:1: column 'reference' is missing or empty"),
        (("",), "FILE: task 'reasoning/sums' has no samples"),
    ],
)
def test_a_bad_row_is_told_with_its_line(
    tmp_path: Path, lines: tuple[str, ...], expected: str
) -> None:
    """The reader finds the place at once."""
    assert complaint(a_file(tmp_path, *lines)).startswith(expected)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("Level 5", "Level 5"), (3, "3"), ("hard", "hard"), ("", None), (None, None)],
)
def test_a_set_has_difficulties_of_its_own(
    tmp_path: Path, given: object, kept: str | None
) -> None:
    """They are kept as they are written, and make the strata of a draw."""
    (sample,) = load_samples(a_file(tmp_path, row(difficulty=given, kind="k")))

    assert sample.difficulty == kept
    assert sample.stratum == f"{kept}/k"


@pytest.mark.parametrize(
    ("label", "labels", "remedy"),
    [
        (1, ("no", "yes"), "if it is the number of 'yes', counted from 0"),
        (0.0, ("no", "yes"), "write mapping.reference = 'label_names[reference]'"),
        (4.0, ("4", "5"), "write mapping.reference = 'reference | int'"),
        (" yes", ("no", "yes"), "write mapping.reference = 'reference | trim'"),
        ("YES", ("no", "yes"), "write mapping.reference = 'reference | lower'"),
        (True, ("false", "true"), "write mapping.reference = 'reference | lower'"),
    ],
)
def test_a_label_that_an_expression_makes_right_says_which(
    tmp_path: Path, label: object, labels: tuple[str, ...], remedy: str
) -> None:
    """Numbers of labels, those of pandas, blanks and capitals."""
    task = replace(a_file(tmp_path, row(reference=label)), labels=labels)

    assert remedy in complaint(task)


def test_a_label_that_is_not_the_task_s_is_told(tmp_path: Path) -> None:
    """A typo in the data would be an answer that nobody can give."""
    task = replace(a_file(tmp_path, GOOD, row(id="b")), labels=("5", "4 "))

    assert complaint(task) == "FILE:1: label '4' is none of 5, 4 "


def test_a_column_that_is_mapped_and_missing_is_told(tmp_path: Path) -> None:
    """The field, the expression and what the row has instead are given."""
    task = replace(a_file(tmp_path, GOOD), mapping=(("question", "sentence"),))

    assert complaint(task) == (
        "FILE:1: field 'question' = 'sentence': 'sentence' is undefined;"
        " the row has: id, question, reference"
    )


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The message names the file, the task and the reason."""
    task = a_task(source=str(tmp_path / "none.jsonl"))

    assert complaint(task).startswith(
        "FILE: data of task 'reasoning/sums' cannot be read: No such file"
    )


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    """The byte is named; nothing is replaced and read on."""
    task = a_file(tmp_path, GOOD)
    path = tmp_path / "data.jsonl"
    path.write_bytes(path.read_bytes() + "{é}".encode("latin-1"))

    told = f"FILE:2: not UTF-8 at byte {len(GOOD) + 2} (0xe9); save it as UTF-8"
    assert complaint(task).startswith(told)


def revised(task: Task | None = None, *samples: Sample) -> str:
    """Return the revision of a task and its samples."""
    return revision(task or a_task(), samples or (a_sample("s1"), a_sample("s2")))


def test_a_revision_is_the_same_for_the_same_task() -> None:
    """It is 16 hexadecimal digits, and does not depend on where the file lies."""
    assert revised() == revised(a_task(source="elsewhere.jsonl"))
    assert len(revised()) == 16
    assert int(revised(), 16) >= 0


@pytest.mark.parametrize(
    "task",
    [
        replace(a_task(), chat_prompt="Say {{ question }}"),
        replace(a_task(), completion_stop=()),
        replace(a_task(), budget_s=2.0),
        replace(a_task(), max_new_tokens=9),
        replace(a_task(), thinking_tokens=0),
        replace(a_task(), metric="rouge"),
        replace(a_task(), chance=0.5),
    ],
)
def test_a_revision_changes_with_the_task(task: Task) -> None:
    """Whatever decides what is asked or accepted makes another task."""
    assert revised(task) != revised()


@pytest.mark.parametrize(
    "samples",
    [
        (a_sample("s2"), a_sample("s1")),
        (a_sample("s1"),),
        (a_sample("s1"), a_sample("s2", "5")),
        (a_sample("s1"), a_sample("s2", note="x")),
        (a_sample("s1"), replace(a_sample("s2"), further=("four",))),
    ],
)
def test_a_revision_changes_with_the_data(samples: tuple[Sample, ...]) -> None:
    """Another row, another answer or another column is another task."""
    assert revised(None, *samples) != revised()


def test_a_revision_tells_how_answers_are_drawn_and_not_how_often() -> None:
    """A greedy task has the digest that it had before tokens could be drawn."""
    task = a_task()

    assert revised(replace(task, repeats=5)) == revised(task)
    assert revised(replace(task, temperature=0.8)) != revised(task)
    assert revised(replace(task, temperature=0.8, top_p=0.9)) != revised(
        replace(task, temperature=0.8)
    )
