"""Rules of going on: the same for what is stored and for what just came."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_llmlat.store.json_lines import json_object
from pytest_llmlat.store.record_lines import record_of
from pytest_llmlat.values.answer_signals import signals_of_answer, signals_of_record
from pytest_llmlat.values.answered_record import with_response
from pytest_llmlat.values.going_on import GoOn, StepTaken, agreed, prompt_features
from pytest_llmlat.values.records import Extraction, Generation, Response
from tests.unit.builders import COUNTED_BY, a_record, a_timing


def an_answer(text: str, finish: str = "stop") -> Generation:
    """Return an answer of five tokens."""
    return Generation(
        text=text,
        finish=finish,  # type: ignore[arg-type] # one of the words
        prompt_tokens=3,
        output_tokens=5,
        token_source=COUNTED_BY,
    )


@pytest.mark.parametrize(
    ("text", "finish", "read"),
    [
        ("4", "stop", Extraction(value="4")),
        ("well", "stop", Extraction(value=None)),
        ("I cannot", "stop", Extraction(value=None, refused=True)),
        ("so far", "length", Extraction(value=None)),
        ("  ", "stop", Extraction(value=None)),
        ("", "context", None),
    ],
)
def test_signals_of_an_answer_are_those_of_its_record(
    text: str, finish: str, read: Extraction | None
) -> None:
    """Else a cascade would do another thing than was predicted of it."""
    generation = an_answer(text, finish)
    response = Response(generation=generation, timing=a_timing(1.0), error=None)
    value = None if read is None else read.value
    record = replace(
        with_response(a_record(), response),
        extracted=value,
        # As measuring grades it.
        unparsed=finish != "context" and value is None,
        refused=bool(read and read.refused),
    )

    assert signals_of_answer(generation, read) == signals_of_record(record)


def test_most_agree_with_the_first_of_a_tie() -> None:
    """What cannot be read has no voice, and counts among all."""
    assert agreed(["a", "b", "b"]) == (1, 2 / 3)
    assert agreed(["a", "b"]) == (0, 1 / 2)
    assert agreed([None, "b", None, None]) == (1, 1 / 4)
    assert agreed([None, None]) == (0, 0.0)


def test_a_question_has_its_features() -> None:
    """Digits of any script; marks that prose has few of."""
    found = prompt_features("f(x) = 12;", "reasoning")

    assert (found.characters, found.digits, found.code_marks) == (10, 2, 4)


def test_a_rule_tells_what_it_holds() -> None:
    """As a catalogue says it, without what is as by default."""
    rule = GoOn(unparsed=True, longer_than=0, families=("a",))

    assert rule.conditions == {"families": ("a",), "unparsed": True, "longer_than": 0}
    assert rule.looks_at_answers
    assert not GoOn(families=("a",)).looks_at_answers


STEPS = (
    StepTaken(model="small", seconds=0.5, output_tokens=None, went_on="cut"),
    StepTaken(model="large", seconds=2.0, output_tokens=7, went_on=None),
)


def test_a_record_keeps_its_steps() -> None:
    """They are read back as they were written."""
    record = replace(a_record(), steps=STEPS)

    assert record_of(json.loads(json.dumps(json_object(record)))) == record


@pytest.mark.parametrize(
    "step",
    [
        {"model": 1, "seconds": 0.5, "output_tokens": 1, "went_on": None},
        {"model": "a", "seconds": -1.0, "output_tokens": 1, "went_on": None},
        {"model": "a", "seconds": 1e300, "output_tokens": 1, "went_on": None},
        {"model": "a", "seconds": 1.0, "output_tokens": -1, "went_on": None},
        {"model": "a", "seconds": 1.0, "output_tokens": True, "went_on": None},
        {"model": "a", "seconds": 1.0, "output_tokens": 1, "went_on": 4},
        {"model": "a"},
        "a",
        None,
    ],
)
def test_steps_that_are_none_are_refused(step: object) -> None:
    """A line may have been edited."""
    content = {**json_object(a_record()), "steps": [step]}

    with pytest.raises(ValueError, match=r"no record|not what it should be"):
        record_of(content)
