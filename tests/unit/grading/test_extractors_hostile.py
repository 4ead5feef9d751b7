"""No text makes an extractor raise, hang or leave its range."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.extractors import EXTRACTORS, numbers_equal
from pytest_llmlat.values.entities import Sample, Task
from pytest_llmlat.values.records import Extraction

LENGTH = 100_000
LABELS = ("positive", "negative", "very positive")
PIECES = (
    *LABELS,
    *("answer", "is", ":", "not", "the", "sentiment", "=", "18", "1,234.5", "3/4", "."),
    *("(A)", "B)", "yes", "no", "####", "\\boxed{", "}", "<think>", "</think>"),
    *("<answer>", "**", "\n", " ", "```", "```python\n", "~~~\n", "def total(n):"),
    *("\n    return n\n", "total", ">>> ", "class ", "import x", '"""', "(", "'", "\0"),
    *("\ud800", "\u00bd", "\u2212", "I'm sorry, but I can't help", "Summary:", "\t"),
)
ANSWERS = st.one_of(
    st.text(st.characters(), max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join),
)
COLUMNS = st.dictionaries(
    st.sampled_from(["options", "kind", "entry_point", "prompt"]),
    st.one_of(
        st.none(),
        st.integers(),
        st.sampled_from(PIECES),
        st.lists(st.sampled_from([*PIECES, None, 3]), max_size=30),
    ),
)


def a_task(labels: tuple[str, ...] = LABELS) -> Task:
    """Return a task that has nothing but its labels."""
    return Task(
        name="sentiment/polarity",
        family="sentiment",
        title="",
        source="",
        chat_prompt="",
        completion_prompt="",
        extractor="label",
        metric="accuracy",
        max_new_tokens=8,
        budget_s=1.0,
        labels=labels,
    )


def a_sample(reference: str, columns: dict[str, object]) -> Sample:
    """Return a sample of one reference and some columns."""
    return Sample(
        id="s1",
        difficulty=None,
        stratum="",
        fields=tuple(columns.items()),
        reference=reference,
    )


@pytest.mark.parametrize("name", sorted(EXTRACTORS))
@given(answer=ANSWERS, reference=st.sampled_from(PIECES), columns=COLUMNS)
def test_no_text_and_no_row_makes_an_extractor_raise(
    name: str, answer: str, reference: str, columns: dict[str, object]
) -> None:
    """An answer is data; the worst that it can be is unparsed."""
    extraction = EXTRACTORS[name](answer, a_task(), a_sample(reference, columns))

    assert extraction.value is None or extraction.value.strip()


@given(
    label=st.sampled_from(LABELS), answer=ANSWERS, labels=st.lists(st.text(max_size=5))
)
def test_a_label_is_one_of_the_tasks_labels(
    label: str, answer: str, labels: list[str]
) -> None:
    """What is extracted is a label of the task, whatever the labels are."""
    allowed = (*labels, label)

    extraction = EXTRACTORS["label"](answer, a_task(allowed), a_sample("", {}))

    assert extraction.value in {None, *allowed}


@given(answer=ANSWERS)
def test_a_number_is_a_number_in_normal_form(answer: str) -> None:
    """What is extracted is an exact number, and extraction leaves it as it is."""
    sample = a_sample("", {})
    value = EXTRACTORS["number"](answer, a_task(), sample).value

    if value is not None:
        assert numbers_equal(value, value)
        assert EXTRACTORS["number"](value, a_task(), sample).value == value


@given(answer=ANSWERS)
def test_a_program_parses_and_defines_its_entry_point(answer: str) -> None:
    """What is extracted can be loaded, and nothing in it runs at top level."""
    columns: dict[str, object] = {
        "entry_point": "total",
        "prompt": "def total(n):\n",
    }
    value = EXTRACTORS["code"](answer, a_task(), a_sample("", columns)).value

    if value is not None:
        body = ast.parse(value).body
        assert "total" in {getattr(node, "name", "total") for node in body}
        assert not any(isinstance(node, ast.Expr | ast.For) for node in body)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        *("a", "1", " ", "\n", "(", "{", "*", "_", "`", "\\", "'", '"', "-", "\u00bd"),
        *("1,", "1/", "1+", "1e", "1 1/", "= ", "**1** ", "3 x 10^", "#### ", "a."),
        *("answer ", "answer is ", "answer: ", "answer to ", "\\boxed{", "\\frac{"),
        *("<answer>", "<think>", "positive ", "not positive ", "the sentiment "),
        *("(A) ", "A ", "option ", "i'm sorry ", "as an ai ", "here is the "),
        *("```\n", "~~~\n", "def total(", "def total(x):\n", "if x:\n ", "lambda:"),
        *('"""\n', ">>> ", "total=", "import x;", "tallest ", "is ", "sure "),
        *("B but A ", "A, B and C are false. ", "neither positive nor negative "),
    ],
)
def test_a_hundred_kilobytes_of_one_thing_are_read_to_the_end(unit: str) -> None:
    """No pattern backtracks without bound; a quadratic one does not get there."""
    hostile = unit * (LENGTH // len(unit))
    sample = a_sample("Anna", {"entry_point": "total", "prompt": "def total(n):\n"})

    for extract in EXTRACTORS.values():
        found = extract(f"positive answer is {hostile}", a_task(), sample)
        assert isinstance(found, Extraction)
