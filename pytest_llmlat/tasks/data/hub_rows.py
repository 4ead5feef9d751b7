"""Rows of a public set from the hub, through the library ``datasets``.

Rows are streamed: one split is fetched and not the whole set, and no code of the
set is run. Only a pinned revision is loaded, so that two runs ask the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.tasks.data.table_row import TableRow, present
from pytest_llmlat.tasks.data.text_file import MOST_ROWS, MOST_UNPACKED
from pytest_llmlat.values.entities import DATA_SUFFIXES
from pytest_llmlat.values.errors import DataUnavailable, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmlat.values.entities import PublicSet, Task

EXTRA = "datasets"
"""The extra of this project that installs the library."""
_NUMBER = 8
"""Bytes of a value that is no text."""


def hub_rows(public: PublicSet, task: Task, *, data: Path | None) -> Iterator[TableRow]:
    """Yield the rows of a public set.

    Args:
        public: which one.
        task: whose rows they are.
        data: where a local copy was looked for, ``None`` for nowhere.

    Raises:
        MissingExtra: ``datasets`` is not installed.
        DataUnavailable: there is no pin, the set consists of a script, or the hub
            cannot be reached; says which local file would do.
    """
    source = _source(public)
    wanted_by = f"task {task.name!r}: {source}"
    remedy = _remedy(public, data)
    if public.local_only is not None:
        raise DataUnavailable(f"{wanted_by}: {public.local_only}; {remedy}")
    if public.revision is None:
        raise DataUnavailable(
            f"{wanted_by}: no revision is pinned, and the rows of a branch may change"
            " between two runs; give one in a catalogue of your own (--llm-tasks FILE):"
            f' [tasks."{task.name}"] revision = "<40 digits>"; or {remedy}'
        )
    try:
        from datasets import load_dataset
    except ImportError as error:
        wanted_by += f", without a copy as {public.file} below --llm-data DIR"
        raise MissingExtra(EXTRA, "datasets", wanted_by=wanted_by) from error
    try:
        rows = load_dataset(
            public.hub,
            public.config,
            split=public.split,
            revision=public.revision,
            streaming=True,
        )
        left, most = MOST_UNPACKED, None
        for index, columns in enumerate(rows):
            left -= _size(columns)
            if index >= MOST_ROWS or left < 0:
                most = f"{MOST_ROWS:,} rows or {MOST_UNPACKED >> 20} MiB"
                break
            yield TableRow(
                source=source,
                place=f"row {index + 1}",
                index=index,
                columns=present(columns),
            )
    # The library lets the errors of networks, archives and formats through as they are.
    except Exception as error:
        raise DataUnavailable(f"{wanted_by}: {_reason(error)}; {remedy}") from error
    if most is not None:
        raise DataUnavailable(f"{wanted_by}: has more than {most}; {remedy}")


def _size(value: object) -> int:
    """Return about how many bytes a value of a row has."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return sum(len(str(key)) + _size(held) for key, held in value.items())
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return _NUMBER


def _source(public: PublicSet) -> str:
    """Name the set as the hub does, with all that decides which rows it has."""
    revision = public.revision or "none"
    config = public.config or "default"
    return f"{public.hub} (config {config}, split {public.split}, revision {revision})"


def _reason(error: Exception) -> str:
    """Say why the library could not load a set.

    Since version 4 it refuses scripts, and before that it asked whether to trust
    them. Only the text of the error tells.
    """
    said = " ".join(f"{type(error).__name__}: {error}".split())
    if re.search(r"\bscripts?\b|trust_remote_code", said, re.IGNORECASE):
        return f"it is made by a data set script, which is never run ({said[:200]})"
    return f"cannot be loaded from the hub: {said[:400]}"


def _remedy(public: PublicSet, data: Path | None) -> str:
    """Say how to go on without the hub."""
    ending = f"{', '.join(DATA_SUFFIXES)} are read"
    if data is None:
        return (
            f"put a copy of its rows into {public.file} below a folder of yours and"
            f" give that with --llm-data DIR ({ending})"
        )
    return f"put a copy of its rows into {data / public.file} ({ending})"
