"""Cells that workers measure from Python, as from pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat import measure_models
from pytest_llmlat.values.errors import UsageError
from tests.unit.session.parrots import OWL, PARROT, a_tiny_task

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Record

pytest.importorskip("fcntl")


@pytest.mark.slow
def test_models_in_no_file_are_measured_by_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records are shown as they come; the figures are those of this process."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    task = a_tiny_task(tmp_path)
    seen: list[Record] = []

    here = measure_models([PARROT, OWL], task, root=tmp_path)
    there = measure_models(
        [PARROT, OWL], task, root=tmp_path, spread="auto", on_record=seen.append
    )

    assert len(seen) == 12
    qualities = [
        [(cell.cell.id, cell.quality) for cell in run.board.summaries]
        for run in (here, there)
    ]
    assert qualities[0] == qualities[1]
    assert all(cell.node is not None for cell in there.board.summaries)


def test_an_unknown_place_is_refused(
    tmp_path: Path,
) -> None:
    """By the name of the argument, with the places that there are."""
    with pytest.raises(UsageError, match="unknown place for cells 'moon'"):
        measure_models(PARROT, a_tiny_task(tmp_path), root=tmp_path, spread="moon")
