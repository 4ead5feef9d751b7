"""Stored times in the time of this machine, by what a yardstick took here and there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.gate.yardsticks import cost, rescaled
from pytest_llmlat.values.cell_facts import YARDSTICK
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record

COUNT = 8


def answers(
    model: str, *seconds: float, tokens: int = 4, count: int = COUNT
) -> list[Record]:
    """Return answers of a model; times are gone round."""
    return [
        replace(
            a_record(
                f"s{number}",
                cell=a_cell(model),
                timing=a_timing(seconds[number % len(seconds)]),
            ),
            output_tokens=tokens,
        )
        for number in range(count)
    ]


def test_a_slower_machine_stretches_what_is_stored() -> None:
    """By the factor of the yardstick, first token and all."""
    stored = answers("parrot", 2.0)

    found = rescaled(stored, there=answers("yard", 1.0), here=answers("yard", 1.3))

    assert found is not None
    assert found.slower == pytest.approx(1.3)
    for then, now in zip(stored, found.records, strict=True):
        assert then.timing is not None
        assert now.timing is not None
        assert now.timing.e2e_s == pytest.approx(1.3 * then.timing.e2e_s)
        assert now.timing.ttft_s == pytest.approx(1.3 * (then.timing.ttft_s or 0))
        assert replace(now, timing=None) == replace(then, timing=None)


def test_each_sample_has_a_factor_of_its_own() -> None:
    """What disturbed one of them disturbed its yardstick too."""
    found = rescaled(
        answers("parrot", 2.0),
        there=answers("yard", 1.0),
        here=answers("yard", 1.0, 3.0),
    )

    assert found is not None
    times = [r.timing.e2e_s for r in found.records if r.timing]
    assert times == pytest.approx([2.0, 6.0] * (COUNT // 2))


def test_an_answer_of_another_length_is_no_measure() -> None:
    """It is other work; such a sample gets the mean of the others."""
    here = answers("yard", 1.5)
    here[0] = replace(here[0], output_tokens=9, timing=a_timing(40.0))

    found = rescaled(answers("parrot", 2.0), there=answers("yard", 1.0), here=here)

    assert found is not None
    times = [r.timing.e2e_s for r in found.records if r.timing]
    assert times == pytest.approx([3.0] * COUNT)


def test_too_few_samples_of_a_yardstick_tell_nothing() -> None:
    """All of other lengths, failed, or four of them."""
    stored, yard = answers("parrot", 2.0), answers("yard", 1.0)

    assert rescaled(stored, there=yard, here=answers("yard", 1.0, tokens=5)) is None
    assert rescaled(stored, there=yard[:4], here=yard) is None
    broken = [an_error(r.sample, cell=r.cell) for r in yard]
    assert rescaled(stored, there=yard, here=broken) is None


def test_a_failed_request_stays_one() -> None:
    """There is no time to stretch."""
    stored = [*answers("parrot", 2.0, count=7), an_error("s7", cell=a_cell("parrot"))]
    stored[-1] = replace(stored[-1], timing=None)

    found = rescaled(stored, there=answers("yard", 1.0), here=answers("yard", 2.0))

    assert found is not None
    assert found.records[-1] == stored[-1]


def test_what_a_yardstick_cost_is_told() -> None:
    """In seconds of requests, beside those of the cells."""
    own, yard = answers("parrot", 2.0), answers("yard", 0.5)
    facts = [
        some_facts(a_cell("parrot")),
        replace(some_facts(a_cell("yard")), role=YARDSTICK),
    ]

    (told,) = cost(facts, [*own, *yard])

    assert told.note == "yard took 4.0 s, and the cells 16.0 s"
    assert told.outcome == "pass"
    assert cost(facts[:1], own) == ()
