"""The cache of votes: whether anything will be known of them later."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.store.sound_records import is_sound_vote
from pytest_llmlat.store.vote_cache import VoteCache, unkept
from tests.unit.builders import A_VOTE
from tests.unit.mutations import damaged, sources, torn

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.judge_votes import Vote


def test_votes_that_nobody_will_know_are_told(tmp_path: Path) -> None:
    """Of a folder that cannot be, and of a user without a home."""
    file = tmp_path / "file"
    file.write_text("no folder", "utf-8")

    assert unkept(tmp_path / "cache") == []
    assert f"{file} cannot be written" in unkept(file)[0]
    assert "this user has no home" in unkept(None)[0]


def kept_as(folder: Path, text: str) -> Vote | None:
    """Return the vote that is found where a text is kept in its place."""
    with closing(sqlite3.connect(folder / "votes.sqlite3")) as file, file:
        file.execute("update votes set vote = ?", (text,))
    with closing(VoteCache(folder)) as cache:
        return cache.find("key")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a cache with one vote."""
    with closing(VoteCache(tmp_path)) as cache:
        cache.keep("key", A_VOTE)
    return tmp_path


def test_a_vote_comes_back_as_it_was(folder: Path) -> None:
    """In another sitting."""
    with closing(VoteCache(folder)) as cache:
        assert cache.find("key") == A_VOTE


@pytest.mark.parametrize(
    "change",
    [
        {"share": 7.0},
        {"share": -0.5},
        {"orders": (3.0,)},
        {"cost": -1.0},
        {"seconds": -1.0},
        {"prompt_tokens": -9},
        {"output_tokens": 0.5},
        {"judge": 5},
        {"problem": "none that there is"},
    ],
)
def test_a_vote_that_no_judge_can_cast_is_asked_for_again(
    folder: Path, change: dict[str, object]
) -> None:
    """It would become a grade."""
    assert kept_as(folder, json.dumps({**asdict(A_VOTE), **change})) is None


@pytest.mark.slow
def test_a_damaged_vote_is_sound_or_asked_for_again(folder: Path) -> None:
    """However its text is damaged."""
    for source in sources():
        content = json.dumps(damaged(asdict(A_VOTE), source))
        text = torn(content, source) if source.random() < 0.5 else content

        found = kept_as(folder, text.encode("utf-8", "replace").decode())

        assert found is None or is_sound_vote(found), text
