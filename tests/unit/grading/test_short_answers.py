"""A short answer without options is what a sentence adds to the question's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.extractors import EXTRACTORS, normalized
from pytest_llmlat.grading.extractors.short_answers import as_named
from pytest_llmlat.values.entities import Sample, Task

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Extraction

TASK = Task(
    name="reasoning/facts",
    family="reasoning",
    title="",
    source="",
    chat_prompt="",
    completion_prompt="",
    extractor="answer",
    metric="accuracy",
    max_new_tokens=64,
    budget_s=1.0,
)
CAPITAL = "What is the capital of Norway?"
PAINTER = "Who painted the Night Watch?"
LAKE = "Which lake lies between Bregenz and Konstanz?"
MONTH = "In which month does the fair open?"
METAL = "Which metal has the chemical symbol Fe?"
LANGUAGE = "Which language was created by Yukihiro Matsumoto?"


def answered(question: str, text: str) -> Extraction:
    """Return what is read as the answer to a question."""
    sample = Sample(
        id="s1",
        difficulty=None,
        stratum="",
        fields=(("question", question),),
        reference="Nobody",
    )
    return EXTRACTORS["answer"](text, TASK, sample)


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (CAPITAL, "Oslo has been the capital of Norway since 1814.", "Oslo"),
        (CAPITAL, "Norway's capital is Oslo, which lies on a fjord.", "Oslo"),
        (CAPITAL, "Some think of Bergen, but the capital is in fact Oslo.", "Oslo"),
        (CAPITAL, "Although Bergen is older, the capital is Oslo.", "Oslo"),
        (CAPITAL, "Bergen was formerly the capital. Oslo is the capital now.", "Oslo"),
        (CAPITAL, "If Bergen is left aside, the capital is Oslo.", "Oslo"),
        (CAPITAL, "Norway uses Oslo as its capital.", "Oslo"),
        (CAPITAL, "Oslo, or the city of tigers, is the capital.", "Oslo"),
        (CAPITAL, "Oslo, or Bergen, is the capital.", None),
        (CAPITAL, "It's Oslo!", "Oslo"),
        (CAPITAL, '{"capital": "Oslo"}', "Oslo"),
        (CAPITAL, "A: Oslo\nQ: What is the capital of Peru?\nA: Lima", "Oslo"),
        (CAPITAL, "Capital: Oslo\nCountry: Norway", "Oslo"),
        (CAPITAL, "Not Bergen: the capital is Oslo.", "Oslo"),
        (CAPITAL, "The capital is not Oslo.", None),
        (CAPITAL, "The capital may be Oslo.", None),
        (CAPITAL, "The capital is Oslo or Bergen.", None),
        (CAPITAL, "Oslo is not the capital of Norway.", None),
        (PAINTER, "Rembrandt van Rijn painted the Night Watch.", "Rembrandt van Rijn"),
        (
            PAINTER,
            "The Night Watch was painted by the old master Rembrandt van Rijn.",
            "Rembrandt van Rijn",
        ),
        (
            PAINTER,
            "Rembrandt van Rijn, a painter of Leiden, painted it in 1642.",
            "Rembrandt van Rijn",
        ),
        (PAINTER, "It was Vermeer who painted it, and not Rembrandt.", "Vermeer"),
        (
            PAINTER,
            "**Painter:** Rembrandt van Rijn\n**Year:** 1642",
            "Rembrandt van Rijn",
        ),
        (PAINTER, "It was finished in 1642; its painter was Rembrandt.", "Rembrandt"),
        (PAINTER, "The Night-Watch was painted by Rembrandt.", "Rembrandt"),
        (CAPITAL, "Oslo is the capital and can be reached by sea.", "Oslo"),
        (LAKE, "Lake Constance lies between them.", "Lake Constance"),
        (MONTH, "The fair opens in May in the Old Town.", "May"),
        (MONTH, "In May or June.", None),
        (METAL, "Fe stands for iron.", "iron"),
        (
            METAL,
            "The symbol Fe belongs to the metal iron, from the Latin word.",
            "iron",
        ),
        (METAL, "Iron (Fe)", "Iron"),
        (LANGUAGE, "Yukihiro Matsumoto created Ruby.", "Ruby"),
        (LANGUAGE, "C++.", "C++"),
    ],
)
def test_an_answer_is_what_is_added_to_the_question(
    question: str, text: str, expected: str | None
) -> None:
    """The words of the question are left out, and so is what only says more."""
    assert answered(question, text).value == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the Rhine", "Rhine"),
        ("Sir Isaac Newton", "Isaac Newton"),
        ("C++", "C++"),
        ("Paris, France", "Paris, France"),
    ],
)
def test_a_right_answer_is_read_like_a_model_s(text: str, value: str | None) -> None:
    """An article or a title goes on both sides; what else would be lost is told."""
    assert as_named(text) == value


def test_a_name_on_the_way_is_no_answer_of_a_cut_text() -> None:
    """Only a statement, the whole, or the one complete sentence is explicit."""
    assert answered(CAPITAL, "The capital of Norway is Oslo.").explicit
    assert answered(CAPITAL, "Oslo").explicit
    assert not answered(CAPITAL, "The capital of Norway is Oslo. Next to it").explicit


NAMES = st.sampled_from(
    ["Ortrud Falk", "Ibrahim al Rashid", "Mei", "Jo-Ann Price", "Tomás de la Vega"]
)


@given(
    name=NAMES,
    shape=st.sampled_from(
        [
            "{} designed the lighthouse of Warnow.",
            "The lighthouse of Warnow was designed by {}.",
            "It was {} who designed the lighthouse of Warnow in 1902.",
            "{}, who came from Kiel, designed the lighthouse.",
            "The designer of the lighthouse is {}, as the plaque says.",
            "Designer: {}",
            "Okay, let's see.\n\nThe lighthouse was designed by {}.",
            "Therefore, {} designed the lighthouse.",
        ]
    ),
)
def test_a_name_is_found_wherever_it_stands_beside_the_question(
    name: str, shape: str
) -> None:
    """Subject, object or predicate: the name is what the sentence adds."""
    found = answered("Who designed the lighthouse of Warnow?", shape.format(name))

    assert normalized(found.value or "") == normalized(name)


@given(text=st.text(max_size=300), question=st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str, question: str) -> None:
    """Readers are total, whatever the question is."""
    found = answered(question, text)

    assert found.value is None or found.value.strip()
