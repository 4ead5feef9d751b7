"""Answers that are left when others go, doubts that are overcome, and rows."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from tests.unit.builders import a_sample, a_task

PORTS = ["Bergen", "Cadiz", "Genoa", "Split"]
MOODS = ("calm", "tense", "neutral")
FERRY = (
    "A green, a brown and a black ferry lie at a pier. The brown ferry is the second"
    " from the left. The black one lies left of the green one.\nOptions:\n"
    "(A) The green ferry is the leftmost\n(B) The brown ferry is the leftmost\n"
    "(C) The black ferry is the leftmost"
)


def chosen(text: str, *, options: object = PORTS, question: str = "") -> str | None:
    """Return the letter that is read from an answer."""
    row = a_sample(reference="C", options=options, question=question)
    return EXTRACTORS["choice"](text, a_task(extractor="choice"), row).value


def labelled(text: str, *labels: str) -> str | None:
    """Return the label that is read from an answer."""
    task = a_task(extractor="label", labels=labels or MOODS)
    return EXTRACTORS["label"](text, task, a_sample()).value


def named(text: str, question: str, *options: str) -> str | None:
    """Return the name that is read from an answer."""
    row = a_sample(reference=options[0], options=list(options), question=question)
    return EXTRACTORS["answer"](text, a_task(extractor="answer"), row).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(A), (B) and (D) are all false.", "C"),
        ("(A) is false. (B) is false too. And (D) is not right either.", "C"),
        ("We are ruling out A, B and D.", "C"),
        ("Not A, not B, not D.", "C"),
        ("Everything except C is wrong.", "C"),
        ("All options but C can be excluded.", "C"),
        ("A and B are false.", None),
        ("A and B are false, and D may be true.", None),
        ("Anything but C.", None),
    ],
)
def test_of_several_options_the_one_that_is_left_is_chosen(
    text: str, expected: str | None
) -> None:
    """All others are turned down, and nothing is said for another."""
    assert chosen(text) == expected


def test_of_two_labels_none_is_chosen_by_turning_down_the_other() -> None:
    """What is not calm may be tense or not; of three, two may leave one."""
    assert labelled("It is not calm.", "calm", "tense") is None
    assert labelled("Neither calm nor tense.", "calm", "tense") is None
    assert labelled("Neither calm nor tense.") == "neutral"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm not sure, but I would say C.", "C"),
        ("It is hard to tell, but C.", "C"),
        ("B is tempting, but C is right.", "C"),
        ("It may be B, yet it may be C.", None),
        ("Perhaps C, but I doubt it.", None),
    ],
)
def test_a_doubt_may_be_overcome(text: str, expected: str | None) -> None:
    """What is said in spite of it is said."""
    assert chosen(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6 + 2 = 8, so option C; D would give 9.", "C"),
        ("\u274c A\n\u274c B\n\u2705 C\n\u274c D", "C"),
        ("A? No. B? No. C? Yes.", "C"),
        ("C is the answer; A and D are older.", "C"),
        ("A oder B", None),
        ("A ou C", None),
        ("A\u6216C", None),
        ("A ist falsch.", None),
        ("C est la bonne r\u00e9ponse.", "C"),
        ("Below 4 \u00b0C it is densest.", None),
        ("(D) Split is wrong; (C) Genoa is right.", "C"),
        ("the third option", "C"),
        ("Option 3", "C"),
        ("I was thinking of B, but C is the port.", "C"),
        ("The first one is wrong, the third one is right.", "C"),
        ("<choice>C</choice>", "C"),
        ("Genoa, isn't it?", "C"),
    ],
)
def test_options_are_read_in_the_forms_that_models_give_them(
    text: str, expected: str | None
) -> None:
    """By marks before and behind them, by their place, beside their text."""
    assert chosen(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The leftmost ferry is the black one.", "C"),
        ("It's the brown ferry.", "B"),
        ("So the black ferry is leftmost.", "C"),
        ("The green ferry is not the leftmost.", None),
        ("The green ferry is the rightmost.", None),
        ("The brown ferry is the second from the left.", None),
        ("The black or the brown ferry.", None),
    ],
)
def test_options_that_differ_by_a_word_are_known_by_it(
    text: str, expected: str | None
) -> None:
    """The rest of them is what is asked."""
    assert chosen(text, options=["A", "B", "C"], question=FERRY) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("calm\ntense\nneutral", None),
        ("I was torn between calm and tense, but tense it is.", "tense"),
        ("Not calm at all \u2014 tense!", "tense"),
        ("Calm or tense? Tense.", "tense"),
        ("Tense? Absolutely.", "tense"),
        ("Tense? Hardly.", None),
        ("more or less tense", "tense"),
        ("Some lines are calm, but mainly it is tense.", "tense"),
        ("The text is both brief and tense.", "tense"),
        ("It is both calm and tense.", None),
        ("calm. Sorry, I mean tense.", "tense"),
        ("neutral, since nobody can tell from the text", "neutral"),
    ],
)
def test_a_label_among_others(text: str, expected: str | None) -> None:
    """A list chooses none; what is asked, doubted or denied before is no rival."""
    assert labelled(text) == expected


def test_the_label_with_the_highest_score_is_meant() -> None:
    """Where a text is nothing but labels and how sure they are."""
    assert labelled("calm: 0.2, tense: 0.7, neutral: 0.1") == "tense"
    assert labelled("calm = 40%\ntense = 60%") == "tense"
    assert labelled("calm: 0.5, tense: 0.5") is None
    assert labelled("calm words: 3, tense words: 4") is None


def test_a_label_is_known_by_its_adjective() -> None:
    """Curious stands for curiosity, and surprised for surprise."""
    labels = ("curiosity", "surprise", "approval", "gratitude")

    read = [
        labelled(f"The writer is {word}.", *labels)
        for word in ("curious", "surprised", "approving", "grateful")
    ]

    assert read == list(labels)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kai - oboe, Lea - harp, Uwe - drum", "Lea"),
        ("Kai plays the oboe, Lea the harp.", "Lea"),
        ("Lea, because Kai plays the oboe and Uwe does not play the harp.", "Lea"),
        ("Harp: Lea. Oboe: Kai.", "Lea"),
        ("Kai is it not, and not Uwe, so Lea.", "Lea"),
        ("Lea is the answer; the others play the oboe and the drum.", "Lea"),
        ("Kai plays the oboe, Uwe the drum.", None),
        ("If it was not Uwe, it was Lea.", None),
        ("If it was not Uwe, it must have been Lea.", "Lea"),
    ],
)
def test_of_parts_side_by_side_the_one_that_is_asked_for_counts(
    text: str, expected: str | None
) -> None:
    """It has the words of what is asked, and none of the other facts."""
    question = (
        "Kai, Lea and Uwe play one instrument each: oboe, harp and drum. Kai plays the"
        " oboe. Uwe does not play the harp. Who plays the harp?"
    )
    assert named(text, question, "Lea", "Kai", "Uwe") == expected


def test_a_remark_in_brackets_is_no_second_answer() -> None:
    """The sentence before it stands for itself."""
    question = 'P is true and Q is false. Is the formula "P and not Q" true or false?'

    value = named("True. (P is true; Q is false.)", question, "true", "false")

    assert value == "true"
