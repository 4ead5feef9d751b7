"""Views of others, mere looks and contradictions are no answers; verdicts are."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from tests.unit.builders import a_sample, a_task

SEATS = "Kim, Lou, Mia and Ned sit round a table. Kim faces Mia. Who sits opposite Lou?"
NAMES = ["Kim", "Lou", "Mia", "Ned"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Some would say C. I say D.", "D"),
        ("Most people pick C.", None),
        ("Let's look at option C. It says that wind", None),
        ("The correct answer is not listed, although C comes close.", None),
        ("If rain were salt, it'd be C.", None),
        ("It is C, while B is often named; D is nonsense.", "C"),
    ],
)
def test_a_letter_that_is_only_looked_at_is_not_chosen(
    text: str, expected: str | None
) -> None:
    """Nor is one that others choose."""
    row = a_sample(reference="C", options=["A", "B", "C", "D"])

    assert EXTRACTORS["choice"](text, a_task(extractor="choice"), row).value == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Correct! The shop opens at noon.", "true"),
        ("Wrong, it opens at noon.", "false"),
        ("Correct me if needed.", None),
        ("Yes, the claim is false.", None),
        ("No, that is right.", None),
        ("No, it is true that it opens, but not at noon.", "false"),
        ("No - although it is true that it opens.", "false"),
        ("not A = True\nTrue and False or B", None),
        ("So we get True or B", None),
        ("= not True and", None),
        ("True and (not False) = True", "true"),
    ],
)
def test_yes_and_no_and_the_verdict_behind_them_agree(
    text: str, expected: str | None
) -> None:
    """An expression that is not worked out has no value yet."""
    row = a_sample(reference="true")

    found = EXTRACTORS["boolean"](text, a_task(extractor="boolean"), row)

    assert found.value == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The gloomy parts outweigh the cheerful ones.", "gloomy"),
        ("Cheerful points: tea.\nGloomy points: rain.", None),
        (
            "1. Cheerful sides: tea\n2. Gloomy sides: rain\n\nMaking it a gloomy text.",
            "gloomy",
        ),
        ("Some readers call it gloomy.", None),
    ],
)
def test_aspects_of_a_text_are_no_label(text: str, expected: str | None) -> None:
    """What outweighs the rest, or what it makes of the text, is."""
    task = a_task(extractor="label", labels=("cheerful", "gloomy"))

    assert EXTRACTORS["label"](text, task, a_sample()).value == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ned sits opposite Lou.", "Ned"),
        ("Opposite Lou is Ned.", "Ned"),
        ("Kim faces Mia, so Lou and Ned face each other. Lou is opposite Ned.", "Ned"),
        ("Kim - Mia\nLou - Ned\n\nSo it's Ned.", "Ned"),
        ("Ned sits next to Mia.", None),
        ("Kim or Ned sits opposite Lou.", None),
        ("Mia sits opposite Lou.", "Mia"),
    ],
)
def test_a_name_that_the_question_gives_is_not_its_answer(
    text: str, expected: str | None
) -> None:
    """Beside it the other one is."""
    row = a_sample(reference="Ned", options=NAMES, question=SEATS)

    assert EXTRACTORS["answer"](text, a_task(extractor="answer"), row).value == expected


def test_names_that_a_question_offers_are_answers() -> None:
    """Asked who is older, Kim or Lou, either may be."""
    row = a_sample(reference="Kim", options=NAMES, question="Who is older, Kim or Lou?")

    found = EXTRACTORS["answer"](
        "Kim is older than Lou.", a_task(extractor="answer"), row
    )

    assert found.value == "Kim"


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Vinegar contains acetic acid, which makes it sour.", True),
        ("It's acetic acid.", True),
        ("Acetic acid makes vinegar sour.", True),
        ("The sour taste of vinegar is caused by acetic acid.", True),
        ("Vinegar is sour through citric acid.", False),
    ],
)
def test_the_noun_that_is_asked_for_belongs_to_the_answer(
    text: str, *, right: bool
) -> None:
    """Asked which acid it is, one may say "acetic acid" or "acetic"."""
    for reference in ("acetic acid", "acetic"):
        row = a_sample(reference=reference, question="Which acid makes vinegar sour?")
        found = EXTRACTORS["answer"](text, a_task(extractor="answer"), row).value
        assert ((found or "").casefold() == reference) is right
