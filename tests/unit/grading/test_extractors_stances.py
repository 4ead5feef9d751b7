"""What an answer asserts, denies, leaves open, corrects or only says on the way."""

from __future__ import annotations

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.grade import grade
from pytest_llmlat.values.entities import Sample, Task

MOODS = ("cheerful", "gloomy")
FEELINGS = ("sadness", "anger", "joy", "calm")
NAMES = ("Ravi", "Ines", "Olga")
PRICES = ("A)10", "B)12.5", "C)15", "D)17.5")
TOWNS = ("A) Lisbon", "B) Oslo", "C) Quito")
QUESTION = (
    "Ravi, Ines and Olga each keep one animal: a cat, a dog and a hen. Ines keeps the"
    " cat. Ravi does not keep the dog. Who keeps the dog?"
)


def a_task(kind: str, labels: tuple[str, ...] = (), language: str = "") -> Task:
    """Return a task that has an extractor and labels."""
    return Task(
        name="reasoning/logic",
        family="reasoning",
        title="",
        source="",
        chat_prompt="",
        completion_prompt="",
        extractor=kind,
        metric="accuracy",
        max_new_tokens=64,
        budget_s=1.0,
        labels=labels,
        options=(("language", language),) if language else (),
    )


def a_row(reference: str = "Olga", **fields: object) -> Sample:
    """Return a row with its right answer."""
    return Sample(
        id="s1",
        difficulty=None,
        stratum="",
        fields=tuple(fields.items()),
        reference=reference,
    )


def read(kind: str, text: str, *among: str, language: str = "") -> str | None:
    """Return what is read of a text; ``among`` are labels or options."""
    if kind == "label":
        return EXTRACTORS[kind](text, a_task(kind, among, language), a_row()).value
    row = a_row(options=list(among)) if among else a_row()
    return EXTRACTORS[kind](text, a_task(kind, (), language), row).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Final Answer\n\n41 jars\n\nTwo more would be 43.", "41"),
        ('{"final_answer": "41", "steps": 3}', "41"),
        ('{"steps": 3, "total": 9, "answer": 41}', "41"),
        ("41 jars\n\n- 8 shelves\n- 5 on each\n- 1 more", "41"),
        ("Answer: 41\n\nLet me double-check: 8 times 5 is 40, and one more.", "41"),
        ("Answer: 40. Wait, there is one more. 40 + 1 = 41", "41"),
        ("I think it is 40... no, I forgot one. It is 41.", "41"),
        ("There are 41 jars left after 4 of the 45 are sold.", "41"),
        ("41 jars remain (45 - 4 = 41).", "41"),
        ("41 jars are full, because 4 of the 45 leak.", "41"),
        ("That makes 41 in all: 30 large ones and 11 small ones.", "41"),
        ("Each child gets 6 of the 41 sweets.", "6"),
        ("Answer: negative 41", "-41"),
        ("Answer: $\\frac{9}{2}$ or 4.5", "9/2"),
        ("Answer: 41 dollars and 0 cents", "41"),
        ("41 jars (45 - 4)", "41"),
        ("We subtract 4 from 45 and get 41.", "41"),
        ("He fills 41 jars, which is 5 jars per day.", "41"),
        ("Shelves: 8\nJars: 41\n\n=> 41", "41"),
        ("<final>41</final>", "41"),
        ("I'm guessing 40 or 41.", None),
        ("The answer is 40, or possibly 41.", None),
        ("Answer: more than 41", None),
        ("Answer: 41 or more", None),
        ("Answer: (41, 43)", None),
        ("Answer: 41 and 43", None),
        ("Answer: x = 41 or x = -41", None),
        ("Answer: \u00b141", None),
        ("Answer: x > 41", None),
        ("Answer: 41\u03c0", None),
        ("Answer: 41\u221a2", None),
        ("Answer: 41x", None),
        ("Answer: 4 hours and 10 minutes", None),
        ("It takes 4 hours and 10 minutes.", None),
        ("The answer is 41 if the shop is open, otherwise 40.", None),
        ("The answer is unknown, as only the 41 jars are given.", None),
        ("I don't know how to do this. The prices were 4 and 41.", None),
        ("We do not have enough information. There are 41 jars.", None),
        ("It is neither 40 nor 41.", None),
        ("Some people get 41, but their answer is wrong.", None),
        ("It is 41. That is wrong.", None),
        ("Is it 41?", None),
        ("Between 40 and 41.", None),
        ("Question 4: a shop sells jars.", None),
        ("Five times eight is forty.", "40"),
    ],
)
def test_a_number_is_what_a_reader_takes_it_for(
    text: str, expected: str | None
) -> None:
    """The amount that is stated; doubts, bounds, pairs and formulas are unread."""
    assert read("number", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.5", "B"),
        ("The price is 12.5.", "B"),
        ("Half of 25 is 12.5, which is option B.", "B"),
        ("Let B be the number of boys. B = 12 + 3.", None),
        ("Let C = 5 be the cost. The answer is D.", "D"),
        ("Option A: incorrect - too low.\nOption B: correct.\nOption C: no.", "B"),
        ("A. No\nB. No\nC. Yes", "C"),
        ("A. Yes\nB. Yes\nC. No", None),
        ("Statement (A) is far off, which is false. Statement (B) holds.", "B"),
        ("Not A, C or D. B it is.", "B"),
        ("C is a trap. So D.", "D"),
        ("(B) can't be right because 12.5 is too low.", None),
        ("Option B can be ruled out.", None),
        ("All but B.", None),
        ("Most people would pick B. They would be wrong.", None),
        ("B seems unlikely, so C.", "C"),
        ("I'm torn between B and C.", None),
        ("Answer: None of the above. B is close.", None),
        ("The answer is B if it rains, otherwise C.", None),
        ('{"answer": "C", "second_choice": "B"}', "C"),
        ("B\u662f\u6b63\u786e\u7b54\u6848\u3002", "B"),
        ("\u4e0d\u9009B\uff0c\u9009C\u3002", "C"),
        ("Train B is faster.", None),
    ],
)
def test_a_choice_is_what_a_reader_takes_it_for(
    text: str, expected: str | None
) -> None:
    """A letter or an option's number; variables and names are no letters."""
    assert read("choice", text, *PRICES) == expected


