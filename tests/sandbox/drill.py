"""Runs attacks and fakes in a process of its own, as root or as an ordinary user."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

HARNESS = Path(__file__).with_name("attack_harness.py")
PACKAGE = Path(__file__).parents[2] / "pytest_llmlat"
NOBODY = 65534


def drilled(attacks: Path, choice: str, *command: str, place: Path) -> dict[str, Any]:
    """Run the harness by a command, from a place that was laid out, for its report."""
    done = subprocess.run(  # noqa: S603 - fixed words
        [*command, str(place / "harness.py"), str(attacks), choice],
        env={"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def lay_out(folder: Path) -> None:
    """Put into a folder what the harness needs, so that every user may read it."""
    # The table of sandboxes is read from what an installation declares.
    declared = folder / "pytest_llmlat-0.dist-info"
    declared.mkdir()
    ours = distribution("pytest-llmlat")
    for part in ("METADATA", "entry_points.txt"):
        (declared / part).write_text(ours.read_text(part) or "", "utf-8")
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=skip)
    shutil.copy(HARNESS, folder / "harness.py")
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))


def python_for_all() -> str | None:
    """Return a Python that every user may run; ``None`` where there is none."""
    python = shutil.which("python3", path="/usr/bin")
    if python is None:
        return None
    code = "import sys; print(sys.version_info >= (3, 11))"
    told = subprocess.check_output([python, "-c", code], text=True)  # noqa: S603 - fixed words
    return python if told.strip() == "True" else None
