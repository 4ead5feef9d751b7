"""ROUGE sees the words of every script, or says that it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.metrics.rouge_tokens import (
    NAMES,
    open_tokenizer,
    rouge_tokens,
)
from pytest_llmlat.values.errors import LLMLatError
from tests.unit.builders import a_grade
from tests.unit.metric_texts import a_sample, a_task

RAIN = {
    "zh": "\u4eca\u5929\u4e0b\u5927\u96e8\u3002",
    "ja": "\u4eca\u65e5\u306f\u96e8\u3067\u3059\u3002",
    "ru": "\u0421\u0435\u0433\u043e\u0434\u043d\u044f \u0434\u043e\u0436\u0434\u044c.",
    "hi": "\u0906\u091c \u092c\u093e\u0930\u093f\u0936 \u0939\u0948\u0964",
    "ar": "\u0627\u0644\u064a\u0648\u0645 \u0645\u0637\u0631.",
    "th": "\u0e27\u0e31\u0e19\u0e19\u0e35\u0e49\u0e1d\u0e19\u0e15\u0e01",
    "ko": "\uc624\ub298\uc740 \ube44\uac00 \uc628\ub2e4.",
    "el": "\u03a3\u03ae\u03bc\u03b5\u03c1\u03b1 \u03b2\u03c1\u03ad\u03c7\u03b5\u03b9.",
}
"""That it rains today."""


@pytest.mark.parametrize(("language", "text"), RAIN.items())
def test_a_perfect_summary_is_perfect_in_every_script(language: str, text: str) -> None:
    """Its figures say how it was split."""
    task = replace(a_task(language=language), metric="rouge")

    grade = a_grade("rouge", text, task, a_sample(text))

    assert grade.value == 1
    assert all(figure == 1 for _, figure in grade.details)
    split = "characters" if language in {"zh", "ja", "th"} else "words"
    assert {name for name, _ in grade.details} == {
        f"{name} ({split})" for name in ("rouge1", "rouge2", "rougeL", "rougeLsum")
    }


@pytest.mark.parametrize(("language", "text"), RAIN.items())
def test_what_english_rouge_cannot_see_is_refused(language: str, text: str) -> None:
    """A perfect summary would score 0; the remedy is told."""
    illegible = METRICS["rouge"].illegible
    assert illegible is not None

    told = illegible(text, a_task())

    assert told is not None
    assert 'options = { language = "zh" }' in told
    assert illegible(text, a_task(language=language)) is None
    assert illegible(text, a_task(tokenizer="words")) is None


@pytest.mark.parametrize("text", RAIN.values())
def test_a_summary_that_english_rouge_cannot_see_is_no_zero(text: str) -> None:
    """Who grades one without loading a set is told as well."""
    task = replace(a_task(), metric="rouge")

    with pytest.raises(LLMLatError, match="cannot see the letters"):
        a_grade("rouge", text, task, a_sample(text))


@pytest.mark.parametrize(
    "text",
    ["The cat.", "Caf\u00e9 cr\u00e8me", "42", "...", "", "\u4eca is now in Chinese"],
)
def test_what_english_rouge_sees_is_judged(text: str) -> None:
    """Accents and a foreign name are no other script."""
    illegible = METRICS["rouge"].illegible
    assert illegible is not None
    assert illegible(text, a_task()) is None


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        ("english", "The cats don't run.", ["the", "cat", "don", "t", "run"]),
        (
            "words",
            "Les \u00c9l\u00e8ves, l'eau",
            ["les", "\u00e9l\u00e8ves", "l", "eau"],
        ),
        ("words", "Stra\u00dfe 12", ["strasse", "12"]),
        ("words", RAIN["hi"], RAIN["hi"].strip("\u0964").split()),
        ("words", RAIN["zh"], [RAIN["zh"][:-1]]),
        ("characters", "GPT-4\u662f\u8c01\uff1f", ["gpt", "4", "\u662f", "\u8c01"]),
        ("characters", "\u8c01GPT", ["\u8c01", "gpt"]),
        (
            "characters",
            "\u0e17\u0e35\u0e48\u0e19\u0e35\u0e48",
            ["\u0e17\u0e35\u0e48", "\u0e19\u0e35\u0e48"],
        ),
        ("characters", "two words", ["two", "words"]),
    ],
)
def test_a_text_is_split_as_it_is_written(
    name: str, text: str, tokens: list[str]
) -> None:
    """Marks belong to their letter, and signs to nothing."""
    assert open_tokenizer(name).tokenize(text) == tokens


@given(name=st.sampled_from(NAMES), text=st.text(max_size=60))
def test_tokens_are_never_empty_and_have_no_blanks(name: str, text: str) -> None:
    """Whatever a model writes."""
    tokens = open_tokenizer(name).tokenize(text)

    assert all(token and not any(map(str.isspace, token)) for token in tokens)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "english"),
        ({"language": "en-GB"}, "english"),
        ({"language": "fr"}, "words"),
        ({"language": "Korean"}, "words"),
        ({"language": "jpn_Jpan"}, "characters"),
        ({"language": "lo"}, "characters"),
        ({"language": "fr", "tokenizer": "english"}, "english"),
    ],
)
def test_the_language_says_how_to_split(options: dict[str, str], expected: str) -> None:
    """Unless the task does."""
    assert rouge_tokens(a_task(**options), where="x") == expected
