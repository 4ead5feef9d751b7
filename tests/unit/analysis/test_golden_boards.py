"""All figures of random runs, as they were when they were made of all records at once.

The file beside was written before figures were made cell by cell. Figures that have
been added since are not in it. Places, fronts and integration scores were written anew
when rows under different loads were no longer compared, intervals when those of shares
became the interval of Agresti and Coull. What was the quality of a row is its
``normalized`` since quality is the metric itself there too; fronts and integration
scores were written anew with it. ``correct_within_budget`` has an interval since, and
of a row is the mean over families.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.analysis.slo import parse
from pytest_llmlat.report.summary_json import summary_text
from tests.unit.random_boards import a_random_run

LINES = json.loads(
    (Path(__file__).parent / "data" / "golden_boards.json").read_text("utf-8")
)
BEGINS = [place for place, line in enumerate(LINES) if "run" in line]
# Not to the last bit: sums of a matrix product differ from processor to processor.
EXACT = 1e-12


def same(found: Any, expected: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Compare two JSON values; of objects, the members that are expected."""
    if isinstance(expected, dict):
        return all(same(found[name], expected[name]) for name in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, float):
        return bool(found == pytest.approx(expected, rel=EXACT, abs=EXACT))
    return type(found) is type(expected) and bool(found == expected)


@pytest.mark.slow
@pytest.mark.parametrize("begin", BEGINS)
def test_every_figure_is_what_it_was(begin: int) -> None:
    """Means, intervals, percentiles, rates, ranks: of cells and of rows."""
    asked = LINES[begin]
    end = next((place for place in BEGINS if place > begin), len(LINES))
    facts, records = a_random_run(**asked["run"])

    board = scoreboard(
        facts,
        records,
        balance=asked["balance"],
        seed=asked["run"]["seed"],
        slo=parse(asked["slo"], where="slo"),
    )

    content = json.loads(summary_text({"id": "r1"}, board))
    found = [*content["cells"], *content["models"]]
    wrong = [
        (line.get("id") or line["model"], name)
        for line, now in zip(LINES[begin + 1 : end], found, strict=True)
        for name in line
        if not same(now[name], line[name])
    ]
    assert wrong == []
