"""The file for pytest-benchmark: its figures, and what its own command makes of it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.report.benchmark_json import (
    answer_times,
    benchmark_text,
    statistics_of,
)
from pytest_llmlat.values.results import Scoreboard
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.boards import RUN, a_summary
from tests.unit.builders import a_record, a_timing
from tests.unit.stored_runs import failures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TIMES = (0.4, 0.1, 0.3, 0.2, 5.0)
ODD = "hf:org/🦉 \"owl\" & 'co'"


def content(
    *models: str, times: Mapping[str, Sequence[float]] | None = None
) -> dict[str, Any]:
    """Return the file for a cell of each model; ``times`` by model."""
    summaries = tuple(a_summary(model) for model in models)
    known = times if times is not None else dict.fromkeys(models, TIMES)
    by_cell = {s.cell.id: known.get(s.cell.model, ()) for s in summaries}
    board = Scoreboard(summaries=summaries, standings=())
    told: dict[str, Any] = json.loads(benchmark_text(RUN, board, by_cell))
    return told


def compare(
    folder: Path, told: Mapping[str, Any], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Let pytest-benchmark's own command read the file, where there is no project."""
    if find_spec("pytest_benchmark") is None:
        pytest.skip("pytest-benchmark is not installed")
    (folder / "ours.json").write_text(json.dumps(told), "utf-8")
    code = "import sys; from pytest_benchmark.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "compare", "ours.json", *arguments]
    return subprocess.run(  # noqa: S603 - our own interpreter and our own words
        command, cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )


def test_figures_are_those_of_the_timings() -> None:
    """Known by hand; the one far out is beyond the fence of quartiles."""
    stats = statistics_of(TIMES)

    assert (stats["min"], stats["max"], stats["median"]) == (0.1, 5.0, 0.3)
    assert stats["mean"] == pytest.approx(1.2)
    assert stats["stddev"] == pytest.approx(math.sqrt(4.525))
    assert (stats["q1"], stats["q3"]) == (0.2, 0.4)
    assert stats["outliers"] == "1;1"
    assert (stats["ld15iqr"], stats["hd15iqr"]) == (0.1, 0.4)
    assert stats["rounds"] == 5
    assert stats["total"] == pytest.approx(6.0)
    assert stats["ops"] == pytest.approx(5 / 6)
    assert stats["data"] == list(TIMES)


def test_one_timing_spreads_by_nothing() -> None:
    """All figures are numbers, as its readers expect."""
    stats = statistics_of([0.5])

    assert stats["stddev"] == 0
    assert {stats[name] for name in ("min", "q1", "median", "q3", "max")} == {0.5}


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=50))
def test_figures_are_in_order(times_ns: list[int]) -> None:
    """Whatever a clock measured, a box can be drawn of it and JSON can hold it."""
    stats = statistics_of([time / NS_PER_S for time in times_ns])

    order = ["min", "ld15iqr", "median", "hd15iqr", "max"]
    assert [stats[n] for n in order] == sorted(stats[name] for name in order)
    assert stats["q1"] <= stats["q3"]
    json.dumps(stats, allow_nan=False)


def test_a_time_out_and_an_error_are_no_timings() -> None:
    """They would pass for answers that took as long as the limit."""
    records = [a_record(timing=a_timing(0.5)), *failures(count=4), a_record()]

    assert list(answer_times(records)) == [0.5, 1.0]


def test_a_cell_is_a_benchmark() -> None:
    """Its id is the full name, and cells of one task and load are one group."""
    told = content("owl", "parrot")

    owl, parrot = told["benchmarks"]
    assert owl["fullname"] == "reasoning/sums|owl|cpu|single"
    assert owl["group"] == parrot["group"] == "reasoning/sums|single"
    assert owl["params"]["model"] == "owl"
    assert owl["extra_info"]["quality"] == 1.0
    assert told["commit_info"]["id"] == "unversioned"
    assert told["datetime"] == RUN["started"]


def test_a_cell_without_timings_is_left_out_and_named() -> None:
    """A time-out is no timing, and a cell of nothing else has no place in a table."""
    summary = replace(a_summary("owl"), timeouts=3)
    board = Scoreboard(summaries=(summary,), standings=())

    told = json.loads(benchmark_text(RUN, board, {}))

    assert told["benchmarks"] == []
    (left,) = told["left_out"]
    assert left["fullname"] == summary.cell.id
    assert (left["timeouts"], left["errors"]) == (3, 0)


def test_what_was_not_timed_is_counted_beside_what_was() -> None:
    """Whoever reads the table can find out that answers are missing from it."""
    summary = replace(a_summary("owl"), timeouts=3, errors=2)
    board = Scoreboard(summaries=(summary,), standings=())

    told = json.loads(benchmark_text(RUN, board, {summary.cell.id: [1.0]}))

    (benchmark,) = told["benchmarks"]
    assert benchmark["stats"]["rounds"] == 1
    assert benchmark["extra_info"]["timeouts"] == 3
    assert benchmark["extra_info"]["errors"] == 2


@pytest.mark.slow
def test_pytest_benchmark_compares_it(tmp_path: Path) -> None:
    """Its command prints a line for each cell, with our figures in milliseconds."""
    told = content("owl", ODD, times={"owl": TIMES, ODD: [0.25]})

    done = compare(tmp_path, told, "--columns=min,median,max,rounds", "--name=long")

    assert done.stderr == ""
    assert "2 tests" in done.stdout
    (line,) = [text for text in done.stdout.splitlines() if "owl|cpu|single" in text]
    assert "100.0000" in line
    assert "5,000.0000" in line
    assert ODD in done.stdout


@pytest.mark.slow
def test_pytest_benchmark_compares_an_empty_one(tmp_path: Path) -> None:
    """A run in which nothing was timed is no broken file."""
    done = compare(tmp_path, content("owl", times={}))

    assert "Failed to load" not in done.stdout + done.stderr


@pytest.mark.slow
def test_pytest_benchmark_draws_it(tmp_path: Path) -> None:
    """A histogram for each group, which its slashes and bars do not send elsewhere."""
    # Not imported here: it leaves a finder behind that breaks later imports.
    if find_spec("pygal") is None:
        pytest.skip("pytest-benchmark[histogram] is not installed")

    compare(tmp_path, content("owl", "parrot"), "--histogram=drawn")

    (drawn,) = tmp_path.glob("drawn*.svg")
    assert drawn.name == "drawn-reasoning_sums_single.svg"
    assert "owl" in drawn.read_text("utf-8")
