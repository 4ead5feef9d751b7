"""The cache of votes: no judge is asked the same of the same answer twice.

A vote is known by all that decides it: the judge and the facts of its weights, the
rubric, and the whole prompt. Judging that was cut off goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import suppress
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING

from pytest_llmlat.store.sound_records import is_sound_vote
from pytest_llmlat.values.judge_votes import Vote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmlat.values.entities import Scalar

_FILE = "votes.sqlite3"
_PATIENCE_S = 10.0


class VoteCache:
    """Votes by their keys, in a file that several processes may share."""

    def __init__(self, folder: Path | None) -> None:
        """Open the cache.

        Args:
            folder: of the user's caches; ``None`` to know nothing and keep nothing, and
                so is one that cannot be written.
        """
        self._file: sqlite3.Connection | None = None
        if folder is None:
            return
        with suppress(OSError, sqlite3.Error):
            folder.mkdir(parents=True, exist_ok=True)
            # Every vote is on the disk as soon as it is cast.
            file = sqlite3.connect(
                folder / _FILE, timeout=_PATIENCE_S, isolation_level=None
            )
            file.execute(
                "create table if not exists votes (key text primary key, vote text)"
            )
            file.execute(
                "create table if not exists judges (key text primary key, fit integer)"
            )
            self._file = file

    @property
    def keeps(self) -> bool:
        """Whether votes are kept at all."""
        return self._file is not None

    def find(self, key: str) -> Vote | None:
        """Return a vote that was cast before; ``None`` for a new question."""
        if self._file is None:
            return None
        with suppress(sqlite3.Error, ValueError, TypeError, RecursionError):
            row = self._file.execute("select vote from votes where key = ?", (key,))
            found = row.fetchone()
            return None if found is None else _read(found[0])
        return None

    def keep(self, key: str, vote: Vote) -> None:
        """Keep a vote; one that failed is asked for again."""
        if self._file is None or vote.problem in ("failed", "not asked"):
            return
        text = json.dumps(asdict(replace(vote, fit=None)), allow_nan=False)
        with suppress(sqlite3.Error):
            self._file.execute(
                "insert or replace into votes values (?, ?)", (key, text)
            )

    def fitness(self, key: str) -> bool | None:
        """Return whether a judge was found fit; ``None`` where it was never tried."""
        if self._file is None:
            return None
        with suppress(sqlite3.Error):
            row = self._file.execute("select fit from judges where key = ?", (key,))
            found = row.fetchone()
            return None if found is None else bool(found[0])
        return None

    def keep_fitness(self, key: str, *, fit: bool) -> None:
        """Keep whether a judge was found fit; the last trial counts."""
        if self._file is not None:
            with suppress(sqlite3.Error):
                self._file.execute(
                    "insert or replace into judges values (?, ?)", (key, int(fit))
                )

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def unkept(folder: Path | None) -> list[str]:
    """Return a sentence on votes that no later sitting will know; else nothing.

    Args:
        folder: of the user's caches; ``None`` where there is none.
    """
    known = VoteCache(folder)
    known.close()
    if known.keeps:
        return []
    why = f"{folder} cannot be written" if folder else "this user has no home"
    told = (
        f"votes are not kept, for {why}: judging that breaks off begins anew;"
        " XDG_CACHE_HOME names another folder for caches"
    )
    return [told]


def _read(text: str) -> Vote:
    """Build a vote from its line; what a later version added is left aside.

    Raises:
        ValueError: it is none.
        TypeError: it is none.
    """
    content = json.loads(text)
    told = {f.name: content[f.name] for f in fields(Vote) if f.name in content}
    vote = Vote(**{**told, "orders": tuple(told.get("orders", ()))})
    if not is_sound_vote(vote):
        raise ValueError("no vote")
    return vote


def vote_key(facts: Mapping[str, Scalar | None], rubric: str, prompt: str) -> str:
    """Return the key of a vote.

    Args:
        facts: the judge as it runs: name, weights, digest, settings.
        rubric: name and digest of the rubric.
        prompt: what the judge is asked, whole.
    """
    told = json.dumps([sorted(facts.items()), rubric, prompt], default=str)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
