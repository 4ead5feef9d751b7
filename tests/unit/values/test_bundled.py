"""Bundled files are found, in a checkout and in a wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values import bundled as resources

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_bundled_files_are_there() -> None:
    """The catalogues lie where the package looks for them."""
    assert resources.bundled("models.toml").is_file()
    assert resources.bundled("data", "sentiment", "polarity.jsonl").is_file()


def test_a_wheel_has_its_files_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``fixtures`` inside the package is preferred to a folder beside it."""
    (tmp_path / "package" / "fixtures").mkdir(parents=True)
    (tmp_path / "fixtures").mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "package")

    assert resources.bundled("x") == tmp_path / "package" / "fixtures" / "x"


def test_a_checkout_has_its_files_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without ``fixtures`` inside, the folder beside the package serves."""
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "package")

    assert resources.bundled("x", "y") == tmp_path / "fixtures" / "x" / "y"
