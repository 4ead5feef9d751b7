"""Sources of a task's rows: a file, the hub, or templates."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_llmlat.tasks.templates import GENERATORS
from pytest_llmlat.values.entities import DATA_SUFFIXES, GENERATED, PublicSet

if TYPE_CHECKING:
    from pytest_llmlat.values.toml_tables import TomlTable

PUBLIC_KEYS = ("hub", "config", "split", "revision", "file", "local_only")
"""Keys of a public set, which takes the place of ``source``."""


def source(table: TomlTable) -> str:
    """Return the data file or the generator of a task; empty for a public set."""
    if "hub" in table.values:
        if "source" in table.values:
            raise table.complain("hub", "there is 'source' too; leave one of them out")
        return ""
    for key in PUBLIC_KEYS:
        if key in table.values:
            raise table.complain(key, "belongs to a public set, which needs 'hub' too")
    text = table.required("source")
    if not text.startswith(GENERATED):
        return str(table.named_file("source", text))
    where = f"{table.file}: {table.place}.source"
    GENERATORS.known(text.removeprefix(GENERATED), where=where)
    return text


def public_set(table: TomlTable) -> PublicSet | None:
    """Return the public set of an entry; ``None`` if it names none."""
    if "hub" not in table.values:
        return None
    public = PublicSet(
        hub=table.required("hub"),
        config=table.text("config"),
        split=table.required("split"),
        revision=None,
        file=data_file(table, "file"),
        local_only=table.text("local_only"),
    )
    return revised(table, public) if "revision" in table.values else public


def revised(table: TomlTable, public: PublicSet) -> PublicSet:
    """Return a public set at the commit that an entry pins."""
    text = table.required("revision")
    if not re.fullmatch("[0-9a-f]{40}", text):
        raise table.complain(
            "revision",
            f"must be a commit of 40 hexadecimal digits, not {text!r}: the rows of a"
            " branch or a tag may change",
        )
    return replace(public, revision=text)


def data_file(table: TomlTable, key: str) -> str:
    """Return the name of a local copy, which lies below the folder of data.

    Raises:
        BadCatalogue: it lies elsewhere, or has no ending that is read.
    """
    text = table.required(key)
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text:
        raise table.complain(key, f"must lie below the folder of data: {text!r}")
    if not text.endswith(DATA_SUFFIXES):
        endings = ", ".join(DATA_SUFFIXES)
        raise table.complain(key, f"must end with one of {endings}: {text!r}")
    return text
