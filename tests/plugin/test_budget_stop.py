"""A run that stops at its budget, as a user meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

pytestmark = pytest.mark.slow


def test_what_was_measured_stays_and_the_rest_is_not_measured(priced: Project) -> None:
    """Cells are partial, their tests are skipped, and verdicts say why."""
    result = priced.run("--llm=paid", "--llm-spend=usd=0.00024", "-rs")
    summary = priced.summary()
    first = next(cell for cell in summary["cells"] if cell["samples"])

    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(
        ["*SKIPPED*not measured: budget: 0.000* of 0.00024 USD*"]
    )
    assert first["partial"]
    assert first["quality"]["value"] is not None
    assert first["cost_per_answer"]["value"] * first["samples"] < 0.00024
    assert {v["outcome"] for v in summary["verdicts"]} == {"warned"}
    assert "not measured: budget" in summary["verdicts"][0]["note"]


def test_a_run_that_stopped_is_not_stored(priced: Project) -> None:
    """Later ones would be compared with less."""
    result = priced.run(
        "--llm=paid", "--llm-spend=usd=0.00024", "--llm-save-baseline=base.json"
    )

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert not (priced.pytester.path / "base.json").exists()


def test_a_budget_below_one_answer_measures_nothing(priced: Project) -> None:
    """It says what one may cost."""
    result = priced.run("--llm=paid", "--llm-spend=usd=0.00001")

    result.stdout.fnmatch_lines(["*less than one answer may cost*"])
    assert not list(priced.pytester.path.glob(".llmlat/runs/*/records.jsonl"))


def test_a_budget_that_is_spent_at_the_start_is_told(priced: Project) -> None:
    """Skipped tests alone say nothing; what was to be gated is not passed."""
    plain = priced.run("--llm=paid", "--llm-spend=minutes=1e-9")
    gated = priced.run(
        "--llm=paid", "--llm-spend=minutes=1e-9", "--llm-limit=quality>=0"
    )

    assert (plain.ret, gated.ret) == (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    plain.stdout.fnmatch_lines(["nothing was measured: budget: *minutes were spent"])
    gated.stdout.fnmatch_lines(
        ["FAILED *quality>=0 *nothing was measured: a gate that saw nothing*"]
    )


def test_a_budget_in_money_wants_prices(priced: Project) -> None:
    """Told at the start, before anything is loaded."""
    result = priced.run("--llm=parrot", "--llm-spend=usd=5")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*'parrot' has no price*"])
