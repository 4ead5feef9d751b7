"""The cache of votes: whether anything will be known of them later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.store.vote_cache import unkept

if TYPE_CHECKING:
    from pathlib import Path


def test_votes_that_nobody_will_know_are_told(tmp_path: Path) -> None:
    """Of a folder that cannot be, and of a user without a home."""
    file = tmp_path / "file"
    file.write_text("no folder", "utf-8")

    assert unkept(tmp_path / "cache") == []
    assert f"{file} cannot be written" in unkept(file)[0]
    assert "this user has no home" in unkept(None)[0]
