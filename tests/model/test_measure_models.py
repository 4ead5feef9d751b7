"""The embedded model, measured from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat import measure_models

if TYPE_CHECKING:
    from pathlib import Path


def test_the_embedded_model_is_measured_from_python(tmp_path: Path) -> None:
    """Real answers have times and grades, and are shown."""
    pytest.importorskip("llama_cpp")

    run = measure_models("smollm2-135m", "sentiment/polarity", samples=2, root=tmp_path)

    (row,) = run.standings
    assert (row.model, row.device, row.samples) == ("smollm2-135m", "cpu", 2)
    assert row.e2e_s.p50 is not None
    assert row.e2e_s.p50 > 0
    assert all(record.answer for record in run.records())
    assert "smollm2-135m" in run._repr_html_()
