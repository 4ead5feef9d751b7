"""Figures for a monitor: what was measured, with its unit, and no 0 that was not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.command import main
from tests.unit.stored_runs import a_stored_run, answers, failures

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Record

SAMPLE = re.compile(r'[a-z_:][a-z0-9_:]*\{(?:[a-z]+="(?:[^"\\\n]|\\[\\n"])*",?)+\} \S+')


def exported(tmp_path: Path, *cells: list[Record]) -> list[str]:
    """Return the lines of the export of a run."""
    run = a_stored_run(tmp_path / "runs" / "r1", *cells)
    to = tmp_path / "out.prom"
    assert main(["export", str(run), "--to", str(to)]) == 0
    return to.read_text("utf-8").splitlines()


def test_each_line_is_of_the_format(tmp_path: Path) -> None:
    """A gauge is named with its unit, told once, and the text ends as it must."""
    lines = exported(tmp_path, answers(), answers("owl"))

    assert lines[-1] == "# EOF"
    samples = [line for line in lines if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples)
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(types) == len({*types})
    assert {line.partition("{")[0] for line in samples} == {*types}
    for line in lines:
        if line.startswith("# UNIT"):
            _, _, name, unit = line.split()
            assert name.endswith(f"_{unit}")


def test_statistics_and_ends_of_intervals_are_labels(tmp_path: Path) -> None:
    """Of 24 answers there is a p95 and no p99."""
    lines = exported(tmp_path, answers(right=12))
    own = (
        'run="r1",model="parrot",device="cpu",family="reasoning",task="reasoning/sums"'
    )

    found = {line.partition(" ")[0].replace(own, ""): line for line in lines}

    e2e = [name for name in found if name.startswith("llmlat_e2e_seconds")]
    assert [re.findall('stat="(.*?)"', name) for name in e2e] == [
        *(["mean"], ["p50"], ["p90"], ["p95"]),
    ]
    quality = [line for line in lines if line.startswith("llmlat_quality{")]
    assert quality[0].endswith('stat="value"} 0.5')


def test_what_was_not_measured_has_no_line(tmp_path: Path) -> None:
    """Where nothing was answered there is no time; the errors are counted."""
    lines = exported(tmp_path, failures())

    assert not [line for line in lines if line.startswith("llmlat_ttft_seconds{")]
    assert [line for line in lines if line.startswith("llmlat_errors{")]


def test_names_of_elsewhere_break_no_line(tmp_path: Path) -> None:
    """A quotation mark or a line break in a name ends no label."""
    lines = exported(tmp_path, answers('a"b\\c\nd'))

    assert any(r'model="a\"b\\c\nd"' in line for line in lines)
    samples = [line for line in lines if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples)
