"""One mapping for every source: what its expressions see and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.tasks.data.table_row import TableRow
from pytest_llmlat.values.entities import PublicSet
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.builders import a_task as built
from tests.unit.tasks.row_samples import sample_of

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task

PUBLIC = PublicSet(
    hub="org/set", config=None, split="test", revision=None, file="set.jsonl"
)


def a_task(extractor: str = "text", **named: str) -> Task:
    """Return a task whose right answers may be any text."""
    return built(extractor=extractor, **named)


def a_row(index: int = 0, **columns: object) -> TableRow:
    """Return a row of a file."""
    place = f"line {index + 1}"
    return TableRow(source="FILE", place=place, index=index, columns=columns)


def mapped(task: Task, row: TableRow, **mapping: str) -> Sample:
    """Return the sample that a mapping makes of a row."""
    sample = sample_of(replace(task, mapping=tuple(mapping.items())), row)
    assert sample is not None
    return sample


def test_a_set_without_ids_counts_its_rows() -> None:
    """``index`` is the row's place in the set."""
    sample = mapped(a_task(), a_row(7, reference="x"), id="'gsm8k-' ~ index")

    assert sample.id == "gsm8k-7"


def test_a_column_hides_what_we_add() -> None:
    """Whoever has a column ``index`` means it."""
    row = replace(a_row(7), columns={"index": "i", "reference": "x"})

    assert mapped(a_task(), row, id="index").id == "i"


@pytest.mark.parametrize("label", [1, "1", "positive", 1.0], ids=repr)
def test_a_label_is_known_by_number_and_by_name(label: object) -> None:
    """A hub gives numbers, a CSV file their digits, a local copy words."""
    task = replace(a_task(), labels=("negative", "positive"))
    row = a_row(id="a", label=label)

    assert mapped(task, row, reference="label_names[label]").reference == "positive"


@pytest.mark.parametrize("label", [-1, 2, "good", ""], ids=repr)
def test_a_label_that_is_unknown_is_not_guessed(label: object) -> None:
    """The hidden label of a test split, -1, is not the last one."""
    task = replace(a_task(), labels=("negative", "positive"))

    with pytest.raises(BadCatalogue, match=r"FILE:1: field 'reference' = 'label_name"):
        mapped(task, a_row(id="a", label=label), reference="label_names[label]")


def test_a_public_set_has_its_mapped_fields_only() -> None:
    """A copy with other columns beside them makes the same samples."""
    task = replace(a_task(source=""), public=PUBLIC)
    mapping = {"id": "id", "question": "input | default(question)", "reference": "gold"}

    hub = mapped(task, a_row(id="a", input="?", gold="4", extra=1), **mapping)
    copy = mapped(task, a_row(id="a", question="?", gold="4"), **mapping)

    assert hub == copy
    assert dict(hub.fields) == {"id": "a", "question": "?", "reference": "4"}


def test_rows_are_left_out() -> None:
    """By an expression over their columns."""
    task = replace(a_task(), where="labels | length == 1")

    assert sample_of(task, a_row(id="a", reference="4", labels=[1, 2])) is None
    assert sample_of(task, a_row(id="a", reference="4", labels=[1])) is not None


def test_a_condition_that_fails_is_told() -> None:
    """A row that cannot be judged is not left out silently."""
    task = replace(a_task(), where="labels | length == 1")

    with pytest.raises(BadCatalogue, match=r"FILE:3: where = .*'labels' is undefined"):
        sample_of(task, a_row(2, id="a", reference="4"))


def test_a_column_whose_name_is_no_word_is_reached() -> None:
    """Alone it is its name; in an expression it is one of ``columns``."""
    row = replace(a_row(), columns={"id": "a", "Right answer": "4"})

    assert mapped(a_task(), row, reference="Right answer").reference == "4"
    expression = "columns['Right answer'] ~ '!'"
    assert mapped(a_task(), row, reference=expression).reference == "4!"


