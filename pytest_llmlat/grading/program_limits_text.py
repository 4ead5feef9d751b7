"""What a generated program may use, as a user writes it: ``time=10s memory=2GiB``."""

from __future__ import annotations

from pytest_llmlat.values.units import named, seconds, size

OPTIONS = {"time": "time_s", "memory": "memory_bytes", "output": "output_bytes"}
"""The names that are written, and the task option that each stands before."""


def parse(text: str, *, where: str) -> tuple[tuple[str, float], ...]:
    """Return limits by the names of task options.

    Args:
        text: such as ``time=10s memory=2GiB output=1MB``; empty for none.
        where: the option, for the complaint.

    Raises:
        UsageError: shows the grammar.
    """
    if not text.strip():
        return ()
    return tuple(
        (OPTIONS[name], (seconds if name == "time" else size)(value, where=where))
        for name, value in named(text, tuple(OPTIONS), where=where).items()
    )
