"""The share of a cell's requests that is to be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.gate.answered_share import stored_with_losses, too_few_answers
from pytest_llmlat.gate.tolerances import GateRules, parse_answered
from pytest_llmlat.values.errors import UsageError
from tests.unit.builders import a_cell, a_record, an_error

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Verdict


def requests(answered: int, late: int = 0, broken: int = 0) -> list[Record]:
    """Return records of so many requests of one cell."""
    ended = [a_record(f"s{number}") for number in range(answered)]
    ended += [a_record(f"l{n}", value=0.0, finish="timeout") for n in range(late)]
    return ended + [an_error(f"e{number}") for number in range(broken)]


def judged(records: list[Record], *texts: str) -> tuple[Verdict, ...]:
    """Hold a cell to shares as they are typed."""
    rules = GateRules(answered=parse_answered(texts, where="here"))
    return too_few_answers(a_cell(), records, rules)


def test_one_of_four_is_too_few() -> None:
    """A server that is all but dead is not passed, and the verdict says what it did."""
    (verdict,) = judged(requests(1, late=2, broken=1))

    assert (verdict.quantity, verdict.outcome) == ("answers", "failed")
    assert verdict.against == "answers>=50%"
    assert verdict.candidate == pytest.approx(0.25)
    assert verdict.samples == 4
    assert verdict.note is not None
    assert "1 of 4 requests were answered, and 50 % are to be" in verdict.note
    assert "2 timed out and 1 broke" in verdict.note


@pytest.mark.parametrize(
    ("answered", "late", "texts", "failing"),
    [
        (2, 2, (), False),
        (9, 11, (), True),
        (9, 1, ("95%",), True),
        (19, 1, ("95%",), False),
        (1, 9, ("0",), False),
        (0, 9, ("0",), True),
        (1, 0, ("100%",), False),
        (99, 1, ("1",), True),
    ],
)
def test_the_share_is_counted(
    answered: int, late: int, texts: tuple[str, ...], *, failing: bool
) -> None:
    """Exactly as many as are asked for are enough; none never is."""
    assert bool(judged(requests(answered, late), *texts)) is failing


def test_the_last_share_that_fits_a_cell_counts() -> None:
    """As of tolerances: what is said of one model comes behind what is said of all."""
    model, few = a_cell().model, requests(1, late=3)

    assert not judged(few, "90%", f"@{model}: 25%")
    assert judged(few, f"@{model}: 25%", "90%")
    assert judged(few, "@another: 25%")


def test_a_cell_without_a_request_is_no_cell_of_losses() -> None:
    """That nothing was measured is another complaint."""
    assert judged([]) == ()


@pytest.mark.parametrize("text", ["90", "101%", "-1", "lots", "", "1/2", "nan", "1e0"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    """With the grammar: 90 is no share, and 90% is meant."""
    with pytest.raises(UsageError, match=r"here: .* such as 90%"):
        parse_answered((text,), where="here")


def test_a_stored_run_says_what_it_lost() -> None:
    """It may have passed: later runs could lose as many, and nobody would know."""
    measured = {"a": requests(12), "b": requests(9, late=3), "c": requests(11, late=1)}

    (verdict,) = stored_with_losses("main.json", measured)

    assert verdict.outcome == "warned"
    assert verdict.note is not None
    assert "3 of 12 requests of b were not answered, and so it is with 1 more" in (
        verdict.note
    )
    assert stored_with_losses("main.json", {"a": requests(12)}) == ()