@pytest.mark.parametrize("columns", [{}, {"text": ""}, {"text": None}])
def test_a_row_says_which_cluster_it_is_in(columns: dict[str, Any]) -> None:
    """Or its interval would be that of an item which stands alone."""
    task = replace(a_task(), cluster="text")

    assert mapped(task, a_row(id="a", reference="4", text=7)).id == "a"
    with pytest.raises(BadCatalogue, match="column 'text', which 'cluster' names, is"):
        mapped(task, a_row(id="a", reference="4", **columns))


MANY = ["Paris", "City of Paris"]


@pytest.mark.parametrize(
    ("task", "columns"),
    [
        (a_task(), {"reference": MANY}),
        (a_task(), {"reference": "Paris", "references": MANY}),
        (a_task(), {"references": MANY}),
        (replace(a_task(), reference="city"), {"city": MANY}),
        (replace(a_task(), references="aliases"), {"aliases": MANY}),
        (
            replace(a_task(), reference="city", references="aliases"),
            {"city": "Paris", "aliases": ["City of Paris"]},
        ),
        (
            replace(a_task(), reference="city", mapping=(("references", "all"),)),
            {"all": MANY},
        ),
    ],
)
def test_a_row_may_have_several_right_answers(
    task: Task, columns: dict[str, Any]
) -> None:
    """A list where the answer stands, or in a column of its own; each counts once."""
    sample = sample_of(task, a_row(id="a", **columns))

    assert sample is not None
    assert sample.references == ("Paris", "City of Paris")
    assert sample.reference == "Paris"


def test_another_column_called_references_is_no_answer() -> None:
    """A task that names its column of answers has works cited in ``references``."""
    task = replace(a_task(), reference="summary")

    sample = sample_of(task, a_row(id="a", summary="x", references=["Smith 2019"]))

    assert sample is not None
    assert sample.references == ("x",)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"reference": []}, "column 'reference' is missing or empty"),
        ({"reference": ["4", ""]}, "column 'reference' is missing or empty"),
        ({"reference": ["4", None]}, "column 'reference' is missing or empty"),
        ({"reference": {"text": "4"}}, "must be a text, a number or a list of them"),
        ({"reference": [["4"]]}, "write mapping.reference = an expression"),
    ],
)
def test_what_cannot_be_an_answer_is_told(columns: dict[str, Any], told: str) -> None:
    """A list that is turned into text would be met by no answer of any model."""
    with pytest.raises(BadCatalogue, match="FILE:1: column 'reference'") as caught:
        sample_of(a_task(), a_row(id="a", **columns))

    assert told in str(caught.value)


def test_a_named_column_of_answers_must_be_there() -> None:
    """Else a row with one answer of several would seem to have one."""
    task = replace(a_task(), references="aliases")

    with pytest.raises(BadCatalogue, match="column 'aliases' is missing or empty"):
        sample_of(task, a_row(id="a", reference="4"))


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (a_task(metric="tests_pass"), "the metric 'tests_pass' looks at one"),
        (replace(a_task(), labels=("a", "b")), "where answers are labels a row has"),
        (a_task(name="sentiment/x"), "where answers are labels a row has one"),
    ],
)
def test_several_answers_are_refused_where_one_would_count(
    task: Task, told: str
) -> None:
    """The others would count as wrong, and nobody would be told."""
    with pytest.raises(BadCatalogue, match="has 2 right answers") as caught:
        sample_of(task, a_row(id="a", reference=["a", "b"]))

    assert told in str(caught.value)


@pytest.mark.parametrize("label", [7, True, "x"], ids=repr)
def test_a_label_that_there_is_not_is_told_with_those_that_there_are(
    label: object,
) -> None:
    """Unless the expression has a word for such rows."""
    task = replace(a_task(), labels=("negative", "positive"), reference="label")
    row = a_row(id="a", label=label)

    with pytest.raises(BadCatalogue) as caught:
        mapped(task, row, label="label_names[label]")

    told = str(caught.value)
    assert f"label_names has no element {label!r}" in told or "no attribute" in told
    assert told.endswith("; the row has: id, label; labels: negative, positive")
    kept = mapped(task, row, label="label_names[label] | default('negative')")
    assert kept.reference == "negative"
