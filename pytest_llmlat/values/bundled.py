"""The folder of the files that come with the package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def bundled(*parts: str) -> Path:
    """Return the path of a file under ``fixtures/``.

    A wheel carries ``fixtures/`` inside the package; a checkout has it beside.
    """
    inside = _PACKAGE / "fixtures"
    root = inside if inside.is_dir() else _PACKAGE.parent / "fixtures"
    return root.joinpath(*parts)
