"""Labels, choices, truth values and texts are read as people would read them."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.values.entities import Sample, Task
from pytest_llmlat.values.records import Extraction

POLARITY = ("positive", "negative", "neutral")


def a_task(*labels: str) -> Task:
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


def a_sample(reference: str = "", **fields: object) -> Sample:
    """Return a sample of one reference and some columns."""
    return Sample(
        id="s1",
        difficulty=None,
        stratum="",
        fields=tuple(fields.items()),
        reference=reference,
    )


def value(name: str, text: str, *labels: str, **fields: object) -> str | None:
    """Return what one extractor makes of a text."""
    reference = str(fields.pop("reference", ""))
    sample = a_sample(reference, **fields)
    return EXTRACTORS[name](text, a_task(*labels), sample).value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("positive", "positive"),
        ("Positive.", "positive"),
        ("  **Positive.**  ", "positive"),
        ("Label: positive", "positive"),
        ("**Label:** Positive", "positive"),
        ("positive!", "positive"),
        ('"Negative"', "negative"),
        ("\u201cNegative\u201d", "negative"),
        ("- negative", "negative"),
        ("# Neutral\n\nThe text states facts.", "neutral"),
        ("`neutral`", "neutral"),
        ("_Positive_", "positive"),
        ("The sentiment is Positive.", "positive"),
        ("The sentiment of this movie review is clearly **negative**.", "negative"),
        ("I think it's negative", "negative"),
        ("I would classify this review as positive.", "positive"),
        ("It is a negative review", "negative"),
        ("POSITIVE\n\nExplanation: it forgives the negative aspects", "positive"),
        ("Positive, although there are negative aspects", "positive"),
        ("Positive (because the negative remark is a joke)", "positive"),
        ("positive\n\nReview: It was dull.\nSentiment: negative", "positive"),
        ("Sure! The sentiment is negative.", "negative"),
        ("Here is my answer:\n\n**Negative**", "negative"),
        ("Sure, I can help with that!\n\nSentiment: Neutral", "neutral"),
        ("Between positive and negative, the answer is negative.", "negative"),
        ("There is positive and negative in it.\n\nFinal answer: negative", "negative"),
        (
            (
                "The food was negative at first, as the writer tells us in so many of"
                " the words that open the text.\n\nAnswer: positive"
            ),
            "positive",
        ),
        ("Both positive and negative.\nAnswer: positive\nAnswer: negative", "negative"),
        ("Positive, negative?\nSentiment: neutral\nFinal answer: positive", "positive"),
        ("Positive and negative both occur.\n\nNegative", "negative"),
        ("more negative than positive", "negative"),
        ("positive, not negative", "positive"),
        ("The sentiment is not positive but negative.", "negative"),
        ("\\boxed{\\text{positive}}", "positive"),
        ("<answer>negative</answer>", "negative"),
        ("<think>negative? no.</think>\n\npositive", "positive"),
        ("<Reflection>negative? no.</Reflection>positive", "positive"),
        ("<seed:think>negative? no.</seed:think>positive", "positive"),
        ("not positive", None),
        ("The review isn't positive.", None),
        ("I do not think that it is negative.", None),
        ("non-positive", None),
        ("neither positive nor negative", "neutral"),
        ("positive or negative", None),
        ("positive/negative", None),
        ("Sentiment: positive, negative", None),
        ("Both positive and negative aspects", None),
        ("Label: not positive", None),
        ("positively glowing", None),
        ("unpositive", None),
        ("mixed", None),
        ("The reviewer liked the acting.", None),
        ("<think>positive, I would say", None),
        ("", None),
        (" \n ", None),
    ],
)
def test_a_label_is_read_where_it_is_the_answer(
    text: str, expected: str | None
) -> None:
    """One clear label is the answer; negated or competing labels are unparsed."""
    assert value("label", text, *POLARITY) == expected


@pytest.mark.parametrize(
    ("labels", "text", "expected"),
    [
        (("positive", "very positive"), "Very positive!", "very positive"),
        (("very_positive", "positive"), "very positive", "very_positive"),
        (("entailment", "not_entailment"), "not_entailment", "not_entailment"),
        (("entailment", "not_entailment"), "Not entailment.", "not_entailment"),
        (("Sci/Tech", "World"), "sci/tech", "Sci/Tech"),
        (("STRASSE", "PLATZ"), "Stra\u00dfe", "STRASSE"),
        (("caf\u00e9", "bar"), "Cafe\u0301!", "caf\u00e9"),
        (("\u03c3\u03c9\u03c3", "\u03bb"), "\u03a3\u03a9\u03a3", "\u03c3\u03c9\u03c3"),
        (("0", "1"), "1", "1"),
        (("0", "1"), "10", None),
        (("yes", "no", "maybe"), "No.", "no"),
        (("yes", "no", "maybe"), "There is no way to tell.", None),
        (("c++", "c"), "C++", "c++"),
        ((), "positive", None),
        (("",), "anything", None),
    ],
)
def test_labels_are_matched_whole_and_without_case(
    labels: tuple[str, ...], text: str, expected: str | None
) -> None:
    """The longest label wins, and it comes back spelled as the task spells it."""
    assert value("label", text, *labels) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(B)", "B"),
        ("B", "B"),
        ("b", "B"),
        ("B.", "B"),
        ("**B)**", "B"),
        ("**B)** Paris", "B"),
        ("B) Paris", "B"),
        ("A. Rome\n", "A"),
        ("Answer: (b)", "B"),
        ("Answer: B", "B"),
        ("The correct answer is D.", "D"),
        ("The answer is (C) because (A) is wrong", "C"),
        ("The answer is A because it fits", "A"),
        ("The correct option is **C**", "C"),
        ("Option B", "B"),
        ("I choose (D), since the others fail.", "D"),
        ("I would go with option E.", "E"),
        ("(A) is too small.\nSo the answer is (B).", "B"),
        ("Option A is wrong. Option B is right.", "B"),
        ("A) does not fit. It has to be (B).", "B"),
        ("The answer is (B). Option C is wrong.", "B"),
        ("First, the answer is (A). No wait: the answer is (C).", "C"),
        ("$\\boxed{B}$", "B"),
        ("The answer is \\boxed{\\text{C}}.", "C"),
        ("<answer>d</answer>", "D"),
        ("B because the rest is nonsense", "B"),
        ("Looking at them all, (F) remains.", "F"),
        ("A dog has four legs", None),
        ("The answer is a dog", None),
        ("Answer: A dog barks", None),
        ("I think that it depends", None),
        ("(G)", None),
        ("Either (A) or (B)", None),
        ("The answer is not (B)", None),
        ("Because", None),
        ("", None),
    ],
)
def test_a_choice_is_a_letter_that_is_chosen(text: str, expected: str | None) -> None:
    """Letters A to F count when they are chosen; the article "A" never does."""
    assert value("choice", text) == expected


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        (["Rome", "Paris"], "B", "B"),
        (["Rome", "Paris"], "C", None),
        (["A", "B", "C", "D", "E", "F", "G"], "(G)", "G"),
        (["Rome"] * 9, "I think the answer is (B)", "B"),
        (["Rome"] * 9, "I think so", None),
        (["Rome"] * 9, "(I)", "I"),
        ({"P": "one", "Q": "two"}, "Answer: Q", "Q"),
        (["X", "X", "Y"], "C", "C"),
        ([], "A", None),
        ("AB", "C", "C"),
    ],
)
def test_the_options_of_a_row_say_which_letters_there_are(
    options: object, text: str, expected: str | None
) -> None:
    """A letter beyond the row's options is no choice."""
    assert value("choice", text, options=options) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("True", "true"),
        ("**True**", "true"),
        ("yes", "true"),
        ("Yes, because it is even.", "true"),
        ("Yes it is", "true"),
        ("No.", "false"),
        ("No, that is not true.", "false"),
        ("no", "false"),
        ("the answer is False", "false"),
        ("The statement is true.", "true"),
        ("Answer: No", "false"),
        ("It is false that 7 is even.", "false"),
        ("First, 38 is even. Second, 29 is not 28.\nAnswer: false", "false"),
        ("\\boxed{\\text{False}}", "false"),
        ("true or false", None),
        ("True/False", None),
        ("There is no doubt", None),
        ("The statement is not true.", "false"),
        ("It depends.", None),
        ("", None),
    ],
)
def test_yes_and_no_are_truth_values(text: str, expected: str | None) -> None:
    """Yes is true and no is false, where they answer and not where they qualify."""
    assert value("boolean", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat sleeps.", "The cat sleeps."),
        ("  The cat sleeps.\n", "The cat sleeps."),
        ("Summary: The cat sleeps.", "The cat sleeps."),
        ("**Summary:** The cat sleeps.", "The cat sleeps."),
        ("**Summary**: The cat sleeps.", "The cat sleeps."),
        ("## Summary\n\nThe cat sleeps.", "The cat sleeps."),
        ("TL;DR: The cat sleeps.", "The cat sleeps."),
        ("Here is a short summary of the article:\n\nIt rains.", "It rains."),
        ("Here's the summary: It rains.", "It rains."),
        ("Sure! Here is the translation:\n\n\u201eEs regnet.\u201c", "Es regnet."),
        ("Translation: Es regnet.", "Es regnet."),
        ("German: Es regnet.", "Es regnet."),
        ("German translation: Es regnet.", "Es regnet."),
        ("The German translation of the sentence is: Es regnet.", "Es regnet."),
        ('Translation:\n\n"Es regnet."', "Es regnet."),
        ("\u00ab Il pleut. \u00bb", "Il pleut."),
        ("'Il pleut.'", "Il pleut."),
        ("**Il pleut.**", "Il pleut."),
        ('"**Il pleut.**"', "Il pleut."),
        ("```\nIl pleut.\n```", "Il pleut."),
        ('"No," he said, "never."', '"No," he said, "never."'),
        ("One.\n\nTwo  three.", "One.\n\nTwo  three."),
        ("It is late: we leave.", "It is late: we leave."),
        ("Here is where it began: Rome.", "Here is where it began: Rome."),
        ("The summary was long.", "The summary was long."),
        ("Two rules: summary first.", "Two rules: summary first."),
        ('""', '""'),
        ("", None),
        ("\n\t ", None),
        ("Summary:", None),
    ],
)
def test_a_text_loses_its_wrapping_and_nothing_else(
    text: str, expected: str | None
) -> None:
    """A preamble and outer quotation marks go; the inside stays as it is."""
    assert value("text", text) == expected


