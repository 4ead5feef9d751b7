"""The tables of published articles are those that their records give."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.report_tables import article, loads, summaries, tasks

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
