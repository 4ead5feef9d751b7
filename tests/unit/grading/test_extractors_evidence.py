"""An explicit statement is the answer, whatever was thought aloud before it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.grading.extractors import EXTRACTORS, normalized, numbers_equal
from pytest_llmlat.values.entities import Sample, Task

LABELS = ("cheerful", "gloomy", "neutral")
NAMES = ("Ravi", "Ines", "Olga")
LETTERS = ("A", "B", "C", "D")
CASES = Path(__file__).parents[4] / "shared/cases/answers.jsonl"
STATEMENTS = (
    "Answer: {}",
    "**Answer:** {}",
    "**Final answer: {}**",
    "The answer is {}.",
    "So the final answer is **{}**.",
    "$\\boxed{{{}}}$",
    "#### {}",
    '{{"answer": "{}"}}',
    "<answer>{}</answer>",
    "Antwort: {}",
)
ANSWERS = {
    "number": ("7", "-12", "3/4", "2.5", "1,250"),
    "choice": LETTERS,
    "label": LABELS,
    "boolean": ("true", "false"),
    "answer": NAMES,
}


def extracted(
    kind: str, text: str, reference: str = "Ravi", **fields: object
) -> str | None:
    """Return what an extractor makes of a text."""
    task = Task(
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
        labels=LABELS,
    )
    if kind == "answer" and not fields:
        fields = {"options": list(NAMES)}
    sample = Sample(
        id="s1",
        difficulty=None,
        stratum="",
        fields=tuple(fields.items()),
        reference=reference,
    )
    return EXTRACTORS[kind](text, task, sample).value


def lines(kind: str) -> st.SearchStrategy[str]:
    """Draw a line of working that names possible answers of a kind."""
    one = st.sampled_from(ANSWERS[kind])
    shapes = (
        "First I look at {}.",
        "- {}: does this fit?",
        "Could it be {}?",
        "{} is named at the start.",
        "* **{}** comes up once.",
        "It is not {}.",
    )
    return st.builds(lambda shape, x: shape.format(x), st.sampled_from(shapes), one)


@pytest.mark.parametrize("kind", sorted(ANSWERS))
@given(data=st.data())
def test_an_explicit_statement_outweighs_the_working(
    kind: str, data: st.DataObject
) -> None:
    """One to five lines of working, then a statement: the statement is read."""
    working = data.draw(st.lists(lines(kind), min_size=1, max_size=5))
    right = data.draw(st.sampled_from(ANSWERS[kind]))
    shapes = [s for s in STATEMENTS if kind != "number" or "Antwort" not in s]
    statement = data.draw(st.sampled_from(shapes)).format(right)

    value = extracted(kind, "\n".join([*working, "", statement]))

    assert value is not None
    assert normalized(value) == normalized(right) or numbers_equal(value, right)


@pytest.mark.parametrize(
    "thought",
    [
        "<think>{}</think>\n\n",
        "<reasoning>{}</reasoning>\n",
        "[THINK]{}[/THINK]",
        "<|channel|>analysis<|message|>{}<|end|><|channel|>final<|message|>",
        "{}</think>\n",
    ],
)
@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_a_thought_is_never_read(kind: str, thought: str) -> None:
    """What is thought aloud is no answer, closed or cut off."""
    other, right = ANSWERS[kind][1], ANSWERS[kind][0]
    whole = thought.format(f"The answer is {other}.")

    value = extracted(kind, whole + right)

    assert value is not None
    assert normalized(value) == normalized(right)
    if not whole.startswith("The"):
        opened = thought.partition("{}")[0] + f"The answer is {other}. But"
        assert extracted(kind, opened) is None


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_what_runs_on_after_the_answer_is_not_read(kind: str) -> None:
    """A model that goes on with a question of its own has answered before."""
    right, other = ANSWERS[kind][:2]
    value = extracted(kind, f"Answer: {right}\n\nQuestion: And now?\nAnswer: {other}")

    assert value is not None
    assert normalized(value) == normalized(right)


@pytest.mark.parametrize("kind", sorted(ANSWERS))
@pytest.mark.parametrize(
    "shape", ["Answer: {} or {}", "The answer is either {} or {}."]
)
def test_two_answers_are_none(kind: str, shape: str) -> None:
    """Who gives two answers has not decided."""
    assert extracted(kind, shape.format(*ANSWERS[kind][:2])) is None


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("choice", "A) 3\nB) 5\nC) 8\nD) 9", None),
        ("choice", "A) 3\nB) 5", None),
        ("choice", "Answer: C\n\nA is too small, and B would be too large.", "C"),
        ("choice", "Therefore, D is correct.", "D"),
        ("choice", "Sure! C", "C"),
        ("choice", "It's C.", "C"),
        ("choice", "(A) False\n(B) False\n(C) True\n(D) False", "C"),
        ("choice", "(C)? No.", None),
        ("choice", "Die Antwort ist nicht C.", None),
        ("choice", "\u6b63\u786e\u7b54\u6848\u662fC\u3002", "C"),
        ("choice", "La r\u00e9ponse est D.", "D"),
        ("label", "The mood is anything but cheerful.", None),
        ("label", "Cheerful? No. Gloomy.", "gloomy"),
        ("label", "It may be gloomy.", None),
        ("boolean", "Yes and no.", None),
        ("boolean", "It might be true.", None),
        ("boolean", "(not true) = false", "false"),
        ("answer", "Sure! Ines (she wore the hat).", "Ines"),
        ("answer", "Neither Ravi nor Olga was there, so it must be Ines.", "Ines"),
        ("number", "\\boxed{-\\frac{2}{5}}", "-2/5"),
        ("number", "\\boxed{\\frac12}", "1/2"),
        ("number", "\\boxed{30^\\circ}", "30"),
        ("number", "Answer: 12,\\!500", "12500"),
        ("number", "Answer: 3 450", "3450"),
        ("number", "Answer: 4'200", "4200"),
        ("number", "Answer: $9k", "9000"),
        ("number", "Answer: 2.5M", "2500000"),
        ("number", "\u0663\u066b\u0665", "3.5"),
        ("number", "Answer: 2 * 4 = 8, 20 - 8 = 12", "12"),
        ("number", "They pay **$64** for tickets that cost $80.", "64"),
        ("number", "4 from the barn and 8 from the shed, 12 in all.", "12"),
        ("number", "It is certainly not 12.", None),
        ("number", "Is it 12? I do not know.", None),
        ("number", "Answer: 12 to 14", None),
    ],
)
def test_an_answer_is_what_a_reader_takes_it_for(
    kind: str, text: str, expected: str | None
) -> None:
    """Denied, doubted and corrected answers are read as people read them."""
    assert extracted(kind, text) == expected


def test_the_text_of_an_option_stands_for_its_letter() -> None:
    """Who names an option's text without its letter has chosen it."""
    options = ["Lisbon", "Oslo", "Quito"]

    assert extracted("choice", "It is Oslo.", options=options) == "B"


@pytest.mark.skipif(not CASES.exists(), reason="the collected answers are not here")
def test_collected_answers_are_graded_as_careful_reading_grades_them() -> None:
    """At most one in fifty answers in models' styles is misjudged, each way."""
    wrong = {True: 0, False: 0}
    total = {True: 0, False: 0}
    for line in CASES.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if case["kind"] == "code" or "labels" in case:
            continue
        fields = {"options": case.get("options")}
        reference = case["reference"]
        value = extracted(case["kind"], case["answer"], reference, **fields)
        right = value is not None and (
            normalized(value) == normalized(reference)
            or numbers_equal(value, reference)
        )
        total[case["right"]] += 1
        wrong[case["right"]] += right != case["right"]

    assert wrong[True] <= total[True] / 50
    assert wrong[False] <= total[False] / 50
