"""What the README and the docs show of the Python API runs as it is written."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAND_IN = """
[tool.pytest-llmlat.models.smollm2-135m]
backend = "scripted"
devices = ["cpu"]
options = { answer = "positive" }
"""


def examples(name: str) -> list[str]:
    """Return the blocks of a page that measure something."""
    blocks = re.findall(
        r"^```python\n(.*?)^```",
        (ROOT / name).read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    return [block for block in blocks if "measure_models(" in block]


@pytest.mark.slow
@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, id=f"{name}-{number}")
        for name in ("README.md", "docs/python.md")
        for number, block in enumerate(examples(name))
    ],
)
def test_an_example_runs(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves a run in the folder where it is called; no real model is asked."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(STAND_IN, "utf-8")
    script = tmp_path / "example.py"
    script.write_text(block, "utf-8")

    runpy.run_path(str(script))

    assert list(tmp_path.glob(".llmlat/runs/*/summary.json"))


def test_the_readme_shows_it_in_five_lines() -> None:
    """More would be a manual."""
    (block,) = examples("README.md")

    assert len([line for line in block.splitlines() if line]) <= 5
