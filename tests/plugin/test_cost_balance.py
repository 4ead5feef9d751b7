"""What answers cost as an axis of the score, as a user asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

pytestmark = pytest.mark.slow

EVEN = "--llm-balance=quality=1 speed=1 cost=1"


def test_cost_is_weighed_and_the_report_says_what_it_is(priced: Project) -> None:
    """A model without a price has no score, and why is told."""
    result = priced.run(
        "--llm=paid",
        "--llm=owl",
        EVEN,
        "--llm-cost-budget=0.0001USD",
        "-k",
        "sentiment",
    )
    summary = priced.summary()
    cells = {cell["model"]: cell for cell in summary["cells"]}

    assert summary["balance"] == "geometric quality=1 speed=1 cost=1"
    assert 0 < cells["paid"]["cost_score"]["value"] < 1
    assert cells["paid"]["cost_budget"] == {"amount": "0.0001", "unit": "USD"}
    assert cells["owl"]["balanced"]["value"] is None
    assert "no price" in cells["owl"]["no_cost"]
    result.stdout.fnmatch_lines(["*half of it at 0.0001 USD (money)*"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "*nobody says how much*cost_budget*"),
        (("--llm-cost-budget=1EUR",), "*'paid' is paid in USD*budget is in EUR*"),
        (("--llm-cost-budget=0.1",), "*--llm-cost-budget*such as 0.002USD*"),
        (("--llm-cost-budget=1J nope=1J",), "*nope*"),
    ],
)
def test_what_cannot_be_weighed_is_refused_before_anything_is_asked(
    priced: Project, given: tuple[str, ...], told: str
) -> None:
    """No amount is guessed, and none is converted."""
    result = priced.run("--llm=paid", "--llm-task=sentiment", EVEN, *given)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([told])
    assert not priced.runs