def test_the_text_of_an_option_is_looked_for_in_the_question() -> None:
    """Where the options of a row are only letters."""
    question = "Which holds?\nOptions:\n(A) The jug is full\n(B) The jug is empty"
    row = a_row("B", options=["A", "B"], question=question)

    found = EXTRACTORS["choice"]("The jug is empty.", a_task("choice"), row)

    assert found.value == "B"
    assert read("choice", "Oslo, not Quito.", *TOWNS) == "B"
    assert read("choice", "Oslo or Quito.", *TOWNS) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Of sadness, anger, joy and calm, joy fits best.", "joy"),
        ("The writer feels anger, mixed with a bit of sadness.", "anger"),
        ("The speaker sounds sad.", "sadness"),
        ("The writer is angry.", "anger"),
        ("The mood would be joy.", "joy"),
        ("No sadness here, only joy.", "joy"),
        ("It would be joy if the last line were different.", None),
        ("A joy would not feel like that.", None),
        ("It's not so much anger as sadness.", None),
        ("Joy is absent.", None),
        ("He lost all joy.", None),
        ("He hides his joy behind tears. Sadness.", "sadness"),
        ("The beginning is joy. The end is anger.", None),
        ("Although it starts with joy, it is about anger.", "anger"),
        ("Joy if the tone is meant.", None),
        ("It stops being joy.", None),
        ("The opposite of joy.", None),
        ("I am not able to say that this is joy.", None),
        ("The writer claims to feel joy.", None),
        ("Joy and anger in equal measure.", None),
        ("The writer is not angry.", None),
        ("As a program, I have no feelings, joy or otherwise.", None),
    ],
)
def test_a_label_is_what_a_reader_takes_it_for(text: str, expected: str | None) -> None:
    """Lists of all labels and remarks are passed over; doubt and denial are seen."""
    assert read("label", text, *FEELINGS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("True and False evaluates to False.", "false"),
        ("First, (True or False) is True. Finally, False and True is False.", "false"),
        ("Let's see. B is true. not C is false. So B and not C is false.", "false"),
        (" True\n\nExpression: not True is\nValue: False", "true"),
        ("If A is true, then the formula is true; otherwise it is false.", None),
        ("It's not clear if it is true.", None),
        ("The opposite is true.", None),
        ("It's not the case that it is false.", "true"),
        ("No it isn't.", "false"),
        ("This is true if A is true.", None),
        ("L'expression est vraie.", "true"),
        ("\u8be5\u8868\u8fbe\u5f0f\u7684\u503c\u4e3a\u5047\u3002", "false"),
    ],
)
def test_a_truth_value_is_what_a_reader_takes_it_for(
    text: str, expected: str | None
) -> None:
    """The last step of an evaluation counts, not the first."""
    assert read("boolean", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ines keeps the cat. So Ravi keeps the hen, and Olga keeps the dog.", "Olga"),
        ("Ines keeps the cat. Olga keeps the dog.", "Olga"),
        ("Ines keeps the cat, so Olga keeps the dog.", "Olga"),
        ("Olga keeps the hen.", None),
        ("Olga does.", "Olga"),
        ("By elimination, it's Olga.", "Olga"),
        ("The only one who could keep the dog is Olga.", "Olga"),
        ("1. Ravi\n2. Ines\n3. Olga\n\nOlga keeps the dog.", "Olga"),
        ("Let us assume that Olga keeps the dog.", None),
        ("Anyone but Olga.", None),
        ("Ravi: hen, Ines: cat, so Olga keeps the dog.", "Olga"),
        ("Cat: Ines\n\nLast one: Olga", "Olga"),
        ("Ravi, Ines, Olga. So the one who keeps the dog is Olga.", "Olga"),
        ("Olga keeps the dog, after Ravi and Ines.", "Olga"),
    ],
)
def test_a_step_on_the_way_is_no_answer(text: str, expected: str | None) -> None:
    """A sentence about another fact of the question does not answer it."""
    row = a_row(options=list(NAMES), question=QUESTION)

    assert EXTRACTORS["answer"](text, a_task("answer"), row).value == expected


