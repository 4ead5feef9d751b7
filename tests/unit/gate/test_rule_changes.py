"""What a change does to the rules is told by what it does to each cell."""

from __future__ import annotations

import pytest

from pytest_llmlat.gate.rule_changes import limit_changes, rule_changes
from pytest_llmlat.gate.tolerances import (
    GateRules,
    parse_answered,
    parse_limits,
    parse_tolerances,
)
from tests.unit.builders import a_cell

CELLS = [a_cell("parrot"), a_cell("owl")]


def rules(*texts: str, **others: str) -> GateRules:
    """Return rules as they are typed."""
    return GateRules(tolerances=parse_tolerances(texts, where="here"), **others)  # type: ignore[arg-type]


def told(base: GateRules, head: GateRules) -> list[tuple[str, str]]:
    """Return outcome and note of each change."""
    found = rule_changes(base, head, CELLS, name="main")
    assert all(verdict.against == "main" for verdict in found)
    return [(v.outcome, (v.note or "").partition(";")[0]) for v in found]


def test_a_wider_tolerance_is_loosened() -> None:
    """Of all cells it is said once, and counts them."""
    assert told(rules("e2e=5%"), rules("e2e=20%")) == [
        ("warned", "this change loosens: e2e 5 % → 20 % (2 cells)")
    ]


def test_what_is_taken_away_falls_back_on_the_default() -> None:
    """A tolerance that is deleted leaves the usual one, which may be wider."""
    assert told(rules("quality=0.01"), rules()) == [
        ("warned", "this change loosens: quality 0.01 → 0.02 (2 cells)")
    ]
    assert told(rules("tpot=5%"), rules()) == [
        ("warned", "this change loosens: tpot is gated no more (2 cells)")
    ]


def test_a_later_rule_for_some_cells_is_seen() -> None:
    """Rules are compared by what they come to, not by how they are written."""
    assert told(rules("e2e=5%"), rules("e2e=5%", "@owl: e2e=90%")) == [
        ("warned", "this change loosens: e2e 5 % → 90 %")
    ]
    assert told(rules("e2e=5% quality=0.02"), rules("quality=0.02", "e2e=5%")) == []


def test_fewer_requests_to_be_answered_are_loosened() -> None:
    """Cell by cell, as of tolerances."""
    base = GateRules(answered=parse_answered(("90%",), where="here"))
    head = GateRules(answered=parse_answered(("90%", "@owl: 20%"), where="here"))

    assert told(base, head) == [
        ("warned", "this change loosens: requests to be answered 90 % → 20 %")
    ]
    assert told(GateRules(), base) == [
        (
            "pass",
            "this change tightens: requests to be answered 50 % → 90 % (2 cells)",
        )
    ]


def test_a_narrower_tolerance_is_no_warning() -> None:
    """It is told all the same."""
    assert told(rules("e2e=20%"), rules("e2e=5%")) == [
        ("pass", "this change tightens: e2e 20 % → 5 % (2 cells)")
    ]


def test_what_becomes_of_the_undecided_is_a_rule_too() -> None:
    """To let it pass is looser than to fail it."""
    base, head = rules(unsure="fail"), rules(unsure="pass", new_cells="fail")

    assert told(base, head) == [
        ("warned", "this change loosens: inconclusive fail → pass"),
        ("pass", "this change tightens: new cells warn → fail"),
    ]


@pytest.mark.parametrize(
    ("base", "head", "outcome", "note"),
    [
        ("quality>=0.6", "quality>=0.5", "warned", "loosens: limit quality>=0.6 →"),
        ("quality>=0.6", "quality>=0.7", "pass", "tightens: limit quality>=0.6 →"),
        ("e2e_p50<=1s", "e2e_p50<=2s", "warned", "loosens: limit e2e_p50<=1s →"),
        ("quality>=0.6", "@owl: quality>=0.6", "warned", "limit quality>=0.6 is gone"),
        ("@owl: quality>=0.6", "quality>=0.6", "pass", "limit quality>=0.6 is new"),
    ],
)
def test_limits_are_compared_by_their_bounds(
    base: str, head: str, outcome: str, note: str
) -> None:
    """Which way is looser depends on the sign."""
    found = limit_changes(
        parse_limits([base], where="here"),
        parse_limits([head], where="here"),
        CELLS,
        name="main",
    )

    assert [verdict.outcome for verdict in found] == [outcome]
    assert note in str(found[0].note)


def test_a_second_weaker_limit_changes_nothing() -> None:
    """The strictest of a figure is what counts."""
    base = parse_limits(["quality>=0.6"], where="here")
    head = parse_limits(["quality>=0.6 quality>=0.1"], where="here")

    assert limit_changes(base, head, CELLS, name="main") == ()
