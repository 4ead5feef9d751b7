"""The page of options is what the backends declare."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmlat.backends.backend_kind import BACKENDS
from pytest_llmlat.backends.shared_options import SHARED, SHARED_LOCAL

PAGE = Path(__file__).parents[3] / "docs" / "reference.md"


def rows() -> list[str]:
    """Return the lines of the table of options, a backend's own after each other."""
    kinds = {
        name: kind
        for name, kind in BACKENDS.working().items()
        if kind.options and BACKENDS.owner(name).startswith("pytest-llmlat ")
    }
    servers = [name for name, kind in kinds.items() if kind.remote]
    common = set.intersection(*(set(kinds[name].options) for name in servers))
    parts = [
        *((name, kind.options) for name, kind in kinds.items() if not kind.remote),
        (" and ".join(servers), [o for o in kinds["http"].options if o in common]),
        *(
            (name, [o for o in kinds[name].options if o not in common])
            for name in servers
        ),
        ("all", SHARED),
        ("all of this process", SHARED_LOCAL),
    ]
    return [
        f"| {part} | `{o.name}` | {o.wanted} | {o.meaning} |".replace("<", "&lt;")
        for part, options in parts
        for o in options
    ]


def test_every_option_is_documented_as_it_is_declared() -> None:
    """Name, values and meaning; nothing else stands in the table."""
    if not PAGE.is_file():
        pytest.skip("the docs are not beside these tests")
    text = PAGE.read_text("utf-8").partition("## Options of models")[2]
    table = [line for line in text.partition("\n## ")[0].splitlines() if "`" in line]

    assert [line for line in table if line.startswith("| ")] == rows()


if __name__ == "__main__":
    print("\n".join(rows()))  # noqa: T201 - to be put into the page