def test_a_name_is_known_by_its_capital() -> None:
    """May is not "may", unless everything is written small."""
    names = ("Kit", "Lou", "May")

    assert read("answer", "Lou may be lying; it was Kit.", *names) == "Kit"
    assert read("answer", "Kit may have lied, so the thief is May.", *names) == "May"
    assert read("answer", "may", *names) == "May"


def test_words_of_another_language_are_read_where_the_task_says_so() -> None:
    """German "also" concludes; English "also" does not."""
    assert read("label", "Eine positive Kritik.", "positiv", language="de") == "positiv"
    assert read("label", "Eine positive Kritik.", "positiv") is None
    german = "Der Ton ist gut, falls man ihn mag. Also positiv."
    assert read("label", german, "positiv", "negativ", language="de") == "positiv"
    english = "It falls under cheerful."
    assert read("label", english, *MOODS) == "cheerful"


@pytest.mark.parametrize(
    ("kind", "text", "right"),
    [
        ("label", "I would say this customer is cheerful.", True),
        ("label", "The text is cheerful because the", True),
        ("label", "The mood of this text is cheerful, despite some", True),
        ("label", "Cheerful. The writer likes the", True),
        ("label", "The text mentions a cheerful waiter, but it", False),
        ("answer", "Olga\n\nInes keeps the cat, so she", True),
        ("answer", "The answer is Olga. Ines keeps", True),
        ("answer", "Let's start with **Olga**. She keeps", False),
        ("answer", "Olga: she may keep the", False),
        ("answer", "Olga keeps the hen because", False),
        ("choice", "Let's check **(B)** first: the cup is", False),
        ("choice", "Compare with option B first and then", False),
        ("choice", "Answer: B, since the other options are", True),
        ("boolean", "The inner part is **True**. Now the", False),
        ("boolean", "The left side is True. The right side is", False),
        ("number", "There are **41** jars before the first", False),
        ("number", "Answer: 41\n\nQuestion: What is", True),
    ],
)
def test_a_cut_answer_counts_only_where_it_was_stated(
    kind: str, text: str, *, right: bool
) -> None:
    """What was bold or named on the way is no answer of a text without an end."""
    references = {"label": "cheerful", "choice": "B", "boolean": "true"}
    reference = references.get(kind, "Olga" if kind == "answer" else "41")
    named = kind == "answer"
    row = a_row(reference, options=list(NAMES)) if named else a_row(reference)

    _, found = grade(text, a_task(kind, MOODS), row, None, truncated=True)

    assert found.correct is right


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "A) Red paint - no, it is dry.\nB) Blue paint - correct.\nC) Tar - wrong.",
            "B",
        ),
        ("A. Red paint: incorrect\nB. Blue paint: incorrect\nC. Tar: correct", "C"),
        ("B. Actually no, C.", "C"),
        ("Likely B, though C could be the better answer.", None),
        ("B, though C is often named.", "B"),
        ("B) Blue paint. Many people think it is Tar (C), but it dries.", "B"),
    ],
)
def test_verdicts_and_rivals_of_options_are_read(
    text: str, expected: str | None
) -> None:
    """A verdict behind an option's text counts, and a rival leaves the choice open."""
    row = a_row("B", options=["Red paint", "Blue paint", "Tar"])

    assert EXTRACTORS["choice"](text, a_task("choice"), row).value == expected


def test_a_letter_at_the_very_end_of_a_cut_text_was_not_chosen() -> None:
    """Without a mark behind it, the word that leads a last sentence may go on."""
    row = a_row("B", options=["A", "B", "C"])

    found = EXTRACTORS["choice"]("Let's see the options. B", a_task("choice"), row)

    assert not found.explicit
