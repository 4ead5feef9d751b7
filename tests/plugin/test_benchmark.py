"""``--llm-pytest-benchmark``: the file that a session leaves for pytest-benchmark."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Project

CELLS = ["reasoning/tiny|parrot|cpu|single", "sentiment/tiny|parrot|cpu|single"]


def benchmarks(path: Path) -> dict[str, dict[str, Any]]:
    """Return the benchmarks of a file by their full names."""
    told = json.loads(path.read_text("utf-8"))
    return {one["fullname"]: one for one in told["benchmarks"]}


def test_a_session_writes_a_benchmark_for_each_cell(project: Project) -> None:
    """Its rounds are the answers, and its figures those of the summary."""
    result = project.run("--llm-pytest-benchmark=out/bench.json")

    result.assert_outcomes(passed=2)
    found = benchmarks(project.pytester.path / "out" / "bench.json")
    assert sorted(found) == CELLS
    cells = {cell["id"]: cell for cell in project.summary()["cells"]}
    for name, one in found.items():
        assert one["stats"]["rounds"] == cells[name]["samples"]
        assert one["stats"]["mean"] == pytest.approx(cells[name]["e2e_s"]["mean"])
        assert one["extra_info"]["quality"] == cells[name]["quality"]["value"]


def test_the_ini_file_can_ask_for_it(project: Project) -> None:
    """As every option."""
    project.pytester.makeini(
        "[pytest]\nllm = parrot\nllm_models = models.toml\nllm_tasks = tasks.toml\n"
        "llm_pytest_benchmark = bench.json\n"
    )

    project.run().assert_outcomes(passed=2)

    assert sorted(benchmarks(project.pytester.path / "bench.json")) == CELLS


def test_workers_write_one_file(project: Project) -> None:
    """The controller does, of what all of them measured."""
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")

    result = project.run_apart("-n2", "--llm-pytest-benchmark=bench.json")

    result.assert_outcomes(passed=2)
    assert sorted(benchmarks(project.pytester.path / "bench.json")) == CELLS


def test_without_the_option_there_is_no_file(project: Project) -> None:
    """Nothing is written that nobody asked for."""
    project.run().assert_outcomes(passed=2)

    assert list(project.pytester.path.glob("*bench*")) == []


def test_a_folder_is_refused_before_anything_is_measured(project: Project) -> None:
    """After hours it would be too late."""
    (project.pytester.path / "out").mkdir()

    result = project.run("--llm-pytest-benchmark=out")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --llm-pytest-benchmark: *out is a folder;*"])
    assert project.runs == []