@pytest.mark.parametrize(
    ("reference", "fields", "text", "expected"),
    [
        ("18", {}, "She has 18 eggs.", "18"),
        ("3/4", {}, "The answer is 3/4", "3/4"),
        ("B", {}, "The answer is (B).", "B"),
        ("true", {}, "Yes, it is.", "true"),
        ("no", {}, "False", "false"),
        ("false", {"options": ["true", "false"]}, "No.", "false"),
        ("Anna", {}, "Anna.", "Anna"),
        ("Anna", {}, "The tallest is Anna", "Anna"),
        ("Anna", {}, "Answer: **Anna**", "Anna"),
        ("Anna", {}, "The answer is Ben. No, the answer is Anna.", "Anna"),
        ("Anna", {}, "Ben is small and Anna is tall", None),
        ("no", {"options": ["yes", "no", "maybe"]}, "No.", "no"),
        ("Anna", {}, "Ben is small. So the answer is Anna.", "Anna"),
        ("Anna", {}, "Because Ben, who runs, cannot have been there before", None),
        ("Anna", {"options": ["Anna", "Ben"]}, "ANNA is the tallest.", "Anna"),
        ("Anna", {"options": ["Anna", "Ben"]}, "The tallest is Anna.", "Anna"),
        ("Anna", {"options": ["Anna", "Ben"]}, "Anna is taller than Ben.", "Anna"),
        ("Anna", {"options": ["Anna", "Ben"]}, "Ben or Anna", None),
        ("Anna", {"options": ["Anna", "Ben"]}, "Not Ben.", None),
        ("Anna", {"options": ["Anna", "Ben"]}, "Carl", None),
        (
            "Leila",
            {"options": ["Dario", "Leila"], "kind": "ordering"},
            "Leila",
            "Leila",
        ),
        (
            "Ben",
            {"options": ["Anna", "Ben"]},
            (
                "If Anna is shorter than Ben, then Ben is the tallest."
                " I have looked at it twice.\n\nAnswer: Ben"
            ),
            "Ben",
        ),
        ("7", {"kind": "boolean"}, "yes", "true"),
        ("7", {"kind": "choice"}, "(C)", "C"),
        ("Tove", {"kind": "number"}, "It is 7", "7"),
    ],
)
def test_an_answer_is_read_as_the_row_wants_it(
    reference: str, fields: dict[str, object], text: str, expected: str | None
) -> None:
    """``kind`` says what an answer is; without it, the reference's shape does."""
    assert value("answer", text, reference=reference, **fields) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, but I can\u2019t assist with that request.",
        "I am sorry, but I cannot provide a summary of this text.",
        "As an AI language model, I cannot have opinions on films.",
        "I cannot fulfill this request.",
        "Unfortunately, I am unable to translate this text.",
        "I apologize, but I won't be able to help you.",
    ],
)
@pytest.mark.parametrize("name", ["text", "label", "number", "choice", "code"])
def test_a_refusal_is_marked_and_has_no_value(name: str, text: str) -> None:
    """Declining is no answer, and the report can tell it from a wrong one."""
    extraction = EXTRACTORS[name](text, a_task(*POLARITY), a_sample(entry_point="f"))

    assert extraction == Extraction(value=None, refused=True)


def test_a_refusal_that_answers_all_the_same_keeps_its_answer() -> None:
    """A hedge before an explicit answer does not make the answer void."""
    text = "As an AI language model, I cannot have feelings.\n\nSentiment: positive"

    extraction = EXTRACTORS["label"](text, a_task(*POLARITY), a_sample())

    assert extraction == Extraction(value="positive", explicit=True, refused=True)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("I'm sorry, but I can't come tonight.", "Sorry, I cannot come tonight."),
        ("I can't help you with this.", "I cannot assist you with that."),
        ("I can't write today.", "Writing is beyond me today."),
        ("I won't provide for him any longer.", "I shall not keep him."),
        ("I cannot help it, she wrote.", "I can't help it, she wrote."),
        ("He said that as an AI it worked well.", "It worked well."),
        ("Sorry about the delay.", "Apologies for the delay."),
    ],
)
def test_somebody_who_is_sorry_in_a_text_refuses_nothing(
    text: str, reference: str
) -> None:
    """A right translation may speak of what somebody cannot do."""
    extraction = EXTRACTORS["text"](text, a_task(), a_sample(reference))

    assert extraction == Extraction(value=text, refused=False)
