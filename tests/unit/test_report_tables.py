"""The tables of published articles are those that their records give."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.report_tables import article, loads, summaries, tasks, ways

ROOT = Path(__file__).parents[2]
REPORTS = sorted((ROOT / "docs" / "reports").glob("*/records.tar.gz"))


@pytest.mark.parametrize("archive", REPORTS, ids=lambda path: path.parent.name)
def test_an_article_shows_what_its_records_say(archive: Path, tmp_path: Path) -> None:
    """Each line of its tables of tasks and of load is there, figure by figure."""
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    found = summaries(tmp_path)

    shown = archive.with_name("index.md").read_text("utf-8").splitlines()

    assert [line for line in tasks(found["small"]) if line not in shown] == []
    assert [line for line in loads(found["load"]) if line not in shown] == []
    if "torch" in found:
        assert [line for line in ways(found) if line not in shown] == []


def test_ways_are_compared_on_the_tasks_that_all_of_them_had() -> None:
    """Times are ratios to the first, by the geometric mean over those tasks."""

    def cell(model: str, task: str, e2e: float) -> dict[str, object]:
        return {
            "model": model,
            "task": task,
            "quality": {"value": 0.5},
            "e2e_s": {"p50": e2e},
            "ttft_s": {"p50": e2e / 2},
            "decode_tokens_per_s": None if task == "b" else 20.0,
            "peak_rss_bytes": 10**9,
        }

    first = [cell("smollm2-135m", task, 1.0) for task in "abc"]
    second = [cell("mlx", "a", 2.0), cell("mlx", "b", 8.0)]
    other = [cell("gemma3-270m", "a", 9.0)]

    lines = ways({"small": {"cells": [*first, *other]}, "mlx": {"cells": second}})

    assert lines[0] == "Tasks: a, b."
    assert lines[-2:] == [
        "| smollm2-135m | 0.500 | 1.00 | 1.00 | 20.0 | 1.00 GB |",
        "| mlx | 0.500 | 4.00 | 4.00 | 20.0 | 1.00 GB |",
    ]


def test_what_a_right_answer_costs_is_never_zero_for_want_of_one(
    tmp_path: Path,
) -> None:
    """With no right answer it is more than a bound; without a price there is none."""
    figures = dict.fromkeys(("value", "low", "high"))
    row = {
        "model": "m",
        "scenario": "single",
        "samples": 4,
        "quality": figures,
        "chance": 0.5,
        "balanced": figures,
        "e2e_s": {"p50": 0.25, "p95": None},
        "decode_tokens_per_s": None,
        "peak_rss_bytes": None,
    }
    costs = [{**figures, "low": 0.002}, figures, None]
    summary = {
        "sentence": None,
        "models": [{**row, "cost_per_correct": cost} for cost in costs],
        "verdicts": [],
    }

    lines = list(article({"torch": summary}))

    assert [
        line.split(" | ")[-1] for line in lines if line.startswith("| torch | m")
    ] == [
        "over 2 |",
        "- |",
        "- |",
    ]
    assert summaries(tmp_path) == {}
