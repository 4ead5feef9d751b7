"""A gate that cannot be switched off by what it is not told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.gate.gate_coverage import (
    idle_tolerances,
    never_gated,
    nothing_in_common,
)
from pytest_llmlat.gate.tolerances import parse_tolerances
from pytest_llmlat.store.baselines import Baseline, BaselineCell, BaselineRun
from tests.unit.builders import a_cell, some_facts


def baseline(*models: str) -> Baseline:
    """Return a stored run of these models."""
    cells = [
        BaselineCell(
            cell=a_cell(model),
            task_revision=None,
            backend=(),
            contended=None,
            warnings=(),
            records=(),
            answers={},
        )
        for model in models
    ]
    run = BaselineRun(id="then", plugin="0", environment={}, cells=tuple(cells))
    return Baseline(name="base.json", runs=(run,))


def test_a_renamed_model_does_not_take_the_gate_away() -> None:
    """All its cells are new, so nothing of the run was compared."""
    (verdict,) = nothing_in_common(baseline("owl"), [some_facts(a_cell("eagle"))])

    assert verdict.outcome == "failed"
    assert a_cell("owl").id in str(verdict.note)
    assert a_cell("eagle").id in str(verdict.note)


@pytest.mark.parametrize("models", [["owl"], ["owl", "eagle"], []])
def test_one_cell_in_common_is_enough(models: list[str]) -> None:
    """What else is new is told cell by cell; of nothing others tell."""
    facts = [some_facts(a_cell(model)) for model in models]

    assert nothing_in_common(baseline("owl"), facts) == ()


def test_a_tolerance_that_names_nothing_is_warned_of() -> None:
    """A typing error would leave the default in force unseen."""
    typed = parse_tolerances(["e2e=5%", "sums@owll: e2e=9%"], where="test")
    (verdict,) = idle_tolerances(typed, [a_cell("owl")])

    assert (verdict.outcome, verdict.quantity) == ("warned", "tolerance")
    assert verdict.against == "sums@owll"


def test_a_disturbed_run_is_not_stored_without_a_word() -> None:
    """Its times will never be gated, whatever becomes slower."""
    quiet, other = some_facts(a_cell("a")), some_facts(a_cell("b"))
    met = replace(other, warnings=("a debugger is attached",))

    assert never_gated("base.json", [quiet]) == ()
    (verdict,) = never_gated("base.json", [quiet, met, met])
    assert verdict.outcome == "warned"
    assert f"{a_cell('b').id} and 1 more will not be gated" in str(verdict.note)
